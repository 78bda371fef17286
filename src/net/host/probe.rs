//! Probes on Linux, without root: the sockets' error queue says which router sent an ICMP error (ip(7), `IP_RECVERR`).
//!
//! Echo requests go by a ping socket, which `net.ipv4.ping_group_range` must allow (icmp(7)).
use std::io::{self, Error, ErrorKind, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::cmsg_space;
use nix::libc;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::HostNet;
use crate::net::{Answer, Net as _, Probe, ProbeKind, Probes, Said};

/// `ee_origin` of an error that a packet brought (linux/errqueue.h).
const FROM_ICMP: u8 = 2;
const FROM_ICMP6: u8 = 3;

impl Probes for HostNet {
    async fn probe(&self, probe: Probe, patience: Duration) -> io::Result<Option<Answer>> {
        let socket = UdpSocket::from_std(socket(&probe)?.into())?;
        let sent = self.now();
        socket.send(&message(&probe)).await?;
        let answer = tokio::time::timeout(patience, answer(&socket, probe.to)).await;
        let Ok(answer) = answer else { return Ok(None) };
        let (from, said) = answer?;
        Ok(Some(Answer { from, said, rtt: self.now() - sent, ttl: None }))
    }
}

/// A socket that sends this probe and hears of its errors.
fn socket(probe: &Probe) -> io::Result<Socket> {
    let v4 = probe.to.is_ipv4();
    let domain = if v4 { Domain::IPV4 } else { Domain::IPV6 };
    let (protocol, port, from) = match probe.kind {
        ProbeKind::Udp { from, to } => (Protocol::UDP, to, from),
        ProbeKind::Echo { .. } => (if v4 { Protocol::ICMPV4 } else { Protocol::ICMPV6 }, 0, 0),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol)).map_err(|error| refused(probe, error))?;
    socket.set_nonblocking(true)?;
    if v4 {
        socket.set_ttl_v4(probe.ttl.into())?;
        setsockopt(&socket, Ipv4RecvErr, &true)?;
    } else {
        socket.set_unicast_hops_v6(probe.ttl.into())?;
        setsockopt(&socket, Ipv6RecvErr, &true)?;
    }
    if from != 0 {
        let any = if v4 { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
        socket.bind(&SocketAddr::new(any, from).into())?;
    }
    socket.connect(&SocketAddr::new(probe.to, port).into())?;
    Ok(socket)
}

/// Why a system gives no such socket, with what to do.
fn refused(probe: &Probe, error: Error) -> Error {
    if error.kind() == ErrorKind::PermissionDenied && matches!(probe.kind, ProbeKind::Echo { .. }) {
        let text = "this system does not let this user send ICMP echo requests (net.ipv4.ping_group_range): \
                    probe with UDP, or let root run `sysctl net.ipv4.ping_group_range=\"0 2147483647\"`";
        return Error::new(ErrorKind::PermissionDenied, text);
    }
    error
}

/// The bytes a program writes: the kernel adds UDP's header, and the number and checksum of an echo request.
fn message(probe: &Probe) -> Vec<u8> {
    let payload = (0_u8..=255).cycle().take(probe.payload);
    match probe.kind {
        ProbeKind::Udp { .. } => payload.collect(),
        ProbeKind::Echo { id, seq } => {
            let kind = if probe.to.is_ipv4() { 8 } else { 128 };
            let numbers = [id.to_be_bytes(), seq.to_be_bytes()].concat();
            [kind, 0, 0, 0].into_iter().chain(numbers).chain(payload).collect()
        }
    }
}

/// Waits for an error with its sender, or for an answer of the host itself.
async fn answer(socket: &UdpSocket, to: IpAddr) -> io::Result<(IpAddr, Said)> {
    loop {
        socket.ready(Interest::READABLE | Interest::ERROR).await?;
        match socket.try_io(Interest::ERROR, || queued_error(socket)) {
            Ok(Some(found)) => return Ok(found),
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Ok(None) | Err(_) => {}
        }
        // An error also makes one read fail; what it is about stands in the queue.
        if socket.try_recv(&mut [0; 2048]).is_ok() {
            return Ok((to, Said::EchoReply));
        }
    }
}

/// The next entry of the socket's error queue; `None` when it says nothing, `WouldBlock` when there is none.
fn queued_error(socket: &UdpSocket) -> io::Result<Option<(IpAddr, Said)>> {
    let mut quoted = [0; 1024];
    let mut parts = [IoSliceMut::new(&mut quoted)];
    let mut room = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let read = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut room), MsgFlags::MSG_ERRQUEUE)?;
    for message in read.cmsgs()? {
        match message {
            ControlMessageOwned::Ipv4RecvErr(error, Some(by)) if error.ee_origin == FROM_ICMP => {
                let from = Ipv4Addr::from(u32::from_be(by.sin_addr.s_addr));
                return Ok(Some((from.into(), said_v4(&error))));
            }
            ControlMessageOwned::Ipv6RecvErr(error, Some(by)) if error.ee_origin == FROM_ICMP6 => {
                return Ok(Some((Ipv6Addr::from(by.sin6_addr.s6_addr).into(), said_v6(&error))));
            }
            ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
                let errno = i32::try_from(error.ee_errno).unwrap_or_default();
                return Err(Error::from_raw_os_error(errno));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Type and code by RFC 792 and RFC 1812 §5.2.7.1.
fn said_v4(error: &libc::sock_extended_err) -> Said {
    match (error.ee_type, error.ee_code) {
        (11, _) => Said::TimeExceeded,
        (3, 0 | 6) => Said::NetworkUnreachable,
        (3, 2) => Said::ProtocolUnreachable,
        (3, 3) => Said::PortUnreachable,
        (3, 4) => Said::TooBig { mtu: u16::try_from(error.ee_info).unwrap_or(u16::MAX) },
        (3, 9 | 10 | 13) => Said::Prohibited,
        _ => Said::HostUnreachable,
    }
}

/// Type and code by RFC 4443 §3.
fn said_v6(error: &libc::sock_extended_err) -> Said {
    match (error.ee_type, error.ee_code) {
        (3, _) => Said::TimeExceeded,
        (2, _) => Said::TooBig { mtu: u16::try_from(error.ee_info).unwrap_or(u16::MAX) },
        (1, 0) => Said::NetworkUnreachable,
        (1, 1 | 5 | 6) => Said::Prohibited,
        (1, 4) => Said::PortUnreachable,
        (4, 1) => Said::ProtocolUnreachable,
        _ => Said::HostUnreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(port: u16) -> Probe {
        let to = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Probe { to, kind: ProbeKind::Udp { from: 0, to: port }, ttl: 1, payload: 16, dont_fragment: false }
    }

    #[test]
    fn a_closed_port_of_this_machine_answers_with_who_it_is() {
        let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("bound").port();
        let patience = Duration::from_millis(200);
        let ask = |port| HostNet::run(|net| async move { net.probe(probe(port), patience).await });
        let heard = ask(port).expect("an event queue").expect("no error");
        assert_eq!(heard, None, "who listens there says nothing");
        drop(free);
        let answer = ask(port).expect("an event queue").expect("no error").expect("loopback answers");
        assert_eq!((answer.from, answer.said), (IpAddr::V4(Ipv4Addr::LOCALHOST), Said::PortUnreachable));
    }
}
