//! The demos: each a file with a topology, knobs, a script and what it measures. No drawing, no protocol code.
mod knob;

pub use knob::{Knob, KnobError, KnobKind, Knobs, Value};

use crate::recording::{Intervention, Recording};

/// An experiment a learner can run: knobs in, a [`Recording`] out.
pub struct Demo {
    /// The command line's and lessons' name: `tcp-vs-udp`.
    pub name: &'static str,
    pub title: &'static str,
    /// What there is to see, in one or two sentences.
    pub about: &'static str,
    /// The chapters it belongs to: `W1`.
    pub chapters: &'static [&'static str],
    /// Whether it can also run on the real network.
    pub live: bool,
    pub knobs: &'static [Knob],
    /// The view to open with: `sequence`, `packets`, `waterfall`, `topology`, `chart`, `table`.
    pub view: &'static str,
    /// Runs in the lab, to the end. The same arguments give the same recording.
    pub run: fn(&Knobs, &Setup) -> Recording,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Demo({})", self.name)
    }
}

/// What, besides the knobs, decides a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    pub seed: u64,
    pub interventions: Vec<Intervention>,
}

/// Every demo, in the order of the curriculum.
#[must_use]
pub fn all() -> &'static [&'static Demo] {
    &[]
}

/// The demo of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Demo> {
    all().iter().find(|demo| demo.name == name).copied()
}
