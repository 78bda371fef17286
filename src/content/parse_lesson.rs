//! A lesson from its file: front matter between `+++` lines, then Markdown.
use std::ops::Range;

use toml::Spanned;

use super::markdown;
use super::parse_number::unit;
use super::problems::Problems;
use super::raw::{RawDemo, RawLesson, RawPredict, RawWrong};
use super::rule::Rule;
use super::{DemoRef, Lesson, Predict, WrongGuess, units};

/// The fence of the front matter.
const FENCE: &str = "+++";

/// The lesson, unless its front matter cannot be read.
pub(super) fn lesson(text: &str, problems: &mut Problems<'_>) -> Option<Lesson> {
    let Some((head, body)) = split(text) else {
        let help = "begin the file with +++, then id = \"...\", title = \"...\", and +++ on a line of its own";
        problems.error(Rule::Syntax, 0..text.find('\n').unwrap_or(text.len()), "no front matter", help);
        return None;
    };
    // Spans count from the line below the fence.
    let whole = 0..text[head.clone()].lines().next().map_or(0, str::len);
    let raw: RawLesson = problems.within(head.start, |problems| problems.document(&text[head.clone()]))?;
    let mut lesson = problems.within(head.start, |problems| front(raw, &whole, problems));
    lesson.steps = problems.within(body, |problems| markdown::steps(&text[body..], lesson.demo.as_ref(), problems));
    (!lesson.id.is_empty()).then_some(lesson)
}

/// The bytes of the front matter, and where the body begins.
fn split(text: &str) -> Option<(Range<usize>, usize)> {
    let start = text.strip_prefix(FENCE)?.strip_prefix('\n').map(|_| FENCE.len() + 1)?;
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return Some((start..at, at + line.len()));
        }
        at += line.len();
    }
    None
}

fn front(raw: RawLesson, whole: &Range<usize>, problems: &mut Problems<'_>) -> Lesson {
    let RawLesson { id, title, minutes, covers, corrects, demo } = raw;
    let minutes = self::minutes(minutes, whole, problems);
    Lesson {
        id: problems.required(id, "id", whole),
        title: problems.required(title, "title", whole),
        minutes,
        covers: problems.texts(covers, "covers"),
        corrects: problems.texts(corrects, "corrects"),
        demo: demo.map(|it| self::demo(it, problems)),
        steps: Vec::new(),
        path: problems.path(),
    }
}

/// How long it takes; 0 after reporting.
fn minutes(raw: Option<Spanned<i64>>, whole: &Range<usize>, problems: &mut Problems<'_>) -> u32 {
    let Some(raw) = raw else {
        problems.error(
            Rule::Missing,
            whole.clone(),
            "`minutes` is missing",
            "add minutes = 8: what a first reading takes",
        );
        return 0;
    };
    let fits = u32::try_from(*raw.get_ref()).ok().filter(|it| (1..=60).contains(it));
    if fits.is_none() {
        problems.error(Rule::Quantity, raw.span(), "a lesson takes 1 to 60 minutes", "split a longer one");
    }
    fits.unwrap_or(0)
}

/// A demo with its knobs.
pub(super) fn demo(raw: RawDemo, problems: &mut Problems<'_>) -> DemoRef {
    let RawDemo { name, knobs } = raw;
    let mut settings = std::collections::BTreeMap::new();
    for (knob, value) in knobs {
        let text = problems.text(&Spanned::new(value.span(), value.into_inner().0));
        settings.insert(problems.text(&knob), text);
    }
    DemoRef { name: problems.text(&name), knobs: settings }
}

/// The inside of a `predict` block, unless there is nothing to ask or measure.
pub(super) fn predict(text: &str, problems: &mut Problems<'_>) -> Option<Predict> {
    let raw: RawPredict = problems.document(text)?;
    let whole = 0..text.trim_end().len();
    let RawPredict { ask, unit: unit_name, measure, wrong } = raw;
    let name = unit_name.as_ref().map(|it| it.get_ref().clone()).unwrap_or_default();
    let ask = problems.required(ask, "ask", &whole);
    let measure = problems.required(measure, "measure", &whole);
    let unit = unit(unit_name, &whole, problems)?;
    let wrong = wrong.into_iter().filter_map(|it| self::wrong(it, &name, problems)).collect();
    (!ask.is_empty() && !measure.is_empty()).then_some(Predict { ask, unit, measure, wrong })
}

fn wrong(raw: Spanned<RawWrong>, unit_name: &str, problems: &mut Problems<'_>) -> Option<WrongGuess> {
    let whole = raw.span();
    let RawWrong { value, why } = raw.into_inner();
    let why = problems.why(why, &whole);
    let Some(value) = value else {
        problems.error(Rule::Missing, whole, "`value` is missing", "add value = 120 or value = \"120ms\"");
        return None;
    };
    match units::value(&value.get_ref().0, unit_name) {
        Ok(quantity) => Some(WrongGuess { value: quantity, why }),
        Err(message) => {
            problems.error(Rule::Quantity, value.span(), message, "write it as the learner would type it");
            None
        }
    }
}
