//! The header of a message: which one it is, what is asked of the server, how it went, what follows. RFC 1035 §4.1.1.
use crate::wire::reader::{Reader, Words};

const HEADER: &str = "RFC 1035 §4.1.1";

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
/// RFC 2136 §2.2: an update counts other things.
const UPDATE_COUNTS: [Words; 4] = [
    Words::new("dns.count.zones", "Zones", "RFC 2136 §2.3", "Which zone is to be changed: always one."),
    Words::new(
        "dns.count.prerequisites",
        "Prerequisites",
        "RFC 2136 §2.4",
        "How many records say what must be so, or nothing is changed.",
    ),
    Words::new("dns.count.updates", "Updates", "RFC 2136 §2.5", "How many records say what to add and delete."),
    Words::new(
        "dns.count.add_rr",
        "Additional records",
        "RFC 2136 §2.2",
        "Others, such as a signature over the message.",
    ),
];

/// What the header says.
#[derive(Clone, Copy, Default)]
pub(super) struct Header {
    pub(super) id: u16,
    pub(super) response: bool,
    pub(super) operation: u64,
    pub(super) authoritative: bool,
    pub(super) truncated: bool,
    /// Of the response code the four bits that stand here.
    pub(super) code: u16,
    /// Questions, answers, authority and additional records; or what an update has in their places.
    pub(super) counts: [u16; 4],
}

/// An update. RFC 2136 §1.3.
pub(super) const UPDATE: u64 = 5;

/// Reads the header.
pub(super) fn read(r: &mut Reader<'_>) -> Option<Header> {
    let id = r.hex16(&ID)?;
    let word = read_flags(r)?;
    let operation = u64::from(word >> 11 & 15);
    let mut counts = [0; 4];
    for (count, words) in counts.iter_mut().zip(if operation == UPDATE { &UPDATE_COUNTS } else { &COUNTS }) {
        *count = r.u16(words)?;
    }
    let [response, authoritative, truncated] = [0x8000, 0x0400, 0x0200].map(|bit| word & bit != 0);
    Some(Header { id, response, operation, authoritative, truncated, code: word & 15, counts })
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

pub(super) const fn operation_name(operation: u64) -> &'static str {
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

/// IANA DNS RCODEs; above 15 with the bits of EDNS.
pub(super) const fn response_code_name(code: u16) -> &'static str {
    match code {
        0 => "no error",
        1 => "the server could not read the query",
        2 => "the server failed",
        3 => "no such name",
        4 => "not implemented",
        5 => "refused",
        6 => "the name exists though it should not",
        7 => "the records exist though they should not",
        8 => "the records should exist and do not",
        9 => "not authoritative, or not authorized",
        10 => "the name is not in the zone",
        16 => "EDNS version not supported, or bad signature",
        23 => "bad or missing cookie",
        _ => "another error",
    }
}
