//! What ICMP, or ARP's silence, says about a segment of this connection (RFC 9293 §3.9.2.2, RFC 5461, RFC 1191).
use std::io::ErrorKind;

use crate::lab::path_mtu::{EXPIRES, believed, smallest};
use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::{Decision, GivesUp};
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::stack::IcmpError;
use crate::lab::tcp::state::State;
use crate::recording::Time;

/// Payload that nearly any path carries (Linux: `tcp_base_mss`; RFC 4821 §7.2 recommends 1024).
const BASE_MSS: u16 = 1024;
/// Timeouts in a row that make large segments suspicious (Linux: `tcp_retries1`).
const SUSPICIOUS: u32 = 3;

impl Connection {
    /// An error about the segment with this sequence number. Gives the size of its packets so far, where the error is
    /// that the path carries less and it may be true.
    pub(crate) fn icmp(&mut self, now: Time, seq: Seq, error: IcmpError, out: &mut TcpOutput) -> Option<u16> {
        // RFC 5927 §4.1: it must quote something that is in flight.
        if self.state == State::Closed || !seq.is_within(self.una(), self.nxt() + 1) {
            return None;
        }
        if let IcmpError::FragmentationNeeded { mtu } = error {
            let before = self.path_mtu;
            let mtu = believed(self.pair.remote.ip(), mtu, before)?;
            self.path_carries_less(now, mtu, out);
            return (self.path_mtu < before).then_some(before);
        }
        let failure = error.kind();
        // RFC 5461 §4: soft errors too end an attempt to connect, as in Linux and many others; what is established bears
        // them (RFC 9293 §3.9.2.2, MUST-56), hard ones as well (RFC 5461 §2).
        if matches!(self.state, State::SynSent | State::SynReceived) {
            self.give_up(GivesUp::Unreachable, failure, out);
        } else if self.soft_error.replace(failure) != Some(failure) {
            self.decide(Decision::SoftError(error), out);
        }
        None
    }

    /// Timeouts in a row are a black hole's mark (RFC 4821 §7.7): a size that nearly any path carries is tried.
    pub(super) fn suspect_black_hole(&mut self, now: Time, out: &mut TcpOutput) {
        let times = self.sender.as_ref().map_or(0, |it| it.timeouts_in_a_row());
        let base = BASE_MSS + if self.pair.remote.is_ipv6() { 60 } else { 40 };
        if self.rules.settings.mtu_probing && times >= SUSPICIOUS && self.path_mtu > base {
            self.decide(Decision::BlackHole { times }, out);
            self.path_carries_less(now, base, out);
        }
    }

    /// RFC 1191 §6.4: a smaller packet size, and what was too large goes again at once.
    pub(super) fn path_carries_less(&mut self, now: Time, mtu: u16, out: &mut TcpOutput) {
        if !self.rules.settings.path_mtu_discovery {
            return;
        }
        let mtu = mtu.max(smallest(self.pair.remote.ip()));
        let before = self.mss();
        if mtu >= self.path_mtu {
            return;
        }
        self.path_mtu = mtu;
        self.path_mtu_lowered = Some(now);
        let mss = self.mss();
        self.decide(Decision::PathMtu { mss, before }, out);
        if let Some(sender) = &mut self.sender {
            sender.on_smaller_mss(now, mss);
        }
        self.flush(now, out);
    }

    /// RFC 1191 §6.3: as large again as the first hop carries, when something is to be sent; as Linux, without a timer. If the
    /// path has not changed, ICMP says so again.
    pub(super) fn raise_path_mtu(&mut self, now: Time, out: &mut TcpOutput) {
        if self.path_mtu_lowered.is_none_or(|at| now - at < EXPIRES) {
            return;
        }
        self.path_mtu_lowered = None;
        let before = self.mss();
        self.path_mtu = self.rules.mtu;
        let mss = self.mss();
        self.decide(Decision::PathMtuExpired { mss, before, after: EXPIRES }, out);
        if let Some(sender) = &mut self.sender {
            sender.on_larger_mss(mss);
        }
    }
}

impl IcmpError {
    /// What a program hears (Linux: `icmp_err_convert`).
    const fn kind(self) -> ErrorKind {
        match self {
            Self::PortUnreachable => ErrorKind::ConnectionRefused,
            Self::NetworkUnreachable => ErrorKind::NetworkUnreachable,
            Self::ProtocolUnreachable => ErrorKind::Unsupported,
            _ => ErrorKind::HostUnreachable,
        }
    }
}
