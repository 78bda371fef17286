//! Curves over time: a panel for each unit, all on one time axis, with what hosts decided marked on it.
//!
//! ```text
//!  A ── client cwnd  43440 B    B ╌╌ client ssthresh  21720 B
//!    80 kB ············┊·······
//!          ⡠A⠤⠤⡇  ⡠A⠤⠤⠤┊
//!  C ── client RTT  61 ms
//!    80 ms ············┊·······
//!          ⠤C⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤┊
//!              ▾ ◆     ▾           decisions and markers
//!          ╷0 s        ╷5 s
//!  ▸ 4.2 s ▾ client: three duplicate ACKs ...
//! ```
mod curve;
mod decisions;
mod legend;
mod plot;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::axis::Axis;
use super::{Pointed, Prepared, View, pen};
use crate::quantity::Unit;
use crate::recording::Series;
use legend::Curve;
use plot::Plot;
pub(crate) use window::MOST_ZOOM;

/// Columns of the values at the left.
const GUTTER: u16 = 10;

/// Rows in which a curve can be read.
const LOWEST: u16 = 4;

/// What the learner chose to see of the curves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// The picture is the 2 to the power of this-th part of the run.
    pub zoom: u8,
    /// Curves that are not shown, by name.
    pub hidden: BTreeSet<String>,
    /// The row of the list to choose by, while it is open.
    pub choosing: Option<usize>,
}

/// Where the parts stand.
struct Areas {
    panels: Rect,
    signs: Rect,
    axis: Rect,
    list: Rect,
}

/// The curves of one unit. Beside another run both have the same panels and names, so that they can be compared by eye.
struct Panel<'a> {
    unit: Unit,
    curves: Vec<Curve<'a>>,
    /// What its scale has room for: these curves in this run and in the one beside it.
    scaled: Vec<&'a Series>,
}

/// The names of all curves of a run and of the one beside it; the same whichever of the two is named first.
pub(crate) fn names<'a>(run: &'a Prepared, other: Option<&'a Prepared>) -> Vec<&'a str> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for run in [Some(run), other].into_iter().flatten() {
        for (place, series) in run.recording().series.iter().enumerate() {
            let first = places.entry(&series.name).or_insert(place);
            *first = place.min(*first);
        }
    }
    let mut names: Vec<&str> = places.keys().copied().collect();
    names.sort_by_key(|name| places[name]);
    names
}

/// Draws the panels, the axis under them, and the decisions or the list of curves.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let areas = areas(area, view);
    let axis = axis(&areas, view);
    let panels = panels(view);
    if panels.is_empty() {
        pen::put(buffer, areas.panels, (1, 0), "No curve is chosen: s chooses.", view.theme.dim);
    }
    let places = places(&panels, areas.panels, view);
    let absent = panels.iter().zip(&places).filter(|(_, place)| place.height == 0).map(|it| it.0.curves.len()).sum();
    for (nth, (panel, place)) in panels.iter().zip(places).enumerate() {
        draw_panel(place, buffer, view, panel, (axis, if nth == 0 { absent } else { 0 }));
    }
    decisions::draw_signs(areas.signs, buffer, view, &axis);
    axis.draw(areas.axis, buffer, (GUTTER, 0), view.theme.dim);
    if view.state.chart.zoom > 0 {
        let text = format!("1/{} of it", 1_u32 << view.state.chart.zoom.min(MOST_ZOOM));
        pen::put_right(buffer, areas.axis, (GUTTER - 1, 0), &text, view.theme.warn);
    }
    match view.state.chart.choosing {
        Some(chosen) => legend::draw_list(areas.list, buffer, view, chosen),
        None => decisions::draw_list(areas.list, buffer, view),
    }
}

/// The instant of a click into the picture.
pub(crate) fn hit(area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    let areas = areas(area, view);
    let picture = areas.panels.union(areas.signs).union(areas.axis);
    let column = at.x.checked_sub(picture.x + GUTTER).filter(|_| picture.contains(at))?;
    let axis = axis(&areas, view);
    let last = u32::from(axis.width.saturating_sub(1)).max(1);
    (column < axis.width).then(|| Pointed::Time(axis.at(u32::from(column), last)))
}

fn areas(area: Rect, view: &View<'_>) -> Areas {
    let curves = u16::try_from(names(view.run, view.other).len()).unwrap_or(u16::MAX);
    let list = match view.state.chart.choosing {
        Some(_) => curves.saturating_add(1).min(area.height / 2),
        None => decisions::rows(view, area.height),
    };
    let signs = u16::from(decisions::has_any(view));
    let rows = [Constraint::Min(0), Constraint::Length(signs), Constraint::Length(1), Constraint::Length(list)];
    let [panels, signs, axis, list] = Layout::vertical(rows).areas(area);
    Areas { panels, signs, axis, list }
}

fn axis(areas: &Areas, view: &View<'_>) -> Axis {
    window::axis(view, areas.panels.width.saturating_sub(GUTTER + 1))
}

/// The curves on show by their unit, in the order of the run's.
fn panels<'a>(view: &View<'a>) -> Vec<Panel<'a>> {
    let mut panels: Vec<Panel<'a>> = Vec::new();
    let named = |run: &'a Prepared, name: &str| run.recording().series.iter().find(|it| it.name == name);
    for (index, name) in names(view.run, view.other).into_iter().enumerate() {
        let own = named(view.run, name);
        let theirs = view.other.and_then(|run| named(run, name));
        let Some(unit) = own.or(theirs).map(|it| it.unit) else { continue };
        if view.state.chart.hidden.contains(name) {
            continue;
        }
        let at = panels.iter().position(|it| it.unit == unit).unwrap_or_else(|| {
            panels.push(Panel { unit, curves: Vec::new(), scaled: Vec::new() });
            panels.len() - 1
        });
        let nth = panels[at].curves.len();
        panels[at].curves.push(Curve { index, nth, series: own, name });
        panels[at].scaled.extend(own.into_iter().chain(theirs));
    }
    panels
}

/// Where each panel stands: in proportion to its curves; where there is no room for all, the last keep their names only,
/// and where there is none for one beside the names, the first has all the rows and a line of names.
fn places(panels: &[Panel<'_>], area: Rect, view: &View<'_>) -> Vec<Rect> {
    let legends: Vec<u16> =
        panels.iter().map(|it| legend::rows(view, it, area.width).min(area.height / 3).max(1)).collect();
    let names: u16 = legends.iter().sum();
    let drawn = usize::from(area.height.saturating_sub(names) / LOWEST).min(panels.len());
    if drawn == 0 && area.height > 0 {
        let heights = (0..panels.len()).map(|nth| if nth == 0 { area.height } else { 0 });
        return Layout::vertical(heights.map(Constraint::Length)).split(area).to_vec();
    }
    let rows = legends.iter().zip(panels).enumerate().map(|(nth, (legend, panel))| {
        // Two shares for several curves: they lie over each other.
        let share = if panel.curves.len() > 1 { 2 } else { 1 };
        if nth < drawn { (*legend, share) } else { (*legend, 0) }
    });
    let rows: Vec<(u16, u16)> = rows.collect();
    let shares: u16 = rows.iter().map(|it| it.1).sum();
    let spare = area.height.saturating_sub(names + LOWEST * u16::try_from(drawn).unwrap_or(0));
    let height = |(legend, share): &(u16, u16)| {
        if *share == 0 { *legend } else { legend + LOWEST + spare * share / shares }
    };
    let mut heights: Vec<u16> = rows.iter().map(height).collect();
    let used: u16 = heights.iter().sum();
    if let Some(first) = heights.first_mut().filter(|_| drawn > 0) {
        *first += area.height.saturating_sub(used);
    }
    Layout::vertical(heights.into_iter().map(Constraint::Length)).split(area).to_vec()
}

fn draw_panel(area: Rect, buffer: &mut Buffer, view: &View<'_>, panel: &Panel<'_>, (axis, absent): (Axis, usize)) {
    let names = legend::rows(view, panel, area.width);
    // Where curves have no room at all, one line of names is enough.
    let names = match area.height {
        // Curves that are drawn have names before they have more rows.
        height if absent > 0 => {
            if height >= LOWEST + 2 {
                names.min(2)
            } else {
                1
            }
        }
        height if height > LOWEST => names.min(height - LOWEST),
        height => height,
    };
    let [names, rest] = Layout::vertical([Constraint::Length(names), Constraint::Min(0)]).areas(area);
    let note = if rest.height == 0 { " z shows its curve " } else { "" };
    legend::draw(names, buffer, view, panel, (absent, note));
    if absent > 0 && rest.height < 2 {
        pen::put(buffer, rest, (1, 0), "No room for curves: z, or a larger window.", view.theme.warn);
        return;
    }
    Plot::new(rest, axis, &panel.scaled, panel.unit).draw(buffer, view, &panel.curves);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::recording::Time;
    use crate::tui::views::{Kind, State, fixture};

    #[test]
    fn curves_have_letters_and_axes_have_units() {
        let state = State { cursor: Time::ZERO + Duration::from_millis(100), ..State::default() };
        for (width, height) in [(40, 14), (74, 26), (120, 36)] {
            let name = format!("chart_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn(Kind::Chart, (width, height), &state, None));
        }
    }

    #[test]
    fn curves_of_several_units_share_an_axis_and_a_cursor() {
        let run = fixture::congestion(2_000);
        let at = run.moments().iter().rfind(|it| it.at < Time(5_000_000_000)).expect("a decision").at;
        let state = State { cursor: at, ..State::default() };
        for (width, height) in [(78, 18), (120, 36), (198, 54)] {
            let name = format!("chart_panels_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn_of(&run, Kind::Chart, (width, height), &state));
        }
    }

    #[test]
    fn a_part_of_the_run_stands_still_until_the_cursor_leaves_its_half() {
        let run = fixture::congestion(2_000);
        let axis_at = |zoom, millis| {
            let chart = Chart { zoom, ..Chart::default() };
            let state = State { cursor: Time::ZERO + Duration::from_millis(millis), chart, ..State::default() };
            let theme = crate::tui::theme::Theme::named("dark").expect("it ships");
            window::axis(
                &View { run: &run, other: None, state: &state, theme: &theme, focused: true, glossary: &[] },
                60,
            )
        };
        let whole = axis_at(0, 5_000);
        assert_eq!((whole.from, whole.to), (Time::ZERO, Time(9_995_000_000)));
        let part = axis_at(2, 5_000);
        assert_eq!(part.to.since(part.from), Duration::from_nanos(9_995_000_000 / 4));
        assert_eq!(axis_at(2, 5_300), part, "it stands still");
        for millis in (0..10_000).step_by(250) {
            for zoom in 0..12 {
                let axis = axis_at(zoom, millis);
                let cursor = Time(millis * 1_000_000).0.min(9_995_000_000);
                assert!((axis.from.0..=axis.to.0).contains(&cursor), "{millis} ms is off the chart at zoom {zoom}");
            }
        }
    }

    #[test]
    fn two_runs_beside_each_other_have_the_same_letters_strokes_panels_and_rows() {
        let (all, some) = (fixture::congestion(200), fixture::congestion(300));
        let mut less = some.recording().clone();
        less.series.remove(0);
        less.markers.clear();
        less.events.clear();
        let less = Prepared::new(std::sync::Arc::new(less));
        let theme = crate::tui::theme::Theme::named("dark").expect("it ships");
        let state = State::default();
        let sides = [(&all, &less), (&less, &all)].map(|(run, other)| {
            let view = View { run, other: Some(other), state: &state, theme: &theme, focused: true, glossary: &[] };
            let panels = panels(&view);
            let looks = |it: &Curve<'_>| (it.name.to_owned(), it.letter(), it.hue(&theme), it.nth);
            let curves: Vec<_> = panels.iter().flat_map(|it| it.curves.iter().map(looks)).collect();
            let areas = areas(Rect::new(0, 0, 78, 30), &view);
            let places = places(&panels, areas.panels, &view);
            let scales: Vec<i64> = panels
                .iter()
                .zip(&places)
                .map(|(panel, place)| Plot::new(*place, axis(&areas, &view), &panel.scaled, panel.unit).highest())
                .collect();
            (curves, places, areas.axis, scales)
        });
        assert_eq!(sides[0], sides[1]);
        assert_eq!(sides[0].0.len(), all.recording().series.len());
    }

    #[test]
    fn a_low_chart_gives_its_rows_to_curves() {
        let run = fixture::congestion(2_000);
        let state = State { cursor: Time(3_000_000_000), ..State::default() };
        for height in 5..=9 {
            let drawn = fixture::drawn_of(&run, Kind::Chart, (78, height), &state);
            let has_dots = drawn.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
            assert!(has_dots, "{height} rows:\n{drawn}");
        }
    }

    #[test]
    fn curves_can_be_chosen() {
        let run = fixture::congestion(200);
        let hidden = ["client RTO", "goodput", "client ssthresh"].map(str::to_owned).into();
        let chart = Chart { hidden, choosing: Some(1), ..Chart::default() };
        let state = State { cursor: Time(3_000_000_000), chart, ..State::default() };
        insta::assert_snapshot!("chart_choosing_78x24", fixture::drawn_of(&run, Kind::Chart, (78, 24), &state));
    }
}
