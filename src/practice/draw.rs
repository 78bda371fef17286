//! Chance from a seed: shuffles and picks that are the same on every machine.
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

/// A seed for a new quiz or drill. It differs with what has been answered, so that one taken again asks others.
#[must_use]
pub const fn fresh_seed(base: u64, answers: u64) -> u64 {
    base.wrapping_add(answers.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A source of chance for one purpose.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The chance of `seed` for `purpose` (a question's id): one seed shuffles two questions differently.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed ^ fnv(purpose.as_bytes())))
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.choose(&mut self.0)
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }

    /// The numbers below `count` in some order.
    pub(super) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        self.shuffle(&mut order);
        order
    }

    /// The numbers below `count` in some order that is not ascending, where there is one.
    pub(super) fn derangement(&mut self, count: usize) -> Vec<usize> {
        let mut order = self.permutation(count);
        if order.is_sorted() {
            order.rotate_left(usize::from(count > 1));
        }
        order
    }

    /// A seed for a lab run, short enough to be typed.
    pub(super) fn run_seed(&mut self) -> u64 {
        use rand::Rng;
        self.0.next_u64() % 1_000_000
    }
}

/// FNV-1a, 64 bits (draft-eastlake-fnv §2): stable across versions of Rust, which `std`'s hash is not.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_order_again_and_another_for_another_purpose() {
        let order = |purpose| Draw::new(7, purpose).permutation(20);
        assert_eq!(order("a"), order("a"));
        assert_ne!(order("a"), order("b"));
    }

    #[test]
    fn what_must_not_be_ascending_never_is() {
        for seed in 0..200 {
            for count in 2..6 {
                let mut order = Draw::new(seed, "order").derangement(count);
                assert!(!order.is_sorted(), "{order:?}");
                order.sort_unstable();
                assert_eq!(order, (0..count).collect::<Vec<_>>());
            }
        }
        assert_eq!(Draw::new(0, "order").derangement(1), [0]);
        assert!(Draw::new(0, "order").derangement(0).is_empty());
    }
}
