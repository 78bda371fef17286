//! `learn --list`: chapters and lessons, and which of them are done.
use std::fmt::Write;
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::Options;
use super::plain::{kept, loaded};
use super::streams::{print, safe};
use crate::content::{Chapter, Lesson};
use crate::progress::Snapshot;
use crate::recording::json::pretty;
use crate::tui::course;

/// What stands in the JSON.
pub(super) const SHAPE: &str = r#"The list as JSON:

[{
  "chapter": "W1", "title": "..", "questions": 120,
  "lessons": [
    {"id": "w01.why-layers", "title": "..", "minutes": 12,
     "steps": 13, "step": 4, "done": false}
  ]
}]

step is the one to go on with, from 1; questions are those of the chapter's quiz and drills. Fields may be added; these keep name and meaning."#;

/// A chapter in JSON; the fields are documented and stable.
#[derive(Serialize)]
struct ListedChapter<'a> {
    chapter: &'a str,
    title: &'a str,
    questions: usize,
    lessons: Vec<ListedLesson<'a>>,
}

/// A lesson in JSON.
#[derive(Serialize)]
struct ListedLesson<'a> {
    id: &'a str,
    title: &'a str,
    minutes: u32,
    steps: usize,
    step: usize,
    done: bool,
}

/// Prints the list.
pub(super) fn list(options: &Options, json: bool) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    let learner = kept(options).snapshot()?;
    if json {
        let all: Vec<ListedChapter<'_>> = content.chapters.iter().map(|it| listed(it, &learner)).collect();
        print(&pretty(&all)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    for chapter in &content.chapters {
        as_text(&mut text, chapter, &learner)?;
    }
    print(&safe(text.trim_end()))?;
    Ok(ExitCode::SUCCESS)
}

fn listed<'a>(chapter: &'a Chapter, learner: &Snapshot) -> ListedChapter<'a> {
    let lesson = |it: &'a Lesson| ListedLesson {
        id: &it.id,
        title: &it.title,
        minutes: it.minutes,
        steps: it.steps.len(),
        step: course::step(learner, it) + 1,
        done: course::is_done(learner, it),
    };
    let lessons = chapter.lessons.iter().map(lesson).collect();
    ListedChapter { chapter: &chapter.id, title: &chapter.title, questions: chapter.quiz.questions.len(), lessons }
}

fn as_text(text: &mut String, chapter: &Chapter, learner: &Snapshot) -> std::fmt::Result {
    let done = chapter.lessons.iter().filter(|it| course::is_done(learner, it)).count();
    let note = match chapter.lessons.len() {
        0 => "not written yet".to_owned(),
        all => format!("{done} of {all} done"),
    };
    writeln!(text, "{}  {}: {note}", chapter.id, chapter.title)?;
    let width = chapter.lessons.iter().map(|it| it.id.len()).max().unwrap_or(0);
    for lesson in &chapter.lessons {
        let mark = if course::is_done(learner, lesson) { "[x]" } else { "[ ]" };
        let left = match course::step(learner, lesson) {
            0 => String::new(),
            step => format!(", at step {} of {}", step + 1, lesson.steps.len()),
        };
        writeln!(text, "  {mark} {:<width$}  {} ({} min{left})", lesson.id, lesson.title, lesson.minutes)?;
    }
    writeln!(text)
}
