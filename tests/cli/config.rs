//! The configuration file: what it sets, what flags override, and what is said when it is wrong.
use crate::tutor::Home;

const FILE: &str = ".config/roundtrip/config.toml";

#[test]
fn data_and_content_come_from_the_file_and_flags_come_over_it() {
    let home = Home::new();
    home.file("course/lessons/01-osi-tcp-ip/90-mine.md", MINE);
    home.file(FILE, "data = \"~/kept\"\ncontent = \"../../course\"\n");
    home.run(&["learn", "w01.mine", "--plain"]).code(0).no_message().says("A lesson of mine");
    assert!(home.path().join("kept/progress.sqlite3").exists());
    assert!(!home.progress_file().exists());
    home.run(&["progress", "--data", "elsewhere"]).code(0).no_message();
    assert!(home.path().join("elsewhere/progress.sqlite3").exists());
    home.file("other/lessons/01-osi-tcp-ip/90-mine.md", MINE.replace("of mine", "of another"));
    home.run(&["learn", "w01.mine", "--plain", "--content", "other"]).code(0).says("A lesson of another");
}

const MINE: &str = "+++\nid = \"w01.mine\"\ntitle = \"A lesson of mine\"\nminutes = 3\ncovers = [\"W1-01\"]\n+++\n\n# The problem\n\nIt does not load.\n";

#[test]
fn xdg_config_home_is_where_it_lies_when_set() {
    let home = Home::new();
    home.file("settings/roundtrip/config.toml", "colour = \"dark\"\n");
    let tutor = home.tutor(&["demos"]).env("XDG_CONFIG_HOME", home.path().join("settings"));
    tutor.run().code(0).warns("settings/roundtrip/config.toml:1:1: there is no setting `colour`");
}

#[test]
fn what_is_wrong_is_said_once_with_its_place_and_the_defaults_hold() {
    let home = Home::new();
    let wrong = [
        (
            "theme = \"dark\"\ncolour = \"red\"\n",
            ":2:1: there is no setting `colour`; there are theme, content and data",
        ),
        ("theme = \"drak\"\n", ":1:9: `drak` is none of dark, light, ansi, mono, and no file that can be read"),
        ("theme = 7\n", ":1:9: `theme` is a text in quotes"),
        ("theme = \"dark\n", ":1:14: invalid basic string"),
        ("theme = \"dark\"\ntheme = \"light\"\n", ":2:1: duplicate key"),
        ("content = \"nowhere\"\n", ":1:11: there is no folder "),
        ("\u{1b}[2J = 1\n", ":1:2: "),
        ("\"\\u001b[2J\" = 1\n", ":1:1: there is no setting `\\x1b[2J`"),
        ("theme = \"mine.toml\"\n", "mine.toml:2:8: `#12` is no colour: write #rrggbb"),
    ];
    home.file(".config/roundtrip/mine.toml", "\n".to_owned() + &theme().replace("#010203", "#12"));
    for (text, says) in wrong {
        home.file(FILE, text);
        let ended = home.run(&["demos", "--json"]);
        ended.code(0).warns("config.toml").warns(says);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.json().is_array());
    }
    // One wrong setting does not move the others: answers must not be kept in another place than asked for.
    home.file(FILE, "data = \"~/kept\"\ntheme = \"drak\"\n");
    home.run(&["progress"]).code(0).warns("drak");
    assert!(home.path().join("kept/progress.sqlite3").exists());
}

/// A theme whose text has the colour #010203.
fn theme() -> String {
    let roles = "dim title strong accent border focus selected lit code link key good bad warn";
    let lines = roles.split(' ').map(|role| format!("{role} = \"red\"\n"));
    let hues = "hues = [\"red\", \"red\", \"red\", \"red\", \"red\", \"red\"]\n";
    format!("text = \"#010203\"\n{}{hues}", lines.collect::<String>())
}

#[test]
fn a_file_that_cannot_be_read_is_said_and_the_program_goes_on() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join(FILE)).expect("a folder where a file should be");
    home.run(&["demos"]).code(0).warns("this is no regular file; the defaults hold");
    let home = Home::new();
    home.file(FILE, "#".repeat(1 << 20));
    home.run(&["demos"]).code(0).warns("larger than 64 KiB");
    let home = Home::new();
    home.file(FILE, b"theme = \"\xff\xfe\"");
    home.run(&["demos"]).code(0).warns("config.toml: it is no UTF-8 text");
}

#[test]
fn a_theme_is_named_or_a_file() {
    let home = Home::new();
    home.file("mine.toml", theme());
    home.file("bad.toml", "text = \"red\"\ncolour = \"red\"\n");
    for good in ["dark", "mono", "mine.toml"] {
        home.run(&["demos", "--theme", good]).code(0).no_message();
    }
    home.run(&["demos", "--theme", "drak"]).code(2).no_result().warns("`drak` is none of dark, light, ansi, mono");
    home.run(&["demos", "--theme", "bad.toml"]).code(2).no_result().warns("bad.toml:2:1: unknown field `colour`");
    home.run(&["demos", "--theme", "."]).code(2).no_result().warns("this is no regular file");
}
