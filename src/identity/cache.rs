//! Tokens that are still good, by identity and resource.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use ring::digest::{SHA256, digest};

use super::{Renewal, Token, Whose};

/// A token with less than this left is not handed out any more.
const MARGIN: Duration = Duration::from_secs(300);
/// How long an old token is handed out before a newer one is asked for again, where none was to be had.
const RESPITE: Duration = Duration::from_secs(300);

/// Tokens that are still good. All steps share one.
#[derive(Debug, Default)]
pub struct Cache {
    entries: RefCell<HashMap<(Whose, String), Entry>>,
}

#[derive(Debug)]
enum Entry {
    /// A token, and from when on a newer one is better.
    Kept(Rc<Token>, Option<SystemTime>),
    /// The one that was here is not taken any more.
    Refused(Renewal),
}

/// What is kept of an identity for a resource.
#[derive(Debug)]
pub enum Kept {
    /// A token that is good.
    Good(Rc<Token>),
    /// One that is good still, and of which a newer one is better.
    Aging(Rc<Token>),
    /// None, and one that the endpoint keeps will not do.
    Refused(Renewal),
    /// None.
    Nothing,
}

impl Cache {
    /// What is kept at `now` of an identity for a resource, spelt exactly so.
    pub fn get(&self, whose: &Whose, resource: &str, now: SystemTime) -> Kept {
        let key = (whose.clone(), resource.to_owned());
        match self.entries.borrow().get(&key) {
            Some(Entry::Kept(token, _)) if token.expires_at <= now + MARGIN => Kept::Nothing,
            Some(Entry::Kept(token, Some(at))) if *at <= now => Kept::Aging(Rc::clone(token)),
            Some(Entry::Kept(token, _)) => Kept::Good(Rc::clone(token)),
            Some(Entry::Refused(renewal)) => Kept::Refused(renewal.clone()),
            None => Kept::Nothing,
        }
    }

    /// Keeps a token.
    pub fn put(&self, whose: &Whose, token: &Rc<Token>) {
        let key = (whose.clone(), token.resource.clone());
        self.entries.borrow_mut().insert(key, Entry::Kept(Rc::clone(token), token.refresh_at));
    }

    /// Lets an aging token do for a while: a newer one was not to be had.
    pub fn spare(&self, whose: &Whose, resource: &str, now: SystemTime) {
        let key = (whose.clone(), resource.to_owned());
        if let Some(Entry::Kept(_, refresh_at)) = self.entries.borrow_mut().get_mut(&key) {
            *refresh_at = now.checked_add(RESPITE);
        }
    }

    /// All that are kept.
    pub fn all(&self) -> Vec<Rc<Token>> {
        let entries = self.entries.borrow();
        let tokens = entries.values().filter_map(|entry| match entry {
            Entry::Kept(token, _) => Some(Rc::clone(token)),
            Entry::Refused(_) => None,
        });
        tokens.collect()
    }

    /// Forgets a token that the other side does not take any more, and remembers what it wants of the next one.
    pub fn refuse(&self, secret: &str, claims: Option<String>) {
        let hash = digest(&SHA256, secret.as_bytes());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        for entry in self.entries.borrow_mut().values_mut() {
            if matches!(entry, Entry::Kept(token, _) if token.secret.reveal() == secret) {
                *entry = Entry::Refused(Renewal { rejected: Some(hash.clone()), claims: claims.clone() });
            }
        }
    }
}
