//! What the chosen row of the map is about.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use super::rows::{self, Row};
use crate::content::{Chapter, Lesson};
use crate::tui::app::World;

pub(super) fn draw(area: Rect, buffer: &mut Buffer, world: &World, row: &Row) {
    let theme = &world.theme;
    let (title, parts) = parts(world, row);
    let block = Block::bordered()
        .border_style(theme.border)
        .padding(Padding::horizontal(1))
        .title(Span::styled(format!(" {title} "), theme.title));
    let inner = block.inner(area);
    block.render(area, buffer);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (text, style, indent) in parts {
        let options = textwrap::Options::new(usize::from(inner.width).max(8)).subsequent_indent(indent);
        let wrapped = textwrap::wrap(&text, options);
        lines.extend(wrapped.into_iter().map(|line| Line::styled(line.into_owned(), style)));
    }
    for (row, line) in inner.rows().zip(lines) {
        line.render(row, buffer);
    }
}

type Part = (String, Style, &'static str);

fn parts(world: &World, row: &Row) -> (String, Vec<Part>) {
    let theme = &world.theme;
    match row {
        Row::Chapter(index) => {
            let chapter = &world.content.chapters[*index];
            (format!("{} {}", chapter.id, chapter.title), about_chapter(world, chapter))
        }
        Row::Continue { lesson, .. } | Row::Lesson { id: lesson } => match world.content.lesson(lesson) {
            Some((_, lesson)) => (lesson.title.clone(), about_lesson(world, lesson)),
            None => (lesson.clone(), Vec::new()),
        },
        Row::Review => {
            let text = "Questions come back when you are about to forget them: a day after the first time, then \
                        further apart each time you know them, soon when you do not. A drill mixes those that are \
                        due with a few new ones.";
            ("Review".to_owned(), vec![(text.to_owned(), theme.text, "")])
        }
        Row::Unfinished { .. } => {
            let text = "Every answer you gave is kept. Go on with the first question you have not answered.";
            ("Left unfinished".to_owned(), vec![(text.to_owned(), theme.text, "")])
        }
        Row::Misses { chapter } => {
            let text = "Questions that were not right when you answered them last. They come back in drills when they are \
                        due, and stand here until you know them; enter asks them now.";
            (format!("Missed in {chapter}"), vec![(text.to_owned(), theme.text, "")])
        }
        Row::Quiz { chapter } => match world.content.chapter(chapter) {
            Some(chapter) => (format!("Quiz of {}", chapter.id), about_quiz(world, chapter)),
            None => (chapter.clone(), Vec::new()),
        },
    }
}

fn about_chapter(world: &World, chapter: &Chapter) -> Vec<Part> {
    let theme = &world.theme;
    let mut parts = vec![("After it you can".to_owned(), theme.dim, "")];
    parts.extend(chapter.goals.iter().map(|goal| (format!("• {goal}"), theme.text, "  ")));
    parts.push((String::new(), theme.text, ""));
    if chapter.lessons.is_empty() {
        parts.push(("This chapter has no lessons yet.".to_owned(), theme.dim, ""));
    } else if let Some(numbers) = rows::chapter_numbers(world, chapter) {
        parts.push((numbers, theme.dim, ""));
    }
    parts
}

fn about_lesson(world: &World, lesson: &Lesson) -> Vec<Part> {
    let theme = &world.theme;
    let here = world.learner.lessons.get(&lesson.id).map(|it| it.step as usize);
    let demo = lesson.demo.as_ref().map(|demo| format!(", with the demo {}", demo.name)).unwrap_or_default();
    let mut parts = vec![(format!("About {} minutes{demo}.", lesson.minutes), theme.dim, "")];
    parts.push((String::new(), theme.text, ""));
    for (index, step) in lesson.steps.iter().enumerate() {
        let sign = if here == Some(index) { "▸" } else { " " };
        parts.push((format!("{sign} {:>2} {}", index + 1, step.title), theme.text, "     "));
    }
    parts
}

fn about_quiz(world: &World, chapter: &Chapter) -> Vec<Part> {
    let theme = &world.theme;
    let mark = crate::practice::score::percent(chapter.quiz.pass_ppm);
    let asked = chapter.quiz.length.min(chapter.quiz.questions.len());
    let text = format!(
        "{asked} questions drawn from the whole chapter; {mark} of the points pass. Every answer is explained at \
         once, and every miss comes back in drills."
    );
    vec![(text, theme.text, "")]
}
