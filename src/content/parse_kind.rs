//! The kind of a question from its raw table: options, items, pairs, words, fields, rubrics.
use std::ops::Range;

use toml::Spanned;

use super::parse_design::design;
use super::parse_lesson::demo;
use super::parse_number::{exercise, numeric, run};
use super::problems::Problems;
use super::raw::{
    RawCard, RawField, RawKinds, RawMatch, RawNear, RawOption, RawOptions, RawOrder, RawPair, RawShort, RawTrueFalse,
};
use super::rule::Rule;
use super::{Choice, Hidden, Kind, NearText, OrderItem, Pair};

/// Options, items or pairs that one digit can choose.
const MOST: usize = 9;

/// How many options must be right.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    One,
    SomeNotAll,
}

/// How the question is answered; `None` after reporting why it cannot be.
pub(super) fn kind(raw: RawKinds, whole: &Range<usize>, problems: &mut Problems<'_>) -> Option<Kind> {
    if !exactly_one(&raw, whole, problems) {
        return None;
    }
    let RawKinds { single, multiple, true_false, numeric, order, pairs, short, field, predict, design, exercise, card } =
        raw;
    None.or_else(|| single.map(|it| self::single(it, problems)))
        .or_else(|| multiple.map(|it| self::multiple(it, problems)))
        .or_else(|| true_false.map(|it| self::true_false(it, problems)))
        .or_else(|| numeric.map(|it| self::numeric(it, problems)))
        .or_else(|| order.map(|it| self::order(it, problems)))
        .or_else(|| pairs.map(|it| self::pairs(it, problems)))
        .or_else(|| short.map(|it| self::short(it, problems)))
        .or_else(|| field.map(|it| self::field(it, problems)))
        .or_else(|| predict.map(|it| run(it, problems)))
        .or_else(|| design.map(|it| self::design(it, problems)))
        .or_else(|| exercise.map(|it| self::exercise(it, problems)))
        .or_else(|| card.map(|it| self::card(it, problems)))
        .flatten()
}

fn exactly_one(raw: &RawKinds, whole: &Range<usize>, problems: &mut Problems<'_>) -> bool {
    let spans = [
        ("single", raw.single.as_ref().map(Spanned::span)),
        ("multiple", raw.multiple.as_ref().map(Spanned::span)),
        ("true_false", raw.true_false.as_ref().map(Spanned::span)),
        ("numeric", raw.numeric.as_ref().map(Spanned::span)),
        ("order", raw.order.as_ref().map(Spanned::span)),
        ("match", raw.pairs.as_ref().map(Spanned::span)),
        ("short", raw.short.as_ref().map(Spanned::span)),
        ("field", raw.field.as_ref().map(Spanned::span)),
        ("predict", raw.predict.as_ref().map(Spanned::span)),
        ("design", raw.design.as_ref().map(Spanned::span)),
        ("exercise", raw.exercise.as_ref().map(Spanned::span)),
        ("card", raw.card.as_ref().map(Spanned::span)),
    ];
    let present: Vec<_> = spans.iter().filter_map(|(name, span)| span.as_ref().map(|span| (*name, span))).collect();
    let names = spans.each_ref().map(|(name, _)| *name).join(", ");
    match present.as_slice() {
        [_] => true,
        [] => {
            let help = format!("add one table [question.KIND]; the kinds are {names}");
            problems.error(Rule::Kind, whole.clone(), "the question does not say how it is answered", help);
            false
        }
        [(first, _), (second, span), ..] => {
            let title = format!("the question is both `{first}` and `{second}`");
            problems.error(Rule::Kind, (*span).clone(), title, "keep one of the tables; make a question of the other");
            false
        }
    }
}

fn single(raw: Spanned<RawOptions>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    choices(raw.into_inner().options, &whole, Right::One, problems).map(Kind::Single)
}

fn multiple(raw: Spanned<RawOptions>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    choices(raw.into_inner().options, &whole, Right::SomeNotAll, problems).map(Kind::Multiple)
}

fn true_false(raw: Spanned<RawTrueFalse>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawTrueFalse { truth, why, corrections } = raw.into_inner();
    let why = problems.why(why, &whole);
    let Some(truth) = truth else {
        problems.error(Rule::Missing, whole, "`truth` is missing", "add truth = true or truth = false");
        return None;
    };
    if !truth.get_ref() {
        let corrections = choices(corrections, &whole, Right::One, problems)?;
        return Some(Kind::TrueFalse { truth: false, why, corrections });
    }
    if let Some(first) = corrections.first() {
        let help = "delete `corrections`, or set truth = false";
        problems.error(Rule::OptionCount, first.span(), "a true statement has nothing to correct", help);
    }
    Some(Kind::TrueFalse { truth: true, why, corrections: Vec::new() })
}

/// The options when they can be asked: enough, and the right number of them right.
fn choices(
    raw: Vec<Spanned<RawOption>>,
    whole: &Range<usize>,
    right: Right,
    problems: &mut Problems<'_>,
) -> Option<Vec<Choice>> {
    let enough = counted("options", raw.len(), 2, whole, problems);
    let texts = raw.iter().map(|it| it.get_ref().text.as_ref());
    different("options", texts.flatten(), problems);
    let choices: Vec<Choice> = raw.into_iter().map(|it| choice(it, problems)).collect();
    let correct = choices.iter().filter(|it| it.correct).count();
    let fits = match right {
        Right::One => correct == 1,
        Right::SomeNotAll => correct > 0 && correct < choices.len(),
    };
    if enough && !fits {
        let help = match right {
            Right::One => "mark exactly one with correct = true; if several are right, use [question.multiple]",
            Right::SomeNotAll => "mark at least one with correct = true and leave at least one unmarked",
        };
        let title = format!("{correct} of {} options are marked as correct", choices.len());
        problems.error(Rule::CorrectCount, whole.clone(), title, help);
    }
    (enough && fits).then_some(choices)
}

fn choice(raw: Spanned<RawOption>, problems: &mut Problems<'_>) -> Choice {
    let whole = raw.span();
    let RawOption { text, correct, why } = raw.into_inner();
    Choice { text: problems.required(text, "text", &whole), correct, why: problems.why(why, &whole) }
}

/// Whether there are at least `least` and at most nine.
fn counted(what: &str, count: usize, least: usize, whole: &Range<usize>, problems: &mut Problems<'_>) -> bool {
    let fits = (least..=MOST).contains(&count);
    if !fits {
        let help = format!("write at least {least} and at most {MOST}: each is chosen with one digit");
        problems.error(Rule::OptionCount, whole.clone(), format!("{count} instead of {least} to {MOST} {what}"), help);
    }
    fits
}

/// Reports texts that occur twice.
fn different<'t>(what: &str, texts: impl Iterator<Item = &'t Spanned<String>>, problems: &mut Problems<'_>) {
    let mut seen: Vec<&str> = Vec::new();
    for text in texts {
        let words = text.get_ref().trim();
        if seen.contains(&words) {
            let help = "make them differ in what they claim, or delete one";
            problems.error(Rule::SameOption, text.span(), format!("two {what} are the same: \"{words}\""), help);
        }
        seen.push(words);
    }
}

fn order(raw: Spanned<RawOrder>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let items = raw.into_inner().items;
    let enough = counted("items", items.len(), 2, &whole, problems);
    different("items", items.iter().filter_map(|it| it.get_ref().text.as_ref()), problems);
    let item = |raw: Spanned<RawNear>, problems: &mut Problems<'_>| {
        let NearText { text, why } = near(raw, problems);
        OrderItem { text, why }
    };
    let items = items.into_iter().map(|it| item(it, problems)).collect();
    enough.then_some(Kind::Order(items))
}

fn pairs(raw: Spanned<RawMatch>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let pairs = raw.into_inner().pairs;
    let enough = counted("pairs", pairs.len(), 2, &whole, problems);
    different("left sides", pairs.iter().filter_map(|it| it.get_ref().left.as_ref()), problems);
    different("right sides", pairs.iter().filter_map(|it| it.get_ref().right.as_ref()), problems);
    let pairs = pairs.into_iter().map(|it| pair(it, problems)).collect();
    enough.then_some(Kind::Match(pairs))
}

fn pair(raw: Spanned<RawPair>, problems: &mut Problems<'_>) -> Pair {
    let whole = raw.span();
    let RawPair { left, right, why } = raw.into_inner();
    Pair {
        left: problems.required(left, "left", &whole),
        right: problems.required(right, "right", &whole),
        why: problems.why(why, &whole),
    }
}

fn short(raw: Spanned<RawShort>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawShort { accept, near } = raw.into_inner();
    let accept = problems.texts(accept, "accept");
    let near = nears(near, problems);
    for wrong in near.iter().filter(|wrong| accept.iter().any(|it| it.eq_ignore_ascii_case(&wrong.text))) {
        let title = format!("\"{}\" is accepted and called wrong", wrong.text);
        problems.error(Rule::NearMiss, whole.clone(), title, "delete it from `accept` or from `near`");
    }
    if accept.is_empty() {
        let help = "add accept = [\"...\"]: every spelling that is right";
        problems.error(Rule::Missing, whole, "no answer is accepted", help);
        return None;
    }
    Some(Kind::Short { accept, near })
}

fn nears(raw: Vec<Spanned<RawNear>>, problems: &mut Problems<'_>) -> Vec<NearText> {
    raw.into_iter().map(|it| near(it, problems)).collect()
}

fn near(raw: Spanned<RawNear>, problems: &mut Problems<'_>) -> NearText {
    let whole = raw.span();
    let RawNear { text, why } = raw.into_inner();
    NearText { text: problems.required(text, "text", &whole), why: problems.why(why, &whole) }
}

fn field(raw: Spanned<RawField>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawField { demo, marker, field, near } = raw.into_inner();
    let marker = problems.required(marker, "marker", &whole);
    let field = problems.required(field, "field", &whole);
    let near = nears(near, problems);
    let Some(demo) = demo else {
        let help = "add demo = { name = \"...\" }: the run whose packet is shown";
        problems.error(Rule::Missing, whole, "`demo` is missing", help);
        return None;
    };
    let hidden = Hidden { demo: self::demo(demo, problems), marker, field, near };
    (!hidden.marker.is_empty() && !hidden.field.is_empty()).then_some(Kind::Field(hidden))
}

fn card(raw: Spanned<RawCard>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawCard { rubric, model } = raw.into_inner();
    let rubric = problems.texts(rubric, "rubric");
    let model = problems.required(model, "model", &whole);
    counted("points in the rubric", rubric.len(), 1, &whole, problems).then_some(Kind::Card { rubric, model })
}
