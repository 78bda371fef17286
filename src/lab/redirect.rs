//! A router tells hosts of a shorter way: a packet that leaves on the link it came from should have gone to another
//! station of that link (RFC 1812 §5.2.7.2, RFC 4861 §8.2).
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::lab::icmp::{self, ndp};
use crate::lab::interface::Interface;
use crate::lab::ip::{self, Packet};
use crate::recording::Time;

/// A host that does not obey is told again, no more often than this (RFC 1812 §4.3.2.8, RFC 4861 §8.2: the rate must
/// be bounded).
const AGAIN: Duration = Duration::from_secs(1);
/// Pairs of host and destination that are remembered for that.
const MOST: usize = 256;

/// Whom a router has told, and of what.
#[derive(Debug)]
pub(crate) struct Redirects {
    sends: bool,
    told: BTreeMap<(IpAddr, IpAddr), Time>,
}

impl Default for Redirects {
    fn default() -> Self {
        Self::new(true)
    }
}

/// The message and why it is sent.
pub(crate) type Redirect = (Vec<u8>, String);

impl Redirects {
    pub(crate) const fn new(sends: bool) -> Self {
        Self { sends, told: BTreeMap::new() }
    }

    /// What the sender of a packet is to be told, when the packet leaves where it came in; `via` is the next router, where
    /// its destination is not on the link itself. [`Self::told`] says that it was.
    pub(crate) fn about(
        &mut self,
        now: Time,
        interface: &Interface,
        packet: &Packet<'_>,
        via: Option<IpAddr>,
    ) -> Option<Redirect> {
        let better = via.unwrap_or(packet.to);
        if !self.sends || !is_neighbours_affair(interface, packet, better, via.is_some()) {
            return None;
        }
        let message = write(interface, packet, better)?;
        self.may_tell(now, (packet.from, packet.to)).then(|| {
            let why = format!("{} is nearer to {better} than this router is: {} goes there", packet.from, packet.to);
            (message, why)
        })
    }

    /// The sender of such packets has been told.
    pub(crate) fn told(&mut self, now: Time, packet: &Packet<'_>) {
        self.told.insert((packet.from, packet.to), now);
    }

    fn may_tell(&mut self, now: Time, about: (IpAddr, IpAddr)) -> bool {
        if self.told.len() >= MOST {
            self.told.retain(|_, at| now - *at < AGAIN);
        }
        let recently = self.told.get(&about).is_some_and(|at| now - *at < AGAIN);
        !recently && self.told.len() < MOST
    }
}

/// Whether sender and better hop are neighbours that can name each other.
fn is_neighbours_affair(interface: &Interface, packet: &Packet<'_>, better: IpAddr, is_router: bool) -> bool {
    let own = &interface.own;
    if packet.from == better || own.has(packet.from) {
        return false;
    }
    match better {
        // RFC 1812 §5.2.7.2: sender and next hop are in one subnet.
        IpAddr::V4(_) => own.assigned().any(|it| it.contains(packet.from) && it.contains(better)),
        // RFC 4861 §8.2: the sender is a neighbour; a router is named by its link-local address.
        IpAddr::V6(_) => own.is_on_link(packet.from) && (!is_router || ip::is_link_local(better)),
    }
}

fn write(interface: &Interface, packet: &Packet<'_>, better: IpAddr) -> Option<Vec<u8>> {
    match (better, packet.from, packet.to) {
        (IpAddr::V4(better), ..) => icmp::redirect(interface.own.source_for(packet.from)?, packet, better),
        (IpAddr::V6(target), IpAddr::V6(sender), IpAddr::V6(destination)) => {
            let IpAddr::V6(own) = interface.own.link_local()? else { return None };
            let redirect = ndp::Redirect { target, destination, mac: interface.mac_of(target) };
            ndp::redirect(own, sender, &redirect, packet.bytes)
        }
        _ => None,
    }
}
