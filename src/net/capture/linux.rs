//! Packets on Linux: a packet socket (packet(7)), which takes CAP_NET_RAW.
//!
//! The socket hears all interfaces until a filter in the kernel is on it, so each packet is asked where it came from.
use std::io::{self, ErrorKind, IoSliceMut};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce, ReceiveTimestampns};
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, bind, getsockopt, recvmsg, setsockopt};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::{Counts, LONGEST, Packet, Refused, Wish, interfaces, reading};
use crate::wire::link::LinkType;
use crate::wire::pcapng::Direction;

sockopt_impl!(
    /// Packets that passed the socket's filter and those of them that were dropped, since this was asked last.
    PacketStatistics,
    GetOnly,
    libc::SOL_PACKET,
    libc::PACKET_STATISTICS,
    [u32; 2]
);

sockopt_impl!(
    /// With each packet: its length on the wire, and the VLAN tag that was taken off it.
    PacketAuxdata,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_AUXDATA,
    bool
);

sockopt_impl!(
    /// What else the card is to hand up, as long as the socket is open.
    PacketMembership,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_ADD_MEMBERSHIP,
    libc::packet_mreq
);

const NO_RIGHT: &str = "\
this user may not see what passes the links of this machine: Linux asks for the right CAP_NET_RAW.
Give it to the program:   sudo setcap cap_net_raw+ep \"$(command -v roundtrip)\"
or run it once as root:   sudo roundtrip capture ...
Whoever runs the program can then read what passes. Capture traffic of your own, or with the leave of those whose it is.";

/// What the kernel keeps for us while we do not look.
const BUFFER: usize = 32 << 20;
/// After so long without a packet it is asked whether all is over.
const MOMENT: Duration = Duration::from_millis(50);

/// The flags and the layout of linux/if_packet.h, `tpacket_auxdata`.
const VLAN_VALID: u32 = 1 << 4;
const VLAN_TPID_VALID: u32 = 1 << 6;
const AUXDATA: usize = 20;
/// Kinds of links, of linux/if_arp.h.
const ETHERNET: [u16; 2] = [libc::ARPHRD_ETHER, libc::ARPHRD_LOOPBACK];
/// They carry IP packets and nothing before them: TUN devices, tunnels of IP in IP.
const RAW: [u16; 5] = [libc::ARPHRD_NONE, libc::ARPHRD_TUNNEL, libc::ARPHRD_TUNNEL6, libc::ARPHRD_SIT, RAW_IP];
const RAW_IP: u16 = 519;

/// A packet socket.
pub(super) struct Source {
    socket: Socket,
    name: String,
    index: u32,
    is_loopback: bool,
    link: LinkType,
    buffer: Vec<u8>,
    ancillary: Vec<u8>,
    now_ns: fn() -> u64,
}

impl Source {
    /// Opens one on an interface.
    pub(super) fn open(wish: &Wish) -> Result<Self, Refused> {
        let all = interfaces()?;
        let known = all.into_iter().find(|it| it.name == wish.interface);
        let known = known.ok_or_else(|| Refused::Unknown(wish.interface.clone()))?;
        // A TUN device has no address of its own, and neither has any link without a header.
        let mut entries = getifaddrs().map_err(io::Error::from)?.filter(|it| it.interface_name == known.name);
        let own = entries.find_map(|it| it.address?.as_link_addr().copied());
        let link = link_of(own.map_or(libc::ARPHRD_NONE, |it| it.hatype()));
        let socket = open(if link == LinkType::Cooked2 { Type::DGRAM } else { Type::RAW })?;
        if !known.is_up {
            let name = known.name;
            let text = format!("{name} is down, so nothing passes it: `sudo ip link set {name} up` switches it on");
            return Err(Refused::Down(text));
        }
        set(&socket, ReceiveTimestampns, &true)?;
        socket.attach_filter(&filter(known.index, known.is_loopback))?;
        if let Some(own) = own {
            // Then the kernel says when the interface goes down.
            bind(socket.as_raw_fd(), &own).map_err(io::Error::from)?;
        }
        set(&socket, PacketAuxdata, &true)?;
        // Without CAP_NET_ADMIN it is as large as net.core.rmem_max allows.
        set(&socket, RcvBufForce, &BUFFER).or_else(|_| set(&socket, RcvBuf, &BUFFER))?;
        if wish.promiscuous {
            let index = i32::try_from(known.index).map_err(|_| Errno::ENODEV).map_err(io::Error::from)?;
            let kind = libc::PACKET_MR_PROMISC as libc::c_ushort;
            let wanted = libc::packet_mreq { mr_ifindex: index, mr_type: kind, mr_alen: 0, mr_address: [0; 8] };
            set(&socket, PacketMembership, &wanted)?;
        }
        socket.set_read_timeout(Some(MOMENT))?;
        // What came before the filter is not counted.
        getsockopt(&socket, PacketStatistics).map_err(io::Error::from)?;
        Ok(Self {
            socket,
            name: known.name,
            index: known.index,
            is_loopback: known.is_loopback,
            link,
            buffer: vec![0; LONGEST as usize],
            ancillary: cmsg_space!(libc::timespec, [u8; AUXDATA]),
            now_ns: wish.now_ns,
        })
    }

    /// The next packet of any interface, and whether it is one of ours; none when there is none.
    fn receive(&mut self, flags: MsgFlags) -> io::Result<Option<Packet>> {
        let mut parts = [IoSliceMut::new(&mut self.buffer)];
        let room = Some(&mut self.ancillary[..]);
        // The length is then the packet's, not what there was room for.
        let read = recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut parts, room, flags | MsgFlags::MSG_TRUNC)?;
        let Some(from) = read.address else { return Ok(None) };
        let (mut at_ns, mut aux) = (None, Aux::default());
        for message in read.cmsgs()? {
            match message {
                ControlMessageOwned::ScmTimestampns(time) => {
                    let [seconds, ns] = [time.tv_sec(), time.tv_nsec()].map(|it| u64::try_from(it).unwrap_or(0));
                    at_ns = Some(seconds * 1_000_000_000 + ns);
                }
                ControlMessageOwned::Unknown(it) if it.cmsg_header.cmsg_type == libc::PACKET_AUXDATA => {
                    aux = Aux::read(&it.data_bytes).unwrap_or_default();
                }
                _ => {}
            }
        }
        let is_sent = from.pkttype() == libc::PACKET_OUTGOING;
        if from.ifindex() != self.index as usize || (self.is_loopback && is_sent) {
            return Ok(None);
        }
        if link_of(from.hatype()) != self.link {
            return Err(io::Error::other(format!("{} is not the kind of link it seemed to be", self.name)));
        }
        let length = read.bytes;
        let at_ns = at_ns.unwrap_or_else(self.now_ns);
        let bytes = self.buffer[..length.min(LONGEST as usize)].to_vec();
        let length = aux.length.max(u32::try_from(length).unwrap_or(u32::MAX));
        let direction = Some(if is_sent { Direction::Out } else { Direction::In });
        let packet = Packet { at_ns, direction, length, bytes };
        Ok(Some(match self.link {
            LinkType::Cooked2 => cooked(packet, &from),
            LinkType::Ethernet => tagged(packet, aux.tag),
            _ => packet,
        }))
    }
}

impl reading::Source for Source {
    fn link(&self) -> LinkType {
        self.link
    }

    fn next(&mut self, wait: bool) -> io::Result<Option<Packet>> {
        let flags = if wait { MsgFlags::empty() } else { MsgFlags::MSG_DONTWAIT };
        loop {
            match self.receive(flags) {
                // One that is not ours; the next may be.
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let is_there = if_nametoindex(self.name.as_str()) == Ok(self.index);
                    let gone = || io::Error::other(format!("{} is gone", self.name));
                    return if is_there { Ok(None) } else { Err(gone()) };
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(None),
                Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => {
                    return Err(io::Error::other(format!("{} went down", self.name)));
                }
                told => return told,
            }
        }
    }

    fn counts(&self) -> Option<Counts> {
        let [received, dropped] = getsockopt(&self.socket, PacketStatistics).ok()?;
        Some(Counts { received: received.into(), dropped: dropped.into() })
    }
}

fn open(sort: Type) -> Result<Socket, Refused> {
    let all = i32::from((libc::ETH_P_ALL as u16).to_be());
    Socket::new(Domain::PACKET, sort, Some(Protocol::from(all))).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => Refused::NoRight(NO_RIGHT),
        _ => Refused::Failed(error),
    })
}

fn set<O: nix::sys::socket::SetSockOpt>(socket: &Socket, option: O, value: &O::Val) -> io::Result<()> {
    Ok(setsockopt(socket, option, value)?)
}

/// What frames of such an interface begin with. Of links of other kinds the kernel tells who sent what, and takes their header off.
fn link_of(kind: u16) -> LinkType {
    match kind {
        kind if ETHERNET.contains(&kind) => LinkType::Ethernet,
        kind if RAW.contains(&kind) => LinkType::Raw,
        _ => LinkType::Cooked2,
    }
}

/// Takes what passes one interface; of a loopback's packets, which are sent and received there, only the second.
fn filter(index: u32, is_loopback: bool) -> Vec<SockFilter> {
    let about = |what: libc::c_int| (libc::SKF_AD_OFF + what) as u32;
    let load = |what| SockFilter::new((libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, 0, 0, about(what));
    // Goes on to the next instruction, or over so many.
    let equal =
        |value, (yes, no)| SockFilter::new((libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16, yes, no, value);
    let give = |bytes| SockFilter::new((libc::BPF_RET | libc::BPF_K) as u16, 0, 0, bytes);
    let sent = u32::from(libc::PACKET_OUTGOING);
    let mut program = vec![load(libc::SKF_AD_IFINDEX)];
    if is_loopback {
        program.extend([equal(index, (0, 3)), load(libc::SKF_AD_PKTTYPE), equal(sent, (1, 0))]);
    } else {
        program.push(equal(index, (0, 1)));
    }
    program.extend([give(u32::MAX), give(0)]);
    program
}

/// What the kernel says beside a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Aux {
    /// On the wire, without the tag that was taken off.
    length: u32,
    /// The four bytes of a VLAN tag.
    tag: Option<[u8; 4]>,
}

impl Aux {
    fn read(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        let half = |at: usize| Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        let (status, length) = (word(0)?, word(4)?);
        let (control, kind) = (half(16)?, half(18)?);
        let kind = if status & VLAN_TPID_VALID != 0 { kind } else { 0x8100 };
        let [kind, control] = [kind, control].map(u16::to_be_bytes);
        let tag = [kind[0], kind[1], control[0], control[1]];
        Some(Self { length, tag: (status & VLAN_VALID != 0).then_some(tag) })
    }
}

/// The frame as it was on the wire: its tag stands behind the two addresses.
fn tagged(mut packet: Packet, tag: Option<[u8; 4]>) -> Packet {
    if let Some(tag) = tag.filter(|_| packet.bytes.len() >= 12) {
        packet.bytes.splice(12..12, tag);
        packet.length = packet.length.saturating_add(4);
    }
    packet
}

/// The packet behind the header of a Linux cooked capture, version 2.
fn cooked(mut packet: Packet, from: &LinkAddr) -> Packet {
    let address = from.as_ref();
    let mut header = Vec::with_capacity(20);
    // The protocol is in network byte order already.
    header.extend(address.sll_protocol.to_ne_bytes());
    header.extend([0, 0]);
    header.extend(address.sll_ifindex.to_be_bytes());
    header.extend(address.sll_hatype.to_be_bytes());
    header.extend([address.sll_pkttype, address.sll_halen]);
    header.extend(address.sll_addr);
    packet.length = packet.length.saturating_add(20);
    packet.bytes.splice(0..0, header);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(bytes: &[u8]) -> Packet {
        let length = u32::try_from(bytes.len()).expect("short");
        Packet { at_ns: 1, direction: None, length, bytes: bytes.to_vec() }
    }

    #[test]
    fn a_tag_that_the_kernel_took_off_is_put_back() {
        let words = |status: u32, kind: u16| {
            let mut bytes = [status, 60, 60].map(u32::to_ne_bytes).concat();
            bytes.extend([0_u16, 14, 0x602a, kind].map(u16::to_ne_bytes).concat());
            Aux::read(&bytes)
        };
        assert_eq!(words(0, 0), Some(Aux { length: 60, tag: None }));
        let plain = words(VLAN_VALID, 0).expect("whole");
        assert_eq!(plain.tag, Some([0x81, 0, 0x60, 0x2a]));
        let provider = words(VLAN_VALID | VLAN_TPID_VALID, 0x88a8).expect("whole");
        assert_eq!(provider.tag, Some([0x88, 0xa8, 0x60, 0x2a]));
        assert_eq!(Aux::read(&[0; 19]), None);
        let frame = tagged(packet(b"destinsourceTYPE"), plain.tag);
        assert_eq!((frame.bytes.as_slice(), frame.length), (&b"destinsource\x81\0\x60\x2aTYPE"[..], 20));
        assert_eq!(tagged(packet(b"short"), plain.tag), packet(b"short"));
    }

    #[test]
    fn links_are_of_the_kind_their_packets_begin_with() {
        let kinds =
            [(1, LinkType::Ethernet), (772, LinkType::Ethernet), (0xfffe, LinkType::Raw), (512, LinkType::Cooked2)];
        assert!(kinds.iter().all(|(kind, link)| link_of(*kind) == *link));
    }
}
