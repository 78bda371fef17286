//! The data of a record, by type: addresses, names, texts here; DNSSEC, services and EDNS in their own files.
use super::{dnssec, edns, name, services, svcb};
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

/// The type of EDNS's pseudo record. RFC 6891 §6.1.1.
pub(super) const OPT: u16 = 41;

const ADDRESS: Words =
    Words::new("dns.a", "IPv4 address", "RFC 1035 §3.4.1", "The host of that name; several records share the load.");
const ADDRESS6: Words =
    Words::new("dns.aaaa", "IPv6 address", "RFC 3596 §2.2", "The host of that name on IPv6; clients ask for both.");
const CNAME: Words = Words::new(
    "dns.cname",
    "Canonical name",
    "RFC 1035 §3.3.1",
    "The name asked about is another name for this one; the search goes on there.",
);
const DNAME: Words = Words::new(
    "dns.dname",
    "Target",
    "RFC 6672 §2.1",
    "All names below the record's own are found below this one instead.",
);
const SERVER: Words =
    Words::new("dns.ns", "Name server", "RFC 1035 §3.3.11", "A server of the zone: in a referral, whom to ask next.");
const POINTER: Words =
    Words::new("dns.ptr.domain_name", "Domain name", "RFC 1035 §3.3.12", "The name of an address: the reverse search.");
const PREFERENCE: Words = Words::new(
    "dns.mx.preference",
    "Preference",
    "RFC 1035 §3.3.9",
    "The lowest is tried first; the others are for when it fails.",
);
const EXCHANGE: Words =
    Words::new("dns.mx.mail_exchange", "Mail exchange", "RFC 1035 §3.3.9", "The host that takes mail for the name.");
const TEXT_LENGTH: Words = Words::new(
    "dns.txt.length",
    "Text length",
    "RFC 1035 §3.3.14",
    "A text has at most 255 bytes; a record may hold several.",
);
const TEXT: Words = Words::new(
    "dns.txt",
    "Text",
    "RFC 1035 §3.3.14",
    "Free text; programs use it to prove who owns a name, and against forged mail.",
);
const SOA: &str = "RFC 1035 §3.3.13";
const PRIMARY: Words = Words::new("dns.soa.mname", "Primary server", SOA, "The server where the zone is edited.");
const MAILBOX: Words =
    Words::new("dns.soa.rname", "Mailbox of the person in charge", SOA, "The first dot stands for an @.");
const SOA_NUMBERS: [Words; 5] = [
    Words::new(
        "dns.soa.serial_number",
        "Serial number",
        SOA,
        "Grows with each change: the other servers compare it with theirs.",
    ),
    Words::new(
        "dns.soa.refresh_interval",
        "Refresh",
        SOA,
        "After how many seconds the other servers look for a new serial number.",
    ),
    Words::new("dns.soa.retry_interval", "Retry", SOA, "After how many seconds they try again when that failed."),
    Words::new("dns.soa.expire_limit", "Expire", SOA, "After how many seconds without contact they stop answering."),
    Words::new(
        "dns.soa.minimum_ttl",
        "Negative TTL",
        "RFC 2308 §4",
        "How long a cache may remember that a name does not exist.",
    ),
];
const DATA: Words = Words::new(
    "dns.data",
    "Record data",
    "RFC 3597 §3",
    "A type this program does not take apart: like any resolver it can carry data it cannot read.",
);

/// Reads `length` bytes of data; its summary.
pub(super) fn read(r: &mut Reader<'_>, kind: u16, length: usize, base: usize) -> Option<String> {
    let (start, end) = (r.position(), r.position() + length);
    if length == 0 && kind != OPT {
        r.problem(start..end, "the record has no data");
        return Some("(empty)".to_owned());
    }
    let data = r.ahead().get(..length)?;
    // Names may point back into the message, so what is read here still sees all of it; only its end is the record's.
    let said = r.within(length, &DATA, |r| read_kind(r, kind, base));
    let said = said?.unwrap_or_else(|| {
        r.problem(start..end, "the data ends in the middle of a field");
        visible_start(data, 16)
    });
    Some(said)
}

fn read_kind(r: &mut Reader<'_>, kind: u16, base: usize) -> Option<String> {
    match kind {
        1 => r.ipv4(&ADDRESS).map(|it| it.to_string()),
        28 => r.ipv6(&ADDRESS6).map(|it| it.to_string()),
        2 => name::read(r, &SERVER, base),
        5 => name::read(r, &CNAME, base),
        12 => name::read(r, &POINTER, base),
        15 => {
            let preference = r.u16(&PREFERENCE)?;
            let host = name::read(r, &EXCHANGE, base)?;
            Some(format!("{preference} {host}"))
        }
        16 => read_texts(r),
        6 => read_authority(r, base),
        13 => services::read_host(r),
        33 => services::read_service(r, base),
        35 => services::read_rule(r, base),
        39 => name::read(r, &DNAME, base),
        OPT => edns::read(r),
        43 | 59 => dnssec::read_ds(r),
        44 => services::read_fingerprint(r),
        46 => dnssec::read_signature(r, base),
        47 => dnssec::read_next(r, base),
        48 | 60 => dnssec::read_key(r),
        50 => dnssec::read_hashed(r, true),
        51 => dnssec::read_hashed(r, false),
        52 => services::read_certificate(r),
        64 | 65 => svcb::read(r, base),
        257 => services::read_authority(r),
        _ => {
            let length = r.left();
            r.rest(&DATA);
            Some(format!("{length} bytes"))
        }
    }
}

fn read_texts(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 {
        let length = usize::from(r.u8(&TEXT_LENGTH)?);
        if length > 0 {
            all.extend_from_slice(r.text(&TEXT, length)?);
        }
    }
    Some(format!("\"{}\"", visible_start(&all, 64)))
}

fn read_authority(r: &mut Reader<'_>, base: usize) -> Option<String> {
    let primary = name::read(r, &PRIMARY, base)?;
    name::read(r, &MAILBOX, base)?;
    for words in &SOA_NUMBERS {
        r.u32(words)?;
    }
    Some(primary)
}
