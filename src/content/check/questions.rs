//! Questions: what they ask of a run is there, and what they link to exists.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Checker, Place, RunFacts};
use crate::content::rule::Rule;
use crate::content::{DemoRef, Exercise, Hidden, Kind, Question, blocks};

/// Draws of one question that are tried.
pub(super) const MOST_DRAWS: usize = 64;

impl Checker<'_> {
    pub(super) fn question(&mut self, question: &Question) {
        let place = Place { path: &question.path, line: question.line };
        self.rows(&question.covers, &question.corrects, place);
        if let Some(demo) = &question.demo
            && self.demo(demo, place)
            && self.judges_runs_of(place.path)
            && !matches!(question.kind, Kind::Predict { .. } | Kind::Design(_))
        {
            self.instant(question, demo, place);
        }
        if let Some(show) = &question.show {
            self.view(show, place);
        }
        for text in [&question.prompt, &question.explanation].into_iter().chain(&question.hints) {
            if text.contains("](") {
                self.links(&blocks(text), place);
            }
            if let Some(marker) = ["{m:", "{k:"].into_iter().find(|it| text.contains(it)) {
                let title = format!("`{marker}...}}` stands in lessons only");
                let help = "no run stands beside a question: name what it draws or measures, as {rtt} or {answer}";
                self.error(Rule::Placeholder, place, marker, (title, help.to_owned()));
            }
        }
        if self.judges_runs_of(place.path) {
            self.kind(question, place);
        }
    }

    /// The instant that "show me" opens is one of this run.
    pub(super) fn instant(&mut self, question: &Question, demo: &DemoRef, place: Place<'_>) {
        let Some(show) = &question.show else { return };
        if let Some(run) = self.run(demo, Some(show), place) {
            self.shown(show, &demo.name, &run, place);
        }
    }

    fn kind(&mut self, question: &Question, place: Place<'_>) {
        match &question.kind {
            Kind::Field(hidden) => self.hidden(hidden, place),
            Kind::Numeric { .. } => self.numeric(question, place),
            Kind::Predict { .. } => self.predicted(question, place),
            Kind::Design(_) => self.designed(question, place),
            Kind::Exercise(exercise) => self.exercise(exercise, place),
            _ => {}
        }
    }

    fn hidden(&mut self, hidden: &Hidden, place: Place<'_>) {
        let Some(run) = self.run_with((&hidden.demo, 0), true, place) else { return };
        let Some(fields) = self.marker(&hidden.marker, &hidden.marker, &hidden.demo.name, &run, place) else { return };
        // What was opened with the run's secrets is kept back while the question is asked: it cannot be asked for.
        if let Some(fields) = fields
            && fields.opened.contains(&hidden.field)
            && !fields.clear.contains(&hidden.field)
        {
            let title = format!("`{}` is encrypted in the packet at `{}`", hidden.field, hidden.marker);
            let help = "a question can ask for what its packet has in the clear: name such a field, or ask in words";
            return self.error(Rule::UnknownField, place, &hidden.field, (title, help.to_owned()));
        }
        self.field(&hidden.field, &hidden.marker, fields.as_ref().map(|it| &it.clear), place);
    }

    /// Runs a predict question with every setting it may draw.
    fn predicted(&mut self, question: &Question, place: Place<'_>) {
        let Kind::Predict { demo, knobs, measure, unit, .. } = &question.kind else { return };
        let Some(draws) = self.draws(knobs, place) else { return };
        let mut runs = Vec::new();
        for settings in draws {
            let demo = DemoRef { name: demo.clone(), knobs: settings.clone() };
            let Some(run) = self.run(&demo, question.show.as_ref(), place) else { return };
            runs.push((settings, run));
        }
        for (_, run) in &runs {
            let before = self.found.len();
            question.show.iter().for_each(|show| self.shown(show, demo, run, place));
            if self.found.len() > before {
                return;
            }
            let Some(answer) = run.measurements.get(measure).copied() else {
                return self.unmeasured(measure, measure, demo, run, place);
            };
            if !self.unit(measure, answer.unit, *unit, place) {
                return;
            }
        }
        self.run_misses(question, &runs, place);
        self.run_placeholders(question, &runs, place);
    }

    /// Makes an exercise with every setting it may draw.
    fn exercise(&mut self, exercise: &Exercise, place: Place<'_>) {
        let Some(draws) = self.draws(&exercise.knobs, place) else { return };
        for knobs in draws {
            let demo = DemoRef { name: exercise.demo.clone(), knobs: knobs.clone() };
            if !self.demo(&demo, place) {
                return;
            }
            if let Err(message) = self.known.exercise(exercise, &knobs, 0) {
                let title = format!("no exercise `{}` can be made of a run of {}", exercise.make, exercise.demo);
                return self.error(Rule::Exercise, place, &exercise.make, (title, message));
            }
        }
    }

    /// Every combination of drawn values; `None` after reporting that there are too many.
    pub(super) fn draws<T: Clone>(
        &mut self,
        values: &BTreeMap<String, Vec<T>>,
        place: Place<'_>,
    ) -> Option<Vec<BTreeMap<String, T>>> {
        let mut draws = vec![BTreeMap::new()];
        for (name, values) in values {
            if draws.len() * values.len() > MOST_DRAWS {
                let title = format!("more than {MOST_DRAWS} combinations can be drawn");
                let help = "give fewer values: every combination is checked".to_owned();
                self.error(Rule::Formula, place, name, (title, help));
                return None;
            }
            let with = |draw: &BTreeMap<String, T>, value: &T| {
                let mut draw = draw.clone();
                draw.insert(name.clone(), value.clone());
                draw
            };
            draws = draws.iter().flat_map(|draw| values.iter().map(move |value| with(draw, value))).collect();
        }
        Some(draws)
    }
}

/// A draw of a predict question and what its run measured.
pub(super) type DrawnRun = (BTreeMap<String, String>, Arc<RunFacts>);
