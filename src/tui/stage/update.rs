//! What keys and time do to the stage.
use std::time::Duration;

use super::{Focus, Stage};
use crate::recording::{Recording, Time};
use crate::tui::action::{Action, Effect};
use crate::tui::views::Kind;
use crate::tui::views::sequence::{self, What};

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
        if *action == Action::StopLive {
            self.stop_live();
            return Some(Vec::new());
        }
        match self.focus {
            Focus::Knobs => return self.update_knobs(action),
            Focus::Host => return self.update_host(action),
            Focus::View | Focus::Curves => {}
        }
        if self.shown.is_none() {
            return self.update_ahead(action);
        }
        if self.focus == Focus::Curves && !matches!(action, Action::Point(_)) {
            self.update_curves(action);
            return Some(Vec::new());
        }
        self.update_view(action)
    }

    /// While the first run is on its way: what it shall be seen in, and with which knobs.
    fn update_ahead(&mut self, action: &Action) -> Option<Vec<Effect>> {
        match action {
            Action::View(index) => self.kind = Kind::ALL.get(*index).copied().unwrap_or(self.kind),
            Action::Knobs if !self.demo.knobs.is_empty() => self.open_knobs(),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn update_view(&mut self, action: &Action) -> Option<Vec<Effect>> {
        if self.kind == Kind::Packets && self.read(action) {
            return Some(Vec::new());
        }
        if self.kind == Kind::States && self.in_states(action) {
            return Some(Vec::new());
        }
        if self.kind == Kind::Chart && self.in_chart(action) {
            return Some(Vec::new());
        }
        if self.kind == Kind::Table && self.in_table(action) {
            return Some(Vec::new());
        }
        if self.kind == Kind::Steps && self.in_steps(action) {
            return Some(Vec::new());
        }
        match action {
            Action::Point(pointed) => self.point(*pointed),
            Action::PlayPause => self.play_pause(),
            Action::Faster => self.player.faster(),
            Action::Slower => self.player.slower(),
            Action::Down if self.kind == Kind::Sequence => self.go_to_row(1),
            Action::Up if self.kind == Kind::Sequence => self.go_to_row(-1),
            Action::PageDown => self.page(1),
            Action::PageUp => self.page(-1),
            Action::Scroll { down, .. } => self.scroll(if *down { 1 } else { -1 }),
            Action::StepForward | Action::Down => self.step(1),
            Action::StepBack | Action::Up => self.step(-1),
            Action::NextMarker => self.go_to_marker(true),
            Action::PreviousMarker => self.go_to_marker(false),
            Action::First => self.rewind(),
            Action::Vantage => self.next_capture(),
            Action::Last => self.pause_at(self.end()),
            Action::View(index) => self.show_view(Kind::ALL.get(*index).copied().unwrap_or(self.kind)),
            Action::NextView => self.next_view(),
            Action::Knobs if !self.demo.knobs.is_empty() => self.open_knobs(),
            Action::Compare => return Some(self.turn_compare()),
            Action::Reasons => self.next_detail(),
            Action::Zoom => self.state.zoomed = !self.state.zoomed,
            Action::Drop | Action::Delay | Action::Duplicate => return Some(self.fork(action)),
            Action::Unfork => return Some(self.unfork()),
            Action::Live => self.ask_host(),
            Action::Exports => return Some(self.exports()),
            Action::SaveExport(name) => return Some(self.save_export(name)),
            Action::SaveRun => return Some(self.save_run()),
            Action::SaveCapture => return Some(self.save_capture()),
            Action::OpenCapture => return Some(self.open_capture()),
            Action::RunAgain => return Some(self.run_again()),
            Action::Reseed { up } if self.takes_seeds() => return Some(self.reseed(*up)),
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
            self.stand_at(self.begin());
            self.player.playing = true;
        }
        effects
    }

    /// Runs with another chance: the seed after this one, or before it. The run that was on show can be compared with.
    fn reseed(&mut self, up: bool) -> Vec<Effect> {
        let seed = self.setup.seed;
        self.setup.seed = if up { seed.wrapping_add(1) } else { seed.wrapping_sub(1) };
        self.run_again()
    }

    pub(super) fn end(&self) -> Time {
        self.recording().map_or(Time::ZERO, |run| run.end)
    }

    /// Where the run plays from: its start, or its first bar where a demo opens with the bars and they come late.
    pub(super) fn begin(&self) -> Time {
        let Some(run) = self.recording().filter(|_| self.demo.view == Kind::Waterfall.name()) else {
            return Time::ZERO;
        };
        let first = run.spans.iter().map(|it| it.from).min().unwrap_or(Time::ZERO);
        if first.0 > run.end.0 / 4 { first } else { Time::ZERO }
    }

    /// How long what is played takes in the run, its quiet stretches left out.
    pub(super) fn played(&self) -> Duration {
        let begin = self.begin();
        let quiet = self.shown.as_ref().map_or(&[][..], |run| run.quiet());
        let quiet = quiet.iter().filter(|(from, _)| *from >= begin).map(|(from, to)| to.since(*from)).sum();
        self.end().since(begin).saturating_sub(quiet)
    }

    /// Puts the cursor at an instant; the packet under it is the last one sent by then.
    pub(super) fn stand_at(&mut self, at: Time) {
        self.state.cursor = at;
        self.state.event = None;
        self.state.row = None;
        self.state.moment = None;
        self.state.packet = self.shown.as_ref().map_or(0, |run| run.packet_at(at));
    }

    pub(super) fn pause_at(&mut self, at: Time) {
        self.player.playing = false;
        self.stand_at(at);
    }

    fn tick(&mut self, passed: Duration) {
        if !self.player.playing {
            return;
        }
        let quiet = self.shown.as_ref().map_or(&[][..], |run| run.quiet());
        let (cursor, ended) = self.player.tick(self.state.cursor, passed, self.end(), quiet);
        self.stand_at(cursor);
        self.player.playing = !ended;
    }

    fn play_pause(&mut self) {
        if !self.player.playing && self.state.cursor >= self.end() {
            self.stand_at(self.begin());
        }
        self.player.playing = !self.player.playing;
    }

    fn rewind(&mut self) {
        self.pause_at(Time::ZERO);
        self.stand_at_first_packet(Time::ZERO);
    }

    /// Where several packets leave at one instant, the first of them.
    fn stand_at_first_packet(&mut self, at: Time) {
        let first = self.recording().and_then(|run| run.packets.iter().find(|packet| packet.at == at));
        self.state.packet = first.map_or(self.state.packet, |packet| packet.n);
    }

    /// Everybody's packets, then the capture of each host.
    fn next_capture(&mut self) {
        let count = self.shown.as_ref().map_or(0, |run| run.captures().len());
        let next = self.state.capture.map_or(0, |it| it + 1);
        self.state.capture = (next < count).then_some(next);
        self.step(0);
    }

    /// So many frames on or back in the capture on show.
    pub(super) fn step_in(&mut self, capture: usize, by: i32) {
        let Some(capture) = self.shown.as_ref().and_then(|run| run.captures().get(capture)) else { return };
        let here = capture.frame(self.state.packet, self.state.cursor);
        let next = here.saturating_add_signed(by as isize).min(capture.frames.len().saturating_sub(1));
        if let Some((at, n)) = capture.frames.get(next).copied() {
            self.pause_at(at);
            self.state.packet = n;
        }
    }

    /// So many packets on or back.
    fn step(&mut self, by: i32) {
        if let Some(capture) = self.state.capture.filter(|_| self.kind == Kind::Packets) {
            return self.step_in(capture, by);
        }
        let Some(run) = self.recording() else { return };
        if run.packets.is_empty() {
            return self.step_event(by);
        }
        let last = u32::try_from(run.packets.len()).unwrap_or(u32::MAX);
        self.go_to_packet(self.state.packet.saturating_add_signed(by).clamp(1, last.max(1)));
    }

    /// So many events on or back, where there are no packets: to what begins after the cursor, or began before it.
    fn step_event(&mut self, by: i32) {
        let Some(run) = self.recording() else { return };
        let here = self.state.event.unwrap_or_else(|| run.events.partition_point(|it| it.at < self.state.cursor));
        let standing = self.state.event.is_some();
        let next = if by > 0 && !standing { here } else { here.saturating_add_signed(by as isize) };
        self.go_to_event(next.min(run.events.len().saturating_sub(1)));
    }

    /// So many rows of the sequence on or back; silences are passed over.
    fn go_to_row(&mut self, by: isize) {
        let Some(run) = &self.shown else { return };
        let rows = &run.rows(self.state.detail).all;
        let last = rows.len().saturating_sub(1);
        let mut next = sequence::current(run, &self.state).saturating_add_signed(by).min(last);
        while matches!(rows[next].what, What::Silence(_)) && next > 0 && next < last {
            next = next.saturating_add_signed(by.signum());
        }
        let row = rows[next];
        match row.what {
            What::Crossing { first, .. } | What::Leaves(first) => self.go_to_packet(first),
            What::Arrives(n) => {
                self.pause_at(row.at);
                self.state.packet = n;
            }
            What::Event { index, .. } => self.go_to_event(index),
            What::EventEnds(index) => {
                self.pause_at(row.at);
                self.state.event = Some(index);
            }
            What::Silence(_) => self.pause_at(row.at),
        }
        self.state.row = Some(next);
    }

    /// The rows are others then; the cursor stays where it is.
    fn next_detail(&mut self) {
        self.state.detail = self.state.detail.next();
        self.state.row = None;
    }

    fn page(&mut self, by: i8) {
        match self.kind {
            Kind::Sequence => self.go_to_row(isize::from(by) * 10),
            _ => self.step(i32::from(by) * 10),
        }
    }

    fn scroll(&mut self, by: i8) {
        match self.kind {
            Kind::Sequence => self.go_to_row(isize::from(by)),
            _ => self.step(i32::from(by)),
        }
    }

    pub(super) fn go_to_packet(&mut self, n: u32) {
        if let Some(at) = self.recording().and_then(|run| run.packet(n)).map(|packet| packet.at) {
            self.pause_at(at);
            self.state.packet = n;
        }
    }

    pub(super) fn go_to_event(&mut self, index: usize) {
        if let Some(at) = self.recording().and_then(|run| run.events.get(index)).map(|event| event.at) {
            self.pause_at(at);
            self.state.event = Some(index);
        }
    }

    fn go_to_marker(&mut self, forward: bool) {
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
        let next = round.copied().find(|kind| kind.has_content(run)).unwrap_or(self.kind);
        self.show_view(next);
    }

    /// The rows of a trace are not those of the sequence.
    fn show_view(&mut self, kind: Kind) {
        if self.kind != kind {
            self.state.row = None;
        }
        self.kind = kind;
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
