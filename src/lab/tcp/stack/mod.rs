//! All TCP of one host: its connections, listeners, ports and timers. Whoever calls says what time it is.
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::task::{Context, Poll};

use crate::lab::tcp::output::{Pair, TcpOutput};
use crate::lab::tcp::{SocketOptions, TcpInfo, TcpSettings};
use crate::recording::Time;

/// What a host's TCP is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackConfig {
    pub(crate) address: Ipv4Addr,
    /// Bytes of the largest IP packet its link carries.
    pub(crate) mtu: u16,
    pub(crate) settings: TcpSettings,
    /// Bytes a socket holds for a program that has not read them, where the program does not say.
    pub(crate) receive_buffer: usize,
    /// Bytes a socket takes from a program before they are acknowledged, where the program does not say.
    pub(crate) send_buffer: usize,
    pub(crate) seed: u64,
    /// Whether curves are wanted.
    pub(crate) trace: bool,
}

/// A connection's number. Never used twice, so that an old one harms nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub(super) u32);

/// A listener's number, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListenerId(pub(super) u32);

/// A segment as IP delivers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) from: Ipv4Addr,
    pub(crate) to: Ipv4Addr,
    /// The two ECN bits of the IP header; 3 is a congestion mark.
    pub(crate) ecn: u8,
    /// The TCP header and what follows it.
    pub(crate) bytes: &'a [u8],
}

/// What an ICMP message quotes: whose segment it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted {
    pub(crate) pair: Pair,
    pub(crate) seq: u32,
}

/// An ICMP error, or ARP's silence, as TCP cares about it (RFC 1122 §4.2.3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IcmpError {
    NetworkUnreachable,
    /// Also: nobody answered ARP.
    HostUnreachable,
    PortUnreachable,
    ProtocolUnreachable,
    /// A firewall says no.
    AdminProhibited,
    /// RFC 1191 §4: the next hop carries packets of so many bytes; 0 from a router that does not say.
    FragmentationNeeded {
        mtu: u16,
    },
    TimeExceeded,
    ParameterProblem,
}

/// All TCP of one host.
pub(crate) struct Stack {
    config: StackConfig,
}

impl Stack {
    pub(crate) fn new(config: StackConfig) -> Self {
        Self { config }
    }

    /// A segment came in. Damaged ones and those for other addresses are dropped.
    pub(crate) fn segment(&mut self, now: Time, arrival: Arrival<'_>, out: &mut TcpOutput) {
        unimplemented!("{now} {arrival:?} {out:?}")
    }

    /// An ICMP error about a segment of ours came in, or nobody answered ARP.
    pub(crate) fn icmp(&mut self, now: Time, quoted: Quoted, error: IcmpError, out: &mut TcpOutput) {
        unimplemented!("{now} {quoted:?} {error:?} {out:?}")
    }

    /// Does all that is due.
    pub(crate) fn tick(&mut self, now: Time, out: &mut TcpOutput) {
        unimplemented!("{now} {out:?}")
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        unimplemented!()
    }

    /// Begins a connection; [`Self::poll_connected`] says what became of it.
    ///
    /// # Errors
    /// `AddrNotAvailable` when every port of the range is in use towards `to`.
    pub(crate) fn connect(
        &mut self,
        now: Time,
        to: SocketAddrV4,
        options: SocketOptions,
        out: &mut TcpOutput,
    ) -> io::Result<Id> {
        unimplemented!("{now} {to} {options:?} {out:?}")
    }

    /// Opens a listener; port 0 chooses one.
    ///
    /// # Errors
    /// `AddrInUse` when another socket listens there; `AddrNotAvailable` when the address is not this host's.
    pub(crate) fn listen(
        &mut self,
        at: SocketAddrV4,
        options: SocketOptions,
        out: &mut TcpOutput,
    ) -> io::Result<ListenerId> {
        unimplemented!("{at} {options:?} {out:?}")
    }

    /// Where it listens.
    pub(crate) fn listens_at(&self, id: ListenerId) -> Option<SocketAddrV4> {
        unimplemented!("{id:?}")
    }

    /// The ends of a connection that is not forgotten yet.
    pub(crate) fn pair(&self, id: Id) -> Option<Pair> {
        unimplemented!("{id:?}")
    }

    /// # Errors
    /// `ConnectionRefused`, `TimedOut`, `HostUnreachable`, `NetworkUnreachable`: as `connect(2)`.
    pub(crate) fn poll_connected(&mut self, id: Id, cx: &Context<'_>) -> Poll<io::Result<()>> {
        unimplemented!("{id:?} {cx:?}")
    }

    /// The next connection whose handshake is done.
    ///
    /// # Errors
    /// `NotConnected` when the listener is closed.
    pub(crate) fn poll_accept(&mut self, id: ListenerId, cx: &Context<'_>) -> Poll<io::Result<Id>> {
        unimplemented!("{id:?} {cx:?}")
    }

    /// Takes what has come in order; 0 bytes are the end of the stream. Room that this makes may send a window update.
    ///
    /// # Errors
    /// What ended the connection, once all that came before is read.
    pub(crate) fn poll_read(
        &mut self,
        id: Id,
        buffer: &mut [u8],
        cx: &Context<'_>,
        now: Time,
        out: &mut TcpOutput,
    ) -> Poll<io::Result<usize>> {
        unimplemented!("{id:?} {buffer:?} {cx:?} {now} {out:?}")
    }

    /// Takes bytes from a program; what may be sent goes out at once.
    ///
    /// # Errors
    /// What ended the connection; `BrokenPipe` after `shutdown`.
    pub(crate) fn poll_write(
        &mut self,
        id: Id,
        bytes: &[u8],
        cx: &Context<'_>,
        now: Time,
        out: &mut TcpOutput,
    ) -> Poll<io::Result<usize>> {
        unimplemented!("{id:?} {bytes:?} {cx:?} {now} {out:?}")
    }

    /// Ends this side: a FIN follows what was written; reading goes on.
    ///
    /// # Errors
    /// What ended the connection.
    pub(crate) fn shutdown(&mut self, id: Id, now: Time, out: &mut TcpOutput) -> io::Result<()> {
        unimplemented!("{id:?} {now} {out:?}")
    }

    /// The program gives the connection up: a FIN follows what was written, and nobody will read.
    pub(crate) fn close(&mut self, id: Id, now: Time, out: &mut TcpOutput) {
        unimplemented!("{id:?} {now} {out:?}")
    }

    /// Ends the connection with a RST, for this reason; its number is forgotten.
    pub(crate) fn abort(&mut self, id: Id, why: &'static str, now: Time, out: &mut TcpOutput) {
        unimplemented!("{id:?} {why} {now} {out:?}")
    }

    /// Closes a listener; connections nobody accepted are reset.
    pub(crate) fn close_listener(&mut self, id: ListenerId, now: Time, out: &mut TcpOutput) {
        unimplemented!("{id:?} {now} {out:?}")
    }

    /// What is known about a connection.
    ///
    /// # Errors
    /// `NotConnected` when it is over.
    pub(crate) fn info(&self, id: Id) -> io::Result<TcpInfo> {
        unimplemented!("{id:?}")
    }
}
