//! The keys that work on the stage now.
use crossterm::event::{KeyCode, KeyEvent};

use super::{Focus, Stage};
use crate::tui::action::{Action, Binding, Key};
use crate::tui::views::{Detail, Kind, Pane, moments};

impl Stage {
    /// The keys that work now, in the footer's order; a screen lists them before its own.
    #[must_use]
    pub fn bindings(&self) -> Vec<Binding> {
        if self.veiled {
            return Vec::new();
        }
        let mut keys = self.underway_keys();
        keys.extend(match self.focus {
            Focus::Host => Self::host_keys(),
            Focus::Knobs => self.knob_keys(),
            Focus::Curves => curve_keys(),
            Focus::View if self.shown.is_some() => self.view_keys(),
            Focus::View => self.keys_ahead(),
        });
        keys
    }

    fn knob_keys(&self) -> Vec<Binding> {
        if self.typed.is_some() {
            return vec![
                Binding::new([Key::code(KeyCode::Enter)], "set", Action::RunAgain),
                Binding::new([Key::code(KeyCode::Esc)], "leave it as it was", Action::Knobs),
            ];
        }
        let mut keys = self.turning_keys();
        let typed = |c: char| Action::Type(KeyEvent::from(KeyCode::Char(c)));
        if self.takes_numbers() || self.takes_texts() {
            keys.insert(4, Binding::new([Key::char('=')], "type a value", typed('=')));
        }
        if self.takes_numbers() {
            keys.extend(('0'..='9').map(|c| Binding::quiet([Key::char(c)], "type a value", typed(c))));
        }
        keys
    }

    fn turning_keys(&self) -> Vec<Binding> {
        let close = if self.has_turned() { "take it back" } else { "done" };
        vec![
            Binding::new([Key::code(KeyCode::Up), Key::char('k')], "choose", Action::Up),
            Binding::quiet([Key::code(KeyCode::Down), Key::char('j')], "choose", Action::Down),
            Binding::new([Key::code(KeyCode::Left), Key::char('h')], "less", Action::Left),
            Binding::new([Key::code(KeyCode::Right), Key::char('l')], "more", Action::Right),
            Binding::quiet([Key::code(KeyCode::PageUp)], "ten steps more", Action::PageUp),
            Binding::quiet([Key::code(KeyCode::PageDown)], "ten steps less", Action::PageDown),
            Binding::new([Key::code(KeyCode::Enter), Key::char('r')], "run", Action::RunAgain),
            Binding::new([Key::code(KeyCode::Esc), Key::code(KeyCode::Tab)], close, Action::Knobs),
        ]
    }

    fn view_keys(&self) -> Vec<Binding> {
        let play = if self.player.playing { "pause" } else { "play" };
        let packets = self.recording().is_none_or(|run| !run.packets.is_empty());
        let (next, before) = if packets { ("next packet", "packet before") } else { ("next event", "event before") };
        let mut keys = vec![
            Binding::new([Key::char(' ')], play, Action::PlayPause),
            Binding::new([Key::code(KeyCode::Right)], next, Action::StepForward),
            Binding::quiet([Key::code(KeyCode::Left)], before, Action::StepBack),
            Binding::quiet([Key::code(KeyCode::Home)], "to the start", Action::First),
            Binding::quiet([Key::code(KeyCode::End)], "to the end", Action::Last),
            Binding::quiet([Key::char('<'), Key::char(',')], "slower", Action::Slower),
            Binding::quiet([Key::char('>'), Key::char('.')], "faster", Action::Faster),
            Binding::new([Key::char('v')], "view", Action::NextView),
        ];
        if self.recording().is_some_and(|run| !run.markers.is_empty()) {
            let marker = Binding::new([Key::char(']')], "next marker", Action::NextMarker);
            keys.splice(3..3, [marker, Binding::quiet([Key::char('[')], "marker before", Action::PreviousMarker)]);
        }
        match self.kind {
            Kind::Packets => drop(keys.splice(0..0, self.reading_keys())),
            Kind::Chart if self.recording().is_some_and(|run| self.kind.has_content(run)) => {
                drop(keys.splice(1..1, self.chart_keys()));
            }
            Kind::Table => drop(keys.splice(1..1, self.table_keys())),
            Kind::States => drop(keys.splice(1..1, self.state_keys())),
            Kind::Steps => drop(keys.splice(1..1, step_keys())),
            _ => {}
        }
        if matches!(self.kind, Kind::Sequence | Kind::Packets) {
            keys.push(Binding::quiet([Key::code(KeyCode::Down), Key::char('j')], "down", Action::Down));
            keys.push(Binding::quiet([Key::code(KeyCode::Up)], "up", Action::Up));
            keys.push(Binding::quiet([Key::code(KeyCode::PageDown)], "page down", Action::PageDown));
            keys.push(Binding::quiet([Key::code(KeyCode::PageUp)], "page up", Action::PageUp));
        }
        if matches!(self.kind, Kind::Table | Kind::Steps) {
            keys.push(Binding::quiet([Key::code(KeyCode::PageDown)], "ten rows on", Action::PageDown));
            keys.push(Binding::quiet([Key::code(KeyCode::PageUp)], "ten rows back", Action::PageUp));
        }
        if !self.demo.knobs.is_empty() {
            keys.push(Binding::new([Key::char('k')], "knobs", Action::Knobs));
        }
        let again = if self.is_live() { "run in the lab" } else { "run again" };
        keys.push(Binding::quiet([Key::char('r')], again, Action::RunAgain));
        if self.other.is_some() || self.is_live() {
            let label = if self.compare { "one run" } else { "compare" };
            keys.push(Binding::new([Key::char('c')], label, Action::Compare));
        }
        let zoom = if self.state.zoomed { "show all of the stage" } else { "only this pane" };
        keys.push(Binding::quiet([Key::char('z')], zoom, Action::Zoom));
        let more = match self.state.detail.next() {
            Detail::Notes => "packets only",
            Detail::Calls => "calls, states",
            Detail::Reasons => "reasons",
        };
        if matches!(self.kind, Kind::Sequence | Kind::Packets) {
            keys.insert(3, Binding::new([Key::char('e')], more, Action::Reasons));
        }
        keys.extend(self.fork_keys());
        if self.can_live() && !self.is_underway() {
            keys.push(Binding::new([Key::char('L')], "run live", Action::Live));
        }
        keys.extend(self.digits());
        keys
    }

    /// The keys before the first run is there.
    fn keys_ahead(&self) -> Vec<Binding> {
        let knobs = Binding::new([Key::char('k')], "knobs", Action::Knobs);
        let knobs = (!self.demo.knobs.is_empty()).then_some(knobs);
        knobs.into_iter().chain(self.digits()).collect()
    }

    /// A key for each view.
    fn digits(&self) -> Vec<Binding> {
        let shown = |kind: Kind| match self.recording() {
            _ if !kind.is_rare() => true,
            Some(run) => kind.has_content(run),
            None => kind.name() == self.demo.view,
        };
        let views = ('1'..).zip(LABELS).enumerate().filter(|(index, _)| shown(Kind::ALL[*index]));
        views.map(|(index, (digit, label))| Binding::quiet([Key::char(digit)], label, Action::View(index))).collect()
    }
}

impl Stage {
    fn fork_keys(&self) -> Vec<Binding> {
        let mut keys = Vec::new();
        if !self.setup.interventions.is_empty() {
            keys.push(Binding::new([Key::char('u')], "undo the fork", Action::Unfork));
        }
        if self.state.packet > 0 {
            keys.push(Binding::new([Key::char('x')], "drop packet", Action::Drop));
            keys.push(Binding::quiet([Key::char('d')], "delay the packet 50 ms more", Action::Delay));
            keys.push(Binding::quiet([Key::char('D')], "double the packet", Action::Duplicate));
        }
        if self.is_live() {
            let forks = ['x', 'd', 'D'].map(Key::char);
            keys.push(Binding::quiet(forks, "fork: of runs in the lab only", Action::Say(NO_FORK.to_owned())));
        }
        keys.push(Binding::quiet([Key::char('S')], "save the run", Action::SaveRun));
        keys.push(Binding::quiet([Key::char('P')], "save a capture for Wireshark", Action::SaveCapture));
        // A question about a field keeps it covered; the workbench would not.
        let has_packets = self.recording().is_some_and(|run| !run.packets.is_empty());
        if has_packets && self.state.hidden.is_empty() {
            keys.push(Binding::quiet([Key::char('W')], "open the capture on the workbench", Action::OpenCapture));
        }
        keys.push(Binding::quiet([Key::char('E')], "export: a table, a recipe, a configuration", Action::Exports));
        keys
    }

    /// The keys of the states view; they come before those of every view.
    fn state_keys(&self) -> Vec<Binding> {
        let mut keys = vec![
            Binding::new([Key::code(KeyCode::Down), Key::char('j')], "next state", Action::Down),
            Binding::quiet([Key::code(KeyCode::Up)], "state before", Action::Up),
        ];
        if self.shown.as_ref().is_some_and(|run| run.machines().groups.len() > 1) {
            keys.push(Binding::new([Key::char('w')], "whose", Action::Vantage));
        }
        keys
    }

    /// The keys of the chart; they come before those of every view.
    fn chart_keys(&self) -> Vec<Binding> {
        let mut keys = Vec::new();
        let moments = self.shown.as_ref().map(|run| run.moments()).unwrap_or_default();
        if !moments.is_empty() {
            let next = if moments::noun(moments) == "markers" { "next marker" } else { "next decision" };
            keys.push(Binding::new([Key::code(KeyCode::Down), Key::char('j')], next, Action::Down));
            keys.push(Binding::quiet([Key::code(KeyCode::Up)], "the one before", Action::Up));
        }
        keys.push(Binding::new([Key::char('+'), Key::char('=')], "zoom", Action::ZoomIn));
        if self.state.chart.zoom > 0 {
            keys.push(Binding::new([Key::char('-')], "out", Action::ZoomOut));
            keys.push(Binding::quiet([Key::char('0')], "the whole run", Action::ZoomWhole));
        }
        keys.push(Binding::new([Key::char('s')], "curves", Action::Curves));
        keys.push(Binding::quiet([Key::code(KeyCode::PageDown)], "a quarter of the picture on", Action::PageDown));
        keys.push(Binding::quiet([Key::code(KeyCode::PageUp)], "a quarter of the picture back", Action::PageUp));
        keys
    }

    /// The keys of the packets view, by its pane; they come before those of every view.
    fn reading_keys(&self) -> Vec<Binding> {
        let next = match self.state.reading.pane {
            Pane::List => "fields",
            Pane::Tree => "bytes",
            Pane::Bytes => "list",
        };
        let mut keys = vec![
            Binding::new([Key::code(KeyCode::Tab)], next, Action::NextPane),
            Binding::quiet([Key::code(KeyCode::BackTab)], "pane before", Action::PreviousPane),
        ];
        keys.push(Binding::new([Key::char('w')], "capture", Action::Vantage));
        let (next, before) = match self.state.reading.pane {
            Pane::List => ("ten packets on", "ten packets back"),
            Pane::Tree => ("next layer", "layer before"),
            Pane::Bytes => ("next field", "field before"),
        };
        let page = Binding::new([Key::code(KeyCode::PageDown)], next, Action::PageDown);
        keys.push(Binding { in_footer: self.state.reading.pane != Pane::List, ..page });
        keys.push(Binding::quiet([Key::code(KeyCode::PageUp)], before, Action::PageUp));
        if self.state.reading.pane == Pane::Tree {
            keys.insert(0, Binding::new([Key::code(KeyCode::Down), Key::char('j')], "next field", Action::Down));
            keys.insert(1, Binding::quiet([Key::code(KeyCode::Up)], "field before", Action::Up));
        }
        if self.state.reading.pane == Pane::Bytes {
            keys.push(Binding::new([Key::code(KeyCode::Right)], "next byte", Action::Right));
            keys.push(Binding::quiet([Key::code(KeyCode::Left)], "byte before", Action::Left));
        }
        keys
    }
}

/// The keys of a trace, or of two beside each other.
fn step_keys() -> [Binding; 2] {
    [
        Binding::new([Key::code(KeyCode::Down), Key::char('j')], "next row", Action::Down),
        Binding::quiet([Key::code(KeyCode::Up)], "row before", Action::Up),
    ]
}

/// The keys of the list of curves.
fn curve_keys() -> Vec<Binding> {
    vec![
        Binding::new([Key::code(KeyCode::Up), Key::char('k')], "choose", Action::Up),
        Binding::quiet([Key::code(KeyCode::Down), Key::char('j')], "choose", Action::Down),
        Binding::new([Key::char(' ')], "show or hide", Action::Toggle),
        Binding::new([Key::char('a')], "show all", Action::ShowAll),
        Binding::new(
            [Key::code(KeyCode::Enter), Key::code(KeyCode::Esc), Key::char('s'), Key::code(KeyCode::Tab)],
            "done",
            Action::Curves,
        ),
    ]
}

/// Why a live run has no forks.
const NO_FORK: &str = "A live run cannot be forked: real packets are gone, and no run repeats them. r runs in the lab.";

/// What help calls the views' keys, in the order of [`Kind::ALL`].
const LABELS: [&str; Kind::ALL.len()] = [
    "view: sequence of packets",
    "view: packets, layers, bytes",
    "view: waterfall of times",
    "view: topology",
    "view: chart",
    "view: table of measurements",
    "view: state machines",
    "view: steps of a trace",
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::demos::{self, Knobs, Setup};
    use crate::tui::views::Prepared;

    #[test]
    fn a_view_chosen_before_the_run_is_there_is_the_one_it_is_seen_in() {
        let demo = demos::find("encapsulation").expect("it ships");
        let knobs = Knobs::defaults(demo.knobs);
        let mut stage = Stage::of(demo, knobs.clone(), Setup::default());
        drop(stage.start());
        let names = |stage: &Stage| stage.bindings().iter().flat_map(|it| it.keys.clone()).collect::<Vec<_>>();
        assert!(names(&stage).contains(&Key::char('6')) && names(&stage).contains(&Key::char('k')));
        assert!(!names(&stage).contains(&Key::char('8')), "this demo is no trace");
        assert!(stage.update(&Action::View(5)).is_some());
        assert!(stage.update(&Action::PlayPause).is_none(), "nothing can be played yet");
        stage.arrived(Arc::new(Prepared::new(Arc::new((demo.run)(&knobs, &Setup::default())))));
        assert_eq!(stage.kind, Kind::Table);
    }
}
