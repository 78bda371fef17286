//! A question that is answered with settings: what may be chosen, and the criteria a run with the chosen values must meet.
use std::collections::BTreeMap;

use super::formula;
use crate::quantity::{Quantity, Unit};

/// What a formula may name: drawn values, settings, measurements.
pub type Values = BTreeMap<String, Quantity>;
/// Settings by knob, as the command line takes them.
pub type Settings = BTreeMap<String, String>;

/// Choose values for a demo; a run with them is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    pub demo: String,
    /// Settings to draw from, by knob.
    pub knobs: BTreeMap<String, Vec<String>>,
    /// Values to draw from that are no knobs, such as a budget.
    pub parameters: BTreeMap<String, Vec<Quantity>>,
    /// The settings of a run that is shown before the answer; its measurements may stand in the prompt.
    pub before: Option<Settings>,
    /// What the learner chooses.
    pub choose: Vec<ToChoose>,
    /// What must work first, then what it may cost.
    pub criteria: Vec<Criterion>,
    /// Answers that look right and are not.
    pub tempting: Vec<Tempting>,
}

/// A knob whose value is the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToChoose {
    pub knob: String,
    /// What it is, in the task's words.
    pub says: String,
    /// A value that meets all criteria: a setting, or a formula over what was drawn and measured before.
    pub answer: String,
}

/// Something the run must measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// What is wanted, in a line; stands under the task.
    pub says: String,
    /// The measurement, or the knob, that is compared.
    pub measure: String,
    pub bound: Bound,
    /// What went wrong when it is not met; shown only then.
    pub why: String,
}

/// A limit: a quantity, or a formula over the settings and measurements of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    Most(String),
    Least(String),
}

/// A wrong choice people make; what it does not name is as in the model answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tempting {
    pub values: BTreeMap<String, String>,
    pub why: String,
}

/// How a run did by one criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// `None` when this run had nothing to measure.
    pub measured: Option<Quantity>,
    /// `None` when what the bound names was not measured.
    pub limit: Option<Quantity>,
    pub met: bool,
}

impl Design {
    /// The settings of the model answer.
    ///
    /// # Errors
    /// A message for the author, of a formula that has no value.
    pub fn model(&self, values: &Values, unit: &dyn Fn(&str) -> Option<Unit>) -> Result<Settings, String> {
        let each = self.choose.iter().map(|it| Ok((it.knob.clone(), setting(&it.answer, values, unit(&it.knob))?)));
        each.collect()
    }

    /// The settings of a tempting answer: those it names, and the model's for the others.
    ///
    /// # Errors
    /// As [`Design::model`].
    pub fn tempted(
        &self,
        tempting: &Tempting,
        values: &Values,
        unit: &dyn Fn(&str) -> Option<Unit>,
    ) -> Result<Settings, String> {
        let mut settings = self.model(values, unit)?;
        for (knob, text) in &tempting.values {
            settings.insert(knob.clone(), setting(text, values, unit(knob))?);
        }
        Ok(settings)
    }
}

impl Criterion {
    /// Holds the run's values to the bound. What was not measured does not meet it.
    ///
    /// # Errors
    /// A message for the author, of a formula that is none.
    pub fn judge(&self, values: &Values) -> Result<Judged, String> {
        let measured = values.get(&formula::variable(&self.measure)).copied();
        let Some(found) = measured else { return Ok(Judged { measured, limit: None, met: false }) };
        let (Bound::Most(text) | Bound::Least(text)) = &self.bound;
        let limit = quantity(text, values, found.unit)?;
        let met = match self.bound {
            Bound::Most(_) => found.value <= limit.value,
            Bound::Least(_) => found.value >= limit.value,
        };
        Ok(Judged { measured, limit: Some(limit), met })
    }
}

impl Bound {
    /// `at most` or `at least`.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Most(_) => "at most",
            Self::Least(_) => "at least",
        }
    }
}

/// Settings as values for formulas; words such as `cubic` are none.
pub fn values_of(settings: &Settings) -> impl Iterator<Item = (String, Quantity)> {
    settings.iter().filter_map(|(name, text)| Some((formula::variable(name), formula::setting(text)?)))
}

/// A quantity as it is written, or else worked out.
fn quantity(text: &str, values: &Values, unit: Unit) -> Result<Quantity, String> {
    Quantity::parse(text, unit).or_else(|_| formula::evaluate(text, values, unit))
}

/// A setting as it is written, or else worked out; a knob without a unit takes a word.
fn setting(text: &str, values: &Values, unit: Option<Unit>) -> Result<String, String> {
    let Some(unit) = unit else { return Ok(text.to_owned()) };
    Ok(format!("{:#}", quantity(text, values, unit)?).replace(' ', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let all = [("rate", "100"), ("hold", "45ms"), ("wait_p99", "30ms"), ("pool", "6")];
        all.map(|(name, text)| (name.to_owned(), formula::setting(text).expect("a quantity"))).into()
    }

    fn criterion(measure: &str, bound: Bound) -> Criterion {
        Criterion { says: String::new(), measure: measure.to_owned(), bound, why: String::new() }
    }

    #[test]
    fn a_bound_is_a_quantity_or_a_formula() {
        let met = |measure: &str, bound: Bound| criterion(measure, bound).judge(&values()).map(|it| it.met);
        assert_eq!(met("wait_p99", Bound::Most("30ms".to_owned())), Ok(true));
        assert_eq!(met("wait_p99", Bound::Most("29.9ms".to_owned())), Ok(false));
        assert_eq!(met("wait_p99", Bound::Most("hold * 2 / 3".to_owned())), Ok(true));
        assert_eq!(met("wait-p99", Bound::Least("hold".to_owned())), Ok(false));
        assert_eq!(met("pool", Bound::Most("1.25 * rate * hold".to_owned())), Ok(true));
        assert!(met("pool", Bound::Most("x".to_owned())).is_err());
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        let judged = criterion("detected", Bound::Most("10s".to_owned())).judge(&values());
        assert_eq!(judged, Ok(Judged { measured: None, limit: None, met: false }));
    }

    #[test]
    fn a_tempting_answer_names_only_what_is_wrong_in_it() {
        let choose =
            |knob: &str, answer: &str| ToChoose { knob: knob.into(), says: String::new(), answer: answer.into() };
        let tempting = Tempting { values: [("pool".to_owned(), "10".to_owned())].into(), why: String::new() };
        let design = Design {
            demo: String::new(),
            knobs: BTreeMap::new(),
            parameters: BTreeMap::new(),
            before: None,
            choose: vec![choose("pool", "ceil(rate * hold)"), choose("wait", "hold / 3"), choose("mode", "pool")],
            criteria: Vec::new(),
            tempting: vec![],
        };
        let unit = |knob: &str| match knob {
            "pool" => Some(Unit::Count),
            "wait" => Some(Unit::Nanoseconds),
            _ => None,
        };
        let settings = |pairs: [(&str, &str); 3]| pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        assert_eq!(design.model(&values(), &unit), Ok(settings([("pool", "5"), ("wait", "15ms"), ("mode", "pool")])));
        let tempted = design.tempted(&tempting, &values(), &unit);
        assert_eq!(tempted, Ok(settings([("pool", "10"), ("wait", "15ms"), ("mode", "pool")])));
    }
}
