//! Multicast listener discovery: which groups the hosts of a link want to hear. RFC 2710 (v1), RFC 3810 (v2).
use crate::wire::igmp::record_name;
use crate::wire::reader::{Reader, Words};
use crate::wire::walk::Facts;

const V1: &str = "RFC 2710 §3";
const QUERY: &str = "RFC 3810 §5.1";
const REPORT: &str = "RFC 3810 §5.2";

const DELAY: Words = Words::new(
    "icmpv6.mld.maximum_response_delay",
    "Most time to answer",
    "RFC 2710 §3.4",
    "In milliseconds: hosts wait a random part of it, so that not all answer at once.",
);
const DELAY_CODE: Words = Words::new(
    "icmpv6.mld.maximum_response_code",
    "Most time to answer",
    "RFC 3810 §5.1.3",
    "In milliseconds, above 32767 as a small floating-point number: hosts wait a random part of it.",
);
const RESERVED: Words = Words::new("icmpv6.reserved", "Reserved", V1, "Kept zero.");
const GROUP: Words = Words::new(
    "icmpv6.mld.multicast_address",
    "Group address",
    V1,
    "The group asked about, reported or left; all zeros asks for all.",
);
const FLAGS: Words = Words::new("icmpv6.mld.flag", "Flags", QUERY, "What routers other than the querier do with it.");
const FLAGS_RESERVED: Words = Words::new("icmpv6.mld.flag.reserved", "Reserved", QUERY, "Kept zero.");
const SUPPRESS: Words = Words::new(
    "icmpv6.mld.flag.s",
    "Suppress router processing",
    "RFC 3810 §5.1.7",
    "Set: other routers shall not shorten their timers.",
);
const ROBUSTNESS: Words = Words::new(
    "icmpv6.mld.flag.qrv",
    "Robustness",
    "RFC 3810 §5.1.8",
    "How many losses in a row the querier reckons with.",
);
const INTERVAL: Words =
    Words::new("icmpv6.mld.qqi", "Query interval", "RFC 3810 §5.1.9", "Seconds between the querier's questions.");
const SOURCES: Words = Words::new("icmpv6.mld.nb_sources", "Sources", QUERY, "How many source addresses follow.");
const SOURCE: Words =
    Words::new("icmpv6.mld.source_address", "Source address", QUERY, "A sender of the group that is asked about.");
const RECORDS: Words =
    Words::new("icmpv6.mldr.nb_mcast_records", "Group records", REPORT, "How many groups are reported.");
const RECORD: Words = Words::new("icmpv6.mldr.mar", "Group record", REPORT, "One group and the senders wanted in it.");
const RECORD_TYPE: Words = Words::new(
    "icmpv6.mldr.mar.record_type",
    "Record type",
    "RFC 3810 §5.2.12",
    "Whether the list says which senders are wanted or which are not; an empty list of unwanted ones means all are.",
);
const AUXILIARY: Words = Words::new(
    "icmpv6.mldr.mar.aux_data_len",
    "Length of extra data",
    "RFC 3810 §5.2.6",
    "In 4 bytes; none is defined, so it is 0.",
);
const RECORD_SOURCES: Words =
    Words::new("icmpv6.mldr.mar.nb_sources", "Sources", REPORT, "How many source addresses follow.");
const RECORD_GROUP: Words = Words::new(
    "icmpv6.mldr.mar.multicast_address",
    "Group address",
    REPORT,
    "The group. A host joins one for each of its addresses: neighbor solicitations are sent there.",
);
const RECORD_SOURCE: Words =
    Words::new("icmpv6.mldr.mar.source_address", "Source address", REPORT, "A sender that is wanted or not.");
const EXTRA: Words = Words::new(
    "icmpv6.mldr.mar.auxiliary_data",
    "Extra data",
    "RFC 3810 §5.2.10",
    "None is defined; receivers ignore it.",
);
const REST: Words = Words::new(
    "icmpv6.data",
    "Bytes after the message",
    "RFC 3810 §5.1.12",
    "Counted in the checksum and otherwise ignored.",
);

/// Reads what follows the checksum.
pub(super) fn read(r: &mut Reader<'_>, kind: u8, facts: &mut Facts) -> Option<()> {
    match kind {
        143 => read_report(r, facts)?,
        // RFC 3810 §8.1: a query of 28 bytes or more is one of version 2; 4 of them are read.
        130 if r.left() >= 24 => read_query(r, facts)?,
        _ => {
            r.u16(&DELAY)?;
            r.raw(&RESERVED, 2)?;
            let group = r.ipv6(&GROUP)?;
            facts.summary.push_str(&format!(" {group}"));
        }
    }
    r.rest(&REST);
    Some(())
}

fn read_query(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    r.u16(&DELAY_CODE)?;
    r.raw(&RESERVED, 2)?;
    let group = r.ipv6(&GROUP)?;
    facts.summary.push_str(&if group.is_unspecified() { " for all groups".to_owned() } else { format!(" {group}") });
    let flags = *r.ahead().first()?;
    r.group(&FLAGS, |r| {
        r.number(&FLAGS_RESERVED, 4)?;
        r.flag(&SUPPRESS)?;
        r.number(&ROBUSTNESS, 3)
    })?;
    r.says(format_args!("{flags:#04x}"));
    r.u8(&INTERVAL)?;
    let sources = r.u16(&SOURCES)?;
    (0..sources).try_for_each(|_| r.ipv6(&SOURCE).map(drop))
}

fn read_report(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    r.raw(&RESERVED, 2)?;
    let records = r.u16(&RECORDS)?;
    let mut first = None;
    for _ in 0..records {
        let mut said = None;
        r.group(&RECORD, |r| {
            said = read_record(r);
        });
        let said = said?;
        r.says(&said);
        first.get_or_insert(said);
    }
    let more = if records > 1 { format!(" and {} more", records - 1) } else { String::new() };
    facts.summary.push_str(&format!(" {}{more}", first.unwrap_or_default()));
    Some(())
}

fn read_record(r: &mut Reader<'_>) -> Option<String> {
    let kind = r.u8(&RECORD_TYPE)?;
    r.means(record_name(kind));
    let extra = usize::from(r.u8(&AUXILIARY)?) * 4;
    let sources = r.u16(&RECORD_SOURCES)?;
    let group = r.ipv6(&RECORD_GROUP)?;
    (0..sources).try_for_each(|_| r.ipv6(&RECORD_SOURCE).map(drop))?;
    if extra > 0 {
        r.raw(&EXTRA, extra)?;
    }
    let verb = match (kind, sources) {
        (2 | 4, 0) => "joins",
        (1 | 3, 0) => "leaves",
        _ => "names senders of",
    };
    Some(format!("{verb} {group}"))
}
