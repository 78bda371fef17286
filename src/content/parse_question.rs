//! A question from its raw table: every problem named, as much kept as can be asked.
use std::ops::Range;

use super::parse_kind::kind;
use super::parse_lesson::demo;
use super::parse_show::show;
use super::problems::Problems;
use super::raw::{RawKinds, RawQuestion, Text, Texts};
use super::rule::Rule;
use super::{Kind, Question, Show};
use toml::Spanned;

const SHOW_HELP: &str =
    "write show = \"sequence @marker highlight=ip.ttl,tcp.flags\"; marker and highlight may be left out";

/// The question, unless it has no id, prompt or way to be answered.
pub(super) fn question(raw: RawQuestion, whole: &Range<usize>, problems: &mut Problems<'_>) -> Option<Question> {
    let RawQuestion { id, covers, corrects, tags, difficulty, source, prompt, explanation, .. } = raw;
    let RawQuestion { hints, twin, confusable, demo: opened, show: at, .. } = raw;
    let RawQuestion {
        single,
        multiple,
        true_false,
        numeric,
        order,
        pairs,
        short,
        field,
        predict,
        design,
        exercise,
        card,
        ..
    } = raw;
    let kinds =
        RawKinds { single, multiple, true_false, numeric, order, pairs, short, field, predict, design, exercise, card };
    let (id, prompt) = (problems.required(id, "id", whole), problems.required(prompt, "prompt", whole));
    let kind = kind(kinds, whole, problems);
    let at = self::at(at, kind.as_ref(), opened.is_some(), problems);
    let question = Question {
        explanation: problems.required(explanation, "explanation", whole),
        source: problems.required(source, "source", whole),
        difficulty: self::difficulty(difficulty, whole, problems),
        covers: problems.texts(covers, "covers"),
        corrects: problems.texts(corrects, "corrects"),
        tags: problems.texts(tags, "tags"),
        hints: self::hints(hints, problems),
        twin: problems.optional(twin),
        confusable: problems.optional(confusable),
        demo: opened.map(|it| demo(it, problems)),
        show: at,
        path: problems.path(),
        line: problems.line(whole.start),
        kind: kind?,
        id,
        prompt,
    };
    (!question.id.is_empty() && !question.prompt.is_empty()).then_some(question)
}

fn difficulty(raw: Option<Spanned<i64>>, whole: &Range<usize>, problems: &mut Problems<'_>) -> u8 {
    let help = "write difficulty = 1 (first contact) to 5 (an expert pauses)";
    let Some(raw) = raw else {
        problems.error(Rule::Difficulty, whole.clone(), "`difficulty` is missing", help);
        return 3;
    };
    let value = *raw.get_ref();
    if !(1..=5).contains(&value) {
        problems.error(Rule::Difficulty, raw.span(), format!("difficulty {value} is not on the scale"), help);
    }
    u8::try_from(value.clamp(1, 5)).unwrap_or(3)
}

/// Where "show me" stands, for a question with a run to stand in.
fn at(raw: Text, kind: Option<&Kind>, has_demo: bool, problems: &mut Problems<'_>) -> Option<Show> {
    let raw = raw?;
    let span = raw.span();
    let (title, help) = match kind {
        Some(Kind::Field(_)) => {
            ("a question about a field shows its own packet", "delete `show`: `marker` says where it stands")
        }
        Some(Kind::Exercise(_)) => {
            ("an exercise shows its own packet", "delete `show`: the exercise says where it stands")
        }
        Some(Kind::Predict { .. } | Kind::Design(_)) => return show(&problems.text(&raw), &span, SHOW_HELP, problems),
        _ if has_demo => return show(&problems.text(&raw), &span, SHOW_HELP, problems),
        _ => ("`show` without a run", "add demo = { name = \"...\" }, or delete `show`"),
    };
    problems.error(Rule::Directive, span, title, help);
    None
}

fn hints(raw: Texts, problems: &mut Problems<'_>) -> Vec<String> {
    if let Some(fourth) = raw.get(3) {
        let title = format!("{} hints; three is the most", raw.len());
        problems.error(Rule::Hints, fourth.span(), title, "keep three, each giving away more than the one before");
    }
    problems.texts(raw, "hints").into_iter().take(3).collect()
}
