//! Lessons: text, a guess before and after, every view beside a step.
use crossterm::event::KeyCode;

use crate::learner::Learner;

#[test]
fn a_step_of_text() {
    Learner::new().lesson("w01.why-layers", 2).shows("lesson_text");
}

#[test]
fn a_table_of_text() {
    Learner::new().lesson("w01.why-layers", 3).shows("lesson_text_table");
}

#[test]
fn a_guess_open_wrong_right_unreadable_and_skipped() {
    let at_guess = || {
        let mut learner = Learner::new();
        learner.lesson("w01.one-request-peeled", 3);
        learner
    };
    at_guess().shows("predict_open");
    at_guess().keys("95%").enter().shows("predict_wrong");
    at_guess().keys("half of it").enter().shows("predict_unreadable");
    at_guess().key(KeyCode::Tab).shows("predict_skipped");
    at_guess().enter().shows("predict_empty");
    let skipped = at_guess().keys("skip").enter().text();
    assert!(skipped.contains("Measured: ") && !skipped.contains("You said"), "{skipped}");
}

#[test]
fn a_step_beside_each_view() {
    Learner::new().lesson("w01.why-layers", 1).shows("step_topology");
    Learner::new().lesson("w01.tcp-byte-stream", 7).shows("step_sequence");
    Learner::new().lesson("w01.one-request-peeled", 4).shows("step_packets");
    Learner::new().lesson("w01.tcp-byte-stream", 8).shows("step_chart");
    Learner::new().lesson("w01.one-request-peeled", 8).shows("step_table");
    Learner::new().lesson("w01.one-request-peeled", 8).keys("3").shows("step_waterfall");
}

#[test]
fn the_demo_has_the_keys() {
    let mut learner = Learner::new();
    learner.lesson("w01.one-request-peeled", 4).key(KeyCode::Tab).shows("step_packets_focus");
    learner.key(KeyCode::Tab).shows("step_packets_fields");
    Learner::new().lesson("w01.tcp-byte-stream", 7).key(KeyCode::Tab).shows("step_sequence_focus");
}

#[test]
fn one_pane_has_the_whole_screen() {
    let mut learner = Learner::new();
    learner.lesson("w01.tcp-byte-stream", 7).keys("z").shows("step_zoomed");
    learner.keys("z");
    assert!(learner.text().contains("rtt 40 ms"), "the stage is whole again");
}

#[test]
fn knobs_and_two_runs_compared() {
    let mut learner = Learner::new();
    learner.lesson("w01.tcp-byte-stream", 7).keys("k").shows("step_knobs");
    learner.key(KeyCode::Right).enter().keys("c").shows("step_compared");
}

#[test]
fn the_last_step_and_its_links() {
    let mut learner = Learner::new();
    learner.lesson("w01.why-layers", 12).shows("lesson_last_step");
    learner.lesson("w01.one-request-peeled", 2).keys("l").shows("lesson_links");
}
