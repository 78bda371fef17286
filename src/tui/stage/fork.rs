//! Forks: one packet meddled with, everything before it as it was, and the other future beside the first.
use std::time::Duration;

use super::Stage;
use crate::recording::{Fate, Intervention, Meddling, Recording, Time};
use crate::tui::action::{Action, Effect};
use crate::tui::views::label;

/// What each press of the key delays a packet by.
const STEP: Duration = Duration::from_millis(50);

impl Stage {
    /// What was done to the run: `packet 4 dropped`.
    pub(super) fn forks(&self) -> String {
        let forks: Vec<String> = self.setup.interventions.iter().map(label::meddling).collect();
        forks.join(", ")
    }

    /// Runs again with the packet under the cursor dropped, delayed or doubled.
    pub(super) fn fork(&mut self, action: &Action) -> Vec<Effect> {
        let packet = self.state.packet;
        if packet == 0 {
            return vec![Effect::Say("Choose a packet first: → steps to the next one.".to_owned())];
        }
        if let Some(how) = self.lost_already(packet, action) {
            return vec![Effect::Say(format!("Packet {packet} is lost already ({how}): dropping it changes nothing."))];
        }
        let before = self.delay_of(packet);
        let action = match action {
            Action::Drop => Meddling::Drop,
            Action::Delay => Meddling::Delay(before + STEP),
            _ => Meddling::Duplicate,
        };
        // What was done to this packet or to later ones belongs to a future that no longer comes.
        self.setup.interventions.retain(|it| it.packet < packet);
        self.setup.interventions.push(Intervention { packet, action });
        self.forked(packet)
    }

    /// How the packet was lost, when it is to be dropped and never arrives anyway.
    fn lost_already(&self, packet: u32, action: &Action) -> Option<String> {
        let packet = self.recording()?.packet(packet)?;
        let is_gone = matches!(packet.fate, Fate::Lost(_) | Fate::QueueFull | Fate::Meddled(Meddling::Drop));
        (*action == Action::Drop && is_gone).then(|| label::fate(packet).1)
    }

    /// What to say of a fork that changed nothing: what is lost on a later link anyway, what nobody waits for.
    pub(super) fn no_difference(&self) -> Option<String> {
        // A question keeps back what the hosts did: equal emptiness says nothing.
        if self.withheld {
            return None;
        }
        let (shown, other) =
            (self.recording()?, self.other.as_ref().filter(|_| self.is_beside_its_base())?.recording());
        let last = shown.run.interventions.last()?;
        let done = label::meddling(last);
        let is_same = shown.events == other.events
            && shown.measurements == other.measurements
            && others(shown, last.packet).eq(others(other, last.packet));
        is_same.then(|| {
            format!(
                "Both futures are the same ({done}): every host does what it did before, and every number is equal."
            )
        })
    }

    /// How much the packet is delayed already.
    fn delay_of(&self, packet: u32) -> Duration {
        match self.setup.interventions.last() {
            Some(Intervention { packet: n, action: Meddling::Delay(by) }) if *n == packet => *by,
            _ => Duration::ZERO,
        }
    }

    /// Takes the last fork back.
    pub(super) fn unfork(&mut self) -> Vec<Effect> {
        let Some(last) = self.setup.interventions.pop() else { return Vec::new() };
        let effects = self.forked(last.packet);
        self.compare = !self.setup.interventions.is_empty();
        effects
    }

    /// Asks for the run of these forks and shows it beside the one it came from, at the packet where they part.
    fn forked(&mut self, packet: u32) -> Vec<Effect> {
        self.compare = true;
        self.stay_at = Some(packet);
        self.marker = None;
        self.player.playing = false;
        let knobs = self.recording().map(|run| run.run.knobs.clone()).unwrap_or_default();
        for (name, text) in &knobs {
            // A fork is of the run on show, whatever the knobs were turned to since.
            self.knobs.set(name, text).expect("the run was made with it");
        }
        self.want()
    }
}

/// When each packet but the forked one and its copies set out and arrived, and what was in it.
fn others(run: &Recording, forked: u32) -> impl Iterator<Item = (Time, Option<Time>, &[u8])> {
    let others = run.packets.iter().filter(move |it| it.n != forked && it.fate != Fate::Copy { of: forked });
    others.map(|it| (it.at, it.arrived, it.bytes.as_slice()))
}
