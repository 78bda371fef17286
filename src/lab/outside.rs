//! A door to the outside: a station whose IP stack is not in the lab. The embedding program hands its packets in and
//! takes out what arrives; the door only adds and removes Ethernet, and answers ARP for its address. Where the station's
//! Ethernet is outside as well, whole frames pass.
use std::collections::VecDeque;
use std::net::IpAddr;

use crate::lab::frame::{self, ETHERNET};
use crate::lab::interface::{Interface, Received};
use crate::lab::ip;
use crate::lab::output::Output;
use crate::recording::Time;

/// Packets that may wait to be taken out; one more is dropped, as by a device whose driver sleeps.
const WAITING: usize = 16_384;

/// A packet that has crossed the lab to an outside station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// When its last bit was in.
    pub at: Time,
    /// The IP packet, as its sender made it; at a station whose Ethernet is outside the frame.
    pub packet: Vec<u8>,
}

/// An outside station.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) interface: Interface,
    pub(crate) gateways: Vec<IpAddr>,
    /// Frames pass, not packets: ARP and Neighbor Discovery are outside.
    frames: bool,
    /// The largest packet its link carries.
    pub(crate) mtu: u16,
    arrived: VecDeque<Arrived>,
}

impl Outside {
    pub(crate) const fn new(interface: Interface, gateways: Vec<IpAddr>, frames: bool) -> Self {
        Self { interface, gateways, frames, mtu: 1500, arrived: VecDeque::new() }
    }

    /// Takes a frame in from the lab.
    pub(crate) fn receive(&mut self, now: Time, bytes: &[u8], out: &mut Output) {
        let packet = match self.frames {
            true => bytes,
            false => match self.interface.receive(now, bytes, out) {
                Received::Packet(packet) => packet,
                _ => return,
            },
        };
        if self.arrived.len() == WAITING {
            return out.decide(format!("{WAITING} packets wait to be taken out: this one is dropped"));
        }
        self.arrived.push_back(Arrived { at: now, packet: packet.to_vec() });
    }

    /// Sends a packet from the outside into the lab; what cannot be sent is dropped and the recording says why.
    pub(crate) fn hand_in(&mut self, now: Time, packet: Vec<u8>, out: &mut Output) {
        if self.frames {
            return self.hand_in_frame(packet, out);
        }
        if packet.len() > usize::from(self.mtu) {
            return out.decide(format!("{} bytes from outside, the link takes {}: dropped", packet.len(), self.mtu));
        }
        let Some(to) = ip::read(&packet).map(|it| it.to) else {
            return out.decide(format!("{} bytes from outside are no IP packet: dropped", packet.len()));
        };
        let own = &self.interface.own;
        let near = own.is_on_link(to) || own.is_broadcast(to) || to.is_multicast();
        let gateway = || self.gateways.iter().copied().find(|it| it.is_ipv4() == to.is_ipv4());
        match if near { Some(to) } else { gateway() } {
            Some(next_hop) => self.interface.send(now, next_hop, packet, None, out),
            None => out.decide(format!("no route to {to}: dropped")),
        }
    }

    fn hand_in_frame(&self, bytes: Vec<u8>, out: &mut Output) {
        if frame::open(&bytes).is_none() || bytes.len() > usize::from(self.mtu) + ETHERNET {
            let length = bytes.len();
            return out.decide(format!("{length} bytes from outside are no frame that the link takes: dropped"));
        }
        out.send(self.interface.own.index, bytes, None);
    }

    /// Gives what has arrived, oldest first.
    pub(crate) fn take_out(&mut self) -> Vec<Arrived> {
        self.arrived.drain(..).collect()
    }

    /// Asks again where ARP waits for an answer; what nobody answered for is gone.
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) {
        self.interface.tick(now, out);
    }
}
