//! A lesson that is done: what of its chapter is, and what comes next.
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use super::Lesson;
use crate::tui::action::{Action, Binding, Key, Place};
use crate::tui::app::World;
use crate::tui::course;

impl Lesson {
    pub(super) fn done_bindings(&self, world: &World) -> Vec<Binding> {
        let next = match self.next(world) {
            Place::Lesson { .. } => "to the next lesson",
            Place::Quiz { .. } => "to the quiz",
            _ => "home",
        };
        vec![
            Binding::new([Key::code(KeyCode::Enter), Key::char('n')], next, Action::NextStep),
            Binding::new(
                [Key::char('b'), Key::code(KeyCode::Backspace)],
                "back to the last step",
                Action::PreviousStep,
            ),
            Binding::new([Key::code(KeyCode::Esc), Key::char('q')], "leave", Action::Back),
        ]
    }

    pub(super) fn draw_done(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        let [column] = Layout::horizontal([Constraint::Max(80)]).flex(Flex::Center).areas(area);
        let block = Block::bordered()
            .border_style(theme.focus)
            .padding(Padding::horizontal(1))
            .title(Span::styled(" Done ", theme.title));
        let inner = block.inner(column);
        block.render(column, buffer);
        let mut rows = inner.rows();
        for (text, style) in self.done_said(world) {
            let options = textwrap::Options::new(usize::from(inner.width).max(8)).subsequent_indent("  ");
            for line in textwrap::wrap(&text, options) {
                let Some(row) = rows.next() else { return };
                Line::styled(line, style).render(row, buffer);
            }
        }
    }

    /// Paragraphs, each with its style.
    fn done_said(&self, world: &World) -> Vec<(String, Style)> {
        let theme = &world.theme;
        let Some((chapter, lesson)) = self.lesson(&world.content) else { return Vec::new() };
        let done = chapter.lessons.iter().filter(|it| course::is_done(&world.learner, it)).count();
        let next = match self.next(world) {
            Place::Lesson { id, .. } => world.content.lesson(&id).map_or_else(String::new, |(_, next)| {
                format!(
                    "Next: {}, about {} minutes. Enter opens it; if you leave now it is not begun.",
                    next.title, next.minutes
                )
            }),
            Place::Quiz { chapter } => format!("Next: the quiz of {chapter}."),
            _ => "It was the last of its chapter.".to_owned(),
        };
        vec![
            (format!("✔ {}", lesson.title), theme.good),
            (
                format!("  {done} of {} lessons of {} {} are done.", chapter.lessons.len(), chapter.id, chapter.title),
                theme.text,
            ),
            (String::new(), theme.text),
            (next, theme.accent),
        ]
    }
}
