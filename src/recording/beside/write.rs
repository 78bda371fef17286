//! Two runs beside each other as text and as JSON.
use std::fmt::Write as _;

use serde::Serialize;

use super::{Pair, lined_up};
use crate::quantity::Quantity;
use crate::recording::json::pretty;
use crate::recording::{Recording, Run, Step};
use crate::wire::text::visible;

/// What stands in the JSON. The command line's help prints this, and a test holds the JSON to it.
pub const SHAPE: &str = r#"{
  "this": {"demo": "dns-trace", "seed": 1, "knobs": {}, "live":
    {"host": "..", "address": ".."}},
  "other": {"demo": "..", "seed": 1, "knobs": {}, "live": null},
  "rows": [{"role": "root referral",
    "this": {"n": 1, "kind": "referral", "title": "..", "took_ns": 0},
    "other": null,
    "differences": [{"what": "missing", "this": "", "other": ""}]}]
}

what: extra (only this run has the row), missing (only the other has it), outcome, zone, server, address, cut, target, transport, rcode, servers, glue_missing, glue, ttl or time."#;

#[derive(Serialize)]
struct View<'a> {
    this: &'a Run,
    other: &'a Run,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    role: String,
    this: Option<Line<'a>>,
    other: Option<Line<'a>>,
    differences: Vec<Said<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    n: usize,
    kind: &'a str,
    title: &'a str,
    took_ns: u64,
}

#[derive(Serialize)]
struct Said<'a> {
    what: &'static str,
    this: &'a str,
    other: &'a str,
}

/// What a run is called beside another: `live, system`, `the lab, seed 1`.
#[must_use]
pub fn name(run: &Run) -> String {
    match &run.live {
        Some(live) => format!("live, {}", visible(live.peer())),
        None => format!("the lab, seed {}", run.seed),
    }
}

/// The rows of both as JSON, indented, with a line end.
#[must_use]
pub fn json(this: &Recording, other: &Recording) -> String {
    let pairs = lined_up(this, other);
    let rows = pairs.iter().map(|pair| Row {
        role: pair.role.to_string(),
        this: line(this, pair.this),
        other: line(other, pair.other),
        differences: pair
            .differences
            .iter()
            .map(|it| Said { what: it.what.word(), this: &it.this, other: &it.other })
            .collect(),
    });
    pretty(&View { this: &this.run, other: &other.run, rows: rows.collect() }).expect("the keys of all maps are texts")
}

fn line(run: &Recording, row: Option<usize>) -> Option<Line<'_>> {
    let index = row?;
    let step = run.steps.get(index)?;
    let took_ns = u64::try_from(step.until.since(step.at).as_nanos()).unwrap_or(u64::MAX);
    Some(Line { n: index + 1, kind: &step.kind, title: &step.title, took_ns })
}

/// The rows of both as text: each pair under its role, with the differences named.
#[must_use]
pub fn text(this: &Recording, other: &Recording) -> String {
    let mut out = String::new();
    write(&mut out, this, other, &lined_up(this, other)).expect("a String takes all text");
    out
}

fn write(out: &mut String, this: &Recording, other: &Recording, pairs: &[Pair]) -> std::fmt::Result {
    writeln!(out, "{}\n  this run:  {}\n  the other: {}", visible(&this.run.demo), name(&this.run), name(&other.run))?;
    for knob in this.run.knobs.keys().filter(|it| this.run.knobs.get(*it) != other.run.knobs.get(*it)) {
        let value = |run: &Run| run.knobs.get(knob).map_or("not set".to_owned(), visible);
        writeln!(out, "  {}: {} / {}", visible(knob), value(&this.run), value(&other.run))?;
    }
    for pair in pairs {
        writeln!(out, "\n{}", visible(pair.role.to_string()))?;
        row(out, "this run ", this.steps_at(pair.this))?;
        row(out, "the other", other.steps_at(pair.other))?;
        for it in &pair.differences {
            writeln!(out, "      {}", visible(it.line()))?;
        }
        if pair.differences.is_empty() {
            writeln!(out, "      the same in both")?;
        }
    }
    Ok(())
}

fn row(out: &mut String, whose: &str, step: Option<(usize, &Step)>) -> std::fmt::Result {
    let Some((index, step)) = step else { return writeln!(out, "  {whose}  -") };
    let took = Quantity::time(step.until.since(step.at));
    writeln!(out, "  {whose}  {:2}  {} ({took})", index + 1, visible(&step.title))
}

impl Recording {
    /// A row with its number.
    fn steps_at(&self, row: Option<usize>) -> Option<(usize, &Step)> {
        row.and_then(|index| Some((index, self.steps.get(index)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::sample::sample;

    #[test]
    fn the_shape_is_as_described_and_nothing_in_it_drives_a_terminal() {
        let mut one = sample();
        let mut step = super::super::tests::step("referral", ".", "a\u{1b}[2J");
        step.title = "\u{9b}31m".to_owned();
        one.steps = vec![step];
        let other = Recording { steps: Vec::new(), ..sample() };
        let json: serde_json::Value = serde_json::from_str(&json(&one, &other)).expect("JSON");
        let row = &json["rows"][0];
        assert_eq!(
            (row["role"].as_str(), row["differences"][0]["what"].as_str()),
            (Some("root referral"), Some("extra"))
        );
        for key in row.as_object().expect("a row").keys().chain(row["this"].as_object().expect("a line").keys()) {
            assert!(SHAPE.contains(&format!("\"{key}\"")), "{key}");
        }
        let text = text(&one, &other);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}
