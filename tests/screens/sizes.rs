//! Every size: the smallest, too small, very large, and everything between.
use roundtrip::content::DemoRef;
use roundtrip::tui::action::Place;

use crate::home::midway;
use crate::learner::{Learner, reviewed};

/// The screens that are looked at, each in a state with much on it.
fn screens() -> Vec<(&'static str, Learner)> {
    let demo = |name: &str| {
        let mut learner = Learner::new();
        learner.go(Place::Demo { demo: DemoRef { name: name.to_owned(), ..DemoRef::default() }, seed: 1 }).keys(" ]");
        learner
    };
    let mut all = vec![("home", midway())];
    let mut lesson = Learner::new();
    lesson.lesson("w01.one-request-peeled", 4);
    all.push(("lesson", lesson));
    let mut predict = Learner::new();
    predict.lesson("w01.one-request-peeled", 3).keys("95%").enter();
    all.push(("predict", predict));
    let mut question = Learner::new();
    question.drill(&["w01.layers.units"]);
    all.push(("question", question));
    let mut field = Learner::new();
    field.drill(&["w01.field.ether-type"]);
    all.push(("field", field));
    for name in ["tcp-vs-udp", "packet-tour"] {
        all.push((name, demo(name)));
    }
    let mut compared = demo("tcp-vs-udp");
    compared.keys("xc");
    all.push(("compared", compared));
    let mut knobs = demo("tcp-vs-udp");
    knobs.keys("k");
    all.push(("knobs", knobs));
    let mut present = Learner::new();
    present.go(Place::Present { lesson: "w01.one-request-peeled".to_owned() });
    all.push(("present", present));
    all.push(("workbench", crate::workbench::bench("retransmission", "sender")));
    for (name, key) in [("progress", "p"), ("glossary", "g"), ("demos", "e"), ("help", "?"), ("palette", ":")] {
        let mut learner = midway();
        learner.keys(key);
        all.push((name, learner));
    }
    all
}

#[test]
fn the_smallest_size_and_one_below() {
    for (name, mut learner) in screens() {
        reviewed(&format!("smallest_{name}"), &learner.resize(60, 16).text());
    }
    reviewed("too_small", &Learner::new().resize(40, 10).text());
}

#[test]
fn a_very_large_terminal() {
    for (_, mut learner) in screens() {
        let text = learner.resize(200, 60).text();
        assert!(text.lines().count() == 60 && text.contains("Roundtrip"), "{text}");
    }
}

#[test]
fn no_size_is_too_odd_for_any_screen_or_view() {
    for (_, mut learner) in screens() {
        for height in (1..=45).step_by(4).chain([16, 24]) {
            for width in (1..=130).step_by(9).chain([60, 80, 99, 100]) {
                learner.resize(width, height);
                drop(learner.buffer());
            }
        }
        for view in 1..=6 {
            learner.keys(&view.to_string());
            for (width, height) in [(60, 16), (61, 17), (80, 24), (99, 45), (130, 16)] {
                learner.resize(width, height);
                drop(learner.buffer());
            }
        }
    }
}
