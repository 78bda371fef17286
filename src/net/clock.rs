//! A world's clock that may be read from any thread, for libraries that ask for the time where no network is at hand.
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::lab::Hand;
use crate::recording::Time;

/// The clock of a world. Clones are the same clock.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The lab's, which stands still while a program runs.
    Lab(Hand),
    /// This machine's, from the instant on at which the world began.
    Host(Instant),
}

impl Clock {
    /// The time since the world began.
    #[must_use]
    pub fn now(&self) -> Time {
        match self {
            Self::Lab(hand) => hand.now(),
            #[expect(clippy::disallowed_methods, reason = "this world's time is the machine's")]
            Self::Host(began) => Time::ZERO + Instant::now().saturating_duration_since(*began),
        }
    }

    /// An instant of the world as libraries count them. Only differences between such instants mean anything.
    #[must_use]
    pub fn instant(&self, at: Time) -> Instant {
        self.began() + Duration::from_nanos(at.0)
    }

    /// The time of such an instant; 0 for one before the world began.
    #[must_use]
    pub fn time(&self, at: Instant) -> Time {
        Time::ZERO + at.saturating_duration_since(self.began())
    }

    fn began(&self) -> Instant {
        /// What the lab's instants are counted from: `Instant` has no zero of its own. A run sees only what is added to it.
        static ZERO: OnceLock<Instant> = OnceLock::new();
        match self {
            #[expect(clippy::disallowed_methods, reason = "any instant does: only differences to it are seen")]
            Self::Lab(_) => *ZERO.get_or_init(Instant::now),
            Self::Host(began) => *began,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lab::{Lab, LinkOptions};
    use crate::net::Net;
    use crate::net::host::HostNet;

    use super::*;

    #[test]
    fn the_labs_clock_goes_as_the_lab_does_to_the_nanosecond() {
        let mut lab = Lab::new(1, &[]);
        let host = lab.host("host").address("10.0.0.1/24").add();
        let other = lab.host("other").address("10.0.0.2/24").add();
        lab.link(host, other, LinkOptions::default());
        let net = lab.net(host);
        let clock = net.clock();
        let slept = Duration::from_nanos(1_234_567_891);
        lab.run(async {
            assert_eq!(clock.now(), Time::ZERO);
            net.sleep(slept).await;
            assert_eq!(clock.now(), net.now());
        })
        .expect("it ends");
        assert!(clock.now() >= Time::ZERO + slept);
        assert_eq!(clock.time(clock.instant(Time::ZERO + slept)), Time::ZERO + slept);
    }

    #[test]
    fn this_machines_clock_goes_on() {
        let later = HostNet::run(|net| async move {
            let before = net.clock().now();
            net.sleep(Duration::from_millis(2)).await;
            net.clock().now() - before
        });
        assert!(later.expect("an event queue") >= Duration::from_millis(2));
    }
}
