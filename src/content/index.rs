//! Finds a question by its id without looking through all of them.
use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{Chapter, Question};

/// Where each question stands, made at the first look-up.
#[derive(Clone, Debug, Default)]
pub struct Index(OnceLock<Places>);

#[derive(Clone, Debug, Default)]
struct Places {
    /// Chapter and question by id; of two with one id, the first.
    by_id: BTreeMap<String, (usize, usize)>,
    count: usize,
}

impl Index {
    /// The question of that id. Chapters that were changed since the first look-up are looked through.
    pub(super) fn question<'c>(&self, chapters: &'c [Chapter], id: &str) -> Option<&'c Question> {
        let places = self.0.get_or_init(|| Places::of(chapters));
        let Some((chapter, at)) = places.by_id.get(id) else {
            let unchanged = places.count == count(chapters);
            return if unchanged { None } else { through_all(chapters, id) };
        };
        let found = chapters.get(*chapter).and_then(|it| it.quiz.questions.get(*at)).filter(|it| it.id == id);
        found.or_else(|| through_all(chapters, id))
    }
}

fn through_all<'c>(chapters: &'c [Chapter], id: &str) -> Option<&'c Question> {
    chapters.iter().flat_map(|it| &it.quiz.questions).find(|it| it.id == id)
}

impl Places {
    fn of(chapters: &[Chapter]) -> Self {
        let mut by_id = BTreeMap::new();
        for (number, chapter) in chapters.iter().enumerate() {
            for (at, question) in chapter.quiz.questions.iter().enumerate() {
                by_id.entry(question.id.clone()).or_insert((number, at));
            }
        }
        Self { by_id, count: count(chapters) }
    }
}

fn count(chapters: &[Chapter]) -> usize {
    chapters.iter().map(|it| it.quiz.questions.len()).sum()
}

#[cfg(test)]
mod tests {
    use crate::content::{Chapter, Content, Quiz, load_texts};

    #[test]
    fn questions_are_found_also_after_a_change() {
        let chapters = "[[chapter]]\nid = \"W2\"\ntitle = \"TCP\"\nfolder = \"02\"\ngoals = [\"g\"]\n";
        let quiz = include_str!("../../tests/data/content/questions.toml");
        let files = [("lessons/chapters.toml", chapters), ("quizzes/a.toml", quiz)];
        let (mut content, _) = load_texts(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        assert!(content.question("w02.card").is_some_and(|it| it.id == "w02.card"));
        assert!(content.question("w02.none").is_none());
        let moved = content.chapters[0].quiz.questions.remove(0);
        let id = moved.id.clone();
        content
            .chapters
            .push(Chapter { quiz: Quiz { questions: vec![moved], ..Quiz::default() }, ..Chapter::default() });
        assert!(content.question(&id).is_some(), "the same count, another place");
        assert!(content.question("w02.card").is_some(), "one place further up");
        assert!(Content::default().question("w02.card").is_none());
    }
}
