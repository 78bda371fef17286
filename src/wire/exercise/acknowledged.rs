//! Which ACK number will be sent: what has come in order up to there, and one more.
use super::capture::{Capture, Tcp, block, in_order, way};
use super::chance::Chance;
use super::{Exercise, Form, Gap, Lacks};
use crate::wire::analysis::Flow;

/// Segments that are shown before the one asked about.
const SHOWN: usize = 10;

/// What makes one ACK another exercise than the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Opening,
    Data,
    Gap,
    Closing,
}

/// A segment whose ACK number follows from those before it.
struct Asked<'c> {
    flow: &'c Flow,
    shown: Vec<Tcp<'c>>,
    own: Tcp<'c>,
    case: Case,
}

pub(super) fn make(capture: &Capture<'_>, chance: &mut Chance) -> Result<Exercise, Lacks> {
    let all: Vec<Asked<'_>> = capture.analysis.flows.iter().flat_map(|flow| candidates(capture, flow)).collect();
    let cases: Vec<Case> = [Case::Opening, Case::Data, Case::Gap, Case::Closing]
        .into_iter()
        .filter(|case| all.iter().any(|it| it.case == *case))
        .collect();
    let lacking = || Lacks::of("no ACK that follows from the segments before it");
    let case = *chance.pick(&cases).ok_or_else(lacking)?;
    let of_case: Vec<&Asked<'_>> = all.iter().filter(|it| it.case == case).collect();
    Ok(asked(capture, chance.pick(&of_case).ok_or_else(lacking)?))
}

/// The segments of a connection whose ACK number is what has come in order, by what can be shown.
fn candidates<'c>(capture: &'c Capture<'_>, flow: &'c Flow) -> Vec<Asked<'c>> {
    let segments = capture.segments(flow);
    let asked = |at: usize| {
        let own = segments[at].clone();
        let number = own.followed.acknowledgment?;
        let from = at.saturating_sub(SHOWN);
        let shown = segments[from..at].to_vec();
        let theirs = shown.iter().rfind(|it| it.is_of_server() != own.is_of_server() && it.space() > 0)?;
        if own.segment.flags.rst || in_order(&shown, !own.is_of_server()) != Some(number) {
            return None;
        }
        let case = match () {
            () if theirs.followed.sequence >= number => Case::Gap,
            () if theirs.segment.flags.syn => Case::Opening,
            () if theirs.segment.flags.fin => Case::Closing,
            () => Case::Data,
        };
        Some(Asked { flow, shown, own, case })
    };
    (1..segments.len()).filter_map(asked).collect()
}

/// The number that is asked for, with what people say instead.
fn gap(capture: &Capture<'_>, it: &Asked<'_>, theirs: &[&Tcp<'_>], (beyond, why): (Option<u32>, String)) -> Gap {
    let Asked { own, case, .. } = it;
    let number = own.followed.acknowledgment.unwrap_or_default();
    let (who, other) = if own.is_of_server() { ("server", "client") } else { ("client", "server") };
    let mut gap = Gap::new("ACK number", "a whole number, relative as in the lines", number, why);
    if let Some(end) = beyond {
        gap =
            gap.near(end, "That is the end of what came beyond the gap. An ACK counts only what has come without one.");
    }
    if let Some(last) = theirs.last() {
        gap = gap
            .near(
                last.followed.sequence,
                "That is where the last segment begins; the ACK names the number behind its end.",
            )
            .near(
                last.length(),
                "That is how much the last segment carried; an ACK number is a place in the stream, not a length.",
            );
        let frame = u32::try_from(capture.length(last.n)).unwrap_or(u32::MAX);
        gap = gap
            .near(
                last.followed.sequence.wrapping_add(frame),
                "That counts the headers, too; only bytes of data (and SYN and FIN) have numbers.",
            )
            .near(number.wrapping_add(20), "That counts 20 bytes of header; only data, SYN and FIN take numbers.");
    }
    let short = match case {
        Case::Opening => "SYN takes a number, too: without it the first byte of data would have the SYN's number.",
        Case::Closing => "FIN takes a number, too: so the ACK shows whether the end itself has arrived.",
        Case::Data | Case::Gap => {
            "That is the last byte that has come. An ACK names the next one it waits for: one more."
        }
    };
    gap.near(number.wrapping_sub(1), short)
        .near(
            own.segment.acknowledgment,
            "That is the number as it stands in the header; the lines count from the SYN, which is 0.",
        )
        .near(own.followed.sequence, format!("That is the {who}'s own number; ACK counts what the {other} sent."))
        .near(theirs.len(), "That is how many segments came; TCP counts bytes.")
}

fn asked(capture: &Capture<'_>, it: &Asked<'_>) -> Exercise {
    let Asked { flow, shown, own, .. } = it;
    let number = own.followed.acknowledgment.unwrap_or_default();
    let of_server = !own.is_of_server();
    let who = if own.is_of_server() { "server" } else { "client" };
    let mut lines = capture.lines(shown);
    lines.push_str(&format!(
        "\n{:>4} {:>12}  {} [{}] Seq={} Ack=? Len={}",
        own.n,
        capture.stamp(own.n),
        way(own.is_of_server()),
        own.segment.flags,
        own.followed.sequence,
        own.length()
    ));
    let theirs: Vec<&Tcp<'_>> = shown.iter().filter(|it| it.is_of_server() == of_server && it.space() > 0).collect();
    let ends = theirs.iter().find(|it| it.end() == number);
    let beyond = theirs.iter().filter(|it| it.followed.sequence >= number).map(|it| it.end()).max();
    let why = match (ends, beyond) {
        (Some(last), None) => follows(last),
        (Some(last), Some(end)) => format!(
            "{} Beyond that a gap begins: what came up to {end} lies behind bytes that are missing, so it is not acknowledged.",
            follows(last)
        ),
        (None, Some(end)) => format!(
            "The {who} still waits for {number}: what came up to {end} lies behind bytes that are missing, so the number stays."
        ),
        (None, None) => format!("Nothing new has come since the {who} said {number} before, so it says so again."),
    };
    let gap = gap(capture, it, &theirs, (beyond, why.clone()));
    let prompt = format!(
        "{}. Numbers are relative: each side's SYN is 0.\n\n{}\n\nWhich ACK number does packet {} carry?",
        Capture::told(flow),
        block(&lines),
        own.n
    );
    let explanation = format!("Packet {} says Ack={number}. {why}", own.n);
    Exercise { prompt, form: Form::Fill(vec![gap]), explanation, packet: own.n }
}

/// `Packet 9 begins at 1 and carries 512 bytes, so 513 is next.`
fn follows(last: &Tcp<'_>) -> String {
    format!(
        "Packet {} begins at {} and carries {}, so {} is next.",
        last.n,
        last.followed.sequence,
        last.carries(),
        last.end()
    )
}
