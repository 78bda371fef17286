//! `exercises`, and Lab 1A on a capture of the learner's own.
use roundtrip::content::{self, Source};
use roundtrip::practice::Context;

use crate::answers::{lines, right};
use crate::tutor::{Home, words};

#[test]
fn exercises_are_a_drill_of_their_own_and_what_is_right_is_kept() {
    let home = Home::new();
    let content = content::load(Source::Embedded).0;
    home.run(&words("exercises --plain --count 7")).code(0).no_message().says("Question 1 of 7");
    let ended = home.tutor(&words("drill --plain")).stdin(lines(&home, Context::Drill, &content, right)).run();
    ended.code(0).no_message().says("7 of 7 right.").says("The run: roundtrip demo packet-tour ");
    let answers = home.run(&["progress", "--export", "-"]).json()["answers"].clone();
    let of_exercises =
        |it: &serde_json::Value| it["of"]["question"].as_str().is_some_and(|id| id.starts_with("w01.exercise."));
    assert_eq!(answers.as_array().map(|all| all.iter().filter(|it| of_exercises(it)).count()), Some(7));
}

#[test]
fn lab_1a_asks_of_a_file_and_says_what_it_lacks() {
    let home = Home::new();
    home.run(&words("demo packet-tour --seed 4 --pcap t.pcapng --tap client")).code(0);
    let told = home.run(&words("lab 1a t.pcapng --answers"));
    told.code(0)
        .no_message()
        .says("port 3306")
        .says("name maps.example")
        .says("MSS 1460")
        .says("This capture has no TLS");
    let asked = home.tutor(&words("lab 1A t.pcapng")).stdin("sure 1\n".to_owned() + &"skip\n".repeat(7)).run();
    asked.code(0).says("Question 8 of 8").says("Left out: ").says("This capture has no TLS").says("0 of 7 right.");
    let answers = home.run(&["progress", "--export", "-"]).json()["answers"].clone();
    assert_eq!(answers.as_array().map(Vec::len), Some(0), "answers on a file cannot come back");
}
