//! How long it takes to open a course: ours, and one with ten thousand questions; and to hold either to its rules.
use std::fmt::Write;

use divan::{Bencher, black_box};
use roundtrip::content::{self, Content, Source};
use roundtrip::tui::runs::DemoRuns;

/// Questions of the large course, and how many stand in a file.
const QUESTIONS: usize = 10_000;
const IN_A_FILE: usize = 200;

fn main() {
    divan::main();
}

#[divan::bench]
fn open_ours() -> usize {
    content::load(Source::Embedded).0.questions().count()
}

#[divan::bench(sample_count = 10)]
fn check_ours(bencher: Bencher<'_, '_>) {
    let (course, _) = content::load(Source::Embedded);
    bencher.bench(|| content::check(black_box(&course), &DemoRuns));
}

#[divan::bench(sample_count = 20)]
fn open_10_000_questions(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(texts).bench_values(|texts| opened(texts).questions().count());
}

#[divan::bench(sample_count = 10)]
fn check_10_000_questions(bencher: Bencher<'_, '_>) {
    let course = opened(texts());
    bencher.bench(|| content::check(black_box(&course), &DemoRuns));
}

fn opened(texts: Vec<(String, String)>) -> Content {
    let (course, problems) = content::load_texts(texts);
    assert!(problems.is_empty(), "{}", problems[0].render(false));
    assert_eq!(course.questions().count(), QUESTIONS);
    course
}

/// The chapters of ours, and quizzes of four kinds of question in turn.
fn texts() -> Vec<(String, String)> {
    let mut all = vec![("lessons/chapters.toml".to_owned(), include_str!("../lessons/chapters.toml").to_owned())];
    for first in (0..QUESTIONS).step_by(IN_A_FILE) {
        let mut text = "chapter = \"W1\"\n".to_owned();
        for n in first..first + IN_A_FILE {
            write!(text, "{}{}", head(n), kind(n)).expect("a string takes all");
        }
        all.push((format!("quizzes/many-{first:05}.toml"), text));
    }
    all
}

fn head(n: usize) -> String {
    format!(
        r#"
[[question]]
id = "w01.many.q{n:05}"
covers = ["W1-17"]
tags = ["layers", "many"]
difficulty = {}
source = "RFC 791 §1.1"
prompt = "Question {n}: a host sends a packet of {n} bytes over a link of 10 Mbit/s. What does it depend on?"
explanation = """
What each layer adds is counted in its own header, and each header says what follows it. Packet {n} is no exception,
so count from the outside."""
hints = ["Which layer writes first?", "Which one reads first?"]
"#,
        n % 5 + 1
    )
}

fn kind(n: usize) -> String {
    match n % 4 {
        0 => options("single", n),
        1 => format!("{}\n", options("multiple", n)),
        2 => format!(
            "\n[question.numeric]\nparameters = {{ rtt = [\"20ms\", \"{}ms\"] }}\nanswer = \"2 * rtt\"\nunit = \"ms\"\ntolerance = \"1%\"\n\
             near_misses = [{{ answer = \"rtt\", why = \"That is one round trip.\" }}]\n",
            n % 100 + 21
        ),
        _ => format!(
            "\n[question.short]\naccept = [\"answer {n}\"]\nnear = [{{ text = \"no {n}\", why = \"Not that one.\" }}]\n"
        ),
    }
}

fn options(kind: &str, n: usize) -> String {
    format!(
        r#"
[question.{kind}]
options = [
  {{ text = "On the headers of layer {n}", correct = true, why = "Each one adds bytes of its own." }},
  {{ text = "On the colour of cable {n}", correct = false, why = "Nobody reads that." }},
  {{ text = "On the day, of which there are {n}", correct = false, why = "Time is no header." }},
  {{ text = "On nothing at all, {n} times", correct = false, why = "Then nothing would arrive." }},
]
"#
    )
}
