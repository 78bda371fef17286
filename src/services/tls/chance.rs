//! Chance that a seed decides, for TLS in the lab: random values of messages, and the secrets of key exchanges (RFC 7748).
use std::sync::{Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// Generators that no world uses now. rustls keeps references that live for ever: so they are lent, and used again.
static FREE: Mutex<Vec<&'static Generator>> = Mutex::new(Vec::new());

/// A generator that is seeded, and an X25519 whose secrets come from it.
#[derive(Debug)]
pub(super) struct Generator(Mutex<ChaCha20Rng>);

/// A generator of one world's own, until this is dropped.
#[derive(Debug)]
pub(super) struct Lent(pub(super) &'static Generator);

impl Lent {
    pub(super) fn seeded(seed: u64) -> Self {
        let chance = ChaCha20Rng::seed_from_u64(seed);
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let generator = free.unwrap_or_else(|| Box::leak(Box::new(Generator(Mutex::new(chance.clone())))));
        *generator.0.lock().unwrap_or_else(PoisonError::into_inner) = chance;
        Self(generator)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}

impl Generator {
    pub(super) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }
}

impl SecureRandom for Generator {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
        Ok(())
    }
}

impl SupportedKxGroup for Generator {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = self.bytes();
        Ok(Box::new(Exchange { secret, public: x25519(secret, X25519_BASEPOINT_BYTES) }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// An X25519 that waits for the other's public key.
struct Exchange {
    secret: [u8; 32],
    public: [u8; 32],
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = x25519(self.secret, peer);
        // RFC 8446 §7.4.2, RFC 7748 §6.1: a public key of small order gives zeros, whatever the secret.
        if shared == [0; 32] {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared[..]))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_every_secret() {
        let keys = |seed| {
            let lent = Lent::seeded(seed);
            [(); 2].map(|()| lent.0.start().expect("it never fails").pub_key().to_vec())
        };
        assert_eq!(keys(1), keys(1));
        assert_ne!(keys(1), keys(2));
        assert_ne!(keys(1)[0], keys(1)[1]);
    }

    #[test]
    fn both_ends_agree_with_each_other_and_with_ring() {
        let lent = Lent::seeded(1);
        let theirs = rustls::crypto::ring::kx_group::X25519.start().expect("ring has chance");
        let (ours, their_key) = (lent.0.start().expect("it never fails"), theirs.pub_key().to_vec());
        let our_key = ours.pub_key().to_vec();
        let (one, other) = (ours.complete(&their_key), theirs.complete(&our_key));
        assert_eq!(one.expect("agreed").secret_bytes(), other.expect("agreed").secret_bytes());
    }

    #[test]
    fn a_public_key_that_is_none_is_refused() {
        let lent = Lent::seeded(1);
        for key in [vec![0; 32], vec![9; 31], Vec::new()] {
            assert!(lent.0.start().expect("it never fails").complete(&key).is_err());
        }
    }
}
