//! Resource records: a name, what kind of fact, how long it may be kept, and the fact. RFC 1035 §4.1.3.
use super::header::response_code_name;
use super::name;
use super::rdata;
use crate::wire::reader::{Reader, Words};

const SOURCE: &str = "RFC 1035 §4.1.3";

const RECORD: Words =
    Words::new("dns.resp", "Record", SOURCE, "A fact about a name, which any cache may keep until its TTL is over.");
const NAME: Words = Words::new("dns.resp.name", "Name", SOURCE, "Whom the fact is about.");
const TYPE: Words = Words::new("dns.resp.type", "Type", SOURCE, "Which kind of fact, and so how the data is read.");
const CLASS: Words = Words::new("dns.resp.class", "Class", SOURCE, "Always IN, the Internet, in practice.");
const TTL: Words = Words::new(
    "dns.resp.ttl",
    "Time to live",
    SOURCE,
    "How many seconds a cache may keep it: long saves questions, short lets a change be seen soon.",
);
const LENGTH: Words =
    Words::new("dns.resp.len", "Data length", SOURCE, "So that a type nobody here knows can be stepped over.");
const PAYLOAD_SIZE: Words = Words::new(
    "dns.rr.udp_payload_size",
    "UDP payload size",
    "RFC 6891 §6.1.2",
    "How large a datagram the sender can take; without EDNS an answer over UDP has at most 512 bytes.",
);
const EXTENDED_CODE: Words = Words::new(
    "dns.resp.ext_rcode",
    "Extended response code",
    "RFC 6891 §6.1.3",
    "Eight more bits in front of the header's four-bit response code.",
);
const VERSION: Words =
    Words::new("dns.resp.edns0_version", "EDNS version", "RFC 6891 §6.1.3", "0 is the only one there is.");
const DNSSEC_OK: Words =
    Words::new("dns.resp.z.do", "DNSSEC OK", "RFC 3225 §3", "The sender wants signatures along with the records.");
const Z: Words =
    Words::new("dns.resp.z", "EDNS flags", "RFC 6891 §6.1.4", "Sixteen more flags; DO is the one in common use.");
const COMPACT_OK: Words = Words::new(
    "dns.resp.z.co",
    "Compact answers OK",
    "RFC 9824 §5.1",
    "The sender takes NXDOMAIN with a proof that says the name is there, as servers that sign while they answer give it.",
);
const Z_REST: Words = Words::new("dns.resp.z.reserved", "Reserved", "RFC 6891 §6.1.4", "Kept zero.");

pub(super) const NS: u16 = 2;
pub(super) const SOA: u16 = 6;

/// What a record says.
#[derive(Default)]
pub(super) struct Record {
    pub(super) kind: u16,
    pub(super) name: String,
    /// The data in short: `10.0.0.80`.
    pub(super) data: String,
    /// With its type: `A 10.0.0.80`.
    pub(super) short: String,
    /// Of EDNS's pseudo record: the bits in front of the response code.
    pub(super) high_code: u16,
}

/// Reads a record of a message whose header has this response `code`.
pub(super) fn read(r: &mut Reader<'_>, section: &str, base: usize, code: u16) -> Option<Record> {
    let mut record = None;
    r.group(&RECORD, |r| {
        record = read_parts(r, base, code);
    });
    r.labelled(format_args!("{section} record"));
    let record = record?;
    r.says(format_args!("{} {}", record.name, record.short));
    Some(record)
}

fn read_parts(r: &mut Reader<'_>, base: usize, code: u16) -> Option<Record> {
    let name = name::read(r, &NAME, base)?;
    let kind = r.u16(&TYPE)?;
    r.means(type_name(kind));
    let (mut high_code, mut class) = (0, 0);
    if kind == rdata::OPT {
        high_code = read_edns(r, code)?;
    } else {
        class = r.hex16(&CLASS)?;
        r.means(class_name(class));
        let ttl = r.u32(&TTL)?;
        r.means(format_args!("may be kept {ttl} seconds"));
    }
    let length = usize::from(r.u16(&LENGTH)?);
    if length > r.left() {
        r.problem_back(2, format_args!("the record says it has {length} bytes of data; {} are left", r.left()));
    }
    // RFC 2136 §2.4, §2.5: in an update classes 254 and 255 without data say which records are meant.
    let is_meant = length == 0 && matches!(class, 254 | 255);
    let data = if is_meant { "(all of them)".to_owned() } else { rdata::read(r, kind, length, base)? };
    let short = format!("{} {data}", type_name(kind));
    Some(Record { kind, name, data, short, high_code })
}

/// RFC 6891 §6.1.2: the OPT record is no fact about a name; its class and TTL mean other things.
fn read_edns(r: &mut Reader<'_>, code: u16) -> Option<u16> {
    let size = r.u16(&PAYLOAD_SIZE)?;
    r.means(format_args!("datagrams of up to {size} bytes"));
    let high = u16::from(r.u8(&EXTENDED_CODE)?);
    if high > 0 {
        r.means(format_args!("with the header's: {}", response_code_name(high << 4 | code)));
    }
    r.u8(&VERSION)?;
    let word = u16::from_be_bytes(*r.ahead().first_chunk()?);
    r.group(&Z, |r| {
        r.flag(&DNSSEC_OK)?;
        r.flag(&COMPACT_OK)?;
        r.number(&Z_REST, 14)
    });
    r.says(format_args!("{word:#06x}"));
    Some(high)
}

/// IANA DNS Resource Record TYPEs; the number itself for those that are rare.
pub(super) fn type_name(kind: u16) -> String {
    let name = match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        39 => "DNAME",
        41 => "OPT",
        43 => "DS",
        44 => "SSHFP",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        50 => "NSEC3",
        51 => "NSEC3PARAM",
        52 => "TLSA",
        59 => "CDS",
        60 => "CDNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        251 => "IXFR",
        252 => "AXFR",
        250 => "TSIG",
        255 => "ANY",
        256 => "URI",
        257 => "CAA",
        // RFC 3597 §5: how an unknown type is written.
        _ => return format!("TYPE{kind}"),
    };
    name.to_owned()
}

pub(super) const fn class_name(class: u16) -> &'static str {
    match class {
        1 => "IN, the Internet",
        3 => "CH, Chaosnet",
        254 => "none",
        255 => "any",
        _ => "another class",
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::decode;

    /// A query in a frame whose OPT record has these flags, decoded: the flags by name.
    fn flags(word: u16) -> [Option<String>; 3] {
        let mut dns = b"\0\x01\x01\x20\0\x01\0\0\0\0\0\x01\x01a\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0".to_vec();
        dns.extend(word.to_be_bytes());
        dns.extend([0, 0]);
        let length = |more: usize| u16::try_from(dns.len() + more).expect("it is short").to_be_bytes();
        let ip = [&[0x45, 0][..], &length(28), &[0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]].concat();
        let udp = [&[0xc0, 0, 0, 53][..], &length(8), &[0, 0]].concat();
        let frame = [&[2; 12][..], &[8, 0], &ip, &udp, &dns].concat();
        let decoded = decode(&frame);
        ["dns.resp.z.do", "dns.resp.z.co", "dns.resp.z.reserved"].map(|it| decoded.field(it).map(|it| it.value.clone()))
    }

    #[test]
    fn the_flags_of_edns_are_told_apart() {
        let told = |word| flags(word).map(|it| it.expect("it is there"));
        let [none, dnssec, compact, both] = [0, 0x8000, 0x4000, 0xc001].map(told);
        assert_eq!([&none[0], &none[1]], [&dnssec[1], &compact[0]]);
        assert_ne!(none[0], dnssec[0]);
        assert_ne!(none[1], compact[1]);
        assert_eq!([&both[0], &both[1]], [&dnssec[0], &compact[1]]);
        assert_eq!([none[2].as_str(), both[2].as_str()], ["0", "1"]);
    }
}
