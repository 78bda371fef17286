//! Present: a lesson for a room.
use crossterm::event::KeyCode;
use roundtrip::tui::action::Place;

use crate::learner::Learner;

fn presenting() -> Learner {
    let mut learner = Learner::new();
    learner.go(Place::Present { lesson: "w01.one-request-peeled".to_owned() });
    learner
}

/// Goes on until the screen says this.
fn until(learner: &mut Learner, text: &str) {
    for _ in 0..100 {
        if learner.text().contains(text) {
            return;
        }
        learner.keys(" ");
    }
    panic!("no slide says {text}:\n{}", learner.text());
}

#[test]
fn a_step_block_by_block() {
    let mut learner = presenting();
    learner.shows("present_step");
    learner.keys(" ").shows("present_step_more");
}

#[test]
fn a_poll_before_and_after_the_room_talked_and_its_answer() {
    let mut learner = presenting();
    until(&mut learner, "What do you expect?");
    learner.shows("poll_open");
    learner.keys("h4 x").enter().shows("poll_refused");
    learner.times(3, KeyCode::Backspace);
    learner.keys("4 11 3").enter().shows("poll_before");
    learner.keys("h1 2 15").enter().shows("poll_after");
    learner.keys(" ").shows("poll_revealed");
}

#[test]
fn a_question_to_the_room_after_the_last_step() {
    let mut learner = presenting();
    until(&mut learner, "A question to the room");
    learner.shows("present_question");
    learner.keys(" ").shows("present_question_revealed");
}
