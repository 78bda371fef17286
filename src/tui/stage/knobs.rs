//! The knobs of the stage: a line of settings, a list while the arrows turn them.
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Focus, Stage};
use crate::demos::{Knob, KnobKind, Value};
use crate::tui::action::{Action, Effect};
use crate::tui::theme::Theme;
use crate::tui::views::pen;
use crate::tui::widgets::field::Field;

/// The rows of the chosen knob's words, where there is room for them.
const WORDS: u16 = 3;

/// What is said of knobs that were turned for nothing.
const PUT_BACK: &str = "The knobs are as they were before: what was turned was not run. Enter in their list runs it.";

/// What a knob changes and how far it goes, in lines of that width.
fn told(knob: &Knob, width: u16) -> Vec<String> {
    let about = format!("{}: {} ({})", knob.name, knob.about, knob.range());
    let room = usize::from(width.saturating_sub(4)).max(8);
    textwrap::wrap(&about, room).into_iter().map(Into::into).collect()
}

impl Stage {
    pub(super) fn update_knobs(&mut self, action: &Action) -> Option<Vec<Effect>> {
        if self.typed.is_some() {
            return self.update_typed(action);
        }
        let last = self.demo.knobs.len().saturating_sub(1);
        match action {
            Action::Type(key) if self.takes_numbers() || self.takes_texts() => {
                let mut field = Field::default();
                // The key that asks for it is no part of it.
                if matches!(key.code, KeyCode::Char('0'..='9')) {
                    field.key(*key);
                }
                self.typed = Some(field);
            }
            Action::Up => self.knob = self.knob.saturating_sub(1),
            Action::Down => self.knob = (self.knob + 1).min(last),
            Action::Left | Action::Right => self.turn(*action == Action::Right),
            Action::PageUp | Action::PageDown => (0..10).for_each(|_| self.turn(*action == Action::PageUp)),
            Action::Knobs | Action::Back => return Some(self.put_back()),
            Action::RunAgain => {
                // What comes next is to look at the run, and the view has the keys for that.
                self.focus = Focus::View;
                self.before = None;
                return Some(self.run_again());
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Opens the list.
    pub(super) fn open_knobs(&mut self) {
        self.focus = Focus::Knobs;
        self.before = Some(self.knobs.clone());
    }

    /// Whether the knobs are turned to something else than when their list was opened.
    pub(super) fn has_turned(&self) -> bool {
        self.before.as_ref().is_some_and(|before| *before != self.knobs)
    }

    /// Closes the list: what was turned and not run is as it was, and is said to be.
    fn put_back(&mut self) -> Vec<Effect> {
        self.focus = Focus::View;
        let said = self.has_turned().then(|| Effect::Say(PUT_BACK.to_owned()));
        self.knobs = self.before.take().unwrap_or_else(|| self.knobs.clone());
        said.into_iter().collect()
    }

    /// The keys while a knob's value is typed.
    fn update_typed(&mut self, action: &Action) -> Option<Vec<Effect>> {
        let field = self.typed.as_mut()?;
        match action {
            Action::Type(key) => field.key(*key),
            Action::Paste(text) => field.paste(text),
            Action::RunAgain => return Some(self.set_typed()),
            Action::Knobs => self.typed = None,
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Sets the knob to what was typed; what it cannot be set to is said as the command line says it.
    fn set_typed(&mut self) -> Vec<Effect> {
        let (Some(field), Some(knob)) = (&self.typed, self.demo.knobs.get(self.knob)) else { return Vec::new() };
        if !field.text.trim().is_empty()
            && let Err(error) = self.knobs.set(knob.name, &field.text)
        {
            return vec![Effect::Warn(error.to_string())];
        }
        self.typed = None;
        Vec::new()
    }

    /// Whether the chosen knob takes a number.
    pub(super) fn takes_numbers(&self) -> bool {
        let knob = self.demo.knobs.get(self.knob);
        knob.is_some_and(|knob| matches!(knob.kind, KnobKind::Quantity { .. }))
    }

    /// Whether the chosen knob takes a text.
    pub(super) fn takes_texts(&self) -> bool {
        let knob = self.demo.knobs.get(self.knob);
        knob.is_some_and(|knob| matches!(knob.kind, KnobKind::Text { .. }))
    }

    fn turn(&mut self, up: bool) {
        if let Some(knob) = self.demo.knobs.get(self.knob) {
            self.knobs.turn(knob.name, up).expect("the demo's own knob");
        }
    }

    /// Whether the knobs are turned to something else than the run on show.
    pub(super) fn is_turned(&self, knob: &Knob, value: &Value) -> bool {
        let shown = self.recording().and_then(|run| run.run.knobs.get(knob.name));
        shown.is_some_and(|shown| *shown != value.as_text())
    }

    /// One line: `rtt 40 ms   loss 0 %`. What is set otherwise than by default comes first: the line may not hold all.
    pub(super) fn draw_knob_line(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let mut x = 1;
        // Of a live run's knobs only those of its programs hold.
        let live = self.demo.live.as_ref().filter(|_| self.is_live());
        let held = self.knobs.iter().filter(|(knob, _)| live.is_none_or(|live| live.has(knob)));
        let mut held: Vec<_> = held.collect();
        held.sort_by_key(|(knob, value)| !(self.is_turned(knob, value) || **value != knob.default()));
        for (knob, value) in held {
            let turned = self.is_turned(knob, value);
            let value = knob.shown(value);
            let width = pen::columns(knob.name) + 1 + pen::columns(&value) + u16::from(turned);
            if x + width + 2 > area.width {
                pen::put(buffer, area, (x, 0), "…", theme.dim);
                return;
            }
            x = pen::put(buffer, area, (x, 0), knob.name, theme.dim);
            let style = if turned { theme.warn } else { theme.strong };
            x = pen::put(buffer, area, (x + 1, 0), &value, style);
            if turned {
                x = pen::put(buffer, area, (x, 0), "*", theme.warn);
            }
            x += 2;
        }
    }

    /// The rows the list of knobs takes while they have the keys.
    pub(super) fn knob_rows(&self) -> u16 {
        u16::try_from(self.demo.knobs.len()).unwrap_or(u16::MAX).saturating_add(2 + WORDS)
    }

    /// The rows below the list for the words of a knob: as many as the longest needs, and the list keeps some of its own.
    fn word_rows(&self, area: Rect) -> u16 {
        let needed = self.demo.knobs.iter().map(|knob| told(knob, area.width).len()).max().unwrap_or(0);
        let most = match area.height {
            0..5 => 0,
            5..9 => 2,
            _ => WORDS,
        };
        u16::try_from(needed).unwrap_or(u16::MAX).min(most)
    }

    /// The list: a row a knob, with what it changes and how far it goes; below it the words of the chosen one in full.
    pub(super) fn draw_knob_list(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        pen::put(buffer, area, (1, 0), "Knobs: ↑↓ choose, ←→ turn, = types a value, enter runs", theme.dim);
        let list = area.height - self.word_rows(area);
        self.draw_knob_words(Rect { y: area.y + list, height: area.height - list, ..area }, buffer, theme);
        let rows = usize::from(list.saturating_sub(1));
        let names = self.demo.knobs.iter().map(|knob| knob.name.len()).max().unwrap_or(0).clamp(9, 16);
        let first = (self.knob + 2).saturating_sub(rows).min(self.demo.knobs.len().saturating_sub(rows));
        draw_more(Rect { height: list, ..area }, buffer, theme, first, self.demo.knobs.len());
        for (y, (index, (knob, value))) in (1..list).zip(self.knobs.iter().enumerate().skip(first)) {
            let chosen = index == self.knob;
            let style = if chosen { theme.selected } else { theme.text };
            if chosen {
                pen::put(buffer, area, (0, y), &" ".repeat(usize::from(area.width)), style);
            }
            pen::put(buffer, area, (1, y), if chosen { "▸" } else { " " }, style);
            let x = pen::put(buffer, area, (3, y), &format!("{:<names$} ", pen::cut(knob.name, names)), style);
            let turned = if self.is_turned(knob, value) { "*" } else { " " };
            let value = knob.shown(value);
            let shown = match (&self.typed, chosen) {
                (Some(typed), true) => format!("▸ {}▏", typed.text),
                (None, true) => format!("◂ {value} ▸{turned}"),
                (_, false) => format!("  {value}  {turned}"),
            };
            let x = pen::put(buffer, area, (x, y), &format!("{shown:<18}"), style);
            let about = format!("{} ({})", knob.about, knob.range());
            let room = usize::from(area.width.saturating_sub(x + 3));
            pen::put(buffer, area, (x + 1, y), &pen::cut(&about, room), if chosen { style } else { theme.dim });
        }
    }

    /// What the chosen knob changes and how far it goes, where its row may have cut that off.
    fn draw_knob_words(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let Some(knob) = self.demo.knobs.get(self.knob) else { return };
        let room = usize::from(area.width.saturating_sub(4)).max(8);
        let lines = told(knob, area.width);
        for (y, line) in (0..area.height).zip(&lines) {
            let is_cut = y + 1 == area.height && lines.len() > usize::from(area.height);
            let line = if is_cut { pen::cut(&format!("{line} …"), room) } else { line.clone() };
            pen::put(buffer, area, (3, y), &line, theme.text);
        }
    }
}

/// Marks at the right end of the list where knobs stand above or below it.
fn draw_more(list: Rect, buffer: &mut Buffer, theme: &Theme, first: usize, count: usize) {
    let x = list.width.saturating_sub(1);
    if first > 0 {
        pen::put(buffer, list, (x, 1), "↑", theme.accent);
    }
    if first + usize::from(list.height.saturating_sub(1)) < count {
        pen::put(buffer, list, (x, list.height.saturating_sub(1)), "↓", theme.accent);
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;
    use crate::demos::{self, Knobs, Setup};

    #[test]
    fn a_list_that_goes_on_says_so_and_what_was_changed_comes_first_in_the_line() {
        let demo = demos::find("http-caching").expect("it ships");
        let mut stage = Stage::of(demo, Knobs::defaults(demo.knobs), Setup::default());
        let last = demo.knobs.last().expect("it has knobs");
        stage.knobs.turn(last.name, true).expect("its own");
        let theme = &crate::tui::stage::world().theme;
        let area = Rect::new(0, 0, 80, 11);
        let text = |buffer: &Buffer, y: u16| (0..80).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        let mut buffer = Buffer::empty(area);
        stage.draw_knob_line(area, &mut buffer, theme);
        assert!(text(&buffer, 0).trim_start().starts_with(last.name), "{}", text(&buffer, 0));
        let mut marks = |knob: usize| {
            stage.knob = knob;
            let mut buffer = Buffer::empty(area);
            stage.draw_knob_list(area, &mut buffer, theme);
            [text(&buffer, 1).ends_with('↑'), text(&buffer, 7).ends_with('↓')]
        };
        assert_eq!([marks(0), marks(demo.knobs.len() - 1)], [[false, true], [true, false]]);
    }

    #[test]
    fn a_name_can_be_typed_as_a_number_can() {
        let demo = demos::find("dns-trace").expect("it ships");
        let mut stage = Stage::of(demo, Knobs::defaults(demo.knobs), Setup::default());
        stage.focus = Focus::Knobs;
        assert_eq!(demo.knobs[stage.knob].name, "name");
        let typed = |c: char| Action::Type(KeyEvent::from(KeyCode::Char(c)));
        assert!(stage.bindings().iter().any(|key| key.action == typed('=')), "the footer says how");
        for c in "=blog.example".chars() {
            drop(stage.update(&typed(c)));
        }
        drop(stage.update(&Action::RunAgain));
        assert_eq!(stage.knobs().text("name"), "blog.example");
        drop(stage.update(&typed('=')));
        drop(stage.update(&typed('.')));
        drop(stage.update(&typed('.')));
        let effects = stage.update(&Action::RunAgain).expect("the stage's key");
        assert!(matches!(effects.as_slice(), [Effect::Warn(text)] if text.contains("`name`")), "{effects:?}");
    }
}
