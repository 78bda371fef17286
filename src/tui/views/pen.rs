//! Text and lines into an area of the screen, cut at its edges.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Writes text at a column and row of the area and returns the column after it. What lies outside is cut off.
pub(crate) fn put(buffer: &mut Buffer, area: Rect, (x, y): (u16, u16), text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if y >= area.height || x >= area.width {
        return x;
    }
    let room = usize::from(area.width - x);
    let (end, _) = buffer.set_stringn(area.x + x, area.y + y, text, room, style);
    end - area.x
}

/// Writes text that ends at a column (exclusive).
pub(crate) fn put_right(buffer: &mut Buffer, area: Rect, (end, y): (u16, u16), text: &str, style: Style) {
    let end = end.min(area.width);
    let text = cut(text, usize::from(end));
    put(buffer, area, (end.saturating_sub(columns(&text)), y), &text, style);
}

/// The columns a text takes.
pub(crate) fn columns(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The text in at most so many columns; `…` says that there was more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 0;
    for part in text.graphemes(true) {
        used += part.width();
        if used + 1 > most {
            break;
        }
        short.push_str(part);
    }
    if most > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_the_edge_and_says_so() {
        assert_eq!(cut("handshake", 9), "handshake");
        assert_eq!(cut("handshake", 5), "hand…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("x", 0), "");
    }

    #[test]
    fn nothing_is_written_outside_the_area() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        let area = Rect::new(1, 0, 3, 1);
        put(&mut buffer, area, (1, 0), "long", Style::new());
        put(&mut buffer, area, (0, 1), "below", Style::new());
        put(&mut buffer, area, (9, 0), "right", Style::new());
        put(&mut buffer, Rect::new(4, 1, 40, 9), (0, 0), "edge", Style::new());
        assert_eq!(buffer, Buffer::with_lines(["  lo  ", "    ed"]));
    }
}
