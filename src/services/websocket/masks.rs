//! Where a client's masking keys and its nonce come from: the run's seed in the lab, the system on real sockets.
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ring::rand::{SecureRandom, SystemRandom};

/// RFC 6455 §5.3, §10.3: keys that nobody can foresee. The lab's are foreseen by who knows the seed.
#[derive(Clone, Debug)]
pub struct Masks(Source);

#[derive(Clone, Debug)]
enum Source {
    Seeded(Box<ChaCha20Rng>),
    System(SystemRandom),
}

impl Masks {
    /// The same for the same seed, on every machine.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Box::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// The system's own chance.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(SystemRandom::new()))
    }

    /// # Panics
    /// When the system has no chance to give, as nothing secret can be done then.
    pub(super) fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        match &mut self.0 {
            Source::Seeded(generator) => generator.fill_bytes(&mut bytes),
            Source::System(system) => system.fill(&mut bytes).expect("the system gives random bytes"),
        }
        bytes
    }
}
