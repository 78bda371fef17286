//! The selected field explained: where it lies, what it says here, why it exists, where that is written.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Read, TreeRow, bytes, titled};
use crate::tui::views::pen;
use crate::wire::Field;

/// Draws the explanation, or how to get one.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, read: &Read<'_>) {
    let theme = read.look.theme;
    let Some(row) = read.focus().map(|row| &read.rows[row]) else {
        let inner = titled(area, buffer, &read.look, "a field explained", false);
        put_lines(
            inner,
            buffer,
            0,
            "Press tab and choose a field or a byte: its meaning and its reason stand here.",
            theme.dim,
        );
        return;
    };
    let inner = titled(area, buffer, &read.look, row.name(), false);
    let mut y = pen_line(inner, buffer, read, row);
    if read.is_covered(row) {
        put_lines(inner, buffer, y, "This value is the question.", theme.dim);
        return;
    }
    match row {
        TreeRow::Layer(layer) => {
            let whole = if read.unit().is_some() { "these" } else { "the frame's" };
            let share = format!("{} of {whole} {} bytes.", layer.bytes.len(), read.bytes().len());
            put_lines(inner, buffer, y, &share, theme.text);
        }
        TreeRow::Unit(unit) => {
            let numbers: Vec<String> = unit.packets.iter().map(ToString::to_string).collect();
            let came = match numbers.as_slice() {
                [one] => format!("Its bytes came in packet {one}."),
                _ => format!(
                    "Its bytes came in packets {}; it could be opened when the last was there.",
                    numbers.join(", ")
                ),
            };
            y = put_lines(inner, buffer, y, &came, theme.text);
            put_lines(inner, buffer, y, &how(&unit.title, read.packet.opened_with), theme.dim);
        }
        TreeRow::Problem(problem) => drop(put_lines(inner, buffer, y, &problem.text, theme.warn)),
        TreeRow::Mark(mark, _) => {
            y = put_lines(inner, buffer, y, mark.why(), theme.text);
            let by = "Judged from the packets that passed before it, as Wireshark does.";
            put_lines(inner, buffer, y, by, theme.dim);
        }
        TreeRow::Field(field, _) => {
            y = put_lines(inner, buffer, y, &field.meaning, theme.strong);
            if let Some(scaled) = scaled(read, field) {
                y = put_lines(inner, buffer, y, &scaled, theme.strong);
            }
            y = put_lines(inner, buffer, y, &field.why, theme.text);
            put_lines(inner, buffer, y, field.source, theme.dim);
        }
    }
}

/// How what has that title came to be read; `whose` says where the secrets came from.
fn how(title: &str, whose: &str) -> String {
    match () {
        () if title.starts_with("QUIC Initial") => {
            "Opened with keys that anyone can compute from its connection ID (RFC 9001 §5.2).".to_owned()
        }
        () if title.contains(", opened") => {
            format!("Opened with the secrets of the connection, {whose}: on the way nobody has them.")
        }
        () => "Read from the bytes of its connection, put in order.".to_owned(),
    }
}

/// What the window is with the scale of its connection, which no byte of this packet tells.
fn scaled(read: &Read<'_>, field: &Field) -> Option<String> {
    let raw: u32 = (field.name == "tcp.window_size_value").then(|| field.value.parse().ok())??;
    read.packet.scale?.said(raw)
}

/// The first line: label, value, place.
fn pen_line(area: Rect, buffer: &mut Buffer, read: &Read<'_>, row: &TreeRow<'_>) -> u16 {
    let (label, value) = match row {
        TreeRow::Layer(layer) => (layer.title.as_str(), ""),
        TreeRow::Field(field, _) => (field.label.as_str(), field.value.as_str()),
        TreeRow::Problem(_) => ("What is wrong", ""),
        TreeRow::Mark(..) => ("What stands out", ""),
        TreeRow::Unit(unit) => (unit.title.as_str(), ""),
    };
    let value = if read.is_covered(row) { "?? ??" } else { value };
    let x = pen::put(buffer, area, (1, 0), label, read.look.theme.title);
    // A value that does not fit beside its label stands below it.
    let (x, y) = if x + 2 + pen::columns(value) <= area.width { (x + 2, 0) } else { (1, 1) };
    let x = pen::put(
        buffer,
        area,
        (x, y),
        &pen::cut(value, usize::from(area.width.saturating_sub(x))),
        read.look.theme.code,
    );
    let place = place(row);
    let start = area.width.saturating_sub(pen::columns(&place) + 1);
    if start > x + 1 {
        pen::put(buffer, area, (start, y), &place, read.look.theme.dim);
    }
    y + 1
}

/// `bytes 34-35`, `bits 4-7 of byte 14`.
fn place(row: &TreeRow<'_>) -> String {
    let (range, bits) = (row.bytes(), row.bits());
    let last = range.end.saturating_sub(1);
    if !bytes::is_whole(row) && range.len() == 1 {
        let (from, to) = (bits.start % 8, (bits.end - 1) % 8);
        return if from == to {
            format!("bit {from} of byte {last}")
        } else {
            format!("bits {from}-{to} of byte {last}")
        };
    }
    if range.len() <= 1 { format!("byte {}", range.start) } else { format!("bytes {}-{last}", range.start) }
}

/// Writes text over as many lines as it takes; the line after it.
fn put_lines(area: Rect, buffer: &mut Buffer, mut y: u16, text: &str, style: Style) -> u16 {
    if text.is_empty() {
        return y;
    }
    let width = usize::from(area.width.saturating_sub(2)).max(8);
    for line in textwrap::wrap(text, width) {
        pen::put(buffer, area, (1, y), &line, style);
        y += 1;
    }
    y
}
