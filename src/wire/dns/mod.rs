//! DNS: names to addresses, questions and answers in one format. RFC 1035 §4.
mod name;
mod rdata;
mod record;

use super::reader::{Reader, Words};
use super::walk::Facts;
pub(super) use name::alone as name_alone;
use record::{class_name, type_name};

const HEADER: &str = "RFC 1035 §4.1.1";
const QUESTION: &str = "RFC 1035 §4.1.2";

const STREAM_LENGTH: Words = Words::new(
    "dns.length",
    "Length",
    "RFC 1035 §4.2.2",
    "TCP keeps no message borders, so over TCP each message is preceded by its length.",
);
const ID: Words = Words::new(
    "dns.id",
    "Transaction id",
    HEADER,
    "The answer repeats it; drawn at random, so that a forger who cannot see the question has to guess it.",
);
const FLAGS: Words =
    Words::new("dns.flags", "Flags", HEADER, "Question or answer, what is asked of the server, and how it went.");
const RESPONSE: Words =
    Words::new("dns.flags.response", "Response", HEADER, "0 is a query, 1 a response; all else looks the same.");
const OPCODE: Words = Words::new(
    "dns.flags.opcode",
    "Operation",
    HEADER,
    "0 is a standard query; others are for updates and notices between servers.",
);
const AUTHORITATIVE: Words = Words::new(
    "dns.flags.authoritative",
    "Authoritative",
    HEADER,
    "The server holds the zone itself; an answer from a cache does not have it.",
);
const TRUNCATED: Words =
    Words::new("dns.flags.truncated", "Truncated", HEADER, "The answer did not fit the datagram: ask again over TCP.");
const RECURSION_DESIRED: Words = Words::new(
    "dns.flags.recdesired",
    "Recursion desired",
    HEADER,
    "A host asks its resolver to do the whole search; a resolver asking the servers of a zone does not set it.",
);
const RECURSION_AVAILABLE: Words = Words::new(
    "dns.flags.recavail",
    "Recursion available",
    HEADER,
    "The server would do the whole search; resolvers set it, servers of zones do not.",
);
const ZERO: Words = Words::new("dns.flags.z", "Z", HEADER, "Kept zero.");
const AUTHENTIC: Words = Words::new(
    "dns.flags.authenticated",
    "Authentic data",
    "RFC 4035 §3.2.3",
    "The resolver has checked the signatures (DNSSEC); worth as much as the way to the resolver is safe.",
);
const CHECKING_DISABLED: Words = Words::new(
    "dns.flags.checkdisable",
    "Checking disabled",
    "RFC 4035 §3.2.2",
    "The asker wants the data even if its signatures are bad.",
);
const RESPONSE_CODE: Words = Words::new(
    "dns.flags.rcode",
    "Response code",
    HEADER,
    "How it went: 0 is no error, 3 says that the name does not exist.",
);
const COUNTS: [Words; 4] = [
    Words::new("dns.count.queries", "Questions", HEADER, "How many questions follow; in practice always one."),
    Words::new("dns.count.answers", "Answers", HEADER, "How many records answer the question."),
    Words::new(
        "dns.count.auth_rr",
        "Authority records",
        HEADER,
        "How many records tell which servers know more, or why there is no answer.",
    ),
    Words::new(
        "dns.count.add_rr",
        "Additional records",
        HEADER,
        "How many records are added unasked: addresses of named servers, EDNS.",
    ),
];
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
const LEFT_OVER: Words =
    Words::new("dns.data", "Bytes after the records", HEADER, "The counts in the header promise nothing here.");

/// More records than this are not taken apart: their number comes from the message.
const MOST_RECORDS: u32 = 512;
/// A header, which every message has. RFC 1035 §4.1.1.
const HEADER_LENGTH: usize = 12;

/// Whether a TCP segment holds at least one whole message.
pub(super) fn is_whole_stream_message(data: &[u8]) -> bool {
    let Some((length, message)) = data.split_first_chunk() else { return false };
    let length = usize::from(u16::from_be_bytes(*length));
    (HEADER_LENGTH..=message.len()).contains(&length)
}

/// Reads a message over TCP, with the length in front of it.
pub(super) fn read_stream(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    let length = usize::from(r.u16(&STREAM_LENGTH)?);
    r.ends_after(2 + length);
    read(r, facts)
}

/// Reads a message.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    facts.summary = "DNS".to_owned();
    let base = r.position();
    r.hex16(&ID)?;
    let word = read_flags(r)?;
    let response = word & 0x8000 != 0;
    let mut counts = [0; 4];
    for (count, words) in counts.iter_mut().zip(&COUNTS) {
        *count = r.u16(words)?;
    }
    facts.summary = format!("DNS {}", if response { "Answer" } else { "Query" });
    let mut asked = String::new();
    for _ in 0..counts[0] {
        asked = read_question(r, base)?;
    }
    let answers = read_records(r, base, counts)?;
    if r.left() > 0 {
        let here = r.position();
        r.problem(here..here + r.left(), format_args!("{} bytes after the last record", r.left()));
    }
    r.rest(&LEFT_OVER);
    facts.summary = summary(response, word & 15, &asked, &answers);
    Some(())
}

fn summary(response: bool, code: u16, asked: &str, answers: &[String]) -> String {
    match (response, code) {
        (false, _) => format!("DNS Query {asked}"),
        (true, 0) if answers.is_empty() => format!("DNS Answer {asked}: no such records"),
        (true, 0) => format!("DNS Answer {}", answers.join(", ")),
        (true, _) => format!("DNS Answer {asked}: {}", response_code_name(code)),
    }
}

fn read_flags(r: &mut Reader<'_>) -> Option<u16> {
    let word = u16::from_be_bytes(*r.ahead().first_chunk()?);
    r.group(&FLAGS, |r| {
        let response = r.flag(&RESPONSE)?;
        r.means(if response { "a response" } else { "a query" });
        let operation = r.number(&OPCODE, 4)?;
        r.means(operation_name(operation));
        for words in [
            &AUTHORITATIVE,
            &TRUNCATED,
            &RECURSION_DESIRED,
            &RECURSION_AVAILABLE,
            &ZERO,
            &AUTHENTIC,
            &CHECKING_DISABLED,
        ] {
            r.flag(words)?;
        }
        r.number(&RESPONSE_CODE, 4)?;
        r.means(response_code_name(word & 15));
        Some(())
    })?;
    r.says(format_args!("{word:#06x}"));
    let kind = if word & 0x8000 == 0 { "query" } else { "response" };
    r.means(format_args!("{kind}, {}", response_code_name(word & 15)));
    Some(word)
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

/// Reads all records; the summaries of the first few answers.
fn read_records(r: &mut Reader<'_>, base: usize, [_, answers, authority, additional]: [u16; 4]) -> Option<Vec<String>> {
    let mut said = Vec::new();
    let mut number = 0;
    for (count, section) in [(answers, "Answer"), (authority, "Authority"), (additional, "Additional")] {
        for _ in 0..count {
            number += 1;
            if number > MOST_RECORDS {
                let here = r.position();
                r.problem(
                    here..here + r.left(),
                    format_args!("records after the first {MOST_RECORDS} are not taken apart"),
                );
                return Some(said);
            }
            let record = record::read(r, section, base)?;
            if section == "Answer" && said.len() < 4 {
                said.push(record);
            }
        }
    }
    Some(said)
}

const fn operation_name(operation: u64) -> &'static str {
    match operation {
        0 => "standard query",
        1 => "inverse query (obsolete)",
        2 => "server status",
        4 => "notify",
        5 => "update",
        6 => "stateful operations",
        _ => "unassigned",
    }
}

/// IANA DNS RCODEs.
const fn response_code_name(code: u16) -> &'static str {
    match code {
        0 => "no error",
        1 => "the server could not read the query",
        2 => "the server failed",
        3 => "no such name",
        4 => "not implemented",
        5 => "refused",
        _ => "another error",
    }
}
