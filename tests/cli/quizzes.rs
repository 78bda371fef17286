//! `quiz --plain`: passed, failed, left, gone on with.
use roundtrip::content::{self, Content, Source};
use roundtrip::practice::Context;

use crate::answers::{lines, open, right, wrong};
use crate::tutor::Home;

const QUIZ: [&str; 3] = ["quiz", "W1", "--plain"];

fn ours() -> Content {
    content::load(Source::Embedded).0
}

/// A quiz that was begun and left at its first question.
fn begun(seed: &str) -> Home {
    let home = Home::new();
    home.tutor(&QUIZ)
        .arg("--seed")
        .arg(seed)
        .run()
        .code(0)
        .no_message()
        .says("Question 1 of 15")
        .says("Left unfinished");
    home
}

#[test]
fn a_quiz_answered_rightly_is_passed() {
    // Different draws meet different kinds of questions.
    for seed in ["1", "2", "3"] {
        let home = begun(seed);
        let ended = home.tutor(&QUIZ).stdin(lines(&home, Context::Quiz, &ours(), right)).run();
        ended.code(0).no_message().says("100 % of the points; the mark is 80 %: passed.").says_not("Not right.");
        assert_eq!(ended.stdout().matches("\nRight.\n").count(), 15);
        let quizzes = home.run(&["progress", "--json"]).json()["quizzes"].clone();
        assert_eq!(quizzes[0]["chapter"], "W1");
        assert_eq!((&quizzes[0]["asked"], &quizzes[0]["share_ppm"]), (&15.into(), &1_000_000.into()));
        assert!(open(&home, Context::Quiz).is_empty());
    }
}

#[test]
fn a_quiz_answered_wrongly_is_not_passed_and_every_answer_is_explained() {
    let home = begun("1");
    let ended = home.tutor(&QUIZ).stdin(lines(&home, Context::Quiz, &ours(), wrong)).run();
    ended.code(1).no_message().says("0 % of the points; the mark is 80 %: not passed.");
    let text = ended.stdout();
    let wrong = text.matches("\nNot right.").count() + text.matches("\nSkipped.").count();
    assert_eq!([wrong, text.matches("\nSource: ").count()], [15, 15]);
    home.run(&["progress"]).code(0).says("quiz of W1: 0 % of 15 questions");
}

#[test]
fn a_quiz_left_at_the_end_of_the_input_goes_on_with_its_next_question() {
    let home = begun("1");
    let all = lines(&home, Context::Quiz, &ours(), right);
    let first_four: String = all.split_inclusive('\n').take(4).collect();
    home.tutor(&QUIZ)
        .stdin(first_four)
        .run()
        .code(0)
        .says("Question 5 of 15")
        .says_not("Question 6 of")
        .says("Left unfinished");
    let rest = lines(&home, Context::Quiz, &ours(), right);
    assert_eq!(rest.lines().count() + 4, all.lines().count());
    let ended = home.tutor(&QUIZ).stdin(rest).run();
    ended
        .code(0)
        .says("Going on: 4 of 15 are answered.")
        .says("Question 5 of 15")
        .says_not("Question 4 of")
        .says("passed");
    // The next one is another: what was asked is known now.
    home.tutor(&QUIZ).run().code(0).says("Question 1 of 15");
    assert_eq!(open(&home, Context::Quiz).len(), 1);
}

#[test]
fn an_answer_that_cannot_be_read_is_asked_again_and_nothing_is_kept() {
    let home = begun("1");
    let ended = home.tutor(&QUIZ).stdin("\u{1b}[2J\n\n0\n99 99\nx y z\n").run();
    ended.code(0).says("Left unfinished");
    let answers = home.run(&["progress", "--export", "-"]).json()["answers"].clone();
    let kept = answers.as_array().expect("a list");
    // Only kinds that take any text could be answered with such lines.
    assert!(kept.iter().all(|it| it["of"]["answer"].get("text").is_some()), "{answers}");
}

#[test]
fn hints_and_sureness_come_before_the_answer_and_are_kept_with_it() {
    let home = begun("1");
    home.tutor(&QUIZ).stdin("hint\nhint\nhint\nhint\nsure\nskip\n").run().code(0).says("There is no further hint.");
    let answers = home.run(&["progress", "--export", "-"]).json()["answers"].clone();
    let kept = &answers[0]["of"];
    assert_eq!((&kept["answer"], &kept["confidence"]), (&"skipped".into(), &"sure".into()));
    assert!(kept["hints"].as_u64() <= Some(3), "{kept}");
}

const QUESTION: &str = "[[question]]\nid = \"w13.mine\"\nprompt = \"Which port?\"\nexplanation = \"It is 443.\"\nsource = \"RFC 9110 §4.2.2\"\n\
                        difficulty = 1\ncovers = [\"W13-01\"]\n[question.short]\naccept = [\"443\"]\n";

#[test]
fn a_question_that_is_gone_is_left_out_and_said_so() {
    let home = Home::new();
    let other = QUESTION.replace("mine", "other").replace("443", "853");
    home.file("course/quizzes/mine.toml", format!("chapter = \"W13\"\n\n{QUESTION}\n{other}"));
    let quiz = ["quiz", "w13", "--plain", "--content", "course"];
    home.run(&quiz).code(0).says("Question 1 of 2").says("Left unfinished");
    home.file("course/quizzes/mine.toml", format!("chapter = \"W13\"\n\n{other}"));
    let ended = home.tutor(&quiz).stdin("853\n").run();
    ended.code(0).says("Left out: w13.mine is no longer in the content.").says("100 % of the points").says("passed");
    assert!(open(&home, Context::Quiz).is_empty());
    let quizzes = home.run(&["progress", "--json"]).json()["quizzes"].clone();
    assert_eq!((&quizzes[0]["asked"], &quizzes[0]["share_ppm"]), (&1.into(), &1_000_000.into()), "the same is kept");
}

#[test]
fn q_stops_and_nothing_is_lost() {
    let home = begun("1");
    let ended = home.tutor(&QUIZ).stdin("q\nskip\n").run();
    ended
        .code(0)
        .no_message()
        .says("q stops here")
        .says("Left unfinished")
        .says_not("Skipped.")
        .says_not("Question 2 of");
    assert_eq!(open(&home, Context::Quiz).len(), 1);
}

/// A course of one question about a statement, and of one whose texts have marks.
const MARKED: &str = r#"
chapter = "W13"

[[question]]
id = "w13.statement"
tags = ["marked"]
difficulty = 1
source = "RFC 9293"
prompt = "TCP keeps *messages* apart."
explanation = "It carries `bytes`."
covers = ["W13-01"]

[question.true_false]
truth = false
why = "It *numbers* bytes."
corrections = [
  { text = "It carries a stream of bytes", correct = true, why = "As `read` shows." },
  { text = "It carries packets", why = "IP does." },
]
"#;

#[test]
fn a_statement_says_what_was_said_and_what_it_is_and_marks_are_not_shown() {
    let home = Home::new();
    home.file("course/quizzes/marked.toml", MARKED);
    let ended = home.tutor(&["quiz", "W13", "--plain", "--content", "course"]).stdin("T\n").run();
    ended.says("TCP keeps messages apart.").says("Not right. You said true; it is false.");
    ended.says("What holds: It carries a stream of bytes").says("It numbers bytes.").says("As read shows.");
    // A correction that was not offered is not spoken of, and before "false" is said none is.
    ended.says_not("It carries packets");
    let home = Home::new();
    home.file("course/quizzes/marked.toml", MARKED);
    let ended = home.tutor(&["quiz", "W13", "--plain", "--content", "course"]).stdin("f\n7\nskip\n").run();
    let text = ended.stdout();
    let (before, after) = text.split_once("What holds instead?").expect("it is asked");
    assert!(!before.contains("stream of bytes") && after.contains("It carries packets"), "{text}");
    ended.says("Write numbers from 1 to 2.").says("Partly right. It is false, as you said; you named no correction.");
}

/// A course of one order and of one question about a run with a marker.
const PLACED: &str = r#"
chapter = "W13"

[[question]]
id = "w13.order"
tags = ["placed"]
difficulty = 1
source = "RFC 9293"
prompt = "In which order?"
explanation = "So."
covers = ["W13-01"]
demo = { name = "tcp-handshake", knobs = { rtt = "35ms", timestamps = "off", sack = "off", scaling = "off" } }
show = "sequence @ack highlight=tcp.ack_raw"

[question.order]
items = [{ text = "SYN", why = "It asks." }, { text = "SYN-ACK", why = "It answers." }, { text = "ACK", why = "It ends it." }]
"#;

#[test]
fn an_order_stands_beside_the_right_one_and_the_run_is_told_where_the_answer_is() {
    let home = Home::new();
    home.file("course/quizzes/placed.toml", PLACED);
    let run =
        |input: &str| home.tutor(&["quiz", "W13", "--plain", "--content", "course", "--seed", "3"]).stdin(input).run();
    let asked = run("").stdout();
    let row = |text: &str| {
        let line = asked.lines().find(|line| line.ends_with(&format!(") {text}"))).expect("an item");
        line.trim().chars().next().expect("a digit")
    };
    let ended = run(&format!("{} {} {}\n", row("SYN-ACK"), row("SYN"), row("ACK")));
    ended.says("1. SYN-ACK · right: SYN (you did not have it): It asks.").says("3. ACK (you had it): It ends it.");
    ended.says("Of 3 pairs of these, 2 are in the right order.");
    let text = ended.stdout();
    let command = text.lines().find(|line| line.starts_with("A run of it: roundtrip demo")).expect("the run's command");
    assert!(command.len() > 78 && command.ends_with(" --text"), "whole, so that it can be pasted: {command}");
    ended.says("A run of it: roundtrip demo tcp-handshake").says("the client's ACK leaves").says("tcp.ack_raw");
}

/// A course of one question that is answered with values.
const VALUES: &str = r#"
chapter = "W1"

[[question]]
id = "w01.values"
tags = ["own-values"]
difficulty = 2
source = "the packets of this run"
prompt = "The first byte shall be there within {budget}. Which round trip?"
explanation = "{rtt} made {first_byte}."

[question.design]
demo = "encapsulation"
parameters = { budget = ["100ms"] }
choose = [{ knob = "rtt", says = "the round trip", answer = "budget / 4" }]
criteria = [{ says = "within {budget}", measure = "first_byte", most = "budget", why = "It took {first_byte}." }]
tempting = [{ values = { rtt = "budget" }, why = "A handshake comes first." }]
"#;

#[test]
fn chosen_values_are_run_and_judged_and_a_skipped_question_is_not_called_wrong() {
    let drill = |input: &str| {
        let home = Home::new();
        home.file("course/quizzes/values.toml", VALUES);
        home.tutor(&["drill", "--plain", "--tags", "own-values", "--content", "course"]).stdin(input).run()
    };
    let right = drill("20\n20ms\n");
    right.code(0).says("a) rtt: the round trip; ").says("A run with your values must meet:").says("- within 100 ms");
    right.says("`20` is not a time without its unit").says("Right.").says("at most 100 ms (met)");
    let wrong = drill("100ms\n");
    wrong
        .code(0)
        .says("Not right.")
        .says("(missed): It took ")
        .says("A handshake comes first.")
        .says("One that works: rtt 25 ms");
    drill("skip\n").code(0).says("Skipped.").says_not("Not right.");
}
