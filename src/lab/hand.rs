//! The hand of the lab's clock, where anybody can see it: libraries that want `Send` cannot hold the world itself.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lab::programs::LabNet;
use crate::recording::Time;

/// Shows the lab's present instant. Clones are the same hand.
#[derive(Clone, Debug, Default)]
pub struct Hand(Arc<AtomicU64>);

impl Hand {
    /// The time since the world began.
    #[must_use]
    pub fn now(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, at: Time) {
        self.0.store(at.0, Ordering::Relaxed);
    }
}

impl LabNet {
    /// The hand of the lab's clock.
    #[must_use]
    pub fn hand(&self) -> Hand {
        self.shared.world.borrow().hand.clone()
    }
}
