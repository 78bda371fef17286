//! The progress file from outside: what is stored stays, whoever else writes and however the program ends.
use std::path::Path;

use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use roundtrip::practice::{
    Answer, Answered, Confidence, Context, Grade, Item, Outcome, Place, Remark, Sitting, Verdict, replay,
};
use roundtrip::progress::{Position, Prediction, Round, Store, StoreError, Vote, set_aside};
use roundtrip::quantity::{Quantity, Unit};

fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-10-01T18:00:00Z".parse().expect("a timestamp");
    start.checked_add(second.seconds()).expect("within jiff's range")
}

fn answered(question: &str, number: i64, verdict: Verdict) -> Answered {
    let points_ppm = if verdict == Verdict::Right { 1_000_000 } else { 0 };
    let remarks = vec![Remark { about: "a".into(), right: false, why: "\u{1b}[2J \"quoted\"".into() }];
    Answered {
        question: question.to_owned(),
        seed: u64::MAX - number.unsigned_abs(),
        answer: Answer::Text("SYN\n\u{0} ACK".to_owned()),
        grade: Grade { points_ppm, verdict, right: "b".to_owned(), remarks },
        confidence: Some(Confidence::Sure),
        hints: 0,
        at: at(number * 86_400),
        day: date(2026, 10, 1).saturating_add(number.days()),
        context: Context::Drill,
        place: None,
    }
}

fn quiz() -> Sitting {
    let item = |number: u64| Item { question: format!("q{number}"), seed: number };
    Sitting { context: Context::Quiz, chapter: Some("W1".into()), items: (0..3).map(item).collect(), started: at(0) }
}

fn open(path: &Path) -> Store {
    Store::open(path).expect("a store")
}

#[test]
fn what_was_answered_is_there_when_it_is_opened_again() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("a/folder/of its own/progress.db");
    let memory = open(&path).answer(&answered("q1", 0, Verdict::Right)).expect("stored");
    let snapshot = open(&path).snapshot().expect("loaded");
    assert_eq!(snapshot.memories, [("q1".to_owned(), memory)].into());
    assert_eq!(snapshot.tallies.len(), 1);
}

#[test]
fn a_memory_is_what_all_answers_add_up_to_in_whatever_order_they_came() {
    let mut store = Store::open_in_memory().expect("a store");
    let verdicts = [Verdict::Right, Verdict::Wrong, Verdict::Partly, Verdict::Right];
    let answers: Vec<Answered> = (0..4).map(|it| answered("q1", it, verdicts[it as usize])).collect();
    for place in [2, 0, 3, 1, 1] {
        store.answer(&answers[place]).expect("stored");
    }
    let outcomes: Vec<Outcome> = answers.iter().map(Answered::outcome).collect();
    let snapshot = store.snapshot().expect("loaded");
    assert_eq!(snapshot.memories.get("q1").copied(), replay(&outcomes));
    assert_eq!(snapshot.memories["q1"].reps, 4, "the same answer twice is one answer");
}

#[test]
fn an_unfinished_quiz_is_gone_on_with_where_it_stood() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    let sitting = open(&path).begin(&quiz()).expect("begun");
    let place = Some(Place { sitting: sitting.clone(), item: 0 });
    let first = Answered { place, context: Context::Quiz, ..answered("q0", 0, Verdict::Right) };
    open(&path).answer(&first).expect("stored");
    let mut store = open(&path);
    let found = store.snapshot().expect("loaded").open;
    assert_eq!((found.len(), &found[0].id, &found[0].sitting), (1, &sitting, &quiz()));
    assert_eq!(found[0].answers, [first]);
    assert_eq!(found[0].sitting.next(&found[0].answers), Some(1));
    store.end(&sitting, at(60)).expect("ended");
    store.end(&sitting, at(90)).expect("ended already");
    let snapshot = store.snapshot().expect("loaded");
    assert!(snapshot.open.is_empty());
    let result = &snapshot.quizzes[0];
    assert_eq!((result.asked, result.points_ppm, result.ended), (3, 1_000_000, at(60)));
}

#[test]
fn an_answer_in_a_sitting_that_is_not_there_is_refused() {
    let mut store = Store::open_in_memory().expect("a store");
    let place = Some(Place { sitting: "none".into(), item: 0 });
    let error = store.answer(&Answered { place, ..answered("q", 0, Verdict::Right) }).expect_err("refused");
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    assert!(store.snapshot().expect("loaded").memories.is_empty(), "nothing of it is stored");
}

#[test]
fn a_lesson_keeps_its_furthest_step_and_that_it_is_done() {
    let mut store = Store::open_in_memory().expect("a store");
    let mut stand = |step, furthest, done, second| {
        store.stand("w01.layers", &Position { step, furthest, done, at: at(second) }).expect("stored");
    };
    stand(4, 4, None, 1);
    stand(7, 7, Some(at(2)), 2);
    stand(1, 1, None, 3);
    stand(5, 5, Some(at(0)), 0);
    let position = store.snapshot().expect("loaded").lessons["w01.layers"].clone();
    assert_eq!(position, Position { step: 1, furthest: 7, done: Some(at(0)), at: at(3) });
}

#[test]
fn votes_predictions_and_the_interview_are_kept() {
    let mut store = Store::open_in_memory().expect("a store");
    let vote = |round, second| Vote { question: "q".into(), round, hands: vec![3, 0, 11], at: at(second) };
    store.voted(&vote(Round::After, 9)).expect("stored");
    store.voted(&vote(Round::Before, 1)).expect("stored");
    let time = |value| Quantity::new(value, Unit::Nanoseconds);
    let prediction = Prediction { lesson: "w".into(), step: 2, guess: time(1), measured: time(2), at: at(0) };
    store.predicted(&prediction).expect("stored");
    store.set_interview(Some(date(2027, 1, 15)), at(5)).expect("stored");
    store.set_interview(None, at(4)).expect("an older word is not heard");
    let snapshot = store.snapshot().expect("loaded");
    assert_eq!(snapshot.votes, [vote(Round::Before, 1), vote(Round::After, 9)]);
    assert_eq!(snapshot.interview, Some(date(2027, 1, 15)));
    store.set_interview(None, at(6)).expect("stored");
    assert_eq!(store.snapshot().expect("loaded").interview, None);
}

#[test]
fn a_file_that_is_no_database_is_kept_and_can_be_set_aside() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    std::fs::write(&path, "this is my shopping list, and it is long enough to be looked at").expect("written");
    let error = Store::open(&path).expect_err("damaged");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("progress.db.damaged-1"), "{error}");
    let aside = set_aside(&path).expect("moved");
    assert!(std::fs::read_to_string(aside).expect("kept").starts_with("this is my"));
    open(&path).answer(&answered("q", 0, Verdict::Right)).expect("a new file");
    set_aside(&path).expect("moved, under another name");
    assert!(home.path().join("progress.db.damaged-2").exists());
}
