//! Keys pressed before the course and the store are read.
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use roundtrip::progress::Store;
use roundtrip::tui::action::{Action, Event, Outcome, Place};
use roundtrip::tui::learner::Keep;

use crate::learner::Learner;

fn early(start: Option<Place>) -> Learner {
    Learner::early(Store::open_in_memory().expect("memory"), start)
}

#[test]
fn keys_are_kept_for_the_place_the_program_starts_at() {
    let mut learner = early(Some(Place::Learn { lesson: Some("w01.why-layers".to_owned()) }));
    assert!(learner.text().contains("Reading the course"), "{}", learner.text());
    learner.keys("nn");
    assert_eq!(learner.app.screens.len(), 1, "nothing is open yet");
    learner.ready();
    assert!(learner.text().contains("step 3 of"), "{}", learner.text());
}

#[test]
fn without_a_place_they_are_the_maps() {
    let mut learner = early(None);
    learner.key(KeyCode::Down).keys("e").ready();
    assert!(learner.text().contains("Experiments in the lab"), "{}", learner.text());
}

#[test]
fn who_will_not_wait_can_leave() {
    let mut learner = early(None);
    learner.keys("q");
    assert!(!learner.left, "q is for a screen that is not there yet");
    learner.control('c');
    assert!(learner.left);
}

#[test]
fn what_cannot_be_read_is_said_for_good() {
    let mut learner = early(None);
    let reason = "The reading of the course failed by a mistake of Roundtrip's (no such lesson); please report it.";
    learner.event(Event::Done(Outcome::Unready(reason.to_owned())));
    for _ in 0..3 {
        let text = learner.text();
        assert!(!text.contains("Reading the course") && text.contains("lesson); please report it."), "{text}");
        learner.event(Event::Tick(std::time::Duration::from_secs(60))).keys("x");
    }
    learner.control('c');
    assert!(learner.left);
}

#[test]
fn a_flood_of_them_is_cut_off() {
    let mut learner = early(Some(Place::Glossary { term: None }));
    learner.keys(&"x".repeat(10_000)).ready();
    let typed = learner.text().matches('x').count();
    assert!((20..200).contains(&typed), "{typed}: {}", learner.text());
}

/// A press of the left button.
fn click(learner: &mut Learner, column: usize, row: u16) {
    let column = u16::try_from(column).expect("a column of the screen");
    let kind = MouseEventKind::Down(MouseButton::Left);
    learner.event(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn the_footer_shows_the_key_that_works_and_a_click_on_it_does_the_same() {
    let mut learner = early(None);
    let text = learner.text();
    let footer = text.lines().last().expect("24 rows");
    assert_eq!(footer.trim(), "^c quit", "help and the palette come with the course");
    let column = footer.find("quit").expect("it was looked at");
    for (column, row) in [(column, 22), (column, 0), (0, 23), (footer.len() + 1, 23)] {
        click(&mut learner, column, row);
        assert!(!learner.left, "nothing stands at {column}, {row}");
    }
    click(learner.resize(50, 24), column, 23);
    assert!(!learner.left, "the window is too small for a footer:\n{}", learner.text());
    learner.resize(80, 24).app.act(Action::Say("What is said stands over the footer.".to_owned()));
    click(&mut learner, column, 23);
    assert!(!learner.left, "the key is covered:\n{}", learner.text());
    learner.app.said = None;
    click(&mut learner, column, 23);
    assert!(learner.left);
}

#[test]
fn a_store_that_cannot_be_read_is_put_by_and_keeps_nobody_waiting() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("progress.db");
    let store = Store::open(&path).expect("a new file");
    let file = rusqlite::Connection::open(&path).expect("the same file");
    file.execute_batch("INSERT INTO lessons VALUES ('w01.why-layers', 1, 1, NULL, 'some day')").expect("written");
    let mut learner = Learner::early(store, Some(Place::Progress));
    learner.key(KeyCode::Esc).keys("p").ready();
    let text = learner.text();
    assert!(text.contains("Progress is not kept") && text.contains("is damaged"), "{text}");
    learner.keep(Keep::Interview(Some(jiff::civil::date(2026, 3, 20))));
    assert!(
        learner.text().contains("Interview on 2026-03-20"),
        "what is done now counts until the end: {}",
        learner.text()
    );
    learner.key(KeyCode::Esc);
    assert!(learner.text().contains("progress is not kept"), "{}", learner.text());
    let kept: u32 = file.query_row("SELECT count(*) FROM settings", [], |row| row.get(0)).expect("the table");
    assert_eq!(kept, 0, "a damaged file is left as it is");
}
