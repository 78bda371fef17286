//! `progress`: what the learner has done; out of here and in again.
use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::NO;
use super::arguments::{Options, Progress};
use super::folders;
use super::plain::loaded;
use super::streams::{print, safe, tell};
use crate::practice::score::percent;
use crate::practice::{Standing, standings};
use crate::progress::{Snapshot, Store, StoreError, set_aside};
use crate::recording::json::{escaped, pretty};

/// What stands in the JSON.
pub(super) const SHAPE: &str = r#"The summary as JSON:

{
  "interview": "2027-01-15",
  "chapters": [{"chapter": "W1", "lessons": 10, "lessons_done": 3,
    "questions": 120, "seen": 40, "known": 25, "due": 7}],
  "quizzes": [{"chapter": "W1", "ended": "2026-10-01T19:30:00Z",
    "asked": 15, "share_ppm": 850000}]
}

interview is null where no date is set; share_ppm is the share of the points, 1000000 for all. Fields may be added; these keep name and meaning."#;

/// The summary in JSON; the fields are documented and stable.
#[derive(Serialize)]
struct Summary<'a> {
    interview: Option<String>,
    chapters: Vec<ListedChapter<'a>>,
    quizzes: Vec<ListedQuiz<'a>>,
}

#[derive(Serialize)]
struct ListedChapter<'a> {
    chapter: &'a str,
    lessons: usize,
    lessons_done: usize,
    questions: usize,
    seen: usize,
    known: usize,
    due: usize,
}

#[derive(Serialize)]
struct ListedQuiz<'a> {
    chapter: &'a str,
    ended: String,
    asked: u32,
    share_ppm: i64,
}

/// Shows, exports or imports.
pub(super) fn run(options: &Options, progress: &Progress) -> anyhow::Result<ExitCode> {
    let path = folders::progress_file(options)?;
    if progress.set_aside {
        return aside(&path);
    }
    let mut store = Store::open(&path)?;
    match (&progress.export, &progress.import) {
        (Some(file), _) => export(&mut store, file)?,
        (_, Some(file)) => import(&mut store, file)?,
        (None, None) => show(options, &store.snapshot()?, progress.json)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn export(store: &mut Store, file: &Path) -> anyhow::Result<()> {
    let text = store.export()?;
    if file == Path::new("-") {
        return print(&escaped(&text));
    }
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    tell(&format!("{} holds everything", file.display()));
    Ok(())
}

fn import(store: &mut Store, file: &Path) -> anyhow::Result<()> {
    let imported = if file == Path::new("-") {
        store.import(std::io::stdin().lock()).context("standard input")?
    } else {
        let open = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
        store.import(open).with_context(|| file.display().to_string())?
    };
    tell(&format!("answers that are new: {}; that were known: {}", imported.answers, imported.known));
    Ok(())
}

fn show(options: &Options, snapshot: &Snapshot, json: bool) -> anyhow::Result<()> {
    let content = loaded(options);
    let done = |id: &str| snapshot.lessons.get(id).is_some_and(|it| it.done.is_some());
    let today = jiff::Zoned::now().date();
    let standings = standings(&content, &snapshot.memories, done, today, snapshot.interview);
    if json {
        let summary = Summary {
            interview: snapshot.interview.map(|date| date.to_string()),
            chapters: standings.iter().map(listed).collect(),
            quizzes: snapshot.quizzes.iter().map(listed_quiz).collect(),
        };
        return print(&pretty(&summary)?);
    }
    print(&safe(&as_text(snapshot, &standings)?))
}

/// Moves a damaged file away; one that is sound stays, whoever asks.
fn aside(path: &Path) -> anyhow::Result<ExitCode> {
    if !path.exists() {
        tell(&format!("{} is not there yet: there is nothing to set aside", path.display()));
        return Ok(ExitCode::from(NO));
    }
    match Store::open(path).and_then(|store| store.verify()) {
        Ok(()) => {
            tell(&format!("{} is sound, and stays where it is; nothing was done", path.display()));
            Ok(ExitCode::from(NO))
        }
        Err(StoreError::Damaged { detail, .. }) => {
            let to = set_aside(path).with_context(|| format!("{} cannot be moved", path.display()))?;
            tell(&format!("the damaged file ({detail}) is now {}; the next start begins a new one", to.display()));
            Ok(ExitCode::SUCCESS)
        }
        Err(other) => Err(other.into()),
    }
}

fn listed(it: &Standing) -> ListedChapter<'_> {
    ListedChapter {
        chapter: &it.chapter,
        lessons: it.lessons,
        lessons_done: it.lessons_done,
        questions: it.questions,
        seen: it.seen,
        known: it.known,
        due: it.due,
    }
}

fn listed_quiz(it: &crate::progress::QuizResult) -> ListedQuiz<'_> {
    ListedQuiz { chapter: &it.chapter, ended: it.ended.to_string(), asked: it.asked, share_ppm: it.share_ppm() }
}

fn as_text(snapshot: &Snapshot, standings: &[Standing]) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "chapter  lessons done  questions  seen  known  due")?;
    for it in standings.iter().filter(|it| it.lessons + it.questions > 0) {
        let done = format!("{} of {}", it.lessons_done, it.lessons);
        writeln!(
            text,
            "{:<8} {done:>12} {:>10} {:>5} {:>6} {:>4}",
            it.chapter, it.questions, it.seen, it.known, it.due
        )?;
    }
    for quiz in &snapshot.quizzes {
        let share = percent(quiz.share_ppm());
        writeln!(text, "quiz of {}: {share} of {} questions, {}", quiz.chapter, quiz.asked, quiz.ended.strftime("%F"))?;
    }
    if let Some(date) = snapshot.interview {
        writeln!(text, "interview on {date}")?;
    }
    Ok(text)
}
