//! What is asked in the line above the list: a filter, a packet's number, a comment, a file's name.
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::filter::{self, Line};
use crate::tui::action::{Action, Binding, Key};
use crate::tui::theme::Theme;
use crate::tui::views::pen;
use crate::tui::widgets::field::Field;

/// Which packets are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those the filter holds for.
    Shown,
    Marked,
}

/// A question, with what was typed.
#[derive(Clone, Debug)]
pub(super) enum Prompt {
    Filter(Line),
    Number(Field),
    Comment {
        number: u32,
        field: Field,
    },
    Save {
        which: Which,
        field: Field,
    },
    /// There is a file of that name.
    Replace {
        which: Which,
        path: String,
    },
}

impl Prompt {
    /// Takes a key that is text.
    pub(super) fn key(&mut self, key: KeyEvent) {
        match self {
            Self::Filter(line) => line.key(key),
            Self::Number(field) => {
                // A number has digits; all else would only have to be taken back.
                let is_digit = matches!(key.code, KeyCode::Char(c) if !c.is_ascii_digit());
                if !is_digit {
                    field.key(key);
                }
            }
            Self::Comment { field, .. } | Self::Save { field, .. } => field.key(key),
            Self::Replace { .. } => {}
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        match self {
            Self::Filter(line) => line.paste(text),
            Self::Number(field) => field.paste(&text.chars().filter(char::is_ascii_digit).collect::<String>()),
            Self::Comment { field, .. } | Self::Save { field, .. } => field.paste(text),
            Self::Replace { .. } => {}
        }
    }

    pub(super) const fn rows(&self) -> u16 {
        match self {
            Self::Filter(_) => filter::ROWS,
            _ => 2,
        }
    }

    /// The keys that answer it.
    pub(super) fn bindings(&self) -> Vec<Binding> {
        let enter = |label| Binding::new([Key::code(KeyCode::Enter)], label, Action::Submit).first();
        let leave = |label| Binding::new([Key::code(KeyCode::Esc)], label, Action::Skip).first();
        match self {
            Self::Filter(_) => vec![
                enter("apply"),
                Binding::new([Key::code(KeyCode::Tab)], "complete the name", Action::NextPane).first(),
                Binding::new([Key::code(KeyCode::Up)], "filter before", Action::Up),
                Binding::quiet([Key::code(KeyCode::Down)], "filter after", Action::Down),
                Binding::quiet(
                    [Key::control('u')],
                    "clear the line",
                    Action::Type(KeyEvent::new(KeyCode::Char('u'), crossterm::event::KeyModifiers::CONTROL)),
                ),
                leave("leave it as it was"),
            ],
            Self::Number(_) => vec![enter("go there"), leave("stay here")],
            Self::Comment { .. } => vec![enter("keep it; empty takes it away"), leave("leave it as it was")],
            Self::Save { .. } => vec![enter("save"), leave("do not save")],
            Self::Replace { .. } => vec![
                Binding::new([Key::char('y')], "replace the file", Action::Submit).first(),
                Binding::new([Key::char('n'), Key::code(KeyCode::Esc)], "another name", Action::Skip).first(),
            ],
        }
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, count: usize) {
        let line = Rect { x: area.x + 1, width: area.width.saturating_sub(1), height: 1, ..area };
        let mut below = |text: &str, style| {
            pen::put(buffer, area, (1, 1), &pen::cut(text, usize::from(area.width.saturating_sub(2))), style);
        };
        match self {
            Self::Filter(it) => it.draw(area, buffer, theme),
            Self::Number(field) => {
                below(&format!("1 to {count}"), theme.dim);
                field.draw(line, buffer, theme, "packet number");
            }
            Self::Comment { number, field } => {
                below("Comments are kept in the capture when it is saved; Wireshark shows them.", theme.dim);
                field.draw(line, buffer, theme, &format!("comment on packet {number}"));
            }
            Self::Save { which, field } => {
                let what = match which {
                    Which::All => {
                        "All packets, with the comments, as pcapng. The name of the file, with its folder where it is another."
                    }
                    Which::Shown => {
                        "The packets listed now, as pcapng. The name of the file, with its folder where it is another."
                    }
                    Which::Marked => {
                        "The marked packets, as pcapng. The name of the file, with its folder where it is another."
                    }
                };
                below(what, theme.dim);
                field.draw(line, buffer, theme, "save as");
            }
            Self::Replace { path, .. } => {
                below("y replaces it: what is in it now is lost. n asks for another name.", theme.warn);
                let text = format!("! {} is there already.", crate::wire::text::visible(path));
                pen::put(buffer, line, (0, 0), &pen::cut(&text, usize::from(line.width)), theme.warn);
            }
        }
    }
}
