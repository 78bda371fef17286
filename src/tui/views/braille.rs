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

    /// One dot.
    pub(crate) fn dot(&mut self, x: u32, y: u32) {
        let cell = (y / 4 * u32::from(self.columns) + x / 2) as usize;
        if let Some(cell) = self.cells.get_mut(cell).filter(|_| x < u32::from(self.columns) * 2) {
            *cell |= BITS[(y % 4) as usize][(x % 2) as usize];
        }
    }

    /// Draws the cells that have dots, over the dots that are there.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, style: Style) {
        let rows = self.cells.chunks(usize::from(self.columns.max(1)));
        for (y, row) in (0..area.height).zip(rows) {
            for (x, bits) in (0..area.width).zip(row) {
                if *bits != 0
                    && let Some(sign) = char::from_u32(0x2800 + u32::from(*bits | drawn(area, buffer, (x, y))))
                {
                    pen::put(buffer, area, (x, y), sign.encode_utf8(&mut [0; 4]), style);
                }
            }
        }
    }
}

/// The dots of the cell that are drawn already.
fn drawn(area: Rect, buffer: &Buffer, (x, y): (u16, u16)) -> u8 {
    let sign = buffer.cell((area.x + x, area.y + y)).and_then(|cell| cell.symbol().chars().next());
    sign.and_then(|sign| u8::try_from(u32::from(sign).checked_sub(0x2800)?).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_of_two_curves_share_a_cell() {
        let area = Rect::new(0, 0, 3, 1);
        let mut buffer = Buffer::empty(area);
        for (x, y) in [(0, 3), (2, 2), (3, 1), (5, 0), (1000, 1000)] {
            let mut dots = Dots::new(3, 1);
            dots.dot(x, y);
            dots.draw(area, &mut buffer, Style::new());
        }
        assert_eq!(buffer, Buffer::with_lines(["⡀⠔⠈"]));
    }
}
