//! Writes captures that Wireshark opens: pcapng, nanoseconds, a comment per packet. IETF draft-ietf-opsawg-pcapng.
//!
//! One file shows what one place saw: a packet that is captured twice on its way looks to Wireshark like a retransmission.

use super::link::LinkType;

/// A place of the capture: an interface of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// As Wireshark shows it: `client-eth0`.
    pub name: String,
}

/// Whether the interface received the packet or sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    In,
    Out,
}

/// A packet as one interface saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured<'a> {
    /// Index into the interfaces of the file.
    pub interface: u32,
    /// Nanoseconds since the run began.
    pub at_ns: u64,
    pub direction: Direction,
    /// The Ethernet frame, without preamble and FCS.
    pub bytes: &'a [u8],
    pub comment: Option<&'a str>,
}

pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
pub(super) const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;
pub(super) const DECRYPTION_SECRETS: u32 = 10;
/// What a section header begins with, in the order that all its numbers are in.
pub(super) const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// The kind of secrets: a TLS key log.
pub(super) const TLS_KEY_LOG: u32 = 0x544c_534b;

pub(super) const OPT_COMMENT: u16 = 1;
pub(super) const IF_NAME: u16 = 2;
pub(super) const IF_TSRESOL: u16 = 9;
pub(super) const EPB_FLAGS: u16 = 2;
const SHB_USERAPPL: u16 = 4;
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;

/// An option's length has 16 bits.
const LONGEST_OPTION: usize = u16::MAX as usize;

/// The file. Packets are written in the order given; readers expect them by time.
#[must_use]
pub fn write<'a>(interfaces: &[Interface], packets: impl IntoIterator<Item = Captured<'a>>) -> Vec<u8> {
    write_with_secrets(interfaces, "", packets)
}

/// The same with what deciphers its TLS, in the SSLKEYLOGFILE format: Wireshark then needs nothing else.
#[must_use]
pub fn write_with_secrets<'a>(
    interfaces: &[Interface],
    secrets: &str,
    packets: impl IntoIterator<Item = Captured<'a>>,
) -> Vec<u8> {
    let mut file = Vec::new();
    section(&mut file, &[]);
    for interface in interfaces {
        describe(&mut file, &interface.name, LinkType::Ethernet);
    }
    if !secrets.is_empty() {
        deciphering(&mut file, secrets);
    }
    for packet in packets {
        let length = u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX);
        let Captured { interface, at_ns, direction, bytes, comment } = packet;
        enhanced(&mut file, &Record { interface, at_ns, direction: Some(direction), length, bytes, comment });
    }
    file
}

/// A packet as it is written.
pub(super) struct Record<'a> {
    pub(super) interface: u32,
    pub(super) at_ns: u64,
    pub(super) direction: Option<Direction>,
    /// How long it was on the wire.
    pub(super) length: u32,
    pub(super) bytes: &'a [u8],
    pub(super) comment: Option<&'a str>,
}

/// What a file begins with, and what was noted about it as a whole.
pub(super) fn section(file: &mut Vec<u8>, comments: &[String]) {
    let mut body = Vec::new();
    body.extend(BYTE_ORDER.to_le_bytes());
    body.extend([1, 0, 0, 0]); // version 1.0
    body.extend((-1_i64).to_le_bytes()); // section length: not given
    comments.iter().for_each(|it| option(&mut body, OPT_COMMENT, it.as_bytes()));
    option(&mut body, SHB_USERAPPL, concat!("Roundtrip ", env!("CARGO_PKG_VERSION")).as_bytes());
    option(&mut body, 0, &[]);
    block(file, SECTION_HEADER, &body);
}

/// An interface; its times count nanoseconds, and there is no limit on a packet's length.
pub(super) fn describe(file: &mut Vec<u8>, name: &str, link: LinkType) {
    describe_cut(file, name, link, 0);
}

/// An interface whose packets are cut to so many bytes, 0 being no limit.
pub(super) fn describe_cut(file: &mut Vec<u8>, name: &str, link: LinkType, most: u32) {
    let mut body = Vec::new();
    body.extend(link.number().to_le_bytes());
    body.extend([0, 0]);
    body.extend(most.to_le_bytes());
    if !name.is_empty() {
        option(&mut body, IF_NAME, name.as_bytes());
    }
    option(&mut body, IF_TSRESOL, &[9]); // times count 10^-9 seconds
    option(&mut body, 0, &[]);
    block(file, INTERFACE_DESCRIPTION, &body);
}

/// The secrets stand before the packets they open.
pub(super) fn deciphering(file: &mut Vec<u8>, secrets: &str) {
    let mut body = Vec::new();
    body.extend(TLS_KEY_LOG.to_le_bytes());
    body.extend(u32::try_from(secrets.len()).unwrap_or(u32::MAX).to_le_bytes());
    padded(&mut body, secrets.as_bytes());
    block(file, DECRYPTION_SECRETS, &body);
}

/// A packet with all that is known of it.
pub(super) fn enhanced(file: &mut Vec<u8>, packet: &Record<'_>) {
    let captured = u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX);
    let mut body = Vec::new();
    body.extend(packet.interface.to_le_bytes());
    time(&mut body, packet.at_ns);
    body.extend(captured.to_le_bytes());
    body.extend(packet.length.to_le_bytes());
    padded(&mut body, packet.bytes);
    if let Some(comment) = packet.comment {
        option(&mut body, OPT_COMMENT, comment.as_bytes());
    }
    let flags: Option<u32> = packet.direction.map(|it| match it {
        Direction::In => 1,
        Direction::Out => 2,
    });
    if let Some(flags) = flags {
        option(&mut body, EPB_FLAGS, &flags.to_le_bytes());
    }
    option(&mut body, 0, &[]);
    block(file, ENHANCED_PACKET, &body);
}

/// What was counted at the first interface, up to that time: packets received, and those of them for which the system had no
/// room. As dumpcap does, these stand as the interface's, too: that is where Wireshark looks.
pub(super) fn statistics(file: &mut Vec<u8>, at_ns: u64, (received, dropped): (u64, u64)) {
    let mut body = 0_u32.to_le_bytes().to_vec();
    time(&mut body, at_ns);
    for (code, count) in [(ISB_IFRECV, received), (ISB_IFDROP, dropped), (ISB_OSDROP, dropped)] {
        option(&mut body, code, &count.to_le_bytes());
    }
    option(&mut body, 0, &[]);
    block(file, INTERFACE_STATISTICS, &body);
}

/// A time has its upper half first, whatever the order of the bytes.
fn time(body: &mut Vec<u8>, at_ns: u64) {
    for word in [at_ns >> 32, at_ns & 0xffff_ffff] {
        body.extend(u32::try_from(word).unwrap_or(u32::MAX).to_le_bytes());
    }
}

/// A packet of the first interface whose time nobody knows, whole.
pub(super) fn simple(file: &mut Vec<u8>, bytes: &[u8]) {
    let mut body = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    padded(&mut body, bytes);
    block(file, SIMPLE_PACKET, &body);
}

/// A block says its length before and after its body, so that files can be read backwards.
fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX);
    file.extend(kind.to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(body);
    file.extend(length.to_le_bytes());
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..whole(value, LONGEST_OPTION)];
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    padded(body, value);
}

/// How many bytes of a text of at most so many are whole characters.
fn whole(text: &[u8], most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    // A byte that goes on with a character begins with 10.
    (most.saturating_sub(3)..=most).rev().find(|at| text[*at] & 0xc0 != 0x80).unwrap_or(most)
}

fn padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
}
