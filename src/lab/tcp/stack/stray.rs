//! Segments that belong to no connection: answered with a RST, which is never answered itself (RFC 9293 §3.10.7.1).
use crate::lab::tcp::output::{Outgoing, Pair, TcpOutput};
use crate::lab::tcp::reason::{Reason, Resets};
use crate::lab::tcp::segment::{self, Flags, Segment};
use crate::lab::tcp::seq::Seq;

/// Answers a segment nobody here waits for.
pub(super) fn refuse(pair: Pair, segment: &Segment<'_>, why: Resets, out: &mut TcpOutput) {
    if segment.flags.rst {
        return;
    }
    let flags = Flags { rst: true, ..Flags::default() };
    let reset = match segment.ack {
        Some(ack) => Segment { seq: ack, flags, ..Segment::default() },
        None => Segment { seq: Seq(0), ack: Some(segment.end()), flags, ..Segment::default() },
    };
    send(pair, &reset, Reason::Reset(why), out);
}

/// Sends a segment that no connection stands behind.
pub(super) fn send(pair: Pair, segment: &Segment<'_>, reason: Reason, out: &mut TcpOutput) {
    let (from, to) = (pair.local, pair.remote);
    let bytes = segment::write(from, to, segment, b"");
    out.segments.push(Outgoing { from, to, ecn: 0, dont_fragment: true, bytes, reason });
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn answer(segment: &Segment<'_>) -> Option<(Seq, Option<Seq>)> {
        let at = |n| SocketAddr::from((Ipv4Addr::new(10, 0, 0, n), 80));
        let mut out = TcpOutput::default();
        refuse(Pair { local: at(1), remote: at(2) }, segment, Resets::NoConnection, &mut out);
        let sent = out.segments.pop()?;
        let (_, _, reset) = segment::read(&sent.bytes)?;
        assert!(reset.flags.rst);
        Some((reset.seq, reset.ack))
    }

    #[test]
    fn a_reset_is_believable_to_whoever_provoked_it_and_never_provoked_by_one() {
        let syn = Flags { syn: true, ..Flags::default() };
        let opening = Segment { seq: Seq(9), flags: syn, payload: b"ab", ..Segment::default() };
        assert_eq!(answer(&opening), Some((Seq(0), Some(Seq(12)))));
        assert_eq!(answer(&Segment { ack: Some(Seq(77)), ..opening }), Some((Seq(77), None)));
        let rst = Flags { rst: true, ..Flags::default() };
        assert_eq!(answer(&Segment { flags: rst, ..opening }), None);
    }
}
