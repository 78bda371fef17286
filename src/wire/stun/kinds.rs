//! What a STUN message is, and its attributes by number.
use crate::wire::reader::Words;

/// The method of a message type: its bits 0 to 3, 5 to 7 and 9 to 13. RFC 8489 §18.2, RFC 8656 §17, RFC 6062 §6.1.
pub(super) const fn method(kind: u16) -> &'static str {
    match kind & 0x3eef {
        0x001 => "Binding",
        0x003 => "Allocate",
        0x004 => "Refresh",
        0x006 => "Send",
        0x007 => "Data",
        0x008 => "CreatePermission",
        0x009 => "ChannelBind",
        0x00a => "Connect",
        0x00b => "ConnectionBind",
        0x00c => "ConnectionAttempt",
        _ => "unknown method",
    }
}

/// The class of a message type: its bits 4 and 8. RFC 8489 §5.
pub(super) const fn class(kind: u16) -> &'static str {
    match kind & 0x0110 {
        0x000 => "request",
        0x010 => "indication",
        0x100 => "success response",
        _ => "error response",
    }
}

/// How an attribute's value is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Address,
    XorAddress,
    Text,
    Bytes,
    Algorithms,
    Crc,
    Error,
    Attributes,
    Channel,
    Seconds,
    Family,
    EvenPort,
    Transport,
    Priority,
    Number64,
    Empty,
    Data,
}

/// An attribute by its number.
pub(super) struct Kind {
    pub(super) number: u16,
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// What its value is, where it is no number or address.
    pub(super) value: Words,
}

const fn kind(
    (number, name, shape): (u16, &'static str, Shape),
    field: &'static str,
    source: &'static str,
    why: &'static str,
) -> Kind {
    Kind { number, name, shape, value: Words::new(field, name, source, why) }
}

/// The attributes in use. IANA, STUN Attributes.
pub(super) const KINDS: &[Kind] = &[
    kind(
        (0x0001, "MAPPED-ADDRESS", Shape::Address),
        "stun.att.ipv4",
        "RFC 8489 §14.1",
        "The sender's address as the server saw it, in the clear: NATs that rewrite addresses inside packets spoil it.",
    ),
    kind(
        (0x0006, "USERNAME", Shape::Text),
        "stun.att.username",
        "RFC 8489 §14.3",
        "Whose password the integrity was made with; in ICE both ends' names with a colon between.",
    ),
    kind(
        (0x0008, "MESSAGE-INTEGRITY", Shape::Bytes),
        "stun.att.hmac",
        "RFC 8489 §14.5",
        "HMAC-SHA1 of the message up to here: only who has the password can have made it. What follows it is not covered.",
    ),
    kind(
        (0x0009, "ERROR-CODE", Shape::Error),
        "stun.att.error",
        "RFC 8489 §14.8",
        "Why there is no success: class and number, as in HTTP.",
    ),
    kind(
        (0x000a, "UNKNOWN-ATTRIBUTES", Shape::Attributes),
        "stun.att.unknown",
        "RFC 8489 §14.13",
        "What the receiver would have had to understand, and did not: goes with the error 420.",
    ),
    kind(
        (0x000c, "CHANNEL-NUMBER", Shape::Channel),
        "stun.att.channelnum",
        "RFC 8656 §18.1",
        "The short name for a peer that the client asks for.",
    ),
    kind(
        (0x000d, "LIFETIME", Shape::Seconds),
        "stun.att.lifetime",
        "RFC 8656 §18.2",
        "How long the relay keeps the allocation without a refresh; 0 gives it back.",
    ),
    kind(
        (0x0012, "XOR-PEER-ADDRESS", Shape::XorAddress),
        "stun.att.ipv4",
        "RFC 8656 §18.3",
        "The peer as the relay sees it.",
    ),
    kind((0x0013, "DATA", Shape::Data), "stun.value", "RFC 8656 §18.4", "What goes to the peer, or came from it."),
    kind(
        (0x0014, "REALM", Shape::Text),
        "stun.att.realm",
        "RFC 8489 §14.9",
        "Which passwords are meant: a client without credentials learns it from the error 401.",
    ),
    kind(
        (0x0015, "NONCE", Shape::Text),
        "stun.att.nonce",
        "RFC 8489 §14.10",
        "From the server, good for a while: a recorded request cannot be sent again for ever.",
    ),
    kind(
        (0x0016, "XOR-RELAYED-ADDRESS", Shape::XorAddress),
        "stun.att.ipv4",
        "RFC 8656 §18.5",
        "The relay's own address that stands for the client: peers send there.",
    ),
    kind(
        (0x0017, "REQUESTED-ADDRESS-FAMILY", Shape::Family),
        "stun.att.family",
        "RFC 8656 §18.6",
        "Whether the relayed address shall be of IPv4 or IPv6.",
    ),
    kind(
        (0x0018, "EVEN-PORT", Shape::EvenPort),
        "stun.att.even-port.reserve-next",
        "RFC 8656 §18.7",
        "An even port is wanted, as RTP has; set, the next one is kept for RTCP.",
    ),
    kind(
        (0x0019, "REQUESTED-TRANSPORT", Shape::Transport),
        "stun.att.transp",
        "RFC 8656 §18.8",
        "What the relay shall speak to the peer, as IP's protocol number.",
    ),
    kind(
        (0x001a, "DONT-FRAGMENT", Shape::Empty),
        "stun.value",
        "RFC 8656 §18.9",
        "The relay shall set DF, so that the client can find the path's MTU.",
    ),
    kind(
        (0x001c, "MESSAGE-INTEGRITY-SHA256", Shape::Bytes),
        "stun.value",
        "RFC 8489 §14.6",
        "As MESSAGE-INTEGRITY, with SHA-256; it may be cut to 16 bytes.",
    ),
    kind(
        (0x001d, "PASSWORD-ALGORITHM", Shape::Algorithms),
        "stun.att.pw_alg",
        "RFC 8489 §14.12",
        "How the client made its key of the password.",
    ),
    kind(
        (0x001e, "USERHASH", Shape::Bytes),
        "stun.value",
        "RFC 8489 §14.4",
        "SHA-256 of name and realm, in place of the name that everybody on the way could read.",
    ),
    kind(
        (0x0020, "XOR-MAPPED-ADDRESS", Shape::XorAddress),
        "stun.att.ipv4",
        "RFC 8489 §14.2",
        "The sender's address as the server saw it: what it came to ask. XORed, so that no NAT on the way takes it for its own.",
    ),
    kind(
        (0x0022, "RESERVATION-TOKEN", Shape::Bytes),
        "stun.att.token",
        "RFC 8656 §18.10",
        "Names the port that was kept, for the next allocation.",
    ),
    kind(
        (0x0024, "PRIORITY", Shape::Priority),
        "stun.att.priority",
        "RFC 8445 §7.1.1",
        "What the candidate that this check finds, if it is a new one, would be worth.",
    ),
    kind(
        (0x0025, "USE-CANDIDATE", Shape::Empty),
        "stun.value",
        "RFC 8445 §7.1.2",
        "The controlling end has chosen this pair.",
    ),
    kind(
        (0x8000, "ADDITIONAL-ADDRESS-FAMILY", Shape::Family),
        "stun.att.family",
        "RFC 8656 §18.11",
        "An IPv6 address is wanted besides the IPv4 one.",
    ),
    kind(
        (0x8002, "PASSWORD-ALGORITHMS", Shape::Algorithms),
        "stun.att.pw_alg",
        "RFC 8489 §14.11",
        "The ways of making the key that the server takes, the best first.",
    ),
    kind(
        (0x8003, "ALTERNATE-DOMAIN", Shape::Text),
        "stun.value",
        "RFC 8489 §14.16",
        "The name that the other server's certificate must prove.",
    ),
    kind(
        (0x8022, "SOFTWARE", Shape::Text),
        "stun.att.software",
        "RFC 8489 §14.14",
        "Which program sent it: for people who look for a fault.",
    ),
    kind(
        (0x8023, "ALTERNATE-SERVER", Shape::Address),
        "stun.att.ipv4",
        "RFC 8489 §14.15",
        "Another server that the client shall ask; goes with the error 300.",
    ),
    kind(
        (0x8028, "FINGERPRINT", Shape::Crc),
        "stun.att.crc32",
        "RFC 8489 §14.7",
        "CRC-32 of all before it, XORed with 0x5354554e: tells STUN from other traffic of the port. It proves nothing about who sent it.",
    ),
    kind(
        (0x8029, "ICE-CONTROLLED", Shape::Number64),
        "stun.att.tie-breaker",
        "RFC 8445 §7.1.3",
        "The sender takes the other end for the one that chooses; where both do, the larger number wins.",
    ),
    kind(
        (0x802a, "ICE-CONTROLLING", Shape::Number64),
        "stun.att.tie-breaker",
        "RFC 8445 §7.1.3",
        "The sender takes itself for the one that chooses; where both do, the larger number wins.",
    ),
];
