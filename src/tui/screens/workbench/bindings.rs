//! The keys that work on the workbench now.
use crossterm::event::KeyCode;

use super::Wish;
use super::bench::{Bench, View};
use super::ladder::Ladder;
use crate::tui::action::{Action, Binding, Key};
use crate::tui::views::Pane;

/// The way back, by what it closes.
pub(super) fn back(label: &'static str) -> Binding {
    Binding::new([Key::code(KeyCode::Esc), Key::char('q')], label, Action::Back)
}

/// The keys of the views.
pub(super) fn views() -> Vec<Binding> {
    const LABELS: [&str; View::NAMES.len()] = [
        "packets, layers, bytes",
        "stream: what a connection said",
        "sequence of a connection",
        "statistics: who, what, when",
    ];
    let key = |(index, (digit, label))| Binding::quiet([Key::char(digit)], label, Action::View(index));
    ('1'..).zip(LABELS).enumerate().map(key).collect()
}

/// The keys that go through rows; the labels are of one on and one back.
pub(super) fn rows([next, before]: [&'static str; 2]) -> Vec<Binding> {
    let code = Key::code;
    vec![
        Binding::new([code(KeyCode::Down), Key::char('j')], next, Action::Down),
        Binding::quiet([code(KeyCode::Up), Key::char('k')], before, Action::Up),
        Binding::quiet([code(KeyCode::PageDown), Key::char(' ')], "a page on", Action::PageDown),
        Binding::quiet([code(KeyCode::PageUp)], "a page back", Action::PageUp),
        Binding::quiet([code(KeyCode::Home), Key::char('g')], "the first", Action::First),
        Binding::quiet([code(KeyCode::End), Key::char('G')], "the last", Action::Last),
    ]
}

/// Where these keys and the wheel lead from a row, of so many.
pub(super) fn moved(row: usize, count: usize, action: &Action, page: isize) -> usize {
    let last = count.saturating_sub(1);
    let by = |by: isize| row.saturating_add_signed(by).min(last);
    match action {
        Action::Down | Action::Scroll { down: true, .. } => by(1),
        Action::Up | Action::Scroll { down: false, .. } => by(-1),
        Action::PageDown => by(page),
        Action::PageUp => by(-page),
        Action::First => 0,
        Action::Last => last,
        _ => row,
    }
}

impl Bench {
    pub(super) fn bindings(&self) -> Vec<Binding> {
        if let Some(prompt) = &self.prompt {
            return prompt.bindings();
        }
        match &self.view {
            View::Packets => self.packet_keys(),
            View::Stream(it) => it.bindings(),
            View::Ladder(_) => Ladder::bindings(),
            View::Counts(it) => it.bindings(),
        }
    }

    fn packet_keys(&self) -> Vec<Binding> {
        let mut keys = if self.rows.is_empty() { Vec::new() } else { self.reading_keys() };
        let wish = |c, label, wish| Binding::new([Key::char(c)], label, Action::Capture(wish));
        let quiet = |c, label, wish| Binding::quiet([Key::char(c)], label, Action::Capture(wish));
        keys.push(wish('/', "filter", Wish::Filter).first());
        if let Some((_, label)) = self.pointed() {
            keys.push(wish('a', label, Wish::Pointed).first());
        }
        if self.came_from.is_some() {
            keys.push(wish('b', "where one came from", Wish::Return));
        }
        if !self.rows.is_empty() {
            keys.push(Binding::new([Key::char('n')], "next that stands out", Action::NextMarker).first());
            keys.push(Binding::quiet([Key::char('N')], "the one before that stands out", Action::PreviousMarker));
            let is_marked = self.number().is_some_and(|it| self.marked.contains(&it));
            keys.push(Binding::new([Key::char('m')], if is_marked { "unmark" } else { "mark" }, Action::Toggle));
            keys.push(wish('c', "comment", Wish::Comment).first());
            keys.push(
                wish(
                    'f',
                    if self.reading.pane == Pane::List { "its conversation" } else { "filter by this" },
                    self.by(),
                )
                .first(),
            );
            if self.reading.pane != Pane::List && !self.filter.is_empty() {
                keys.push(quiet('F', "filter by this, too", Wish::BySelected { too: true }));
            }
            keys.push(wish('t', "times", Wish::Times));
            keys.push(quiet('#', "go to a number", Wish::Number));
            keys.push(wish('S', "save", Wish::Save));
            let zoom = if self.zoomed { "show all panes" } else { "only this pane" };
            keys.push(Binding::quiet([Key::char('z')], zoom, Action::Zoom));
        }
        if self.growing {
            keys.push(wish('s', "read no further", Wish::Stop));
        }
        keys.extend(views());
        keys.push(back(self.open_on_top().unwrap_or("back")));
        keys
    }

    const fn by(&self) -> Wish {
        match self.reading.pane {
            Pane::List => Wish::Conversation,
            Pane::Tree | Pane::Bytes => Wish::BySelected { too: false },
        }
    }

    /// The keys of the pane that has them.
    fn reading_keys(&self) -> Vec<Binding> {
        let (next, step, page) = match self.reading.pane {
            Pane::List => ("fields", ["next packet", "packet before"], ["a page on", "a page back"]),
            Pane::Tree => ("bytes", ["next field", "field before"], ["next layer", "layer before"]),
            Pane::Bytes => ("list", ["a line down", "a line up"], ["next field", "field before"]),
        };
        let code = Key::code;
        let mut keys = vec![
            Binding::new([code(KeyCode::Down), Key::char('j')], step[0], Action::Down),
            Binding::quiet([code(KeyCode::Up), Key::char('k')], step[1], Action::Up),
            Binding::new([code(KeyCode::Tab), code(KeyCode::Enter)], next, Action::NextPane).first(),
            Binding::quiet([code(KeyCode::BackTab)], "pane before", Action::PreviousPane),
            Binding::quiet([code(KeyCode::PageDown), Key::char(' ')], page[0], Action::PageDown),
            Binding::quiet([code(KeyCode::PageUp)], page[1], Action::PageUp),
        ];
        match self.reading.pane {
            Pane::Bytes => {
                keys.push(Binding::new([code(KeyCode::Right), Key::char('l')], "next byte", Action::Right));
                keys.push(Binding::quiet([code(KeyCode::Left), Key::char('h')], "byte before", Action::Left));
            }
            Pane::Tree => {
                // Fields of the packet beside: the selection stays.
                keys.push(Binding::new([code(KeyCode::Right), Key::char('l')], "next packet", Action::Right));
                keys.push(Binding::quiet([code(KeyCode::Left), Key::char('h')], "packet before", Action::Left));
            }
            Pane::List => {}
        }
        let ends = match self.reading.pane {
            Pane::List if self.growing => ["first packet", "newest packet, as they come"],
            Pane::List => ["first packet", "last packet"],
            Pane::Tree | Pane::Bytes => ["first row", "last row"],
        };
        keys.push(Binding::quiet([code(KeyCode::Home), Key::char('g')], ends[0], Action::First));
        keys.push(Binding::quiet([code(KeyCode::End), Key::char('G')], ends[1], Action::Last));
        keys
    }
}
