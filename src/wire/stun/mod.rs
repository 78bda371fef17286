//! STUN: a host asks how it looks from outside its NAT; and TURN, which relays for it. RFC 8489, RFC 8656.
mod attributes;
mod kinds;

use super::reader::{Reader, Words};
use super::walk::{Facts, Next};

const SOURCE: &str = "RFC 8489 §5";

const TYPE: Words = Words::new(
    "stun.type",
    "Message type",
    SOURCE,
    "Method and class, their bits woven into each other as in the first version of STUN. The first two bits are 0: so it can share \
     a port with media.",
);
const LENGTH: Words = Words::new(
    "stun.length",
    "Message length",
    SOURCE,
    "Of the attributes, without these 20 bytes. All are padded to 4 bytes, so its last two bits are 0.",
);
const COOKIE: Words = Words::new(
    "stun.cookie",
    "Magic cookie",
    SOURCE,
    "Always the same: it tells STUN from other traffic, and a new server that its client knows XOR-MAPPED-ADDRESS.",
);
const TRANSACTION: Words = Words::new(
    "stun.id",
    "Transaction ID",
    SOURCE,
    "Chosen at random for each request and echoed by its answer: who does not see the request cannot guess it.",
);
const CHANNEL: Words = Words::new(
    "stun.channel",
    "Channel number",
    "RFC 8656 §12.4",
    "Stands for the peer it was bound to: 4 bytes of header where an indication has 36.",
);
const CHANNEL_LENGTH: Words =
    Words::new("stun.length", "Length", "RFC 8656 §12.4", "Of the data, without padding; over TCP there may be some.");

/// The value that tells STUN from what else a port carries.
const MAGIC: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
/// The header, before the attributes.
const HEADER: usize = 20;

/// Whether a message begins here: the cookie, and a length that leads to the end of the bytes.
pub(super) fn begins(data: &[u8]) -> bool {
    let [0x00..=0x3f, _, high, low, rest @ ..] = data else { return false };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    rest.starts_with(&MAGIC) && length.is_multiple_of(4) && HEADER + length == data.len()
}

/// Whether data on a channel of TURN begins here (RFC 8656 §12: 0x4000 to 0x4fff).
pub(super) fn begins_channel(data: &[u8]) -> bool {
    let [0x40..=0x4f, _, high, low, rest @ ..] = data else { return false };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    (length..length + 4).contains(&rest.len())
}

/// Reads a message.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    let kind = r.hex16(&TYPE)?;
    let (method, class) = (kinds::method(kind), kinds::class(kind));
    r.means(format_args!("{method} {class}"));
    facts.summary = format!("STUN {method} {class}");
    let length = r.u16(&LENGTH)?;
    r.means("bytes of attributes");
    let cookie = *r.ahead().first_chunk()?;
    r.raw(&COOKIE, 4)?;
    let transaction: [u8; 12] = r.raw(&TRANSACTION, 12)?.try_into().ok()?;
    r.ends_after(HEADER + usize::from(length));
    let mask = attributes::Mask::new(cookie, transaction);
    let said = attributes::read(r, &mask)?;
    if !said.is_empty() {
        facts.summary = format!("STUN {method} {class}, {}", said.join(", "));
    }
    Some(())
}

/// Reads the four bytes before what a channel carries.
pub(super) fn read_channel(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let channel = r.hex16(&CHANNEL)?;
    let length = usize::from(r.u16(&CHANNEL_LENGTH)?);
    r.means("bytes of data");
    facts.summary = format!("TURN channel {channel:#06x}, {length} bytes");
    r.ends_after(4 + length);
    Some(Next::Data("what the peer sent or gets, relayed"))
}

#[cfg(test)]
mod tests {
    use crate::wire::walk::{Next, inside};

    const REQUEST: [u8; 28] = *b"\0\x01\0\x08\x21\x12\xa4\x42transaction!\x80\x28\0\x04\0\0\0\0";

    #[test]
    fn a_wrong_fingerprint_is_told_with_the_right_one() {
        let read = |message: &[u8]| inside(message, 0..message.len(), Next::Stun);
        let mut message = REQUEST;
        let [problem] = &read(&message).problems[..] else { panic!("one problem") };
        assert_eq!(problem.bytes, 24..28);
        let right = problem.text.rsplit("0x").next().expect("a number");
        let right = u32::from_str_radix(right, 16).expect("in hexadecimal");
        message[24..].copy_from_slice(&right.to_be_bytes());
        assert_eq!(read(&message).problems, []);
    }

    #[test]
    fn only_a_whole_message_with_the_cookie_is_one() {
        assert!(super::begins(&REQUEST));
        assert!(!super::begins(&REQUEST[..27]), "cut");
        let mut other = REQUEST;
        other[4] = 0;
        assert!(!super::begins(&other), "another cookie");
        other = REQUEST;
        other[0] = 0x80;
        assert!(!super::begins(&other), "the first bits are RTP's");
    }

    #[test]
    fn an_attribute_that_leads_out_of_the_message_is_a_problem_and_the_rest_stays() {
        let mut message = REQUEST;
        message[23] = 8;
        let decoded = inside(&message, 0..message.len(), Next::Stun);
        assert_eq!(decoded.problems.len(), 1, "{:?}", decoded.problems);
        assert!(decoded.field("stun.id").is_some());
    }
}
