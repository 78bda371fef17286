//! Chance of QUIC: connection IDs and keys from the run's seed in the lab, from the system on real sockets.
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quinn::crypto::HandshakeTokenKey;
use quinn::{ConnectionId, ConnectionIdGenerator, EndpointConfig, TimeSource};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ring::{hkdf, hmac};
use rustls::time_provider::TimeProvider;

use crate::services::tls::Ground;

/// Bytes of a connection ID: enough to hit nobody else's by chance, and the least that a client may begin with (RFC 9000 §7.2).
const ID: usize = 8;

/// Connection IDs from a generator that is seeded.
#[derive(Clone)]
pub(super) struct Ids(Arc<Mutex<ChaCha20Rng>>);

impl Ids {
    pub(super) fn of(ground: &Ground) -> Option<Self> {
        ground.seeded().map(|seed| Self(Arc::new(Mutex::new(ChaCha20Rng::from_seed(seed)))))
    }

    pub(super) fn draw(&self) -> ConnectionId {
        let mut bytes = [0; ID];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        ConnectionId::new(&bytes)
    }
}

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        self.draw()
    }

    fn cid_len(&self) -> usize {
        ID
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// What an endpoint is made with. No greasing of the fixed bit (RFC 9287): tools that read captures look at it.
pub(super) fn endpoint(ground: &Ground) -> EndpointConfig {
    let mut config = EndpointConfig::default();
    if let (Some(ids), Some(seed), Some(key)) = (Ids::of(ground), ground.seeded(), ground.seeded()) {
        config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &key)));
        config.rng_seed(Some(seed)).cid_generator(move || Box::new(ids.clone()));
    }
    config.grease_quic_bit(false);
    config
}

/// The key of a server's address validation tokens (RFC 9000 §8.1), where the seed decides it.
pub(super) fn token_key(ground: &Ground) -> Option<Arc<dyn HandshakeTokenKey>> {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]);
    ground.seeded().map(|seed| Arc::new(salt.extract(&seed)) as Arc<dyn HandshakeTokenKey>)
}

/// The calendar that tokens are dated by: TLS's own.
pub(super) struct Calendar(pub(super) Arc<dyn TimeProvider>);

impl TimeSource for Calendar {
    fn now(&self) -> SystemTime {
        let seconds = self.0.current_time().map_or(0, |it| it.as_secs());
        UNIX_EPOCH + Duration::from_secs(seconds)
    }
}
