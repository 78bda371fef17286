//! What TLS stands on: chance, time, and who keeps the keys. A run's own in the lab, the system's on real sockets.
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::UnixTime;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

use super::chance::{Generator, Lent};
use super::keys::Keys;
use crate::net::Net;

/// The lab's calendar: every run begins at 2026-01-01 12:00:00 UTC, in seconds since 1970.
pub(crate) const LAB_BEGINS: u32 = 1_767_268_800;

/// What TLS stands on. Clones are the same ground.
#[derive(Clone)]
pub struct Ground {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) time: Arc<dyn TimeProvider>,
    pub(super) keys: Option<Keys>,
    /// Tells the clock what time it is; before anything that may ask.
    pub(super) tick: Rc<dyn Fn()>,
    generator: Option<&'static Generator>,
}

impl Ground {
    /// The ground of a lab: the seed decides every random value, the lab's clock is the time, the keys are kept.
    #[must_use]
    pub fn lab(net: &impl Net, seed: u64) -> Self {
        let lent = Lent::seeded(seed);
        let generator = lent.0;
        let clock = Arc::new(LabClock { seconds: AtomicU64::new(LAB_BEGINS.into()), _generator: lent });
        let provider =
            CryptoProvider { secure_random: generator, kx_groups: vec![generator], ..ring::default_provider() };
        let (own, net) = (Arc::clone(&clock), net.clone());
        let tick = Rc::new(move || own.set(net.now().0 / 1_000_000_000));
        Self {
            provider: Arc::new(provider),
            time: clock,
            keys: Some(Keys::default()),
            tick,
            generator: Some(generator),
        }
    }

    /// The ground of real sockets: the system's chance and time. No key leaves the connection.
    #[must_use]
    pub fn system() -> Self {
        let provider = Arc::new(ring::default_provider());
        Self { provider, time: Arc::new(DefaultTimeProvider), keys: None, tick: Rc::new(|| {}), generator: None }
    }

    /// The keys of its connections, where they are kept.
    #[must_use]
    pub const fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// 32 bytes that the seed decides; none where nothing does.
    pub(super) fn seeded(&self) -> Option<[u8; 32]> {
        self.generator.map(Generator::bytes)
    }

    /// The time since 1970.
    pub(super) fn now(&self) -> Duration {
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
