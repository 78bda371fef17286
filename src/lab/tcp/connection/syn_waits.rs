//! How long each SYN waits for its answer: Linux's schedule, since 6.5 with waits that do not double first.
use std::time::Duration;

use crate::lab::tcp::sender::{INITIAL_RTO, MAX_RTO};
use crate::lab::tcp::settings::TcpSettings;

/// No setting makes more retransmissions of either kind (Linux: `MAX_TCP_SYNCNT`).
const MOST: u32 = 127;

/// The wait after each SYN, one per SYN; after the last of them the attempt is over.
///
/// `tcp_syn_retries` alone would double each wait (RFC 6298 §5.5): 1, 2, 4, ... s. `tcp_syn_linear_timeouts` puts
/// retransmissions before that which are a second apart. But no SYN leaves any more once as much time has passed as the
/// doubling waits alone would have taken, so that a small `tcp_syn_retries` still means an early end.
pub(super) fn syn_waits(settings: &TcpSettings) -> Vec<Duration> {
    let retries = settings.syn_retries.min(MOST);
    let linear = if retries == 0 { 0 } else { settings.syn_linear_timeouts.min(MOST) };
    let alone: Duration = (0..=retries).map(doubled).sum();
    let mut waits = Vec::new();
    let mut passed = Duration::ZERO;
    for n in 0..=retries + linear {
        let wait = doubled(n.saturating_sub(linear));
        waits.push(wait);
        passed += wait;
        if n > 0 && passed >= alone {
            break;
        }
    }
    waits
}

fn doubled(times: u32) -> Duration {
    2_u32.checked_pow(times).and_then(|factor| INITIAL_RTO.checked_mul(factor)).map_or(MAX_RTO, |it| it.min(MAX_RTO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(syn_retries: u32, syn_linear_timeouts: u32) -> (usize, u64) {
        let settings = TcpSettings { syn_retries, syn_linear_timeouts, ..TcpSettings::LINUX };
        let waits = syn_waits(&settings);
        (waits.len(), waits.iter().sum::<Duration>().as_secs())
    }

    /// As a Linux 6.18 was seen to do it.
    #[test]
    fn syns_and_the_seconds_until_the_end_are_those_of_linux() {
        assert_eq!([1, 2, 3, 6].map(|retries| waits(retries, 4)), [(3, 3), (6, 7), (8, 19), (11, 131)]);
        let seconds: Vec<_> = syn_waits(&TcpSettings::LINUX).iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64]);
    }

    #[test]
    fn without_linear_timeouts_each_wait_doubles() {
        assert_eq!([0, 1, 2, 6, 7].map(|retries| waits(retries, 0)), [(1, 1), (2, 3), (3, 7), (7, 127), (8, 247)]);
        assert_eq!(waits(0, 4), (1, 1), "none at all");
        assert!(waits(u32::MAX, u32::MAX).0 <= 255);
    }
}
