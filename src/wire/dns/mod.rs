//! DNS: names to addresses, questions and answers in one format. RFC 1035 §4.
mod dnssec;
mod edns;
mod header;
mod name;
mod rdata;
mod record;
mod services;
mod svcb;

use super::reader::{Reader, Words};
use super::walk::{Facts, Message};
use header::{Header, UPDATE, operation_name, response_code_name};
pub(super) use name::alone as name_alone;
use record::{Record, class_name, type_name};

const QUESTION: &str = "RFC 1035 §4.1.2";

const STREAM_LENGTH: Words = Words::new(
    "dns.length",
    "Length",
    "RFC 1035 §4.2.2",
    "TCP keeps no message borders, so over TCP each message is preceded by its length.",
);
const UNFINISHED: Words = Words::new(
    "dns.part",
    "First part of the records",
    "RFC 1035 §4.2.2",
    "The message is longer than this segment: its rest comes in the next ones, and only the stream has it whole.",
);
const QUERY: Words =
    Words::new("dns.qry", "Question", QUESTION, "Sent along in the answer too, so that the two can be matched.");
const QUERY_NAME: Words = Words::new(
    "dns.qry.name",
    "Name",
    QUESTION,
    "The name that is looked up, label by label, each preceded by its length.",
);
const QUERY_TYPE: Words =
    Words::new("dns.qry.type", "Type", QUESTION, "Which kind of record is wanted: one name can have many kinds.");
const QUERY_CLASS: Words = Words::new("dns.qry.class", "Class", QUESTION, "Always IN, the Internet, in practice.");
const LEFT_OVER: Words = Words::new(
    "dns.data",
    "Bytes after the records",
    "RFC 1035 §4.1.1",
    "The counts in the header promise nothing here.",
);

/// More records than this are not taken apart: their number comes from the message.
const MOST_RECORDS: u32 = 512;
/// A header, which every message has. RFC 1035 §4.1.1.
const HEADER_LENGTH: usize = 12;

/// Whether data of a TCP stream begins a message: whole, or by its header plainly one that goes on in the next segment.
pub(super) fn begins_stream_message(data: &[u8]) -> bool {
    let Some((length, message)) = data.split_first_chunk() else { return false };
    let length = usize::from(u16::from_be_bytes(*length));
    if length < HEADER_LENGTH {
        return false;
    }
    length <= message.len() || message.first_chunk().is_some_and(is_plausible)
}

/// One question, no reserved bit, an operation in use: bytes out of the middle of a stream hardly ever look so.
fn is_plausible(header: &[u8; HEADER_LENGTH]) -> bool {
    let operation = header[2] >> 3 & 15;
    header[4..6] == [0, 1] && header[3] & 0x40 == 0 && matches!(operation, 0 | 4 | 5)
}

/// Reads a message over TCP, with the length in front of it.
pub(super) fn read_stream(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    let length = usize::from(r.u16(&STREAM_LENGTH)?);
    if length <= r.left() {
        r.ends_after(2 + length);
        return read(r, facts);
    }
    r.means(format_args!("{} bytes are here, the rest comes in the next segments", r.left()));
    let base = r.position();
    let header = header::read(r)?;
    facts.message = Some(Message::Dns { id: header.id, answer: header.response });
    let asked = (header.counts[0] == 1).then(|| read_question(r, base)).flatten().unwrap_or_default();
    r.rest(&UNFINISHED);
    let kind = if header.response { "Answer" } else { "Query" };
    facts.summary = format!("DNS {kind} {asked} (goes on in the next segment)");
    Some(())
}

/// Reads a message.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    facts.summary = "DNS".to_owned();
    let base = r.position();
    let header = header::read(r)?;
    facts.message = Some(Message::Dns { id: header.id, answer: header.response });
    facts.summary = format!("DNS {}", if header.response { "Answer" } else { "Query" });
    let mut asked = String::new();
    for _ in 0..header.counts[0] {
        asked = read_question(r, base)?;
    }
    let found = read_records(r, base, &header)?;
    if r.left() > 0 {
        let here = r.position();
        r.problem(here..here + r.left(), format_args!("{} bytes after the last record", r.left()));
    }
    r.rest(&LEFT_OVER);
    facts.summary = found.line(&header, &asked);
    Some(())
}

/// Reads a question: `A www.example.lab`.
fn read_question(r: &mut Reader<'_>, base: usize) -> Option<String> {
    let mut asked = None;
    r.group(&QUERY, |r| {
        let name = name::read(r, &QUERY_NAME, base)?;
        let kind = r.u16(&QUERY_TYPE)?;
        r.means(type_name(kind));
        let class = r.hex16(&QUERY_CLASS)?;
        r.means(class_name(class));
        asked = Some(format!("{} {name}", type_name(kind)));
        Some(())
    });
    let asked = asked?;
    r.says(&asked);
    Some(asked)
}

/// What of the records belongs in the message's line.
#[derive(Default)]
struct Found {
    /// The first few answers.
    answers: Vec<String>,
    /// The first NS record of the authority section: its zone, and a server of it.
    referral: Option<(String, String)>,
    /// An SOA record there says that there is nothing.
    denied: bool,
    /// The eight bits of EDNS in front of the header's response code.
    high_code: u16,
}

/// Reads all records.
fn read_records(r: &mut Reader<'_>, base: usize, header: &Header) -> Option<Found> {
    let mut found = Found { answers: Vec::new(), ..Found::default() };
    let mut number = 0;
    for (count, section) in header.counts[1..].iter().zip(sections(header.operation)) {
        for _ in 0..*count {
            number += 1;
            if number > MOST_RECORDS {
                let here = r.position();
                r.problem(
                    here..here + r.left(),
                    format_args!("records after the first {MOST_RECORDS} are not taken apart"),
                );
                return Some(found);
            }
            found.take(record::read(r, section, base, header.code)?, section);
        }
    }
    Some(found)
}

/// RFC 1035 §4.1, RFC 2136 §2.
const fn sections(operation: u64) -> [&'static str; 3] {
    if operation == UPDATE { ["Prerequisite", "Update", "Additional"] } else { ["Answer", "Authority", "Additional"] }
}

impl Found {
    fn take(&mut self, record: Record, section: &str) {
        match (section, record.kind) {
            ("Answer", _) if self.answers.len() < 4 => self.answers.push(record.short),
            ("Authority", record::NS) if self.referral.is_none() => self.referral = Some((record.name, record.data)),
            ("Authority", record::SOA) => self.denied = true,
            (_, rdata::OPT) => self.high_code = record.high_code,
            _ => {}
        }
    }

    /// The message in a line.
    fn line(&self, header: &Header, asked: &str) -> String {
        let code = self.high_code << 4 | header.code;
        let kind = if header.response { "Answer" } else { "Query" };
        if header.operation != 0 {
            let end = if header.response { format!(": {}", response_code_name(code)) } else { String::new() };
            return format!("DNS {kind} {} {asked}{end}", operation_name(header.operation));
        }
        if !header.response {
            return format!("DNS Query {asked}");
        }
        if header.truncated {
            return format!("DNS Answer {asked}: truncated, ask again over TCP");
        }
        if code != 0 {
            return format!("DNS Answer {asked}: {}", response_code_name(code));
        }
        match &self.referral {
            _ if !self.answers.is_empty() => format!("DNS Answer {}", self.answers.join(", ")),
            // RFC 2308 §2.2: servers of a zone further down, and no SOA.
            Some((zone, server)) if !self.denied && !header.authoritative => {
                format!("DNS Answer {asked}: ask {server}, a server of {zone}")
            }
            _ => format!("DNS Answer {asked}: no such records"),
        }
    }
}
