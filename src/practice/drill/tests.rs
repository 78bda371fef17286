//! What a drill and a quiz choose.
use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::content::Quiz;
use crate::practice::{Outcome, review};

const TODAY: Date = date(2026, 6, 1);

fn question(id: &str, kind: Kind, covers: &str) -> Question {
    Question {
        id: id.to_owned(),
        prompt: String::new(),
        kind,
        explanation: String::new(),
        source: String::new(),
        difficulty: 1,
        covers: vec![covers.to_owned()],
        corrects: vec![],
        tags: vec![],
        hints: vec![],
        twin: None,
        confusable: None,
        demo: None,
        show: None,
        path: String::new(),
        line: 1,
    }
}

fn short() -> Kind {
    Kind::Short { accept: vec![], near: vec![] }
}

fn card() -> Kind {
    Kind::Card { rubric: vec![], model: String::new() }
}

/// q0, q1, ... of chapter W1.
fn content(count: usize, change: impl Fn(usize, &mut Question)) -> Content {
    let mut questions: Vec<Question> =
        (0..count).map(|at| question(&format!("q{at}"), short(), &format!("W1-{:02}", at % 4))).collect();
    for (at, question) in questions.iter_mut().enumerate() {
        change(at, question);
    }
    let quiz = Quiz { pass_ppm: 800_000, length: 5, questions };
    Content { chapters: vec![Chapter { id: "W1".into(), quiz, ..Chapter::default() }], ..Content::default() }
}

/// Answered right once, so many days ago: due again two days later.
fn seen(ago: i32) -> Memory {
    let day = TODAY.saturating_sub(ago.days());
    review(None, &Outcome { verdict: Verdict::Right, confidence: None, hints: 0, day })
}

fn memories(of: &[(&str, i32)]) -> BTreeMap<String, Memory> {
    of.iter().map(|(id, ago)| ((*id).to_owned(), seen(*ago))).collect()
}

fn ids(items: &[Item]) -> Vec<&str> {
    items.iter().map(|it| it.question.as_str()).collect()
}

fn filter(count: usize) -> Filter {
    Filter { count, ..Filter::default() }
}

#[test]
fn what_is_due_comes_first_and_the_most_forgotten_at_the_front() {
    let memories = memories(&[("q0", 3), ("q1", 90), ("q2", 0), ("q3", 10)]);
    let content = content(4, |_, _| ());
    assert_eq!(ids(&plan(&content, &memories, TODAY, &filter(3), 1)), ["q1", "q3", "q0"]);
    assert_eq!(ids(&plan(&content, &memories, TODAY, &filter(9), 1)), ["q1", "q3", "q0", "q2"]);
}

#[test]
fn new_ones_have_their_share_of_a_backlog_and_stand_among_the_others() {
    let due: Vec<String> = (0..20).map(|at| format!("q{at}")).collect();
    let memories: BTreeMap<String, Memory> = due.iter().map(|id| (id.clone(), seen(30))).collect();
    let items = plan(&content(40, |_, _| ()), &memories, TODAY, &filter(10), 3);
    let new: Vec<usize> =
        items.iter().enumerate().filter(|(_, it)| !memories.contains_key(&it.question)).map(|(at, _)| at).collect();
    assert_eq!((items.len(), new.as_slice()), (10, [4, 9].as_slice()));
}

#[test]
fn a_twin_stays_out_whichever_of_the_two_names_the_other() {
    let content = content(2, |at, it| it.twin = (at == 0).then(|| "q1".to_owned()));
    for seed in 0..20 {
        assert_eq!(plan(&content, &BTreeMap::new(), TODAY, &filter(9), seed).len(), 1);
        assert_eq!(quiz(&content.chapters[0], &BTreeMap::new(), 9, seed).len(), 1);
    }
}

#[test]
fn those_easily_taken_for_each_other_follow_one_another() {
    let content = content(12, |at, it| it.confusable = (at % 5 == 0).then(|| "no-connection".to_owned()));
    for seed in 0..20 {
        let items = plan(&content, &BTreeMap::new(), TODAY, &filter(12), seed);
        let places: Vec<usize> = (0..12).filter(|at| ["q0", "q5", "q10"].contains(&ids(&items)[*at])).collect();
        assert_eq!(places[2] - places[0], 2, "{:?}", ids(&items));
    }
}

#[test]
fn a_new_mate_of_a_due_question_is_preferred() {
    let content = content(30, |at, it| it.confusable = (at == 3 || at == 29).then(|| "group".to_owned()));
    let items = plan(&content, &memories(&[("q3", 30)]), TODAY, &filter(2), 5);
    assert_eq!(ids(&items), ["q3", "q29"]);
}

#[test]
fn filters_by_tag_chapter_and_row_in_any_case() {
    let content = content(8, |at, it| it.tags = vec![if at < 4 { "tcp" } else { "udp" }.to_owned()]);
    let count = |filter: Filter| plan(&content, &BTreeMap::new(), TODAY, &filter, 1).len();
    let words = |word: &str| vec![word.to_owned()];
    assert_eq!(count(Filter { tags: words("TCP"), ..filter(99) }), 4);
    assert_eq!(count(Filter { covers: words("w1-00"), tags: words("udp"), ..filter(99) }), 1);
    assert_eq!(count(Filter { chapters: words("w1"), ..filter(99) }), 8);
    assert_eq!(count(Filter { chapters: words("W2"), ..filter(99) }), 0);
    assert_eq!(tags(&content).into_iter().collect::<Vec<_>>(), ["tcp", "udp"]);
}

#[test]
fn minutes_bound_a_drill_and_one_question_always_fits() {
    let content = content(50, |at, it| it.kind = if at % 2 == 0 { short() } else { card() });
    let spent = |minutes| {
        let items = plan(&content, &BTreeMap::new(), TODAY, &Filter { minutes: Some(minutes), ..filter(99) }, 4);
        let seconds = |it: &Item| content.question(&it.question).map_or(0, |it| seconds(&it.kind));
        (items.len(), items.iter().map(seconds).sum::<u32>())
    };
    assert_eq!(spent(0).0, 1);
    let (count, seconds) = spent(10);
    assert!(count > 2 && (570..=600).contains(&seconds), "{count} in {seconds} s");
}

#[test]
fn an_interview_makes_everything_due_in_its_last_days() {
    let content = content(4, |_, _| ());
    let mut memories = memories(&[("q0", 10)]);
    memories.entry("q0".to_owned()).and_modify(|it| it.natural_due = date(2027, 1, 1));
    let first = |until| {
        let items = plan(&content, &memories, TODAY, &Filter { until, ..filter(1) }, 1);
        items[0].question.clone()
    };
    assert_ne!(first(None), "q0");
    assert_ne!(first(Some(date(2026, 6, 9))), "q0");
    assert_eq!(first(Some(date(2026, 6, 8))), "q0");
}

#[test]
fn a_quiz_asks_every_row_before_any_twice_and_no_card() {
    let content = content(40, |at, it| {
        it.kind = match at % 3 {
            0 => card(),
            1 => short(),
            _ => Kind::Order(vec![]),
        };
    });
    for seed in 0..20 {
        let items = quiz(&content.chapters[0], &BTreeMap::new(), 8, seed);
        let asked: Vec<&Question> = items.iter().filter_map(|it| content.question(&it.question)).collect();
        let rows = |asked: &[&Question]| asked.iter().map(|it| it.covers[0].clone()).collect::<BTreeSet<_>>().len();
        assert_eq!((asked.len(), rows(&asked[..4]), rows(&asked[4..])), (8, 4, 4));
        let orders = asked.iter().filter(|it| matches!(it.kind, Kind::Order(_))).count();
        assert_eq!(orders, 4, "kinds alternate");
        assert!(asked.iter().all(|it| !matches!(it.kind, Kind::Card { .. })));
    }
    assert_eq!(quiz(&content.chapters[0], &BTreeMap::new(), 99, 1).len(), 26, "no more than there are");
}

#[test]
fn a_quiz_prefers_what_was_not_seen() {
    let content = content(8, |_, it| it.covers = vec!["W1-01".to_owned()]);
    let memories = memories(&[("q0", 1), ("q2", 1), ("q4", 1), ("q6", 1)]);
    let items = quiz(&content.chapters[0], &memories, 4, 9);
    assert!(items.iter().all(|it| !memories.contains_key(&it.question)), "{:?}", ids(&items));
}

proptest! {
    #[test]
    fn no_question_comes_twice_and_the_same_seed_chooses_the_same(
        seed: u64, count in 0..30_usize, seen_ago in prop::collection::vec(prop::option::of(0..60_i32), 25)
    ) {
        let content = content(25, |at, it| {
            it.twin = (at % 7 == 0).then(|| format!("q{}", at + 1));
            it.confusable = (at % 4 == 0).then(|| format!("g{}", at % 3));
        });
        let memories: BTreeMap<String, Memory> = seen_ago.iter().enumerate()
            .filter_map(|(at, ago)| ago.map(|ago| (format!("q{at}"), seen(ago)))).collect();
        let items = plan(&content, &memories, TODAY, &filter(count), seed);
        prop_assert_eq!(&items, &plan(&content, &memories, TODAY, &filter(count), seed));
        let distinct: BTreeSet<&str> = ids(&items).into_iter().collect();
        prop_assert_eq!(distinct.len(), items.len());
        prop_assert_eq!(items.len(), count.min(21));
    }
}

/// q0 to q3 of W1, r0 to r3 of W3.
fn two_chapters() -> Content {
    let mut both = content(4, |_, _| ());
    let mut later = content(4, |at, it| it.id = format!("r{at}")).chapters;
    later[0].id = "W3".to_owned();
    both.chapters.append(&mut later);
    both
}

#[test]
fn new_questions_are_of_chapters_begun_before_those_of_others() {
    let first = |begun: &[&str]| {
        let begun = begun.iter().map(|it| (*it).to_owned()).collect();
        let items = plan(&two_chapters(), &BTreeMap::new(), TODAY, &Filter { begun, ..filter(4) }, 1);
        ids(&items).iter().map(|id| id[..1].to_owned()).collect::<String>()
    };
    assert_eq!([first(&[]), first(&["W3"]), first(&["W1", "W3"])], ["qqqq", "rrrr", "qqqq"]);
}

#[test]
fn a_chapter_is_named_as_a_tag_is() {
    let filter = Filter { tags: vec!["w3".to_owned()], ..filter(9) };
    let items = plan(&two_chapters(), &BTreeMap::new(), TODAY, &filter, 1);
    assert_eq!(items.len(), 4);
    assert!(ids(&items).iter().all(|id| id.starts_with('r')));
}
