//! A segment between bytes and named fields: header, options, checksum (RFC 9293 §3.1). Damaged bytes give `None`.
use std::net::{IpAddr, SocketAddr};

use etherparse::checksum::Sum16BitWords;

use crate::lab::tcp::options::Options;
use crate::lab::tcp::seq::Seq;

/// Bytes of a header without options.
pub(crate) const HEADER: usize = 20;
/// Bytes of options at the most.
const OPTIONS: usize = 40;
/// Room for the headers that IP and Ethernet put in front.
const BEFORE: usize = 40 + 14;

/// The control bits (RFC 9293 §3.1; ECE and CWR: RFC 3168 §6.1). URG is read and ignored, as programs do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) fin: bool,
    pub(crate) syn: bool,
    pub(crate) rst: bool,
    pub(crate) psh: bool,
    pub(crate) ece: bool,
    pub(crate) cwr: bool,
}

/// A segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) seq: Seq,
    /// The acknowledgement number, where ACK is set.
    pub(crate) ack: Option<Seq>,
    pub(crate) flags: Flags,
    /// As on the wire: not scaled.
    pub(crate) window: u16,
    pub(crate) options: Options,
    pub(crate) payload: &'a [u8],
}

impl Segment<'_> {
    /// Octets of sequence space: SYN and FIN count as one each (RFC 9293 §3.4).
    pub(crate) fn length(&self) -> u32 {
        let payload =
            u32::try_from(self.payload.len()).expect("an IP packet without a jumbo option has at most 65535 bytes");
        payload + u32::from(self.flags.syn) + u32::from(self.flags.fin)
    }

    /// The sequence number after the segment.
    pub(crate) fn end(&self) -> Seq {
        self.seq + self.length()
    }
}

/// Ports and segment of an IP payload; `None` when it is cut off or lies about its length.
pub(crate) fn read(bytes: &[u8]) -> Option<(u16, u16, Segment<'_>)> {
    let (header, _) = bytes.split_first_chunk::<HEADER>()?;
    let short = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let data = usize::from(header[12] >> 4) * 4;
    let options = bytes.get(HEADER..data)?;
    let bit = |n: u8| header[13] >> n & 1 == 1;
    let segment = Segment {
        seq: Seq(long(4)),
        ack: bit(4).then(|| Seq(long(8))),
        flags: Flags { fin: bit(0), syn: bit(1), rst: bit(2), psh: bit(3), ece: bit(6), cwr: bit(7) },
        window: short(14),
        options: Options::read(options),
        payload: &bytes[data..],
    };
    Some((short(0), short(2), segment))
}

/// A segment whose payload comes in two pieces (a ring buffer wraps), as the bytes IP carries.
pub(crate) fn write(from: SocketAddr, to: SocketAddr, segment: &Segment<'_>, more: &[u8]) -> Vec<u8> {
    let flags = segment.flags;
    let bits = [flags.fin, flags.syn, flags.rst, flags.psh, segment.ack.is_some(), false, flags.ece, flags.cwr];
    let control = bits.iter().enumerate().fold(0, |byte, (n, set)| byte | u8::from(*set) << n);
    let mut bytes = Vec::with_capacity(BEFORE + HEADER + OPTIONS + segment.payload.len() + more.len());
    bytes.extend_from_slice(&from.port().to_be_bytes());
    bytes.extend_from_slice(&to.port().to_be_bytes());
    bytes.extend_from_slice(&segment.seq.0.to_be_bytes());
    bytes.extend_from_slice(&segment.ack.unwrap_or_default().0.to_be_bytes());
    bytes.extend_from_slice(&[0, control]);
    bytes.extend_from_slice(&segment.window.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    segment.options.write(&mut bytes);
    let words = u8::try_from(bytes.len() / 4).expect("options are 40 bytes at most");
    bytes[12] = words << 4;
    bytes.extend_from_slice(segment.payload);
    bytes.extend_from_slice(more);
    let sum = checksum(from.ip(), to.ip(), &bytes);
    bytes[16..18].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// The 32-bit words of an address, added up.
fn words(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => {
            address.octets().as_chunks::<4>().0.iter().map(|it| u64::from(u32::from_be_bytes(*it))).sum()
        }
    }
}

/// RFC 9293 §3.1: the ones' complement sum over pseudo header, header and payload. 0 over what arrived undamaged.
/// Over IPv6 the pseudo header is RFC 8200 §8.1's; its words add up in the same way.
pub(crate) fn checksum(from: IpAddr, to: IpAddr, bytes: &[u8]) -> u16 {
    const TCP: u64 = 6;
    let length = u64::try_from(bytes.len()).expect("a segment is smaller than 2^64 bytes");
    let text = !Sum16BitWords::new().add_slice(bytes).ones_complement().to_be();
    let mut sum = words(from) + words(to) + TCP + length + u64::from(text);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("the carries are folded")
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const A: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 49_152);
    const B: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 80);
    const A6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1)), 49_152);
    const B6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0xffff, 1, 2, 3, 4)), 80);

    #[test]
    fn what_is_written_is_read_again() {
        let flags = Flags { fin: true, psh: true, cwr: true, ..Flags::default() };
        let options = Options { timestamps: Some((7, 9)), ..Options::default() };
        let segment = Segment { seq: Seq(5), ack: Some(Seq(6)), flags, window: 1000, options, payload: b"two " };
        let bytes = write(A, B, &segment, b"pieces");
        assert_eq!(checksum(A.ip(), B.ip(), &bytes), 0);
        let (from, to, read) = read(&bytes).expect("whole");
        assert_eq!((from, to), (49_152, 80));
        assert_eq!(read, Segment { payload: b"two pieces", ..segment });
        assert_eq!(read.end(), Seq(5 + 11));
    }

    #[test]
    fn the_checksum_is_the_one_others_compute() {
        for payload in [&b""[..], b"a", b"ab", b"abc", b"abcd", b"\xff\xff\xff\xff\xff\xfe"] {
            for (from, to) in [(A, B), (A6, B6)] {
                let bytes = write(from, to, &Segment { payload, ..Segment::default() }, b"");
                let theirs = etherparse::TcpHeaderSlice::from_slice(&bytes).expect("a header").to_header();
                let sum = match (from.ip(), to.ip()) {
                    (IpAddr::V4(from), IpAddr::V4(to)) => {
                        theirs.calc_checksum_ipv4_raw(from.octets(), to.octets(), payload)
                    }
                    (IpAddr::V6(from), IpAddr::V6(to)) => {
                        theirs.calc_checksum_ipv6_raw(from.octets(), to.octets(), payload)
                    }
                    _ => unreachable!("both ends are of one family"),
                };
                assert_eq!(theirs.checksum, sum.expect("short"), "{payload:?}");
                assert_eq!(checksum(from.ip(), to.ip(), &bytes), 0);
            }
        }
    }

    #[test]
    fn damaged_bytes_are_no_segment() {
        let bytes = write(A, B, &Segment::default(), b"payload");
        assert!((0..HEADER).all(|length| read(&bytes[..length]).is_none()));
        let lying = |offset: u8| {
            let mut bytes = bytes.clone();
            bytes[12] = offset << 4;
            read(&bytes).is_some()
        };
        assert!(!lying(0) && !lying(4) && !lying(15) && lying(5) && lying(6));
    }
}
