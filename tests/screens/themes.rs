//! Looks: the styles of a screen in each theme, and no colour where none is wanted.
use ratatui::style::Color;
use roundtrip::tui::theme::{NAMES, Theme};

use crate::home::midway;
use crate::learner::{Learner, reviewed};

/// A lesson's step with text, links, packets, lit fields and a footer.
fn lesson(theme: &str) -> Learner {
    let mut learner = Learner::new();
    learner.app.world.theme = Theme::named(theme).expect("it ships");
    learner.lesson("w01.one-request-peeled", 4).resize(100, 24);
    learner
}

#[test]
fn the_styles_of_a_lesson_in_each_theme() {
    for name in NAMES {
        reviewed(&format!("styles_{name}"), &format!("{:?}", lesson(name).buffer()));
    }
}

#[test]
fn mono_has_no_colour() {
    let mut screens = vec![lesson("mono")];
    for keys in ["", "?", ":", "p", "g", "e"] {
        let mut learner = midway();
        learner.app.world.theme = Theme::named("mono").expect("it ships");
        learner.keys(keys);
        screens.push(learner);
    }
    for view in 1..=6 {
        let mut learner = lesson("mono");
        learner.keys(&view.to_string());
        screens.push(learner);
    }
    for learner in screens {
        for (at, cell) in learner.buffer().content().iter().enumerate() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "cell {at} of\n{}", learner.text());
        }
    }
}

#[test]
fn without_colour_what_is_chosen_can_still_be_seen() {
    let mut learner = midway();
    learner.app.world.theme = Theme::named("mono").expect("it ships");
    let before = learner.buffer();
    let after = { learner.key(crossterm::event::KeyCode::Down).buffer() };
    let symbols = |buffer: &ratatui::buffer::Buffer| crate::learner::text(buffer);
    assert_ne!(symbols(&before), symbols(&after), "the row under the cursor has a sign of its own");
}
