//! Rows of text in columns.
use crate::wire::text::visible;

/// To which side of its column a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Side {
    Left,
    Right,
}

/// Columns that grow with what is put into them.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Columns {
    columns: Vec<(Side, usize)>,
}

impl Columns {
    /// As many as sides, each so wide for a start.
    pub(in crate::cli) fn new(sides: &[Side], widths: &[usize]) -> Self {
        let widths = widths.iter().copied().chain(std::iter::repeat(0));
        Self { columns: sides.iter().copied().zip(widths).collect() }
    }

    /// Makes room for a row.
    fn fit(&mut self, row: &[String]) {
        for ((_, width), text) in self.columns.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }

    /// The row as a line; nothing behind its last text. Texts are plain.
    fn line(&self, row: &[String]) -> String {
        let cells = row.iter().zip(&self.columns).map(|(text, (side, width))| match side {
            Side::Left => format!("{text:width$}"),
            Side::Right => format!("{text:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    }

    /// A line of its own, as wide as the widest so far.
    pub(in crate::cli) fn next(&mut self, row: &[String]) -> String {
        let row = plain(row);
        self.fit(&row);
        self.line(&row)
    }
}

fn plain(row: &[String]) -> Vec<String> {
    row.iter().map(visible).collect()
}

/// The rows a line each, as many columns as sides; nothing behind a row's last text.
pub(in crate::cli) fn aligned(rows: &[Vec<String>], sides: &[Side]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| plain(row)).collect();
    let mut columns = Columns::new(sides, &[]);
    rows.iter().for_each(|row| columns.fit(row));
    rows.iter().map(|row| columns.line(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_grow_with_what_comes() {
        let row = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let mut columns = Columns::new(&[Side::Right, Side::Left, Side::Left], &[3]);
        assert_eq!(columns.next(&row(["1", "ab", "x"])), "  1  ab  x\n");
        assert_eq!(columns.next(&row(["2", "a\x1bcd", ""])), "  2  a\\x1bcd\n");
        assert_eq!(columns.next(&row(["1000", "a", "y"])), "1000  a        y\n");
        let rows = [row(["1", "a", "x"]), row(["10", "ab", "y"])];
        assert_eq!(aligned(&rows, &[Side::Right, Side::Left, Side::Left]), " 1  a   x\n10  ab  y\n");
    }
}
