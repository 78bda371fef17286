//! How far the learner is with each chapter: for the home screen and `progress`.
use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Memory;
use crate::content::Content;

/// A chapter in numbers. A chapter without content has zeros.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Standing {
    /// The chapter's id.
    pub chapter: String,
    pub lessons: usize,
    pub lessons_done: usize,
    /// Cards included.
    pub questions: usize,
    /// Answered at least once.
    pub seen: usize,
    /// Right the last time and not due.
    pub known: usize,
    /// To come back today or before.
    pub due: usize,
    /// Wrong the last time, though the learner was sure.
    pub overconfident: usize,
}

/// Every chapter of `content` in its order. Memories of questions that are gone count nowhere.
#[must_use]
pub fn standings(
    content: &Content,
    memories: &BTreeMap<String, Memory>,
    done: impl Fn(&str) -> bool,
    today: Date,
    until: Option<Date>,
) -> Vec<Standing> {
    let chapters = content.chapters.iter().map(|chapter| {
        let seen: Vec<&Memory> = chapter.quiz.questions.iter().filter_map(|it| memories.get(&it.id)).collect();
        let count = |holds: &dyn Fn(&Memory) -> bool| seen.iter().filter(|memory| holds(memory)).count();
        Standing {
            chapter: chapter.id.clone(),
            lessons: chapter.lessons.len(),
            lessons_done: chapter.lessons.iter().filter(|lesson| done(&lesson.id)).count(),
            questions: chapter.quiz.questions.len(),
            seen: seen.len(),
            known: count(&|it| it.is_known(today, until)),
            due: count(&|it| it.is_due(today, until)),
            overconfident: count(&|it| it.overconfident),
        }
    });
    chapters.collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::content::{Chapter, Kind, Lesson, Question, Quiz};
    use crate::practice::{Confidence, Outcome, Verdict, review};

    fn question(id: &str) -> Question {
        Question {
            id: id.to_owned(),
            prompt: String::new(),
            kind: Kind::Short { accept: vec![], near: vec![] },
            explanation: String::new(),
            source: String::new(),
            difficulty: 1,
            covers: vec![],
            corrects: vec![],
            tags: vec![],
            hints: vec![],
            twin: None,
            confusable: None,
            demo: None,
            show: None,
            path: String::new(),
            line: 1,
        }
    }

    #[test]
    fn counts_what_is_seen_known_due_and_only_thought_to_be_known() {
        let lesson = |id: &str| Lesson { id: id.to_owned(), ..Lesson::default() };
        let quiz = Quiz { questions: ["new", "known", "due", "wrong"].map(question).into(), ..Quiz::default() };
        let lessons = vec![lesson("a"), lesson("b")];
        let full = Chapter { id: "W1".into(), lessons, quiz, ..Chapter::default() };
        let content = Content { chapters: vec![full, Chapter::default()], ..Content::default() };
        let today = date(2026, 6, 10);
        let answered =
            |verdict, day| review(None, &Outcome { verdict, confidence: Some(Confidence::Sure), hints: 0, day });
        let memories = [
            ("known".to_owned(), answered(Verdict::Right, today)),
            ("due".to_owned(), answered(Verdict::Right, date(2026, 6, 1))),
            ("wrong".to_owned(), answered(Verdict::Wrong, today)),
            ("gone".to_owned(), answered(Verdict::Wrong, date(2026, 6, 1))),
        ];
        let standings = standings(&content, &memories.into(), |lesson| lesson == "b", today, None);
        let (chapter, lessons, lessons_done) = ("W1".to_owned(), 2, 1);
        let (questions, seen, known, due, overconfident) = (4, 3, 1, 1, 1);
        let full = Standing { chapter, lessons, lessons_done, questions, seen, known, due, overconfident };
        assert_eq!(standings, [full, Standing::default()]);
    }
}
