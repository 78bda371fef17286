//! What each attempt came to, how long its program knew nothing, and what the firewall remembered.
use std::io::ErrorKind;

use super::Attempt;
use crate::demos::findings::Findings;
use crate::demos::states::peak;
use crate::quantity::Quantity;
use crate::recording::{Cell, EventKind, Recording, Table};

pub(super) fn found(recording: &Recording, attempts: &[Attempt]) -> Findings {
    let mut findings = Findings::default();
    let columns = [
        ("from", "from"),
        ("to", "to"),
        ("what", "what"),
        ("outcome", "the program hears"),
        ("after_ns", "after"),
        ("ruling", "the firewall"),
    ];
    let mut table = Table::new("attempts", "Attempts, as the programs saw them", &columns);
    for it in attempts {
        let what = if it.port == 0 { "ping".to_owned() } else { format!("TCP {}", it.port) };
        let ruling = ruling(recording, it).map_or(Cell::Empty, Cell::text);
        table.row(
            None,
            vec![
                Cell::text(it.from),
                Cell::text(it.to),
                Cell::text(what),
                Cell::text(heard(it)),
                Quantity::time(it.took).into(),
                ruling,
            ],
        );
    }
    findings.table(table);
    for it in attempts {
        let what = if it.port == 0 { "ping".to_owned() } else { format!("TCP {}", it.port) };
        let label = format!("{} to {}, {what}", it.from, it.to);
        findings.count(
            it.name,
            &label,
            usize::from(it.outcome.is_ok()),
            format!("1 when it got through, else 0: {}", heard(it)),
        );
        findings.time(
            &format!("{}_after", it.name),
            &format!("{label}: known after"),
            Some(it.took),
            "from the call to its return",
        );
        findings.mark_at(&it.name.replace('_', "-"), &label, Some(it.at), None);
    }
    let count = |words: &str| recording.events.iter().filter(|it| says(&it.kind, words)).count();
    findings.count(
        "dropped",
        "packets dropped in silence",
        count(": dropped"),
        "by the firewall; TCP's repeats count again",
    );
    findings.count(
        "rejected",
        "packets rejected with an answer",
        count(": rejected"),
        "a RST for TCP, else ICMP type 3 code 13",
    );
    let curve = recording.series.iter().find(|it| it.name == "fw tracked flows");
    let most = curve.map_or(0, |it| peak(&it.points));
    findings.count(
        "tracked",
        "flows the firewall remembered, the most at once",
        most,
        "what it let through: answers to it need no rule",
    );
    findings
}

/// As a person at the keyboard would say it.
fn heard(attempt: &Attempt) -> &'static str {
    match attempt.outcome {
        Ok(()) => "it gets through",
        Err(ErrorKind::TimedOut) => "nothing: it waits until its patience ends",
        Err(ErrorKind::ConnectionRefused) => "connection refused (a RST)",
        Err(ErrorKind::HostUnreachable) => "no route to host (ICMP)",
        Err(_) => "an error",
    }
}

fn says(kind: &EventKind, words: &str) -> bool {
    matches!(kind, EventKind::Decision { text } if text.starts_with("firewall: ") && text.ends_with(words))
}

/// The first thing the firewall decided in the attempt's time.
fn ruling<'a>(recording: &'a Recording, attempt: &Attempt) -> Option<&'a str> {
    let until = attempt.at + attempt.took;
    let first =
        recording.events.iter().filter(|it| (attempt.at..=until).contains(&it.at)).find_map(|it| match &it.kind {
            EventKind::Decision { text } => text.strip_prefix("firewall: "),
            _ => None,
        });
    // What it is about stands in the row already.
    first.map(|text| text.split_once(": ").map_or(text, |(_, rest)| rest))
}
