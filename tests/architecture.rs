//! The layout held to ARCHITECTURE.md: who may import whom, which words stay where, how long a file may be.
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `src`, and the folders it may import beside `quantity`.
const MAY_USE: &[(&str, &str)] = &[
    ("wire", ""),
    ("recording", "wire"),
    ("lab", "recording wire"),
    ("net", "lab recording wire"),
    ("services", "net recording wire"),
    ("demos", "services net lab recording wire"),
    ("content", ""),
    ("practice", "content"),
    ("progress", "practice content"),
    ("tui", "demos recording wire progress practice content"),
    ("cli", "tui demos services net recording wire progress practice content"),
];

/// A word, the folders that may say it, and why.
const ONLY_IN: &[(&str, &str, &str)] = &[
    ("ratatui::", "tui cli", "drawing is the screen's"),
    ("crossterm::", "tui", "keys are the screen's"),
    ("rusqlite", "progress", "the store hides its database"),
    ("clap", "cli", "arguments are the command line's"),
    ("smoltcp", "lab", "the stack must not be visible above the lab"),
    (
        "std::thread",
        "content tui net",
        "all else is one thread; the check runs demos side by side, net/host measures threads",
    ),
    ("std::fs", "cli content progress tui net", "files are read and written at the edge; net/host reads /proc"),
    ("Instant::now", "tui net", "time is an argument"),
    ("SystemTime::now", "", "time is an argument"),
    ("Timestamp::now", "cli tui", "time is an argument"),
    ("Zoned::now", "cli tui", "the date is an argument"),
    ("HashMap", "", "its order is random, and a run must repeat"),
    ("crate::{", "", "one `use crate::folder::...` line a folder: imports read as a list of dependencies"),
];

/// Lines of code in a file, without tests, comments and blanks.
const MOST_LINES: usize = 500;

#[test]
fn folders_import_only_what_the_map_allows() {
    let mut wrong = Vec::new();
    for (folder, allowed) in MAY_USE {
        for (place, line) in lines_of(folder) {
            let used = line.split("crate::").skip(1).filter_map(|rest| rest.split([':', ';', ' ', '{']).next());
            for name in used.filter(|name| MAY_USE.iter().any(|(known, _)| known == name)) {
                if name != *folder && !lists(allowed, name) {
                    wrong.push(format!("{place}: {folder} must not import {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn words_stay_in_their_folders() {
    let mut wrong = Vec::new();
    for (folder, _) in MAY_USE {
        for (place, line) in lines_of(folder) {
            for (word, allowed, why) in ONLY_IN {
                if line.contains(word) && !lists(allowed, folder) {
                    wrong.push(format!("{place}: `{word}` does not belong in {folder}: {why}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_its_purpose_and_stays_small() {
    let mut wrong = Vec::new();
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).expect("a file just listed");
        if !text.starts_with("//!") {
            wrong.push(format!("{}: does not open with a `//!` line", file.display()));
        }
        let count = code(&text).len();
        if count > MOST_LINES {
            wrong.push(format!("{}: {count} lines of code, more than {MOST_LINES}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_map_names_every_folder() {
    let entries = fs::read_dir("src").expect("src");
    let folders = entries.map(|it| it.expect("an entry")).filter(|it| it.path().is_dir());
    for folder in folders {
        let name = folder.file_name().into_string().expect("UTF-8");
        assert!(
            MAY_USE.iter().any(|(known, _)| *known == name),
            "src/{name} is not in the map of tests/architecture.rs"
        );
    }
}

fn lists(names: &str, name: &str) -> bool {
    names.split(' ').any(|listed| listed == name)
}

/// The code of a folder, each line with its place. Tests may use what they like.
fn lines_of(folder: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for file in rust_files(&Path::new("src").join(folder)) {
        let is_test = file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
        if is_test {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a file just listed");
        all.extend(code(&text).into_iter().map(|(n, line)| (format!("{}:{n}", file.display()), line.to_owned())));
    }
    all
}

/// Numbered lines up to the inline tests, without comments and blanks.
fn code(text: &str) -> Vec<(usize, &str)> {
    let numbered = (1..).zip(text.lines()).take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    numbered.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//")).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
