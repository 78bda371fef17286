//! Driving a lab from outside, step by step: whoever embeds it decides how its time goes, for example with the wall clock.
//!
//! ```
//! use roundtrip::lab::{Lab, LinkOptions};
//!
//! let mut lab = Lab::new(1, &[]);
//! let host = lab.host("host").address("10.0.0.1/24").add();
//! let door = lab.outside("door").at(1, 0).address("10.0.0.2/24").add();
//! lab.link(host, door, LinkOptions::default());
//! # let packet = Vec::new();
//! lab.hand_in(door, packet);
//! while let Some(at) = lab.next_at() {
//!     lab.advance(at).expect("time goes forward");
//!     for arrived in lab.take_out(door) {
//!         println!("{}: {} bytes", arrived.at, arrived.packet.len());
//!     }
//! }
//! ```
use crate::lab::build::{Lab, NodeId};
use crate::lab::output::Output;
use crate::lab::outside::{Arrived, Outside};
use crate::lab::run::{Driver, LabError};
use crate::lab::world::{Machine, World};
use crate::recording::Time;

impl Lab {
    /// The lab's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.shared.world.borrow().now
    }

    /// When the next thing happens: now, where a program has something to do; `None` when all wait and nothing
    /// will happen by itself.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        let world = self.shared.world.borrow();
        if self.shared.executor.is_ready() { Some(world.now) } else { world.agenda.next_at() }
    }

    /// Does everything up to `until`, and everything at that instant; then the clock stands there. Programs were started
    /// with [`crate::lab::LabNet::spawn`]. An instant in the past counts as now.
    ///
    /// # Errors
    /// When it takes more steps than the limits allow; the limit of time is the caller's own.
    pub fn advance(&mut self, until: Time) -> Result<(), LabError> {
        Driver::new(&self.shared, self.limits).drive(until)?;
        self.end = self.end.max(self.now());
        Ok(())
    }

    /// An outside station sends an IP packet (or a frame, where its Ethernet is outside), now. What no link would carry (no IP, too large, no route) is dropped,
    /// and the recording says so.
    ///
    /// # Panics
    /// When the node is no outside station.
    pub fn hand_in(&self, door: NodeId, packet: Vec<u8>) {
        self.shared.world.borrow_mut().at_door(door.index(), |door, now, out| door.hand_in(now, packet, out));
    }

    /// Takes the packets that have arrived at an outside station, oldest first.
    ///
    /// # Panics
    /// When the node is no outside station.
    #[must_use]
    pub fn take_out(&self, door: NodeId) -> Vec<Arrived> {
        self.shared.world.borrow_mut().at_door(door.index(), |door, _, _| door.take_out())
    }
}

impl World {
    /// Does something at an outside station.
    fn at_door<R>(&mut self, node: usize, action: impl FnOnce(&mut Outside, Time, &mut Output) -> R) -> R {
        let mut out = self.output();
        let now = self.now;
        let Machine::Outside(door) = &mut self.nodes[node].machine else {
            panic!("{} is no outside station", self.nodes[node].face.name)
        };
        let result = action(door, now, &mut out);
        self.emit(node, out);
        self.set_timer(node);
        result
    }
}
