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
    Sitting::new(Context::Quiz, Some("W1".into()), (0..3).map(item).collect(), at(0))
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
    store.end(&sitting, &[], at(60)).expect("ended");
    store.end(&sitting, &[], at(90)).expect("ended already");
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

#[test]
fn a_newer_file_and_a_foreign_one_are_left_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let (newer, foreign) = (home.path().join("newer.db"), home.path().join("foreign.db"));
    drop(open(&newer));
    rusqlite::Connection::open(&newer).and_then(|it| it.pragma_update(None, "user_version", 99)).expect("set");
    rusqlite::Connection::open(&foreign).and_then(|it| it.execute_batch("CREATE TABLE mine (x)")).expect("made");
    for (path, says) in [(newer, "newer Roundtrip (schema 99,"), (foreign, "another program")] {
        let before = std::fs::read(&path).expect("a file");
        let error = Store::open(&path).expect_err("refused").to_string();
        assert!(error.contains(says), "{error}");
        assert!(std::fs::read(&path).expect("a file") == before, "not a byte is changed");
    }
}

#[test]
fn a_file_cut_short_or_overwritten_in_the_middle_is_found_damaged() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    let mut store = open(&path);
    for it in 0..200 {
        store.answer(&answered(&format!("q{it}"), it, Verdict::Right)).expect("stored");
    }
    drop(store);
    let whole = std::fs::read(&path).expect("a file");
    let mut overwritten = whole.clone();
    let pages = 4096 * 3..whole.len() - 4096 * 3;
    overwritten[pages].fill(0x5a);
    for damaged in [&whole[..whole.len() / 2], &whole[..5_000], &overwritten] {
        std::fs::write(&path, damaged).expect("written");
        let error = Store::open(&path).expect_err("damaged");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(std::fs::read(&path).expect("a file") == damaged, "kept as it is");
    }
    std::fs::write(&path, &whole).expect("written");
    open(&path).verify().expect("sound");
    assert_eq!(open(&path).snapshot().expect("loaded").memories.len(), 200);
}

#[test]
fn damage_among_many_answers_is_found_when_it_is_looked_for() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    let mut store = open(&path);
    let long = |it| Answered { answer: Answer::Text("long ".repeat(20_000)), ..answered("q", it, Verdict::Right) };
    for it in 0..20 {
        store.answer(&long(it)).expect("stored");
    }
    drop(store);
    let mut bytes = std::fs::read(&path).expect("a file");
    assert!(bytes.len() > 1 << 20, "too large to be checked whole at every start");
    // The page's pointer to the next one of a long text.
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4].fill(0xff);
    std::fs::write(&path, &bytes).expect("written");
    let error = open(&path).verify().expect_err("damaged");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn a_place_where_no_file_can_be_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("file");
    std::fs::write(&file, "").expect("written");
    let error = Store::open(&file.join("progress.db")).expect_err("no folder");
    assert!(matches!(error, StoreError::Folder { .. }), "{error}");
    let error = Store::open(home.path()).expect_err("a folder, not a file");
    assert!(matches!(error, StoreError::CannotOpen { .. }), "{error}");
}

/// A store with something in every table.
fn full() -> Store {
    let mut store = Store::open_in_memory().expect("a store");
    let sitting = store.begin(&quiz()).expect("begun");
    let place = Some(Place { sitting: sitting.clone(), item: 1 });
    store.answer(&Answered { place, context: Context::Quiz, ..answered("q1", 7, Verdict::Wrong) }).expect("stored");
    store.end(&sitting, &[], at(9)).expect("ended");
    for it in 0..5 {
        store.answer(&answered("q1", it, Verdict::Right)).expect("stored");
    }
    store.stand("w01.layers", &Position { step: 2, furthest: 6, done: Some(at(3)), at: at(4) }).expect("stored");
    store.voted(&Vote { question: "q".into(), round: Round::Before, hands: vec![1, 2], at: at(1) }).expect("stored");
    let time = |value| Quantity::new(value, Unit::Nanoseconds);
    let prediction = Prediction { lesson: "w".into(), step: 2, guess: time(1), measured: time(2), at: at(0) };
    store.predicted(&prediction).expect("stored");
    store.set_interview(Some(date(2027, 1, 15)), at(5)).expect("stored");
    store
}

fn import(store: &mut Store, text: &str) -> Result<(usize, usize), String> {
    store.import(text.as_bytes()).map(|it| (it.answers, it.known)).map_err(|error| error.to_string())
}

#[test]
fn importing_an_export_gives_the_same_again_however_often() {
    let mut from = full();
    let exported = from.export().expect("exported");
    let mut to = Store::open_in_memory().expect("a store");
    assert_eq!(import(&mut to, &exported), Ok((6, 0)));
    assert_eq!(to.export().expect("exported"), exported);
    assert_eq!(to.snapshot().expect("loaded"), from.snapshot().expect("loaded"));
    assert_eq!(import(&mut to, &exported), Ok((0, 6)));
    assert_eq!(to.export().expect("exported"), exported);
}

#[test]
fn two_machines_that_import_from_each_other_end_in_the_same() {
    let (mut one, mut other) = (full(), full());
    one.answer(&answered("q7", 1, Verdict::Right)).expect("stored");
    other.answer(&answered("q1", 9, Verdict::Wrong)).expect("stored");
    other.set_interview(None, at(50)).expect("stored");
    other.stand("w01.layers", &Position { step: 1, furthest: 1, done: None, at: at(60) }).expect("stored");
    let (from_one, from_other) = (one.export().expect("exported"), other.export().expect("exported"));
    import(&mut one, &from_other).expect("imported");
    import(&mut other, &from_one).expect("imported");
    assert_eq!(one.export().expect("exported"), other.export().expect("exported"));
    let (one, other) = (one.snapshot().expect("loaded"), other.snapshot().expect("loaded"));
    assert_eq!(one.memories, other.memories);
    assert_eq!((one.memories["q1"].reps, one.interview), (13, None));
    assert_eq!((one.lessons["w01.layers"].step, one.lessons["w01.layers"].furthest), (1, 6));
}

#[test]
fn a_file_with_problems_changes_nothing_and_has_each_of_them_named() {
    let mut store = full();
    let before = store.export().expect("exported");
    let spoiled = before
        .replacen("\"points_ppm\": 1000000", "\"points_ppm\": 2000000", 2)
        .replacen("\"hints\": 0", "\"hints\": -1", 1)
        .replacen("\"item\": 1", "\"item\": 7", 1)
        .replacen("\"interview\"", "\"colour\"", 1)
        .replacen("\"votes\"", "\"voices\"", 1);
    insta::assert_snapshot!(import(&mut store, &spoiled).expect_err("refused"));
    let unnamed = before.replacen("\"q1\"", "\"q\\u001b1\"", 1);
    let error = import(&mut store, &unnamed).expect_err("refused");
    assert_eq!(error, "nothing was imported:\nsittings[0]: a name has 1 to 200 bytes and no control characters");
    for (text, says) in [
        ("", "no exported progress"),
        ("[]", "no object"),
        ("{}", "`format` is not"),
        ("{\"format\": \"roundtrip-progress\"}", "`version` is no version"),
        ("{\"format\": \"roundtrip-progress\", \"version\": 2}", "update Roundtrip"),
        (&"[".repeat(100_000), "recursion limit"),
        (&before[..before.len() / 2], "EOF"),
    ] {
        let error = import(&mut store, text).expect_err("refused");
        assert!(error.contains(says), "{error}");
    }
    let endless = store.import(std::io::repeat(b' ')).expect_err("refused").to_string();
    assert!(endless.contains("larger than 64 MiB"), "{endless}");
    assert_eq!(store.export().expect("exported"), before);
}

const WRITERS: i64 = 4;
const EACH: i64 = 25;

/// All answer the same question, so that a memory made from an old reading would lose some.
fn write_all(path: &Path, writer: i64) {
    let mut store = open(path);
    for number in 0..EACH {
        store.answer(&answered("q1", writer * EACH + number, Verdict::Right)).expect("stored");
    }
}

fn all_are_there(path: &Path) {
    let snapshot = open(path).snapshot().expect("loaded");
    assert_eq!(i64::from(snapshot.memories["q1"].reps), WRITERS * EACH);
    assert_eq!(snapshot.tallies.iter().map(|it| i64::from(it.answers)).sum::<i64>(), WRITERS * EACH);
}

#[test]
fn threads_that_open_and_write_at_once_lose_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = &path;
            scope.spawn(move || write_all(path, writer));
        }
    });
    all_are_there(&path);
}

/// The file a child of this test is to write to; not set in the test itself.
const CHILD: &str = "ROUNDTRIP_TEST_CHILD_WRITES_TO";

/// This test program once more, to run `test` with the file named.
fn child(test: &str, path: &Path, writer: i64) -> std::process::Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = std::process::Command::new(program);
    command.args([test, "--exact", "--nocapture"]).env(CHILD, path).env("WRITER", writer.to_string());
    command.stdout(std::process::Stdio::piped()).spawn().expect("a child")
}

#[test]
fn processes_that_open_and_write_at_once_lose_nothing() {
    if let Some(path) = std::env::var_os(CHILD) {
        let writer = std::env::var("WRITER").expect("set").parse().expect("a number");
        return write_all(Path::new(&path), writer);
    }
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    let this = "processes_that_open_and_write_at_once_lose_nothing";
    let children: Vec<_> = (0..WRITERS).map(|writer| child(this, &path, writer)).collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    all_are_there(&path);
}

#[test]
fn killed_in_the_middle_of_writing_everything_that_was_said_to_be_stored_is() {
    use std::io::{BufRead, BufReader, Write};
    if let Some(path) = std::env::var_os(CHILD) {
        let mut store = open(Path::new(&path));
        for number in 0..100_000 {
            store.answer(&answered(&format!("q{number}"), number % 1_000, Verdict::Right)).expect("stored");
            writeln!(std::io::stdout(), "stored {number}").expect("a reader");
        }
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    for round in 1..4 {
        let this = "killed_in_the_middle_of_writing_everything_that_was_said_to_be_stored_is";
        let mut child = child(this, &path, 0);
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let stored = lines.by_ref().filter(|line| line.starts_with("stored")).take(20 * round).count();
        child.kill().expect("killed");
        child.wait().expect("gone");
        drop(lines);
        let memories = open(&path).snapshot().expect("sound").memories;
        assert_eq!(stored, 20 * round);
        assert!(
            (0..stored).all(|number| memories.contains_key(&format!("q{number}"))),
            "{} of {stored}",
            memories.len()
        );
    }
}
