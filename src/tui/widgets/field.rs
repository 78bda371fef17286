//! A line to type into.
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_segmentation::UnicodeSegmentation;

use crate::tui::theme::Theme;

/// Longer is not an answer.
const MOST: usize = 400;

/// The text so far; the cursor stands at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    pub text: String,
}

impl Field {
    /// Takes a key as a shell's line does: ctrl-u clears, ctrl-w takes a word back. Control characters are no text.
    pub fn key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => self.text.clear(),
            KeyCode::Char('w') if control => {
                let words = self.text.trim_end();
                self.text.truncate(words.rfind(' ').map_or(0, |space| space + 1));
            }
            KeyCode::Char(_) if control => {}
            KeyCode::Char(c) => self.paste(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => {
                let last = self.text.grapheme_indices(true).next_back().map_or(0, |(index, _)| index);
                self.text.truncate(last);
            }
            _ => {}
        }
    }

    /// Takes a pasted text, what of it is printable and fits.
    pub fn paste(&mut self, text: &str) {
        let room = MOST.saturating_sub(self.text.chars().count());
        let printable = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control());
        self.text.extend(printable.take(room));
    }

    /// Draws `label ▸ text▏`, the end of the text in sight.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, label: &str) {
        let room = usize::from(area.width).saturating_sub(label.chars().count() + 4);
        let graphemes: Vec<&str> = self.text.graphemes(true).collect();
        let tail = graphemes[graphemes.len().saturating_sub(room)..].concat();
        let line = Line::from(vec![
            Span::styled(label.to_owned(), theme.dim),
            Span::styled(" ▸ ", theme.key),
            Span::styled(tail, theme.strong),
            Span::styled("▏", theme.accent),
        ]);
        line.render(area, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_text_and_takes_it_back_by_what_a_person_calls_a_character() {
        let mut field = Field::default();
        field.paste("80 e\u{301}\u{1b}[2J\n");
        assert_eq!(field.text, "80 e\u{301}[2J ");
        field.text.truncate("80 e\u{301}".len());
        field.key(KeyEvent::from(KeyCode::Backspace));
        assert_eq!(field.text, "80 ");
    }

    #[test]
    fn a_flood_is_cut_off() {
        let mut field = Field::default();
        field.paste(&"x".repeat(100_000));
        assert_eq!(field.text.len(), MOST);
    }
}
