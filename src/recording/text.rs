//! A run as text: the `--text` form, for people, pipes and screen readers. One fact a line, nothing by position alone.
use std::fmt::Write as _;

use super::{Cell, Event, EventKind, Fate, Meddling, Packet, Recording, Table, Time, Value};
use crate::quantity::Quantity;
use crate::wire::text::visible;

/// The run as text: what it was, its numbers, its markers, its packets, what happened inside hosts.
#[must_use]
pub fn text(recording: &Recording) -> String {
    text_with(recording, &|_, value| value.to_owned())
}

/// The same, with a knob's setting as `say` writes it.
#[must_use]
pub fn text_with(recording: &Recording, say: &dyn Fn(&str, &str) -> String) -> String {
    let mut out = String::new();
    write(&mut out, recording, say).expect("a String takes all text");
    out
}

/// The numbers of the run alone.
#[must_use]
pub fn measurements_text(recording: &Recording) -> String {
    let mut out = String::new();
    measurements(&mut out, recording).expect("a String takes all text");
    out.trim().to_owned()
}

/// The steps of the run alone.
#[must_use]
pub fn steps_text(recording: &Recording) -> String {
    let mut out = String::new();
    steps(&mut out, recording).expect("a String takes all text");
    out.trim().to_owned()
}

/// The bars of the waterfall: each with its length, and when and with which packet it begins and ends.
pub fn bars(recording: &Recording) -> impl Iterator<Item = String> {
    recording.spans.iter().map(|it| {
        let end = |word: &str, at: Time, n: Option<u32>| {
            let packet = n.and_then(|n| recording.packet(n));
            let packet = packet.map_or(String::new(), |it| format!(", packet {}: {}", it.n, visible(&it.summary)));
            format!("\n    {word} {}{packet}", stamp(at))
        };
        let length = Quantity::time(it.to.since(it.from));
        let (from, to) = (it.packets.map(|it| it.0), it.packets.map(|it| it.1));
        let heading = format!("{}: {}, {length}", visible(&it.lane), visible(&it.name));
        format!("{heading}{}{}", end("from", it.from, from), end("to  ", it.to, to))
    })
}

/// The packets of the run alone, a line each.
#[must_use]
pub fn packets_text(recording: &Recording) -> String {
    let lines = recording.packets.iter().map(|packet| packet_line(recording, packet));
    lines.collect::<Vec<_>>().join("\n")
}

fn write(out: &mut String, recording: &Recording, say: &dyn Fn(&str, &str) -> String) -> std::fmt::Result {
    heading(out, recording, say)?;
    measurements(out, recording)?;
    recording.tables.iter().try_for_each(|it| table(out, it))?;
    markers(out, recording)?;
    if !recording.spans.is_empty() {
        writeln!(out, "\nBars ({})", recording.spans.len())?;
    }
    bars(recording).try_for_each(|it| writeln!(out, "  {}", it.replace('\n', "\n  ")))?;
    steps(out, recording)?;
    match &recording.run.live {
        Some(live) => writeln!(out, "\n{}", visible(live.no_packets()))?,
        None => writeln!(out, "\nPackets ({})", recording.packets.len())?,
    }
    for packet in &recording.packets {
        writeln!(out, "  {}", packet_line(recording, packet))?;
        if let Some(reason) = &packet.reason {
            writeln!(out, "      why: {}", visible(reason))?;
        }
    }
    if !recording.events.is_empty() {
        writeln!(out, "\nInside the hosts ({})", recording.events.len())?;
    }
    recording.events.iter().try_for_each(|event| writeln!(out, "  {}", event_line(recording, event)))
}

fn heading(out: &mut String, recording: &Recording, say: &dyn Fn(&str, &str) -> String) -> std::fmt::Result {
    let run = &recording.run;
    match &run.live {
        Some(live) => {
            writeln!(out, "{}, live, with {}, {} long", visible(&run.demo), visible(live.peer()), recording.end)?
        }
        None => writeln!(out, "{}, seed {}, {} long", visible(&run.demo), run.seed, recording.end)?,
    }
    for (knob, value) in &run.knobs {
        writeln!(out, "  {} = {}", visible(knob), visible(say(knob, value)))?;
    }
    for intervention in &run.interventions {
        let what = match intervention.action {
            Meddling::Drop => "dropped".to_owned(),
            Meddling::Delay(by) => format!("delayed by {}", Quantity::time(by)),
            Meddling::Duplicate => "sent twice".to_owned(),
        };
        writeln!(out, "  packet {} {what} by you", intervention.packet)?;
    }
    Ok(())
}

fn measurements(out: &mut String, recording: &Recording) -> std::fmt::Result {
    writeln!(out, "\nMeasured in this run")?;
    let label = |it: &super::Measurement| visible(&it.label);
    let width = recording.measurements.iter().map(|it| label(it).chars().count()).max().unwrap_or(0);
    for it in &recording.measurements {
        writeln!(out, "  {:width$}  {:>10}  {}", label(it), it.value.to_string(), visible(&it.how))?;
    }
    Ok(())
}

/// Columns under each other, each as wide as its widest cell; numbers stand to the right.
fn table(out: &mut String, it: &Table) -> std::fmt::Result {
    writeln!(out, "\n{}", visible(&it.label))?;
    let cell = |cell: &Cell| visible(cell.to_string());
    let width = |column: usize| {
        let cells = it.rows.iter().filter_map(|row| row.cells.get(column)).map(|it| cell(it).chars().count());
        cells.chain([it.columns[column].label.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..it.columns.len()).map(width).collect();
    let heads = it.columns.iter().zip(&widths).map(|(column, width)| format!("{:width$}", visible(&column.label)));
    writeln!(out, "  {}", heads.collect::<Vec<_>>().join("  ").trim_end())?;
    for row in &it.rows {
        let cells = row.cells.iter().zip(&widths).map(|(it, width)| match it {
            Cell::Value(_) => format!("{:>width$}", cell(it)),
            _ => format!("{:width$}", cell(it)),
        });
        let packet = row.packet.map_or(String::new(), |n| format!("  (packet {n})"));
        writeln!(out, "  {}{packet}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn markers(out: &mut String, recording: &Recording) -> std::fmt::Result {
    if !recording.markers.is_empty() {
        writeln!(out, "\nMarkers")?;
    }
    for it in &recording.markers {
        let packet = it.packet.map_or(String::new(), |n| format!(", packet {n}"));
        writeln!(out, "  {}  {} ({}{packet})", stamp(it.at), visible(&it.label), visible(&it.name))?;
    }
    Ok(())
}

fn steps(out: &mut String, recording: &Recording) -> std::fmt::Result {
    if !recording.steps.is_empty() {
        writeln!(out, "\nSteps ({})", recording.steps.len())?;
    }
    for (number, it) in (1..).zip(&recording.steps) {
        let (length, deeper) = (Quantity::time(it.until - it.at), "  ".repeat(it.depth.into()));
        writeln!(
            out,
            "  {number:2}  {}  {deeper}{} ({}, {length})",
            stamp(it.at),
            visible(&it.title),
            visible(&it.kind)
        )?;
        for fact in &it.facts {
            match &fact.value {
                Value::List(texts) => {
                    texts.iter().try_for_each(|text| writeln!(out, "      {}: {}", fact.in_words(), visible(text)))?;
                }
                _ => writeln!(out, "      {}: {}", fact.in_words(), visible(it.fact(&fact.name)))?,
            }
        }
        if !it.packets.is_empty() {
            let numbers: Vec<String> = it.packets.iter().map(ToString::to_string).collect();
            writeln!(out, "      packets: {}", numbers.join(", "))?;
        }
        writeln!(out, "      why: {}", visible(&it.why))?;
    }
    Ok(())
}

fn packet_line(recording: &Recording, it: &Packet) -> String {
    let (from, to) = (recording.node_name(it.from), recording.node_name(it.to));
    let fate = match (&it.fate, it.arrived) {
        (Fate::Lost(model), _) => format!("LOST: {}", visible(model)),
        (Fate::QueueFull, _) => "DROPPED: the queue was full".to_owned(),
        (Fate::Meddled(Meddling::Drop), _) => "DROPPED by you".to_owned(),
        (Fate::Meddled(Meddling::Delay(by)), _) => format!("delayed by you, {}", Quantity::time(*by)),
        (Fate::Meddled(Meddling::Duplicate), _) => "duplicated by you".to_owned(),
        (Fate::Delivered, Some(at)) => format!("arrived {}", stamp(at).trim_start()),
        (Fate::Delivered, None) => "still on its way".to_owned(),
        (Fate::Copy { of }, _) => format!("a copy of packet {of}, made by the link"),
    };
    let at = stamp(it.at);
    format!(
        "{:4}  {at}  {} > {}  {}  {} bytes, {fate}",
        it.n,
        visible(from),
        visible(to),
        visible(&it.summary),
        it.bytes.len()
    )
}

fn event_line(recording: &Recording, it: &Event) -> String {
    let what = match &it.kind {
        EventKind::Call { call, result } => format!("{call} {result}"),
        EventKind::State { machine, from, to } => format!("{machine}: {from} -> {to}"),
        EventKind::Decision { text } | EventKind::Note { text } => text.clone(),
    };
    let until = it.until.map_or(String::new(), |until| format!(", until {}", stamp(until).trim_start()));
    format!("{}  {}: {}{until}", stamp(it.at), visible(recording.node_name(it.node)), visible(&what))
}

/// Milliseconds, from the first second on seconds, to the microsecond, in a column: instants of one run are compared with each
/// other. From the second day on days and the time of day: `60 d 11:06:41.302118`.
pub(crate) fn stamp(at: Time) -> String {
    let micros = at.0 / 1_000 + u64::from(at.0 % 1_000 >= 500);
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    if seconds >= 2 * 86_400 {
        let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
        return format!("{days:>3} d {hours:02}:{:02}:{:02}.{rest:06}", seconds / 60 % 60, seconds % 60);
    }
    if seconds > 0 {
        return format!("{:>11}", format!("{seconds}.{rest:06} s"));
    }
    format!("{:>8} ms", format!("{}.{:03}", micros / 1_000, micros % 1_000))
}

#[cfg(test)]
mod tests {
    use crate::recording::sample::sample;

    use super::*;

    #[test]
    fn says_all_of_a_run_in_lines() {
        insta::assert_snapshot!(text(&sample()));
    }

    #[test]
    fn late_instants_are_in_days_and_hours() {
        let after = |seconds: u64| stamp(Time(seconds * 1_000_000_000 + 42_000_500));
        assert_eq!(stamp(Time(999_999_000)), " 999.999 ms");
        assert_eq!(stamp(Time(999_999_600)), " 1.000000 s");
        assert_eq!(after(1), " 1.042001 s");
        assert_eq!(after(2 * 86_400 - 1), "172799.042001 s");
        assert_eq!(after(60 * 86_400 + 11 * 3_600 + 6 * 60 + 40), " 60 d 11:06:40.042001");
    }

    #[test]
    fn nothing_in_it_drives_a_terminal() {
        let mut recording = sample();
        recording.run.demo = "\u{1b}[2J".into();
        recording.topology.nodes[0].name = "\u{1b}]0;title\u{7}".into();
        recording.events[0].kind = EventKind::Note { text: "\r\u{9b}".into() };
        assert!(!text(&recording).chars().any(|c| c.is_control() && c != '\n'));
    }
}
