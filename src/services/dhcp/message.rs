//! A DHCP message between bytes and named fields (RFC 2131 §2, options of RFC 2132); damaged bytes give `None`.
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Bytes before the options, and the four that open them (RFC 2131 §3).
const FIXED: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// A BOOTP message is padded to this (RFC 1542 §2.1).
const SMALLEST: usize = 300;

/// Option codes (RFC 2132).
const MASK: u8 = 1;
const ROUTER: u8 = 3;
const DNS: u8 = 6;
const REQUESTED: u8 = 50;
const LEASE: u8 = 51;
const KIND: u8 = 53;
const SERVER: u8 = 54;
const WANTED: u8 = 55;
const TEXT: u8 = 56;
const T1: u8 = 58;
const T2: u8 = 59;
const CLIENT_ID: u8 = 61;
const PAD: u8 = 0;
const END: u8 = 255;

/// What a message is (RFC 2132 §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Discover,
    Offer,
    Request,
    Decline,
    Ack,
    Nak,
    Release,
}

const KINDS: [(Kind, u8, &str); 7] = [
    (Kind::Discover, 1, "DISCOVER"),
    (Kind::Offer, 2, "OFFER"),
    (Kind::Request, 3, "REQUEST"),
    (Kind::Decline, 4, "DECLINE"),
    (Kind::Ack, 5, "ACK"),
    (Kind::Nak, 6, "NAK"),
    (Kind::Release, 7, "RELEASE"),
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(KINDS.iter().find(|it| it.0 == *self).map_or("?", |it| it.2))
    }
}

/// A message. An address nobody has given is 0.0.0.0; times are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub kind: Kind,
    pub xid: u32,
    /// Relays it has passed.
    pub hops: u8,
    /// Seconds since the client began.
    pub secs: u16,
    /// The client hears only what goes to everybody, having no address yet.
    pub broadcast: bool,
    /// `ciaddr`: the address the client has and uses.
    pub client: Ipv4Addr,
    /// `yiaddr`: the address the client gets.
    pub yours: Ipv4Addr,
    /// `giaddr`: the relay it came through.
    pub relay: Ipv4Addr,
    pub mac: [u8; 6],
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 54.
    pub server: Option<Ipv4Addr>,
    /// Option 51.
    pub lease: Option<Duration>,
    /// Options 58 and 59.
    pub t1: Option<Duration>,
    pub t2: Option<Duration>,
    /// Option 1, as a prefix length.
    pub prefix: Option<u8>,
    /// Options 3 (the first) and 6.
    pub router: Option<Ipv4Addr>,
    pub dns: Vec<Ipv4Addr>,
    /// Option 56: why not.
    pub text: Option<String>,
}

impl Message {
    /// A message with nothing but its kind, its number and the client's MAC.
    #[must_use]
    pub const fn new(kind: Kind, xid: u32, mac: [u8; 6]) -> Self {
        let none = Ipv4Addr::UNSPECIFIED;
        Self {
            kind,
            xid,
            hops: 0,
            secs: 0,
            broadcast: false,
            client: none,
            yours: none,
            relay: none,
            mac,
            requested: None,
            server: None,
            lease: None,
            t1: None,
            t2: None,
            prefix: None,
            router: None,
            dns: Vec::new(),
            text: None,
        }
    }

    /// Whether a server sent it.
    #[must_use]
    pub const fn is_reply(&self) -> bool {
        matches!(self.kind, Kind::Offer | Kind::Ack | Kind::Nak)
    }

    /// The bytes that UDP carries.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![if self.is_reply() { 2 } else { 1 }, 1, 6, self.hops];
        bytes.extend(self.xid.to_be_bytes());
        bytes.extend(self.secs.to_be_bytes());
        bytes.extend([u8::from(self.broadcast) << 7, 0]);
        for address in [self.client, self.yours, Ipv4Addr::UNSPECIFIED, self.relay] {
            bytes.extend(address.octets());
        }
        bytes.extend(self.mac);
        bytes.resize(FIXED, 0);
        bytes.extend(COOKIE);
        self.options(&mut bytes);
        bytes.push(END);
        bytes.resize(bytes.len().max(SMALLEST), PAD);
        bytes
    }

    fn options(&self, bytes: &mut Vec<u8>) {
        let kind = KINDS.iter().find(|it| it.0 == self.kind).map_or(0, |it| it.1);
        option(bytes, KIND, &[kind]);
        if !self.is_reply() {
            // RFC 2132 §9.14: hardware type 1 is Ethernet.
            option(bytes, CLIENT_ID, &[&[1], &self.mac[..]].concat());
        }
        let address = |bytes: &mut Vec<u8>, code, it: Option<Ipv4Addr>| {
            if let Some(it) = it {
                option(bytes, code, &it.octets());
            }
        };
        let time = |bytes: &mut Vec<u8>, code, it: Option<Duration>| {
            if let Some(it) = it {
                option(bytes, code, &u32::try_from(it.as_secs()).unwrap_or(u32::MAX).to_be_bytes());
            }
        };
        address(bytes, REQUESTED, self.requested);
        address(bytes, SERVER, self.server);
        time(bytes, LEASE, self.lease);
        time(bytes, T1, self.t1);
        time(bytes, T2, self.t2);
        address(bytes, MASK, self.prefix.map(mask));
        address(bytes, ROUTER, self.router);
        if !self.dns.is_empty() {
            let all: Vec<u8> = self.dns.iter().take(16).flat_map(Ipv4Addr::octets).collect();
            option(bytes, DNS, &all);
        }
        if let Some(text) = &self.text {
            option(bytes, TEXT, &text.as_bytes()[..text.len().min(255)]);
        }
        if matches!(self.kind, Kind::Discover | Kind::Request) {
            option(bytes, WANTED, &[MASK, ROUTER, DNS, LEASE, T1, T2]);
        }
    }

    /// Reads a message; `None` when it is damaged, no DHCP, or about no Ethernet.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let fixed = bytes.get(..FIXED)?;
        let options = bytes.get(FIXED..)?.strip_prefix(&COOKIE)?;
        let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(fixed.get(at..at + 4)?).ok()?));
        (fixed[1..3] == [1, 6]).then_some(())?;
        let xid = u32::from_be_bytes(fixed[4..8].try_into().ok()?);
        let mut message = Self::new(Kind::Discover, xid, fixed[28..34].try_into().ok()?);
        message.hops = fixed[3];
        message.secs = u16::from_be_bytes([fixed[8], fixed[9]]);
        message.broadcast = fixed[10] >> 7 == 1;
        (message.client, message.yours, message.relay) = (address(12)?, address(16)?, address(24)?);
        let mut kind = None;
        let mut rest = options;
        while let [code, after @ ..] = rest {
            if *code == PAD {
                rest = after;
                continue;
            }
            if *code == END {
                break;
            }
            let (length, after) = after.split_first()?;
            let (value, after) = after.split_at_checked(usize::from(*length))?;
            if *code == KIND {
                kind = KINDS.iter().find(|it| value == [it.1]).map(|it| it.0);
            }
            message.take(*code, value);
            rest = after;
        }
        message.kind = kind?;
        (message.is_reply() == (fixed[0] == 2)).then_some(message)
    }

    fn take(&mut self, code: u8, value: &[u8]) {
        let words = || value.as_chunks::<4>().0.iter().copied();
        let address = || words().next().map(Ipv4Addr::from);
        let time = || words().next().map(|it| Duration::from_secs(u32::from_be_bytes(it).into()));
        match code {
            REQUESTED => self.requested = address(),
            SERVER => self.server = address(),
            ROUTER => self.router = address(),
            MASK => self.prefix = address().and_then(prefix),
            DNS => self.dns = words().map(Ipv4Addr::from).collect(),
            LEASE => self.lease = time(),
            T1 => self.t1 = time(),
            T2 => self.t2 = time(),
            TEXT => self.text = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
    }
}

fn option(bytes: &mut Vec<u8>, code: u8, value: &[u8]) {
    let length = u8::try_from(value.len()).expect("every value here is cut to 255 bytes");
    bytes.extend([code, length]);
    bytes.extend(value);
}

fn mask(prefix: u8) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0))
}

/// The length of a mask; `None` when its ones are not all in front.
fn prefix(mask: Ipv4Addr) -> Option<u8> {
    let bits = mask.to_bits();
    let ones = bits.leading_ones();
    (ones + bits.trailing_zeros() >= 32).then(|| u8::try_from(ones).expect("at most 32"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Message {
        Message {
            hops: 1,
            secs: 7,
            broadcast: true,
            client: Ipv4Addr::new(10, 0, 0, 5),
            yours: Ipv4Addr::new(10, 0, 0, 6),
            relay: Ipv4Addr::new(10, 0, 0, 7),
            requested: Some(Ipv4Addr::new(10, 0, 0, 8)),
            server: Some(Ipv4Addr::new(10, 0, 0, 1)),
            lease: Some(Duration::from_secs(3600)),
            t1: Some(Duration::from_secs(1800)),
            t2: Some(Duration::from_secs(3150)),
            prefix: Some(24),
            router: Some(Ipv4Addr::new(10, 0, 0, 254)),
            dns: vec![Ipv4Addr::new(10, 0, 0, 53), Ipv4Addr::new(10, 0, 1, 53)],
            text: Some("why not".to_owned()),
            ..Message::new(Kind::Ack, 0x0102_0304, [2, 0, 0, 0, 0, 1])
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (kind, ..) in KINDS {
            let message = Message { kind, ..full() };
            assert_eq!(Message::read(&message.to_bytes()), Some(message));
        }
        assert_eq!(Message::new(Kind::Discover, 1, [2; 6]).to_bytes().len(), 300);
    }

    #[test]
    fn any_cut_and_any_byte_gives_a_message_or_none() {
        let bytes = full().to_bytes();
        for length in 0..FIXED + COOKIE.len() {
            assert_eq!(Message::read(&bytes[..length]), None);
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = Message::read(&damaged);
            }
        }
    }

    #[test]
    fn a_mask_and_its_length_are_one_thing() {
        for length in 0..=32 {
            assert_eq!(prefix(mask(length)), Some(length));
        }
        assert_eq!(prefix(Ipv4Addr::new(255, 0, 255, 0)), None);
    }
}
