//! `drill --plain`: by tags, in number, before a date; left and gone on with.
use roundtrip::content::{self, Source};
use roundtrip::practice::Context;

use crate::answers::{lines, open, right};
use crate::tutor::{Home, words};

#[test]
fn a_drill_has_as_many_questions_as_asked_for_and_only_with_the_tag() {
    let home = Home::new();
    let content = content::load(Source::Embedded).0;
    home.run(&words("drill --plain --tags tcp --count 4")).code(0).no_message().says("Question 1 of 4");
    let sitting = open(&home, Context::Drill).remove(0).sitting;
    for item in &sitting.items {
        let question = content.question(&item.question).expect("a question");
        assert!(question.tags.iter().any(|tag| tag == "tcp"), "{question:?}");
    }
    let ended = home.tutor(&words("drill --plain")).stdin(lines(&home, Context::Drill, &content, right)).run();
    ended.code(0).no_message().says("4 of 4 right.").says_not("come back soon");
    assert!(open(&home, Context::Drill).is_empty());
}

#[test]
fn a_drill_that_was_left_goes_on_and_does_not_pile_up() {
    let home = Home::new();
    let drill = words("drill --plain");
    home.tutor(&drill).stdin("skip\n").run().code(0).says("Question 2 of 12");
    for _ in 0..3 {
        home.run(&drill).code(0).says("Going on: 1 of 12 are answered.").says("Question 2 of 12");
    }
    assert_eq!(open(&home, Context::Drill).len(), 1);
    let other = home.run(&words("drill --plain --count 3"));
    other.code(0).says("The drill you had left is over, with 1 of 12 answered.").says("Question 1 of 3");
    let open = open(&home, Context::Drill);
    assert_eq!((open.len(), open[0].sitting.items.len()), (1, 3));
    let answers = home.run(&["progress", "--export", "-"]).json()["answers"].clone();
    assert_eq!(answers.as_array().map(Vec::len), Some(1), "what was answered is kept");
}

#[test]
fn the_day_of_the_interview_is_kept_and_what_is_missed_comes_back() {
    let home = Home::new();
    let ended = home.tutor(&words("drill --plain --until 2099-01-15 --count 2")).stdin("skip\nskip\n").run();
    ended.code(0).says("0 of 2 right. The others come back soon.");
    let progress = home.run(&["progress", "--json"]).json();
    assert_eq!(progress["interview"], "2099-01-15");
    assert_eq!(progress["chapters"][0]["seen"], 2);
    home.run(&["progress"]).code(0).says("interview on 2099-01-15");
}

#[test]
fn minutes_bound_a_drill() {
    let home = Home::new();
    home.run(&words("drill --plain --minutes 2 --count 100")).code(0).says("Question 1 of ");
    let items = open(&home, Context::Drill)[0].sitting.items.len();
    assert!((1..=4).contains(&items), "{items}");
    // They still do when it was left.
    assert_eq!(open(&home, Context::Drill)[0].sitting.wish.minutes, Some(2));
}

#[test]
fn an_interview_in_the_past_is_refused() {
    let home = Home::new();
    home.run(&words("drill --plain --until 2020-01-15")).code(2).no_result().warns("2020-01-15 is over: today is ");
}

#[test]
fn a_card_shows_its_model_answer_and_takes_the_points_that_were_met() {
    let home = Home::new();
    let card = "chapter = \"W13\"\n[[question]]\nid = \"w13.card\"\nprompt = \"Why?\"\nexplanation = \"So.\"\nsource = \"RFC 1\"\n\
                difficulty = 2\ncovers = [\"W13-01\"]\ntags = [\"mine\"]\n[question.card]\nrubric = [\"one\", \"two\"]\nmodel = \"Because.\"\n";
    home.file("course/quizzes/card.toml", card);
    let drill = words("drill --plain --tags mine --content course");
    // The input ends while the rubric is asked: nothing is kept.
    home.tutor(&drill).stdin("my words\n").run().code(0).says("Because.").says("  2) two").says("Left unfinished");
    let ended = home.tutor(&words("drill --plain --content course")).stdin("my words\n3\n2\n").run();
    ended
        .code(0)
        .says("Write numbers from 1 to 2.")
        .says("Partly right.")
        .says("one (not said)")
        .says("two (said)")
        .says("0 of 1 right.");
}
