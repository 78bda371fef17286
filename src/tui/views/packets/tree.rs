//! The layers and fields of a packet, a line each.
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Look, Pane, Read, TreeRow, first, titled};
use crate::tui::views::{Pointed, pen};

/// Draws the lines around the selected one.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, read: &Read<'_>) {
    let title = format!("layers of packet {}", read.packet.number);
    let inner = titled(area, buffer, &read.look, &title, read.look.reading.pane == Pane::Tree);
    let start = start(inner, read);
    let mut layer = "";
    for (index, row) in read.rows.iter().enumerate().take(start + usize::from(inner.height)) {
        if let TreeRow::Layer(it) = row {
            layer = it.name;
        }
        if index >= start {
            let y = u16::try_from(index - start).unwrap_or(inner.height);
            line(inner, buffer, read, (index, y, layer));
        }
    }
}

/// The field a click means.
pub(super) fn hit(area: Rect, at: Position, read: &Read<'_>) -> Option<Pointed> {
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let index = start(inner, read) + usize::from(at.y.checked_sub(inner.y)?);
    (index < read.rows.len()).then_some(Pointed::Field(index))
}

/// The first line on show: around the selected field, else around the first that is lit. Where what was sealed is opened, it
/// is what one comes for: its title is the first line then.
fn start(inner: Rect, read: &Read<'_>) -> usize {
    let opened = || read.rows.iter().position(|row| matches!(row, TreeRow::Unit(_)));
    match (read.focus(), opened()) {
        (None, Some(unit)) => unit.min(read.rows.len().saturating_sub(usize::from(inner.height))),
        (focus, _) => first(focus.unwrap_or(0), inner.height, read.rows.len()),
    }
}

/// Whether the lesson points at it.
pub(super) fn is_lit(look: &Look<'_>, row: &TreeRow<'_>) -> bool {
    look.highlight.iter().any(|name| name == row.name())
}

fn line(area: Rect, buffer: &mut Buffer, read: &Read<'_>, at: (usize, u16, &str)) {
    let (index, y, layer) = at;
    let theme = read.look.theme;
    let row = &read.rows[index];
    let chosen = read.row == Some(index);
    let lit = is_lit(&read.look, row);
    let indent = match row {
        TreeRow::Field(_, depth) => 1 + depth * 2,
        TreeRow::Unit(_) => 1,
        _ => 2,
    };
    let style = match row {
        _ if chosen => theme.selected,
        _ if lit => theme.lit,
        TreeRow::Layer(it) => theme.layer(it.name).add_modifier(ratatui::style::Modifier::BOLD),
        TreeRow::Field(..) => theme.text,
        TreeRow::Unit(_) => theme.title,
        TreeRow::Problem(_) | TreeRow::Mark(..) => theme.warn,
    };
    if chosen {
        pen::put(buffer, area, (0, y), &" ".repeat(usize::from(area.width)), style);
    }
    let sign = if chosen {
        "▸"
    } else if lit {
        "◆"
    } else {
        ""
    };
    pen::put(buffer, area, (0, y), sign, style);
    let x = pen::put(buffer, area, (indent, y), &label(row), style);
    let value = if chosen || lit { style } else { theme.layer(layer) };
    let words = if read.is_covered(row) { "?? ??".to_owned() } else { says(row) };
    let room = usize::from(area.width.saturating_sub(x));
    pen::put(buffer, area, (x, y), &pen::cut(&format!(" {words}"), room), value);
}

fn label(row: &TreeRow<'_>) -> String {
    match row {
        TreeRow::Layer(layer) => layer.title.clone(),
        TreeRow::Field(field, _) => format!("{}:", field.label),
        TreeRow::Problem(_) => "! ".to_owned(),
        TreeRow::Mark(mark, _) => format!("[{}]", mark.label()),
        TreeRow::Unit(unit) => format!("── {}", unit.title),
    }
}

fn says(row: &TreeRow<'_>) -> String {
    match row {
        TreeRow::Layer(layer) => format!("{} B", layer.bytes.len()),
        TreeRow::Field(field, _) if field.meaning.is_empty() => field.says(),
        TreeRow::Field(field, _) => format!("{}  ({})", field.says(), field.meaning),
        TreeRow::Problem(problem) => problem.text.clone(),
        TreeRow::Mark(mark, _) => mark.filter().to_owned(),
        TreeRow::Unit(unit) => format!("{} B", unit.bytes.len()),
    }
}
