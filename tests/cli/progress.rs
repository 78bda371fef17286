//! `progress`: shown, carried to another home, set aside.
use std::fs;

use crate::tutor::{Home, words};

/// A home with a lesson read and some questions answered.
fn used() -> Home {
    let home = Home::new();
    home.tutor(&words("learn w01.why-layers --plain")).stdin("\n".repeat(40)).run().code(0);
    home.tutor(&words("drill --plain --count 3 --until 2099-01-15")).stdin("skip\nskip\nskip\n").run().code(0);
    home.tutor(&words("quiz W1 --plain")).stdin("skip\n").run().code(0);
    home
}

#[test]
fn at_the_start_there_is_a_table_of_nothing_done() {
    let home = Home::new();
    home.run(&["progress"]).code(0).no_message().says("chapter  lessons done").says("W1 ");
    let json = home.run(&["progress", "--json"]).code(0).no_message().json();
    assert_eq!(crate::listed::keys(&json), ["interview", "chapters", "quizzes"].into());
    let fields = ["chapter", "lessons", "lessons_done", "questions", "seen", "known", "due"];
    for chapter in json["chapters"].as_array().expect("a list") {
        assert_eq!(crate::listed::keys(chapter), fields.into());
        assert_eq!((&chapter["seen"], &chapter["lessons_done"]), (&0.into(), &0.into()));
    }
    assert!(json["interview"].is_null());
}

#[test]
fn what_was_done_goes_to_another_home_and_is_the_same_there() {
    let (here, there) = (used(), Home::new());
    let file = here.path().join("mine.json");
    here.tutor(&["progress", "--export"]).arg(&file).run().code(0).no_result().warns("mine.json holds everything");
    assert_eq!(here.run(&["progress", "--export", "-"]).stdout(), fs::read_to_string(&file).expect("written"));
    there.tutor(&["progress", "--import"]).arg(&file).run().code(0).no_result().warns("new: 4; that were known: 0");
    for arguments in [&["progress"][..], &["progress", "--json"], &["progress", "--export", "-"]] {
        assert_eq!(here.run(arguments).stdout(), there.run(arguments).stdout(), "{arguments:?}");
    }
    let again = there.tutor(&["progress", "--import", "-"]).stdin_bytes(&fs::read(&file).expect("read")).run();
    again.code(0).warns("new: 0; that were known: 4");
    // The quiz that was left goes on there.
    there.run(&words("quiz W1 --plain")).code(0).says("Going on: 1 of 15 are answered.");
}

#[test]
fn rubbish_is_not_imported_and_changes_nothing() {
    let home = used();
    let before = home.run(&["progress", "--export", "-"]).stdout();
    let rubbish = [
        ("empty.json", String::new(), "this is no exported progress"),
        ("text.json", "\u{1b}[2J not JSON".to_owned(), "this is no exported progress"),
        ("list.json", "[]".to_owned(), "it is JSON, but no object"),
        ("other.json", "{\"format\": \"other\"}".to_owned(), "`format` is not"),
        (
            "newer.json",
            before.replace("\"version\": 1", "\"version\": 99"),
            "exported by a newer Roundtrip (version 99",
        ),
        ("half.json", before[..before.len() / 2].to_owned(), "this is no exported progress"),
        ("wrong.json", before.replace("\"skipped\"", "\"\\u001b[2J\""), "nothing was imported:\nanswers[0]"),
    ];
    for (name, text, reason) in rubbish {
        home.file(name, text);
        home.run(&["progress", "--import", name]).code(3).no_result().warns(name).warns(reason);
    }
    home.run(&["progress", "--import", "missing.json"]).code(3).warns("missing.json cannot be read");
    assert_eq!(home.run(&["progress", "--export", "-"]).stdout(), before);
}

#[test]
fn one_thing_at_a_time() {
    Home::new().run(&words("progress --json --export x")).code(2).no_result().warns("cannot be used with");
}

#[test]
fn a_damaged_file_is_said_with_what_to_do_set_aside_and_begun_anew() {
    let home = used();
    let file = home.progress_file();
    let mut bytes = fs::read(&file).expect("the file");
    let middle = bytes.len() / 2;
    bytes[..middle].fill(0xaa);
    fs::write(&file, &bytes).expect("damaged");
    let advice = "is damaged";
    home.run(&["progress"]).code(3).no_result().warns(advice).warns("roundtrip progress --set-aside");
    // A lesson can be read all the same, and the file is left alone.
    home.run(&words("learn w01.why-layers --plain")).code(0).says("1 of 12").warns("nothing is kept").warns(advice);
    assert_eq!(fs::read(&file).expect("the file"), bytes);
    let aside = home.run(&words("progress --set-aside"));
    aside.code(0).no_result().warns("progress.sqlite3.damaged-1; the next start begins a new one");
    assert_eq!(fs::read(file.with_file_name("progress.sqlite3.damaged-1")).expect("kept"), bytes);
    home.run(&["progress", "--json"]).code(0).no_message();
}

#[test]
fn a_sound_file_is_never_set_aside() {
    let home = used();
    let before = home.run(&["progress", "--export", "-"]).stdout();
    home.run(&words("progress --set-aside")).code(1).no_result().warns("is sound, and stays where it is");
    assert_eq!(home.run(&["progress", "--export", "-"]).stdout(), before);
    Home::new().run(&words("progress --set-aside")).code(1).no_result().warns("nothing to set aside");
}

#[test]
fn damage_far_inside_a_file_is_found_too() {
    let home = used();
    let file = home.progress_file();
    {
        let connection = rusqlite::Connection::open(&file).expect("a database");
        // An index that lost its entries: every page is well formed, together they contradict each other.
        let sql = "PRAGMA writable_schema = ON;
                   CREATE TABLE spare (a); CREATE INDEX spare_a ON spare (a); INSERT INTO spare VALUES (1), (2);
                   UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'settings')
                   WHERE name = 'spare_a';";
        connection.execute_batch(sql).expect("damaged");
    }
    home.run(&words("progress --set-aside")).code(0).warns("the damaged file (").warns("damaged-1");
}

#[test]
fn a_newer_file_is_left_to_the_newer_program() {
    let home = used();
    let file = home.progress_file();
    rusqlite::Connection::open(&file).and_then(|it| it.pragma_update(None, "user_version", 99)).expect("newer");
    let bytes = fs::read(&file).expect("the file");
    home.run(&["progress"]).code(3).no_result().warns("newer Roundtrip (schema 99").warns("update Roundtrip");
    home.run(&words("quiz W1 --plain")).code(0).says("Question 1 of 15").warns("nothing is kept");
    home.run(&words("progress --set-aside")).code(3).warns("update Roundtrip");
    assert_eq!(fs::read(&file).expect("the file"), bytes);
}
