//! A file of many tables of one name, read so that a broken one leaves the others.
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::Problems;
use super::rule::Rule;

/// A table with the offset its spans count from.
pub(super) type Placed<'t> = (usize, Spanned<DeTable<'t>>);

/// A file of many tables of one name.
pub(super) struct Tables<'t> {
    /// The keys above the first of them.
    pub(super) head: Option<Placed<'t>>,
    pub(super) items: Vec<Placed<'t>>,
}

/// The `[[key]]` tables of a file. When the file is not TOML as a whole, each of them is read on its own, so that one
/// forgotten quote does not take the others with it.
pub(super) fn tables<'t>(text: &'t str, key: &str, problems: &mut Problems<'_>) -> Tables<'t> {
    let whole = match DeTable::parse(text) {
        Ok(table) => return split(0, table, key, problems),
        Err(error) => error,
    };
    let mut all = Tables { head: None, items: Vec::new() };
    let mut sound = true;
    for (base, chunk) in chunks(text, &format!("[[{key}]]")) {
        let Some(table) = problems.within(base, |problems| problems.toml(chunk)) else {
            sound = false;
            continue;
        };
        let part = split(base, table, key, problems);
        all.items.extend(part.items);
        all.head = all.head.or(part.head.filter(|_| base == 0));
    }
    if sound {
        let span = whole.span().unwrap_or(0..0);
        problems.error(Rule::Syntax, span, format!("this is not TOML: {}", whole.message()), "mend this line");
    }
    all
}

/// The text cut before every line that begins with `header`, with offsets.
fn chunks<'t>(text: &'t str, header: &str) -> Vec<(usize, &'t str)> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && line.starts_with(header) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| (*start, &text[*start..end])).collect()
}

fn split<'t>(base: usize, mut table: Spanned<DeTable<'t>>, key: &str, problems: &mut Problems<'_>) -> Tables<'t> {
    let mut items = Vec::new();
    if let Some(value) = table.get_mut().remove(key) {
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(array) => {
                for item in array {
                    items.extend(as_table(base, item, key, problems));
                }
            }
            _ => problems.within(base, |problems| not_tables(key, span, problems)),
        }
    }
    Tables { head: Some((base, table)), items }
}

fn as_table<'t>(base: usize, item: Spanned<DeValue<'t>>, key: &str, problems: &mut Problems<'_>) -> Option<Placed<'t>> {
    let span = item.span();
    if let DeValue::Table(table) = item.into_inner() {
        return Some((base, Spanned::new(span, table)));
    }
    problems.within(base, |problems| not_tables(key, span, problems));
    None
}

fn not_tables(key: &str, span: Range<usize>, problems: &mut Problems<'_>) {
    problems.error(Rule::Structure, span, format!("`{key}` is a list of tables"), format!("begin each with [[{key}]]"));
}

/// A file of tables has no keys above them.
pub(super) fn no_more_keys(tables: &Tables<'_>, problems: &mut Problems<'_>) {
    if let Some((base, head)) = &tables.head {
        for (name, _) in head.get_ref() {
            let span = base + name.span().start..base + name.span().end;
            let title = format!("unknown key `{}`", name.get_ref());
            problems.error(Rule::Structure, span, title, "delete it, or move it under a table");
        }
    }
}
