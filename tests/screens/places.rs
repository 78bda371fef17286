//! Help, palette, progress, glossary, demos, and a demo with the screen to itself.
use std::time::Duration;

use crossterm::event::KeyCode;
use roundtrip::content::DemoRef;
use roundtrip::tui::action::{Event, Place};

use crate::home::midway;
use crate::learner::Learner;

fn demo(name: &str) -> Learner {
    let mut learner = Learner::new();
    learner.go(Place::Demo { demo: DemoRef { name: name.to_owned(), ..DemoRef::default() }, seed: 1 });
    learner
}

#[test]
fn help_of_home_and_of_a_lesson() {
    Learner::new().keys("?").shows("help_home");
    Learner::new().lesson("w01.one-request-peeled", 4).key(KeyCode::Tab).keys("?").shows("help_packets");
}

#[test]
fn the_palette_finds_while_one_types() {
    let mut learner = Learner::new();
    learner.keys(":").shows("palette");
    learner.keys("hand").shows("palette_found");
    learner.keys("zzqq").shows("palette_nothing");
}

#[test]
fn a_lesson_that_is_found_goes_on_where_it_was_left() {
    let mut learner = Learner::new();
    let there = learner.lesson("w01.why-layers", 3).text();
    learner.go(Place::Home);
    assert_eq!(learner.keys(":").keys("W1 Layers are questions").enter().text(), there);
}

#[test]
fn progress_at_the_start_and_midway() {
    Learner::new().keys("p").shows("progress_fresh");
    midway().keys("p").shows("progress_midway");
}

#[test]
fn the_glossary_and_a_search_in_it() {
    let mut learner = Learner::new();
    learner.keys("g").shows("glossary");
    learner.keys("mtu").shows("glossary_found");
}

#[test]
fn the_demos() {
    let mut learner = Learner::new();
    learner.keys("e").shows("demos");
    learner.key(KeyCode::Down).shows("demos_second");
}

#[test]
fn a_demo_playing_paused_and_in_every_view() {
    let mut learner = demo("tcp-vs-udp");
    learner.event(Event::Tick(Duration::from_secs(2))).shows("demo_playing");
    learner.keys(" ");
    for (index, view) in ["sequence", "packets", "waterfall", "topology", "chart", "table", "states"].iter().enumerate()
    {
        learner.keys(&(index + 1).to_string()).shows(&format!("demo_{view}"));
    }
}

#[test]
fn a_packet_dropped_and_both_futures() {
    let mut learner = demo("tcp-echo");
    learner.keys(" ").keys("]]").keys("x").shows("demo_fork");
    learner.keys("c").shows("demo_fork_alone");
}

#[test]
fn screens_do_not_pile_up_without_end() {
    let mut learner = Learner::new();
    for _ in 0..200 {
        learner.go(Place::Progress);
    }
    assert!(learner.app.screens.len() <= 32, "{}", learner.app.screens.len());
    learner.times(60, KeyCode::Esc);
    assert_eq!(learner.app.screens.len(), 1, "home is still the first");
}
