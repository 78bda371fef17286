//! Questions answered with settings: the model answer is run and must meet every criterion, tempting ones must miss one.
use std::collections::BTreeSet;

use super::{Checker, Place, suggest};
use crate::content::design::{Settings, Values, values_of};
use crate::content::rule::Rule;
use crate::content::{DemoRef, Design, Kind, Question, formula};
use crate::quantity::Quantity;

/// Combinations of drawn values of one question; each is run several times.
const MOST_DRAWS: usize = 12;
/// Runs of the model answer for each draw: chance must not decide whether the task can be done.
const SEEDS: [u64; 2] = [1, 2];

/// A draw, with everything formulas may name before the answer.
struct Drawn {
    knobs: Settings,
    parameters: Values,
    known: Values,
}

/// What a question's texts may name.
#[derive(Default)]
struct Names {
    given: BTreeSet<String>,
    told: BTreeSet<String>,
}

impl Checker<'_> {
    pub(super) fn designed(&mut self, question: &Question, place: Place<'_>) {
        let Kind::Design(design) = &question.kind else { return };
        if !self.choosable(design, place) {
            return;
        }
        let Some(draws) = self.design_draws(design, place) else { return };
        let mut names = Names::default();
        let mut passed = vec![0; design.tempting.len()];
        for drawn in &draws {
            names.given.extend(drawn.known.keys().cloned().chain(drawn.knobs.keys().cloned()));
            for seed in SEEDS {
                if !self.model_meets(question, drawn, seed, &mut names, place) {
                    return;
                }
            }
            if self.tempted(design, drawn, SEEDS[0], &mut passed, place).is_none() {
                return;
            }
        }
        self.too_good(design, &passed, draws.len(), place);
        self.design_texts(question, design, &names, place);
    }

    /// Whether the demo has the knobs that are chosen.
    fn choosable(&mut self, design: &Design, place: Place<'_>) -> bool {
        if !self.demo(&DemoRef { name: design.demo.clone(), ..DemoRef::default() }, place) {
            return false;
        }
        let knobs = self.known.knobs(&design.demo);
        let unknown = design.choose.iter().find(|it| !knobs.contains(&it.knob));
        if let Some(it) = unknown {
            let help = suggest::instead(&it.knob, knobs.iter().map(String::as_str));
            let title = format!("`{}` has no knob `{}`", design.demo, it.knob);
            self.error(Rule::Knob, place, &it.knob, (title, help));
        }
        unknown.is_none()
    }

    /// Every combination, with what the run before the answer measures; `None` after reporting.
    fn design_draws(&mut self, design: &Design, place: Place<'_>) -> Option<Vec<Drawn>> {
        let (knobs, parameters) = (self.draws(&design.knobs, place)?, self.draws(&design.parameters, place)?);
        if knobs.len() * parameters.len() > MOST_DRAWS {
            let title = format!("more than {MOST_DRAWS} combinations can be drawn");
            let help = "give fewer values: every combination is run several times".to_owned();
            self.error(Rule::Formula, place, "knobs", (title, help));
            return None;
        }
        let mut all = Vec::new();
        for (knobs, parameters) in knobs.iter().flat_map(|knobs| parameters.iter().map(move |it| (knobs, it))) {
            let measured = match &design.before {
                Some(own) => self.run(&demo_ref(design, knobs, own), None, place)?.measurements.clone(),
                None => Values::new(),
            };
            let known = measured.into_iter().chain(values_of(knobs)).chain(parameters.clone()).collect();
            all.push(Drawn { knobs: knobs.clone(), parameters: parameters.clone(), known });
        }
        Some(all)
    }

    /// Runs the model answer; false after reporting what is wrong with it.
    fn model_meets(
        &mut self,
        question: &Question,
        drawn: &Drawn,
        seed: u64,
        names: &mut Names,
        place: Place<'_>,
    ) -> bool {
        let Kind::Design(design) = &question.kind else { return false };
        let unit = |knob: &str| self.known.unit(&design.demo, knob);
        let model = match design.model(&drawn.known, &unit) {
            Ok(model) => model,
            Err(message) => {
                self.error(Rule::Formula, place, "answer", (message, said(&drawn.knobs)));
                return false;
            }
        };
        let demo = demo_ref(design, &drawn.knobs, &model);
        let lights = question.show.as_ref().is_some_and(|it| !it.highlight.is_empty());
        let Some(run) = self.run_with((&demo, seed), lights, place) else { return false };
        let before = self.found.len();
        question.show.iter().for_each(|show| self.shown(show, &design.demo, &run, place));
        if self.found.len() > before {
            return false;
        }
        let values = values(drawn, &model, &run.measurements);
        let twice = values_of(&demo.knobs).map(|(name, _)| name).chain(drawn.parameters.keys().cloned());
        if let Some(name) = twice.into_iter().find(|name| run.measurements.contains_key(name)) {
            let title = format!("`{name}` is a setting here, and a measurement of `{}`", design.demo);
            let help =
                "a bound or a text could mean either: name the drawn value, or the demo's measurement, otherwise";
            self.error(Rule::Criterion, place, &name, (title, help.to_owned()));
            return false;
        }
        names.told.extend(values.keys().cloned().chain(model.keys().cloned()));
        for criterion in &design.criteria {
            if !values.contains_key(&formula::variable(&criterion.measure)) {
                self.unmeasured(&criterion.measure, &criterion.measure, &design.demo, &run, place);
                return false;
            }
            let (title, help) = match criterion.judge(&values) {
                Err(message) => (message, said(&drawn.knobs)),
                Ok(judged) if judged.met => continue,
                Ok(judged) => {
                    let shown = |it: Option<Quantity>| it.map_or_else(|| "nothing".to_owned(), |it| it.to_string());
                    let (measured, limit) = (shown(judged.measured), shown(judged.limit));
                    let words = criterion.bound.words();
                    let title = format!(
                        "the model answer misses a criterion: `{}` is {measured}, {words} {limit}",
                        criterion.measure
                    );
                    (title, format!("choose another answer or bound; seed {seed}, {}", said(&demo.knobs)))
                }
            };
            self.error(Rule::Criterion, place, &criterion.measure, (title, help));
            return false;
        }
        true
    }

    /// Counts the runs in which each tempting answer meets every criterion; `None` after reporting one that cannot be run.
    fn tempted(
        &mut self,
        design: &Design,
        drawn: &Drawn,
        seed: u64,
        passed: &mut [usize],
        place: Place<'_>,
    ) -> Option<()> {
        for (tempting, passed) in design.tempting.iter().zip(passed) {
            let unit = |knob: &str| self.known.unit(&design.demo, knob);
            let settings = match design.tempted(tempting, &drawn.known, &unit) {
                Ok(settings) => settings,
                Err(message) => {
                    self.error(Rule::Formula, place, "tempting", (message, said(&drawn.knobs)));
                    return None;
                }
            };
            let run = self.run_with((&demo_ref(design, &drawn.knobs, &settings), seed), false, place)?;
            let values = values(drawn, &settings, &run.measurements);
            let meets = design.criteria.iter().all(|it| it.judge(&values).is_ok_and(|judged| judged.met));
            *passed += usize::from(meets);
        }
        Some(())
    }

    /// Reports tempting answers that meet all criteria, always or mostly.
    fn too_good(&mut self, design: &Design, passed: &[usize], runs: usize, place: Place<'_>) {
        for (tempting, passed) in design.tempting.iter().zip(passed) {
            let text = tempting.values.iter().map(|(knob, text)| format!("{knob} = {text}"));
            let text = text.collect::<Vec<_>>().join(", ");
            let title = format!("the tempting answer {text} meets every criterion in {passed} of {runs} runs");
            let help = "choose a worse one, or criteria that tell it apart".to_owned();
            if *passed == runs {
                self.error(Rule::NearMiss, place, "tempting", (title, help));
            } else if *passed * 2 > runs {
                self.warn(Rule::NearMiss, place, "tempting", (title, help));
            }
        }
    }

    /// Names in braces that stand for nothing, and drawn values the task does not say; a run before the answer may show them.
    fn design_texts(&mut self, question: &Question, design: &Design, names: &Names, place: Place<'_>) {
        let given: BTreeSet<&str> = names.given.iter().map(String::as_str).collect();
        let told: Vec<&str> = names.told.iter().map(String::as_str).collect();
        self.placeholders(question, &given, &told, place);
        let after: BTreeSet<&str> = given.iter().chain(&told).copied().collect();
        for criterion in &design.criteria {
            self.unknown_names(&criterion.says, &given, "before the answer", place);
            self.unknown_names(&criterion.why, &after, "in a run", place);
        }
        for tempting in &design.tempting {
            self.unknown_names(&tempting.why, &after, "in a run", place);
        }
        let said: Vec<&str> = design.criteria.iter().map(|it| it.says.as_str()).chain([&*question.prompt]).collect();
        let several = design.knobs.iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| name);
        let several = several.filter(|_| design.before.is_none());
        let several: Vec<&String> = several.chain(design.parameters.keys()).collect();
        for name in several.into_iter().filter(|name| !said.iter().any(|it| it.contains(&format!("{{{name}}}")))) {
            let title = format!("the prompt does not say what `{name}` is");
            let help = format!("write {{{name}}} into the prompt: it is drawn anew for each attempt");
            self.error(Rule::Placeholder, place, name, (title, help));
        }
    }
}

fn demo_ref(design: &Design, knobs: &Settings, own: &Settings) -> DemoRef {
    let knobs = knobs.iter().chain(own).map(|(name, text)| (name.clone(), text.clone()));
    DemoRef { name: design.demo.clone(), knobs: knobs.collect() }
}

/// What a criterion may name: measurements, then what was drawn and chosen.
fn values(drawn: &Drawn, chosen: &Settings, measured: &Values) -> Values {
    let own = values_of(&drawn.knobs).chain(values_of(chosen)).chain(drawn.parameters.clone());
    measured.clone().into_iter().chain(own).collect()
}

fn said(settings: &Settings) -> String {
    settings.iter().map(|(name, text)| format!("{name} = {text}")).collect::<Vec<_>>().join(", ")
}
