//! Content held to its rules: ours passes, and every broken file of `data/bad_content` gets its message.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use roundtrip::content::Exercise;
use roundtrip::content::{
    Content, DemoRef, Diagnostic, Known, PacketFields, Rule, RunFacts, Source, check, load, load_texts, summary,
};
use roundtrip::quantity::{Quantity, Unit};
use roundtrip::tui::runs::DemoRuns;

fn rendered<'d>(problems: impl IntoIterator<Item = &'d Diagnostic>) -> String {
    problems.into_iter().map(|it| it.render(false)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn our_content_loads_without_a_problem() {
    let (content, problems) = load(Source::Embedded);
    assert!(problems.is_empty(), "{}\n\n{}", rendered(&problems), summary(&problems));
    assert_eq!(content.chapters.len(), 13);
}

#[test]
fn our_content_breaks_no_rule() {
    let (content, _) = load(Source::Embedded);
    let mut problems = check(&content, &DemoRuns);
    problems.retain(|it| it.is_error());
    assert!(problems.is_empty(), "{}\n\n{}", rendered(&problems), summary(&problems));
}

/// Demos that never change, so that the messages do not either.
struct Fixture;

impl Known for Fixture {
    fn demos(&self) -> Vec<String> {
        vec!["echo".to_owned(), "encapsulation".to_owned()]
    }

    fn views(&self) -> Vec<String> {
        ["sequence", "packets", "waterfall", "topology", "chart", "table", "states"].map(str::to_owned).to_vec()
    }

    fn knobs(&self, _demo: &str) -> Vec<String> {
        vec!["rtt".to_owned(), "size".to_owned()]
    }

    fn knob(&self, _demo: &str, _knob: &str, value: &str) -> Result<(), String> {
        let time = Quantity::parse(value, Unit::Nanoseconds).map_err(|error| error.to_string())?;
        if time.value > 1_000_000_000 { Err("it goes from 0 ms to 1 s".to_owned()) } else { Ok(()) }
    }

    fn unit(&self, _demo: &str, _knob: &str) -> Option<Unit> {
        Some(Unit::Nanoseconds)
    }

    fn exercise(&self, exercise: &Exercise, _settings: &BTreeMap<String, String>, _seed: u64) -> Result<(), String> {
        if exercise.make == "ack" { Ok(()) } else { Err("there are only the kinds ack".to_owned()) }
    }

    fn run(&self, demo: &DemoRef, _seed: u64, _fields: bool) -> RunFacts {
        let rtt = demo.knobs.get("rtt").map_or("50ms", String::as_str);
        let rtt = Quantity::parse(rtt, Unit::Nanoseconds).expect("a time");
        let clear = BTreeSet::from(["tcp.seq", "tcp.flags", "tcp.flags.syn", "ip.ttl"].map(str::to_owned));
        let opened = BTreeSet::from(["http.host".to_owned()]);
        let markers = [("syn".to_owned(), Some(PacketFields { clear, opened })), ("idle".to_owned(), None)];
        let measurements = [("handshake_rtt".to_owned(), rtt), ("packets".to_owned(), Quantity::count(3))];
        RunFacts { measurements: measurements.into(), markers: markers.into() }
    }
}

const CHAPTERS: &str = "[[chapter]]\nid = \"W2\"\ntitle = \"TCP\"\nfolder = \"02-tcp\"\ngoals = [\"g\"]\n";
const GLOSSARY: &str = "[[term]]\nterm = \"MTU\"\nmeaning = \"The largest packet of a link.\"\nsource = \"RFC 1191\"\n";

/// The content with one case in it, and every problem.
fn loaded(name: &str, text: &str) -> (Content, Vec<Diagnostic>) {
    let folder = if name.ends_with(".md") { "lessons/02-tcp" } else { "quizzes" };
    let files = [
        ("lessons/chapters.toml".to_owned(), CHAPTERS.to_owned()),
        ("lessons/glossary.toml".to_owned(), GLOSSARY.to_owned()),
        (format!("{folder}/{name}"), text.to_owned()),
    ];
    let (content, mut problems) = load_texts(files);
    problems.extend(check(&content, &Fixture));
    (content, problems)
}

#[test]
fn every_broken_file_gets_its_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bad_content");
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for entry in fs::read_dir(&folder).expect("the folder of broken files") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name in UTF-8");
        let Some((stem, _)) = name.rsplit_once('.').filter(|(_, end)| matches!(*end, "md" | "toml")) else { continue };
        if stem == "README" {
            continue;
        }
        let rule = stem.split("--").next().unwrap_or(stem);
        let rule = Rule::ALL.iter().find(|it| it.name() == rule).unwrap_or_else(|| panic!("{name} names no rule"));
        let text = fs::read_to_string(folder.join(&name)).expect("a text");
        let (_, problems) = loaded(&name, &text);
        let about = |it: &&Diagnostic| it.path.ends_with(&name) || it.rule == *rule;
        let shown: Vec<&Diagnostic> = problems.iter().filter(about).collect();
        assert!(shown.iter().any(|it| it.rule == *rule), "{name}: {}", rendered(&problems));
        assert!(shown.iter().all(|it| !it.help.is_empty()), "{name} is not told what to do");
        settings.bind(|| insta::assert_snapshot!(name.as_str(), rendered(shown)));
        *rules.entry(rule.name()).or_default() += 1;
    }
    // Files that cannot be read and files that nobody reads need a folder: src/content/load.rs tests them.
    let elsewhere = [Rule::File, Rule::UnusedFile];
    let untested: Vec<&str> = Rule::ALL
        .iter()
        .filter(|it| !elsewhere.contains(it))
        .map(|it| it.name())
        .filter(|it| !rules.contains_key(it))
        .collect();
    assert!(untested.is_empty(), "no broken file for {untested:?}");
}

#[test]
fn sound_content_has_no_problem_but_what_is_missing() {
    let chapter = include_str!("data/content/questions.toml");
    let (content, problems) = loaded("sound.toml", chapter);
    assert_eq!(content.questions().count(), 11);
    let unknown =
        |it: &&Diagnostic| !matches!(it.rule, Rule::UnknownDemo | Rule::RowNotCovered | Rule::ErratumNotCorrected);
    assert_eq!(rendered(problems.iter().filter(unknown)), "");
}
