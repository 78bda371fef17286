//! An attempt that is answered with settings: what was drawn for it, what may be typed, and the run an answer leads to.
use std::collections::BTreeMap;

use super::attempt::{Run, filled};
use super::draw::Draw;
use super::{Runs, Unreadable, read_number};
use crate::content::design::{Judged, Settings, Values, values_of};
use crate::content::{Design, Tempting, ToChoose, formula};
use crate::quantity::{Quantity, Unit};

/// Seeds tried until the model answer's own run meets every criterion: nobody is asked for what chance made impossible.
const TRIES: usize = 8;

/// What was drawn and run for one asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designed {
    pub demo: String,
    /// The settings drawn.
    pub knobs: Settings,
    /// Of the run that judges.
    pub seed: u64,
    pub blanks: Vec<Blank>,
    /// What the run must measure, in words.
    pub criteria: Vec<String>,
    /// Settings that met every criterion with this seed.
    pub model: Settings,
    /// What a tempting answer sets, in the order of the question's.
    pub tempting: Vec<Settings>,
    /// The run that is shown before the answer.
    pub before: Option<Run>,
    /// Drawn values that are no knobs.
    pub parameters: Values,
}

/// A value the learner chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blank {
    pub knob: String,
    pub says: String,
    /// `None` for a word.
    pub unit: Option<Unit>,
    /// `1 to 200`; `on, off`.
    pub takes: String,
}

impl Blank {
    /// What it is and what it takes, each said once.
    #[must_use]
    pub fn told(&self) -> String {
        let words: Vec<&str> = self.takes.split(", ").map(|it| it.trim_matches('\'')).collect();
        if self.says.is_empty() {
            return self.takes.clone();
        }
        let is_said = self.unit.is_none() && words.iter().all(|word| self.says.contains(word));
        if is_said { self.says.clone() } else { format!("{}; {}", self.says, self.takes) }
    }
}

/// What a knob takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takes {
    /// `None` for a word.
    pub unit: Option<Unit>,
    /// In words.
    pub range: String,
}

/// The texts that stand for names in braces: before the answer, and after it.
pub(super) type Texts = BTreeMap<String, String>;

impl Designed {
    /// Draws, runs what is shown before, and finds a seed with which the model answer meets every criterion.
    ///
    /// # Errors
    /// A message for a person: a formula without a value, a run that cannot be, or a model answer that fails.
    pub(super) fn draw(design: &Design, draw: &mut Draw, runs: &dyn Runs) -> Result<(Self, Texts, Texts), String> {
        let knobs = design.knobs.iter().filter_map(|(name, from)| Some((name.clone(), draw.pick(from)?.clone())));
        let knobs: Settings = knobs.collect();
        let parameters = design.parameters.iter().filter_map(|(name, from)| Some((name.clone(), *draw.pick(from)?)));
        let parameters: Values = parameters.collect();
        let before = design.before.as_ref().map(|own| Run {
            demo: design.demo.clone(),
            knobs: knobs.iter().chain(own).map(|(name, text)| (name.clone(), text.clone())).collect(),
            seed: draw.run_seed(),
        });
        let shown = before.as_ref().map(|run| runs.measure(&run.demo, &run.knobs, run.seed)).transpose()?;
        let known: Values = shown.into_iter().flatten().chain(values_of(&knobs)).chain(parameters.clone()).collect();
        let mut given: Texts = known.iter().map(|(name, it)| (name.clone(), it.to_string())).collect();
        given.extend(knobs.iter().map(|(name, text)| (name.clone(), shown_setting(text))));
        let unit = |knob: &str| runs.knob(&design.demo, knob).ok().and_then(|takes| takes.unit);
        let mut asked = Self {
            demo: design.demo.clone(),
            knobs,
            seed: 0,
            blanks: blanks(design, runs)?,
            criteria: design.criteria.iter().map(|it| filled(&it.says, &given)).collect(),
            model: design.model(&known, &unit)?,
            tempting: tempting(design, &known, &unit)?,
            before,
            parameters,
        };
        let measured = asked.find_seed(design, draw, runs)?;
        let told = asked.told(&asked.model, &measured);
        Ok((asked, given, told))
    }

    /// Settles on a seed, and says what the model answer measured with it.
    fn find_seed(&mut self, design: &Design, draw: &mut Draw, runs: &dyn Runs) -> Result<Values, String> {
        for _ in 0..TRIES {
            self.seed = draw.run_seed();
            let run = self.run(&self.model);
            let measured = runs.measure(&run.demo, &run.knobs, run.seed)?;
            if self.judge(design, &self.model, &measured)?.iter().all(|it| it.met) {
                return Ok(measured);
            }
        }
        Err("the model answer does not meet its own criteria".to_owned())
    }

    /// The run with these values chosen.
    #[must_use]
    pub fn run(&self, chosen: &Settings) -> Run {
        let knobs = self.knobs.iter().chain(chosen).map(|(name, text)| (name.clone(), text.clone()));
        Run { demo: self.demo.clone(), knobs: knobs.collect(), seed: self.seed }
    }

    /// How a run with these values did, criterion by criterion.
    ///
    /// # Errors
    /// A message for the author, of a bound that is no formula.
    pub(super) fn judge(&self, design: &Design, chosen: &Settings, measured: &Values) -> Result<Vec<Judged>, String> {
        let values = self.values(chosen, measured);
        design.criteria.iter().map(|it| it.judge(&values)).collect()
    }

    fn values(&self, chosen: &Settings, measured: &Values) -> Values {
        let settings = values_of(&self.knobs).chain(values_of(chosen));
        measured.clone().into_iter().chain(self.parameters.clone()).chain(settings).collect()
    }

    /// Names and texts of a run, for an explanation.
    pub(super) fn told(&self, chosen: &Settings, measured: &Values) -> Texts {
        let numbers = measured.iter().chain(&self.parameters).map(|(name, it)| (name.clone(), it.to_string()));
        let settings = self.knobs.iter().chain(chosen).map(|(name, text)| (name.clone(), shown_setting(text)));
        numbers.chain(settings).collect()
    }

    /// The settings that were typed, as the command line takes them.
    ///
    /// # Errors
    /// [`Unreadable`] when one is missing, has no unit or is out of range.
    pub fn read(&self, typed: &BTreeMap<String, String>, runs: &dyn Runs) -> Result<Settings, Unreadable> {
        self.blanks.iter().map(|blank| Ok((blank.knob.clone(), self.read_one(blank, typed, runs)?))).collect()
    }

    fn read_one(&self, blank: &Blank, typed: &BTreeMap<String, String>, runs: &dyn Runs) -> Result<String, Unreadable> {
        let text = typed.get(&blank.knob).map_or("", |it| it.trim());
        if text.is_empty() {
            return Err(Unreadable(format!(
                "`{}` has no value yet. Write one: {} ({}).",
                blank.knob, blank.takes, blank.says
            )));
        }
        let setting = match blank.unit {
            Some(unit) => {
                let read = read_number(text, unit);
                let read =
                    read.map_err(|error| Unreadable(format!("`{}` ({}): {}", blank.knob, blank.says, error.0)))?;
                format!("{read:#}").replace(' ', "")
            }
            None => text.to_owned(),
        };
        runs.accepts(&self.demo, &blank.knob, &setting).map_err(|message| Unreadable(format!("{message}.")))?;
        Ok(setting)
    }

    /// The chosen values in words: `pool 14, wait 2 s`.
    #[must_use]
    pub fn words(&self, chosen: &Settings) -> String {
        let value = |blank: &Blank| Some(format!("{} {}", blank.knob, shown_setting(chosen.get(&blank.knob)?)));
        self.blanks.iter().filter_map(value).collect::<Vec<_>>().join(", ")
    }
}

/// What each tempting answer sets itself.
fn tempting(design: &Design, known: &Values, unit: &dyn Fn(&str) -> Option<Unit>) -> Result<Vec<Settings>, String> {
    let own = |it: &Tempting| {
        let mut all = design.tempted(it, known, unit)?;
        all.retain(|knob, _| it.values.contains_key(knob));
        Ok(all)
    };
    design.tempting.iter().map(own).collect()
}

fn blanks(design: &Design, runs: &dyn Runs) -> Result<Vec<Blank>, String> {
    let blank = |it: &ToChoose| {
        let Takes { unit, range } = runs.knob(&design.demo, &it.knob)?;
        Ok(Blank { knob: it.knob.clone(), says: it.says.clone(), unit, takes: range })
    };
    design.choose.iter().map(blank).collect()
}

/// A knob's setting as a person reads it: `80ms` is 80 ms.
pub(super) fn shown_setting(text: &str) -> String {
    formula::setting(text).map_or_else(|| text.to_owned(), |quantity: Quantity| quantity.to_string())
}
