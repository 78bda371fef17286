//! The sender's decisions as marked instants: each kind by its first words, numbered from the second on.
use std::collections::BTreeMap;

use crate::demos::findings::Findings;
use crate::recording::{EventKind, Recording, Time};

/// Marks of one kind, at most: the list of decisions has them all.
const EACH: usize = 8;

/// What the decision says, the marker's name, and its label.
const KINDS: &[(&str, &str, &str)] = &[
    ("slow start ends", "slow-start-exit", "HyStart++: slow start ends before a loss"),
    ("conservative slow start", "slow-start-slows", "HyStart++: the round trip rises, slow start slows down"),
    ("BBR: ", "bbr", "BBR goes on to its next mode"),
    ("fast recovery until", "fast-retransmit", "a loss is noticed: fast retransmit, the window shrinks"),
    ("retransmission timeout after", "rto", "the retransmission timer expired: the window starts again"),
    ("the retransmission of", "lost-again", "a retransmission was lost as well"),
    ("the receiver echoes a congestion mark", "ecn-mark", "a mark comes back (ECN): the window shrinks without a loss"),
    ("the tail loss probe repaired", "probe-repaired", "a tail loss probe has repaired a loss"),
];

/// Marks the decisions of one sender; the second sender's names end with `-2nd`.
pub(super) fn mark(findings: &mut Findings, recording: &Recording, sender: &str, suffix: &str) {
    let Some(node) = recording.node(sender) else { return };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for event in recording.events.iter().filter(|it| it.node == node) {
        let EventKind::Decision { text } = &event.kind else { continue };
        let Some((_, name, label)) = KINDS.iter().find(|(words, _, _)| text.contains(words)) else { continue };
        let count = seen.entry(name).or_default();
        *count += 1;
        if *count <= EACH {
            let number = if *count == 1 { String::new() } else { format!("-{count}") };
            findings.mark_at(&format!("{name}{number}{suffix}"), label, Some(event.at), None);
        }
    }
}

/// When the sender first reduced its window: for a loss, a timeout or a mark.
pub(super) fn first_reduction(recording: &Recording, sender: &str) -> Option<Time> {
    let node = recording.node(sender)?;
    let reduces = |text: &str| {
        ["fast recovery until", "retransmission timeout after", "the receiver echoes a congestion mark"]
            .iter()
            .any(|words| text.contains(words))
    };
    let is = |kind: &EventKind| matches!(kind, EventKind::Decision { text } if reduces(text));
    recording.events.iter().find(|it| it.node == node && is(&it.kind)).map(|it| it.at)
}

/// How often the sender took a decision that says so.
pub(super) fn count(recording: &Recording, sender: &str, words: &str) -> usize {
    let node = recording.node(sender);
    let says = |kind: &EventKind| matches!(kind, EventKind::Decision { text } if text.contains(words));
    recording.events.iter().filter(|it| Some(it.node) == node && says(&it.kind)).count()
}
