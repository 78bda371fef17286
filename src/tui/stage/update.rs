//! What keys and time do to the stage.
use std::time::Duration;

use super::{Focus, Stage};
use crate::recording::{Recording, Time};
use crate::tui::action::{Action, Effect};
use crate::tui::views::Kind;

impl Stage {
    /// Does what was asked; `None` when it is not the stage's to do.
    pub fn update(&mut self, action: &Action) -> Option<Vec<Effect>> {
        if let Action::Tick(passed) = action {
            self.tick(*passed);
            return Some(Vec::new());
        }
        if self.veiled {
            return None;
        }
        if self.focus == Focus::Knobs {
            return self.update_knobs(action);
        }
        self.shown.as_ref()?;
        self.update_view(action)
    }

    fn update_view(&mut self, action: &Action) -> Option<Vec<Effect>> {
        match action {
            Action::PlayPause => self.play_pause(),
            Action::Faster => self.player.faster(),
            Action::Slower => self.player.slower(),
            Action::StepForward | Action::Down => self.step(true),
            Action::StepBack | Action::Up => self.step(false),
            Action::NextMarker => self.to_marker(true),
            Action::PreviousMarker => self.to_marker(false),
            Action::First => self.pause_at(Time::ZERO),
            Action::Last => self.pause_at(self.end()),
            Action::View(index) => self.kind = Kind::ALL.get(*index).copied().unwrap_or(self.kind),
            Action::NextView => self.next_view(),
            Action::Knobs if !self.demo.knobs.is_empty() => self.focus = Focus::Knobs,
            Action::Compare => self.compare = !self.compare && self.other.is_some(),
            Action::Reasons => self.state.reasons = !self.state.reasons,
            Action::RunAgain => return Some(self.run_again()),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Runs with the knobs as they are; a run that is on show already is played from its start.
    pub(super) fn run_again(&mut self) -> Vec<Effect> {
        self.marker = None;
        self.setup.interventions.clear();
        self.play_on_arrival = true;
        let effects = self.want();
        if self.wanted.is_none() && std::mem::take(&mut self.play_on_arrival) {
            self.stand_at(Time::ZERO);
            self.player.playing = true;
        }
        effects
    }

    fn end(&self) -> Time {
        self.recording().map_or(Time::ZERO, |run| run.end)
    }

    /// Puts the cursor at an instant; the packet under it is the last one sent by then.
    pub(super) fn stand_at(&mut self, at: Time) {
        self.state.cursor = at;
        self.state.event = None;
        self.state.packet = self.shown.as_ref().map_or(0, |run| run.packet_at(at));
    }

    fn pause_at(&mut self, at: Time) {
        self.player.playing = false;
        self.stand_at(at);
    }

    fn tick(&mut self, passed: Duration) {
        if !self.player.playing {
            return;
        }
        let (cursor, ended) = self.player.tick(self.state.cursor, passed, self.end());
        self.stand_at(cursor);
        self.player.playing = !ended;
    }

    fn play_pause(&mut self) {
        if !self.player.playing && self.state.cursor >= self.end() {
            self.stand_at(Time::ZERO);
        }
        self.player.playing = !self.player.playing;
    }

    /// To the packet after or before the one under the cursor.
    fn step(&mut self, forward: bool) {
        let Some(run) = self.recording() else { return };
        let last = u32::try_from(run.packets.len()).unwrap_or(u32::MAX);
        let now = self.state.packet;
        let next = if forward { now.saturating_add(1).min(last) } else { now.saturating_sub(1).max(1) };
        if let Some(at) = run.packet(next).map(|packet| packet.at) {
            self.pause_at(at);
            self.state.packet = next;
        }
    }

    fn to_marker(&mut self, forward: bool) {
        let Some((at, packet)) = self.recording().and_then(|run| next_marker(run, self.state.cursor, forward)) else {
            return;
        };
        self.pause_at(at);
        self.state.packet = packet.unwrap_or(self.state.packet);
    }

    fn next_view(&mut self) {
        let Some(run) = self.recording() else { return };
        let here = Kind::ALL.iter().position(|kind| *kind == self.kind).unwrap_or(0);
        let round = Kind::ALL.iter().cycle().skip(here + 1).take(Kind::ALL.len());
        self.kind = round.copied().find(|kind| kind.has_content(run)).unwrap_or(self.kind);
    }
}

fn next_marker(run: &Recording, cursor: Time, forward: bool) -> Option<(Time, Option<u32>)> {
    let found = if forward {
        run.markers.iter().find(|marker| marker.at > cursor)
    } else {
        run.markers.iter().rfind(|marker| marker.at < cursor)
    };
    found.map(|marker| (marker.at, marker.packet))
}
