//! How fast data is delivered: a sample from each ACK (draft-cheng-iccrg-delivery-rate-estimation).
use std::time::Duration;

/// What the path carried between a segment's leaving and its ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateSample {
    /// bit/s.
    pub(crate) rate: u64,
    /// Bytes delivered in the interval, and in all when the segment left.
    pub(crate) delivered: u64,
    pub(crate) prior_delivered: u64,
    pub(crate) interval: Duration,
    /// The sender had nothing to send for a part of it: the path may be faster.
    pub(crate) app_limited: bool,
}
