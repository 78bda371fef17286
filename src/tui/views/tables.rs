//! The tables a run has of its own (hops, routes, parts of a network), above its measurements.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{View, pen};
use crate::recording::{Cell, Table};

/// Columns between two columns of a table.
const GAP: u16 = 2;

/// Rows of a table with its label, its heads and an empty line.
fn rows(table: &Table) -> u16 {
    u16::try_from(table.rows.len()).unwrap_or(u16::MAX).saturating_add(3)
}

fn all_rows(view: &View<'_>) -> u16 {
    view.run.recording().tables.iter().map(rows).fold(0, u16::saturating_add)
}

/// The part of an area that is theirs, three fifths at the most (all of it where the pane is alone), and what is left for
/// the measurements.
pub(super) fn share(area: Rect, view: &View<'_>) -> (Rect, Rect) {
    let most = match view.state.zoomed {
        true => area.height,
        false => u16::try_from(u32::from(area.height) * 3 / 5).unwrap_or(area.height),
    };
    let height = all_rows(view).min(most);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    (Rect { height, ..area }, rest)
}

/// Draws them from the top; what does not fit is said to be missing.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let is_cut = all_rows(view) > area.height;
    let room = Rect { height: area.height.saturating_sub(u16::from(is_cut)), ..area };
    view.run.recording().tables.iter().fold(room, |room, it| draw_one(room, buffer, view, it));
    if is_cut && area.height > 0 {
        let all = if view.state.zoomed { "`--text` shows all" } else { "z gives them all of the room" };
        let text = format!("more rows than fit here: {all}");
        pen::put(buffer, area, (1, area.height - 1), &text, view.theme.dim);
    }
}

fn draw_one(area: Rect, buffer: &mut Buffer, view: &View<'_>, table: &Table) -> Rect {
    let theme = view.theme;
    pen::put(buffer, area, (1, 0), &table.label, theme.strong);
    let widths = widths(table, area.width.saturating_sub(2));
    let mut x = 1;
    for (column, width) in table.columns.iter().zip(&widths) {
        pen::put(buffer, area, (x, 1), &pen::cut(&column.label, usize::from(*width)), theme.dim);
        x += width + GAP;
    }
    for (y, row) in (2..).zip(&table.rows) {
        let mut x = 1;
        for (number, (cell, width)) in row.cells.iter().zip(&widths).enumerate() {
            let text = pen::cut(&cell.to_string(), usize::from(*width));
            match cell {
                Cell::Value(_) => pen::put_right(buffer, area, (x + width, y), &text, theme.text),
                _ => {
                    let style = if number == 0 { theme.strong } else { theme.text };
                    pen::put(buffer, area, (x, y), &text, style);
                }
            }
            x += width + GAP;
        }
    }
    let rows = rows(table).min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// As wide as the widest cell; where there is no room for all, the widest columns give way.
fn widths(table: &Table, room: u16) -> Vec<u16> {
    let width = |(number, label): (usize, &str)| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(number)).map(|it| pen::columns(&it.to_string()));
        cells.chain([pen::columns(label)]).max().unwrap_or(0)
    };
    let mut widths: Vec<u16> = table.columns.iter().map(|it| it.label.as_str()).enumerate().map(width).collect();
    let gaps = GAP * u16::try_from(widths.len().saturating_sub(1)).unwrap_or(0);
    while widths.iter().copied().fold(gaps, u16::saturating_add) > room {
        let Some(widest) = widths.iter_mut().max().filter(|it| **it > 1) else { break };
        *widest -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Quantity;

    #[test]
    fn the_widest_column_gives_way() {
        let mut table = Table::new("x", "x", &[("a", "a"), ("b", "what it is")]);
        table.row(None, vec![Quantity::count(1000).into(), Cell::text("a long text that does not fit in here")]);
        assert_eq!(widths(&table, 80), [4, 37]);
        assert_eq!(widths(&table, 20), [4, 14]);
        assert_eq!(widths(&table, 0), [1, 1]);
    }
}
