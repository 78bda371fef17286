//! Content files from the binary and from a folder: bounded, plain files only, safe to show.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::diagnostic::{Diagnostic, Severity};
use super::rule::Rule;
use super::source::{SourceFile, is_unseen, visible};

static LESSONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/lessons");
static QUIZZES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/quizzes");

/// The folders content lies in.
const FOLDERS: [&str; 2] = ["lessons", "quizzes"];
/// Bytes of one file.
const LARGEST: u64 = 1 << 20;
/// Files of one folder of content.
const MOST_FILES: usize = 5000;
/// Folders inside each other.
const DEEPEST: usize = 4;

/// Files by their path below the content folder (`quizzes/a.toml`), with the problems met on the way.
#[derive(Default)]
pub(super) struct Files {
    pub(super) files: BTreeMap<String, SourceFile>,
    pub(super) problems: Vec<Diagnostic>,
    seen: usize,
}

impl Files {
    /// Adds the files that are part of the program.
    pub(super) fn add_embedded(&mut self) {
        for (folder, dir) in FOLDERS.into_iter().zip([&LESSONS, &QUIZZES]) {
            self.add_dir(folder, dir);
        }
    }

    fn add_dir(&mut self, folder: &str, dir: &'static Dir<'static>) {
        for file in dir.files() {
            let Some(path) = file.path().to_str().filter(|path| is_content(path)) else { continue };
            if let Ok(text) = std::str::from_utf8(file.contents()) {
                let path = format!("{folder}/{path}");
                self.add(path.clone(), path.clone(), Cow::Borrowed(text));
                self.files.entry(path).and_modify(|file| file.shipped = true);
            }
        }
        for inner in dir.dirs() {
            self.add_dir(folder, inner);
        }
    }

    /// Adds the files below a folder; they replace files of the same path.
    pub(super) fn add_folder(&mut self, root: &Path) {
        let found = FOLDERS.into_iter().filter(|name| root.join(name).is_dir()).count();
        if found == 0 {
            let help = "name a folder that has a folder `lessons` or `quizzes` in it";
            return self.problem(&root.display().to_string(), "no content in this folder", help);
        }
        for name in FOLDERS {
            if root.join(name).is_dir() {
                self.walk(&root.join(name), name, 0);
            }
        }
    }

    fn walk(&mut self, folder: &Path, below: &str, depth: usize) {
        let names = match names(folder) {
            Ok(names) => names,
            Err(error) => return self.unreadable(folder, &error),
        };
        for name in names.into_iter().filter(|name| !name.starts_with('.') && !name.ends_with('~')) {
            self.seen += 1;
            if self.seen > MOST_FILES {
                if self.seen == MOST_FILES + 1 {
                    let help = "name a smaller folder; the files beyond it are left out";
                    self.problem(&folder.display().to_string(), &format!("more than {MOST_FILES} files"), help);
                }
                return;
            }
            self.entry(&folder.join(&name), format!("{below}/{name}"), depth);
        }
    }

    fn entry(&mut self, path: &Path, below: String, depth: usize) {
        let linked = fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
        match fs::metadata(path) {
            Err(error) => self.unreadable(path, &error),
            Ok(it) if it.is_dir() && (linked || depth >= DEEPEST) => {
                let help =
                    format!("move its files here: links to folders and more than {DEEPEST} levels are not followed");
                self.problem(&path.display().to_string(), "this folder is not read", &help);
            }
            Ok(it) if it.is_dir() => self.walk(path, &below, depth + 1),
            Ok(it) if it.is_file() && !is_content(&below) => self.unused(path),
            Ok(it) if it.is_file() => self.read(path, below),
            Ok(_) => {
                self.problem(&path.display().to_string(), "not a plain file", "replace it by a file, or delete it")
            }
        }
    }

    fn read(&mut self, path: &Path, below: String) {
        let shown = path.display().to_string();
        match bounded(path) {
            Err(error) => self.unreadable(path, &error),
            Ok(bytes) if bytes.len() as u64 > LARGEST => {
                self.problem(&shown, "larger than 1 MiB", "split it into several files");
            }
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => self.add(below, shown, Cow::Owned(text)),
                Err(_) => self.problem(&shown, "not UTF-8 text", "save it as UTF-8"),
            },
        }
    }

    /// Adds one file under its path; control characters are reported and made visible.
    pub(super) fn add(&mut self, below: String, shown: String, text: Cow<'static, str>) {
        let (text, unseen) = clean(text);
        let file = SourceFile::new(shown, text);
        for (offset, character) in unseen {
            let title = format!("control character U+{:04X}", u32::from(character));
            let help = "delete it, or describe it in words: it could drive the reader's terminal";
            let place = Diagnostic::new(Severity::Error, Rule::ControlCharacter, &file, offset..offset + 1);
            self.problems.push(place.says(title, help));
        }
        self.files.insert(below, file);
    }

    fn unused(&mut self, path: &Path) {
        if path.file_name().is_some_and(|name| name == "README.md") {
            return;
        }
        let help = "lessons are lessons/FOLDER/NAME.md, quizzes are quizzes/NAME.toml; delete or move it";
        let problem = Diagnostic::of_file(Severity::Warning, Rule::UnusedFile, &path.display().to_string());
        self.problems.push(problem.says("nothing reads this file", help));
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.problem(
            &path.display().to_string(),
            &format!("cannot be read: {error}"),
            "mend its permissions or delete it",
        );
    }

    fn problem(&mut self, path: &str, title: &str, help: &str) {
        self.problems.push(Diagnostic::of_file(Severity::Error, Rule::File, path).says(title, help));
    }
}

/// Whether a path below the content folder is read: lessons, quizzes, chapters and glossary.
fn is_content(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(|it| it.to_str());
    matches!(extension, Some("md" | "toml")) && !path.ends_with("README.md")
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.take(MOST_FILES + 1);
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Unix line ends, no byte order mark, every unseen character made visible; with where they stand, twenty at most.
fn clean(text: Cow<'static, str>) -> (Cow<'static, str>, Vec<(usize, char)>) {
    if !text.contains('\r') && !text.chars().any(is_unseen) {
        return (text, Vec::new());
    }
    let lines = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
    let mut unseen = Vec::new();
    let mut seen = String::with_capacity(lines.len());
    for character in lines.chars() {
        if is_unseen(character) && unseen.len() < 20 {
            unseen.push((seen.len(), character));
        }
        seen.push(visible(character));
    }
    (Cow::Owned(seen), unseen)
}
