//! Chance that a seed decides, for TLS in the lab: random values of messages, and the secrets of key exchanges.
use std::sync::{Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rustls::crypto::{GetRandomFailed, SecureRandom};

use super::groups::Groups;

/// Chances that no world uses now. rustls keeps references that live for ever: so they are lent, and used again.
static FREE: Mutex<Vec<Chance>> = Mutex::new(Vec::new());

/// A generator that is seeded.
#[derive(Debug)]
pub(super) struct Generator(Mutex<ChaCha20Rng>);

/// A generator, and the key exchanges whose secrets come from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    pub(super) generator: &'static Generator,
    pub(super) groups: Groups,
}

/// The chance of one world's own, until this is dropped.
#[derive(Debug)]
pub(super) struct Lent(pub(super) Chance);

impl Lent {
    pub(super) fn seeded(seed: u64) -> Self {
        let chance = ChaCha20Rng::seed_from_u64(seed);
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let lent = free.unwrap_or_else(|| {
            let generator: &'static Generator = Box::leak(Box::new(Generator(Mutex::new(chance.clone()))));
            Chance { generator, groups: Groups::of(generator) }
        });
        *lent.generator.0.lock().unwrap_or_else(PoisonError::into_inner) = chance;
        Self(lent)
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
