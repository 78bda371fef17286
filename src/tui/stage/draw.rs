//! The stage on the screen.
//!
//! ```text
//!  1 sequence  2 packets  3 waterfall …      which view
//!  rtt 40 ms   loss 0 %                      the knobs
//!  ...the view, or two runs beside each other...
//!  ▶ 12.3 ms of 60 ms   200× slower   ◆ the SYN-ACK arrives
//!  ━━━━━━━●──◆────◆──╌╌──◆──
//! ```
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::track::Track;
use super::{Focus, Stage, player};
use crate::recording::Time;
use crate::tui::action::Action;
use crate::tui::app::World;
use crate::tui::theme::Theme;
use crate::tui::views::{self, Kind, Pointed, Prepared, State, View, moments, pen, topology};

/// Where the parts of the stage stand.
struct Areas {
    tabs: Rect,
    knobs: Rect,
    view: Rect,
    scrubber: Rect,
}

impl Stage {
    fn areas(&self, area: Rect) -> Areas {
        let knobs = match self.focus {
            Focus::View | Focus::Curves if self.state.zoomed => 0,
            Focus::Host => super::live::ROWS,
            _ if self.demo.knobs.is_empty() => 0,
            // While they are turned they may leave the view a few rows only.
            Focus::Knobs => self.knob_rows().min((area.height / 2).max(area.height.saturating_sub(7))),
            Focus::View | Focus::Curves => 1,
        };
        let tabs = u16::from(!self.state.zoomed);
        let rows = [Constraint::Length(tabs), Constraint::Length(knobs), Constraint::Min(0), Constraint::Length(2)];
        let [tabs, knobs, view, scrubber] = Layout::vertical(rows).areas(area);
        Areas { tabs, knobs, view, scrubber }
    }

    /// Draws the stage; `focused` says whether it has the keys.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World, focused: bool) {
        let theme = &world.theme;
        let areas = self.areas(area);
        self.draw_tabs(areas.tabs, buffer, theme, focused);
        match self.focus {
            Focus::Host => self.draw_host(areas.knobs, buffer, theme),
            Focus::Knobs => self.draw_knob_list(areas.knobs, buffer, theme),
            Focus::View | Focus::Curves => self.draw_knob_line(areas.knobs, buffer, theme),
        }
        if self.veiled {
            // Nothing is played yet: the lines of the scrubber are free.
            let free = Rect { height: areas.view.height + areas.scrubber.height, ..areas.view };
            return self.draw_veil(free, buffer, theme);
        }
        let Some(run) = &self.shown else {
            let line = self.underway_line().unwrap_or_else(|| "Running the demo in the lab …".to_owned());
            pen::put(
                buffer,
                areas.view,
                (1, 1),
                &pen::cut(&line, usize::from(area.width.saturating_sub(2))),
                theme.dim,
            );
            return;
        };
        self.draw_view(areas.view, buffer, world, run, focused);
        self.draw_scrubber(areas.scrubber, buffer, theme, run);
    }

    /// What may be known before the guess: the network, not what happens on it.
    fn draw_veil(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        pen::put(buffer, area, (1, 1), "Your guess first. The run is ready and is shown after it.", theme.accent);
        let Some(run) = &self.shown else { return };
        let state = State::default();
        let view = View { run, other: None, state: &state, theme, focused: false, glossary: &[] };
        let below = Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area };
        if topology::has_room(below, &view) {
            pen::put(buffer, area, (1, 2), "It runs on this network, with the knobs above:", theme.dim);
            topology::draw_network(below, buffer, &view);
        }
    }

    fn draw_view(&self, area: Rect, buffer: &mut Buffer, world: &World, run: &Prepared, focused: bool) {
        let theme = &world.theme;
        let is_kept_back =
            |whole: &Arc<Prepared>| self.kind.has_content(whole.recording()) && !self.kind.has_content(run.recording());
        if self.whole.as_ref().is_some_and(is_kept_back) {
            let text = format!("The {} view is kept back until the question is answered.", self.kind.name());
            pen::put(buffer, area, (1, 0), &text, theme.dim);
            return;
        }
        let focused = focused && self.focus != Focus::Knobs;
        let other = self.other.as_deref().filter(|_| self.compare && !self.state.zoomed);
        let view = View { run, other, state: &self.state, theme, focused, glossary: &world.content.glossary };
        views::draw(self.kind, area, buffer, &view);
    }

    /// The tabs: all views with their names; where that is too long those with something in them, then closer together, at last
    /// by their numbers.
    fn tab_places(&self, area: Rect) -> Vec<(Rect, Kind, String)> {
        let has = |kind: &Kind| self.recording().is_none_or(|run| kind.has_content(run));
        let shown = |kind: &Kind| !kind.is_rare() || self.recording().is_some_and(|run| kind.has_content(run));
        let mut kinds: Vec<(usize, Kind)> = Kind::ALL.into_iter().enumerate().filter(|(_, kind)| shown(kind)).collect();
        let long = |kinds: &[(usize, Kind)]| kinds.iter().map(|(_, kind)| pen::columns(kind.name()) + 4).sum::<u16>();
        if long(&kinds) > area.width + 1 {
            kinds.retain(|(_, kind)| has(kind) || *kind == self.kind);
        }
        let close = u16::try_from(kinds.len()).unwrap_or(u16::MAX);
        let gap = if long(&kinds) <= area.width + 1 { 2 } else { 1 };
        let all_named = long(&kinds) <= area.width.saturating_add(close);
        let gap = if all_named { gap } else { 2 };
        let mut x = area.x + 1;
        let mut places = Vec::new();
        for (index, kind) in kinds {
            let named = all_named || kind == self.kind;
            let text = if named { format!("{} {}", index + 1, kind.name()) } else { (index + 1).to_string() };
            let width = pen::columns(&text);
            places.push((Rect { x, width, ..area }.intersection(area), kind, text));
            x += width + gap;
        }
        places
    }

    fn draw_tabs(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, focused: bool) {
        for (place, kind, text) in self.tab_places(area) {
            let empty = self.recording().is_some_and(|run| !kind.has_content(run));
            let style = match kind == self.kind {
                true if focused => theme.selected,
                true => theme.strong,
                false if empty => theme.border,
                false => theme.dim,
            };
            pen::put(buffer, place, (0, 0), &text, style);
        }
    }

    fn draw_scrubber(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, prepared: &Prepared) {
        let run = prepared.recording();
        let cursor = self.state.cursor;
        let sign = if self.player.playing { "▶" } else { "‖" };
        let x = pen::put(buffer, area, (1, 0), sign, theme.accent);
        let x = pen::put(buffer, area, (x + 1, 0), &cursor.to_string(), theme.strong);
        let x = pen::put(buffer, area, (x, 0), &format!(" of {}", run.end), theme.dim);
        let quiet = player::stretch(prepared.quiet(), cursor).filter(|_| self.player.playing);
        let speed = quiet.map_or_else(
            || self.player.speed_name(),
            |(from, to)| format!("passing over {} in which nothing happens", Time::ZERO + to.since(from)),
        );
        let x = pen::put(buffer, area, (x + 2, 0), &speed, theme.dim);
        let room = |x: u16| usize::from(area.width.saturating_sub(x + 3));
        if let Some(line) = self.underway_line() {
            pen::put(buffer, area, (x + 2, 0), &pen::cut(&line, room(x)), theme.accent);
        } else if self.wanted.is_some() {
            pen::put(buffer, area, (x + 2, 0), &pen::cut("running in the lab …", room(x)), theme.accent);
        } else if let Some(differs) = &self.differs {
            let room = usize::from(area.width.saturating_sub(x + 3));
            pen::put(buffer, area, (x + 2, 0), &pen::cut(&format!("! {differs}"), room), theme.warn);
        } else if let Some(marker) = moments::marker(prepared, &self.state) {
            let room = usize::from(area.width.saturating_sub(x + 3));
            pen::put(buffer, area, (x + 2, 0), &pen::cut(&format!("◆ {}", marker.label), room), theme.accent);
        }
        let line = line(area);
        let track = Track::new(run.end, prepared.quiet(), line.width);
        let here = track.column(cursor);
        for x in 0..line.width {
            let (sign, style) = match (x <= here, track.is_fold(x)) {
                (true, false) => ("━", theme.accent),
                (true, true) => ("╍", theme.accent),
                (false, false) => ("─", theme.border),
                (false, true) => ("╌", theme.border),
            };
            pen::put(buffer, line, (x, 0), sign, style);
        }
        for marker in &run.markers {
            let style = if marker.at <= cursor { theme.accent } else { theme.dim };
            pen::put(buffer, line, (track.column(marker.at), 0), "◆", style);
        }
        pen::put(buffer, line, (here, 0), "●", theme.strong);
    }

    /// What a click means.
    #[must_use]
    pub fn click(&self, area: Rect, at: Position, world: &World) -> Option<Action> {
        let areas = self.areas(area);
        if areas.knobs.contains(at) && self.focus == Focus::View {
            return Some(Action::Knobs);
        }
        let tabs = self.tab_places(areas.tabs);
        if let Some((_, kind, _)) = tabs.iter().find(|(place, ..)| place.contains(at)) {
            return Kind::ALL.iter().position(|it| it == kind).map(Action::View);
        }
        let run = self.shown.as_ref().filter(|_| !self.veiled)?;
        if areas.scrubber.contains(at) {
            let line = line(areas.scrubber);
            let track = Track::new(run.recording().end, run.quiet(), line.width);
            let instant = track.instant(at.x.saturating_sub(line.x).min(line.width.saturating_sub(1)));
            return Some(Action::Point(Pointed::Time(instant)));
        }
        let other = self.other.as_deref().filter(|_| self.compares_steps());
        let view = View { run, other, state: &self.state, theme: &world.theme, focused: true, glossary: &[] };
        views::hit(self.kind, areas.view, at, &view).map(Action::Point)
    }
}

/// The line of the scrubber: below its words.
const fn line(scrubber: Rect) -> Rect {
    Rect { x: scrubber.x + 1, y: scrubber.y + 1, width: scrubber.width.saturating_sub(2), height: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demos::{self, Knobs, Setup};

    #[test]
    fn tabs_keep_their_names_before_empty_views_keep_a_tab_and_a_click_finds_its_view() {
        let demo = demos::find("dns-trace").expect("it ships");
        let knobs = Knobs::defaults(demo.knobs);
        let run = (demo.run)(&knobs, &Setup::default());
        let mut stage = Stage::of(demo, knobs, Setup::default());
        stage.arrived(Arc::new(Prepared::new(Arc::new(run))));
        let tabs = |width: u16| -> Vec<String> {
            stage.tab_places(Rect::new(0, 0, width, 1)).into_iter().map(|(.., text)| text).collect()
        };
        let named = ["1 sequence", "2 packets", "3 waterfall", "4 topology", "6 table", "8 steps"];
        assert_eq!(tabs(120).join(" "), "1 sequence 2 packets 3 waterfall 4 topology 5 chart 6 table 7 states 8 steps");
        assert_eq!(tabs(80), named);
        assert_eq!(tabs(60), named, "closer together before names go");
        assert_eq!(tabs(50), ["1", "2", "3", "4", "6", "8 steps"]);
        let world = crate::tui::stage::world();
        let at = |x| stage.click(Rect::new(0, 0, 80, 24), Position { x, y: 0 }, &world);
        assert_eq!(at(2), Some(Action::View(0)));
        assert_eq!(at(u16::try_from(named.join("  ").len()).expect("short")), Some(Action::View(7)));
    }
}
