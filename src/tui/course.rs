//! Where the learner stands in the course: the lesson to go on with, and the lesson a word means.
use crate::content::{Chapter, Content, DemoRef, Lesson};
use crate::demos;
use crate::practice::Wish;
use crate::progress::Snapshot;
use crate::tui::action::DrillWish;

/// The tag of exercises made of the packets of a run.
pub const EXERCISES: &str = "exercises";

/// A drill of those alone.
#[must_use]
pub fn exercises() -> DrillWish {
    let wish = Wish { tags: vec![EXERCISES.to_owned()], ..Wish::default() };
    DrillWish { wish, until: None }
}

/// The lesson the learner was in last, or what follows the one done last, or the first that is not done; with its step.
#[must_use]
pub fn next<'a>(content: &'a Content, learner: &Snapshot) -> Option<(&'a Lesson, usize)> {
    let lessons = || content.chapters.iter().flat_map(|chapter| &chapter.lessons);
    let at = |lesson: &&Lesson| learner.lessons.get(&lesson.id).filter(|it| it.done.is_none()).map(|it| it.at);
    let begun = lessons().filter(|lesson| at(lesson).is_some()).max_by_key(at);
    let fresh = || lessons().find(|lesson| !is_done(learner, lesson));
    let done =
        || lessons().filter(|it| is_done(learner, it)).max_by_key(|it| learner.lessons.get(&it.id).map(|it| it.at));
    let follows = || done().and_then(|last| following(content, learner, &last.id));
    begun.or_else(follows).or_else(fresh).map(|lesson| (lesson, step(learner, lesson)))
}

/// What comes after a lesson: the next of its chapter that is not done, or else the one to go on with; with its step.
#[must_use]
pub fn after<'a>(content: &'a Content, learner: &Snapshot, id: &str) -> Option<(&'a Lesson, usize)> {
    let here = following(content, learner, id).map(|lesson| (lesson, step(learner, lesson)));
    here.or_else(|| next(content, learner))
}

/// The next lesson of the same chapter that is not done.
fn following<'a>(content: &'a Content, learner: &Snapshot, id: &str) -> Option<&'a Lesson> {
    let (chapter, _) = content.lesson(id)?;
    let later = chapter.lessons.iter().skip_while(|it| it.id != id).skip(1);
    later.into_iter().find(|it| !is_done(learner, it))
}

/// Whether the learner went through all of it.
#[must_use]
pub fn is_done(learner: &Snapshot, lesson: &Lesson) -> bool {
    learner.lessons.get(&lesson.id).is_some_and(|it| it.done.is_some())
}

/// The step to go on with; a lesson that is done begins again.
#[must_use]
pub fn step(learner: &Snapshot, lesson: &Lesson) -> usize {
    let position = learner.lessons.get(&lesson.id).filter(|it| it.done.is_none());
    position.map_or(0, |it| it.step as usize).min(lesson.steps.len().saturating_sub(1))
}

/// The lesson a text means (its id, a part of its title, or its demo); without a text the next one; with its step.
///
/// # Errors
/// A message that names the lessons there are.
pub fn meant<'a>(content: &'a Content, learner: &Snapshot, text: Option<&str>) -> Result<(&'a Lesson, usize), String> {
    let all = || content.chapters.iter().flat_map(|chapter| &chapter.lessons);
    let Some(text) = text else {
        let first = || all().next().map(|lesson| (lesson, 0));
        return next(content, learner).or_else(first).ok_or_else(|| "There are no lessons.".to_owned());
    };
    if let Some((_, lesson)) = content.lesson(text) {
        return Ok((lesson, step(learner, lesson)));
    }
    if let Some(chapter) = content.chapters.iter().find(|it| it.id.eq_ignore_ascii_case(text)) {
        let id = &chapter.id;
        return Err(format!(
            "the lessons of {id} are\n{}{id} is a chapter: name one of its lessons.",
            list(&chapter.lessons)
        ));
    }
    let wanted = text.to_lowercase();
    let holds = |it: &&Lesson| it.title.to_lowercase().contains(&wanted) || it.id.contains(&wanted);
    let mut found: Vec<&Lesson> = all().filter(holds).collect();
    if found.is_empty() {
        found = all().filter(|it| has_demo(it, &wanted)).collect();
    }
    match found.as_slice() {
        [lesson] => Ok((lesson, step(learner, lesson))),
        [] => Err(format!("the lessons are\n{}No lesson is called `{text}`.", list(all()))),
        _ => Err(format!("these fit\n{}`{text}` may mean several: name one.", list(found))),
    }
}

/// Lessons a line each, for above a sentence: below it a long list would push it off the screen.
fn list<'a>(lessons: impl IntoIterator<Item = &'a Lesson>) -> String {
    lessons.into_iter().map(|it| format!("  {}  {}\n", it.id, it.title)).collect()
}

/// Chapters the learner has begun: a lesson of it done, or its quiz taken.
#[must_use]
pub fn begun(content: &Content, learner: &Snapshot) -> Vec<String> {
    let is_begun = |chapter: &&Chapter| {
        let is_taken = learner.quizzes.iter().any(|it| it.chapter == chapter.id);
        is_taken || chapter.lessons.iter().any(|it| is_done(learner, it))
    };
    content.chapters.iter().filter(is_begun).map(|it| it.id.clone()).collect()
}

/// Whether a lesson shows a demo whose name or title holds the text.
fn has_demo(lesson: &Lesson, wanted: &str) -> bool {
    let holds = |it: &DemoRef| {
        let title = demos::find(&it.name).map_or("", |demo| demo.title);
        it.name.contains(wanted) || title.to_lowercase().contains(wanted)
    };
    lesson.demo.iter().chain(lesson.steps.iter().filter_map(|step| step.run.as_ref())).any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{self, Source};

    #[test]
    fn a_chapter_where_a_lesson_is_wanted_lists_its_own_lessons_only() {
        let (content, _) = content::load(Source::Embedded);
        let told = meant(&content, &Snapshot::default(), Some("w3")).expect_err("a chapter");
        let lessons = told.lines().filter(|line| line.starts_with("  ")).count();
        assert_eq!(lessons, content.chapter("W3").expect("it ships").lessons.len(), "{told}");
        assert!(told.ends_with("W3 is a chapter: name one of its lessons."), "{told}");
    }
}
