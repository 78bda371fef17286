//! A switch, described call by call.
use crate::lab::build::{Lab, NodeId};
use crate::lab::fault::{Fault, Faulty};
use crate::lab::switch::Switch;
use crate::lab::world::Machine;
use crate::recording::{self, NodeKind};

/// A switch that is being described.
pub struct SwitchBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    faulty: Option<Faulty>,
}

impl<'a> SwitchBuilder<'a> {
    pub(super) fn new(lab: &'a mut Lab, name: &str) -> Self {
        Self { lab, name: name.to_owned(), place: (0, 0), faulty: None }
    }

    /// Where it stands on the topology's grid: column and row from the top left.
    #[must_use]
    pub const fn at(mut self, column: u8, row: u8) -> Self {
        self.place = (column, row);
        self
    }

    /// Makes it do this to the `nth` frame with a program's bytes that it forwards, counted from 1.
    #[must_use]
    pub fn fault(mut self, fault: Fault, nth: u32) -> Self {
        self.faulty = Some(Faulty::new(fault, nth));
        self
    }

    /// Puts the switch into the lab.
    ///
    /// # Panics
    /// With a name that is taken.
    pub fn add(self) -> NodeId {
        let Self { lab, name, place, faulty } = self;
        let face = recording::Node { name, kind: NodeKind::Switch, interfaces: Vec::new(), place };
        lab.add(Machine::Switch(Switch::new(faulty)), face)
    }
}
