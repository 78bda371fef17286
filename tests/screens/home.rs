//! Home: the first time, and in the middle of the course.
use crossterm::event::KeyCode;
use jiff::ToSpan;
use jiff::civil::date;
use roundtrip::content::Content;
use roundtrip::tui::action::{Event, Outcome};
use roundtrip::tui::learner::Keep;

use crate::answers::answer;
use crate::learner::Learner;

/// Someone who has done a lesson, is in the middle of another, answered some questions ten days ago and left a quiz.
pub(crate) fn midway() -> Learner {
    let mut learner = Learner::new();
    let today = learner.now.clone();
    learner.now = today.checked_sub(10.days()).expect("a day in February");
    let stand = |lesson: &str, step, done| Keep::Position { lesson: lesson.to_owned(), step, done };
    learner.keep(stand("w01.why-layers", 11, true));
    let drilled = ["w01.tcp.guarantees", "w01.layers.units", "w01.debug.time-exceeded", "w01.addresses.ttl-left"];
    learner.drill(&drilled);
    for (index, id) in drilled.iter().enumerate() {
        // Sure: by the key for options, and by the one for text.
        if index == 0 {
            learner.keys("c")
        } else {
            learner.control('s')
        };
        answer(&mut learner, id, index % 2 == 0);
        learner.enter();
    }
    learner.enter();
    learner.now = today;
    learner.keep(stand("w01.one-request-peeled", 3, false));
    learner.quiz(&["w01.layers.header-order", "w01.udp.dns-truncated", "w01.layers.frame-bytes"]);
    answer(&mut learner, "w01.layers.header-order", true);
    learner.key(KeyCode::Esc);
    assert_eq!(learner.app.screens.len(), 1, "home is on show again:\n{}", learner.text());
    learner
}

#[test]
fn the_first_time() {
    Learner::new().shows("home_fresh");
}

#[test]
fn before_the_content_is_read() {
    let mut learner = Learner::new();
    learner.app.world.loaded = false;
    learner.app.world.content = Content::default().into();
    learner.shows("home_loading");
}

#[test]
fn midway_through_the_course() {
    let mut learner = midway();
    learner.shows("home_midway");
    learner.keep(Keep::Interview(Some(date(2026, 3, 20)))).shows("home_interview");
}

#[test]
fn each_kind_of_row_chosen() {
    let mut learner = midway();
    learner.key(KeyCode::Down).shows("home_review");
    learner.key(KeyCode::Down).shows("home_unfinished");
    learner.key(KeyCode::Down).shows("home_chapter");
    learner.key(KeyCode::Down).shows("home_lesson");
    learner.key(KeyCode::End).shows("home_last");
}

#[test]
fn a_drill_that_was_left_is_offered_once() {
    let mut learner = Learner::new();
    for [first, second] in
        [["w01.debug.time-exceeded", "w01.tcp.guarantees"], ["w01.layers.header-order", "w01.layers.units"]]
    {
        learner.drill(&[first, second]);
        answer(&mut learner, first, true);
        learner.key(KeyCode::Esc);
    }
    let text = learner.text();
    assert_eq!((text.matches("the drill you left").count(), text.matches("Review").count()), (1, 0), "{text}");
    learner.key(KeyCode::Down).enter();
    assert!(learner.text().contains("question 2 of 2"), "{}", learner.text());
    learner.control('k').keys("s").enter().enter();
    assert!(learner.text().contains("the drill you left"), "the other one comes now: {}", learner.text());
}

#[test]
fn a_drill_or_quiz_that_was_only_looked_at_is_not_one_that_was_left() {
    let mut learner = Learner::new();
    learner.keys("d");
    assert!(learner.text().contains("question 1 of"), "{}", learner.text());
    learner.key(KeyCode::Esc).quiz(&["w01.layers.header-order"]).key(KeyCode::Esc);
    let text = learner.text();
    assert!(!text.contains("Finish") && text.contains("Review"), "{text}");
    learner.keys("d");
    assert_eq!(learner.app.world.learner.open.len(), 2, "the same drill goes on: no other was begun");
}

#[test]
fn a_message_stands_above_the_footer() {
    let mut learner = Learner::new();
    let told = "The content has 3 problems; `roundtrip check` names what to mend.";
    learner.event(Event::Done(Outcome::Failed(told.to_owned()))).shows("home_message");
}
