//! Help: every key that works on the screen below.
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::Screen;
use crate::tui::action::{Action, Binding, Effect, Key};
use crate::tui::app::World;
use crate::tui::view;

/// The keys of the screen it lies on.
pub struct Help {
    bindings: Vec<Binding>,
    about: String,
    scroll: usize,
}

impl Help {
    #[must_use]
    pub fn new(mut bindings: Vec<Binding>, about: String) -> Self {
        // Ten digits that begin a number are one thing, and the key in the footer says it.
        bindings.retain(|it| it.in_footer || !matches!(it.action, Action::Type(_)));
        Self { bindings, about, scroll: 0 }
    }
}

impl Screen for Help {
    fn title(&self, _world: &World) -> String {
        "Help".to_owned()
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        vec![
            Binding::new([Key::code(KeyCode::Esc), Key::char('?'), Key::char('q')], "close", Action::Back),
            Binding::new([Key::code(KeyCode::Down), Key::char('j')], "down", Action::Down),
            Binding::new([Key::code(KeyCode::Up), Key::char('k')], "up", Action::Up),
        ]
    }

    fn update(&mut self, action: Action, _world: &World) -> Vec<Effect> {
        let last = self.bindings.len().saturating_sub(1);
        match action {
            Action::Down | Action::Scroll { down: true, .. } => self.scroll = (self.scroll + 1).min(last),
            Action::Up | Action::Scroll { down: false, .. } => self.scroll = self.scroll.saturating_sub(1),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let height = u16::try_from(self.bindings.len() + 2).unwrap_or(area.height);
        let place = view::middle(area, 64, height);
        let inner = view::popup(place, buffer, &world.theme, &format!("Keys: {}", self.about));
        let hidden = self.bindings.len().saturating_sub(self.scroll + usize::from(inner.height));
        if hidden > 0 {
            let more = Line::styled(format!(" ↓ {hidden} more "), world.theme.accent).right_aligned();
            more.render(Rect { y: place.bottom() - 1, height: 1, ..inner }, buffer);
        }
        for (row, binding) in inner.rows().zip(self.bindings.iter().skip(self.scroll)) {
            let names: Vec<String> = binding.keys.iter().map(|key| key.name()).collect();
            let line = Line::from(vec![
                Span::styled(format!(" {:<16}", names.join("  ")), world.theme.key),
                Span::styled(binding.label, world.theme.text),
            ]);
            line.render(row, buffer);
        }
    }
}
