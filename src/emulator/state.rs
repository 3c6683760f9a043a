//! What the emulator keeps between requests: the world, the signing key, the tokens it issued.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use ring::hmac;

use crate::emulator::guid::random;
use crate::emulator::store::Store;
use crate::emulator::token::{self, Issued};
use crate::emulator::world::{Identity, World};

/// The state of a running emulator.
pub struct State {
    pub(crate) world: World,
    /// Where the emulated token authority can be reached, if it is served.
    pub(crate) authority: Option<String>,
    pub(crate) key: hmac::Key,
    seed: [u8; 32],
    drawn: AtomicU64,
    issued: Mutex<HashMap<(String, String), Issued>>,
    store: Mutex<Store>,
}

impl State {
    /// The state at the start, now. Keys and ids all come from the seed, so that one seed gives the same answers again.
    pub fn new(world: World, seed: [u8; 32], now: Timestamp) -> State {
        State {
            store: Mutex::new(Store::of(&world, now)),
            world,
            authority: None,
            key: hmac::Key::new(hmac::HMAC_SHA256, &seed),
            seed,
            drawn: AtomicU64::new(0),
            issued: Mutex::default(),
        }
    }

    /// Tells where the token authority is served.
    #[must_use]
    pub fn with_authority(mut self, url: Option<String>) -> State {
        self.authority = url;
        self
    }

    /// What requests change; nobody else has it until the guard is dropped.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A GUID that was not drawn before.
    pub(crate) fn draw_guid(&self) -> String {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut from = self.seed.to_vec();
        from.extend_from_slice(b"guid");
        from.extend_from_slice(&number.to_be_bytes());
        random(&from)
    }

    /// The token of an identity for a resource: the one issued before while it is good for some time yet.
    pub(crate) fn token(&self, order: &Order<'_>) -> Issued {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (order.identity.object_id.clone(), order.resource.to_owned());
        match issued.get(&key) {
            Some(token) if !order.fresh && token.is_good_at(order.now) => token.clone(),
            _ => {
                let token = token::issue(self, order);
                issued.insert(key, token.clone());
                token
            }
        }
    }
}

/// What token is wanted.
pub(crate) struct Order<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) resource: &'a str,
    /// Whether a token issued before will not do.
    pub(crate) fresh: bool,
    pub(crate) now: Timestamp,
}
