//! `progress`: what the learner has done; out of here and in again.
use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::arguments::{Options, Progress};
use super::folders;
use super::plain::loaded;
use super::run_output::print;
use crate::practice::{Standing, standings};
use crate::progress::{Snapshot, Store};
use crate::quantity::{Quantity, Unit};

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
    let mut store = Store::open(&folders::progress_file(options)?)?;
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
        return print(&text);
    }
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    eprintln!("{} holds everything", file.display());
    Ok(())
}

fn import(store: &mut Store, file: &Path) -> anyhow::Result<()> {
    let open = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let imported = store.import(open).with_context(|| file.display().to_string())?;
    eprintln!("{} answers are new, {} were known", imported.answers, imported.known);
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
        return print(&serde_json::to_string_pretty(&summary)?);
    }
    print(&as_text(snapshot, &standings)?)
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
    let share_ppm = it.points_ppm / i64::from(it.asked.max(1));
    ListedQuiz { chapter: &it.chapter, ended: it.ended.to_string(), asked: it.asked, share_ppm }
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
        let share = Quantity::new(quiz.points_ppm / i64::from(quiz.asked.max(1)), Unit::PartsPerMillion);
        writeln!(text, "quiz of {}: {share} of {} questions, {}", quiz.chapter, quiz.asked, quiz.ended.strftime("%F"))?;
    }
    if let Some(date) = snapshot.interview {
        writeln!(text, "interview on {date}")?;
    }
    Ok(text)
}
