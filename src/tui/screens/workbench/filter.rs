//! The filter line: names completed while one types, a mistake shown at its place, the filters written before.
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::theme::Theme;
use crate::tui::views::pen;
use crate::tui::widgets::field::Field;
use crate::wire::filter::{Filter, Mistake, names};

/// Rows of the line with what stands below it.
pub(super) const ROWS: u16 = 4;

const LABEL: &str = "filter";

/// More names are not offered.
const MOST: usize = 400;

/// Filters that say what the language is like.
const EXAMPLES: &str = "dns   tcp.port == 443   ip.addr == 10.0.0.0/8   tcp.analysis.retransmission   http.request";

/// What is typed, and the names it may become.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    field: Field,
    /// The name that is being completed, as it was typed, and which of the offered stands there now.
    completing: Option<(String, usize)>,
    /// Which of the filters before stands there.
    recalled: Option<usize>,
    /// What was typed before one of them was recalled.
    draft: String,
}

impl Line {
    pub(super) fn of(text: &str) -> Self {
        Self { field: Field { text: text.to_owned() }, ..Self::default() }
    }

    pub(super) fn text(&self) -> &str {
        &self.field.text
    }

    pub(super) fn key(&mut self, key: KeyEvent) {
        self.field.key(key);
        self.completing = None;
        self.recalled = None;
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.field.paste(text);
        self.completing = None;
        self.recalled = None;
    }

    /// The filter, or why it is none.
    pub(super) fn parsed(&self) -> Result<Filter, Mistake> {
        Filter::parse(&self.field.text)
    }

    /// The next of the names that begin as what is typed.
    pub(super) fn complete(&mut self) {
        let (stem, next) = match self.completing.take() {
            Some((stem, at)) => (stem, Some(at + 1)),
            None => (self.word().to_owned(), None),
        };
        let offered = offered(&stem);
        let Some(count) = Some(offered.len()).filter(|it| *it > 0) else { return };
        let common = common(&offered);
        // First what all of them begin with, then one after another.
        if next.is_none() && common.len() > stem.len() && count > 1 {
            self.replace(&common);
            return;
        }
        let at = next.unwrap_or(0) % count;
        self.replace(offered[at]);
        self.completing = (count > 1).then_some((stem, at));
    }

    /// The filter written before this one, or after it.
    pub(super) fn recall(&mut self, history: &[String], back: bool) {
        let here = match (self.recalled, back) {
            (None, true) => history.len().checked_sub(1),
            (None, false) => return,
            (Some(at), true) => Some(at.saturating_sub(1)),
            (Some(at), false) => Some(at + 1).filter(|it| *it < history.len()),
        };
        if self.recalled.is_none() {
            self.draft.clone_from(&self.field.text);
        }
        self.recalled = here;
        self.completing = None;
        let text = here.and_then(|at| history.get(at)).unwrap_or(&self.draft);
        self.field.text.clone_from(text);
    }

    /// The name at the end of the text; empty inside a text in quotes, and where a value stands.
    fn word(&self) -> &str {
        let text = &self.field.text;
        if text.matches('"').count() % 2 == 1 {
            return "";
        }
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let start =
            text.rfind(|c| !is_of_name(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
        let word = &text[start..];
        if word.starts_with(|c: char| c.is_ascii_digit()) { "" } else { word }
    }

    fn replace(&mut self, name: &str) {
        let keep = self.field.text.len() - self.word().len();
        self.field.text.truncate(keep);
        self.field.text.push_str(name);
    }

    /// Draws the line, the mistake in it or how it is applied, and the names it may become.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let row = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
        self.field.draw(Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..row(0) }, buffer, theme, LABEL);
        if self.field.text.trim().is_empty() {
            pen::put(
                buffer,
                row(1),
                (1, 0),
                "enter lists all packets; a filter holds for those one wants to see, such as",
                theme.dim,
            );
            let examples = pen::cut(EXAMPLES, usize::from(area.width.saturating_sub(2)));
            pen::put(buffer, row(2), (1, 0), &examples, theme.code);
            return;
        }
        match self.parsed() {
            Ok(_) => drop(pen::put(buffer, row(1), (1, 0), "✔ enter applies it", theme.good)),
            Err(mistake) => self.draw_mistake(area, buffer, theme, &mistake),
        }
        self.draw_offered(row(3), buffer, theme);
    }

    fn draw_mistake(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, mistake: &Mistake) {
        let text = &self.field.text;
        let part = |to: usize| pen::columns(text.get(..to).unwrap_or(text));
        let (from, to) = (part(mistake.bytes.start), part(mistake.bytes.end));
        // As the field scrolls: its end is always in sight.
        let before = pen::columns(LABEL) + 3;
        let room = area.width.saturating_sub(1).saturating_sub(before + 1);
        let hidden = part(text.len()).saturating_sub(room);
        let start = 1 + before + from.saturating_sub(hidden);
        let wide = to.saturating_sub(from.max(hidden)).max(1);
        let marks = "^".repeat(usize::from(wide));
        pen::put(buffer, area, (start, 1), &marks, theme.warn);
        let words = format!("column {}: {}", mistake.column(), mistake.text);
        let width = usize::from(area.width.saturating_sub(2)).max(8);
        // Beside its marks where there is room, else below them.
        let beside = start + wide + 1;
        if beside + pen::columns(&words) < area.width {
            pen::put(buffer, area, (beside, 1), &words, theme.warn);
        } else {
            pen::put(buffer, area, (1, 2), &pen::cut(&words, width), theme.warn);
        }
    }

    fn draw_offered(&self, row: Rect, buffer: &mut Buffer, theme: &Theme) {
        let (stem, at) = match &self.completing {
            Some((stem, at)) => (stem.as_str(), Some(*at)),
            None => (self.word(), None),
        };
        let offered = offered(stem);
        if offered.is_empty() || (offered.len() == 1 && offered[0] == stem) {
            return;
        }
        let mut x = pen::put(buffer, row, (1, 0), "tab ", theme.key);
        for (index, name) in offered.iter().enumerate().skip(at.unwrap_or(0)) {
            if x + pen::columns(name) + 3 > row.width {
                pen::put(buffer, row, (x, 0), "…", theme.dim);
                return;
            }
            x = pen::put(buffer, row, (x, 0), name, if at == Some(index) { theme.selected } else { theme.dim }) + 2;
        }
    }
}

/// The names that begin like this; nothing is offered for nothing.
fn offered(stem: &str) -> Vec<&'static str> {
    if stem.is_empty() {
        return Vec::new();
    }
    names().map(|(name, _)| name).filter(|name| name.starts_with(stem)).take(MOST).collect()
}

/// What all of them begin with.
fn common(names: &[&'static str]) -> String {
    let Some((first, others)) = names.split_first() else { return String::new() };
    let same = |other: &&str| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let shortest = others.iter().map(same).min().unwrap_or(first.len());
    first[..shortest].to_owned()
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;

    fn typed(text: &str) -> Line {
        let mut line = Line::default();
        text.chars().for_each(|c| line.key(KeyEvent::from(KeyCode::Char(c))));
        line
    }

    #[test]
    fn names_are_completed_to_what_they_have_in_common_and_then_one_by_one() {
        let mut line = typed("ip && tcp.flags.s");
        line.complete();
        assert_eq!(line.text(), "ip && tcp.flags.syn");
        let mut line = typed("!tcp.analysis.retr");
        line.complete();
        assert_eq!(line.text(), "!tcp.analysis.retransmission");
        let mut line = typed("tcp.analysis.zero");
        line.complete();
        assert_eq!(line.text(), "tcp.analysis.zero_window");
        let seen: Vec<String> = (0..4)
            .map(|_| {
                line.complete();
                line.text().to_owned()
            })
            .collect();
        let each = ["tcp.analysis.zero_window", "tcp.analysis.zero_window_probe", "tcp.analysis.zero_window_probe_ack"];
        assert_eq!(seen, [each[0], each[1], each[2], each[0]]);
    }

    #[test]
    fn values_and_quoted_texts_are_not_completed() {
        for text in ["tcp.port == 44", "dns.qry.name == \"tcp.p", "ip.addr == "] {
            let mut line = typed(text);
            line.complete();
            assert_eq!(line.text(), text);
        }
    }

    #[test]
    fn filters_before_are_recalled_and_what_was_typed_comes_back() {
        let history = ["dns".to_owned(), "tcp".to_owned()];
        let mut line = typed("ud");
        let mut recall = |back| {
            line.recall(&history, back);
            line.text().to_owned()
        };
        let walk: Vec<String> = [true, true, true, false, false, false].into_iter().map(&mut recall).collect();
        assert_eq!(walk, ["tcp", "dns", "dns", "tcp", "ud", "ud"]);
    }
}
