//! Without a home, without the right to write, without a reader: one clear message, nothing lost.
use std::fs::{self, Permissions};
use std::path::PathBuf;

use crate::tutor::{Home, Tutor, words};

#[test]
fn without_a_home_everything_works_that_needs_none() {
    let home = Home::new();
    let homeless = |line: &str| -> Tutor { home.tutor(&words(line)).env("HOME", "") };
    homeless("demo tcp-echo").run().code(0).no_message();
    homeless("learn w01.why-layers --plain")
        .run()
        .code(0)
        .says("1 of 12")
        .warns("set HOME, or name a folder with --data DIR");
    homeless("progress").run().code(3).no_result().warns("there is no home folder to keep progress in: set HOME");
    homeless("progress --data kept").run().code(0).no_message();
    assert!(home.path().join("kept/progress.sqlite3").exists());
    let folders = homeless("progress").env("XDG_DATA_HOME", home.path().join("data"));
    folders.run().code(0).no_message();
    assert!(home.path().join("data/roundtrip/progress.sqlite3").exists());
    home.tutor(&["progress"]).without_env("HOME").run().code(3).no_result().warns("set HOME");
}

#[test]
fn data_on_a_file_is_said_and_the_file_is_left_alone() {
    let home = Home::new();
    home.file("taken", "a file where a folder should be");
    home.run(&words("progress --data taken")).code(3).no_result().warns("cannot make the folder taken");
    home.run(&words("quiz W1 --plain --data taken")).code(0).says("Question 1").warns("nothing is kept: cannot make");
    assert_eq!(fs::read_to_string(home.path().join("taken")).expect("there"), "a file where a folder should be");
}

/// A home in which nothing can be made, by whomever.
fn read_only(home: &Home) -> PathBuf {
    let folder = home.path().join("closed");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o555)).expect("closed");
    // Root may write everywhere but where the system itself refuses.
    if fs::create_dir(folder.join("probe")).is_err() { folder } else { PathBuf::from("/proc") }
}

#[test]
fn in_a_home_that_cannot_be_written_nothing_is_kept_and_that_is_said() {
    let home = Home::new();
    let closed = read_only(&home);
    let tutor = |line: &str| home.tutor(&words(line)).env("HOME", &closed);
    tutor("progress").run().code(3).no_result().warns("cannot make the folder").warns("--data DIR");
    let quiz = tutor("drill --plain --count 1").stdin("skip\n").run();
    quiz.code(0).says("0 of 1 right.").warns("nothing is kept: cannot make the folder");
    let open: Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(home.path().join("closed"), open).expect("open again");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = Home::new();
    for line in ["demo tcp-vs-udp --json --messages 100", "man", "completions zsh", "demos", "demos --json", "--help"] {
        let ended = home.tutor(&words(line)).run_for_a_line();
        ended.code(0).no_message();
    }
    let lesson = home.tutor(&words("learn w01.why-layers --plain")).stdin("\n".repeat(60)).run_for_a_line();
    lesson.code(0).no_message();
    let quiz = home.tutor(&words("quiz W1 --plain")).stdin("skip\n".repeat(60)).run_for_a_line();
    quiz.code(0).no_message();
}

#[test]
fn a_full_disk_under_standard_output_is_said() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else { return };
    let home = Home::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_roundtrip"));
    let command = command.args(["demo", "tcp-echo"]).env_clear().env("HOME", home.path()).stdout(full);
    let output = command.output().expect("the program runs");
    assert_eq!(output.status.code(), Some(3));
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(message.starts_with("roundtrip: standard output failed: "), "{message}");
}

#[test]
fn without_a_terminal_the_screen_is_refused_and_says_what_else_there_is() {
    let home = Home::new();
    for line in ["", "learn", "quiz W1", "drill", "present w01.why-layers"] {
        home.run(&words(line)).code(3).no_result().warns("the screen needs a terminal").warns("--plain");
    }
}

#[test]
fn input_that_is_no_text_is_no_answer_and_is_asked_again() {
    let home = Home::new();
    let options: String = (1..=5)
        .map(|it| format!("[[question.single.options]]\ntext = \"{it}\"\nwhy = \"So.\"\ncorrect = {}\n", it == 1))
        .collect();
    let question = format!(
        "chapter = \"W13\"\n[[question]]\nid = \"w13.one\"\nprompt = \"Which?\"\nexplanation = \"So.\"\nsource = \"RFC 1\"\n\
         difficulty = 2\ncovers = [\"W13-01\"]\n[question.single]\n{options}"
    );
    home.file("course/quizzes/one.toml", &question);
    let ended = home.tutor(&words("quiz W13 --plain --content course")).stdin_bytes(b"\xff\xfe\n").run();
    ended.code(0).says("Write numbers from 1 to 5.").says_not("Not right").says("Left unfinished");
}

#[test]
fn names_in_messages_do_not_drive_the_terminal() {
    let home = Home::new();
    home.tutor(&["open"]).arg(crate::tutor::os("\u{1b}[2J.json")).run().code(3).warns("\\x1b[2J.json");
    home.tutor(&["check"]).arg(crate::tutor::os("\u{1b}[2J")).run().code(3).warns("\\x1b[2J is no folder");
}
