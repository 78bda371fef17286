//! The chart's own keys: from decision to decision, nearer and further, and which curves are shown.
use super::{Focus, Stage};
use crate::recording::Time;
use crate::tui::action::Action;
use crate::tui::views::chart::{self, MOST_ZOOM};
use crate::tui::views::moments::{self, What};

/// The part of the picture a page is.
const PAGE: u64 = 4;

impl Stage {
    /// Does what only the chart does; false when it is no such key.
    pub(super) fn in_chart(&mut self, action: &Action) -> bool {
        match action {
            Action::Down => self.go_to_moment(true),
            Action::Up => self.go_to_moment(false),
            Action::Scroll { down, .. } => self.magnify(if *down { -1 } else { 1 }),
            Action::PageDown => self.pan(true),
            Action::PageUp => self.pan(false),
            Action::ZoomIn => self.magnify(1),
            Action::ZoomOut => self.magnify(-1),
            Action::ZoomWhole => self.state.chart.zoom = 0,
            Action::Curves => self.choose_curves(),
            _ => return false,
        }
        true
    }

    /// The keys of the list of curves.
    pub(super) fn update_curves(&mut self, action: &Action) {
        let other = self.other.as_deref().filter(|_| self.compare && !self.state.zoomed);
        let names: Vec<String> =
            self.shown.iter().flat_map(|run| chart::names(run, other)).map(str::to_owned).collect();
        let chart = &mut self.state.chart;
        let row = chart.choosing.unwrap_or(0).min(names.len().saturating_sub(1));
        match action {
            Action::Up => chart.choosing = Some(row.saturating_sub(1)),
            Action::Down => chart.choosing = Some((row + 1).min(names.len().saturating_sub(1))),
            Action::Toggle => {
                if let Some(name) = names.get(row)
                    && !chart.hidden.remove(name)
                {
                    chart.hidden.insert(name.clone());
                }
            }
            Action::ShowAll => chart.hidden.clear(),
            _ => {
                chart.choosing = None;
                self.focus = Focus::View;
            }
        }
    }

    fn choose_curves(&mut self) {
        self.state.chart.choosing = Some(0);
        self.focus = Focus::Curves;
    }

    fn magnify(&mut self, by: i8) {
        let zoom = &mut self.state.chart.zoom;
        *zoom = zoom.saturating_add_signed(by).min(MOST_ZOOM);
    }

    /// A quarter of what is on show on or back.
    fn pan(&mut self, forward: bool) {
        let by = ((self.end().0 >> self.state.chart.zoom) / PAGE).max(1);
        let cursor = self.state.cursor.0;
        let to = if forward { cursor.saturating_add(by).min(self.end().0) } else { cursor.saturating_sub(by) };
        self.pause_at(Time(to));
    }

    /// To the next decision or marker, or the one before.
    fn go_to_moment(&mut self, forward: bool) {
        let Some(run) = &self.shown else { return };
        let all = run.moments();
        let here = moments::current(run, &self.state);
        let is_on_it = here.is_some_and(|it| all[it].at == self.state.cursor);
        let next = match (here, forward) {
            (None, true) => 0,
            (None, false) => return,
            // Every one of an instant is stepped to, whichever of them the cursor came upon.
            (Some(here), true) => match self.state.moment {
                None if is_on_it => all.partition_point(|it| it.at < self.state.cursor),
                _ => here + 1,
            },
            (Some(here), false) if is_on_it => match here.checked_sub(1) {
                Some(before) => before,
                None => return,
            },
            (Some(here), false) => here,
        };
        let Some(moment) = all.get(next).copied() else { return };
        let packet = match moment.what {
            What::Marker(index) => run.recording().markers.get(index).and_then(|it| it.packet),
            What::Decision(_) => None,
        };
        self.pause_at(moment.at);
        if let What::Decision(index) = moment.what {
            self.state.event = Some(index);
        }
        self.state.packet = packet.unwrap_or(self.state.packet);
        self.state.moment = Some(next);
    }
}
