//! Words about times that are round trips, and what they took besides.
use std::time::Duration;

use crate::quantity::Quantity;

/// What a part took beyond its round trips, where the round trip is known; nothing where it took no more.
pub(super) fn beyond(took: Option<Duration>, round_trips: u32, rtt: Option<Duration>) -> String {
    let more = took.zip(rtt).map(|(took, rtt)| took.saturating_sub(rtt * round_trips)).unwrap_or_default();
    if more.is_zero() {
        return String::new();
    }
    format!("; {} more went to transmission, a full window or packets sent again", Quantity::time(more))
}
