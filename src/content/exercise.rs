//! A question that is made each time it is asked, from the packets of a fresh run.
use std::collections::BTreeMap;

/// What it is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// Which kind of exercise.
    pub make: String,
    pub demo: String,
    /// Settings to draw from, by knob.
    pub knobs: BTreeMap<String, Vec<String>>,
    /// The node whose capture it is about.
    pub tap: String,
    /// Whether that capture is on the screen while it is asked; else the exercise shows what it takes, and the capture comes after.
    pub shown: bool,
}
