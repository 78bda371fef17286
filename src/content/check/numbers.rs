//! Numbers that are drawn: formulas have a result for every draw, near misses miss, prompts say what the answer needs.
use std::collections::{BTreeMap, BTreeSet};

use super::questions::DrawnRun;
use super::{Checker, Place, suggest};
use crate::content::rule::Rule;
use crate::content::{Kind, NearMiss, Question, formula};
use crate::quantity::{Quantity, Unit};

/// The values a formula may name in one draw, and the answer of that draw.
type Draw = (BTreeMap<String, Quantity>, Quantity);

impl Checker<'_> {
    pub(super) fn numeric(&mut self, question: &Question, place: Place<'_>) {
        let Kind::Numeric { parameters, formula, unit, tolerance_ppm, near_misses } = &question.kind else { return };
        let Some(draws) = self.draws(parameters, place) else { return };
        let mut answered: Vec<Draw> = Vec::new();
        for draw in draws {
            let Some(answer) = self.evaluated(formula, &draw, *unit, place) else { return };
            answered.push((draw, answer));
        }
        self.misses(near_misses, &answered, *tolerance_ppm, place);
        let given: BTreeSet<&str> = parameters.keys().map(String::as_str).collect();
        self.placeholders(question, &given, &["answer"], place);
        for name in parameters.keys().filter(|name| !question.prompt.contains(&format!("{{{name}}}"))) {
            let title = format!("the prompt does not say what `{name}` is");
            let help = format!("write {{{name}}} into the prompt: it is drawn anew for each attempt");
            self.error(Rule::Placeholder, place, name, (title, help));
        }
    }

    /// The near misses of a predict question, over the knobs drawn and the measurements of those runs.
    pub(super) fn run_misses(&mut self, question: &Question, runs: &[DrawnRun], place: Place<'_>) {
        let Kind::Predict { measure, tolerance_ppm, near_misses, .. } = &question.kind else { return };
        let answered: Vec<Draw> = runs
            .iter()
            .filter_map(|(settings, run)| {
                let knobs = settings.iter();
                let knobs = knobs.filter_map(|(name, text)| Some((formula::variable(name), formula::setting(text)?)));
                let values = run.measurements.clone().into_iter().chain(knobs).collect();
                Some((values, *run.measurements.get(measure)?))
            })
            .collect();
        self.misses(near_misses, &answered, *tolerance_ppm, place);
    }

    /// What a predict question's texts may name: the knobs drawn and, once it is answered, the measurements.
    pub(super) fn run_placeholders(&mut self, question: &Question, runs: &[DrawnRun], place: Place<'_>) {
        let (Kind::Predict { knobs, shown, measure, .. }, Some((_, run))) = (&question.kind, runs.first()) else {
            return;
        };
        let given: BTreeSet<&str> = knobs.keys().map(String::as_str).collect();
        let told: Vec<&str> = run.measurements.keys().map(String::as_str).chain(["answer"]).collect();
        self.placeholders(question, &given, &told, place);
        let unsaid = |name: &&String| !question.prompt.contains(&format!("{{{name}}}"));
        for name in knobs.keys().filter(unsaid).filter(|name| !shown && decides(name, measure, runs)) {
            let title = format!("the prompt does not say what `{name}` is, and the answer depends on it");
            let help = format!("write {{{name}}} into the prompt, or shown = true to let the packets say it");
            self.error(Rule::Placeholder, place, name, (title, help));
        }
    }

    fn evaluated(
        &mut self,
        formula: &str,
        values: &BTreeMap<String, Quantity>,
        unit: Unit,
        place: Place<'_>,
    ) -> Option<Quantity> {
        match formula::evaluate(formula, values, unit) {
            Ok(value) => Some(value),
            Err(message) => {
                let drawn: Vec<String> =
                    values.iter().take(6).map(|(name, value)| format!("{name} = {value}")).collect();
                let help = format!("mend the formula or the values it is drawn with: {}", drawn.join(", "));
                self.error(Rule::Formula, place, formula, (message, help));
                None
            }
        }
    }

    fn misses(&mut self, misses: &[NearMiss], draws: &[Draw], tolerance_ppm: i64, place: Place<'_>) {
        for miss in misses {
            let mut right = Vec::new();
            for (values, answer) in draws {
                let Some(value) = self.evaluated(&miss.formula, values, answer.unit, place) else { break };
                if is_within(value, *answer, tolerance_ppm) {
                    right.push(*answer);
                }
            }
            let Some(first) = right.first() else { continue };
            let says =
                |often: &str| format!("the near miss `{}` counts as right in {often}, such as {first}", miss.formula);
            let help = "choose another wrong way, a smaller tolerance or other values".to_owned();
            if right.len() == draws.len() {
                self.error(Rule::NearMiss, place, &miss.formula, (says("every draw"), help));
            } else if right.len() * 2 > draws.len() {
                self.warn(
                    Rule::NearMiss,
                    place,
                    &miss.formula,
                    (says(&format!("{} of {} draws", right.len(), draws.len())), help),
                );
            }
        }
    }

    /// Names in braces that stand for nothing: `given` ones may stand anywhere, `told` ones only in the explanation.
    pub(super) fn placeholders(
        &mut self,
        question: &Question,
        given: &BTreeSet<&str>,
        told: &[&str],
        place: Place<'_>,
    ) {
        for text in std::iter::once(&question.prompt).chain(&question.hints) {
            self.unknown_names(text, given, "before the answer", place);
        }
        for name in names(&question.explanation).filter(|name| !given.contains(name) && !told.contains(name)) {
            let help = suggest::instead(name, given.iter().copied().chain(told.iter().copied()));
            self.error(
                Rule::Placeholder,
                place,
                &format!("{{{name}}}"),
                (format!("`{{{name}}}` stands for nothing"), help),
            );
        }
    }

    /// Names in braces of a text that are not among those known then.
    pub(super) fn unknown_names(&mut self, text: &str, known: &BTreeSet<&str>, when: &str, place: Place<'_>) {
        for name in names(text).filter(|name| !known.contains(name)) {
            let title = format!("`{{{name}}}` stands for nothing {when}");
            let help = suggest::instead(name, known.iter().copied());
            self.error(Rule::Placeholder, place, &format!("{{{name}}}"), (title, help));
        }
    }
}

/// Whether runs that differ in nothing but this knob measure something else.
fn decides(knob: &str, measure: &str, runs: &[DrawnRun]) -> bool {
    let mut answers: BTreeMap<BTreeMap<&str, &str>, Option<Quantity>> = BTreeMap::new();
    runs.iter().any(|(settings, run)| {
        let others =
            settings.iter().filter(|(name, _)| *name != knob).map(|(name, text)| (name.as_str(), text.as_str()));
        let answer = run.measurements.get(measure).copied();
        *answers.entry(others.collect()).or_insert(answer) != answer
    })
}

/// Whether a value would be graded as right.
fn is_within(value: Quantity, answer: Quantity, tolerance_ppm: i64) -> bool {
    let off = (i128::from(value.value) - i128::from(answer.value)).abs();
    off * 1_000_000 <= i128::from(answer.value).abs() * i128::from(tolerance_ppm)
}

/// The names in braces: `rtt` of `{rtt}`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let name = text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    name.filter(move |name| name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(letters))
}
