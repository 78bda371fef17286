//! What TLS stands on: chance, time, and who keeps the keys. A run's own in the lab, the system's on real sockets.
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::UnixTime;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

use super::chance::{Chance, Lent};
use super::groups::{Group, Groups};
use super::keys::Keys;
use crate::net::Net;

/// The lab's calendar: every run begins at 2026-01-01 12:00:00 UTC, in seconds since 1970.
pub(crate) const LAB_BEGINS: u32 = 1_767_268_800;

/// What TLS stands on. Clones are the same ground.
#[derive(Clone)]
pub struct Ground {
    pub(super) provider: Arc<CryptoProvider>,
    pub(in crate::services) time: Arc<dyn TimeProvider>,
    pub(super) keys: Option<Keys>,
    /// Tells the clock what time it is; before anything that may ask.
    pub(in crate::services) tick: Rc<dyn Fn()>,
    chance: Option<Chance>,
    groups: Groups,
}

impl Ground {
    /// The ground of a lab: the seed decides every random value, the lab's clock is the time, the keys are kept.
    #[must_use]
    pub fn lab(net: &impl Net, seed: u64) -> Self {
        let lent = Lent::seeded(seed);
        let chance = lent.0;
        let clock = Arc::new(LabClock { seconds: AtomicU64::new(LAB_BEGINS.into()), _generator: lent });
        let (secure_random, kx_groups) = (chance.generator, vec![chance.groups.named(Group::X25519)]);
        let provider = CryptoProvider { secure_random, kx_groups, ..ring::default_provider() };
        let (own, net) = (Arc::clone(&clock), net.clone());
        let tick = Rc::new(move || own.set(net.now().0 / 1_000_000_000));
        Self {
            provider: Arc::new(provider),
            time: clock,
            keys: Some(Keys::default()),
            tick,
            chance: Some(chance),
            groups: chance.groups,
        }
    }

    /// The ground of real sockets: the system's chance and time. No key leaves the connection.
    #[must_use]
    pub fn system() -> Self {
        static GROUPS: OnceLock<Groups> = OnceLock::new();
        let mut provider = ring::default_provider();
        let groups = *GROUPS.get_or_init(|| Groups::of(provider.secure_random));
        provider.kx_groups.insert(0, groups.named(Group::X25519MlKem768));
        let (provider, time) = (Arc::new(provider), Arc::new(DefaultTimeProvider));
        Self { provider, time, keys: None, tick: Rc::new(|| {}), chance: None, groups }
    }

    /// The keys of its connections, where they are kept.
    #[must_use]
    pub const fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// The provider with these key exchanges only, the best first; with its own where none is said.
    pub(super) fn provider(&self, groups: &[Group]) -> Arc<CryptoProvider> {
        if groups.is_empty() {
            return Arc::clone(&self.provider);
        }
        let kx_groups = groups.iter().map(|it| self.groups.named(*it)).collect();
        Arc::new(CryptoProvider { kx_groups, ..CryptoProvider::clone(&self.provider) })
    }

    /// One of its key exchanges.
    pub(super) fn group(&self, group: Group) -> &'static dyn rustls::crypto::SupportedKxGroup {
        self.groups.named(group)
    }

    /// The same ground, keeping the keys of its connections.
    #[must_use]
    pub fn keeping_keys(mut self) -> Self {
        self.keys.get_or_insert_default();
        self
    }

    /// The same ground, whose connections' keys go there.
    #[must_use]
    pub fn writing_keys(mut self, keys: Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Where a server's keys go: in the lab a connection's client keeps them already.
    pub(super) const fn server_keys(&self) -> Option<&Keys> {
        if self.chance.is_none() { self.keys() } else { None }
    }

    /// 32 bytes that the seed decides; none where nothing does.
    pub(in crate::services) fn seeded(&self) -> Option<[u8; 32]> {
        self.chance.map(|it| it.generator.bytes())
    }

    /// The time since 1970, in whole seconds.
    pub(crate) fn now(&self) -> Duration {
        (self.tick)();
        self.time.current_time().map_or(Duration::ZERO, |it| Duration::from_secs(it.as_secs()))
    }
}

/// The lab's clock where rustls can ask it: from any thread, so it is told rather than asked.
#[derive(Debug)]
struct LabClock {
    seconds: AtomicU64,
    /// Lent for as long as a connection may draw from it: rustls' configurations hold this clock.
    _generator: Lent,
}

impl LabClock {
    fn set(&self, seconds: u64) {
        self.seconds.store(u64::from(LAB_BEGINS).saturating_add(seconds), Ordering::Relaxed);
    }
}

impl TimeProvider for LabClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.seconds.load(Ordering::Relaxed))))
    }
}
