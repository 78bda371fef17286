//! `demos`: what there is to run.
use std::fmt::Write;
use std::process::ExitCode;

use serde::Serialize;

use super::streams::print;
use crate::demos::{self, Demo, Knob, KnobKind};
use crate::recording::json::pretty;

/// What stands in the JSON.
pub(super) const SHAPE: &str = r#"The list as JSON:

[{
  "name": "tcp-echo", "title": "..", "chapters": ["W1"], "live": false,
  "knobs": [
    {"name": "rtt", "kind": "quantity", "unit": "ns",
     "default": 20000000, "min": 0, "max": 500000000},
    {"name": "script", "kind": "choice", "unit": null,
     "default": "echo", "min": null, "max": null, "choices": ["echo", ".."]},
    {"name": "..", "kind": "switch", "unit": null,
     "default": false, "min": null, "max": null},
    {"name": "..", "kind": "text", "unit": null, "default": "..",
     "min": null, "max": null, "choices": ["..", ".."]}
  ]
}]

A quantity's default, min and max are integers of its unit: ns, bit/s, B, ppm or count. A text's choices are suggestions: others are taken too. Fields may be added; these keep name and meaning."#;

/// A demo in JSON; the fields are documented and stable.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    title: &'static str,
    chapters: &'static [&'static str],
    live: bool,
    knobs: Vec<ListedKnob>,
}

/// A knob in JSON. Quantities are integers of `unit`; a choice has `choices`.
#[derive(Serialize)]
struct ListedKnob {
    name: &'static str,
    kind: &'static str,
    unit: Option<&'static str>,
    default: serde_json::Value,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<&'static [&'static str]>,
}

/// Prints the list.
pub(super) fn run(json: bool) -> anyhow::Result<ExitCode> {
    if json {
        let all: Vec<Listed> = demos::all().iter().map(|demo| listed(demo)).collect();
        print(&pretty(&all)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    for demo in demos::all() {
        writeln!(text, "{}  ({})\n  {}", demo.name, demo.chapters.join(", "), demo.title)?;
        if demo.live.is_some() {
            writeln!(
                text,
                "    --live         also on this machine's sockets: a server of its own on loopback, or HOST[:PORT]"
            )?;
        }
        for knob in demo.knobs {
            writeln!(text, "    --{:<12} {} [{}]", knob.name, knob.about, knob.shown(&knob.default()))?;
        }
        text.push('\n');
    }
    print(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

fn listed(demo: &Demo) -> Listed {
    let knobs = demo.knobs.iter().map(listed_knob).collect();
    Listed { name: demo.name, title: demo.title, chapters: demo.chapters, live: demo.live.is_some(), knobs }
}

fn listed_knob(knob: &Knob) -> ListedKnob {
    let name = knob.name;
    match knob.kind {
        KnobKind::Quantity { unit, min, max, default, .. } => ListedKnob {
            name,
            kind: "quantity",
            unit: Some(unit.symbol()),
            default: default.into(),
            min: Some(min),
            max: Some(max),
            choices: None,
        },
        KnobKind::Choice(words) => ListedKnob {
            name,
            kind: "choice",
            unit: None,
            default: words[0].into(),
            min: None,
            max: None,
            choices: Some(words),
        },
        KnobKind::Text { suggestions, .. } => ListedKnob {
            name,
            kind: "text",
            unit: None,
            default: suggestions[0].into(),
            min: None,
            max: None,
            choices: Some(suggestions),
        },
        KnobKind::Switch => {
            ListedKnob { name, kind: "switch", unit: None, default: false.into(), min: None, max: None, choices: None }
        }
    }
}
