//! IGMP: hosts tell the routers of their link which groups they want to hear. RFC 2236, RFC 3376.
use etherparse::checksum::Sum16BitWords;

use super::checksum;
use super::reader::{Reader, Words};
use super::walk::Facts;

const V2: &str = "RFC 2236 §2";
const QUERY: &str = "RFC 3376 §4.1";
const REPORT: &str = "RFC 3376 §4.2";

const TYPE: Words = Words::new("igmp.type", "Type", V2, "A router asks, a host reports or leaves.");
const MAX_RESPONSE: Words = Words::new(
    "igmp.max_resp",
    "Most time to answer",
    V2,
    "In tenths of a second: hosts wait a random part of it, so that not all answer at once.",
);
const CHECKSUM: Words =
    Words::new("igmp.checksum", "Checksum", V2, "Covers the whole message, without a pseudo header.");
const GROUP: Words =
    Words::new("igmp.maddr", "Group address", V2, "The group asked about or reported; 0 asks for all.");
const RESERVED: Words = Words::new("igmp.reserved", "Reserved", REPORT, "Kept zero.");
const SUPPRESS_RESERVED: Words = Words::new("igmp.reserved_bits", "Reserved", QUERY, "Kept zero.");
const SUPPRESS: Words =
    Words::new("igmp.s", "Suppress router processing", QUERY, "Set: other routers shall not shorten their timers.");
const ROBUSTNESS: Words =
    Words::new("igmp.qrv", "Robustness", QUERY, "How many losses in a row the querier reckons with.");
const INTERVAL: Words = Words::new("igmp.qqic", "Query interval", QUERY, "Seconds between the querier's questions.");
const SOURCES: Words = Words::new("igmp.num_src", "Sources", QUERY, "How many source addresses follow.");
const SOURCE: Words = Words::new("igmp.saddr", "Source address", QUERY, "A sender of the group that is (un)wanted.");
const RECORDS: Words = Words::new("igmp.num_grp_recs", "Group records", REPORT, "How many groups are reported.");
const RECORD: Words =
    Words::new("igmp.group_record", "Group record", REPORT, "One group and the senders wanted in it.");
const RECORD_TYPE: Words = Words::new(
    "igmp.record_type",
    "Record type",
    "RFC 3376 §4.2.12",
    "Whether the list says which senders are wanted or which are not.",
);
const AUXILIARY: Words =
    Words::new("igmp.aux_data_len", "Length of extra data", REPORT, "In 4 bytes; none is defined, so it is 0.");
const EXTRA: Words = Words::new("igmp.aux_data", "Extra data", REPORT, "None is defined; receivers ignore it.");
const REST: Words = Words::new("igmp.data", "Data", V2, "Bytes a message of this type does not have.");

/// Reads the message.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    let long = r.left() >= 12;
    let kind = r.u8(&TYPE)?;
    r.says(format_args!("{kind:#04x}"));
    let name = type_name(kind);
    r.means(name);
    facts.summary = format!("IGMP {name}");
    let code = *r.ahead().first()?;
    // RFC 1112: version 1 does not use the byte; its query is told by the 0 in it (RFC 3376 §7.1).
    if matches!(kind, 0x12 | 0x22) || kind == 0x11 && !long && code == 0 {
        r.raw(&RESERVED, 1)?;
    } else if matches!(kind, 0x11 | 0x16 | 0x17) {
        r.u8(&MAX_RESPONSE)?;
        says_coded(r, code, long);
    } else {
        r.raw(&REST, 1)?;
        r.because("A message of this type is not taken apart here.");
    }
    let verdict = facts.incomplete.map_or_else(|| Ok(checksum::judge(Sum16BitWords::new(), r.whole(), 2)), Err);
    checksum::read(r, &CHECKSUM, verdict)?;
    if kind == 0x22 {
        read_report(r, facts)?;
    } else {
        let group = r.ipv4(&GROUP)?;
        facts.summary = format!("IGMP {name} {group}");
        if kind == 0x11 && long {
            read_query(r)?;
        }
    }
    r.rest(&REST);
    Some(())
}

/// Large values of version 3 are coded with an exponent. RFC 3376 §4.1.1.
fn says_coded(r: &mut Reader<'_>, code: u8, version3: bool) {
    if version3 && code >= 128 {
        r.says((u32::from(code & 0x0f) | 0x10) << (u32::from(code >> 4 & 7) + 3));
        r.means(format_args!("written {code:#04x}: four bits of number, three of exponent"));
    }
}

fn read_query(r: &mut Reader<'_>) -> Option<()> {
    r.number(&SUPPRESS_RESERVED, 4)?;
    r.flag(&SUPPRESS)?;
    r.number(&ROBUSTNESS, 3)?;
    r.u8(&INTERVAL)?;
    let sources = r.u16(&SOURCES)?;
    (0..sources).try_for_each(|_| r.ipv4(&SOURCE).map(drop))
}

fn read_report(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    r.raw(&RESERVED, 2)?;
    let records = r.u16(&RECORDS)?;
    facts.summary = format!("IGMP membership report of {records} groups");
    for _ in 0..records {
        let mut said = None;
        r.group(&RECORD, |r| {
            let kind = r.u8(&RECORD_TYPE)?;
            r.means(record_name(kind));
            let extra = usize::from(r.u8(&AUXILIARY)?) * 4;
            let sources = r.u16(&SOURCES)?;
            let group = r.ipv4(&GROUP)?;
            (0..sources).try_for_each(|_| r.ipv4(&SOURCE).map(drop))?;
            if extra > 0 {
                r.raw(&EXTRA, extra)?;
            }
            said = Some(format!("{group}: {}", record_name(kind)));
            Some(())
        });
        r.says(said?);
    }
    Some(())
}

/// RFC 2236 §2.1, RFC 3376 §4.
const fn type_name(kind: u8) -> &'static str {
    match kind {
        0x11 => "membership query",
        0x12 => "membership report v1",
        0x16 => "membership report v2",
        0x17 => "leave group",
        0x22 => "membership report v3",
        _ => "another message",
    }
}

/// RFC 3376 §4.2.12; MLDv2 has the same numbers (RFC 3810 §5.2.12).
pub(super) const fn record_name(kind: u8) -> &'static str {
    match kind {
        1 => "only from the senders listed",
        2 => "from all but the senders listed",
        3 => "from now on only from the senders listed",
        4 => "from now on from all but the senders listed",
        5 => "also from the senders listed",
        6 => "no longer from the senders listed",
        _ => "another kind of record",
    }
}
