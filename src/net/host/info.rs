//! What Linux knows about a TCP connection of this machine, asked over netlink (sock_diag(7)): the struct that
//! `getsockopt(TCP_INFO)` gives as well, without a foreign call.
//!
//! ```text
//! ask:     nlmsghdr 16 | inet_diag_req_v2 56: family, protocol, extensions, states, ports, addresses
//! answer:  nlmsghdr 16 | inet_diag_msg 72: state, ..., queues | attributes: length 2, type 2, bytes: tcp_info
//! ```
//!
//! A kernel adds fields at the end of `tcp_info` (linux/tcp.h), so what is read is what is there.
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::net::{State, TcpInfo};

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const AF_NETLINK: i32 = 16;
const NETLINK_SOCK_DIAG: i32 = 4;
/// Both the question's type and the answer's.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const IPPROTO_TCP: u8 = 6;
/// The attribute that holds `tcp_info`; a question's extensions are bits counted from 1.
const INET_DIAG_INFO: u16 = 2;
const HEADER: usize = 16;
const MESSAGE: usize = 72;
/// The kernel answers at once; a netlink that does not is no source.
const PATIENCE: Duration = Duration::from_millis(200);

/// A way to ask the kernel; one serves any number of questions.
#[derive(Debug)]
pub(crate) struct Kernel(Socket);

impl Kernel {
    /// # Errors
    /// `Unsupported` where the system has no such interface.
    pub(crate) fn open() -> Result<Self> {
        let opened = Socket::new(Domain::from(AF_NETLINK), Type::DGRAM, Some(Protocol::from(NETLINK_SOCK_DIAG)));
        let socket = opened.map_err(|error| {
            Error::new(
                ErrorKind::Unsupported,
                format!("this system tells nothing of its connections (netlink: {error})"),
            )
        })?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(socket))
    }

    /// What is known of the connection from `local` to `peer`, open or on its way out.
    ///
    /// # Errors
    /// `NotConnected` when there is none; `Unsupported` where the kernel does not say.
    pub(crate) fn ask(&mut self, local: SocketAddr, peer: SocketAddr) -> Result<TcpInfo> {
        self.0.write_all(&question(local, peer))?;
        let mut buffer = [0; 4096];
        let length = self.0.read(&mut buffer)?;
        // Where there is no such connection the kernel answers with the listener that would take it.
        read(&buffer[..length]).and_then(|info| match info.state {
            State::Listen => Err(ErrorKind::NotConnected.into()),
            _ => Ok(info),
        })
    }
}

fn question(local: SocketAddr, peer: SocketAddr) -> Vec<u8> {
    let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut out = Vec::with_capacity(HEADER + 56);
    out.extend(72_u32.to_ne_bytes());
    out.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    out.extend(NLM_F_REQUEST.to_ne_bytes());
    out.extend([0; 8]);
    out.extend([family, IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0]);
    out.extend(u32::MAX.to_ne_bytes());
    out.extend(local.port().to_be_bytes());
    out.extend(peer.port().to_be_bytes());
    out.extend(octets(local.ip()));
    out.extend(octets(peer.ip()));
    out.extend([0; 4]);
    // No cookie: any connection with these ends.
    out.extend([0xff; 8]);
    out
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let mut all = [0; 16];
            all[..4].copy_from_slice(&address.octets());
            all
        }
    }
}

/// Reads the answer; a field that this kernel does not have is not there.
fn read(answer: &[u8]) -> Result<TcpInfo> {
    let strange = || Error::new(ErrorKind::Unsupported, "this system tells of its connections in an unknown form");
    let kind = u16_at(answer, 4).ok_or_else(strange)?;
    if kind == NLMSG_ERROR {
        let errno = u32_at(answer, HEADER).ok_or_else(strange)?.cast_signed();
        let error = Error::from_raw_os_error(-errno);
        let gone = error.kind() == ErrorKind::NotFound;
        return Err(if gone { ErrorKind::NotConnected.into() } else { error });
    }
    let message = answer.get(HEADER..).filter(|_| kind == SOCK_DIAG_BY_FAMILY).ok_or_else(strange)?;
    let state = message.get(1).and_then(|number| state(*number)).ok_or_else(strange)?;
    let queues = (
        u32_at(message, 56).map(|it| it.saturating_sub(unread_fin(state))),
        u32_at(message, 60).map(|it| it.saturating_sub(unacknowledged_flag(state))),
    );
    let info = attribute(message.get(MESSAGE..).unwrap_or_default(), INET_DIAG_INFO).unwrap_or_default();
    Ok(tcp_info(state, queues, info))
}

fn attribute(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)?;
        if kind == wanted {
            return rest.get(4..length);
        }
        rest = rest.get(length.max(4).next_multiple_of(4)..)?;
    }
}

/// `struct tcp_info` of linux/tcp.h, by the offsets of its fields.
fn tcp_info(state: State, (unread, unacknowledged): (Option<u32>, Option<u32>), info: &[u8]) -> TcpInfo {
    let field = |at| u32_at(info, at);
    let micros = |at| field(at).map(|value| Duration::from_micros(value.into()));
    let mss = field(16).unwrap_or(0);
    let bytes = |segments: u32| segments.saturating_mul(mss);
    let [unacked, sacked, lost, retrans] = [24, 28, 32, 36].map(|at| field(at).unwrap_or(0));
    let pipe = unacked.saturating_sub(sacked).saturating_sub(lost).saturating_add(retrans);
    let srtt = micros(68).filter(|it| !it.is_zero());
    TcpInfo {
        state,
        srtt,
        rttvar: micros(72).filter(|_| srtt.is_some()),
        rto: micros(8).unwrap_or_default(),
        mss,
        cwnd: bytes(field(80).unwrap_or(0)),
        // TCP_INFINITE_SSTHRESH: no loss has set it.
        ssthresh: field(76).filter(|it| *it < 0x7fff_ffff).map(bytes),
        pipe: bytes(pipe),
        in_flight: unacknowledged.zip(field(144)).map(|(all, unsent)| in_flight(state, all, unsent)),
        peer_window: field(228),
        window: field(232),
        send_queue: unacknowledged,
        receive_queue: unread,
        retransmissions: field(100).unwrap_or(0),
    }
}

/// The socket holds what was sent and not acknowledged, and what was not sent yet (tcpi_notsent_bytes); a FIN that waits
/// behind unsent bytes is counted among those.
const fn in_flight(state: State, held: u32, unsent: u32) -> u32 {
    if unsent == 0 { held } else { (held + unacknowledged_flag(state)).saturating_sub(unsent) }
}

/// Queues are differences of sequence numbers, and a FIN has one (RFC 9293 §3.4).
const fn unread_fin(state: State) -> u32 {
    matches!(state, State::CloseWait | State::Closing | State::LastAck) as u32
}

/// As [`unread_fin`], for the other direction: a SYN or a FIN of this end that waits for its ACK.
const fn unacknowledged_flag(state: State) -> u32 {
    matches!(state, State::SynSent | State::SynReceived | State::FinWait1 | State::Closing | State::LastAck) as u32
}

/// The kernel's number of a state (net/tcp_states.h).
const fn state(number: u8) -> Option<State> {
    Some(match number {
        1 => State::Established,
        2 => State::SynSent,
        // The second is a connection a listener has not finished yet.
        3 | 12 => State::SynReceived,
        4 => State::FinWait1,
        5 => State::FinWait2,
        6 => State::TimeWait,
        7 => State::Closed,
        8 => State::CloseWait,
        9 => State::LastAck,
        10 => State::Listen,
        11 => State::Closing,
        _ => return None,
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|it| u16::from_ne_bytes(*it))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|it| u32::from_ne_bytes(*it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fin_is_no_byte_in_flight_whether_it_is_sent_or_waits() {
        // 100 bytes held and a FIN; 40 of them and the FIN are not sent: tcpi_notsent_bytes counts 41.
        assert_eq!(in_flight(State::FinWait1, 100, 41), 60);
        assert_eq!(in_flight(State::FinWait1, 60, 0), 60);
        assert_eq!(in_flight(State::Established, 100, 40), 60);
        assert_eq!(in_flight(State::Established, 10, 40), 0, "two readings that do not agree");
    }
}
