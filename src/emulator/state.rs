//! What the emulator keeps between requests: the world, the signing key, the tokens it issued.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::emulator::clock::Clock;
use crate::emulator::fault::Fault;
use crate::emulator::guid::random;
use crate::emulator::journal::{Exchange, Journal};
use crate::emulator::message::Request;
use crate::emulator::meter::{Kind, Left, Meters};
use crate::emulator::store::Store;
use crate::emulator::token::{self, Issued};
use crate::emulator::world::{Identity, World};

/// How many tokens are remembered as verified.
const REMEMBERED: usize = 1000;

/// The state of a running emulator.
pub struct State {
    pub(crate) world: World,
    /// Where the emulated token authority can be reached, if it is served.
    pub(crate) authority: Option<String>,
    /// The URLs of Resource Manager.
    arm: Vec<String>,
    /// What the identity endpoints of some hosts want to be told.
    pub(crate) secret: String,
    arc_folder: Option<PathBuf>,
    arc_key: Mutex<Option<String>>,
    seed: [u8; 32],
    drawn: AtomicU64,
    issued: Mutex<HashMap<(String, String, bool), Issued>>,
    /// The claims of tokens whose signature was found to hold.
    verified: Mutex<HashMap<String, Arc<Map<String, Value>>>>,
    store: Mutex<Store>,
    meters: Mutex<Meters>,
    journal: Mutex<Journal>,
    /// How often each fault of the world was met.
    met: Mutex<Vec<u32>>,
    pub(crate) clock: Clock,
}

impl State {
    /// The state at the start, now. Keys and ids all come from the seed, so that one seed gives the same answers again.
    pub fn new(world: World, seed: [u8; 32], now: Timestamp) -> State {
        State {
            store: Mutex::new(Store::of(&world, now)),
            met: Mutex::new(vec![0; world.faults.len()]),
            world,
            authority: None,
            arm: Vec::new(),
            secret: random(&[seed.as_slice(), b"secret"].concat()).replace('-', ""),
            arc_folder: None,
            arc_key: Mutex::default(),
            seed,
            drawn: AtomicU64::new(0),
            meters: Mutex::default(),
            journal: Mutex::default(),
            clock: Clock::fixed(now),
            issued: Mutex::default(),
            verified: Mutex::default(),
        }
    }

    /// Tells where the emulator itself is served: the token authority, and Resource Manager at each of its URLs.
    #[must_use]
    pub fn served_at(mut self, authority: Option<String>, arm: Vec<String>) -> State {
        self.authority = authority;
        self.arm = arm;
        self
    }

    /// Tells which clock the control endpoint moves.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> State {
        self.clock = clock;
        self
    }

    /// The fault that a request meets: the first that concerns it and has not been met often enough.
    pub(crate) fn fault(&self, request: &Request) -> Option<Fault> {
        if self.world.faults.is_empty() {
            return None;
        }
        let path = request.target.split('?').next().unwrap_or_default();
        let mut met = locked(&self.met);
        let (fault, count) = self.world.faults.iter().zip(met.iter_mut()).find(|(fault, count)| {
            fault.times.is_none_or(|times| **count < times) && fault.when.covers(&request.method, path)
        })?;
        *count = count.saturating_add(1);
        Some(fault.clone())
    }

    /// Counts a request against what a principal may send.
    pub(crate) fn count(&self, who: (&str, &str), kind: Kind, now: Timestamp) -> Left {
        locked(&self.meters).count(who, kind, now)
    }

    /// Writes a request and its answer into the journal.
    pub(crate) fn remember(&self, exchange: Exchange) {
        locked(&self.journal).add(exchange);
    }

    /// The last so many requests, the oldest first.
    pub fn recent(&self, count: usize) -> Vec<Exchange> {
        locked(&self.journal).last(count)
    }

    /// Empties the journal.
    pub(crate) fn forget_requests(&self) {
        locked(&self.journal).clear();
    }

    /// Tells where the keys of an Arc agent are to be written.
    #[must_use]
    pub fn with_arc_folder(mut self, folder: PathBuf) -> State {
        self.arc_folder = Some(folder);
        self
    }

    /// Where the keys of an Arc agent are written.
    pub(crate) fn arc_folder(&self) -> Option<PathBuf> {
        self.arc_folder.clone()
    }

    /// A new key of the Arc agent; the one before is good no more.
    pub(crate) fn make_arc_key(&self) -> String {
        let key = self.draw_guid();
        *locked(&self.arc_key) = Some(key.clone());
        key
    }

    /// Whether this is the key of the Arc agent, which is good once.
    pub(crate) fn take_arc_key(&self, key: &str) -> bool {
        let mut current = locked(&self.arc_key);
        let is_current = current.as_deref() == Some(key);
        if is_current {
            *current = None;
        }
        is_current
    }

    /// Whether tokens are issued for this resource: a service of the cloud, or the emulator by its own URL.
    pub(crate) fn knows_resource(&self, resource: &str) -> bool {
        self.world.cloud.knows_resource(resource) || self.is_own(resource)
    }

    /// Whether a resource is the emulator by its own URL, with or without a slash at its end.
    pub(crate) fn is_own(&self, resource: &str) -> bool {
        let resource = resource.trim_end_matches('/');
        self.arm.iter().chain(&self.authority).any(|url| url == resource)
    }

    /// What requests change; nobody else has it until the guard is dropped.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        locked(&self.store)
    }

    /// The claims of a token if its signature holds; one that was seen before is not verified again.
    pub(crate) fn claims(&self, token: &str) -> Option<Arc<Map<String, Value>>> {
        let mut verified = locked(&self.verified);
        if let Some(claims) = verified.get(token) {
            return Some(Arc::clone(claims));
        }
        let claims = Arc::new(token::verify(token)?);
        if verified.len() >= REMEMBERED {
            verified.clear();
        }
        verified.insert(token.to_owned(), Arc::clone(&claims));
        Some(claims)
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
        let mut issued = locked(&self.issued);
        let key = (order.identity.object_id.clone(), order.resource.to_owned(), order.person);
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
    /// Whether it is to be the token of a person who signed in, with the same object id.
    pub(crate) person: bool,
    /// Whether a token issued before will not do.
    pub(crate) fresh: bool,
    pub(crate) now: Timestamp,
}

/// What a mutex guards. A request that fell over leaves nothing half-done behind that others could not use.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
