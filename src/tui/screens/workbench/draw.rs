//! The workbench on the screen.
//!
//! ```text
//!  1 packets  2 stream  3 sequence …           what is on show
//!  filter ▸ dns && udp                         which packets are listed
//!  No.  Time  Source  Destination  Info        the list
//!  layers and fields | bytes                   of the chosen packet
//!  the selected field explained
//! ```
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::bench::{Bench, View};
use super::list;
use crate::quantity::counted;
use crate::tui::action::Action;
use crate::tui::theme::Theme;
use crate::tui::views::packets::{self, Look, Plan, Read, Shown};
use crate::tui::views::pen;
use crate::wire::text::visible;

/// Whose secrets opened what was sealed.
const OPENED_WITH: &str = "which the capture or --keys has";

impl Bench {
    /// The tabs, the line of the filter or of what is asked, and what is left.
    fn areas(&self, area: Rect) -> (Rect, Rect, Rect) {
        let tabs = u16::from(!self.zoomed || self.view.index() > 0);
        let line = match &self.prompt {
            Some(prompt) => prompt.rows().min(area.height),
            None => u16::from(self.view.index() == 0),
        };
        let rows = [Constraint::Length(tabs), Constraint::Length(line), Constraint::Min(0)];
        let [tabs, line, body] = Layout::vertical(rows).areas(area);
        (tabs, line, body)
    }

    /// Where each view's name stands.
    fn tab_places(tabs: Rect) -> impl Iterator<Item = (usize, Rect, String)> {
        let mut x = tabs.x + 1;
        View::NAMES.into_iter().enumerate().map(move |(index, name)| {
            let text = format!("{} {name}", index + 1);
            let place = Rect { x, width: pen::columns(&text), ..tabs };
            x += place.width + 2;
            (index, place.intersection(tabs), text)
        })
    }

    fn draw_tabs(&self, tabs: Rect, buffer: &mut Buffer, theme: &Theme) {
        for (index, place, text) in Self::tab_places(tabs) {
            let style = if index == self.view.index() { theme.selected } else { theme.dim };
            pen::put(buffer, place, (0, 0), &text, style);
        }
    }

    const fn look<'a>(&'a self, theme: &'a Theme) -> Look<'a> {
        Look { theme, focused: self.prompt.is_none(), reading: &self.reading, highlight: &[] }
    }

    fn plan(&self) -> Plan {
        Plan { count: self.rows.len(), pane: self.reading.pane, zoomed: self.zoomed, asked: false }
    }

    /// How many packets the list shows at once.
    pub(super) fn page(&self, area: Rect) -> u16 {
        packets::panes(self.areas(area).2, self.plan()).list.height.saturating_sub(1)
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let (tabs, line, body) = self.areas(area);
        self.draw_tabs(tabs, buffer, theme);
        match &self.view {
            View::Packets => {}
            View::Stream(it) => return it.draw(body, buffer, theme),
            View::Ladder(it) => return it.draw(body, buffer, theme, self),
            View::Counts(it) => return it.draw(body, buffer, theme),
        }
        match &self.prompt {
            Some(prompt) => prompt.draw(line, buffer, theme, self.count),
            None => self.draw_line(line, buffer, theme),
        }
        if self.rows.is_empty() {
            return self.draw_nothing(body, buffer, theme);
        }
        let look = self.look(theme);
        let panes = packets::panes(body, self.plan());
        list::draw(panes.list, buffer, self, &look);
        self.with_packet(&look, |read| packets::draw_packet(&panes, buffer, read));
    }

    fn with_packet<T>(&self, look: &Look<'_>, then: impl FnOnce(&Read<'_>) -> T) -> Option<T> {
        self.with_rows(|packet, rows| {
            let shown = Shown {
                number: packet.number,
                frame: &packet.held.bytes,
                scale: packet.segment().and_then(|it| it.scale),
                opened_with: OPENED_WITH,
            };
            then(&Read::new(*look, shown, rows, None))
        })
    }

    /// The filter that is applied, what a thread works on, and the comment on the packet.
    fn draw_line(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let mut x = 1;
        let mut put = |text: &str, style| {
            let room = usize::from(area.width.saturating_sub(x + 1));
            x = pen::put(buffer, area, (x, 0), &pen::cut(text, room), style);
        };
        if self.saving.is_some() {
            put("saving … ", theme.accent);
        }
        if let Some(busy) = &self.busy {
            put(busy.what, theme.accent);
            if let Some((done, of)) = busy.looked {
                put(&format!(" {} %", (done * 100).checked_div(of).unwrap_or(0).min(100)), theme.accent);
            }
            put(" … ", theme.accent);
            put(&visible(busy.filter.as_deref().unwrap_or_default()), theme.dim);
            return;
        }
        if self.filter.is_empty() {
            put("filter ", theme.dim);
            put("/", theme.key);
            put(" lists the packets it holds for", theme.dim);
        } else {
            put("filter ▸ ", theme.dim);
            put(&visible(&self.filter), theme.strong);
        }
        let held = self.number().and_then(|number| Some((number, self.study.held(number)?)));
        if held.is_some_and(|(number, held)| self.study.is_gone(number, &held)) {
            put("   ! The capture's file became shorter: it gives this packet no more.", theme.warn);
        }
        if let Some(comment) = self.packet().and_then(|it| self.comment(&it).map(visible)) {
            put("   ✎ ", theme.accent);
            put(&comment, theme.accent);
        }
    }

    fn draw_nothing(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let text = match self.count {
            0 if self.growing => "No packet yet.".to_owned(),
            0 => "There is no packet in this capture.".to_owned(),
            count => format!(
                "The filter holds for none of the {}. / changes it, esc lists them all.",
                counted(count, "packet")
            ),
        };
        let width = usize::from(area.width.saturating_sub(2)).max(8);
        for (y, line) in (1..area.height).zip(textwrap::wrap(&text, width)) {
            pen::put(buffer, area, (1, y), &line, theme.dim);
        }
    }

    /// What a click means.
    pub(super) fn click(&self, area: Rect, at: Position, theme: &Theme) -> Option<Action> {
        let (tabs, line, body) = self.areas(area);
        if let Some((index, ..)) = Self::tab_places(tabs).find(|(_, place, _)| place.contains(at)) {
            return self.prompt.is_none().then_some(Action::View(index));
        }
        if self.prompt.is_some() || self.rows.is_empty() || self.view.index() > 0 {
            return None;
        }
        if line.contains(at) {
            return Some(Action::Capture(super::Wish::Filter));
        }
        let panes = packets::panes(body, self.plan());
        if panes.list.contains(at) {
            return list::hit(panes.list, at, self).map(Action::Point);
        }
        let look = self.look(theme);
        self.with_packet(&look, |read| packets::hit_packet(&panes, at, read))?.map(Action::Point)
    }
}
