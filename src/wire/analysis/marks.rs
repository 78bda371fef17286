//! The marks, with Wireshark's name for each and what it tells a learner.

/// What stands out about a segment, judged from the segments before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The sender sends again what it sent before.
    Retransmission,
    /// ... right after duplicate ACKs asked for it.
    FastRetransmission,
    /// ... though the receiver has already acknowledged it.
    SpuriousRetransmission,
    /// It came later than what follows it in the stream, too soon to be sent again.
    OutOfOrder,
    /// Bytes before this segment have not passed here.
    PreviousLost,
    /// It acknowledges bytes that have not passed here.
    AckedUnseen,
    /// The n-th repetition of an acknowledgment.
    DuplicateAck(u32),
    /// The receiver has no room left.
    ZeroWindow,
    /// One byte sent into a zero window, to learn whether it opens.
    ZeroWindowProbe,
    ZeroWindowProbeAck,
    /// Only the window changed.
    WindowUpdate,
    /// The segment fills the receiver's window to its end.
    WindowFull,
    KeepAlive,
    KeepAliveAck,
    /// The connection is broken off.
    Reset,
}

impl Mark {
    /// For a person.
    #[must_use]
    pub fn label(self) -> String {
        let label = match self {
            Self::Retransmission => "Retransmission",
            Self::FastRetransmission => "Fast retransmission",
            Self::SpuriousRetransmission => "Spurious retransmission",
            Self::OutOfOrder => "Out of order",
            Self::PreviousLost => "Previous segment not seen",
            Self::AckedUnseen => "Acknowledges what was not seen",
            Self::DuplicateAck(n) => return format!("Duplicate ACK {n}"),
            Self::ZeroWindow => "Zero window",
            Self::ZeroWindowProbe => "Zero window probe",
            Self::ZeroWindowProbeAck => "Zero window probe ACK",
            Self::WindowUpdate => "Window update",
            Self::WindowFull => "Window full",
            Self::KeepAlive => "Keep-alive",
            Self::KeepAliveAck => "Keep-alive ACK",
            Self::Reset => "Reset",
        };
        label.to_owned()
    }

    /// The filter that finds such segments in Wireshark.
    #[must_use]
    pub const fn filter(self) -> &'static str {
        match self {
            Self::Retransmission => "tcp.analysis.retransmission",
            Self::FastRetransmission => "tcp.analysis.fast_retransmission",
            Self::SpuriousRetransmission => "tcp.analysis.spurious_retransmission",
            Self::OutOfOrder => "tcp.analysis.out_of_order",
            Self::PreviousLost => "tcp.analysis.lost_segment",
            Self::AckedUnseen => "tcp.analysis.ack_lost_segment",
            Self::DuplicateAck(_) => "tcp.analysis.duplicate_ack",
            Self::ZeroWindow => "tcp.analysis.zero_window",
            Self::ZeroWindowProbe => "tcp.analysis.zero_window_probe",
            Self::ZeroWindowProbeAck => "tcp.analysis.zero_window_probe_ack",
            Self::WindowUpdate => "tcp.analysis.window_update",
            Self::WindowFull => "tcp.analysis.window_full",
            Self::KeepAlive => "tcp.analysis.keep_alive",
            Self::KeepAliveAck => "tcp.analysis.keep_alive_ack",
            Self::Reset => "tcp.flags.reset == 1",
        }
    }

    /// What it tells, in a sentence.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Retransmission => {
                "No acknowledgment came in time, so the sender sends the same bytes again (RFC 6298 §5)."
            }
            Self::FastRetransmission => {
                "Repeated acknowledgments said what is missing, so the sender did not wait for its timer (RFC 5681 §3.2)."
            }
            Self::SpuriousRetransmission => {
                "The bytes had arrived and been acknowledged; the acknowledgment was lost or late."
            }
            Self::OutOfOrder => "The network changed the order of packets; the receiver puts the bytes back in order.",
            Self::PreviousLost => "There is a gap in the numbers: an earlier segment was lost, or will come later.",
            Self::AckedUnseen => "The receiver has bytes that did not pass here: the capture misses something.",
            Self::DuplicateAck(_) => {
                "Something arrived beyond a gap, so the receiver repeats which byte it waits for (RFC 5681 §3.2)."
            }
            Self::ZeroWindow => {
                "The receiving program reads too slowly and its buffer is full: the sender must stop (RFC 9293 §3.8.6)."
            }
            Self::ZeroWindowProbe => {
                "The announcement of a new window might be lost, so the sender asks now and then (RFC 9293 §3.8.6.1)."
            }
            Self::ZeroWindowProbeAck => "The window is still closed.",
            Self::WindowUpdate => "The program has read from its buffer, and the receiver announces the new room.",
            Self::WindowFull => "The sender has used all the room it was given and must wait for an acknowledgment.",
            Self::KeepAlive => {
                "An old number again, on purpose: the other side must answer, so it is seen to be alive (RFC 9293 §3.8.4)."
            }
            Self::KeepAliveAck => "The other side is alive.",
            Self::Reset => "The connection ends at once; what was not delivered is lost (RFC 9293 §3.5.2).",
        }
    }
}
