//! Where a connection begins to count: initial sequence numbers an outsider cannot guess (RFC 6528 §3).
use std::net::IpAddr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::lab::tcp::output::Pair;
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

/// What the secret is used for; each use has numbers of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    SequenceNumber,
    /// Where a connection's timestamps begin (RFC 7323 §5.4).
    Timestamp,
    /// A SYN cookie of this period.
    Cookie(u32),
    /// Where the search for a local port begins (RFC 6056 §3.3.3).
    Port,
}

/// RFC 6528 §3: `ISN = M + F(localip, localport, remoteip, remoteport, secretkey)`; M counts every 4 microseconds.
pub(crate) fn initial_sequence_number(secret: u64, pair: Pair, now: Time) -> Seq {
    let m = u32::try_from((now.0 / 4000) & u64::from(u32::MAX)).expect("masked to 32 bits");
    Seq(keyed(secret, pair, Use::SequenceNumber)) + m
}

/// F: a keyed pseudo-random function of the connection's four numbers.
pub(crate) fn keyed(secret: u64, pair: Pair, use_for: Use) -> u32 {
    let (what, period) = match use_for {
        Use::SequenceNumber => (0, 0),
        Use::Timestamp => (1, 0),
        Use::Cookie(period) => (2, period),
        Use::Port => (3, 0),
    };
    let mut key = [0; 32];
    let (local, remote) = (address(pair.local.ip(), secret), address(pair.remote.ip(), secret));
    key[..8].copy_from_slice(&secret.to_le_bytes());
    key[8..12].copy_from_slice(&local);
    key[12..14].copy_from_slice(&pair.local.port().to_le_bytes());
    key[14..18].copy_from_slice(&remote);
    key[18..20].copy_from_slice(&pair.remote.port().to_le_bytes());
    key[20] = what;
    key[21..25].copy_from_slice(&period.to_le_bytes());
    ChaCha8Rng::from_seed(key).next_u32()
}

/// Four bytes that stand for an address: an IPv4 address itself, of an IPv6 address a keyed digest.
fn address(address: IpAddr, secret: u64) -> [u8; 4] {
    match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(address) => {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&secret.to_le_bytes());
            key[8..24].copy_from_slice(&address.octets());
            ChaCha8Rng::from_seed(key).next_u32().to_be_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn pair(port: u16) -> Pair {
        let at = |n| SocketAddr::from((Ipv4Addr::new(10, 0, 0, n), port));
        Pair { local: at(1), remote: at(2) }
    }

    #[test]
    fn numbers_differ_between_connections_and_grow_with_time_in_each() {
        let isn = |port, now| initial_sequence_number(7, pair(port), Time(now));
        assert_eq!(isn(1, 0), isn(1, 3999));
        assert_eq!(isn(1, 4_000_000) - isn(1, 0), 1000);
        assert_ne!(isn(1, 0), isn(2, 0));
        assert_ne!(isn(1, 0), initial_sequence_number(8, pair(1), Time(0)));
        assert_eq!(isn(1, 0), isn(1, 0));
        let v6 = |n: u16| SocketAddr::from((std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n), 80));
        let over_v6 = |n| initial_sequence_number(7, Pair { local: v6(1), remote: v6(n) }, Time(0));
        assert_ne!(over_v6(2), over_v6(3));
    }
}
