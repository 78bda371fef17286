//! Questions that draw: a number worked out from parameters or measured in a run, an exercise made of a run's packets.
use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use super::problems::Problems;
use super::raw::{RawExercise, RawMiss, RawNumeric, RawRun, Scalar, Text};
use super::rule::Rule;
use super::{Exercise, Kind, NearMiss, formula, units};
use crate::quantity::{Quantity, Unit};

/// Values of one parameter.
const MOST_VALUES: usize = 20;

/// Values to draw from, by name, as written.
type Draws = BTreeMap<Spanned<String>, Spanned<Vec<Spanned<Scalar>>>>;

/// A number with drawn parameters.
pub(super) fn numeric(raw: Spanned<RawNumeric>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawNumeric { parameters, answer, unit, tolerance, near_misses } = raw.into_inner();
    let formula = problems.required(answer, "answer", &whole);
    let unit = self::unit(unit, &whole, problems);
    let tolerance_ppm = self::tolerance(tolerance, problems);
    let parameters = self::parameters(parameters, problems);
    let near_misses = misses(near_misses, problems);
    if formula.is_empty() {
        return None;
    }
    Some(Kind::Numeric { parameters: parameters?, formula, unit: unit?, tolerance_ppm: tolerance_ppm?, near_misses })
}

/// A measurement of a run with drawn knobs.
pub(super) fn run(raw: Spanned<RawRun>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawRun { demo, shown, knobs, measure, unit, tolerance, near_misses } = raw.into_inner();
    let demo = problems.required(demo, "demo", &whole);
    let measure = problems.required(measure, "measure", &whole);
    let unit = self::unit(unit, &whole, problems);
    let tolerance_ppm = self::tolerance(tolerance, problems);
    let settings = drawn_settings(knobs, problems);
    let near_misses = misses(near_misses, problems);
    if demo.is_empty() || measure.is_empty() {
        return None;
    }
    let (unit, tolerance_ppm) = (unit?, tolerance_ppm?);
    Some(Kind::Predict { demo, shown, knobs: settings, measure, unit, tolerance_ppm, near_misses })
}

/// An exercise on the packets of a run with drawn knobs.
pub(super) fn exercise(raw: Spanned<RawExercise>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawExercise { make, demo, tap, shown, knobs } = raw.into_inner();
    let make = problems.required(make, "make", &whole);
    let demo = problems.required(demo, "demo", &whole);
    let tap = problems.required(tap, "tap", &whole);
    let knobs = drawn_settings(knobs, problems);
    let is_whole = [&make, &demo, &tap].iter().all(|it| !it.is_empty());
    is_whole.then_some(Kind::Exercise(Exercise { make, demo, knobs, tap, shown }))
}

/// Settings to draw from, by knob.
pub(super) fn drawn_settings(raw: Draws, problems: &mut Problems<'_>) -> BTreeMap<String, Vec<String>> {
    let mut settings = BTreeMap::new();
    for (name, values) in raw {
        bounded(&name, &values, problems);
        let texts = values.into_inner().into_iter().take(MOST_VALUES);
        let texts = texts.map(|it| problems.text(&Spanned::new(it.span(), it.get_ref().0.clone()))).collect();
        settings.insert(problems.text(&name), texts);
    }
    settings
}

/// The unit of an answer; `None` after reporting.
pub(super) fn unit(raw: Text, whole: &Range<usize>, problems: &mut Problems<'_>) -> Option<Unit> {
    let span = raw.as_ref().map_or_else(|| whole.clone(), Spanned::span);
    let name = problems.required(raw, "unit", whole);
    let unit = units::unit(&name);
    if unit.is_none() && !name.is_empty() {
        problems.error(Rule::Quantity, span, format!("`{name}` is no unit"), format!("use {}", units::NAMES));
    }
    unit
}

/// How far off is right, in ppm; 0 when not said.
fn tolerance(raw: Text, problems: &mut Problems<'_>) -> Option<i64> {
    let Some(raw) = raw else { return Some(0) };
    let read = Quantity::parse(&problems.text(&raw), Unit::PartsPerMillion).ok().map(|it| it.value);
    let fits = read.filter(|ppm| (0..=500_000).contains(ppm));
    if fits.is_none() {
        let help = "write a share of the answer from \"0%\" to \"50%\", such as tolerance = \"5%\"";
        problems.error(Rule::Quantity, raw.span(), format!("`{}` is no tolerance", raw.get_ref()), help);
    }
    fits
}

/// The parameters; `None` when one of them cannot be drawn.
pub(super) fn parameters(raw: Draws, problems: &mut Problems<'_>) -> Option<BTreeMap<String, Vec<Quantity>>> {
    let mut all = BTreeMap::new();
    let mut sound = true;
    for (name, values) in raw {
        sound &= bounded(&name, &values, problems);
        let name = problems.text(&name);
        let quantities = quantities(&name, values.into_inner(), problems);
        sound &= !quantities.is_empty();
        all.insert(name, quantities);
    }
    sound.then_some(all)
}

/// The values of a parameter, all of one unit; empty after reporting one that is not.
fn quantities(name: &str, raw: Vec<Spanned<Scalar>>, problems: &mut Problems<'_>) -> Vec<Quantity> {
    let mut quantities: Vec<Quantity> = Vec::new();
    for value in raw.into_iter().take(MOST_VALUES) {
        let span = value.span();
        let text = problems.text(&Spanned::new(span.clone(), value.into_inner().0));
        let Some(quantity) = formula::setting(&text) else {
            let help = "write a number with its unit: 80ms, 10Mbit/s, 1460B, 5%, or digits only for a count";
            problems.error(Rule::Quantity, span, format!("`{text}` is no value of `{name}`"), help);
            return Vec::new();
        };
        if quantities.first().is_some_and(|first| first.unit != quantity.unit) {
            let help = "give all values of one parameter the same kind of unit";
            problems.error(Rule::Quantity, span, format!("`{text}` has another unit than the value before"), help);
            return Vec::new();
        }
        quantities.push(quantity);
    }
    quantities
}

/// Whether a name has one to twenty values.
fn bounded(name: &Spanned<String>, values: &Spanned<Vec<Spanned<Scalar>>>, problems: &mut Problems<'_>) -> bool {
    let count = values.get_ref().len();
    let fits = (1..=MOST_VALUES).contains(&count);
    if !fits {
        let help = format!("give it 1 to {MOST_VALUES} values to draw from");
        problems.error(Rule::OptionCount, values.span(), format!("`{}` has {count} values", name.get_ref()), help);
    }
    fits
}

fn misses(raw: Vec<Spanned<RawMiss>>, problems: &mut Problems<'_>) -> Vec<NearMiss> {
    let miss = |raw: Spanned<RawMiss>, problems: &mut Problems<'_>| {
        let whole = raw.span();
        let RawMiss { answer, why } = raw.into_inner();
        NearMiss { formula: problems.required(answer, "answer", &whole), why: problems.why(why, &whole) }
    };
    raw.into_iter().map(|it| miss(it, problems)).filter(|it| !it.formula.is_empty()).collect()
}
