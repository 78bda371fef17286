//! Content held to its rules: what needs the whole course or the demos. Each message says what to do.
//!
//! What concerns one file alone (keys, types, options, reasons) is reported while it is loaded; see [`super::load`].
mod coverage;
mod designs;
mod ids;
mod lessons;
mod links;
mod numbers;
mod questions;
mod runs;
mod suggest;
mod tells;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Severity};
use super::rule::Rule;
use super::{Content, Curriculum, DemoRef, Exercise, Lesson, Question, Show, SourceFile};
use crate::quantity::{Quantity, Unit};
use runs::{Runs, side_by_side};

/// What the check must be told about the rest of the program, because content may not import it. Several threads ask at once.
pub trait Known: Sync {
    /// The names of all demos.
    fn demos(&self) -> Vec<String>;

    /// The names of all views.
    fn views(&self) -> Vec<String>;

    /// The names of a demo's knobs; empty for a demo that does not exist.
    fn knobs(&self, demo: &str) -> Vec<String>;

    /// Whether a knob takes this value.
    ///
    /// # Errors
    /// A message that says what the knob takes.
    fn knob(&self, demo: &str, knob: &str, value: &str) -> Result<(), String>;

    /// The unit of a demo's knob; `None` for one that takes a word.
    fn unit(&self, demo: &str, knob: &str) -> Option<Unit>;

    /// All settings of a run of an existing demo with sound knobs, so that two ways to write one run are one.
    fn settings(&self, demo: &DemoRef) -> BTreeMap<String, String> {
        demo.knobs.clone()
    }

    /// Whether an exercise can be made of a run with these settings and that seed.
    ///
    /// # Errors
    /// A message that says what there is no such thing as, or what the run lacks.
    fn exercise(&self, exercise: &Exercise, settings: &BTreeMap<String, String>, seed: u64) -> Result<(), String>;

    /// What the run of an existing demo with sound knobs offers; asked once for each setting and seed, and once more where
    /// the fields of packets are wanted after they were not.
    fn run(&self, demo: &DemoRef, seed: u64, fields: bool) -> RunFacts;
}

/// What lessons and questions may name of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFacts {
    pub measurements: BTreeMap<String, Quantity>,
    /// The fields of each marker's packet, where they are wanted; `None` for a marker that is about no packet.
    pub markers: BTreeMap<String, Option<PacketFields>>,
}

/// The fields of a packet by their Wireshark names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketFields {
    /// What it has in the clear.
    pub clear: BTreeSet<String>,
    /// What is read in it with the secrets of its connection only.
    pub opened: BTreeSet<String>,
}

impl PacketFields {
    /// All of them: a lesson shows what was opened as well.
    #[must_use]
    pub fn all(&self) -> BTreeSet<String> {
        self.clear.union(&self.opened).cloned().collect()
    }
}

/// Every breach of a rule, in the order of the files. Problems met while loading are not among them.
///
/// With files beside those that ship, only the demos of the former are run: the others were checked before they shipped.
#[must_use]
pub fn check(content: &Content, known: &dyn Known) -> Vec<Diagnostic> {
    let (demos, views) = (known.demos().into_iter().collect(), known.views());
    let (runs, added) = (Runs::default(), content.sources.values().any(|file| !file.shipped));
    let checker = || Checker {
        content,
        known,
        curriculum: Curriculum::embedded(),
        demos: &demos,
        views: &views,
        added,
        runs: &runs,
        found: Vec::new(),
    };
    let lessons = content.chapters.iter().flat_map(|it| &it.lessons).map(Part::Lesson);
    let parts = [Part::Ids].into_iter().chain(lessons).chain(content.questions().map(Part::Question));
    let parts: Vec<Part<'_>> = parts.chain([Part::Course]).collect();
    let found = side_by_side(&parts, |part| {
        let mut checker = checker();
        match part {
            Part::Ids => checker.ids(),
            Part::Lesson(lesson) => checker.lesson(lesson),
            Part::Question(question) => checker.question(question),
            Part::Course => checker.course(),
        }
        checker.found
    });
    let mut found: Vec<Diagnostic> = found.into_iter().flatten().collect();
    found.sort_by(|a, b| (&a.path, a.span.start).cmp(&(&b.path, b.span.start)));
    found
}

/// What is checked by itself.
#[derive(Clone, Copy)]
enum Part<'a> {
    Ids,
    Lesson(&'a Lesson),
    Question(&'a Question),
    /// What concerns all of it together.
    Course,
}

struct Checker<'a> {
    content: &'a Content,
    known: &'a dyn Known,
    curriculum: &'static Curriculum,
    demos: &'a BTreeSet<String>,
    views: &'a [String],
    /// Whether there are files that do not ship.
    added: bool,
    runs: &'a Runs,
    found: Vec<Diagnostic>,
}

/// A lesson's step or a question in its file.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    /// Where it begins; what is wrong is looked for from here on.
    line: usize,
}

impl Checker<'_> {
    fn course(&mut self) {
        self.tells();
        self.glossary();
        self.coverage();
    }

    fn error(&mut self, rule: Rule, place: Place<'_>, needle: &str, says: (String, String)) {
        self.report(Severity::Error, rule, place, needle, says);
    }

    fn warn(&mut self, rule: Rule, place: Place<'_>, needle: &str, says: (String, String)) {
        self.report(Severity::Warning, rule, place, needle, says);
    }

    /// A problem at a place, where `needle` stands in it.
    fn report(
        &mut self,
        severity: Severity,
        rule: Rule,
        place: Place<'_>,
        needle: &str,
        (title, help): (String, String),
    ) {
        let problem = match self.content.sources.get(place.path) {
            Some(file) => Diagnostic::new(severity, rule, file, span_of(needle, file, place.line)),
            None => Diagnostic::of_file(severity, rule, place.path),
        };
        self.found.push(problem.says(title, help));
    }

    /// Whether what a file says of runs is to be held to them.
    fn judges_runs_of(&self, path: &str) -> bool {
        !self.added || self.content.sources.get(path).is_none_or(|file| !file.shipped)
    }

    /// The run of a demo that this is to be shown of; `None` after reporting a demo or knob that does not exist.
    fn run(&mut self, demo: &DemoRef, show: Option<&Show>, place: Place<'_>) -> Option<Arc<RunFacts>> {
        self.run_with((demo, 0), show.is_some_and(|it| !it.highlight.is_empty()), place)
    }

    /// The same with a seed, and with the fields of its packets or without.
    fn run_with(&mut self, (demo, seed): (&DemoRef, u64), fields: bool, place: Place<'_>) -> Option<Arc<RunFacts>> {
        self.demo(demo, place).then(|| self.runs.get(self.known, demo, seed, fields))
    }

    /// Whether a demo exists and takes these knobs; reports what does not.
    fn demo(&mut self, demo: &DemoRef, place: Place<'_>) -> bool {
        if !self.demos.contains(&demo.name) {
            let help = suggest::instead(&demo.name, self.demos.iter().map(String::as_str));
            self.error(Rule::UnknownDemo, place, &demo.name, (format!("there is no demo `{}`", demo.name), help));
            return false;
        }
        let mut sound = true;
        for (knob, value) in &demo.knobs {
            sound &= self.knob(&demo.name, knob, value, place);
        }
        sound
    }

    fn knob(&mut self, demo: &str, knob: &str, value: &str, place: Place<'_>) -> bool {
        let knobs = self.known.knobs(demo);
        if !knobs.iter().any(|it| it == knob) {
            let help = suggest::instead(knob, knobs.iter().map(String::as_str));
            self.error(Rule::Knob, place, knob, (format!("`{demo}` has no knob `{knob}`"), help));
            return false;
        }
        let Err(message) = self.known.knob(demo, knob, value) else { return true };
        let title = format!("`{demo}` cannot be run with {knob} = {value}");
        self.error(Rule::Knob, place, value, (title, message));
        false
    }

    /// Reports `covers` and `corrects` that name nothing.
    fn rows(&mut self, covers: &[String], corrects: &[String], place: Place<'_>) {
        for row in covers.iter().filter(|row| !self.curriculum.rows.contains_key(*row)) {
            let chapter = row.split('-').next().unwrap_or_default().to_owned();
            let rows: Vec<&str> = self.curriculum.rows_of(&chapter).map(|(row, _)| row).collect();
            let help = match rows.as_slice() {
                [first, .., last] => {
                    format!("rows of {chapter} are {first} to {last}; see assets/curriculum.toml")
                }
                _ => "write a row such as W1-05; see assets/curriculum.toml".to_owned(),
            };
            self.error(Rule::UnknownRow, place, row, (format!("the curriculum has no row `{row}`"), help));
        }
        for id in corrects.iter().filter(|id| !self.curriculum.errata.contains_key(*id)) {
            let help = "write an erratum such as E073; see assets/curriculum.toml".to_owned();
            self.error(Rule::UnknownErratum, place, id, (format!("there is no erratum `{id}`"), help));
        }
    }
}

/// Where `needle` stands in the step or question that begins at a line: as a text, as a key, or anywhere; else that line.
fn span_of(needle: &str, file: &SourceFile, line: usize) -> Range<usize> {
    let whole = file.line_span(line);
    if needle.is_empty() {
        return whole;
    }
    let rest = &file.text[whole.end..];
    let next = if file.path.ends_with(".toml") { rest.find("\n[[") } else { rest.find("\n# ").filter(|_| line > 1) };
    let own = whole.start..next.map_or(file.text.len(), |at| whole.end + at);
    let find = |what: &str| file.text[own.clone()].find(what).map(|at| own.start + at);
    let quoted = find(&format!("\"{needle}\"")).map(|at| at..at + needle.len() + 2);
    let key = || find(&format!("{needle} = ")).map(|at| at..at + needle.len());
    let anywhere = || find(needle).map(|at| at..at + needle.len());
    quoted.or_else(key).or_else(anywhere).unwrap_or(whole)
}
