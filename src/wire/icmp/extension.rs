//! What an ICMP error says beyond the packet it quotes: labels of MPLS, the interface it came in by. RFC 4884.
use etherparse::checksum::Sum16BitWords;

use crate::wire::checksum;
use crate::wire::reader::{Reader, Words};
use crate::wire::walk::Next;

const SOURCE: &str = "RFC 4884 §7";
const OBJECTS: &str = "RFC 4884 §8";
const MPLS: &str = "RFC 4950 §5";

const VERSION: Words = Words::new("icmp.ext.version", "Version", SOURCE, "2 is the only one there is.");
const RESERVED: Words = Words::new("icmp.ext.res", "Reserved", SOURCE, "Kept zero.");
const CHECKSUM: Words =
    Words::new("icmp.ext.checksum", "Extension checksum", SOURCE, "Covers the extensions; 0 means none was made.");
const OBJECT: Words = Words::new(
    "icmp.ext.object",
    "Extension object",
    OBJECTS,
    "One more fact about why and where the packet was dropped.",
);
const LENGTH: Words =
    Words::new("icmp.ext.length", "Length", OBJECTS, "The whole object, so that unknown ones can be stepped over.");
const CLASS: Words = Words::new("icmp.ext.class", "Class", OBJECTS, "What the object is about.");
const KIND: Words = Words::new("icmp.ext.ctype", "Type", OBJECTS, "What it says about that.");
const LABEL: Words = Words::new(
    "icmp.mpls.label",
    "MPLS label",
    MPLS,
    "The label the packet wore when it was dropped: traceroute shows that a provider's network forwards by labels.",
);
const CLASS_OF_TRAFFIC: Words = Words::new("icmp.mpls.exp", "Traffic class", MPLS, "How the packet was to be treated.");
const BOTTOM: Words = Words::new("icmp.mpls.s", "Bottom of stack", MPLS, "Set on the last label.");
const TTL: Words = Words::new("icmp.mpls.ttl", "Time to live", MPLS, "The label's own hop count.");
const DATA: Words = Words::new(
    "icmp.ext.data",
    "Object data",
    OBJECTS,
    "Its form depends on class and type, which this program does not take apart.",
);
const LEFT_OVER: Words =
    Words::new("_ws.malformed", "Unreadable", OBJECTS, "An object's length leads out of the message.");

/// Reads the header and its objects.
pub(in crate::wire) fn read(r: &mut Reader<'_>) -> Option<Next> {
    if read_all(r).is_none() || r.left() > 0 {
        let here = r.position();
        r.problem(here..r.end(), "the extensions cannot be read to their end");
        r.rest(&LEFT_OVER);
    }
    None
}

fn read_all(r: &mut Reader<'_>) -> Option<()> {
    let verdict = match r.whole().get(2..4) {
        Some([0, 0]) => Err("none was made"),
        _ => Ok(checksum::judge(Sum16BitWords::new(), r.whole(), 2)),
    };
    r.number(&VERSION, 4)?;
    r.number(&RESERVED, 12)?;
    checksum::read(r, &CHECKSUM, verdict)?;
    while r.left() > 0 {
        let length = usize::from(u16::from_be_bytes(*r.ahead().first_chunk()?));
        if length < 4 || length > r.left() {
            return None;
        }
        r.group(&OBJECT, |r| read_object(r, length))?;
    }
    Some(())
}

fn read_object(r: &mut Reader<'_>, length: usize) -> Option<()> {
    r.u16(&LENGTH)?;
    let class = r.u8(&CLASS)?;
    // IANA ICMP Extension Object Classes.
    r.means(match class {
        1 => "labels of MPLS",
        2 => "interface information (RFC 5837)",
        3 => "interface identification (RFC 8335)",
        _ => "another class",
    });
    r.u8(&KIND)?;
    r.within(length - 4, &DATA, |r| {
        while class == 1 && r.left() >= 4 {
            r.number(&LABEL, 20);
            r.number(&CLASS_OF_TRAFFIC, 3);
            r.flag(&BOTTOM);
            r.u8(&TTL);
        }
    })
}
