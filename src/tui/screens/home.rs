//! Home: the map of the course, what is due, where the learner left off.
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::Screen;
use crate::tui::action::{Action, Binding, Effect, Key};
use crate::tui::app::World;

/// The first screen.
#[derive(Default)]
pub struct Home {
    row: usize,
}

impl Screen for Home {
    fn title(&self, _world: &World) -> String {
        "Home".to_owned()
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        vec![
            Binding::new([Key::code(KeyCode::Down), Key::char('j')], "down", Action::Down),
            Binding::new([Key::code(KeyCode::Up), Key::char('k')], "up", Action::Up),
            Binding::new([Key::char('q')], "quit", Action::Quit),
        ]
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        let last = world.content.chapters.len().saturating_sub(1);
        match action {
            Action::Down => self.row = (self.row + 1).min(last),
            Action::Up => self.row = self.row.saturating_sub(1),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        for (row, chapter) in area.rows().zip(&world.content.chapters) {
            Line::styled(format!("{} {}", chapter.id, chapter.title), world.theme.text).render(row, buffer);
        }
    }
}
