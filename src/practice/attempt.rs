//! One asking of a question: what was shuffled, drawn and measured for it. The same seed asks the same again.
use std::collections::BTreeMap;

use super::designed::{Blank, Designed, shown_setting as setting};
use super::draw::Draw;
use super::exercise::{Exercise, Form, Gap};
use super::{Answer, Clue, Revealed, Runs, Truth, Unreadable, number_hint};
use crate::content::{self, Hidden, Kind, NearMiss, Question, formula};
use crate::quantity::{Quantity, Unit};

/// A question as it is asked this time. It stays as it is until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The question's id.
    pub question: String,
    pub seed: u64,
    /// With this attempt's values in it.
    pub prompt: String,
    /// With this attempt's values and the answer in it.
    pub explanation: String,
    /// Each gives away more.
    pub hints: Vec<String>,
    pub asked: Asked,
    /// What an exercise became this time.
    made: Option<Box<Made>>,
}

/// An exercise as it was made for one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Made {
    /// As a question of options or of an order; `None` where values are to be written.
    kind: Option<Kind>,
    /// None where the packets are those of a file.
    run: Option<Run>,
    /// The packet to look at afterwards.
    packet: Option<u32>,
}

/// What this attempt needs beyond the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Single and multiple: the options. Order: the items, never in the right order.
    Options(Vec<Shown>),
    /// The corrections to choose from after "false"; none when the statement is true.
    Statement { corrections: Vec<Shown> },
    /// The left sides in the question's order, and the right sides to choose from.
    Match { lefts: Vec<String>, rights: Vec<Shown> },
    /// Numeric and predict; for predict with the run that was measured.
    Number { truth: Truth, near: Vec<Near>, run: Option<Run> },
    /// A hidden field of a packet of `run`.
    Field { revealed: Revealed, run: Run },
    /// Values to choose.
    Design(Box<Designed>),
    /// Values of packets to write.
    Fill(Vec<Gap>),
    /// Short and card: nothing is drawn.
    Text,
}

/// A text on the screen, with its index in the question: answers are given in these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub index: usize,
    pub text: String,
}

/// A wrong number of this attempt that people arrive at, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    pub value: Quantity,
    pub why: String,
}

/// The run behind an attempt: whoever runs it again sees the same packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub demo: String,
    /// Settings by knob; knobs not named have their defaults.
    pub knobs: BTreeMap<String, String>,
    pub seed: u64,
}

impl Attempt {
    /// Shuffles, draws and runs what `question` needs.
    ///
    /// # Errors
    /// A message for a person: a formula that cannot be computed, or a run without what the question asks about.
    pub fn new(question: &Question, seed: u64, runs: &dyn Runs) -> Result<Self, String> {
        let mut draw = Draw::new(seed, &question.id);
        let drawn = Drawn::of(&question.kind, &mut draw, runs).map_err(|error| format!("{}: {error}", question.id))?;
        let told = drawn.told();
        let clue = drawn.clue().cloned();
        let mut hints: Vec<String> = question.hints.iter().map(|hint| filled(hint, &drawn.given)).collect();
        // It names the packet of this run, which no author can, and gives away the most.
        hints.extend(
            clue.as_ref().map(|it| format!("It follows from packet {}: look there at {}.", it.packet, it.label)),
        );
        let follows = |it: &Clue| {
            format!("\n\nIt follows from packet {} (`{}`): {} {}.", it.packet, it.summary, it.label, it.says)
        };
        let follows = clue.as_ref().map(follows).unwrap_or_default();
        Ok(Self {
            question: question.id.clone(),
            seed,
            prompt: paragraphs([filled(&question.prompt, &drawn.given), drawn.prompt]),
            explanation: paragraphs([drawn.explanation, begun(filled(&question.explanation, &told)) + &follows]),
            hints,
            asked: drawn.asked,
            made: drawn.made.map(Box::new),
        })
    }

    /// What can be chosen or moved, in the order of the screen: options, items, corrections or right sides.
    #[must_use]
    pub fn options(&self) -> &[Shown] {
        match &self.asked {
            Asked::Options(shown) | Asked::Statement { corrections: shown } | Asked::Match { rights: shown, .. } => {
                shown
            }
            Asked::Number { .. } | Asked::Field { .. } | Asked::Design(_) | Asked::Fill(_) | Asked::Text => &[],
        }
    }

    /// The left sides of a match.
    #[must_use]
    pub fn lefts(&self) -> &[String] {
        if let Asked::Match { lefts, .. } = &self.asked { lefts } else { &[] }
    }

    /// The run behind it, for questions that are about one.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        match &self.asked {
            _ if self.made.is_some() => self.made.as_ref().and_then(|it| it.run.as_ref()),
            Asked::Number { run, .. } => run.as_ref(),
            Asked::Field { run, .. } => Some(run),
            _ => None,
        }
    }

    /// How it is answered this time: as the question says, or as what an exercise became.
    #[must_use]
    pub fn kind<'a>(&'a self, question: &'a Question) -> &'a Kind {
        self.made.as_ref().and_then(|it| it.kind.as_ref()).unwrap_or(&question.kind)
    }

    /// The packet of its run that an exercise is about.
    #[must_use]
    pub fn packet(&self) -> Option<u32> {
        self.made.as_ref()?.packet
    }

    /// What is to be written, a line each: settings, or values of packets.
    #[must_use]
    pub fn blanks(&self) -> Vec<Blank> {
        match &self.asked {
            Asked::Design(designed) => designed.blanks.clone(),
            Asked::Fill(gaps) => gaps.iter().map(Gap::blank).collect(),
            _ => Vec::new(),
        }
    }

    /// The values to choose, for a question that is answered with settings.
    #[must_use]
    pub const fn design(&self) -> Option<&Designed> {
        if let Asked::Design(designed) = &self.asked { Some(designed) } else { None }
    }

    /// The run that judges an answer, for a question that is answered with settings; a skipped one has the model's.
    ///
    /// # Errors
    /// [`Unreadable`] with a sentence that says what to write.
    pub fn judged_by(&self, answer: &Answer, runs: &dyn Runs) -> Result<Option<Run>, Unreadable> {
        let Some(asked) = self.design() else { return Ok(None) };
        match answer {
            Answer::Values(typed) => Ok(Some(asked.run(&asked.read(typed, runs)?))),
            _ => Ok(Some(asked.run(&asked.model))),
        }
    }

    /// What to write, for a question that is answered with a number.
    #[must_use]
    pub const fn number_hint(&self) -> Option<&'static str> {
        match &self.asked {
            Asked::Number { truth, .. } => Some(number_hint(truth.value.unit)),
            _ => None,
        }
    }
}

/// What a kind draws: the part that is asked, and texts by the name that stands for them in braces.
struct Drawn {
    asked: Asked,
    /// Known before the answer: they may stand in the prompt.
    given: BTreeMap<String, String>,
    /// Known after it: the answer and the run's measurements.
    told: BTreeMap<String, String>,
    /// What an exercise adds to the question's own words.
    prompt: String,
    explanation: String,
    made: Option<Made>,
}

impl Drawn {
    const fn new(asked: Asked, given: BTreeMap<String, String>, told: BTreeMap<String, String>) -> Self {
        Self { asked, given, told, prompt: String::new(), explanation: String::new(), made: None }
    }

    fn of(kind: &Kind, draw: &mut Draw, runs: &dyn Runs) -> Result<Self, String> {
        let asked = match kind {
            Kind::Single(options) | Kind::Multiple(options) => {
                Asked::Options(shown(draw.permutation(options.len()), |at| &options[at].text))
            }
            Kind::TrueFalse { corrections, .. } => {
                let corrections = shown(draw.permutation(corrections.len()), |at| &corrections[at].text);
                Asked::Statement { corrections }
            }
            Kind::Order(items) => Asked::Options(shown(draw.derangement(items.len()), |at| &items[at].text)),
            Kind::Match(pairs) => Asked::Match {
                lefts: pairs.iter().map(|pair| pair.left.clone()).collect(),
                rights: shown(draw.derangement(pairs.len()), |at| &pairs[at].right),
            },
            Kind::Numeric { .. } => return numeric(kind, draw),
            Kind::Predict { .. } => return predicted(kind, draw, runs),
            Kind::Field(hidden) => return hidden_field(hidden, draw, runs),
            Kind::Design(design) => {
                let (asked, given, told) = Designed::draw(design, draw, runs)?;
                return Ok(Self::new(Asked::Design(Box::new(asked)), given, told));
            }
            Kind::Exercise(exercise) => return exercised(exercise, draw, runs),
            Kind::Short { .. } | Kind::Card { .. } => Asked::Text,
        };
        Ok(Self::new(asked, BTreeMap::new(), BTreeMap::new()))
    }

    /// The packet from which a hidden field follows.
    const fn clue(&self) -> Option<&Clue> {
        match &self.asked {
            Asked::Field { revealed, .. } => revealed.clue.as_ref(),
            _ => None,
        }
    }

    /// Everything that may stand in an explanation. What is known after the answer replaces what was known before it: a
    /// measurement of the run that is shown first has the same name in the model answer's.
    fn told(&self) -> BTreeMap<String, String> {
        self.given.iter().chain(&self.told).map(|(name, text)| (name.clone(), text.clone())).collect()
    }
}

fn shown<'a>(order: Vec<usize>, text: impl Fn(usize) -> &'a String) -> Vec<Shown> {
    order.into_iter().map(|index| Shown { index, text: text(index).clone() }).collect()
}

fn numeric(kind: &Kind, draw: &mut Draw) -> Result<Drawn, String> {
    let Kind::Numeric { parameters, formula, unit, tolerance_ppm, near_misses } = kind else {
        return Err("not a numeric question".to_owned());
    };
    let picked = parameters.iter().filter_map(|(name, from)| draw.pick(from).map(|value| (name.clone(), *value)));
    let values: BTreeMap<String, Quantity> = picked.collect();
    let truth = Truth { value: formula::evaluate(formula, &values, *unit)?, tolerance_ppm: *tolerance_ppm };
    let given: BTreeMap<String, String> = values.iter().map(|(name, it)| (name.clone(), it.to_string())).collect();
    let told = BTreeMap::from([("answer".to_owned(), truth.value.to_string())]);
    let near = near(near_misses, &values, truth, &[&given, &told])?;
    Ok(Drawn::new(Asked::Number { truth, near, run: None }, given, told))
}

fn predicted(kind: &Kind, draw: &mut Draw, runs: &dyn Runs) -> Result<Drawn, String> {
    let Kind::Predict { demo, knobs, measure, unit, tolerance_ppm, near_misses, .. } = kind else {
        return Err("not a question about a run".to_owned());
    };
    let picked = knobs.iter().filter_map(|(name, from)| draw.pick(from).map(|value| (name.clone(), value.clone())));
    let run = Run { demo: demo.clone(), knobs: picked.collect(), seed: draw.run_seed() };
    let measured = runs.measure(&run.demo, &run.knobs, run.seed)?;
    let truth = Truth { value: measurement(&measured, measure, *unit)?, tolerance_ppm: *tolerance_ppm };
    let mut told: BTreeMap<String, String> = measured.iter().map(|(name, it)| (name.clone(), it.to_string())).collect();
    told.insert("answer".to_owned(), truth.value.to_string());
    let settings = run.knobs.iter().filter_map(|(name, text)| Some((formula::variable(name), formula::setting(text)?)));
    let values: BTreeMap<String, Quantity> = measured.into_iter().chain(settings).collect();
    let given: BTreeMap<String, String> = run.knobs.iter().map(|(name, text)| (name.clone(), setting(text))).collect();
    let near = near(near_misses, &values, truth, &[&given, &told])?;
    // A knob has its name for itself, whatever a measurement is called.
    told.extend(given.clone());
    Ok(Drawn::new(Asked::Number { truth, near, run: Some(run) }, given, told))
}

fn measurement(measured: &BTreeMap<String, Quantity>, name: &str, unit: Unit) -> Result<Quantity, String> {
    let known = || measured.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let value = measured.get(name).ok_or_else(|| format!("the run does not measure `{name}`: it has {}", known()))?;
    if value.unit == unit {
        return Ok(*value);
    }
    Err(format!("`{name}` is measured in {}, the question asks for {}", value.unit.symbol(), unit.symbol()))
}

fn hidden_field(hidden: &Hidden, draw: &mut Draw, runs: &dyn Runs) -> Result<Drawn, String> {
    let run = Run { demo: hidden.demo.name.clone(), knobs: hidden.demo.knobs.clone(), seed: draw.run_seed() };
    let revealed = runs.reveal(hidden, run.seed)?;
    let given = BTreeMap::from([("packet".to_owned(), revealed.packet.to_string())]);
    let told = BTreeMap::from([
        ("answer".to_owned(), revealed.value.clone()),
        ("meaning".to_owned(), revealed.meaning.clone()),
    ]);
    Ok(Drawn::new(Asked::Field { revealed, run }, given, told))
}

/// An exercise on the packets of a run with knobs and seed of this draw.
fn exercised(from: &content::Exercise, draw: &mut Draw, runs: &dyn Runs) -> Result<Drawn, String> {
    let knobs = from.knobs.iter().filter_map(|(name, from)| draw.pick(from).map(|value| (name.clone(), value.clone())));
    let run = Run { demo: from.demo.clone(), knobs: knobs.collect(), seed: draw.run_seed() };
    let given: BTreeMap<String, String> = run.knobs.iter().map(|(name, text)| (name.clone(), setting(text))).collect();
    let Exercise { prompt, form, explanation, packet } = runs.exercise(&from.make, &from.tap, &run)?;
    let (asked, kind) = match form {
        Form::Fill(gaps) => (Asked::Fill(gaps), None),
        Form::Choose(options) => {
            let order = draw.permutation(options.len());
            (Asked::Options(shown(order, |at| &options[at].text)), Some(Kind::Single(options)))
        }
        Form::Order(items) => {
            let order = draw.derangement(items.len());
            (Asked::Options(shown(order, |at| &items[at].text)), Some(Kind::Order(items)))
        }
    };
    let made = Some(Made { kind, run: packet.is_some().then_some(run), packet });
    Ok(Drawn { prompt, explanation, made, ..Drawn::new(asked, given, BTreeMap::new()) })
}

/// Texts one below the other, without those that say nothing.
fn paragraphs(texts: [String; 2]) -> String {
    let said = texts.iter().map(|it| it.trim()).filter(|it| !it.is_empty());
    said.collect::<Vec<_>>().join("\n\n")
}

/// The near misses of this draw; one that happens to be right this time is no miss.
fn near(
    misses: &[NearMiss],
    values: &BTreeMap<String, Quantity>,
    truth: Truth,
    texts: &[&BTreeMap<String, String>],
) -> Result<Vec<Near>, String> {
    let evaluated = misses.iter().map(|miss| {
        let value = formula::evaluate(&miss.formula, values, truth.value.unit)?;
        let why = texts.iter().fold(miss.why.clone(), |why, texts| filled(&why, texts));
        Ok(Near { value, why })
    });
    let evaluated: Result<Vec<Near>, String> = evaluated.collect();
    Ok(evaluated?.into_iter().filter(|near| !truth.holds(near.value)).collect())
}

/// A text that begins with a number: Markdown would take `12. So many` for the twelfth of a list.
fn begun(text: String) -> String {
    match text.split_once(". ") {
        Some((number, rest)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{number}\\. {rest}")
        }
        _ => text,
    }
}

/// The text with `{name}` replaced where the name is known; other braces stay.
pub(super) fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let known = from.find('}').and_then(|close| values.get(&from[1..close]).map(|value| (close, value)));
        let Some((close, value)) = known else {
            out.push('{');
            rest = &from[1..];
            continue;
        };
        out.push_str(value);
        rest = &from[close + 1..];
    }
    out.push_str(rest);
    out
}

impl Truth {
    /// Whether `value` is as near as the question asks.
    #[must_use]
    pub fn holds(&self, value: Quantity) -> bool {
        let off = i128::from(value.value) - i128::from(self.value.value);
        let allowed = i128::from(self.value.value).abs() * i128::from(self.tolerance_ppm.max(0));
        value.unit == self.value.unit && off.abs() * 1_000_000 <= allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{blocks, unmarked};

    #[test]
    fn a_number_at_the_beginning_is_no_list() {
        let text = begun("12. So many.".to_owned());
        assert!(matches!(blocks(&text).as_slice(), [content::Block::Paragraph(_)]), "{text}");
        assert_eq!(begun("80 ms. So long.".to_owned()), "80 ms. So long.");
        assert_eq!(unmarked("12. So many."), "12. So many.");
    }
}
