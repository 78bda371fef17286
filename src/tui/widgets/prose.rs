//! Laid-out text in the theme's looks.
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::content::layout::{Look, Row};
use crate::tui::theme::Theme;

/// The lines of some rows.
#[must_use]
pub fn lines(rows: &[Row], theme: &Theme) -> Vec<Line<'static>> {
    rows.iter().map(|row| line(row, theme)).collect()
}

fn line(row: &Row, theme: &Theme) -> Line<'static> {
    let span = |piece: &crate::content::layout::Piece| Span::styled(piece.text.clone(), style(piece.look, theme));
    Line::from(row.0.iter().map(span).collect::<Vec<_>>())
}

const fn style(look: Look, theme: &Theme) -> Style {
    match look {
        Look::Text => theme.text,
        Look::Strong | Look::Heading => theme.strong,
        Look::Emphasis => theme.accent,
        Look::Code => theme.code,
        Look::Link => theme.link,
        Look::Measured => theme.key,
        Look::Furniture => theme.dim,
    }
}
