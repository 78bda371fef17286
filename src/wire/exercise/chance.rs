//! Which packets an exercise is made of: chance from a seed, the same on every machine.
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

/// A source of chance.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.choose(&mut self.0)
    }

    /// As many of them as are wanted, in their order.
    pub(super) fn some<T>(&mut self, mut from: Vec<T>, count: usize) -> Vec<T> {
        let mut order: Vec<usize> = (0..from.len()).collect();
        order.shuffle(&mut self.0);
        order.truncate(count);
        let mut at = 0;
        from.retain(|_| {
            at += 1;
            order.contains(&(at - 1))
        });
        from
    }
}
