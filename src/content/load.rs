//! Loading: files to checked values and a list of problems. What is broken is left out; the rest is there.
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::diagnostic::{Diagnostic, Severity};
use super::files::Files;
use super::parse_lesson::lesson;
use super::parse_question::question;
use super::problems::Problems;
use super::raw::{RawChapter, RawQuestion, RawQuizHead, RawTerm};
use super::rule::Rule;
use super::source::SourceFile;
use super::tables::{no_more_keys, tables};
use super::{Chapter, Content, Quiz, Term};
use crate::quantity::{Quantity, Unit};

/// The share that passes a quiz that does not say.
const PASS_PPM: i64 = 800_000;
/// The questions of one sitting of a quiz that does not say.
const LENGTH: usize = 15;

/// Problems kept of a whole course; beyond it they are only counted.
const MOST_PROBLEMS: usize = 1000;

/// Where content comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// The lessons and quizzes inside the program.
    Embedded,
    /// Those, with the `lessons/` and `quizzes/` of this folder over them: a file of the same path replaces ours, others
    /// are added.
    Folder(&'a Path),
    /// This folder and nothing of ours.
    Alone(&'a Path),
}

/// The whole course and every problem met; errors mean that something was left out.
#[must_use]
pub fn load(source: Source<'_>) -> (Content, Vec<Diagnostic>) {
    let mut files = Files::default();
    if !matches!(source, Source::Alone(_)) {
        files.add_embedded();
    }
    if let Source::Folder(root) | Source::Alone(root) = source {
        files.add_folder(root);
    }
    assemble(files)
}

/// The course from texts by path (`lessons/chapters.toml`): what tests and benchmarks use.
#[must_use]
pub fn load_texts(texts: impl IntoIterator<Item = (String, String)>) -> (Content, Vec<Diagnostic>) {
    let mut files = Files::default();
    for (path, text) in texts {
        files.add(path.clone(), path, text.into());
    }
    assemble(files)
}

/// A course being put together.
#[derive(Default)]
struct Course {
    content: Content,
    /// Chapter by folder below `lessons/`.
    folders: BTreeMap<String, usize>,
    found: Vec<Diagnostic>,
    dropped: usize,
}

fn assemble(files: Files) -> (Content, Vec<Diagnostic>) {
    let Files { files, problems, .. } = files;
    let mut course = Course { found: problems, ..Course::default() };
    let chapters = "lessons/chapters.toml";
    match files.get(chapters) {
        Some(file) => course.chapters(file),
        None => {
            let missing = Diagnostic::of_file(Severity::Error, Rule::File, chapters);
            let help = "add it with [[chapter]] id = \"W1\", title = \"...\", folder = \"...\", goals = [\"...\"]";
            course.found.push(missing.says("there is no list of chapters", help));
        }
    }
    for (path, file) in files.iter().filter(|(path, _)| path.as_str() != chapters) {
        course.file(path, file);
    }
    let sources = files.into_values().map(|file| (file.path.clone(), Arc::new(file)));
    course.content.sources = sources.collect();
    course.say_dropped();
    (course.content, course.found)
}

impl Course {
    fn take(&mut self, found: Vec<Diagnostic>) {
        let room = MOST_PROBLEMS.saturating_sub(self.found.len()).min(found.len());
        self.dropped += found.len() - room;
        self.found.extend(found.into_iter().take(room));
    }

    fn say_dropped(&mut self) {
        if self.dropped > 0 {
            let more = Diagnostic::of_file(Severity::Error, Rule::File, "lessons and quizzes");
            let title = format!("{} more problems in these files", self.dropped);
            self.found.push(more.says(title, "mend those above first"));
        }
    }

    fn file(&mut self, path: &str, file: &SourceFile) {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["lessons", "glossary.toml"] => self.glossary(file),
            ["lessons", folder, name] if name.ends_with(".md") => self.lesson(folder, file),
            ["quizzes", name] if name.ends_with(".toml") => self.quiz(file),
            _ => {
                let help = "lessons are lessons/FOLDER/NAME.md, quizzes are quizzes/NAME.toml; delete or move it";
                let problem = Diagnostic::of_file(Severity::Warning, Rule::UnusedFile, &file.path);
                self.found.push(problem.says("nothing reads this file", help));
            }
        }
    }

    fn chapters(&mut self, file: &SourceFile) {
        let mut problems = Problems::new(file);
        let tables = tables(&file.text, "chapter", &mut problems);
        no_more_keys(&tables, &mut problems);
        for (base, table) in tables.items {
            let whole = table.span();
            problems.within(base, |problems| self.chapter(table, &whole, problems));
        }
        self.take(problems.into_found());
    }

    fn chapter(&mut self, table: Spanned<DeTable<'_>>, whole: &Range<usize>, problems: &mut Problems<'_>) {
        let Some(raw) = problems.typed(table) else { return };
        let RawChapter { id, title, folder, goals } = raw;
        let folder_span = folder.as_ref().map_or_else(|| whole.clone(), Spanned::span);
        let id = problems.required(id, "id", whole);
        let title = problems.required(title, "title", whole);
        let folder = problems.required(folder, "folder", whole);
        let goals = problems.texts(goals, "goals");
        let quiz = Quiz { pass_ppm: PASS_PPM, length: LENGTH, questions: Vec::new() };
        if id.is_empty() {
            return;
        }
        if self.content.chapter(&id).is_some() || self.folders.contains_key(&folder) {
            let title = format!("chapter `{id}` or folder `{folder}` is listed twice");
            return problems.error(Rule::DuplicateId, folder_span, title, "give each chapter its own id and folder");
        }
        self.folders.insert(folder, self.content.chapters.len());
        self.content.chapters.push(Chapter { id, title, goals, lessons: Vec::new(), quiz });
    }

    fn glossary(&mut self, file: &SourceFile) {
        let mut problems = Problems::new(file);
        let tables = tables(&file.text, "term", &mut problems);
        no_more_keys(&tables, &mut problems);
        for (base, table) in tables.items {
            let whole = table.span();
            let term = problems.within(base, |problems| term(table, &whole, problems));
            self.content.glossary.extend(term);
        }
        self.take(problems.into_found());
    }

    fn lesson(&mut self, folder: &str, file: &SourceFile) {
        let mut problems = Problems::new(file);
        let lesson = lesson(&file.text, &mut problems);
        match self.folders.get(folder) {
            Some(chapter) => self.content.chapters[*chapter].lessons.extend(lesson),
            None => {
                let title = format!("no chapter has the folder `{folder}`");
                let known: Vec<&str> = self.folders.keys().map(String::as_str).collect();
                let help = format!("move the file, or add the folder to lessons/chapters.toml: {}", known.join(", "));
                problems.error(Rule::UnknownChapter, 0..3, title, help);
            }
        }
        self.take(problems.into_found());
    }

    fn quiz(&mut self, file: &SourceFile) {
        let mut problems = Problems::new(file);
        let tables = tables(&file.text, "question", &mut problems);
        let chapter = tables.head.and_then(|(base, head)| {
            let raw = problems.within(base, |problems| problems.typed(head))?;
            self.head(raw, &mut problems)
        });
        for (base, table) in tables.items {
            let whole = table.span();
            let question = problems.within(base, |problems| {
                let raw: RawQuestion = problems.typed(table)?;
                question(raw, &whole, problems)
            });
            if let Some(chapter) = chapter {
                self.content.chapters[chapter].quiz.questions.extend(question);
            }
        }
        self.take(problems.into_found());
    }

    /// The chapter a quiz file belongs to, after taking over its pass mark and length.
    fn head(&mut self, raw: RawQuizHead, problems: &mut Problems<'_>) -> Option<usize> {
        let RawQuizHead { chapter, pass, length } = raw;
        let span = chapter.as_ref().map_or(0..1, Spanned::span);
        let id = problems.required(chapter, "chapter", &(0..1));
        let index = self.content.chapters.iter().position(|it| it.id == id);
        let Some(index) = index else {
            if !id.is_empty() {
                let known: Vec<&str> = self.content.chapters.iter().map(|it| it.id.as_str()).collect();
                let help = format!("write one of {}", known.join(", "));
                problems.error(Rule::UnknownChapter, span, format!("there is no chapter `{id}`"), help);
            }
            return None;
        };
        let quiz = &mut self.content.chapters[index].quiz;
        if let Some(pass) = pass {
            quiz.pass_ppm = self::pass(&pass, problems).unwrap_or(quiz.pass_ppm);
        }
        if let Some(length) = length {
            match usize::try_from(*length.get_ref()) {
                Ok(count @ 1..=100) => quiz.length = count,
                _ => problems.error(
                    Rule::Quantity,
                    length.span(),
                    "a sitting asks 1 to 100 questions",
                    "write length = 15",
                ),
            }
        }
        Some(index)
    }
}

fn pass(raw: &Spanned<String>, problems: &mut Problems<'_>) -> Option<i64> {
    let share = Quantity::parse(raw.get_ref(), Unit::PartsPerMillion).ok().map(|it| it.value);
    let fits = share.filter(|ppm| (1..=1_000_000).contains(ppm));
    if fits.is_none() {
        let title = format!("`{}` is no share that passes", raw.get_ref());
        problems.error(Rule::Quantity, raw.span(), title, "write pass = \"80%\"");
    }
    fits
}

fn term(table: Spanned<DeTable<'_>>, whole: &Range<usize>, problems: &mut Problems<'_>) -> Option<Term> {
    let RawTerm { term, also, meaning, source, lessons } = problems.typed(table)?;
    let term = Term {
        term: problems.required(term, "term", whole),
        also: problems.texts(also, "also"),
        meaning: problems.required(meaning, "meaning", whole),
        source: problems.optional(source).unwrap_or_default(),
        lessons: problems.texts(lessons, "lessons"),
    };
    (!term.term.is_empty() && !term.meaning.is_empty()).then_some(term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::layout::{NoRun, Row, rows};
    use crate::content::{Block, Inline, Kind, Step};

    const CHAPTERS: &str = "[[chapter]]\nid = \"W2\"\ntitle = \"TCP\"\nfolder = \"02-tcp\"\ngoals = [\"g\"]\n";

    fn loaded(files: &[(&str, &str)]) -> (Content, Vec<Diagnostic>) {
        let chapters = [("lessons/chapters.toml", CHAPTERS)];
        let files = chapters.iter().chain(files);
        load_texts(files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned())))
    }

    fn rendered(problems: &[Diagnostic]) -> String {
        problems.iter().map(|it| it.render(false)).collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn a_lesson_becomes_steps_with_what_the_demo_shows() {
        let (content, problems) =
            loaded(&[("lessons/02-tcp/01.md", include_str!("../../tests/data/content/lesson.md"))]);
        assert_eq!(rendered(&problems), "");
        insta::assert_debug_snapshot!(content.chapters[0].lessons);
    }

    #[test]
    fn every_kind_of_question_is_read() {
        let (content, problems) =
            loaded(&[("quizzes/a.toml", include_str!("../../tests/data/content/questions.toml"))]);
        assert_eq!(rendered(&problems), "");
        insta::assert_debug_snapshot!(content.chapters[0].quiz);
    }

    #[test]
    fn one_forgotten_quote_leaves_the_other_questions() {
        let sound = include_str!("../../tests/data/content/questions.toml");
        let broken = sound.replacen("difficulty = 2", "difficulty = \"2", 1);
        let (content, problems) = loaded(&[("quizzes/a.toml", &broken)]);
        let (all, _) = loaded(&[("quizzes/a.toml", sound)]);
        assert_eq!(content.questions().count(), all.questions().count() - 1);
        insta::assert_snapshot!(rendered(&problems));
    }

    #[test]
    fn all_problems_of_a_question_are_named_at_once() {
        let text = "chapter = \"W2\"\n\n[[question]]\nid = \"w02.a\"\ndifficulty = 9\nprompt = \"\"\n\n[question.single]\noptions = [{ text = \"x\" }]\n";
        let (content, problems) = loaded(&[("quizzes/a.toml", text)]);
        assert_eq!(content.questions().count(), 0);
        insta::assert_snapshot!(rendered(&problems));
    }

    #[test]
    fn control_characters_are_reported_and_made_visible() {
        let text = "+++\nid = \"w02.a\"\ntitle = \"a\\u001b[2J\"\nminutes = 5\n+++\n# One\u{1b}\n\ntwo &#27;[0m `\u{202e}` ok\n";
        let (content, problems) = loaded(&[("lessons/02-tcp/01.md", text)]);
        let lesson = &content.chapters[0].lessons[0];
        assert_eq!((lesson.title.as_str(), lesson.steps[0].title.as_str()), ("a␛[2J", "One␛"));
        let words = vec![Inline::Text("two ␛[0m ".into()), Inline::Code("\u{fffd}".into()), Inline::Text(" ok".into())];
        assert_eq!(lesson.steps[0].blocks, [Block::Paragraph(words)]);
        insta::assert_snapshot!(rendered(&problems));
    }

    #[test]
    fn windows_line_ends_and_byte_order_mark_change_nothing() {
        let text = include_str!("../../tests/data/content/lesson.md");
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        let (ours, _) = loaded(&[("lessons/02-tcp/01.md", text)]);
        let (theirs, problems) = loaded(&[("lessons/02-tcp/01.md", &windows)]);
        assert_eq!(rendered(&problems), "");
        assert_eq!(ours.chapters[0].lessons, theirs.chapters[0].lessons);
    }

    #[test]
    fn any_text_is_read_or_reported_without_a_panic() {
        let nested = format!("chapter = {}", "[".repeat(100_000));
        let deep = ["> ".repeat(5000), "- ".repeat(5000), "[".repeat(5000), "*a ".repeat(5000)];
        let odd = [
            "",
            "+++",
            "+++\n+++",
            "+++\n+++\n# a\n```predict\n",
            "+++\nid=\"w02.a\"\n+++\n# a\n<!-- show: -->\n{m:",
            "\u{0}",
            "[[question]]",
            "question = 1",
            "question = [1]",
            "[[question]]\n[question.single]\noptions = 1",
            &nested,
        ];
        let deep = deep.map(|it| format!("+++\nid = \"w02.a\"\ntitle = \"t\"\n+++\n# a\n\n{it}\n"));
        for text in deep.iter().map(String::as_str).chain(odd) {
            let (_, problems) =
                loaded(&[("lessons/02-tcp/01.md", text), ("quizzes/a.toml", text), ("lessons/glossary.toml", text)]);
            assert!(!rendered(&problems).is_empty(), "{text:.40}");
        }
    }

    #[test]
    fn the_embedded_chapters_are_those_of_the_curriculum() {
        let (content, problems) = load(Source::Embedded);
        let ids: Vec<&str> = content.chapters.iter().map(|it| it.id.as_str()).collect();
        let expected: Vec<String> = (1..=13).map(|n| format!("W{n}")).collect();
        assert_eq!(ids, expected);
        assert_eq!(rendered(&problems), "");
        assert!(content.chapters.iter().all(|it| (3..=5).contains(&it.goals.len())));
    }

    #[test]
    fn a_folder_replaces_files_of_the_same_path_and_adds_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let lessons = folder.path().join("lessons/01-osi-tcp-ip");
        std::fs::create_dir_all(&lessons).expect("folders");
        let own = "+++\nid = \"w01.own\"\ntitle = \"Own\"\nminutes = 5\n+++\n# One\n\nText.\n";
        std::fs::write(lessons.join("99-own.md"), own).expect("a lesson");
        let (content, problems) = load(Source::Folder(folder.path()));
        assert!(content.lesson("w01.own").is_some(), "{}", rendered(&problems));
        assert_eq!(content.chapters.len(), 13, "the chapters are still ours");
    }

    #[cfg(unix)]
    #[test]
    fn loops_pipes_and_foreign_files_neither_hang_nor_hide_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let lessons = folder.path().join("lessons");
        std::fs::create_dir_all(lessons.join("02-tcp")).expect("folders");
        std::fs::write(lessons.join("chapters.toml"), CHAPTERS).expect("chapters");
        std::os::unix::fs::symlink(folder.path(), lessons.join("loop")).expect("a link");
        std::os::unix::fs::symlink("nowhere", lessons.join("02-tcp/gone.md")).expect("a link");
        std::fs::write(lessons.join("02-tcp/latin.md"), b"caf\xe9").expect("a file");
        std::fs::write(lessons.join("02-tcp/picture.png"), b"x").expect("a file");
        std::fs::write(lessons.join("02-tcp/large.md"), vec![b'x'; 2 << 20]).expect("a file");
        let socket = std::os::unix::net::UnixListener::bind(lessons.join("02-tcp/socket.md")).expect("a socket");
        let (content, problems) = load(Source::Alone(folder.path()));
        drop(socket);
        assert_eq!(content.chapters.len(), 1);
        let root = folder.path().display().to_string();
        insta::assert_snapshot!(rendered(&problems).replace(&root, "FOLDER"));
    }

    #[test]
    fn a_folder_of_too_many_files_is_read_up_to_a_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let quizzes = folder.path().join("quizzes");
        std::fs::create_dir_all(&quizzes).expect("folders");
        for n in 0..5010 {
            std::fs::write(quizzes.join(format!("{n:04}.toml")), "no").expect("a file");
        }
        let (_, problems) = load(Source::Alone(folder.path()));
        assert!(problems.iter().any(|it| it.title == "more than 5000 files"));
        assert!(problems.last().is_some_and(|it| it.title.ends_with("more problems in these files")));
        assert!(problems.len() < 1100);
    }

    proptest::proptest! {
        #[test]
        fn sound_files_with_anything_cut_in_never_panic(
            at in 0.0..1.0_f64, length in 0_usize..40, other in "[\\PC\n\u{0}-\u{1f}]{0,12}", is_lesson: bool,
        ) {
            let lesson = include_str!("../../tests/data/content/lesson.md");
            let quiz = include_str!("../../tests/data/content/questions.toml");
            let chars: Vec<char> = if is_lesson { lesson } else { quiz }.chars().collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in the text")]
            let at = (at * chars.len() as f64) as usize;
            let rest = chars.iter().skip(at + length);
            let text: String = chars.iter().take(at).copied().chain(other.chars()).chain(rest.copied()).collect();
            let path = if is_lesson { "lessons/02-tcp/01.md" } else { "quizzes/a.toml" };
            let (content, problems) = loaded(&[(path, &text)]);
            let shown = rendered(&problems) + &texts(&content);
            proptest::prop_assert!(!shown.contains(is_control), "{shown:?}");
        }
    }

    /// What a reader would see of it.
    fn texts(content: &Content) -> String {
        let lessons = content.chapters.iter().flat_map(|it| &it.lessons);
        let steps =
            lessons.flat_map(|lesson| std::iter::once(lesson.title.clone()).chain(lesson.steps.iter().map(step)));
        let questions =
            content.questions().map(|it| format!("{} {} {}", it.prompt, it.explanation, it.hints.join(" ")));
        steps.chain(questions).collect()
    }

    fn step(step: &Step) -> String {
        let rows = rows(&step.blocks, 46, &NoRun);
        step.title.clone() + &rows.iter().map(Row::text).collect::<String>()
    }

    /// A line's end aside, what a terminal would obey.
    fn is_control(c: char) -> bool {
        c != '\n' && crate::content::is_unseen(c)
    }

    #[test]
    fn kinds_have_their_answers() {
        let (content, _) = loaded(&[("quizzes/a.toml", include_str!("../../tests/data/content/questions.toml"))]);
        let cards = content.questions().filter(|it| matches!(it.kind, Kind::Card { .. })).count();
        assert_eq!((content.questions().count(), cards), (11, 1));
    }
}
