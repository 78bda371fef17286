//! Rows of text in columns.
use crate::wire::text::visible;

/// To which side of its column a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// The rows a line each, as many columns as sides; nothing behind a row's last text.
pub(super) fn aligned(rows: &[Vec<String>], sides: &[Side]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(visible).collect()).collect();
    let wide = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max();
    let widths: Vec<usize> = (0..sides.len()).map(|column| wide(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).zip(sides).map(|((text, width), side)| match side {
            Side::Left => format!("{text:width$}"),
            Side::Right => format!("{text:>width$}"),
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}
