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
    assert!(skipped.contains("Measured ") && !skipped.contains("You said"), "{skipped}");
}

#[test]
fn nothing_of_the_predicted_run_is_shown_before_the_guess_where_only_later_steps_name_it() {
    for lesson in ["w03.push-and-hints", "w03.head-of-line"] {
        let mut learner = Learner::new();
        let first = learner.lesson(lesson, 1).text();
        assert!(first.contains("Your guess first."), "{first}");
    }
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
fn a_lesson_that_is_done_says_so_and_begins_nothing() {
    let mut learner = Learner::new();
    learner.lesson("w01.why-layers", 12).enter().shows("lesson_done");
    let text = learner.text();
    assert!(text.contains("✔ Layers are questions") && text.contains("Next: One request, peeled"), "{text}");
    let known = |learner: &Learner| learner.app.world.learner.lessons.keys().cloned().collect::<Vec<_>>();
    assert_eq!(known(&learner), ["w01.why-layers"], "the next one is not begun");
    learner.keys("b");
    assert!(learner.text().contains("step 12 of"), "{}", learner.text());
    learner.enter().key(KeyCode::Esc);
    assert!(learner.text().contains("✔ Layers are questions") && learner.text().contains("Your course"));
    assert_eq!(known(&learner), ["w01.why-layers"]);
    learner.lesson("w01.why-layers", 12).enter().enter();
    assert!(learner.text().contains("One request, peeled") && learner.text().contains("step 1 of"));
    assert_eq!(known(&learner).len(), 2);
}

#[test]
fn the_words_of_every_knob_are_whole_in_a_lesson() {
    for (width, height, id) in [(80, 24, "w03.caching"), (80, 24, "w01.tcp-byte-stream"), (120, 36, "w03.caching")] {
        let mut learner = Learner::new();
        let last = learner.app.world.content.lesson(id).map_or(0, |(_, it)| it.steps.len());
        learner.lesson(id, last).resize(width, height).keys("k");
        let demo =
            learner.app.world.content.lesson(id).and_then(|(_, it)| it.run_at(last - 1).or_else(|| it.first_run()));
        let knobs = roundtrip::demos::find(&demo.expect("it has a demo").name).expect("it ships").knobs;
        for knob in knobs {
            let text = learner.text();
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ │ ", " ").replace(" │ ", " ");
            let wanted = format!("{}: {}", knob.name, knob.about);
            assert!(words.contains(&wanted), "{wanted} is cut at {width}x{height}:\n{text}");
            learner.key(KeyCode::Down);
        }
    }
}

#[test]
fn the_last_step_and_its_links() {
    let mut learner = Learner::new();
    learner.lesson("w01.why-layers", 12).shows("lesson_last_step");
    learner.lesson("w01.one-request-peeled", 2).keys("l").shows("lesson_links");
}
