//! The stage played by keys: runs arrive, the cursor moves, forks part, and what is covered stays covered.
mod kept;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Stage;
use crate::content::{Content, Show};
use crate::demos::{Knobs, Setup};
use crate::recording::{Intervention, Meddling, Recording, Time, saved};
use crate::tui::action::{Action, Effect, Key, Outcome};
use crate::tui::app::World;
use crate::tui::learner::Learner;
use crate::tui::theme::Theme;
use crate::tui::views::sequence::What;
use crate::tui::views::{Detail, Kind, Pane, Pointed, Prepared, fixture};

pub(in crate::tui) fn world() -> World {
    World {
        content: Arc::new(Content::default()),
        loaded: true,
        learner: Arc::new(Learner::default()),
        known: true,
        unkept: None,
        unready: None,
        theme: Theme::named("dark").expect("it ships"),
        size: (120, 40).into(),
        today: jiff::civil::date(2026, 1, 1),
        seed: 1,
    }
}

fn unrun() -> Stage {
    Stage::of(&fixture::DEMO, Knobs::defaults(fixture::DEMO.knobs), Setup::default())
}

/// A stage whose first run has arrived.
fn stage() -> Stage {
    let mut stage = unrun();
    let effects = stage.start();
    assert_eq!(carry_out(&mut stage, effects), 1);
    stage
}

/// Runs what was asked for; how many runs that were.
fn carry_out(stage: &mut Stage, effects: Vec<Effect>) -> usize {
    let mut runs = 0;
    for effect in effects {
        if let Effect::Run { demo, knobs, setup } = effect {
            runs += 1;
            let run = Prepared::new(Arc::new((demo.run)(&knobs, &setup)));
            drop(stage.done(&Outcome::Ran(Arc::new(run))));
        }
    }
    runs
}

/// Does one thing; how many runs it took.
fn act(stage: &mut Stage, action: Action) -> usize {
    let effects = stage.update(&action).expect("the stage's own");
    carry_out(stage, effects)
}

fn drawn(stage: &Stage, (width, height): (u16, u16)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    stage.draw(area, &mut buffer, &world(), true);
    fixture::text(&buffer)
}

fn interventions(stage: &Stage) -> Vec<Intervention> {
    stage.recording().map(|run| run.run.interventions.clone()).unwrap_or_default()
}

#[test]
fn a_run_plays_to_its_end_and_pauses_there() {
    let mut stage = stage();
    act(&mut stage, Action::PlayPause);
    assert!(stage.is_moving());
    act(&mut stage, Action::Tick(Duration::from_secs(4)));
    let end = stage.recording().expect("it ran").end;
    assert!(stage.state.cursor > Time::ZERO && stage.state.cursor < end);
    act(&mut stage, Action::Tick(Duration::from_secs(60)));
    assert_eq!((stage.state.cursor, stage.is_moving()), (end, false));
    act(&mut stage, Action::PlayPause);
    assert_eq!((stage.state.cursor, stage.is_moving()), (Time::ZERO, true), "it begins again");
}

#[test]
fn steps_go_from_packet_to_packet_and_back() {
    let mut stage = stage();
    act(&mut stage, Action::First);
    assert_eq!(stage.state.packet, 1);
    act(&mut stage, Action::StepForward);
    act(&mut stage, Action::StepForward);
    assert_eq!((stage.state.packet, stage.state.cursor), (3, Time(20_000_000)));
    act(&mut stage, Action::StepBack);
    assert_eq!(stage.state.packet, 2);
    act(&mut stage, Action::Last);
    act(&mut stage, Action::StepForward);
    assert_eq!(stage.state.packet, 11, "there is none after the last");
}

#[test]
fn every_row_of_the_sequence_can_be_reached_and_silences_are_passed() {
    let mut stage = stage();
    act(&mut stage, Action::First);
    let rows = stage.shown.as_ref().expect("it ran").rows(Detail::Calls).all.clone();
    let silences: Vec<usize> = (0..rows.len()).filter(|it| matches!(rows[*it].what, What::Silence(_))).collect();
    assert_eq!(silences.len(), 1);
    let mut walk = |action: Action| -> Vec<usize> {
        let steps = (0..rows.len()).map(|_| {
            act(&mut stage, action.clone());
            stage.state.row.expect("it went to a row")
        });
        let mut seen: Vec<usize> = steps.collect();
        seen.dedup();
        seen
    };
    let down: Vec<usize> = (2..rows.len()).filter(|it| !silences.contains(it)).collect();
    assert_eq!(walk(Action::Down), down, "the SYN is row 1");
    let up: Vec<usize> = (0..rows.len() - 1).rev().filter(|it| !silences.contains(it)).collect();
    assert_eq!(walk(Action::Up), up);
}

#[test]
fn markers_are_jumped_to_and_a_lesson_waits_for_its_run() {
    let mut stage = unrun();
    let effects = stage.start();
    let show = Show { view: "packets".into(), marker: Some("syn-ack".into()), highlight: vec!["tcp.flags".into()] };
    stage.show(&show);
    assert_eq!(stage.state.cursor, Time::ZERO);
    carry_out(&mut stage, effects);
    assert_eq!((stage.kind, stage.state.cursor, stage.state.packet), (Kind::Packets, Time(40_000_000), 3));
    act(&mut stage, Action::NextMarker);
    assert_eq!(stage.state.cursor, Time(40_100_000));
    act(&mut stage, Action::PreviousMarker);
    assert_eq!(stage.state.cursor, Time(40_000_000));
}

#[test]
fn knobs_turn_run_again_and_compare_with_the_run_before() {
    let mut stage = stage();
    act(&mut stage, Action::Knobs);
    act(&mut stage, Action::Right);
    assert!(drawn(&stage, (80, 24)).contains("◂ 50 ms ▸*"), "{}", drawn(&stage, (80, 24)));
    assert_eq!(act(&mut stage, Action::RunAgain), 1);
    assert_eq!(stage.recording().expect("it ran").run.knobs["rtt"], "50ms");
    // The list is closed: the keys of the view work at once.
    act(&mut stage, Action::Compare);
    act(&mut stage, Action::View(5));
    let text = drawn(&stage, (100, 24));
    assert!(text.contains("now: rtt 50ms") && text.contains("before: rtt 40ms") && text.contains("+10 ms"), "{text}");
    act(&mut stage, Action::Knobs);
    act(&mut stage, Action::Left);
    assert_eq!(act(&mut stage, Action::RunAgain), 0, "the run before is at hand");
    assert_eq!(stage.recording().expect("it ran").run.knobs["rtt"], "40ms");
}

#[test]
fn what_was_turned_and_not_run_is_taken_back_with_a_word() {
    let mut stage = stage();
    act(&mut stage, Action::Knobs);
    let label = |stage: &Stage| {
        let keys = stage.bindings();
        keys.iter().find(|it| it.keys.contains(&Key::code(KeyCode::Esc))).map(|it| it.label)
    };
    assert_eq!(label(&stage), Some("done"));
    act(&mut stage, Action::Right);
    assert_eq!(label(&stage), Some("take it back"), "the footer says so");
    let effects = stage.update(&Action::Knobs).expect("the stage's key");
    assert!(matches!(effects.as_slice(), [Effect::Say(text)] if text.contains("as they were")), "{effects:?}");
    assert!(!drawn(&stage, (80, 24)).contains("50 ms*"), "{}", drawn(&stage, (80, 24)));
    for leave in [Action::Back, Action::Knobs] {
        act(&mut stage, Action::Knobs);
        let effects = stage.update(&leave).expect("the stage's key");
        assert!(effects.is_empty(), "nothing was turned: {effects:?}");
    }
}

#[test]
fn a_knob_takes_a_typed_value_or_says_what_it_takes() {
    let mut stage = stage();
    let press = |stage: &mut Stage, c: char| act(stage, Action::Type(KeyEvent::from(KeyCode::Char(c))));
    act(&mut stage, Action::Knobs);
    press(&mut stage, '7');
    press(&mut stage, '5');
    assert!(stage.is_typing() && drawn(&stage, (80, 24)).contains("▸ 75▏"), "{}", drawn(&stage, (80, 24)));
    let effects = stage.update(&Action::RunAgain).expect("the stage's key");
    let [Effect::Warn(said)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(said, "`rtt`: `75` is not a time without its unit: write 75ms or 75s");
    press(&mut stage, 'm');
    press(&mut stage, 's');
    assert_eq!(act(&mut stage, Action::RunAgain), 0, "it is set, not run");
    assert!(!stage.is_typing() && drawn(&stage, (80, 24)).contains("◂ 75 ms ▸*"), "{}", drawn(&stage, (80, 24)));
    press(&mut stage, '=');
    press(&mut stage, '9');
    act(&mut stage, Action::Knobs);
    assert!(!stage.is_typing() && drawn(&stage, (80, 24)).contains("◂ 75 ms ▸*"), "esc leaves it as it was");
    assert_eq!(act(&mut stage, Action::RunAgain), 1);
    assert_eq!(stage.recording().expect("it ran").run.knobs["rtt"], "75ms");
}

#[test]
fn while_another_run_is_made_the_screen_says_so() {
    let mut stage = stage();
    act(&mut stage, Action::Knobs);
    act(&mut stage, Action::Right);
    assert!(!stage.update(&Action::RunAgain).expect("the stage's key").is_empty());
    assert!(drawn(&stage, (80, 24)).contains("running in the lab"), "{}", drawn(&stage, (80, 24)));
}

#[test]
fn a_fork_shows_both_futures_and_can_be_undone() {
    let mut stage = stage();
    act(&mut stage, Action::First);
    act(&mut stage, Action::StepForward);
    act(&mut stage, Action::StepForward);
    assert_eq!(act(&mut stage, Action::Delay), 1);
    assert_eq!(act(&mut stage, Action::Delay), 1);
    let delay = Meddling::Delay(Duration::from_millis(100));
    assert_eq!(interventions(&stage), [Intervention { packet: 3, action: delay }]);
    assert_eq!(stage.state.packet, 3);
    insta::assert_snapshot!("fork_120x40", drawn(&stage, (120, 40)));
    insta::assert_snapshot!("fork_80x24", drawn(&stage, (80, 24)));
    assert_eq!(act(&mut stage, Action::Drop), 1);
    assert_eq!(interventions(&stage), [Intervention { packet: 3, action: Meddling::Drop }]);
    let base = stage.other.as_ref().expect("the run it parted from").recording();
    assert_eq!(base.run.interventions, []);
    assert_eq!(act(&mut stage, Action::Unfork), 0, "the run it parted from is at hand");
    assert_eq!(interventions(&stage), []);
    assert!(!stage.compare);
}

#[test]
fn nothing_of_a_veiled_run_is_shown_and_no_key_is_taken() {
    let mut stage = stage();
    stage.veil(true);
    let text = drawn(&stage, (100, 30));
    assert!(!text.contains("SYN") && !text.contains("ms of"), "{text}");
    assert_eq!(stage.bindings(), []);
    assert!(stage.update(&Action::PlayPause).is_none());
    stage.veil(false);
    assert!(drawn(&stage, (100, 30)).contains("SYN"));
}

#[test]
fn fields_are_read_and_a_covered_one_is_not() {
    let mut stage = stage();
    act(&mut stage, Action::First);
    act(&mut stage, Action::View(1));
    act(&mut stage, Action::NextPane);
    assert_eq!(stage.state.reading.pane, Pane::Tree);
    assert_eq!(stage.state.reading.selected, Some(("tcp".to_owned(), 0)), "it begins at the innermost layer");
    act(&mut stage, Action::PageUp);
    assert_eq!(stage.state.reading.selected, Some(("ip".to_owned(), 0)));
    act(&mut stage, Action::PageDown);
    act(&mut stage, Action::Down);
    let field = stage.state.reading.selected.clone();
    assert_eq!(field, Some(("tcp.srcport".to_owned(), 0)));
    act(&mut stage, Action::StepForward);
    assert_eq!(stage.state.reading.selected, field, "it stays from packet to packet");
    assert!(drawn(&stage, (120, 40)).contains("c0 00"));
    act(&mut stage, Action::NextPane);
    let bytes = |stage: &Stage| stage.state.reading.byte;
    let first = bytes(&stage);
    for (action, field) in [(Action::PageDown, "tcp.dstport"), (Action::PageUp, "tcp.srcport")] {
        act(&mut stage, action);
        assert_eq!(stage.state.reading.selected, Some((field.to_owned(), 0)), "from field to field in the bytes");
    }
    assert_eq!(bytes(&stage), first);
    act(&mut stage, Action::PreviousPane);
    stage.ask_for_field(1, "tcp.srcport");
    let text = drawn(&stage, (120, 40));
    assert!(text.contains("?? ??") && !text.contains("c0 00"), "{text}");
    stage.unhide();
    assert!(drawn(&stage, (120, 40)).contains("c0 00"));
}

#[test]
fn a_click_goes_where_it_points() {
    let mut stage = stage();
    let area = Rect::new(0, 0, 120, 40);
    let at = |x: u16, y: u16| Position { x, y };
    assert_eq!(stage.click(area, at(14, 0), &world()), Some(Action::View(1)));
    assert_eq!(stage.click(area, at(1, 39), &world()), Some(Action::Point(Pointed::Time(Time::ZERO))));
    assert_eq!(stage.click(area, at(60, 6), &world()), Some(Action::Point(Pointed::Packet(1))));
    act(&mut stage, Action::Point(Pointed::Packet(7)));
    assert_eq!((stage.state.packet, stage.state.cursor), (7, Time(40_100_000)));
    act(&mut stage, Action::View(1));
    act(&mut stage, Action::Point(Pointed::Byte(22)));
    assert_eq!(stage.state.reading.selected, Some(("ip.ttl".to_owned(), 0)));
}

#[test]
fn what_a_question_asks_for_is_kept_back_until_it_is_answered() {
    let mut stage = unrun();
    stage.withhold();
    stage.ask_for_field(4, "ip.ttl");
    stage.show(&Show { view: "packets".to_owned(), ..Show::default() });
    let effects = stage.start();
    carry_out(&mut stage, effects);
    let asked = stage.recording().expect("a run");
    assert!(!asked.packets.is_empty() && asked.packets.iter().all(|it| it.reason.is_none()));
    assert!(asked.measurements.is_empty() && asked.markers.is_empty() && asked.spans.is_empty());
    assert!(asked.events.is_empty() && asked.series.is_empty());
    assert_eq!(stage.state.packet, 4, "it stands at the packet that is asked about");
    for view in 0..Kind::ALL.len() {
        act(&mut stage, Action::View(view));
        let text = drawn(&stage, (120, 40));
        assert!(!text.replace("64240", "").contains("64"), "the TTL in {:?}: {text}", Kind::ALL[view]);
    }
    stage.unhide();
    let answered = stage.recording().expect("a run");
    assert!(!answered.measurements.is_empty() && !answered.markers.is_empty() && !answered.events.is_empty());
    assert_eq!(stage.state.packet, 4, "it stays there");
    assert!(!drawn(&stage, (120, 40)).contains("?? ??"), "nothing is covered any more");
}

#[test]
fn a_question_about_a_capture_opens_at_the_first_host() {
    let mut stage = unrun();
    stage.capture_first();
    stage.show(&Show { view: "packets".to_owned(), marker: None, highlight: Vec::new() });
    let effects = stage.start();
    assert_eq!(carry_out(&mut stage, effects), 1);
    let text = drawn(&stage, (120, 40));
    assert!(text.contains("frames in client's capture"), "{text}");
    let run = stage.recording().expect("it arrived");
    let packet = run.packet(stage.state.packet).expect("one is chosen");
    assert_eq!(run.node_name(packet.from), "client", "the chosen packet is one of them");
}

#[test]
fn a_capture_counts_its_own_frames() {
    let mut stage = stage();
    act(&mut stage, Action::View(1));
    act(&mut stage, Action::Vantage);
    act(&mut stage, Action::First);
    let text = drawn(&stage, (120, 40));
    assert!(text.contains("frames in client's capture: 1 of 5"), "{text}");
    act(&mut stage, Action::StepForward);
    assert_eq!(stage.state.packet, 4, "the SYN-ACK as it reaches the client");
    act(&mut stage, Action::Vantage);
    act(&mut stage, Action::Vantage);
    assert_eq!(stage.state.capture, None, "after the last host come all links again");
}

#[test]
fn a_saved_run_that_does_not_repeat_says_so() {
    let mut stage = stage();
    let run: Recording = stage.recording().expect("it ran").clone();
    let mut other = run.clone();
    other.measurements[0].value.value += 1;
    stage.shown = None;
    stage.saved = Some(saved::parse(saved::save(&other).as_bytes()).expect("a saved run"));
    let effects = stage.start();
    assert!(matches!(effects.as_slice(), [Effect::Run { .. }]));
    let effects = stage.done(&Outcome::Ran(Arc::new(Prepared::new(Arc::new(run)))));
    assert!(matches!(effects.as_slice(), [Effect::Say(text)] if text.contains("does not repeat")), "{effects:?}");
    assert!(drawn(&stage, (120, 40)).contains("does not repeat"));
}

#[test]
fn a_demo_or_knob_that_is_not_there_is_named() {
    let wish = |name: &str, knob: &str| crate::content::DemoRef {
        name: name.to_owned(),
        knobs: BTreeMap::from([(knob.to_owned(), "1".to_owned())]),
    };
    let error = Stage::new(&wish("no-such", "rtt"), 1).err().expect("no demo");
    assert!(error.contains("`no-such`") && error.contains("encapsulation"), "{error}");
    let error = Stage::new(&wish("encapsulation", "speed"), 1).err().expect("no knob");
    assert!(error.contains("`speed`") && error.contains("rtt"), "{error}");
}

#[test]
fn every_view_of_every_size_is_drawn_inside_its_area() {
    let mut stage = stage();
    for compare in [false, true] {
        for kind in Kind::ALL {
            stage.kind = kind;
            stage.compare = compare;
            stage.state.detail = if compare { Detail::Reasons } else { Detail::Notes };
            for (width, height) in [(1, 1), (8, 5), (20, 6), (40, 18), (61, 9), (200, 60)] {
                for packet in [0, 1, 11] {
                    stage.state.packet = packet;
                    let area = Rect::new(0, 0, width, height);
                    let mut buffer =
                        Buffer::filled(Rect::new(0, 0, width + 2, height + 2), ratatui::buffer::Cell::new("~"));
                    stage.draw(area, &mut buffer, &world(), true);
                    let outside = buffer.area.positions().filter(|it| !area.contains(*it));
                    assert!(outside.into_iter().all(|it| buffer[it].symbol() == "~"), "{kind:?} {width}x{height}");
                }
            }
        }
    }
}

#[test]
fn the_chart_steps_from_marker_to_decision_and_back() {
    let mut stage = stage();
    stage.shown = Some(Arc::new(fixture::congestion(500)));
    act(&mut stage, Action::First);
    act(&mut stage, Action::View(4));
    let all = stage.shown.as_ref().expect("a run").moments().to_vec();
    assert!(all.len() > 6);
    let mut seen = Vec::new();
    for _ in 0..all.len() + 3 {
        act(&mut stage, Action::Down);
        seen.push(stage.state.moment.expect("one is stepped to"));
        assert_eq!(stage.state.cursor, all[*seen.last().expect("one")].at);
    }
    assert_eq!(seen[..all.len()], (0..all.len()).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(seen.last(), Some(&(all.len() - 1)), "and stays at the last");
    let text = drawn(&stage, (120, 40));
    assert!(text.contains("▸") && text.contains("fast recovery until byte 1640000"), "{text}");
    let back: Vec<usize> = (1..all.len())
        .map(|_| {
            act(&mut stage, Action::Up);
            stage.state.moment.expect("one is stepped to")
        })
        .collect();
    assert_eq!(back, (0..all.len() - 1).rev().collect::<Vec<_>>());
}

#[test]
fn curves_are_chosen_by_their_list_and_the_chart_is_magnified() {
    let mut stage = stage();
    stage.shown = Some(Arc::new(fixture::congestion(500)));
    act(&mut stage, Action::View(4));
    act(&mut stage, Action::Curves);
    act(&mut stage, Action::Down);
    act(&mut stage, Action::Toggle);
    assert!(drawn(&stage, (120, 40)).contains("[ ] B client ssthresh"));
    act(&mut stage, Action::Curves);
    assert!(!drawn(&stage, (120, 40)).contains("ssthresh  "));
    act(&mut stage, Action::Last);
    for _ in 0..40 {
        act(&mut stage, Action::ZoomIn);
        drawn(&stage, (80, 24));
    }
    act(&mut stage, Action::ZoomWhole);
    act(&mut stage, Action::ZoomIn);
    assert!(drawn(&stage, (120, 40)).contains("1/2 of it"));
    let before = stage.state.cursor;
    act(&mut stage, Action::PageUp);
    assert_eq!(before.since(stage.state.cursor), Duration::from_millis(1_250));
}

#[test]
fn the_states_view_steps_through_every_move_of_a_connection() {
    let mut stage = stage();
    stage.shown = Some(Arc::new(fixture::connection()));
    act(&mut stage, Action::First);
    act(&mut stage, Action::View(6));
    let mut seen = Vec::new();
    for _ in 0..10 {
        act(&mut stage, Action::Down);
        seen.push(stage.state.event.expect("a move"));
    }
    assert_eq!(seen, (1..=10).collect::<Vec<_>>(), "all but the listener's");
    act(&mut stage, Action::Up);
    assert_eq!(stage.state.event, Some(9));
    act(&mut stage, Action::Vantage);
    assert!(drawn(&stage, (120, 40)).contains("2 of 2: tcp 10.0.1.20:80"), "the listener");
}

#[test]
fn a_packet_that_is_lost_already_is_not_dropped_again() {
    let mut stage = stage();
    let lost = stage.recording().expect("a run").packets.iter().find(|it| it.arrived.is_none()).expect("one is lost").n;
    act(&mut stage, Action::Point(Pointed::Packet(lost)));
    let effects = stage.update(&Action::Drop).expect("the stage's own");
    assert!(
        matches!(effects.as_slice(), [Effect::Say(text)] if text.contains("is lost already (lost: the 2nd packet)"))
    );
    assert!(stage.setup.interventions.is_empty());
    act(&mut stage, Action::Point(Pointed::Packet(1)));
    assert_eq!(act(&mut stage, Action::Drop), 1);
    act(&mut stage, Action::Point(Pointed::Packet(1)));
    let effects = stage.update(&Action::Drop).expect("the stage's own");
    assert!(matches!(effects.as_slice(), [Effect::Say(text)] if text.contains("dropped by you")));
}

#[test]
fn a_fork_that_changes_nothing_says_so() {
    let said = |changes: fn(&mut Recording)| {
        let mut stage = stage();
        drop(stage.update(&Action::StepForward));
        let effects = stage.update(&Action::Delay).expect("the stage's key");
        assert!(matches!(effects.as_slice(), [Effect::Run { .. }]), "{effects:?}");
        assert!(stage.recording().is_some() && stage.asked_for().is_none(), "an earlier run says nothing of this one");
        let mut forked = stage.recording().expect("it has run").clone();
        forked.run = stage.wanted.clone().expect("it was asked for");
        changes(&mut forked);
        let effects = stage.done(&Outcome::Ran(Arc::new(Prepared::new(Arc::new(forked)))));
        effects.into_iter().find_map(|it| if let Effect::Say(text) = it { Some(text) } else { None })
    };
    let text = said(|_| {}).expect("two equal futures");
    assert!(text.starts_with("Both futures are the same (packet 2 delayed 50 ms)"), "{text}");
    assert_eq!(said(|run| run.events.clear()), None);
    assert_eq!(said(|run| run.packets.truncate(4)), None);
}

#[test]
fn a_question_that_keeps_the_run_back_compares_no_futures() {
    let mut stage = stage();
    stage.withheld = true;
    drop(stage.update(&Action::StepForward));
    drop(stage.update(&Action::Delay).expect("the stage's key"));
    let mut forked = stage.recording().expect("it has run").clone();
    forked.run = stage.wanted.clone().expect("it was asked for");
    let effects = stage.done(&Outcome::Ran(Arc::new(Prepared::new(Arc::new(forked)))));
    assert!(!effects.iter().any(|it| matches!(it, Effect::Say(_))), "{effects:?}");
}
