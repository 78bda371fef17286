//! The instants a chart marks: what hosts decided, and the run's markers, in order of time.
use crate::recording::{EventKind, NodeKind, Recording, Time};
use crate::tui::views::Prepared;
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

/// Where the cursor stands among them: at the one the learner stepped to, else at the last that has come.
pub(crate) fn current(moments: &[Moment], chosen: Option<usize>, cursor: Time) -> Option<usize> {
    let stands = |it: &usize| moments.get(*it).is_some_and(|it| it.at == cursor);
    chosen.filter(stands).or_else(|| moments.partition_point(|it| it.at <= cursor).checked_sub(1))
}
