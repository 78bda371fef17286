//! Where the learner stands in the course: the lesson to go on with, and the lesson a word means.
use crate::content::{Content, Lesson};
use crate::progress::Snapshot;

/// The lesson the learner was in last, or the first that is not done; with its step.
#[must_use]
pub fn next<'a>(content: &'a Content, learner: &Snapshot) -> Option<(&'a Lesson, usize)> {
    let lessons = || content.chapters.iter().flat_map(|chapter| &chapter.lessons);
    let at = |lesson: &&Lesson| learner.lessons.get(&lesson.id).filter(|it| it.done.is_none()).map(|it| it.at);
    let begun = lessons().filter(|lesson| at(lesson).is_some()).max_by_key(at);
    let fresh = || lessons().find(|lesson| !is_done(learner, lesson));
    begun.or_else(fresh).map(|lesson| (lesson, step(learner, lesson)))
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

/// The lesson a text means (its id, or a part of its title); without a text the next one; with its step.
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
    let wanted = text.to_lowercase();
    let holds = |it: &&Lesson| it.title.to_lowercase().contains(&wanted) || it.id.contains(&wanted);
    let found: Vec<&Lesson> = all().filter(holds).collect();
    let ids = |lessons: Vec<&Lesson>| lessons.iter().map(|it| it.id.clone()).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [lesson] => Ok((lesson, step(learner, lesson))),
        [] => Err(format!("No lesson is called `{text}`; there are {}.", ids(all().collect()))),
        _ => Err(format!("`{text}` may mean {}: name one.", ids(found))),
    }
}
