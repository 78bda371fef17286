//! What is written to files, and what would be lost.
use std::sync::Arc;

use super::{act, drawn, stage};
use crate::demos::live::Target;
use crate::recording::{Live, saved};
use crate::tui::action::{Action, Effect, Outcome};
use crate::tui::views::Prepared;

fn written(path: &str) -> Outcome {
    Outcome::Written { path: path.to_owned(), text: "Saved".to_owned() }
}

#[test]
fn another_seed_is_a_key_away_and_its_run_can_be_compared() {
    let mut stage = stage();
    assert!(stage.takes_seeds() && !stage.is_unsaved());
    assert_eq!(act(&mut stage, Action::Reseed { up: true }), 1);
    assert_eq!((stage.status().as_str(), stage.is_unsaved()), ("seed 1", true));
    act(&mut stage, Action::Compare);
    act(&mut stage, Action::View(5));
    let text = drawn(&stage, (100, 24));
    assert!(text.contains("now: seed 1") && text.contains("before: seed 0"), "{text}");
    assert!(stage.close_top() && !stage.close_top(), "the comparison is closed, then nothing is open");
    drop(stage.update(&Action::SaveRun));
    drop(stage.done(&Outcome::Failed("request-1.run.json could not be written".to_owned())));
    assert!(stage.is_unsaved(), "it is asked for, not written");
    drop(stage.update(&Action::SaveRun));
    drop(stage.done(&written("request-1.run.json")));
    assert!(!stage.is_unsaved());
    assert_eq!(act(&mut stage, Action::Reseed { up: false }), 0, "the run before is at hand");
    assert_eq!(stage.status(), "seed 0");
}

#[test]
fn a_live_run_can_be_lost_until_it_is_in_a_file() {
    let mut stage = stage();
    let effects = stage.run_live(Target::Own);
    let [Effect::RunLive { stop, .. }] = effects.as_slice() else { panic!("a live run") };
    let mut run = stage.recording().expect("it ran").clone();
    run.run.live = Some(Live { host: None, address: "127.0.0.1:80".parse().expect("an address") });
    let ran = Ok((Arc::new(Prepared::new(Arc::new(run))), None));
    drop(stage.done(&Outcome::RanLive { stop: stop.clone(), ran }));
    assert!(stage.is_unsaved(), "nothing makes it again");
    let effects = stage.update(&Action::SaveRun).expect("the stage's own");
    let [Effect::Write { path, .. }] = effects.as_slice() else { panic!("one file") };
    drop(stage.done(&written(path)));
    assert!(!stage.is_unsaved());
}

#[test]
fn runs_and_captures_are_written_as_files_that_open_again() {
    let mut stage = stage();
    let effects = stage.update(&Action::SaveRun).expect("the stage's own");
    let [Effect::Write { path, bytes }] = effects.as_slice() else { panic!("one file") };
    assert_eq!(path, "request-0.run.json");
    let read = saved::parse(bytes).expect("a saved run");
    assert_eq!(read.check(stage.recording().expect("it ran")), Ok(()));
    act(&mut stage, Action::First);
    let effects = stage.update(&Action::SaveCapture).expect("the stage's own");
    let [Effect::Write { path, bytes }] = effects.as_slice() else { panic!("one file") };
    assert_eq!(path, "request-0-client.pcapng");
    assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a], "a section header block");
}
