//! Why a segment is sent. Cheap to carry; the sentence is only made when somebody asks.
use std::fmt;
use std::time::Duration;

use crate::lab::tcp::sender::Why;
use crate::quantity::Quantity;

/// Bytes of a stream, counted from 1 as people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes {
    pub(crate) first: u32,
    pub(crate) last: u32,
}

/// Whose bytes a segment carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// All that one call wrote.
    Whole { size: u32 },
    /// A part of what one call wrote; the bytes are counted within that call.
    Part { size: u32, bytes: Bytes },
    /// Bytes of several calls.
    Several { bytes: u32, calls: u32 },
}

/// The call that ended this side of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndCall {
    Shutdown,
    Close,
}

/// Why new data may go now, where it is not simply written and allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    No,
    /// Nagle held it until what was sent before was acknowledged.
    Nagle,
    /// Less than half the largest window offered: sent because nothing else came for this long (RFC 9293 §3.8.6.2.1).
    Override(Duration),
}

/// Why a segment with nothing in it acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledges {
    SynAck,
    /// The handshake's last ACK again: the SYN-ACK came again.
    SynAckAgain,
    Fin {
        bytes: u32,
    },
    /// The delayed-ACK timer ran out.
    Delayed {
        bytes: u32,
        fin: bool,
        delay: Duration,
    },
    SecondSegment {
        bytes: u32,
    },
    /// This host does not delay ACKs.
    Undelayed {
        bytes: u32,
    },
    /// The start of a connection: Linux sends its first ACKs at once, so many more to go.
    Quick {
        bytes: u32,
        left: u32,
    },
    /// The program has read all there was, and does not talk back.
    Read {
        bytes: u32,
    },
    /// So many bytes before what came are missing.
    Gap {
        bytes: u32,
        missing: u32,
    },
    /// What came filled a gap, wholly or in part.
    FillsGap {
        bytes: u32,
    },
    /// The bytes had come before.
    AlreadyHere,
    /// There is no room for the bytes.
    NoRoom,
    /// RFC 3168 §6.1.3: a congestion mark has to be echoed.
    CongestionMark,
    WindowUpdate {
        read: u32,
        window: u32,
    },
    KeepAliveProbe,
    WindowProbe,
    /// The peer's FIN came again: our ACK of it was lost.
    FinAgain,
    /// RFC 9293 §3.10.7.4: a segment outside the window is answered.
    OutsideWindow,
    /// RFC 7323 §5.3: the timestamp is older than the last one.
    OldTimestamp,
    /// RFC 5961 §3: a RST in the window, but not at its edge.
    ChallengeReset,
    /// RFC 5961 §4: a SYN on a synchronised connection.
    ChallengeSyn,
    /// RFC 5961 §5: an ACK of what was never sent, or of what is long gone.
    ChallengeAck,
}

/// Why a RST is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resets {
    NoListener {
        port: u16,
    },
    NoConnection,
    /// RFC 9293 §3.10.7.3: the ACK of a SYN that acknowledges something else.
    WrongAck,
    /// RFC 2525 §2.17: data for a program that is gone.
    DataAfterClose,
    /// RFC 2525 §2.17: the program closed and left bytes unread.
    Unread {
        bytes: u32,
    },
    AcceptQueueFull,
    ListenerClosed,
    KeepAlive {
        probes: u32,
    },
    /// A program's wish, in its words.
    Program(&'static str),
}

/// Why a segment is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Syn,
    SynAgain {
        rto: Duration,
        times: u32,
        of: u32,
    },
    /// Both ends sent a SYN (RFC 9293 §3.5, simultaneous open).
    SynCrossed,
    SynAck,
    SynAckAgain {
        rto: Duration,
        times: u32,
        of: u32,
    },
    /// The client repeated its SYN.
    SynAckRepeated,
    SynCookie,
    Data {
        written: Option<Written>,
        why: Why,
        waited: Waited,
        fin: Option<EndCall>,
    },
    Fin(EndCall),
    Retransmits {
        why: Why,
        bytes: Bytes,
        fin: bool,
    },
    WindowProbe {
        times: u32,
        rto: Duration,
    },
    KeepAlive {
        times: u32,
        of: u32,
        idle: Duration,
    },
    Ack(Acknowledges),
    Reset(Resets),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Syn => f.write_str("connect() asked for a connection"),
            Self::SynAgain { rto, times, of } => {
                write!(f, "retransmission {times} of {of}: no answer to the SYN in {}", Quantity::time(rto))
            }
            Self::SynCrossed => f.write_str("a SYN crossed ours: answers it (simultaneous open)"),
            Self::SynAck => f.write_str("answers the SYN"),
            Self::SynAckAgain { rto, times, of } => {
                write!(f, "retransmission {times} of {of}: no ACK of the SYN-ACK in {}", Quantity::time(rto))
            }
            Self::SynAckRepeated => f.write_str("answers the SYN again: it came again"),
            Self::SynCookie => f.write_str("answers the SYN with a cookie: nothing is remembered about it"),
            Self::Data { written, why, waited, fin } => data(f, written, (why, waited), fin),
            Self::Fin(call) => write!(f, "{call}: FIN"),
            Self::Retransmits { why, bytes, fin } => retransmits(f, why, bytes, fin),
            Self::WindowProbe { times, rto } => {
                let waited = Quantity::time(rto);
                write!(f, "zero-window probe {times} after {waited}: has the receiver room again?")
            }
            Self::KeepAlive { times, of, idle } => {
                let idle = Quantity::time(idle);
                write!(f, "keepalive probe {times} of {of}: nothing came for {idle}; does the peer still answer?")
            }
            Self::Ack(why) => write!(f, "{why}"),
            Self::Reset(why) => write!(f, "{why}: RST"),
        }
    }
}

fn data(
    f: &mut fmt::Formatter<'_>,
    written: Option<Written>,
    (why, waited): (Why, Waited),
    fin: Option<EndCall>,
) -> fmt::Result {
    if why != Why::Window {
        write!(f, "{why}: ")?;
    }
    write!(f, "{waited}")?;
    match written {
        Some(written) => write!(f, "{written}")?,
        None => f.write_str("data")?,
    }
    fin.map_or(Ok(()), |call| write!(f, "; {call}: FIN"))
}

fn retransmits(f: &mut fmt::Formatter<'_>, why: Why, bytes: Bytes, fin: bool) -> fmt::Result {
    write!(f, "{why}")?;
    match (bytes.first > bytes.last, fin) {
        (true, _) => f.write_str(": retransmits the FIN"),
        (false, true) => write!(f, ": retransmits {bytes} and the FIN"),
        (false, false) => write!(f, ": retransmits {bytes}"),
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {} to {}", self.first, self.last)
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { size } => write!(f, "send() of {size} bytes"),
            Self::Part { size, bytes } => write!(f, "send() of {size} bytes: {bytes}"),
            Self::Several { bytes, calls } => write!(f, "{bytes} bytes of {calls} send() calls"),
        }
    }
}

impl fmt::Display for EndCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shutdown => "shutdown()",
            Self::Close => "close()",
        })
    }
}

impl fmt::Display for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No => Ok(()),
            Self::Nagle => f.write_str("held back by Nagle until the ACK came: "),
            Self::Override(waited) => write!(f, "small window, but nothing moved for {}: ", Quantity::time(*waited)),
        }
    }
}

impl fmt::Display for Acknowledges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SynAck => f.write_str("acknowledges the SYN-ACK: established"),
            Self::SynAckAgain => f.write_str("ACK again: this SYN had come already"),
            Self::Fin { bytes: 0 } => f.write_str("acknowledges the FIN"),
            Self::Fin { bytes } => write!(f, "acknowledges {bytes} bytes and the FIN"),
            Self::Delayed { bytes, fin, delay } => {
                match (bytes, fin) {
                    (0, true) => f.write_str("acknowledges the FIN")?,
                    (_, true) => write!(f, "acknowledges {bytes} bytes and the FIN")?,
                    (_, false) => write!(f, "acknowledges {bytes} bytes")?,
                }
                write!(f, ": delayed ACK, {} passed without data to ride on", Quantity::time(delay))
            }
            Self::SecondSegment { bytes } => {
                write!(f, "acknowledges {bytes} bytes: more than one full segment waited for an ACK")
            }
            Self::Undelayed { bytes } => {
                write!(f, "acknowledges {bytes} bytes at once: this host does not wait with an ACK")
            }
            Self::Quick { bytes, left } => {
                write!(f, "acknowledges {bytes} bytes at once: quick ACK while the connection is young, {left} left")
            }
            Self::Read { bytes } => {
                write!(f, "acknowledges {bytes} bytes at once: the program has read them and sends nothing back")
            }
            Self::Gap { bytes: 0, missing } => {
                write!(f, "duplicate ACK: {missing} bytes before this segment are missing")
            }
            Self::Gap { bytes, missing } => {
                write!(f, "acknowledges {bytes} bytes at once: {missing} bytes before this segment are missing")
            }
            Self::FillsGap { bytes } => write!(f, "acknowledges {bytes} bytes at once: this segment fills the gap"),
            Self::AlreadyHere => f.write_str("ACK again: these bytes had come already"),
            Self::NoRoom => f.write_str("no room for these bytes: repeats the ACK and the window"),
            Self::CongestionMark => f.write_str("ACK at once: the segment carries a congestion mark, echoes it"),
            Self::WindowUpdate { read, window } => {
                write!(f, "window update: the program read {read} bytes, there is room for {window}")
            }
            Self::KeepAliveProbe => f.write_str("answers a probe: this end is alive"),
            Self::WindowProbe => f.write_str("answers a zero-window probe: repeats the ACK and the window"),
            Self::FinAgain => f.write_str("ACK again: this FIN had come already"),
            Self::OutsideWindow => f.write_str("the segment lies outside the window: repeats what is expected"),
            Self::OldTimestamp => {
                f.write_str("the segment's timestamp is older than the last one (PAWS): dropped, ACK")
            }
            Self::ChallengeReset => f.write_str("challenge ACK: the RST is not at the sequence number expected"),
            Self::ChallengeSyn => f.write_str("challenge ACK: a SYN on an open connection"),
            Self::ChallengeAck => f.write_str("challenge ACK: it acknowledges what was not sent"),
        }
    }
}

impl fmt::Display for Resets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoListener { port } => write!(f, "no socket listens on port {port}"),
            Self::NoConnection => f.write_str("no such connection here"),
            Self::WrongAck => f.write_str("it acknowledges what was not sent"),
            Self::DataAfterClose => f.write_str("data came for a socket the program has closed"),
            Self::Unread { bytes } => write!(f, "the program closed with {bytes} bytes unread"),
            Self::AcceptQueueFull => f.write_str("the accept queue is full"),
            Self::ListenerClosed => f.write_str("the listener was closed before accept()"),
            Self::KeepAlive { probes } => write!(f, "{probes} keepalive probes were not answered"),
            Self::Program(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retransmission_names_its_bytes() {
        let again = |why, first, last, fin| Reason::Retransmits { why, bytes: Bytes { first, last }, fin }.to_string();
        let text = again(Why::DuplicateAcks, 14_601, 16_060, false);
        assert!(text.ends_with(": retransmits bytes 14601 to 16060"), "{text}");
        let text = again(Why::DuplicateAcks, 9, 8, true);
        assert!(text.ends_with(": retransmits the FIN"), "{text}");
    }

    #[test]
    fn data_names_the_calls_that_wrote_it() {
        let why = Why::Window;
        let data = |written, waited, fin| Reason::Data { written: Some(written), why, waited, fin }.to_string();
        assert_eq!(data(Written::Whole { size: 512 }, Waited::No, None), "send() of 512 bytes");
        let part = Written::Part { size: 3000, bytes: Bytes { first: 1, last: 1448 } };
        let text = "held back by Nagle until the ACK came: send() of 3000 bytes: bytes 1 to 1448";
        assert_eq!(data(part, Waited::Nagle, None), text);
        let several = Written::Several { bytes: 90, calls: 9 };
        assert_eq!(data(several, Waited::No, Some(EndCall::Close)), "90 bytes of 9 send() calls; close(): FIN");
    }
}
