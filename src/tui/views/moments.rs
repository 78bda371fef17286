//! The instants a chart marks: what hosts decided, and the run's markers, in order of time.
use crate::recording::{EventKind, Marker, NodeKind, Recording, Time};
use crate::tui::views::{Prepared, State};
use crate::wire::text::visible;

/// Something at an instant that a learner may step to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Time,
    pub(crate) what: What,
}

/// Indices into the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Marker(usize),
    /// An event that is a decision.
    Decision(usize),
}

/// All of them. What switches and routers decide about each packet stays in the sequence.
pub(crate) fn of(recording: &Recording) -> Vec<Moment> {
    let is_host = |node: usize| recording.topology.nodes.get(node).is_some_and(|it| it.kind == NodeKind::Host);
    let events = recording.events.iter().enumerate();
    let decisions = events.filter(|(_, it)| matches!(it.kind, EventKind::Decision { .. }) && is_host(it.node));
    let decisions = decisions.map(|(index, it)| Moment { at: it.at, what: What::Decision(index) });
    let markers = recording.markers.iter().enumerate();
    let markers = markers.map(|(index, it)| Moment { at: it.at, what: What::Marker(index) });
    let mut all: Vec<Moment> = markers.chain(decisions).collect();
    all.sort_by_key(|it| (it.at, it.what));
    all
}

impl Moment {
    /// Who it is about (nobody for a marker), and what is to be said.
    pub(crate) fn words(self, run: &Prepared) -> (String, String) {
        let recording = run.recording();
        match self.what {
            What::Marker(index) => (String::new(), visible(&recording.markers[index].label)),
            What::Decision(index) => {
                let event = &recording.events[index];
                let EventKind::Decision { text } = &event.kind else { return Default::default() };
                (visible(recording.node_name(event.node)), visible(run.machines().decided(event.node, text)))
            }
        }
    }

    /// Its sign on an axis.
    pub(crate) const fn sign(self) -> &'static str {
        match self.what {
            What::Marker(_) => "◆",
            What::Decision(_) => "▾",
        }
    }
}

/// What they are called together.
pub(crate) fn noun(moments: &[Moment]) -> &'static str {
    let decided = moments.iter().any(|it| matches!(it.what, What::Decision(_)));
    if decided { "decisions and markers" } else { "markers" }
}

/// Where the cursor stands among them: at the one the learner stepped to, else at the marker of the packet under the cursor,
/// else at the last that has come.
pub(crate) fn current(run: &Prepared, state: &State) -> Option<usize> {
    let (all, cursor) = (run.moments(), state.cursor);
    let stands = |it: &usize| all.get(*it).is_some_and(|it| it.at == cursor);
    let is_its_packets = |it: &Moment| match it.what {
        What::Marker(index) => run.recording().markers[index].packet == Some(state.packet),
        What::Decision(_) => false,
    };
    let here = all.partition_point(|it| it.at < cursor)..all.partition_point(|it| it.at <= cursor);
    let of_packet = here.clone().rev().find(|it| is_its_packets(&all[*it]));
    state.moment.filter(stands).or(of_packet).or_else(|| here.end.checked_sub(1))
}

/// The marker the cursor stands at, by the same choice; where a decision stands there too, the last marker of the instant.
pub(crate) fn marker<'a>(run: &'a Prepared, state: &State) -> Option<&'a Marker> {
    let markers = &run.recording().markers;
    let chosen = current(run, state).and_then(|it| match run.moments()[it].what {
        What::Marker(index) => markers.get(index),
        What::Decision(_) => None,
    });
    let here = || markers.iter().filter(|marker| marker.at == state.cursor);
    let of_packet = || here().rfind(|marker| marker.packet == Some(state.packet));
    chosen.filter(|it| it.at == state.cursor).or_else(of_packet).or_else(|| here().next_back())
}
