//! How the screen starts: what the command line and the configuration file say, and what is refused before.
use std::path::Path;
use std::process::Command;

use crate::home;
use crate::tutor::Tutor;

/// What a terminal is told to show the other screen.
const OTHER_SCREEN: &str = "\x1b[?1049h";

#[test]
fn a_drill_on_the_screen_keeps_the_day_of_the_interview() {
    let home = home();
    let mut tutor = Tutor::start(home.path(), &["drill", "--until", "2099-01-15", "--count", "2"]);
    tutor.until("question 1 of 2").keys("\x03");
    assert_eq!(tutor.ended(), 0);
    let mut progress = Command::new(env!("CARGO_BIN_EXE_roundtrip"));
    let progress = progress.args(["progress", "--json"]).env_clear().env("HOME", home.path());
    let json: serde_json::Value = serde_json::from_slice(&progress.output().expect("it runs").stdout).expect("JSON");
    assert_eq!(json["interview"], "2099-01-15");
}

#[test]
fn what_is_not_there_is_refused_and_the_terminal_is_never_taken() {
    let home = home();
    std::fs::write(home.path().join("broken.json"), "{").expect("a file");
    let refused: [(&[&str], u32, &str); 7] = [
        (&["learn", "nonsense"], 2, "No lesson is called `nonsense`"),
        (&["present", "nonsense"], 2, "No lesson is called `nonsense`"),
        (&["quiz", "W99"], 2, "there is no chapter `W99`"),
        (&["quiz", "W13"], 2, "W13 has no quiz yet"),
        (&["drill", "--tags", "tcp,unknown"], 2, "no question has the tag `unknown`"),
        (&["open", "broken.json"], 3, "broken.json: this is not a saved run"),
        (&["demo", "tcp-echo", "--pcap", "-"], 2, "standard output is a terminal"),
    ];
    for (arguments, code, says) in refused {
        let mut tutor = Tutor::start(home.path(), arguments);
        assert_eq!(tutor.ended(), code, "{arguments:?}");
        let text = tutor.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(says), "{arguments:?}: {text}");
        assert!(!String::from_utf8_lossy(&tutor.raw).contains(OTHER_SCREEN), "{arguments:?}");
    }
}

fn configured(home: &Path, text: &str) -> Tutor {
    let folder = home.join(".config/roundtrip");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("config.toml"), text).expect("a file");
    let mut tutor = Tutor::start(home, &[]);
    tutor.until("Your course");
    tutor
}

#[test]
fn a_wrong_setting_is_said_on_the_screen_and_before_it() {
    let home = home();
    let mut tutor = configured(home.path(), "\ncolour = \"red\"\n");
    tutor.until("config.toml:2:1: there is no setting `colour`").keys("q");
    assert_eq!(tutor.ended(), 0);
    tutor.until("there is no setting `colour`").left_the_terminal_as_it_was();
}

#[test]
fn the_theme_of_the_configuration_is_the_screens() {
    let home = home();
    let roles = "dim title strong accent border focus selected lit code link key good bad warn";
    let lines: String = roles.split(' ').map(|role| format!("{role} = \"red\"\n")).collect();
    let theme = format!("text = \"#010203\"\n{lines}hues = [\"red\", \"red\", \"red\", \"red\", \"red\", \"red\"]\n");
    std::fs::write(home.path().join("mine.toml"), theme).expect("a theme");
    let uses = |tutor: &mut Tutor| {
        tutor.keys("q").ended();
        String::from_utf8_lossy(&tutor.raw).contains("38;2;1;2;3")
    };
    assert!(uses(&mut configured(home.path(), "theme = \"~/mine.toml\"\n")));
    assert!(!uses(&mut configured(home.path(), "theme = \"mono\"\n")));
    let mut flagged = Tutor::start(home.path(), &["--theme", "mine.toml"]);
    assert!(uses(flagged.until("Your course")), "the flag comes over the file");
}
