//! Which packet was lost: a hole in the numbers, and what is known of it from its edges.
use super::capture::{Capture, Tcp, block, says, way};
use super::chance::Chance;
use super::{Choice, Exercise, Form, Lacks};
use crate::wire::analysis::{Flow, Mark};

/// Segments shown before the hole, and after it.
const BEFORE: usize = 5;
const AFTER: usize = 7;

/// A hole of one segment that was filled later.
struct Hole<'c> {
    flow: &'c Flow,
    shown: Vec<Tcp<'c>>,
    /// The segment that came at last.
    lost: Tcp<'c>,
    /// The last before the hole and the first behind it, of the same side.
    before: Tcp<'c>,
    behind: Tcp<'c>,
}

pub(super) fn make(capture: &Capture<'_>, chance: &mut Chance) -> Result<Exercise, Lacks> {
    let holes: Vec<Hole<'_>> = capture.analysis.flows.iter().flat_map(|flow| holes(capture, flow)).collect();
    let hole = chance.pick(&holes).ok_or_else(|| Lacks::of("no hole of one segment that was filled later"))?;
    Ok(asked(capture, hole))
}

fn holes<'c>(capture: &'c Capture<'_>, flow: &'c Flow) -> Vec<Hole<'c>> {
    let segments = capture.segments(flow);
    let hole = |at: usize| {
        let behind = &segments[at];
        let same = |it: &&Tcp<'_>| it.is_of_server() == behind.is_of_server() && it.space() > 0;
        if !behind.followed.marks.contains(&Mark::PreviousLost) || behind.space() == 0 {
            return None;
        }
        let before = segments[..at].iter().rfind(same)?;
        let fills = |it: &&Tcp<'_>| {
            (it.followed.sequence, it.end()) == (before.end(), behind.followed.sequence) && it.length() > 0
        };
        let filled = at + segments[at..].iter().position(|it| same(&it) && fills(&it))?;
        let shown = segments[at.saturating_sub(BEFORE)..filled.min(at + AFTER)].to_vec();
        let is_there = |n: u32| shown.iter().any(|it| it.n == n);
        // One hole: before it everything came in order.
        let whole = segments[..at]
            .iter()
            .all(|it| it.is_of_server() != behind.is_of_server() || !it.followed.marks.contains(&Mark::PreviousLost));
        (whole && is_there(before.n)).then(|| Hole {
            flow,
            lost: segments[filled].clone(),
            before: before.clone(),
            behind: behind.clone(),
            shown,
        })
    };
    (1..segments.len()).filter_map(hole).collect()
}

fn asked(capture: &Capture<'_>, hole: &Hole<'_>) -> Exercise {
    let Hole { flow, shown, lost, before, behind } = hole;
    let from_server = lost.is_of_server();
    let (sender, receiver) = if from_server { ("server", "client") } else { ("client", "server") };
    let line = |from_server: bool, rest: String| format!("{} {rest}", way(from_server));
    let (start, length) = (lost.followed.sequence, lost.length());
    let data =
        |sequence: u32, length: u32| line(from_server, says("ACK", sequence, lost.followed.acknowledgment, length));
    let why = format!(
        "Packet {} ends before {start}, packet {} begins at {}: what lies between never came, {} bytes from {start} on.",
        before.n, behind.n, behind.followed.sequence, length
    );
    let mut options = vec![Choice { text: data(start, length), correct: true, why: why.clone() }];
    let mut wrong = |text: String, why: String| {
        if options.iter().all(|it| it.text != text) {
            options.push(Choice { text, correct: false, why });
        }
    };
    wrong(
        data(behind.followed.sequence, behind.length()),
        format!("That is packet {}: it came, and its number shows that something before it did not.", behind.n),
    );
    wrong(
        data(before.followed.sequence, before.length()),
        format!("That is packet {}: it came, and Ack={} says so.", before.n, before.end()),
    );
    let ack = lost.end();
    let answered = before.followed.acknowledgment.unwrap_or(1);
    wrong(
        line(!from_server, says("ACK", answered, Some(ack), 0)),
        format!(
            "The {receiver} never sent such an ACK: it has no byte {start}. And a lost ACK leaves no hole, as the next one says all \
             it said."
        ),
    );
    let explanation = format!(
        "{why} Since then the {receiver} repeats Ack={start}. Packet {} fills the hole at {}: the {sender} sent it again.",
        lost.n,
        capture.stamp(lost.n)
    );
    let prompt = format!(
        "{}. Numbers are relative: each side's SYN is 0.\n\n{}\n\nOne packet was lost on its way to this capture. Which?",
        Capture::told(flow),
        block(&capture.lines(shown))
    );
    Exercise { prompt, form: Form::Choose(options), explanation, packet: behind.n }
}
