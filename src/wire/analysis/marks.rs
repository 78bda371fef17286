//! The marks, with Wireshark's name for each and what it tells a learner.

use super::Reset;

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
    Reset(Reset),
    /// A question (DNS, echo): its answer is in that packet.
    AnswerIn {
        packet: u32,
        after_ns: u64,
    },
    /// An answer (DNS, echo): its question is in that packet.
    Answers {
        packet: u32,
        after_ns: u64,
    },
    /// A question whose answer did not pass here.
    Unanswered,
    /// The same DNS query as in that packet, again.
    RepeatedQuery(u32),
    /// An answer to what was answered already.
    RepeatedAnswer,
    /// A DNS answer whose query did not pass here.
    Unasked,
    /// An ICMP error about that packet.
    ErrorAbout(u32),
    /// An ICMP error about this packet is in that packet.
    CausedError(u32),
    /// Another station said before that the address is its own.
    DuplicateAddress,
}

impl Mark {
    /// Its kind, for a person.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retransmission => "Retransmission",
            Self::FastRetransmission => "Fast retransmission",
            Self::SpuriousRetransmission => "Spurious retransmission",
            Self::OutOfOrder => "Out of order",
            Self::PreviousLost => "Previous segment not seen",
            Self::AckedUnseen => "Acknowledges what was not seen",
            Self::DuplicateAck(_) => "Duplicate ACK",
            Self::ZeroWindow => "Zero window",
            Self::ZeroWindowProbe => "Zero window probe",
            Self::ZeroWindowProbeAck => "Zero window probe ACK",
            Self::WindowUpdate => "Window update",
            Self::WindowFull => "Window full",
            Self::KeepAlive => "Keep-alive",
            Self::KeepAliveAck => "Keep-alive ACK",
            Self::Reset(_) => "Reset",
            Self::AnswerIn { .. } => "Answered",
            Self::Answers { .. } => "Answers what was asked",
            Self::Unanswered => "No answer seen",
            Self::RepeatedQuery(_) => "Query repeated",
            Self::RepeatedAnswer => "Answer repeated",
            Self::Unasked => "Answer to a query that was not seen",
            Self::ErrorAbout(_) => "About a packet that was seen",
            Self::CausedError(_) => "An ICMP error came back",
            Self::DuplicateAddress => "Duplicate address",
        }
    }

    /// For a person, with its number or its time.
    #[must_use]
    pub fn label(self) -> String {
        let name = self.name();
        match self {
            Self::DuplicateAck(n) => format!("{name} {n}"),
            Self::AnswerIn { after_ns, .. } => format!("{name} {} later", Millis(after_ns)),
            Self::Answers { after_ns, .. } => format!("{name} {} before", Millis(after_ns)),
            _ => name.to_owned(),
        }
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
            Self::Reset(_) => "tcp.flags.reset == 1",
            Self::AnswerIn { .. } => "dns.response_in || icmp.resp_in || icmpv6.resp_in",
            Self::Answers { .. } => "dns.response_to || icmp.resp_to || icmpv6.resp_to",
            Self::Unanswered => "icmp.no_resp || icmpv6.no_resp || (dns && !dns.response_in)",
            Self::RepeatedQuery(_) => "dns.retransmit_request",
            Self::RepeatedAnswer => "dns.retransmit_response",
            Self::Unasked => "dns.unsolicited",
            Self::ErrorAbout(_) => "icmp || icmpv6",
            Self::CausedError(_) => "ip || ipv6",
            Self::DuplicateAddress => "arp.duplicate-address-detected",
        }
    }

    /// What it tells, in a sentence.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Retransmission => {
                "The same bytes again, not acknowledged so far: the sender's timer ran out (RFC 6298 §5), or acknowledgments \
                 told it that they are lost (RFC 5681 §3.2, RFC 8985)."
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
            Self::WindowUpdate => {
                "Only the window is another: more room when the program has read from its buffer, less when bytes behind a \
                 gap wait in it (RFC 9293 §3.8.6)."
            }
            Self::WindowFull => "The sender has used all the room it was given and must wait for an acknowledgment.",
            Self::KeepAlive => {
                "An old number again, on purpose: the other side must answer, so it is seen to be alive (RFC 9293 §3.8.4)."
            }
            Self::KeepAliveAck => "The other side is alive.",
            Self::Reset(it) => it.why(),
            Self::AnswerIn { .. } => "The answer has the same numbers as this question, with the two ends exchanged.",
            Self::Answers { .. } => {
                "It has the question's numbers, with the two ends exchanged; the time between the two is the round trip and \
                 what the other side needed."
            }
            Self::Unanswered => "No answer passed here: the question or its answer was lost, or nobody answers there.",
            Self::RepeatedQuery(_) => {
                "No answer came in time, so the same query is sent again: over UDP nobody else would do it (RFC 1035 §4.2.1)."
            }
            Self::RepeatedAnswer => {
                "The question was answered already: it was sent twice, or the answer was doubled on its way."
            }
            Self::Unasked => {
                "Its query did not pass here; a resolver drops an answer nobody asked for, it may be forged."
            }
            Self::ErrorAbout(_) => "The error quotes the beginning of a packet that passed here before.",
            Self::CausedError(_) => {
                "A router or the receiver could not do with the packet what it asks for, and said so."
            }
            Self::DuplicateAddress => {
                "Two MAC addresses for one IP address: a mistake, a host whose card was changed, or an attempt to be taken \
                 for another (RFC 5227 §2.4)."
            }
        }
    }

    /// Whether it is out of the ordinary, so that a list of packets shows it.
    #[must_use]
    pub const fn stands_out(self) -> bool {
        !matches!(self, Self::AnswerIn { .. } | Self::Answers { .. } | Self::ErrorAbout(_) | Self::CausedError(_))
    }

    /// Whether it is about a layer of that name.
    #[must_use]
    pub fn is_about(self, layer: &str) -> bool {
        match self {
            Self::AnswerIn { .. } | Self::Answers { .. } | Self::Unanswered | Self::RepeatedAnswer => {
                ["dns", "icmp", "icmpv6"].contains(&layer)
            }
            Self::RepeatedQuery(_) | Self::Unasked => layer == "dns",
            Self::ErrorAbout(_) => ["icmp", "icmpv6"].contains(&layer),
            Self::CausedError(_) => ["ip", "ipv6"].contains(&layer),
            Self::DuplicateAddress => ["arp", "icmpv6"].contains(&layer),
            _ => layer == "tcp",
        }
    }
}

/// Nanoseconds in milliseconds to the microsecond, from the first second on in seconds.
struct Millis(u64);

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 / 1_000_000_000 {
            0 => write!(f, "{}.{:03} ms", self.0 / 1_000_000, self.0 / 1000 % 1000),
            seconds => write!(f, "{seconds}.{:06} s", self.0 / 1000 % 1_000_000),
        }
    }
}
