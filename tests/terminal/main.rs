//! Journeys through the real program in a real terminal: learn, answer, leave, come back, and every way to end.
mod live;
mod starts;
mod tutor;
mod workbench;

use std::path::Path;

use portable_pty::CommandBuilder;
use tempfile::TempDir;
use tutor::Tutor;

const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const TAB: &str = "\t";

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_lesson_is_walked_left_and_gone_on_with() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &[]);
    tutor.until("Your course").until("Layers are questions").keys(ENTER).until("step 1 of");
    tutor.keys("n").until("step 2 of").keys("n").until("step 3 of");
    tutor.keys(ESC).until("Continue").keys("q");
    assert_eq!(tutor.ended(), 0);
    tutor.left_the_terminal_as_it_was();
    let mut again = Tutor::start(home.path(), &[]);
    again.until("Continue").until("step 3 of").keys(ENTER).until("step 3 of").keys("\x03");
    assert_eq!(again.ended(), 0);
}

#[test]
fn a_guess_is_asked_before_the_run_and_settled_by_it() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["learn", "w01.why-layers"]);
    tutor.until("step 1 of");
    for step in 2..=4 {
        tutor.keys("n").until(&format!("step {step} of"));
    }
    tutor.until("your guess").keys("4").keys(ENTER).until("You said 4").until("Measured 12:").keys("\x03");
    assert_eq!(tutor.ended(), 0);
}

#[test]
fn an_answer_is_kept_before_its_feedback_and_kill_loses_nothing() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["quiz", "W1"]);
    skip_a_question(&mut tutor, 1);
    skip_a_question(&mut tutor, 2);
    // The third is on the screen, unanswered.
    tutor.until("question 3 of");
    tutor.kill();
    let mut again = Tutor::start(home.path(), &["quiz", "W1"]);
    again.until("question 3 of").keys(ESC).until("Finish").until("2 of").keys("q");
    assert_eq!(again.ended(), 0);
}

/// Skips what is asked, whatever its kind, sees the feedback, goes on.
fn skip_a_question(tutor: &mut Tutor, number: usize) {
    tutor.until(&format!("question {number} of")).until("how sure");
    // `s` skips where keys are not text, ctrl-k where they are.
    tutor.keys("\x0bs").until("Skipped.").keys(ENTER);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for signal in ["TERM", "HUP"] {
        let home = home();
        let mut tutor = Tutor::start(home.path(), &[]);
        tutor.until("Your course").signal(signal);
        tutor.ended();
        tutor.left_the_terminal_as_it_was();
    }
}

#[test]
fn nothing_is_written_while_nobody_does_anything() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &[]);
    tutor.until("Your course").until("Layers are questions").rests().keys(ENTER).until("step 1 of").rests();
    tutor.keys("e\x03");
    assert_eq!(tutor.ended(), 0);
}

#[test]
fn a_storm_of_sizes_is_weathered() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["learn", "w01.why-layers"]);
    tutor.until("step 1 of");
    for (rows, columns) in [(24, 80), (5, 20), (60, 200), (1, 1), (16, 60), (200, 40), (36, 120)].repeat(6) {
        tutor.resize(rows, columns);
    }
    tutor.until("step 1 of").keys("n").until("step 2 of").keys("\x03");
    assert_eq!(tutor.ended(), 0);
}

#[test]
fn a_terminal_too_small_is_told_so_and_works_again_when_it_is_not() {
    let home = home();
    let mut tutor = Tutor::sized(home.path(), &[], 10, 40);
    tutor.until("needs 60x16").resize(24, 80).until("Your course").keys("q");
    assert_eq!(tutor.ended(), 0);
}

#[test]
fn help_and_palette_open_everywhere() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &[]);
    tutor.until("Your course").keys("?").until("Keys: Home").keys(ESC).gone("Keys: Home");
    tutor.keys(":").until("Find a lesson").keys("glossary").until("Glossary").keys(ENTER).until("Words");
    tutor.keys("\x10").until("Find a lesson").keys(ESC).gone("Find a lesson").keys(ESC).until("Your course").keys("q");
    assert_eq!(tutor.ended(), 0);
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_takes_it_again() {
    let home = home();
    let mut command = CommandBuilder::new("sh");
    let program = env!("CARGO_BIN_EXE_roundtrip");
    command.args(["-ic", &format!("{program} --data . ; echo stopped $?; fg >/dev/null; echo ended $?")]);
    let mut tutor = Tutor::spawn(home.path(), command, 30, 110);
    tutor.until("Your course").keys("\x1a").until("Your course").keys("q").until("ended 0");
    tutor.left_the_terminal_as_it_was();
}

#[test]
fn the_demo_browser_opens_a_demo_and_its_views() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["demo", "encapsulation"]);
    tutor.until("SYN").keys("2").until("Ethernet").keys("6").until("the HTTP request").keys(ESC).until("Your course");
    tutor.keys("q");
    assert_eq!(tutor.ended(), 0);
}

#[test]
fn a_lesson_is_shown_to_a_room_and_hands_are_counted() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["present", "w01.why-layers"]);
    tutor.until("slide 1 of");
    while !tutor.text().contains("What do you expect?") {
        tutor.press(" ");
    }
    tutor.until("What do you expect?").until("1)").keys("h").until("hands for each option");
    tutor.keys("nonsense").keys(ENTER).until("Write ").keys(ESC).gone("hands for").keys(TAB).keys("\x03");
    assert_eq!(tutor.ended(), 0);
}

/// The other side of the next test: a tutor whose screen panics at the first key.
#[test]
fn child_that_panics() {
    if std::env::var_os("ROUNDTRIP_TEST_CHILD").is_some() {
        panicking::run();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_what_happened() {
    let home = home();
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "child_that_panics", "--nocapture"]);
    command.env("ROUNDTRIP_TEST_CHILD", "1");
    let mut tutor = Tutor::spawn(home.path(), command, 30, 110);
    tutor.until("press a key").keys("x").until("a bug of the screen");
    tutor.ended();
    tutor.left_the_terminal_as_it_was();
}

/// A screen that only panics.
mod panicking {
    use std::sync::Arc;

    use ratatui::buffer::Buffer;
    use ratatui::layout::{Rect, Size};
    use ratatui::widgets::Widget;
    use roundtrip::content::Content;
    use roundtrip::progress::Store;
    use roundtrip::tui::action::{Action, Binding, Effect};
    use roundtrip::tui::app::{App, World};
    use roundtrip::tui::screens::Screen;
    use roundtrip::tui::theme::Theme;
    use roundtrip::tui::{self, Start};

    struct Broken;

    impl Screen for Broken {
        fn title(&self, _world: &World) -> String {
            "Broken".to_owned()
        }

        fn bindings(&self, _world: &World) -> Vec<Binding> {
            Vec::new()
        }

        fn is_typing(&self) -> bool {
            true
        }

        fn update(&mut self, _action: Action, _world: &World) -> Vec<Effect> {
            panic!("a bug of the screen");
        }

        fn draw(&self, area: Rect, buffer: &mut Buffer, _world: &World) {
            "press a key".render(area, buffer);
        }
    }

    pub(crate) fn run() {
        let world = World {
            content: Arc::new(Content::default()),
            loaded: false,
            learner: Arc::default(),
            known: false,
            unkept: None,
            unready: None,
            theme: Theme::named("dark").expect("a theme"),
            size: Size::new(80, 24),
            today: jiff::civil::date(2026, 1, 1),
            seed: 1,
        };
        let mut app = App::new(world);
        app.screens.push(Box::new(Broken));
        let store = Box::new(|| (Store::open_in_memory().expect("memory"), None));
        drop(tui::run(app, Start { store, content: None, place: None }));
    }
}

#[test]
fn without_a_home_or_a_terminal_there_is_one_clear_message() {
    let folder = home();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_roundtrip"))
        .env("HOME", folder.path())
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(3));
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(message.contains("needs a terminal") && message.contains("--plain"), "{message}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_the_tutor_opens_all_the_same() {
    let home = home();
    let file = home.path().join("taken");
    std::fs::write(&file, "a file where a folder should be").expect("a file");
    let data = file.to_str().expect("UTF-8").to_owned();
    let mut tutor = Tutor::start(home.path(), &["--data", &data]);
    tutor.until("Your course").until("progress is not kept").keys("q");
    assert_eq!(tutor.ended(), 0);
    assert_eq!(std::fs::read_to_string(Path::new(&data)).expect("still there"), "a file where a folder should be");
}
