//! Which of a zone's servers is asked first, and how long it is waited for: by how fast each has answered so far.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// A known server is waited for at least this long.
const LEAST: Duration = Duration::from_millis(400);
/// Nobody is waited for longer.
const MOST: Duration = Duration::from_secs(4);

/// Servers whose round trips are kept.
const MOST_SERVERS: usize = 1000;

/// What is known of a server's round trips: smoothed, and their variation (as RFC 6298 §2).
#[derive(Clone, Copy, Debug)]
struct Rtt {
    smoothed: Duration,
    variation: Duration,
}

/// Round trips by address.
#[derive(Debug, Default)]
pub(super) struct Servers(BTreeMap<IpAddr, Rtt>);

impl Servers {
    /// The server answered after this time.
    pub(super) fn answered(&mut self, server: IpAddr, took: Duration) {
        let Some(rtt) = self.0.get_mut(&server) else {
            self.make_room();
            self.0.insert(server, Rtt { smoothed: took, variation: took / 2 });
            return;
        };
        rtt.variation = rtt.variation * 3 / 4 + rtt.smoothed.abs_diff(took) / 4;
        rtt.smoothed = rtt.smoothed * 7 / 8 + took / 8;
    }

    /// The server did not answer: it goes behind the others, and is tried again when they fail.
    pub(super) fn was_silent(&mut self, server: IpAddr, patience: Duration) {
        if !self.0.contains_key(&server) {
            self.make_room();
        }
        let rtt = self.0.entry(server).or_insert(Rtt { smoothed: patience, variation: Duration::ZERO });
        rtt.smoothed = (rtt.smoothed * 2).min(MOST).max(patience);
    }

    /// Forgets one where there are too many: hostile glue may name any address.
    fn make_room(&mut self) {
        if self.0.len() >= MOST_SERVERS {
            self.0.pop_first();
        }
    }

    /// How long the server is waited for: by its round trips, or `unknown` when it never answered; longer by `times`.
    pub(super) fn patience(&self, server: IpAddr, unknown: Duration, times: u32) -> Duration {
        let usual =
            self.0.get(&server).map_or(unknown, |rtt| (rtt.smoothed + rtt.variation * 4).clamp(LEAST, unknown * 2));
        (usual * times).min(MOST)
    }

    /// Sorts addresses: the fastest first, and those never tried last. What a zone's other servers are like is found out with
    /// other questions than those for its keys.
    pub(super) fn sort_known_first<T>(&self, servers: &mut [(T, IpAddr)]) {
        servers.sort_by_key(|(_, address)| self.0.get(address).map_or(Duration::MAX, |rtt| rtt.smoothed));
    }

    /// Sorts addresses: those never tried first, as each has to be tried to be known; then the fastest.
    pub(super) fn sort<T>(&self, servers: &mut [(T, IpAddr)]) {
        servers.sort_by_key(|(_, address)| self.0.get(address).map(|rtt| rtt.smoothed));
    }
}
