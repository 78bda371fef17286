//! A question drawn: prompt, what there is to choose or write, hints; then the feedback.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{Asking, Draft, State, feedback};
use crate::content::{self, Kind, layout};
use crate::practice::Confidence;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::prose;

/// Lines, and how many of them end with what must be in sight.
pub(super) struct Page {
    pub(super) lines: Vec<Line<'static>>,
    pub(super) keep: usize,
    /// The line that must be in sight even where not all lines before `keep` are.
    pub(super) here: usize,
}

impl Page {
    /// Markdown of a prompt or an explanation.
    pub(super) fn prose(&mut self, text: &str, width: usize, theme: &Theme) {
        self.lines.extend(prose::lines(&layout::rows(&content::blocks(text), width, &layout::NoRun), theme));
    }

    pub(super) fn text(&mut self, text: &str, width: usize, style: Style) {
        self.hung("", "", text, width, style);
    }

    /// Wrapped text behind a sign, hanging under its first word.
    pub(super) fn hung(&mut self, sign: &str, rest: &str, text: &str, width: usize, style: Style) {
        let options = textwrap::Options::new(width.max(8)).initial_indent(sign).subsequent_indent(rest);
        for paragraph in text.trim().split("\n\n") {
            let joined = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            let wrapped = textwrap::wrap(&joined, &options);
            self.lines.extend(wrapped.into_iter().map(|line| Line::styled(line.into_owned(), style)));
        }
    }

    pub(super) fn gap(&mut self) {
        self.lines.push(Line::default());
    }

    fn keep_here(&mut self) {
        self.keep = self.lines.len();
        self.here = usize::MAX;
    }
}

impl Asking {
    /// Draws the question inside a border, scrolled so that the cursor is in sight; the border says when there is more.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let page = self.page(usize::from(area.width), theme);
        let height = usize::from(area.height);
        let most = page.lines.len().saturating_sub(height);
        let first = match self.state {
            State::Open | State::Judging(_) | State::Keeping(..) => {
                let natural = page.keep.saturating_sub(height).min(page.here).min(most);
                self.most.set(natural);
                natural.saturating_sub(self.above)
            }
            State::Graded(..) => {
                self.most.set(most);
                self.scroll.min(most)
            }
        };
        for (row, line) in area.rows().zip(&page.lines[first..]) {
            line.render(row, buffer);
        }
        let more = match (first > 0, first < most) {
            (false, false) => return,
            (false, true) => format!(" ↓ {} more ", most - first),
            (true, false) => format!(" ↑ {first} more "),
            (true, true) => format!(" ↑ {first} ↓ {} more ", most - first),
        };
        let border = Rect { y: area.bottom(), height: 1, ..area }.intersection(buffer.area);
        Line::styled(more, theme.accent).right_aligned().render(border, buffer);
    }

    /// Rows the whole question needs in a pane of this width, its border included.
    #[must_use]
    pub fn height(&self, width: u16, theme: &Theme) -> u16 {
        let rows = self.page(usize::from(width.saturating_sub(4)), theme).lines.len();
        u16::try_from(rows + 2).unwrap_or(u16::MAX)
    }

    fn page(&self, width: usize, theme: &Theme) -> Page {
        let mut page = Page { lines: Vec::new(), keep: 0, here: usize::MAX };
        page.prose(&self.attempt.prompt, width, theme);
        page.gap();
        if let State::Graded(answer, grade) = &self.state {
            feedback::draw(&mut page, width, theme, self, answer, grade);
            return page;
        }
        self.draft_rows(&mut page, width, theme);
        page.gap();
        for (index, hint) in self.attempt.hints.iter().take(self.hints).enumerate() {
            page.hung(&format!("hint {} ", index + 1), "       ", &content::unmarked(hint), width, theme.accent);
        }
        if let Some(message) = &self.unreadable {
            page.hung("! ", "  ", message, width, theme.warn);
            page.keep_here();
        }
        if matches!(self.state, State::Judging(_)) {
            page.text("Running with your values ...", width, theme.accent);
            page.keep_here();
        }
        page.lines.extend(self.confidence.map(|confidence| sureness(confidence, theme)));
        page
    }

    fn draft_rows(&self, page: &mut Page, width: usize, theme: &Theme) {
        match &self.draft {
            Draft::Choose { row, ticked, several } => {
                for (index, shown) in self.attempt.options().iter().enumerate() {
                    let mark = match (several, ticked.contains(&index)) {
                        (false, _) => "",
                        (true, true) => "[x] ",
                        (true, false) => "[ ] ",
                    };
                    option(page, width, theme, index == *row, &format!("{} {mark}", index + 1), &shown.text);
                }
            }
            Draft::Judge { says, row, is_said } => self.judge_rows(page, width, theme, (*says, *is_said), *row),
            Draft::Arrange { row, order, held } => {
                for (place, item) in order.iter().enumerate() {
                    let Some(shown) = self.attempt.options().get(*item) else { continue };
                    let mark = if place == *row && *held { "↕ " } else { "  " };
                    option(page, width, theme, place == *row, &format!("{}.{mark}", place + 1), &shown.text);
                }
                let help = if *held {
                    "↑ and ↓ move the item; space puts it down."
                } else {
                    "space takes an item up, ↑ and ↓ move it, space puts it down."
                };
                page.gap();
                page.text(help, width, theme.dim);
            }
            Draft::Pair { row, chosen } => self.pair_rows(page, width, theme, *row, chosen),
            Draft::Write(field) => {
                page.lines.push(typed(&field.text, theme));
                let hint = self.attempt.number_hint().unwrap_or("A word or two.");
                let hint = if matches!(self.question.kind, Kind::Field(_)) {
                    "The value, as the packet view writes it."
                } else {
                    hint
                };
                page.text(hint, width, theme.dim);
                page.keep_here();
            }
            Draft::Fill { row, fields } => self.fill_rows(page, width, theme, *row, fields),
            Draft::Explain { .. } => self.card_rows(page, width, theme),
        }
    }

    /// What the run must measure, then a line for each value and under it what it is and what it takes.
    fn fill_rows(&self, page: &mut Page, width: usize, theme: &Theme, row: usize, fields: &[Field]) {
        if let Some(asked) = self.attempt.design() {
            page.text("A run with your values must meet:", width, theme.strong);
            for says in &asked.criteria {
                page.hung("· ", "  ", says, width, theme.text);
            }
            page.gap();
        }
        let blanks = self.attempt.blanks();
        // What several take is said once, behind the last of them.
        let is_said =
            |at: usize| blanks.get(at + 1).is_some_and(|next| next.says.is_empty() && next.told() == blanks[at].told());
        let mut first = usize::MAX;
        for (index, (blank, field)) in blanks.iter().zip(fields).enumerate() {
            let here = index == row;
            if here {
                first = page.lines.len();
            }
            page.lines.push(Line::from(vec![
                Span::styled(if here { "▸ " } else { "  " }, theme.key),
                Span::styled(format!("{}: ", blank.knob), theme.text),
                Span::styled(field.text.clone(), theme.strong),
                Span::styled(if here { "▏" } else { "" }, theme.accent),
            ]));
            if !is_said(index) {
                page.hung("    ", "    ", &blank.told(), width, theme.dim);
            }
        }
        // All fields, where there is room for them below the one with the cursor.
        page.keep_here();
        page.here = first;
    }

    fn judge_rows(
        &self,
        page: &mut Page,
        width: usize,
        theme: &Theme,
        (says, is_said): (Option<bool>, bool),
        row: Option<usize>,
    ) {
        let sign = |chosen: bool| if chosen { "(•) " } else { "( ) " };
        for (word, digit, value) in [("true", "1", true), ("false", "2", false)] {
            let style = if says == Some(value) { theme.selected } else { theme.text };
            // Once it is said for good the digits are those of what holds instead.
            let digit = if is_said { " " } else { digit };
            page.lines.push(Line::styled(format!("{digit} {}{word}", sign(says == Some(value))), style));
        }
        page.keep_here();
        if is_said {
            page.gap();
            page.text("It is false. What holds instead?", width, theme.strong);
            for (index, shown) in self.attempt.options().iter().enumerate() {
                option(page, width, theme, Some(index) == row, &format!("{} ", index + 1), &shown.text);
            }
        }
    }

    fn pair_rows(&self, page: &mut Page, width: usize, theme: &Theme, row: usize, chosen: &[Option<usize>]) {
        for (index, (left, right)) in self.attempt.lefts().iter().zip(chosen).enumerate() {
            let right = right.map_or("·".to_owned(), |it| (it + 1).to_string());
            option(page, width, theme, index == row, &format!("{right} ← "), left);
        }
        page.gap();
        for (index, shown) in self.attempt.options().iter().enumerate() {
            page.hung(&format!("  {} ", index + 1), "    ", &content::unmarked(&shown.text), width, theme.accent);
        }
        page.gap();
        page.text("A digit chooses for the line at ▸ and goes to the next; ↑ goes back.", width, theme.dim);
    }

    fn card_rows(&self, page: &mut Page, width: usize, theme: &Theme) {
        let Draft::Explain { text, met, row } = &self.draft else { return };
        let text = &text.text;
        let Some(met) = met else {
            page.hung("▸ ", "  ", &format!("{text}▏"), width, theme.strong);
            page.text(
                "Explain it in your own words, aloud or here; enter shows what a good answer says.",
                width,
                theme.dim,
            );
            page.keep_here();
            return;
        };
        if !text.is_empty() {
            page.hung("you: ", "     ", text, width, theme.accent);
            page.gap();
        }
        if let Kind::Card { rubric, model } = &self.question.kind {
            page.prose(model, width, theme);
            page.gap();
            page.text("Which of these did you say?", width, theme.strong);
            for (index, (point, said)) in rubric.iter().zip(met).enumerate() {
                let mark = if *said { "[x]" } else { "[ ]" };
                option(page, width, theme, index == *row, &format!("{} {mark} ", index + 1), point);
            }
        }
    }
}

fn option(page: &mut Page, width: usize, theme: &Theme, here: bool, mark: &str, text: &str) {
    let sign = format!("{}{mark}", if here { "▸ " } else { "  " });
    let rest = " ".repeat(sign.chars().count());
    page.hung(&sign, &rest, &content::unmarked(text), width, if here { theme.selected } else { theme.text });
    if here {
        page.keep_here();
    }
}

fn typed(text: &str, theme: &Theme) -> Line<'static> {
    Line::from(vec![
        Span::styled("▸ ", theme.key),
        Span::styled(text.to_owned(), theme.strong),
        Span::styled("▏", theme.accent),
    ])
}

fn sureness(confidence: Confidence, theme: &Theme) -> Line<'static> {
    let word = match confidence {
        Confidence::Guess => "a guess",
        Confidence::Unsure => "unsure",
        Confidence::Sure => "sure",
    };
    Line::from(vec![Span::styled("your answer is ", theme.dim), Span::styled(word, theme.key)])
}
