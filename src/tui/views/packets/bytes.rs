//! The bytes of a packet, hexadecimal and as characters.
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{PER_LINE, Pane, Read, TreeRow, first, titled, tree};
use crate::tui::theme::Theme;
use crate::tui::views::{Pointed, pen};

/// Where the hexadecimal digits begin: after the offset.
const HEX: u16 = 6;
const CHARACTERS: u16 = HEX + PER_LINE * 3 + 1;

/// Draws the lines around the selected bytes.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, read: &Read<'_>) {
    let bytes = read.bytes();
    let focused = read.look.reading.pane == Pane::Bytes;
    let inner = titled(area, buffer, &read.look, &title(read), focused);
    let start = first_line(inner.height, read);
    let selected = read.row.map_or(0..0, |row| read.rows[row].bytes());
    for (y, line) in (0..inner.height).zip(start..) {
        let offset = line * usize::from(PER_LINE);
        if offset >= bytes.len() {
            break;
        }
        pen::put(buffer, inner, (1, y), &format!("{offset:04x}"), read.look.theme.dim);
        for (column, byte) in (0..PER_LINE).zip(&bytes[offset..]) {
            let at = offset + usize::from(column);
            let style = style(read, at, selected.contains(&at));
            let (hex, character) = shown(read, at, *byte);
            let x = HEX + column * 3;
            pen::put(buffer, inner, (x, y), &hex, style);
            pen::put(buffer, inner, (CHARACTERS + column, y), &character.to_string(), style);
            brackets(inner, buffer, read.look.theme, (x, y), (at, &selected));
        }
    }
}

/// The byte a click means.
pub(super) fn hit(area: Rect, at: Position, read: &Read<'_>) -> Option<Pointed> {
    let x = at.x.checked_sub(area.x)?;
    let column = match x {
        HEX..CHARACTERS => (x - HEX) / 3,
        CHARACTERS.. => x - CHARACTERS,
        _ => return None,
    };
    let line = usize::from(at.y.checked_sub(area.y + 1)?);
    let byte = (line + first_line(area.height.saturating_sub(1), read)) * usize::from(PER_LINE) + usize::from(column);
    (column < PER_LINE && byte < read.bytes().len()).then_some(Pointed::Byte(byte))
}

fn first_line(height: u16, read: &Read<'_>) -> usize {
    let per_line = usize::from(PER_LINE);
    let chosen = read.focus().map_or(0, |row| read.rows[row].bytes().start / per_line);
    first(chosen, height, read.bytes().len().div_ceil(per_line))
}

fn shown(read: &Read<'_>, at: usize, byte: u8) -> (String, char) {
    if read.is_byte_covered(at) {
        return ("??".to_owned(), '?');
    }
    let character = if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '·' };
    (format!("{byte:02x}"), character)
}

fn style(read: &Read<'_>, at: usize, selected: bool) -> Style {
    let theme = read.look.theme;
    let lit = read.shown().iter().any(|row| tree::is_lit(&read.look, row) && row.bytes().contains(&at));
    let is_cursor = read.look.reading.pane == Pane::Bytes && read.look.reading.byte == Some(at);
    match () {
        () if is_cursor || lit => theme.lit,
        () if selected => theme.selected,
        () => layer(read, at).map_or(theme.text, |name| theme.layer(name)),
    }
}

/// Which bytes these are, where there are several to choose from.
fn title(read: &Read<'_>) -> String {
    let count = read.bytes().len();
    match read.unit() {
        Some(unit) => format!("{count} bytes of the {}", unit.title),
        None if read.rows.iter().any(|row| matches!(row, TreeRow::Unit(_))) => format!("{count} bytes of the frame"),
        None => format!("{count} bytes"),
    }
}

fn layer<'a>(read: &'a Read<'_>, at: usize) -> Option<&'a str> {
    let holds = |row: &&TreeRow<'_>| matches!(row, TreeRow::Layer(layer) if layer.bytes.contains(&at));
    read.shown().iter().rfind(holds).map(|row| row.name())
}

/// Signs around the selected bytes, for those who see no colours.
fn brackets(
    area: Rect,
    buffer: &mut Buffer,
    theme: &Theme,
    (x, y): (u16, u16),
    (at, selected): (usize, &std::ops::Range<usize>),
) {
    if !selected.contains(&at) {
        return;
    }
    if at == selected.start {
        pen::put(buffer, area, (x - 1, y), "[", theme.accent);
    }
    let inside = at + 1 != selected.end;
    let end_of_line = at % usize::from(PER_LINE) == usize::from(PER_LINE) - 1;
    match inside {
        true if !end_of_line => drop(pen::put(buffer, area, (x + 2, y), " ", theme.selected)),
        true => {}
        false => drop(pen::put(buffer, area, (x + 2, y), "]", theme.accent)),
    }
}

/// Whether a row's bytes are whole: it neither begins nor ends inside a byte.
pub(super) const fn is_whole(row: &TreeRow<'_>) -> bool {
    let bits = row.bits();
    bits.start.is_multiple_of(8) && bits.end.is_multiple_of(8)
}
