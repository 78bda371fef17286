//! Seeded dice: every thing that rolls has a stream of its own, so that turning one knob leaves the others' dice alone.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers, the same on every machine for the same seed and name.
#[derive(Clone, Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream that belongs to `name` (`client-sw/0/loss`) in the run of that seed.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&fnv1a(name.as_bytes()).to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Evenly one of `0..bound`; 0 when there is nothing to choose from.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.0.next_u64()) * u128::from(bound);
        u64::try_from(product >> 64).expect("a product of two 64-bit numbers has 128 bits")
    }

    /// True in `ppm` of a million cases. Always rolls once.
    pub(crate) fn chance(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < u64::from(ppm)
    }

    /// Any 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// FNV-1a, 64 bits: names to numbers, the same for ever.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_by_seed_and_name() {
        let roll = |seed, name| Dice::new(seed, name).bits();
        assert_eq!(roll(1, "a"), roll(1, "a"));
        assert_ne!(roll(1, "a"), roll(2, "a"));
        assert_ne!(roll(1, "a"), roll(1, "b"));
    }

    #[test]
    fn a_chance_is_kept_over_many_rolls() {
        let mut dice = Dice::new(7, "chance");
        let hits = (0..100_000).filter(|_| dice.chance(10_000)).count();
        assert!((900..1100).contains(&hits), "1 % of 100 000 gave {hits}");
        assert!(!(0..1000).any(|_| dice.chance(0)));
        assert!((0..1000).all(|_| dice.chance(1_000_000)));
    }
}
