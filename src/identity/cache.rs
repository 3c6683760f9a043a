//! Tokens that are still good, by identity and resource.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::{Token, Whose};

/// A token with less than this left is not handed out any more.
const MARGIN: Duration = Duration::from_secs(300);

/// Tokens that are still good. All steps share one.
#[derive(Debug, Default)]
pub struct Cache {
    tokens: RefCell<HashMap<(Whose, String), Rc<Token>>>,
}

impl Cache {
    /// The token of an identity for a resource, spelt exactly so, when one is there and good at `now`.
    pub fn get(&self, whose: &Whose, resource: &str, now: SystemTime) -> Option<Rc<Token>> {
        let key = (whose.clone(), resource.to_owned());
        let tokens = self.tokens.borrow();
        tokens.get(&key).filter(|token| token.expires_at > now + MARGIN).cloned()
    }

    /// Keeps a token.
    pub fn put(&self, whose: &Whose, token: &Rc<Token>) {
        let key = (whose.clone(), token.resource.clone());
        self.tokens.borrow_mut().insert(key, Rc::clone(token));
    }

    /// All that are kept.
    pub fn all(&self) -> Vec<Rc<Token>> {
        self.tokens.borrow().values().cloned().collect()
    }

    /// Forgets a token that the other side does not take any more.
    pub fn forget(&self, secret: &str) {
        self.tokens.borrow_mut().retain(|_, token| token.secret.reveal() != secret);
    }
}
