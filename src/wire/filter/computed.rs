//! What no field of the packet says: its number, its time, its place in a connection, the marks of the analysis.
use super::Packet;
use super::names::Kind;
use super::value::Value;
use crate::wire::analysis::Mark;

/// Something that is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Computed {
    Number,
    Length,
    Captured,
    Relative,
    Delta,
    Epoch,
    Interface,
    Comment,
    Stream,
    Sequence,
    Acknowledgment,
    NextSequence,
    SegmentLength,
    Window,
    WindowScale,
    Payload(&'static str),
    /// Any mark of TCP's analysis.
    AnyMark,
    /// The mark whose filter has this name.
    Marked,
    DuplicateAck,
    /// The answer to the question of this protocol is in that packet.
    AnswerIn(&'static str),
    Answers(&'static str),
    After(&'static str),
    Unanswered(&'static str),
    /// This field is there.
    Has(&'static str),
}

use Computed::{
    Acknowledgment, After, AnswerIn, Answers, AnyMark, Captured, Comment, Delta, DuplicateAck, Epoch, Has, Interface,
    Length, Marked, NextSequence, Number, Payload, Relative, SegmentLength, Sequence, Stream, Unanswered, Window,
    WindowScale,
};

/// All of it, by name.
pub(super) const COMPUTED: &[(&str, Kind, Computed)] = &[
    ("frame.number", Kind::Number, Number),
    ("frame.len", Kind::Number, Length),
    ("frame.cap_len", Kind::Number, Captured),
    ("frame.time_relative", Kind::Seconds, Relative),
    ("frame.time_delta", Kind::Seconds, Delta),
    ("frame.time_epoch", Kind::Seconds, Epoch),
    ("frame.interface_name", Kind::Text, Interface),
    ("frame.comment", Kind::Text, Comment),
    ("tcp.stream", Kind::Number, Stream),
    ("tcp.seq", Kind::Number, Sequence),
    ("tcp.nxtseq", Kind::Number, NextSequence),
    ("tcp.ack", Kind::Number, Acknowledgment),
    ("tcp.len", Kind::Number, SegmentLength),
    ("tcp.window_size", Kind::Number, Window),
    ("tcp.window_size_scalefactor", Kind::Signed, WindowScale),
    ("tcp.payload", Kind::Bytes, Payload("tcp")),
    ("udp.payload", Kind::Bytes, Payload("udp")),
    ("tcp.analysis.flags", Kind::Label, AnyMark),
    ("tcp.analysis.retransmission", Kind::Label, Marked),
    ("tcp.analysis.fast_retransmission", Kind::Label, Marked),
    ("tcp.analysis.spurious_retransmission", Kind::Label, Marked),
    ("tcp.analysis.out_of_order", Kind::Label, Marked),
    ("tcp.analysis.lost_segment", Kind::Label, Marked),
    ("tcp.analysis.ack_lost_segment", Kind::Label, Marked),
    ("tcp.analysis.duplicate_ack", Kind::Label, Marked),
    ("tcp.analysis.duplicate_ack_num", Kind::Number, DuplicateAck),
    ("tcp.analysis.zero_window", Kind::Label, Marked),
    ("tcp.analysis.zero_window_probe", Kind::Label, Marked),
    ("tcp.analysis.zero_window_probe_ack", Kind::Label, Marked),
    ("tcp.analysis.window_update", Kind::Label, Marked),
    ("tcp.analysis.window_full", Kind::Label, Marked),
    ("tcp.analysis.keep_alive", Kind::Label, Marked),
    ("tcp.analysis.keep_alive_ack", Kind::Label, Marked),
    ("dns.response_in", Kind::Number, AnswerIn("dns")),
    ("dns.response_to", Kind::Number, Answers("dns")),
    ("dns.time", Kind::Seconds, After("dns")),
    ("dns.unsolicited", Kind::Label, Marked),
    ("dns.retransmit_request", Kind::Label, Marked),
    ("dns.retransmit_response", Kind::Label, Marked),
    ("icmp.resp_in", Kind::Number, AnswerIn("icmp")),
    ("icmp.resp_to", Kind::Number, Answers("icmp")),
    ("icmp.no_resp", Kind::Label, Unanswered("icmp")),
    ("icmpv6.resp_in", Kind::Number, AnswerIn("icmpv6")),
    ("icmpv6.resp_to", Kind::Number, Answers("icmpv6")),
    ("icmpv6.no_resp", Kind::Label, Unanswered("icmpv6")),
    ("arp.duplicate-address-detected", Kind::Label, Marked),
    ("http.request", Kind::Flag, Has("http.request.method")),
    ("http.response", Kind::Flag, Has("http.response.code")),
];

impl Computed {
    /// Its value in this packet; a label that is there is 1.
    pub(super) fn value(self, name: &str, it: &Packet<'_>) -> Option<Value> {
        let number = |value: u64| Some(Value::Number(value.into()));
        let there = |is: bool| is.then_some(Value::Number(1));
        let since = |before: Option<u64>| Some(Value::Number(i128::from(it.at_ns?) - i128::from(before?)));
        let tcp = || it.followed;
        match self {
            Self::Number => number(it.number.into()),
            Self::Length => number(it.length.into()),
            Self::Captured => number(it.frame.len() as u64),
            Self::Relative => since(it.first_ns),
            Self::Delta => since(it.before_ns.or(it.at_ns)),
            Self::Epoch => since(Some(0)),
            Self::Interface => Some(it.interface).filter(|name| !name.is_empty()).map(Value::text),
            Self::Comment => it.comment.map(Value::text),
            Self::Stream => number(tcp()?.flow as u64),
            Self::Sequence => number(tcp()?.sequence.into()),
            Self::NextSequence => number(tcp()?.next.into()),
            Self::Acknowledgment => number(tcp()?.acknowledgment?.into()),
            Self::SegmentLength => number(tcp()?.length as u64),
            Self::Window => number(tcp()?.window.into()),
            Self::WindowScale => Some(Value::Number(tcp()?.scale?.as_wireshark_has_it().into())),
            Self::Payload(layer) => payload(it, layer).map(|bytes| Value::Bytes(bytes.to_vec())),
            Self::AnyMark => there(tcp()?.marks.iter().any(|mark| !matches!(mark, Mark::Reset(_)))),
            Self::Marked => there(it.marks().any(|mark| mark.filter() == name)),
            Self::DuplicateAck => it.marks().find_map(|mark| match mark {
                Mark::DuplicateAck(count) => number(count.into()),
                _ => None,
            }),
            Self::AnswerIn(layer) => of(it, layer, |mark| match mark {
                Mark::AnswerIn { packet, .. } => Some(packet.into()),
                _ => None,
            }),
            Self::Answers(layer) => of(it, layer, |mark| match mark {
                Mark::Answers { packet, .. } => Some(packet.into()),
                _ => None,
            }),
            Self::After(layer) => of(it, layer, |mark| match mark {
                Mark::Answers { after_ns, .. } => Some(after_ns),
                _ => None,
            }),
            Self::Unanswered(layer) => of(it, layer, |mark| (mark == Mark::Unanswered).then_some(1)),
            Self::Has(field) => there(it.fields(field).next().is_some()),
        }
    }
}

/// What a mark says in a packet of that protocol.
fn of(it: &Packet<'_>, layer: &str, says: impl Fn(Mark) -> Option<u64>) -> Option<Value> {
    it.decoded.layer(layer)?;
    it.marks().find_map(says).map(|value| Value::Number(value.into()))
}

/// What the first layer of that name carries; none when it carries nothing.
fn payload<'a>(it: &Packet<'a>, name: &str) -> Option<&'a [u8]> {
    let layer = it.decoded.layer(name)?;
    let length = match name {
        "tcp" => it.followed?.length,
        _ => layer.fields.iter().find(|it| it.name == "udp.length")?.value.parse::<usize>().ok()?.checked_sub(8)?,
    };
    let from = layer.bytes.end;
    let until = (from + length).min(it.frame.len());
    it.frame.get(from..until).filter(|bytes| !bytes.is_empty())
}
