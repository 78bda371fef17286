//! Blocks laid out in rows of a given width: the one layout that the screen, `--plain` and `check` share.
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Block, Inline};

/// A row of pieces from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(pub Vec<Piece>);

/// A run of text of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub look: Look,
    /// Where it leads, for links.
    pub target: Option<String>,
}

/// What a piece is; the screen decides how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Text,
    Strong,
    Emphasis,
    Code,
    Link,
    /// A number of this run.
    Measured,
    Heading,
    /// Bars, bullets, table rules.
    Furniture,
}

/// What stands for `{m:name}` and `{k:name}`; `None` while there is no run.
pub trait Facts {
    fn measured(&self, name: &str) -> Option<String>;
    fn setting(&self, name: &str) -> Option<String>;
}

/// No run at all: names stand in angle brackets.
pub struct NoRun;

impl Facts for NoRun {
    fn measured(&self, _name: &str) -> Option<String> {
        None
    }

    fn setting(&self, _name: &str) -> Option<String> {
        None
    }
}

impl Row {
    /// The text alone.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
    }

    fn furniture(text: impl Into<String>) -> Self {
        Self(vec![Piece::new(text, Look::Furniture)])
    }
}

impl Piece {
    fn new(text: impl Into<String>, look: Look) -> Self {
        Self { text: text.into(), look, target: None }
    }
}

/// Lays blocks out in rows at most `width` columns wide, an empty row between blocks.
#[must_use]
pub fn rows(blocks: &[Block], width: usize, facts: &dyn Facts) -> Vec<Row> {
    let mut rows = Vec::new();
    for block in blocks {
        if !rows.is_empty() {
            rows.push(Row::default());
        }
        rows.extend(block_rows(block, width.max(8), facts));
    }
    rows
}

fn block_rows(block: &Block, width: usize, facts: &dyn Facts) -> Vec<Row> {
    match block {
        Block::Heading(inlines) => {
            let mut pieces = pieces(inlines, facts);
            pieces.iter_mut().for_each(|piece| piece.look = Look::Heading);
            wrapped(pieces, width)
        }
        Block::Paragraph(inlines) => wrapped(pieces(inlines, facts), width),
        Block::List { start, items } => list_rows(*start, items, width, facts),
        Block::Quote(blocks) => {
            let inner = rows(blocks, width.saturating_sub(2), facts);
            inner.into_iter().map(|row| prefixed("│ ", row)).collect()
        }
        Block::Code { text, .. } => text.lines().map(|line| code_row(line, width)).collect(),
        Block::Table(table) => table_rows(table, width, facts),
    }
}

fn code_row(line: &str, width: usize) -> Row {
    Row(vec![Piece::new(cut(line, width), Look::Code)])
}

/// The part of a text that fits, with an ellipsis where something is missing.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        if kept.width() + grapheme.width() + 1 > width {
            break;
        }
        kept.push_str(grapheme);
    }
    kept + "…"
}

fn prefixed(prefix: &str, mut row: Row) -> Row {
    row.0.insert(0, Piece::new(prefix, Look::Furniture));
    row
}

fn list_rows(start: Option<u64>, items: &[Vec<Block>], width: usize, facts: &dyn Facts) -> Vec<Row> {
    let mut all = Vec::new();
    for (item, number) in items.iter().zip(start.unwrap_or(0)..) {
        let bullet = if start.is_some() { format!("{number}. ") } else { "• ".to_owned() };
        let indent = bullet.width();
        // Within a list, blocks follow each other closely.
        let inner = item.iter().flat_map(|block| block_rows(block, width.saturating_sub(indent).max(8), facts));
        let hang = " ".repeat(indent);
        all.extend(inner.enumerate().map(|(index, row)| prefixed(if index == 0 { &bullet } else { &hang }, row)));
    }
    all
}

fn pieces(inlines: &[Inline], facts: &dyn Facts) -> Vec<Piece> {
    let or_name = |value: Option<String>, name: &str| value.unwrap_or_else(|| format!("‹{name}›"));
    let piece = |inline: &Inline| match inline {
        Inline::Text(text) => Piece::new(text, Look::Text),
        Inline::Strong(text) => Piece::new(text, Look::Strong),
        Inline::Emphasis(text) => Piece::new(text, Look::Emphasis),
        Inline::Code(text) => Piece::new(text, Look::Code),
        Inline::Link { text, target } => Piece { target: Some(target.clone()), ..Piece::new(text, Look::Link) },
        // A number keeps its unit on its row.
        Inline::Measured(name) => {
            Piece::new(or_name(facts.measured(name), name).replace(' ', "\u{a0}"), Look::Measured)
        }
        Inline::Setting(name) => Piece::new(or_name(facts.setting(name), name).replace(' ', "\u{a0}"), Look::Measured),
    };
    inlines.iter().map(piece).collect()
}

/// Fills rows word by word; a word longer than a row is broken.
fn wrapped(pieces: Vec<Piece>, width: usize) -> Vec<Row> {
    let mut rows = vec![Row::default()];
    let mut used = 0;
    for word in words(pieces) {
        let mut wide: usize = word.iter().map(|piece| piece.text.width()).sum();
        let is_space = word.iter().all(|piece| piece.text == " ");
        if is_space && used == 0 {
            continue;
        }
        if used > 0 && used + wide > width {
            trim_end(rows.last_mut().expect("there is always a row"));
            rows.push(Row::default());
            used = 0;
            if is_space {
                continue;
            }
        }
        for piece in word {
            for part in broken(piece, width) {
                if used + part.text.width() > width && used > 0 && wide > width {
                    rows.push(Row::default());
                    used = 0;
                }
                used += part.text.width();
                wide = wide.max(used);
                append(rows.last_mut().expect("there is always a row"), part);
            }
        }
    }
    trim_end(rows.last_mut().expect("there is always a row"));
    rows
}

/// Splits at spaces; a word may be made of pieces of several looks.
fn words(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut words: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces {
        for (index, part) in piece.text.split([' ', '\n']).enumerate() {
            if index > 0 {
                words.push(vec![Piece { text: " ".to_owned(), ..piece.clone() }]);
                words.push(Vec::new());
            }
            if !part.is_empty() {
                let part = Piece { text: part.to_owned(), ..piece.clone() };
                words.last_mut().expect("there is always a word").push(part);
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn broken(piece: Piece, width: usize) -> Vec<Piece> {
    if piece.text.width() <= width {
        return vec![piece];
    }
    let mut parts = vec![String::new()];
    for grapheme in piece.text.graphemes(true) {
        let last = parts.last_mut().expect("there is always a part");
        if last.width() + grapheme.width() > width {
            parts.push(grapheme.to_owned());
        } else {
            last.push_str(grapheme);
        }
    }
    parts.into_iter().map(|text| Piece { text, ..piece.clone() }).collect()
}

fn append(row: &mut Row, piece: Piece) {
    match row.0.last_mut() {
        Some(last) if last.look == piece.look && last.target == piece.target => last.text.push_str(&piece.text),
        _ => row.0.push(piece),
    }
}

fn trim_end(row: &mut Row) {
    if let Some(last) = row.0.last_mut() {
        last.text.truncate(last.text.trim_end_matches(' ').len());
        if last.text.is_empty() {
            row.0.pop();
        }
    }
}

/// Columns as wide as their widest cell while that fits; else the widest columns give way and their cells wrap. No column
/// becomes narrower than its longest word while another can give way.
fn table_rows(table: &[Vec<Vec<Inline>>], width: usize, facts: &dyn Facts) -> Vec<Row> {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 {
        return Vec::new();
    }
    let cells: Vec<Vec<Vec<Piece>>> =
        table.iter().map(|row| row.iter().map(|cell| pieces(cell, facts)).collect()).collect();
    let widths = column_widths(&cells, columns, width.saturating_sub(2 * (columns - 1)));
    let mut rows = Vec::new();
    for (index, row) in cells.into_iter().enumerate() {
        rows.extend(table_row(row, &widths, index == 0));
        if index == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            rows.push(Row::furniture(rule.join("  ")));
        }
    }
    rows
}

fn column_widths(cells: &[Vec<Vec<Piece>>], columns: usize, room: usize) -> Vec<usize> {
    let wide = |cell: &Vec<Piece>| cell.iter().map(|piece| piece.text.width()).sum::<usize>();
    let widest = |column: usize| cells.iter().filter_map(|row| row.get(column)).map(wide).max().unwrap_or(0).max(1);
    let mut widths: Vec<usize> = (0..columns).map(widest).collect();
    let word = |word: Vec<Piece>| word.iter().map(|piece| piece.text.width()).sum::<usize>();
    let longest = |cell: &Vec<Piece>| words(cell.clone()).into_iter().map(word).max().unwrap_or(0);
    let least = |column: usize| cells.iter().filter_map(|row| row.get(column)).map(longest).max().unwrap_or(0);
    give_way(&mut widths, &(0..columns).map(least).collect::<Vec<_>>(), room);
    // Only where the words alone are too wide must one be broken.
    give_way(&mut widths, &vec![3; columns], room);
    widths
}

/// Takes columns from the widest until all fit in the room, or none is wider than it must be.
fn give_way(widths: &mut [usize], least: &[usize], room: usize) {
    while widths.iter().sum::<usize>() > room {
        let wider = widths.iter_mut().zip(least).filter(|(width, least)| **width > **least);
        let Some((largest, _)) = wider.max_by_key(|(width, _)| **width) else { break };
        *largest -= 1;
    }
}

fn table_row(cells: Vec<Vec<Piece>>, widths: &[usize], is_head: bool) -> Vec<Row> {
    let mut columns: Vec<Vec<Row>> = Vec::new();
    for (mut cell, width) in cells.into_iter().zip(widths) {
        if is_head {
            cell.iter_mut().for_each(|piece| piece.look = Look::Strong);
        }
        columns.push(wrapped(cell, *width));
    }
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    let line = |index: usize| {
        let mut row = Row::default();
        for (column, (cell, width)) in columns.iter().zip(widths).enumerate() {
            let pieces = cell.get(index).cloned().unwrap_or_default();
            let used = pieces.text().width();
            row.0.extend(pieces.0);
            let gap = if column + 1 == columns.len() { 0 } else { width.saturating_sub(used) + 2 };
            if gap > 0 {
                append(&mut row, Piece::new(" ".repeat(gap), Look::Furniture));
            }
        }
        row
    };
    (0..height).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(blocks: &[Block], width: usize) -> String {
        let rows: Vec<String> = rows(blocks, width, &NoRun).iter().map(Row::text).collect();
        assert!(rows.iter().all(|row| row.width() <= width), "{rows:?}");
        rows.join("\n")
    }

    fn text(text: &str) -> Inline {
        Inline::Text(text.to_owned())
    }

    #[test]
    fn a_word_of_several_looks_stays_together() {
        let paragraph = Block::Paragraph(vec![
            text("The header is "),
            Inline::Strong("twenty".to_owned()),
            text(", or more, bytes: "),
            Inline::Measured("tcp_header".to_owned()),
        ]);
        insta::assert_snapshot!(shown(&[paragraph], 24), @r"
        The header is twenty, or
        more, bytes:
        ‹tcp_header›
        ");
    }

    #[test]
    fn lists_hang_and_quotes_keep_their_bar() {
        let item = |words: &str| vec![Block::Paragraph(vec![text(words)])];
        let list = Block::List { start: Some(9), items: vec![item("one two three four"), item("five")] };
        let quote = Block::Quote(vec![Block::Paragraph(vec![text("a quoted line that wraps")])]);
        insta::assert_snapshot!(shown(&[list, quote], 14), @r"
        9. one two
           three four
        10. five

        │ a quoted
        │ line that
        │ wraps
        ");
    }

    #[test]
    fn tables_give_way_in_their_widest_column() {
        let row = |cells: [&str; 2]| cells.iter().map(|cell| vec![text(cell)]).collect::<Vec<_>>();
        let table =
            Block::Table(vec![row(["Layer", "What it adds"]), row(["IP", "addresses, so that routers can choose"])]);
        insta::assert_snapshot!(shown(&[table], 24), @r"
        Layer  What it adds
        ─────  ─────────────────
        IP     addresses, so
               that routers can
               choose
        ");
    }

    #[test]
    fn a_table_breaks_no_word_while_another_column_can_give_way() {
        let row = |cells: [&str; 3]| cells.iter().map(|cell| vec![text(cell)]).collect::<Vec<_>>();
        let table = Block::Table(vec![
            row(["Name", "Where", "What"]),
            row(["net.ipv4.tcp_rmem", "/proc/sys/net", "three numbers in a row, in bytes"]),
        ]);
        let shown = shown(&[table], 46);
        assert!(shown.contains("net.ipv4.tcp_rmem") && shown.contains("/proc/sys/net"), "{shown}");
    }

    #[test]
    fn a_word_wider_than_the_row_is_broken() {
        insta::assert_snapshot!(shown(&[Block::Paragraph(vec![text("an abcdefghijklmnop end")])], 8), @r"
        an
        abcdefgh
        ijklmnop
        end
        ");
    }
}
