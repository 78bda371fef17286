//! A question answered with settings, from its raw table: what is chosen, criteria, tempting answers.
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::parse_number::{drawn_settings, parameters};
use super::problems::Problems;
use super::raw::{RawChoose, RawCriterion, RawDesign, RawTempting, Scalar, Settings};
use super::rule::Rule;
use super::{Bound, Criterion, Design, Kind, Tempting, ToChoose, design};

/// Values to choose in one question: each is a field to fill in.
const MOST_CHOSEN: usize = 5;
/// Criteria and tempting answers of one question.
const MOST: usize = 9;

/// The question, unless nothing can be run, chosen or judged.
pub(super) fn design(raw: Spanned<RawDesign>, problems: &mut Problems<'_>) -> Option<Kind> {
    let whole = raw.span();
    let RawDesign { demo, knobs, parameters, before, choose, criteria, tempting } = raw.into_inner();
    let demo = problems.required(demo, "demo", &whole);
    let knobs = drawn_settings(knobs, problems);
    let parameters = self::parameters(parameters, problems);
    let before = before.map(|it| settings(it, problems));
    let counts = [
        counted("values to choose", choose.len(), MOST_CHOSEN, "choose", &whole, problems),
        counted("criteria", criteria.len(), MOST, "criteria", &whole, problems),
        counted("tempting answers", tempting.len(), MOST, "tempting", &whole, problems),
    ];
    let choose: Vec<ToChoose> = choose.into_iter().map(|it| to_choose(it, problems)).collect();
    let criteria: Vec<Option<Criterion>> = criteria.into_iter().map(|it| criterion(it, problems)).collect();
    let criteria: Option<Vec<Criterion>> = criteria.into_iter().collect();
    let chosen: BTreeSet<&str> = choose.iter().map(|it| it.knob.as_str()).collect();
    let tempting = tempting.into_iter().map(|it| self::tempting(it, &chosen, problems)).collect();
    if demo.is_empty() || counts.contains(&false) || !distinct(&choose, &knobs, &whole, problems) {
        return None;
    }
    let (parameters, criteria) = (parameters?, criteria?);
    Some(Kind::Design(Design { demo, knobs, parameters, before, choose, criteria, tempting }))
}

fn counted(
    what: &str,
    count: usize,
    most: usize,
    key: &str,
    whole: &Range<usize>,
    problems: &mut Problems<'_>,
) -> bool {
    let fits = (1..=most).contains(&count);
    if !fits {
        let help = format!("write {key} = [{{ ... }}] with 1 to {most} of them");
        problems.error(Rule::OptionCount, whole.clone(), format!("{count} instead of 1 to {most} {what}"), help);
    }
    fits
}

/// Whether each knob is chosen once, and none that is drawn.
fn distinct(
    choose: &[ToChoose],
    drawn: &std::collections::BTreeMap<String, Vec<String>>,
    whole: &Range<usize>,
    problems: &mut Problems<'_>,
) -> bool {
    let mut seen = BTreeSet::new();
    let twice = choose.iter().find(|it| !seen.insert(it.knob.as_str()) || drawn.contains_key(&it.knob));
    if let Some(it) = twice {
        let title = format!("`{}` is chosen twice, or drawn and chosen", it.knob);
        problems.error(Rule::SameOption, whole.clone(), title, "name each knob in one place");
    }
    twice.is_none()
}

fn settings(raw: Settings, problems: &mut Problems<'_>) -> design::Settings {
    let scalar =
        |it: Spanned<Scalar>, problems: &mut Problems<'_>| problems.text(&Spanned::new(it.span(), it.into_inner().0));
    raw.into_iter().map(|(name, text)| (problems.text(&name), scalar(text, problems))).collect()
}

fn text(raw: Option<Spanned<Scalar>>) -> Option<Spanned<String>> {
    raw.map(|it| Spanned::new(it.span(), it.into_inner().0))
}

fn to_choose(raw: Spanned<RawChoose>, problems: &mut Problems<'_>) -> ToChoose {
    let whole = raw.span();
    let RawChoose { knob, says, answer } = raw.into_inner();
    ToChoose {
        knob: problems.required(knob, "knob", &whole),
        says: problems.required(says, "says", &whole),
        answer: problems.required(text(answer), "answer", &whole),
    }
}

fn criterion(raw: Spanned<RawCriterion>, problems: &mut Problems<'_>) -> Option<Criterion> {
    let whole = raw.span();
    let RawCriterion { says, measure, most, least, why } = raw.into_inner();
    let (says, measure) = (problems.required(says, "says", &whole), problems.required(measure, "measure", &whole));
    let why = problems.why(why, &whole);
    let bound = match (text(most), text(least)) {
        (Some(most), None) => Bound::Most(problems.text(&most)),
        (None, Some(least)) => Bound::Least(problems.text(&least)),
        _ => {
            let help = "write most = \"...\" or least = \"...\": a quantity, or a formula over what the run measures";
            problems.error(Rule::Missing, whole, "a criterion has one bound", help);
            return None;
        }
    };
    Some(Criterion { says, measure, bound, why })
}

fn tempting(raw: Spanned<RawTempting>, chosen: &BTreeSet<&str>, problems: &mut Problems<'_>) -> Tempting {
    let whole = raw.span();
    let RawTempting { values, why } = raw.into_inner();
    let tempting = Tempting { values: settings(values, problems), why: problems.why(why, &whole) };
    if tempting.values.is_empty() || tempting.values.keys().any(|knob| !chosen.contains(knob.as_str())) {
        let known = chosen.iter().copied().collect::<Vec<_>>().join(", ");
        let help = format!("name one or more of what is chosen: {known}");
        problems.error(Rule::Knob, whole, "a tempting answer sets what the learner chooses", help);
    }
    tempting
}
