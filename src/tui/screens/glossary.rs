//! The glossary: words on one side, what the chosen one means on the other.
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use super::Screen;
use crate::content::Term;
use crate::content::layout::cut;
use crate::tui::action::{Action, Binding, Effect, Key, Place};
use crate::tui::app::World;
use crate::tui::widgets::field::Field;

/// The words that hold what was typed, and the chosen one.
pub struct Glossary {
    field: Field,
    row: usize,
}

impl Glossary {
    /// Opens it at a term, when one is named.
    #[must_use]
    pub fn open(term: Option<&str>, world: &World) -> Self {
        let is_meant = |it: &Term| {
            term.is_some_and(|term| {
                it.term.eq_ignore_ascii_case(term) || it.also.iter().any(|also| also.eq_ignore_ascii_case(term))
            })
        };
        let row = world.content.glossary.iter().position(is_meant).unwrap_or(0);
        Self { field: Field::default(), row }
    }

    fn found<'a>(&self, world: &'a World) -> Vec<&'a Term> {
        let typed = self.field.text.to_lowercase();
        let holds = |text: &String| text.to_lowercase().contains(&typed);
        let terms = world.content.glossary.iter();
        terms.filter(|term| holds(&term.term) || term.also.iter().any(holds)).collect()
    }

    fn panes(area: Rect) -> (Rect, Rect) {
        let [words, meaning] = Layout::horizontal([Constraint::Length(30), Constraint::Min(0)]).areas(area);
        (words, meaning)
    }

    const fn first(&self, height: u16) -> usize {
        (self.row + 2).saturating_sub(height as usize)
    }
}

impl Screen for Glossary {
    fn title(&self, _world: &World) -> String {
        "Glossary".to_owned()
    }

    fn status(&self, world: &World) -> String {
        format!("{} words", self.found(world).len())
    }

    fn bindings(&self, world: &World) -> Vec<Binding> {
        let mut all = vec![
            Binding::new([Key::code(KeyCode::Down)], "next", Action::Down),
            Binding::new([Key::code(KeyCode::Up)], "previous", Action::Up),
            Binding::quiet([Key::code(KeyCode::PageDown)], "a page on", Action::PageDown),
            Binding::quiet([Key::code(KeyCode::PageUp)], "a page back", Action::PageUp),
        ];
        if self.found(world).get(self.row).is_some_and(|term| !term.lessons.is_empty()) {
            all.push(Binding::new([Key::code(KeyCode::Enter)], "its lesson", Action::Open));
        }
        all.push(Binding::new([Key::code(KeyCode::Esc)], "leave", Action::Back));
        all
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        let last = self.found(world).len().saturating_sub(1);
        match action {
            Action::Down | Action::Scroll { down: true, .. } => self.row = (self.row + 1).min(last),
            Action::Up | Action::Scroll { down: false, .. } => self.row = self.row.saturating_sub(1),
            Action::PageDown => self.row = (self.row + 15).min(last),
            Action::PageUp => self.row = self.row.saturating_sub(15),
            Action::Choose(row) => self.row = row.min(last),
            Action::Type(key) => {
                self.field.key(key);
                self.row = 0;
            }
            Action::Paste(text) => {
                self.field.paste(&text);
                self.row = 0;
            }
            Action::Open => {
                let term = self.found(world).get(self.row).copied();
                let lesson = term.and_then(|term| term.lessons.first());
                let go = lesson.map(|id| Effect::Go(Place::Lesson { id: id.clone(), step: 0 }));
                return go.into_iter().collect();
            }
            Action::Back => return vec![Effect::Back],
            _ => {}
        }
        Vec::new()
    }

    fn click(&self, area: Rect, at: Position, _world: &World) -> Option<Action> {
        let (words, _) = Self::panes(area);
        let list = Rect { y: words.y + 2, height: words.height.saturating_sub(3), ..words };
        list.contains(at).then(|| Action::Choose(self.first(list.height) + usize::from(at.y - list.y)))
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        let (words, meaning) = Self::panes(area);
        let block = Block::bordered().border_style(theme.focus).title(Span::styled(" Words ", theme.title));
        let inner = block.inner(words);
        block.render(words, buffer);
        let mut places = inner.rows();
        places.next().into_iter().for_each(|row| self.field.draw(row, buffer, theme, " find"));
        let found = self.found(world);
        let first = self.first(inner.height.saturating_sub(1));
        for (place, (index, term)) in places.zip(found.iter().enumerate().skip(first)) {
            let chosen = index == self.row;
            let style = if chosen { theme.selected } else { theme.text };
            let text = format!("{}{}", if chosen { " ▸ " } else { "   " }, term.term);
            let width = usize::from(place.width);
            Line::styled(format!("{:<width$}", cut(&text, width)), style).render(place, buffer);
        }
        match found.get(self.row) {
            Some(term) => draw_term(meaning, buffer, world, term),
            None => Line::styled("   no word holds this; ⌫ takes a letter back", theme.dim).render(meaning, buffer),
        }
    }
}

fn draw_term(area: Rect, buffer: &mut Buffer, world: &World, term: &Term) {
    let theme = &world.theme;
    let block = Block::bordered()
        .border_style(theme.border)
        .padding(Padding::horizontal(1))
        .title(Span::styled(format!(" {} ", term.term), theme.title));
    let inner = block.inner(area);
    block.render(area, buffer);
    let width = usize::from(inner.width).clamp(8, 76);
    let mut lines = Vec::new();
    if !term.also.is_empty() {
        lines.extend(hung(&format!("also: {}", term.also.join(", ")), "      ", width, theme.dim));
        lines.push(Line::default());
    }
    let joined = term.meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.extend(textwrap::wrap(&joined, width).into_iter().map(|line| Line::styled(line.into_owned(), theme.text)));
    lines.push(Line::default());
    if !term.source.is_empty() {
        lines.extend(hung(&format!("source: {}", term.source), "        ", width, theme.dim));
    }
    for id in &term.lessons {
        let title =
            world.content.lesson(id).map_or(id.clone(), |(chapter, it)| format!("{} › {}", chapter.id, it.title));
        lines.extend(hung(&format!("lesson: {title}"), "        ", width, theme.dim));
    }
    for (row, line) in inner.rows().zip(lines) {
        line.render(row, buffer);
    }
}

/// Wrapped text, its further lines under its first word.
fn hung(text: &str, indent: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    let options = textwrap::Options::new(width).subsequent_indent(indent);
    textwrap::wrap(text, options).into_iter().map(|line| Line::styled(line.into_owned(), style)).collect()
}
