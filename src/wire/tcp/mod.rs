//! TCP: a numbered, acknowledged stream of bytes. RFC 9293.
mod flags;
mod options;

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::checksum;
use super::ports;
use super::reader::{Reader, Words};
use super::text::push_number;
use super::walk::{Facts, Next};
use super::{dns, http, stun, tls};
pub(super) use flags::Flags;
pub(super) use options::{Options, multiplier};

const SOURCE: &str = "RFC 9293 §3.1";

const FROM: Words = Words::new(
    "tcp.srcport",
    "Source port",
    SOURCE,
    "With the two IP addresses and the other port it names the connection: the same client may hold many to one server.",
);
const TO: Words = Words::new(
    "tcp.dstport",
    "Destination port",
    SOURCE,
    "Which program on the receiving host: a server listens at a port it is known by.",
);
const SEQUENCE: Words = Words::new(
    "tcp.seq_raw",
    "Sequence number",
    SOURCE,
    "The number of the first byte of data in this segment; every byte of the stream has one, so loss and disorder show.",
);
const ACKNOWLEDGMENT: Words = Words::new(
    "tcp.ack_raw",
    "Acknowledgment number",
    SOURCE,
    "The number of the next byte this side expects: everything before it has arrived.",
);
const HEADER_LENGTH: Words = Words::new(
    "tcp.hdr_len",
    "Header length",
    SOURCE,
    "Options make the header longer, so it says in 4-byte words where the data begins (data offset).",
);
const WINDOW: Words = Words::new(
    "tcp.window_size_value",
    "Window",
    SOURCE,
    "How many more bytes this side has room for: flow control, so that a fast sender cannot drown a slow reader.",
);
const CHECKSUM: Words = Words::new(
    "tcp.checksum",
    "Checksum",
    SOURCE,
    "Covers header, data and, by a pseudo header, the IP addresses; a damaged segment is dropped and later sent again.",
);
const URGENT: Words = Words::new(
    "tcp.urgent_pointer",
    "Urgent pointer",
    "RFC 9293 §3.8.5",
    "Where urgent data ends, when URG is set; new programs are told not to use it.",
);

/// Where the IP header could not be read.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What of a segment the summary and the analysis across segments need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) source: (IpAddr, u16),
    pub(super) destination: (IpAddr, u16),
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    pub(super) flags: Flags,
    pub(super) window: u16,
    pub(super) options: Options,
    /// Bytes of data on the wire.
    pub(super) length: usize,
    /// Where the data lies in the frame: not all of it, where the capture kept only the packet's beginning.
    pub(super) data: Range<usize>,
}

/// Reads the header; its ports and the data's beginning say what comes next.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let from = r.u16(&FROM)?;
    r.means(ports::meaning(from));
    let to = r.u16(&TO)?;
    r.means(ports::meaning(to));
    let sequence = r.u32(&SEQUENCE)?;
    let acknowledgment = r.u32(&ACKNOWLEDGMENT)?;
    let flags = Flags::of(u16::from_be_bytes(*r.ahead().first_chunk()?));
    explain_acknowledgment(r, flags, acknowledgment);
    let header = read_length(r)?;
    flags::read(r, flags)?;
    let window = r.u16(&WINDOW)?;
    explain_window(r, flags, window);
    let verdict = judge(r, facts);
    checksum::read(r, &CHECKSUM, verdict)?;
    let urgent = r.u16(&URGENT)?;
    r.means(if flags.urg { "" } else { "not used: URG is not set" });
    if urgent != 0 && !flags.urg {
        r.problem_back(2, "the urgent pointer is set though the URG flag is not");
    }
    let options = options::read(r, header, flags);
    // Of a packet that was not kept to its end the lengths still tell how much it carried.
    let length = (r.whole().len() + facts.unkept).checked_sub(header.max(20));
    let is_whole = !options.are_cut;
    let data = r.position()..r.end();
    if let Some(length) = length.filter(|_| !facts.quoted) {
        let source = (facts.source.unwrap_or(UNKNOWN), from);
        let destination = (facts.destination.unwrap_or(UNKNOWN), to);
        let segment = Segment { source, destination, sequence, acknowledgment, flags, window, options, length, data };
        facts.summary = segment.line(sequence, acknowledgment, u32::from(window));
        facts.segment = Some(segment);
    }
    is_whole.then(|| payload(r, from, to, facts.quoted))
}

fn payload(r: &Reader<'_>, from: u16, to: u16, quoted: bool) -> Next {
    if quoted {
        return Next::Data("the segment the error is about");
    }
    message(r.ahead(), from, to).unwrap_or(Next::Data("the stream"))
}

/// The protocol of which a message begins with a segment's data; `None` for the bytes of a stream.
fn message(data: &[u8], from: u16, to: u16) -> Option<Next> {
    match (from, to) {
        (53, _) | (_, 53) if dns::begins_stream_message(data) => Some(Next::DnsStream),
        (3478, _) | (_, 3478) if stun::begins(data) => Some(Next::Stun),
        _ if http::begins(data) => Some(Next::Http),
        _ if tls::begins(data) => Some(Next::Tls),
        _ => None,
    }
}

fn explain_acknowledgment(r: &mut Reader<'_>, flags: Flags, acknowledgment: u32) {
    if flags.ack {
        r.means(format_args!("everything before byte {acknowledgment} has arrived"));
    } else {
        r.means("not used: ACK is not set");
        r.because(if flags.syn {
            "The first SYN has nothing to acknowledge yet."
        } else {
            "Without the ACK flag the number means nothing."
        });
    }
}

fn explain_window(r: &mut Reader<'_>, flags: Flags, window: u16) {
    if window == 0 && !flags.rst {
        r.means("no room: the other side must wait");
        r.because("The receiving program reads too slowly: its buffer is full, and the sender may only send probes.");
    } else if flags.syn {
        r.means("bytes; never scaled in a SYN (RFC 7323 §2.2)");
    } else {
        r.means("to be multiplied by the scale the SYN announced, if any");
    }
}

/// Reads the data offset; the header's length in bytes.
fn read_length(r: &mut Reader<'_>) -> Option<usize> {
    let header = usize::try_from(r.number(&HEADER_LENGTH, 4)?).ok()? * 4;
    r.says(header);
    r.means(format_args!("{} words of 4 bytes = {header} bytes", header / 4));
    if header < 20 {
        r.problem_back(1, format_args!("a header of {header} bytes cannot be: the fixed part has 20"));
    }
    Some(header)
}

fn judge(r: &Reader<'_>, facts: &Facts) -> Result<checksum::Verdict, &'static str> {
    if let Some(why) = facts.incomplete {
        return Err(why);
    }
    let (Some(source), Some(destination)) = (facts.source, facts.destination) else {
        return Err("the addresses it covers are unknown");
    };
    let covered = r.whole();
    Ok(checksum::judge(checksum::pseudo(source, destination, 6, covered.len()), covered, 16))
}

impl Segment {
    /// How many sequence numbers it takes: SYN and FIN count as a byte each. RFC 9293 §3.4.
    pub(super) fn space(&self) -> u32 {
        let data = u32::try_from(self.length).unwrap_or(u32::MAX);
        data.wrapping_add(u32::from(self.flags.syn)).wrapping_add(u32::from(self.flags.fin))
    }

    /// One line for a list, with numbers of the caller's: relative ones, where the start of the stream is known.
    pub(super) fn line(&self, sequence: u32, acknowledgment: u32, window: u32) -> String {
        let mut line = String::with_capacity(96);
        push_number(&mut line, "TCP ", u32::from(self.source.1));
        push_number(&mut line, " > ", u32::from(self.destination.1));
        line.push_str(" [");
        write!(line, "{}", self.flags).expect("a String takes all text");
        push_number(&mut line, "] Seq=", sequence);
        if self.flags.ack {
            push_number(&mut line, " Ack=", acknowledgment);
        }
        push_number(&mut line, " Win=", window);
        push_number(&mut line, " Len=", u32::try_from(self.length).unwrap_or(u32::MAX));
        // The blocks count in the same stream as the acknowledgment.
        self.options.push_line(&mut line, self.acknowledgment.wrapping_sub(acknowledgment));
        line
    }

    /// The segment of a frame in which nothing is odd and whose data nobody reads further: nearly every frame of a
    /// transfer, for which a whole walk would be long. `None` where it takes a walk to tell.
    pub(super) fn plain(frame: &[u8]) -> Option<Self> {
        Self::simple(frame, frame.len()).filter(|(_, message)| message.is_none()).map(|(segment, _)| segment)
    }

    /// The segment of a frame in which nothing is odd, which had that length on the wire; and whose message its data begins
    /// with.
    pub(super) fn simple(frame: &[u8], length: usize) -> Option<(Self, Option<Next>)> {
        const ETHERNET: usize = 14;
        let packet = frame.get(ETHERNET..).filter(|_| frame[12..ETHERNET] == [0x08, 0x00])?;
        let ip: &[u8; 20] = packet.first_chunk()?;
        let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        // Version 4 without options, whole (no fragment), TCP.
        if ip[0] != 0x45 || (ip[6] & 0x3f, ip[7]) != (0, 0) || ip[9] != 6 || ETHERNET + total > length {
            return None;
        }
        let segment = packet.get(20..total.min(packet.len()))?;
        let tcp: &[u8; 20] = segment.first_chunk()?;
        let short = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
        let long = |at: usize| u32::from(short(at)) << 16 | u32::from(short(at + 2));
        let header = usize::from(tcp[12] >> 4) * 4;
        let options = Options::plain(segment.get(20..header)?)?;
        let address = |at: usize| IpAddr::from([ip[at], ip[at + 1], ip[at + 2], ip[at + 3]]);
        let (from, to) = (short(0), short(2));
        let message = message(&segment[header..], from, to);
        let segment = Self {
            source: (address(12), from),
            destination: (address(16), to),
            sequence: long(4),
            acknowledgment: long(8),
            flags: Flags::of(short(12)),
            window: short(14),
            options,
            length: total - 20 - header,
            data: ETHERNET + 20 + header..ETHERNET + 20 + segment.len(),
        };
        Some((segment, message))
    }
}
