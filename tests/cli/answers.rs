//! What to type for the questions of a sitting that was begun: all right, or all wrong. Worked out by the library.
use roundtrip::content::{Content, Kind, Question};
use roundtrip::practice::{Asked, Attempt, Context, Shown, Value};
use roundtrip::progress::{OpenSitting, Store};
use roundtrip::tui::runs::DemoRuns;

use crate::tutor::Home;

/// The sittings that were begun and not ended, the newest first.
#[track_caller]
pub(crate) fn open(home: &Home, context: Context) -> Vec<OpenSitting> {
    let mut store = Store::open(&home.progress_file()).expect("the tutor's file");
    let all = store.snapshot().expect("read").open;
    all.into_iter().filter(|it| it.sitting.context == context).collect()
}

/// The lines that answer what is open in the newest sitting.
#[track_caller]
pub(crate) fn lines(
    home: &Home,
    context: Context,
    content: &Content,
    line: fn(&Question, &Attempt) -> String,
) -> String {
    let open = open(home, context);
    let OpenSitting { sitting, answers, .. } = open.first().expect("a sitting was begun");
    let answered = |at: usize| answers.iter().any(|it| it.place.as_ref().is_some_and(|it| it.item as usize == at));
    let rest = sitting.items.iter().enumerate().filter(|(at, _)| !answered(*at));
    let typed = rest.filter_map(|(_, item)| {
        let question = content.question(&item.question)?;
        let attempt = Attempt::new(question, item.seed, &DemoRuns).expect("it can be asked");
        Some(line(question, &attempt) + "\n")
    });
    typed.collect()
}

/// What earns all points.
pub(crate) fn right(question: &Question, attempt: &Attempt) -> String {
    let shown = attempt.options();
    match (attempt.kind(question), &attempt.asked) {
        (Kind::Single(options) | Kind::Multiple(options), _) => rows(shown, |index| options[index].correct),
        (Kind::TrueFalse { truth: true, .. }, _) => "t".to_owned(),
        (Kind::TrueFalse { corrections, .. }, _) => format!("f\n{}", rows(shown, |index| corrections[index].correct)),
        (Kind::Order(items), _) => in_order(shown, items.len()),
        (Kind::Match(pairs), _) => in_order(shown, pairs.len()),
        (_, Asked::Number { truth, .. }) => format!("{:#}", truth.value),
        (_, Asked::Design(asked)) => {
            asked.blanks.iter().map(|it| asked.model[&it.knob].clone()).collect::<Vec<_>>().join(", ")
        }
        (_, Asked::Fill(gaps)) => gaps.iter().map(|it| written(&it.right)).collect::<Vec<_>>().join("; "),
        (Kind::Short { accept, .. }, _) => accept[0].clone(),
        (_, Asked::Field { revealed, .. }) => revealed.value.clone(),
        (Kind::Card { rubric, .. }, _) => {
            let all: Vec<String> = (1..=rubric.len()).map(|row| row.to_string()).collect();
            format!("in my own words\n{}", all.join(" "))
        }
        (kind, _) => panic!("{kind:?}"),
    }
}

/// What earns none.
pub(crate) fn wrong(question: &Question, attempt: &Attempt) -> String {
    let shown = attempt.options();
    match (attempt.kind(question), &attempt.asked) {
        (Kind::Single(options), _) => rows(shown, |index| !options[index].correct)[..1].to_owned(),
        (Kind::TrueFalse { truth, .. }, _) => if *truth { "f" } else { "t" }.to_owned(),
        (_, Asked::Number { truth, .. }) => {
            let other = roundtrip::quantity::Quantity { value: truth.value.value * 3 + 1_000_000, ..truth.value };
            format!("{other:#}")
        }
        (Kind::Short { .. } | Kind::Field(_), _) => "nothing of the kind".to_owned(),
        (Kind::Card { .. }, _) => "no idea\n".to_owned(),
        // Parts of it could be right by chance.
        (Kind::Design(_) | Kind::Exercise(_) | Kind::Multiple(_) | Kind::Order(_) | Kind::Match(_), _) => {
            "skip".to_owned()
        }
        (kind, _) => panic!("{kind:?}"),
    }
}

/// A value of a packet as one types it.
fn written(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{number:#x}"),
        Value::Time(ns) => format!("{ns}ns"),
        Value::Text(text) => text.clone(),
    }
}

/// The rows of the screen whose content index fits.
fn rows(shown: &[Shown], fits: impl Fn(usize) -> bool) -> String {
    let rows = (1..).zip(shown).filter(|(_, it)| fits(it.index)).map(|(row, _): (usize, _)| row.to_string());
    rows.collect::<Vec<_>>().join(" ")
}

/// The rows in the order of the content.
fn in_order(shown: &[Shown], count: usize) -> String {
    let row = |index: usize| shown.iter().position(|it| it.index == index).expect("all are shown") + 1;
    (0..count).map(|index| row(index).to_string()).collect::<Vec<_>>().join(" ")
}
