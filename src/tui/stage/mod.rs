//! The stage: a run played back. Lessons, the demo screen and the presentation all use this one.
//!
//! It holds the run on show and the run before it (or the one it was forked from), a cursor in time, and a view.
mod beside;
mod bindings;
mod charted;
mod draw;
mod files;
mod fork;
mod knobs;
mod live;
mod player;
mod reading;
mod states;
mod table;
#[cfg(test)]
mod tests;
mod track;
mod update;

use std::sync::Arc;

use super::action::{Effect, Outcome};
use super::views::{Detail, Kind, Prepared, State};
use crate::content::{DemoRef, Show};
use crate::demos::{self, Demo, Knobs, PACKETS_LOST, Setup};
use crate::recording::saved::{self, Opened, Saved};
use crate::recording::{Packet, Recording, Run};
use crate::tui::widgets::field::Field;
use player::Player;
#[cfg(test)]
pub(super) use tests::world;

/// A demo, its runs, and where the learner stands in them.
pub struct Stage {
    demo: &'static Demo,
    /// As the learner turned them; the run on show may be of others.
    knobs: Knobs,
    setup: Setup,
    shown: Option<Arc<Prepared>>,
    /// The run before, or the one this was forked from.
    other: Option<Arc<Prepared>>,
    /// The run that was asked for and has not arrived.
    wanted: Option<Run>,
    /// The run as it is, while a question keeps its numbers back.
    whole: Option<Arc<Prepared>>,
    withheld: bool,
    /// The marker to stand at once the run arrives.
    marker: Option<String>,
    player: Player,
    kind: Kind,
    state: State,
    focus: Focus,
    /// Which knob the arrows turn.
    knob: usize,
    /// Its value, while it is typed.
    typed: Option<Field>,
    /// The knobs as they were when their list was opened: leaving it takes back what was turned and not run.
    before: Option<Knobs>,
    /// What leaving the page loses nothing of: the lab's run it came with, or the last that was saved.
    safe: Option<Arc<Prepared>>,
    /// The run that is being written to a file of that name.
    saving: Option<(String, Arc<Prepared>)>,
    compare: bool,
    /// The lab's run that is to stand beside a live one, until it arrives.
    beside: Option<Run>,
    veiled: bool,
    play_on_arrival: bool,
    /// The packet to stand at once a forked run arrives.
    stay_at: Option<u32>,
    /// The node whose capture is listed once the run is there.
    tap: Option<String>,
    /// The file this run was saved in, whose digest the run must repeat.
    saved: Option<Saved>,
    /// What the file and the run disagree in.
    differs: Option<String>,
    live: live::LiveSide,
    /// A live run from a file, until it is shown.
    kept: Option<Arc<Recording>>,
}

/// What the arrow keys move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Focus {
    #[default]
    View,
    Knobs,
    /// The chart's list of curves.
    Curves,
    /// The host of a live run is typed.
    Host,
}

impl Stage {
    /// A stage for a demo with these settings. Nothing runs before [`Stage::start`].
    ///
    /// # Errors
    /// A message for the learner when there is no such demo, knob or setting.
    pub fn new(demo: &DemoRef, seed: u64) -> Result<Self, String> {
        let (demo, knobs) = resolve(demo)?;
        Ok(Self::of(demo, knobs, Setup { seed, interventions: Vec::new() }))
    }

    pub(super) fn of(demo: &'static Demo, knobs: Knobs, setup: Setup) -> Self {
        Self {
            demo,
            knobs,
            setup,
            shown: None,
            other: None,
            wanted: None,
            whole: None,
            withheld: false,
            marker: None,
            player: Player::default(),
            kind: Kind::named(demo.view).unwrap_or_default(),
            state: State::default(),
            focus: Focus::default(),
            knob: 0,
            typed: None,
            before: None,
            safe: None,
            saving: None,
            compare: false,
            beside: None,
            veiled: false,
            play_on_arrival: false,
            stay_at: None,
            tap: None,
            saved: None,
            differs: None,
            live: live::LiveSide::default(),
            kept: None,
        }
    }

    /// A stage for a saved run, from its file's text.
    ///
    /// # Errors
    /// A message for the learner when it is no such file, or its demo or knobs are not those of this program.
    pub fn saved(text: &str) -> Result<Self, String> {
        let saved = match saved::open(text.as_bytes()).map_err(|error| error.to_string())? {
            Opened::Saved(saved) => saved,
            Opened::Live(recording) => return Self::kept(*recording),
        };
        let run = saved.run.clone();
        let (demo, knobs) = resolve(&DemoRef { name: run.demo, knobs: run.knobs })?;
        let setup = Setup { seed: run.seed, interventions: run.interventions };
        Ok(Self { saved: Some(saved), ..Self::of(demo, knobs, setup) })
    }

    /// A stage for a live run from its file: nothing makes it again.
    fn kept(recording: Recording) -> Result<Self, String> {
        let (name, knobs) = (recording.run.demo.clone(), recording.run.knobs.clone());
        let (demo, knobs) = resolve(&DemoRef { name, knobs })?;
        let setup = Setup { seed: recording.run.seed, interventions: Vec::new() };
        Ok(Self { kept: Some(Arc::new(recording)), ..Self::of(demo, knobs, setup) })
    }

    /// The demo's title.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.demo.title
    }

    /// Which run it is: `seed 7`, with what its chance came to and what was done to it.
    #[must_use]
    pub fn status(&self) -> String {
        if let Some(live) = self.recording().and_then(|run| run.run.live.as_ref()) {
            return format!("live · {}", live.at());
        }
        let lost = self.lost_by_chance().map(|it| format!("{it} lost by chance"));
        let all = [Some(format!("seed {}", self.setup.seed)), lost, Some(self.forks())];
        all.into_iter().flatten().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// Lists what the first host captured and not the packets of every link: questions number its frames.
    pub const fn capture_first(&mut self) {
        self.state.capture = Some(0);
    }

    /// Asks for the first run.
    pub fn start(&mut self) -> Vec<Effect> {
        if let Some(recording) = self.kept.take() {
            let run = Arc::new(Prepared::new(recording));
            self.safe = Some(Arc::clone(&run));
            self.arrived(run);
            return Vec::new();
        }
        if self.is_live() || self.is_underway() {
            return Vec::new();
        }
        self.want()
    }

    /// Plays the run from its start as soon as it is there.
    pub const fn play(&mut self) {
        self.play_on_arrival = true;
    }

    /// A lesson step needs this run. Nothing happens when it is on show or on its way.
    pub fn set(&mut self, demo: &DemoRef) -> Vec<Effect> {
        let (demo, knobs) = match resolve(demo) {
            Ok(found) => found,
            Err(message) => return vec![Effect::Say(message)],
        };
        self.demo = demo;
        self.knobs = knobs;
        self.setup.interventions.clear();
        self.compare = false;
        self.stay_at = None;
        self.want()
    }

    /// Where a lesson step stands: the view, the marker (kept until the run arrives) and the fields it lights.
    pub fn show(&mut self, show: &Show) {
        self.kind = Kind::named(&show.view).unwrap_or(self.kind);
        if self.focus == Focus::Curves {
            self.left();
        }
        self.state.highlight.clone_from(&show.highlight);
        self.marker.clone_from(&show.marker);
        self.player.playing = false;
        self.play_on_arrival = false;
        if self.wanted.is_none() {
            self.go_to_wanted_marker();
        }
    }

    /// The same; a run without that marker stands at its first packet.
    pub fn show_or_begin(&mut self, show: &Show) {
        self.show(show);
        self.stay_at = Some(1);
    }

    /// Stands at a packet of a node's capture once the run is there; a router has none, but all links.
    pub fn stay_at_packet(&mut self, packet: u32, tap: &str) {
        self.stay_at = Some(packet);
        self.tap = Some(tap.to_owned());
    }

    /// Stands at a packet and hides the value and bytes of its field: a question asks for it.
    pub fn ask_for_field(&mut self, packet: u32, field: &str) {
        self.state.hidden = vec![(packet, field.to_owned())];
        self.stay_at = Some(packet);
    }

    /// Keeps back everything but the packets, until [`Stage::unhide`]: a question asks for what they say.
    pub const fn withhold(&mut self) {
        self.withheld = true;
    }

    /// Shows everything again: the question is answered.
    pub fn unhide(&mut self) {
        self.state.hidden.clear();
        self.withheld = false;
        if let Some(whole) = self.whole.take() {
            let packet = self.state.packet;
            self.arrived(whole);
            self.state.packet = packet;
            // What it took the place of is the same run.
            self.other = None;
        }
    }

    /// While veiled nothing of the run is shown and no key is taken: the learner has not guessed yet.
    pub const fn veil(&mut self, on: bool) {
        self.veiled = on;
    }

    /// Whether one pane has all the room: a screen gives it its own as well.
    #[must_use]
    pub const fn is_zoomed(&self) -> bool {
        self.state.zoomed && !self.veiled
    }

    /// Whether the run on show is of the learner's making and in no file.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        let Some(shown) = &self.shown else { return false };
        // Of the lab the same run is made again; no two live runs are the same.
        let makes = |safe: &Recording, run: &Recording| run.run.live.is_none() && safe.run == run.run;
        let is_safe = |it: &Arc<Prepared>| Arc::ptr_eq(it, shown) || makes(it.recording(), shown.recording());
        !self.safe.as_ref().is_some_and(is_safe)
    }

    /// What the way back would close before it leaves the page, in a word for the footer.
    #[must_use]
    pub const fn open_on_top(&self) -> Option<&'static str> {
        match () {
            () if self.veiled => None,
            () if self.state.zoomed => Some("all of the stage"),
            () if self.compare => Some("one run"),
            () => None,
        }
    }

    /// Closes that; false when nothing is open.
    pub const fn close_top(&mut self) -> bool {
        let is_open = self.open_on_top().is_some();
        if self.state.zoomed {
            self.state.zoomed = false;
        } else {
            self.compare = false;
        }
        is_open
    }

    /// How many packets the run on show lost by chance, where some can be: then another seed loses others.
    #[must_use]
    pub fn lost_by_chance(&self) -> Option<usize> {
        let lost = self.asked_for()?.measurement(PACKETS_LOST)?;
        usize::try_from(lost.value.value).ok()
    }

    /// Whether another seed gives another run: one of the lab's is on show, and the keys are the view's.
    #[must_use]
    pub fn takes_seeds(&self) -> bool {
        self.focus == Focus::View && !self.veiled && self.shown.is_some() && !self.is_live()
    }

    /// Whether something moves, so that time must be told.
    #[must_use]
    pub const fn is_moving(&self) -> bool {
        self.player.playing && !self.veiled
    }

    /// The run on show.
    #[must_use]
    pub fn recording(&self) -> Option<&Recording> {
        self.shown.as_ref().map(|run| run.recording())
    }

    /// The run that was asked for last: none while it is on its way, though an earlier one is still on show.
    #[must_use]
    pub fn asked_for(&self) -> Option<&Recording> {
        self.recording().filter(|_| self.wanted.is_none())
    }

    /// The knobs as they are turned now.
    #[must_use]
    pub const fn knobs(&self) -> &Knobs {
        &self.knobs
    }

    /// An effect of some screen was carried out: takes the run it waits for.
    pub fn done(&mut self, outcome: &Outcome) -> Vec<Effect> {
        if let Outcome::Ran(run) = outcome
            && self.wanted.as_ref() == Some(&run.recording().run)
        {
            let mut effects = self.check(run.recording());
            self.safe.get_or_insert_with(|| Arc::clone(run));
            self.whole = self.withheld.then(|| Arc::clone(run));
            let packets = || Arc::new(Prepared::new(Arc::new(packets_only(run.recording()))).unmarked());
            self.arrived(if self.withheld { packets() } else { Arc::clone(run) });
            effects.extend(self.no_difference().map(Effect::Say));
            return effects;
        }
        if let Outcome::Ran(run) = outcome
            && self.beside.as_ref() == Some(&run.recording().run)
        {
            self.stands_beside(run);
            return Vec::new();
        }
        if let Outcome::Written { path, .. } = outcome {
            self.safe = self.saving.take_if(|(written, _)| written == path).map(|(_, run)| run).or(self.safe.take());
            return Vec::new();
        }
        self.live_done(outcome)
    }

    /// Says when a saved run does not repeat as it was saved.
    fn check(&mut self, recording: &Recording) -> Vec<Effect> {
        let saved = self.saved.take_if(|saved| saved.run == recording.run);
        self.differs = saved.and_then(|saved| saved.check(recording).err()).map(|error| error.to_string());
        self.differs.clone().map(Effect::Say).into_iter().collect()
    }

    /// The run that knobs and setup describe.
    fn run(&self) -> Run {
        Run {
            demo: self.demo.name.to_owned(),
            knobs: self.knobs.as_text(),
            seed: self.setup.seed,
            interventions: self.setup.interventions.clone(),
            live: None,
        }
    }

    /// Sees to it that the run described is the one on show: it is, it is at hand, or it must be made.
    fn want(&mut self) -> Vec<Effect> {
        let run = self.run();
        let is = |it: &Option<Arc<Prepared>>| it.as_ref().is_some_and(|it| it.recording().run == run);
        if is(&self.shown) {
            self.wanted = None;
            self.go_to_wanted_marker();
            return Vec::new();
        }
        if is(&self.other) {
            self.wanted = None;
            let at_hand = self.other.take().expect("it was looked at just now");
            self.arrived(at_hand);
            return Vec::new();
        }
        if self.wanted.as_ref() == Some(&run) {
            return Vec::new();
        }
        self.wanted = Some(run);
        vec![Effect::Run { demo: self.demo, knobs: self.knobs.clone(), setup: self.setup.clone() }]
    }

    fn arrived(&mut self, run: Arc<Prepared>) {
        let end = run.recording().end;
        self.wanted = None;
        // Four lifelines side by side leave no room for every call until they are asked for.
        if self.shown.is_none() && run.recording().topology.nodes.len() > 3 {
            self.state.detail = Detail::Notes;
        }
        // The rows of another run's tables are others.
        self.state.listed = None;
        let shown = self.shown.replace(run);
        if !self.is_beside_its_base() {
            self.other = shown;
        }
        if let Some(tap) = self.tap.take() {
            let captures = self.shown.as_ref().map_or(&[][..], |run| run.captures());
            self.state.capture = captures.iter().position(|it| it.name == tap);
        }
        self.state.capture =
            self.state.capture.filter(|it| self.shown.as_ref().is_some_and(|run| *it < run.captures().len()));
        self.player.fit(self.played());
        if std::mem::take(&mut self.play_on_arrival) {
            self.player.playing = true;
            self.stand_at(self.begin());
        } else {
            self.stand_at(self.state.cursor.min(end));
        }
        if let Some(capture) = self.state.capture.filter(|_| !self.player.playing) {
            self.step_in(capture, 0);
        }
        if let Some(packet) = self.stay_at.take() {
            self.go_to_packet(packet);
        }
        self.go_to_wanted_marker();
    }

    /// Whether the other run is what the one on show was forked from: a second delay of one packet keeps it.
    pub(super) fn is_beside_its_base(&self) -> bool {
        let (Some(shown), Some(other)) = (self.recording(), &self.other) else { return false };
        let mut base = shown.run.clone();
        base.interventions.pop().is_some() && base == other.recording().run
    }

    fn go_to_wanted_marker(&mut self) {
        let Some(name) = &self.marker else { return };
        let Some(run) = &self.shown else { return };
        if let Some(marker) = run.recording().marker(name) {
            let (at, packet) = (marker.at, marker.packet);
            self.marker = None;
            self.stand_at(at);
            self.state.packet = packet.unwrap_or(self.state.packet);
            self.state.reading.selected = None;
        }
    }
}

/// A run without what was read off it and without what its nodes and programs say of it.
fn packets_only(recording: &Recording) -> Recording {
    let (events, spans, series) = (Vec::new(), Vec::new(), Vec::new());
    let (steps, measurements, markers) = (Vec::new(), Vec::new(), Vec::new());
    let packets = recording.packets.iter().map(|it| Packet { reason: None, ..it.clone() }).collect();
    Recording { packets, events, steps, spans, series, measurements, markers, ..recording.clone() }
}

fn resolve(demo: &DemoRef) -> Result<(&'static Demo, Knobs), String> {
    let found = demos::find(&demo.name).ok_or_else(|| {
        let names: Vec<&str> = demos::all().iter().map(|it| it.name).collect();
        format!("There is no demo `{}`; there are {}.", demo.name, names.join(", "))
    })?;
    let settings = demo.knobs.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let knobs = Knobs::with(found.knobs, settings).map_err(|error| format!("{}: {error}", demo.name))?;
    Ok((found, knobs))
}
