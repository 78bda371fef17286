//! Lessons: each step fits its pane and names only what its run offers.
use super::links::walk;
use super::{Checker, PacketFields, Place, RunFacts, suggest};
use crate::content::layout::{NoRun, rows};
use crate::content::rule::Rule;
use crate::content::{DemoRef, Inline, Lesson, Predict, Show, Step, is_close};
use crate::quantity::Unit;

/// Columns of half a screen of 120, less border and padding.
const WIDTH: usize = 46;
/// Rows of a screen of 36, less title, border and footer.
const HEIGHT: usize = 30;
/// Rows a `predict` block takes: the question, what was guessed, what it was.
const PREDICT_ROWS: usize = 8;

impl Checker<'_> {
    pub(super) fn lesson(&mut self, lesson: &Lesson) {
        let place = Place { path: &lesson.path, line: 1 };
        self.rows(&lesson.covers, &lesson.corrects, place);
        if let Some(demo) = &lesson.demo {
            self.demo(demo, place);
        }
        for index in 0..lesson.steps.len() {
            self.step(lesson, index);
        }
    }

    fn step(&mut self, lesson: &Lesson, index: usize) {
        let step = &lesson.steps[index];
        let place = Place { path: &lesson.path, line: step.line };
        self.size(step, place);
        self.links(&step.blocks, place);
        if let Some(show) = &step.show {
            self.view(show, place);
        }
        if !self.judges_runs_of(place.path) {
            return;
        }
        // A demo of the front matter was already reported there.
        let told = step.run.is_none();
        let demo = lesson.run_at(index);
        let before = self.found.len();
        let run = demo.as_ref().and_then(|demo| Some((demo, self.run(demo, step.show.as_ref(), place)?)));
        if told {
            self.found.truncate(before);
        }
        match (&demo, run) {
            (_, Some((demo, run))) => self.step_with_run(step, demo, &run, place),
            (None, None) => self.step_without_run(step, place),
            (Some(_), None) => {}
        }
    }

    fn size(&mut self, step: &Step, place: Place<'_>) {
        let predict = if step.predict.is_some() { PREDICT_ROWS } else { 0 };
        let height = rows(&step.blocks, WIDTH, &NoRun).len() + predict;
        if height > HEIGHT {
            let title = format!("this step takes {height} lines, {HEIGHT} fit beside a demo");
            let help = format!("shorten it by {} at {WIDTH} columns, or begin a second step", height - HEIGHT);
            self.error(Rule::StepTooLong, place, "", (title, help));
        }
    }

    pub(super) fn view(&mut self, show: &Show, place: Place<'_>) {
        if !self.views.contains(&show.view) {
            let help = suggest::instead(&show.view, self.views.iter().map(String::as_str));
            self.error(Rule::UnknownView, place, &show.view, (format!("there is no view `{}`", show.view), help));
        }
    }

    fn step_without_run(&mut self, step: &Step, place: Place<'_>) {
        let mut inlines = Vec::new();
        walk(&step.blocks, &mut inlines);
        let named = inlines.iter().find_map(|inline| match inline {
            Inline::Measured(name) | Inline::Setting(name) => Some(name.clone()),
            _ => None,
        });
        let show = step.show.as_ref().map(|it| it.view.clone());
        let predict = step.predict.as_ref().map(|it| it.measure.clone());
        if let Some(needle) = named.or(show).or(predict) {
            let help =
                "add demo = { name = \"...\" } to the front matter, or <!-- run: demo --> under the heading".to_owned();
            self.error(Rule::Directive, place, &needle, ("no run stands beside this step".to_owned(), help));
        }
    }

    fn step_with_run(&mut self, step: &Step, demo: &DemoRef, run: &RunFacts, place: Place<'_>) {
        if let Some(show) = &step.show {
            self.shown(show, &demo.name, run, place);
        }
        if let Some(predict) = &step.predict {
            self.guess(predict, &demo.name, run, place);
        }
        let mut inlines = Vec::new();
        walk(&step.blocks, &mut inlines);
        for inline in inlines {
            match inline {
                Inline::Measured(name) if !run.measurements.contains_key(name) => {
                    self.unmeasured(name, &format!("{{m:{name}}}"), &demo.name, run, place);
                }
                Inline::Setting(name) => self.setting(name, &demo.name, place),
                _ => {}
            }
        }
    }

    fn setting(&mut self, name: &str, demo: &str, place: Place<'_>) {
        let knobs = self.known.knobs(demo);
        if !knobs.iter().any(|it| it == name) {
            let help = suggest::instead(name, knobs.iter().map(String::as_str));
            self.error(Rule::Knob, place, &format!("{{k:{name}}}"), (format!("`{demo}` has no knob `{name}`"), help));
        }
    }

    /// Reports a measurement that a run does not have.
    pub(super) fn unmeasured(&mut self, name: &str, needle: &str, demo: &str, run: &RunFacts, place: Place<'_>) {
        let help = suggest::instead(name, run.measurements.keys().map(String::as_str));
        let title = format!("this run of `{demo}` does not measure `{name}`");
        self.error(Rule::UnknownMeasurement, place, needle, (title, help));
    }

    /// Reports a marker or fields that the run does not have.
    pub(super) fn shown(&mut self, show: &Show, demo: &str, run: &RunFacts, place: Place<'_>) {
        let Some(marker) = &show.marker else {
            let any = run.markers.values().flatten().flat_map(PacketFields::all).collect();
            show.highlight.iter().for_each(|field| self.field(field, "any marker", Some(&any), place));
            return;
        };
        let Some(fields) = self.marker(marker, &format!("@{marker}"), demo, run, place) else { return };
        let fields = fields.as_ref().map(PacketFields::all);
        for field in &show.highlight {
            self.field(field, marker, fields.as_ref(), place);
        }
    }

    /// The fields of a marker's packet; `None` after reporting that there is no such marker.
    pub(super) fn marker<'r>(
        &mut self,
        marker: &str,
        needle: &str,
        demo: &str,
        run: &'r RunFacts,
        place: Place<'_>,
    ) -> Option<&'r Option<PacketFields>> {
        let found = run.markers.get(marker);
        if found.is_none() {
            let help = suggest::instead(marker, run.markers.keys().map(String::as_str));
            let title = format!("this run of `{demo}` has no marker `{marker}`");
            self.error(Rule::UnknownMarker, place, needle, (title, help));
        }
        found
    }

    /// Reports a field that a marker's packet does not have.
    pub(super) fn field(
        &mut self,
        field: &str,
        marker: &str,
        fields: Option<&std::collections::BTreeSet<String>>,
        place: Place<'_>,
    ) {
        let (title, help) = match fields {
            Some(fields) if fields.contains(field) => return,
            Some(fields) => {
                let like =
                    fields.iter().map(String::as_str).filter(|it| it.split('.').next() == field.split('.').next());
                (format!("the packet at `{marker}` has no field `{field}`"), suggest::instead(field, like))
            }
            None => (format!("`{marker}` is about no packet"), "name a marker of a packet".to_owned()),
        };
        self.error(Rule::UnknownField, place, field, (title, help));
    }

    fn guess(&mut self, predict: &Predict, demo: &str, run: &RunFacts, place: Place<'_>) {
        let Some(answer) = run.measurements.get(&predict.measure).copied() else {
            return self.unmeasured(&predict.measure, &predict.measure, demo, run, place);
        };
        if !self.unit(&predict.measure, answer.unit, predict.unit, place) {
            return;
        }
        for wrong in predict.wrong.iter().filter(|wrong| is_close(wrong.value, answer)) {
            let title = format!("the wrong guess {} counts as right: this run measures {answer}", wrong.value);
            let help =
                "choose another value, or another setting of the knobs; what is nearer than 5 % is right".to_owned();
            self.error(Rule::NearMiss, place, &wrong.why, (title, help));
        }
    }

    /// Whether an answer is asked for in the unit it is measured in.
    pub(super) fn unit(&mut self, measure: &str, measured: Unit, asked: Unit, place: Place<'_>) -> bool {
        if measured != asked {
            let title = format!("`{measure}` is measured in {}, not {}", measured.symbol(), asked.symbol());
            let help = format!("write unit = \"{}\"", name_of(measured));
            self.error(Rule::Unit, place, "unit", (title, help));
        }
        measured == asked
    }
}

/// The unit as an author would write it.
const fn name_of(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "ms",
        Unit::BitsPerSecond => "bit/s",
        Unit::Bytes => "bytes",
        Unit::PartsPerMillion => "%",
        Unit::Count => "count",
    }
}
