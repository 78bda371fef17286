//! Lines of dots finer than cells: two by four dots a cell, as Braille signs.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen;

/// Which bit of the sign each dot of a cell is, by row and column. Unicode §21.1, block 2800.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A picture of dots.
pub(crate) struct Dots {
    columns: u16,
    cells: Vec<u8>,
}

impl Dots {
    /// No dots on so many cells.
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        Self { columns, cells: vec![0; usize::from(columns) * usize::from(rows)] }
    }

    /// Dots from left to right.
    pub(crate) fn width(&self) -> u32 {
        u32::from(self.columns) * 2
    }

    /// Dots from top to bottom.
    pub(crate) fn height(&self) -> u32 {
        u32::try_from(self.cells.len()).unwrap_or(0) / u32::from(self.columns.max(1)) * 4
    }

    fn dot(&mut self, x: u32, y: u32) {
        let cell = (y / 4 * u32::from(self.columns) + x / 2) as usize;
        if let Some(cell) = self.cells.get_mut(cell).filter(|_| x < u32::from(self.columns) * 2) {
            *cell |= BITS[(y % 4) as usize][(x % 2) as usize];
        }
    }

    /// A straight line between two dots.
    pub(crate) fn line(&mut self, (x, y): (u32, u32), (to_x, to_y): (u32, u32)) {
        let steps = x.abs_diff(to_x).max(y.abs_diff(to_y)).max(1);
        let between = |from: u32, to: u32, step: u32| {
            let (from, to) = (i64::from(from), i64::from(to));
            let part = (to - from) * i64::from(step);
            u32::try_from(from + (part + part.signum() * i64::from(steps) / 2) / i64::from(steps)).unwrap_or(0)
        };
        for step in 0..=steps {
            self.dot(between(x, to_x, step), between(y, to_y, step));
        }
    }

    /// Draws the cells that have dots.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, style: Style) {
        let rows = self.cells.chunks(usize::from(self.columns.max(1)));
        for (y, row) in (0..area.height).zip(rows) {
            for (x, bits) in (0..area.width).zip(row) {
                if *bits != 0
                    && let Some(sign) = char::from_u32(0x2800 + u32::from(*bits))
                {
                    pen::put(buffer, area, (x, y), sign.encode_utf8(&mut [0; 4]), style);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_dot_to_dot() {
        let mut dots = Dots::new(3, 1);
        dots.line((0, 3), (5, 0));
        let area = Rect::new(0, 0, 3, 1);
        let mut buffer = Buffer::empty(area);
        dots.draw(area, &mut buffer, Style::new());
        assert_eq!(buffer, Buffer::with_lines(["⡠⠔⠊"]));
        dots.line((0, 0), (1000, 1000));
    }
}
