//! Any keys, clicks, sizes and ticks in any order: nothing panics, home stays, the footer keeps its word.
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use roundtrip::content::DemoRef;
use roundtrip::progress::Store;
use roundtrip::tui::action::{Action, Binding, Event, Key, Place};

use crate::learner::Learner;

/// Something a learner or a terminal does; plain, so that a failure can be read and made smaller.
#[derive(Clone, Debug)]
enum Input {
    Char(char),
    Control(char),
    Code(KeyCode),
    Mouse { kind: u8, column: u16, row: u16 },
    Paste(String),
    Resize(u16, u16),
    Tick(u64),
}

impl Input {
    fn event(self) -> Event {
        match self {
            Self::Char(c) => Event::Key(KeyEvent::from(KeyCode::Char(c))),
            Self::Control(c) => Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)),
            Self::Code(code) => Event::Key(KeyEvent::from(code)),
            Self::Mouse { kind, column, row } => {
                let kinds = [
                    MouseEventKind::Down(MouseButton::Left),
                    MouseEventKind::ScrollDown,
                    MouseEventKind::ScrollUp,
                    MouseEventKind::Moved,
                    MouseEventKind::Down(MouseButton::Right),
                ];
                let kind = kinds[usize::from(kind) % kinds.len()];
                Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
            }
            Self::Paste(text) => Event::Paste(text),
            Self::Resize(width, height) => Event::Resize(width, height),
            Self::Tick(milliseconds) => Event::Tick(Duration::from_millis(milliseconds)),
        }
    }
}

fn input() -> impl Strategy<Value = Input> {
    let bound = "qjkhlnbvcxdDuSPrzemtfgpsay1234567890 ?:/[]<>,.-";
    let bound = proptest::sample::select(bound.chars().collect::<Vec<_>>());
    let codes = vec![
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::F(1),
        KeyCode::Delete,
    ];
    prop_oneof![
        12 => bound.prop_map(Input::Char),
        1 => any::<char>().prop_map(Input::Char),
        1 => proptest::sample::select(vec!['p', 'k', 't', 's', 'n', 'x']).prop_map(Input::Control),
        14 => proptest::sample::select(codes).prop_map(Input::Code),
        4 => (0u8..5, 0u16..140, 0u16..50).prop_map(|(kind, column, row)| Input::Mouse { kind, column, row }),
        1 => ".{0,30}".prop_map(Input::Paste),
        2 => (0u16..140, 0u16..50).prop_map(|(width, height)| Input::Resize(width, height)),
        3 => (0u64..3000).prop_map(Input::Tick),
    ]
}

/// Where the storm begins: home is far from most screens.
fn start() -> impl Strategy<Value = Place> {
    let lesson = |step| Place::Lesson { id: "w01.one-request-peeled".to_owned(), step };
    let demo = |name: &str| Place::Demo { demo: DemoRef { name: name.to_owned(), ..DemoRef::default() }, seed: 1 };
    proptest::sample::select(vec![
        Place::Home,
        lesson(0),
        lesson(2),
        lesson(4),
        Place::Quiz { chapter: "W1".to_owned() },
        Place::Drill(Default::default()),
        Place::Present { lesson: "w01.why-layers".to_owned() },
        Place::Demos,
        demo("tcp-vs-udp"),
        demo("tcp-echo"),
        Place::Glossary { term: None },
        Place::Progress,
    ])
}

/// No key stands for two things, and the footer has something to offer.
fn keys_are_clear(learner: &Learner) {
    let bindings = learner.app.bindings();
    assert!(bindings.iter().any(|binding| binding.in_footer), "an empty footer:\n{}", learner.text());
    let mut keys: Vec<Key> = bindings.iter().flat_map(|binding| binding.keys.clone()).collect();
    let all = keys.len();
    keys.sort_by_key(|key| key.name());
    keys.dedup();
    assert_eq!(keys.len(), all, "a key is named twice:\n{}", learner.text());
    assert!(bindings.iter().all(|binding| !binding.keys.is_empty()), "{bindings:?}");
}

/// Presses the first key of the footer; see [`keeps_its_word`].
fn footer_keeps_its_word(learner: &mut Learner) {
    learner.resize(120, 40);
    let first = learner.app.bindings().into_iter().find(|binding| binding.in_footer).expect("it was looked at");
    keeps_its_word(learner, &first);
}

/// Presses a key: it goes somewhere, asks for something, or changes what is on show, unless it only moves a cursor that is at
/// its end already, or repeats itself.
fn keeps_its_word(learner: &mut Learner, binding: &Binding) {
    let key = binding.keys[0];
    let before = learner.text();
    let modifiers = if key.control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
    let effects = learner.app.update(Event::Key(KeyEvent::new(key.code, modifiers)));
    let moves = matches!(binding.action, Action::Down | Action::Up | Action::Open | Action::PlayPause);
    // An answer that cannot be read was given before, and what is wrong with it stands there already.
    let stands = binding.action == Action::Submit;
    // A key takes the message before it away: one that is there now is this key's, though it may say the same.
    let told = learner.app.said.is_some();
    let answered = !effects.is_empty() || learner.text() != before || moves || stands || told;
    assert!(answered, "{} {} did nothing on\n{before}", key.name(), binding.label);
}

/// Few in every run of the tests; `PROPTEST_CASES=1000` for a night.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_home_stays(start in start(), inputs in proptest::collection::vec(input(), 1..200)) {
        let mut learner = Learner::new();
        learner.go(start);
        for (index, input) in inputs.into_iter().enumerate() {
            learner.event(input.event());
            prop_assert!(!learner.app.screens.is_empty());
            keys_are_clear(&learner);
            if index % 5 == 0 {
                drop(learner.buffer());
            }
        }
        drop(learner.buffer());
        footer_keeps_its_word(&mut learner);
        drop(learner.buffer());
    }

    #[test]
    fn before_the_course_is_read_every_key_on_show_works(
        start in start(),
        before in proptest::collection::vec(input(), 0..120),
        after in proptest::collection::vec(input(), 0..20),
    ) {
        let mut learner = Learner::early(Store::open_in_memory().expect("memory"), Some(start));
        for input in before {
            learner.event(input.event());
            prop_assert_eq!(learner.app.screens.len(), 1, "no other screen has anything to show");
            keys_are_clear(&learner);
        }
        learner.resize(120, 40);
        for binding in learner.app.bindings() {
            keeps_its_word(&mut learner, &binding);
        }
        learner.ready();
        for input in after {
            learner.event(input.event());
            keys_are_clear(&learner);
        }
        drop(learner.buffer());
    }
}
