//! Which stretch of the run the chart shows: all of it, or the part around the cursor.
use crate::recording::Time;
use crate::tui::views::View;
use crate::tui::views::axis::Axis;

/// The most a chart is magnified: 2 to the power of this.
pub(crate) const MOST_ZOOM: u8 = 24;

/// The axis of the chart. Magnified, it stands still while the cursor crosses a half of it, then goes on by that half.
pub(super) fn axis(view: &View<'_>, width: u16) -> Axis {
    let (from, to) = whole(view);
    let length = to.0.saturating_sub(from.0);
    let part = (length >> view.state.chart.zoom.min(MOST_ZOOM)).max(1);
    if part >= length {
        return Axis { from, to, width };
    }
    let half = (part / 2).max(1);
    let into = view.state.cursor.0.clamp(from.0, to.0) - from.0;
    let start = (into.saturating_sub(part / 4) / half * half).min(length - part);
    Axis { from: Time(from.0 + start), to: Time(from.0 + start + part), width }
}

/// From the first point of any curve to the last; beside another run, of both.
fn whole(view: &View<'_>) -> (Time, Time) {
    let runs = [Some(view.run), view.other];
    let curves = || runs.into_iter().flatten().flat_map(|run| &run.recording().series);
    let from = curves().filter_map(|it| it.points.first()).map(|it| it.0).min();
    let to = curves().filter_map(|it| it.points.last()).map(|it| it.0).max();
    (from.unwrap_or(Time::ZERO), to.unwrap_or(Time::ZERO))
}
