//! How much may leave on each ACK of a fast recovery: proportional rate reduction (RFC 6937, now RFC 9937).

/// One recovery's account, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Prr {
    ssthresh: u32,
    /// Data in flight when the recovery began.
    recover_flight: u32,
    delivered: u32,
    out: u32,
}
