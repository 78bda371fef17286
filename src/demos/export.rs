//! What a run gives out for other programs: tables of its curves and numbers, and what the demo writes of its own.
use std::fmt::Write as _;

use crate::demos::{Demo, Knobs, find};
use crate::recording::{Recording, Series};
use crate::wire::text::visible;

/// Text for another program, made from a run and its knobs: a table, a recipe, a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// The command line's name for it: `sysctl`.
    pub name: &'static str,
    /// What it is and what reads it, in a few words.
    pub about: &'static str,
    /// How its file's name ends: `csv`, `sh`, `conf`.
    pub extension: &'static str,
    /// Writes it. Every value in it comes from the knobs or the run; lines end with `\n`.
    pub write: fn(&Knobs, &Recording) -> String,
}

/// Why a run gives no such text; the message says what it gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this run gives no `{name}`; it gives {known}")]
pub struct NoExport {
    pub name: String,
    pub known: String,
}

/// The curves, for every demo that has any.
const SERIES: Export = Export {
    name: "series",
    about: "the curves as CSV (series,unit,time_ns,value)",
    extension: "csv",
    write: |_, run| series(run),
};

/// The numbers, for every demo that measures any.
const MEASUREMENTS: Export = Export {
    name: "measurements",
    about: "the numbers as CSV (name,value,unit,label,how)",
    extension: "csv",
    write: |_, run| measurements(run),
};

/// What the run gives out: the demo's own texts first, then its tables.
#[must_use]
pub fn of(run: &Recording) -> Vec<&'static Export> {
    let own = find(&run.run.demo).map_or(&[][..], |demo: &Demo| demo.exports);
    let series = (!run.series.is_empty()).then_some(&SERIES);
    let measurements = (!run.measurements.is_empty()).then_some(&MEASUREMENTS);
    own.iter().chain(series).chain(measurements).collect()
}

/// Writes the text of that name.
///
/// # Errors
/// When the run gives no such text.
pub fn write(name: &str, run: &Recording) -> Result<String, NoExport> {
    let all = of(run);
    let export = all.iter().find(|it| it.name == name).ok_or_else(|| NoExport {
        name: name.to_owned(),
        known: all.iter().map(|it| it.name).collect::<Vec<_>>().join(", "),
    })?;
    Ok(export.text(run))
}

impl Export {
    /// The text, with nothing in it that could drive a terminal.
    #[must_use]
    pub fn text(&self, run: &Recording) -> String {
        let knobs = find(&run.run.demo).map_or(&[][..], |demo| demo.knobs);
        let settings = run.run.knobs.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        // A run's knobs are those it was made with; a setting of another version is left at its default.
        let mut all = Knobs::defaults(knobs);
        settings.for_each(|(name, text)| drop(all.set(name, text)));
        let text = (self.write)(&all, run);
        text.lines().map(|line| visible(line) + "\n").collect()
    }
}

fn series(run: &Recording) -> String {
    let mut out = "series,unit,time_ns,value\n".to_owned();
    for Series { name, unit, points } in &run.series {
        for (at, value) in points {
            writeln!(out, "{},{},{},{value}", field(name), unit.symbol(), at.0).expect("a String takes all text");
        }
    }
    out
}

fn measurements(run: &Recording) -> String {
    let mut out = "name,value,unit,label,how\n".to_owned();
    for it in &run.measurements {
        let (value, unit) = (it.value.value, it.value.unit.symbol());
        let (name, label, how) = (field(&it.name), field(&it.label), field(&it.how));
        writeln!(out, "{name},{value},{unit},{label},{how}").expect("a String takes all text");
    }
    out
}

/// A field of a table: in quotes where it has a comma, a quote or a line end in it (RFC 4180 §2).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::demos::{Setup, run};
    use crate::quantity::Unit;
    use crate::recording::Time;

    use super::*;

    fn a_run() -> Recording {
        run("encapsulation", &std::collections::BTreeMap::new(), &Setup::default()).expect("a demo that ships")
    }

    #[test]
    fn a_table_has_a_row_for_every_number_and_every_point() {
        let mut run = a_run();
        let text = write("measurements", &run).expect("it measures");
        assert_eq!(text.lines().count(), 1 + run.measurements.len());
        assert!(text.contains("\nconnect,20000000,ns,"), "{text}");
        assert_eq!(write("series", &run).expect_err("no curves").known, "measurements");
        let points = vec![(Time(0), 14_600), (Time(5_000_000), -1)];
        run.series.push(Series { name: "queue, r1".into(), unit: Unit::Bytes, points });
        let expected = "series,unit,time_ns,value\n\"queue, r1\",B,0,14600\n\"queue, r1\",B,5000000,-1\n";
        assert_eq!(write("series", &run).expect("a curve"), expected);
    }

    #[test]
    fn a_field_cannot_leave_its_column_nor_drive_a_terminal() {
        assert_eq!(field("a \"quoted\", word"), "\"a \"\"quoted\"\", word\"");
        let mut run = a_run();
        run.measurements[0].label = "\u{1b}[2J".into();
        assert!(!write("measurements", &run).expect("it measures").contains('\u{1b}'));
    }
}
