//! State machines: TCP's eleven states with both ends lit where they are, and the states of any machine over time.
//!
//! ```text
//!            CLOSED                      the diagram, for connections
//!       LISTEN     SYN-SENT A
//!  A client  SYN-SENT     since 0 ns     the machines that belong together
//!  ▸ 0 ns  client  CLOSED → SYN-SENT     their moves
//! ```
mod diagram;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::axis::Axis;
use super::machines::{Machine, Machines};
use super::{State, View, first, pen};
use crate::recording::Time;
use crate::wire::text::visible;

/// From this width on the diagram has the machines beside it.
const WIDE: u16 = diagram::WIDTH + 50;

/// Rows for each machine where there is room for its band.
const WITH_BAND: u16 = 2;

/// A move of the group on show: which of its machines, and which of that one's moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) machine: usize,
    pub(crate) nth: usize,
    pub(crate) at: Time,
    pub(crate) event: usize,
}

/// The group on show.
pub(crate) fn group<'a>(machines: &'a Machines, state: &State) -> &'a [usize] {
    let count = machines.groups.len().max(1);
    machines.groups.get(state.group % count).map_or(&[], Vec::as_slice)
}

/// The moves of a group in order of time.
pub(crate) fn steps(machines: &Machines, group: &[usize]) -> Vec<Step> {
    let moves = |machine: usize| {
        let moves = machines.all[machine].moves.iter().enumerate();
        moves.map(move |(nth, it)| Step { machine, nth, at: it.at, event: it.event })
    };
    let mut all: Vec<Step> = group.iter().flat_map(|machine| moves(*machine)).collect();
    all.sort_by_key(|it| it.event);
    all
}

/// The last move that has come; of several at one instant, the one the learner stepped to.
pub(crate) fn current(steps: &[Step], state: &State) -> Option<usize> {
    let chosen = state.event.and_then(|event| steps.iter().position(|it| it.event == event && it.at == state.cursor));
    chosen.or_else(|| steps.partition_point(|it| it.at <= state.cursor).checked_sub(1))
}

/// How many of a machine's moves have come.
fn moved(machine: &Machine, state: &State) -> usize {
    let by_time = machine.moved(state.cursor);
    let Some(event) = state.event else { return by_time };
    // Of one instant, only what came up to the event under the cursor.
    let before = machine.moves.partition_point(|it| it.at < state.cursor);
    before + machine.moves[before..by_time].partition_point(|it| it.event <= event)
}

/// Draws the diagram and the machines.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let machines = view.run.machines();
    let group = group(machines, view.state);
    let is_tcp = group.iter().all(|it| diagram::knows(&machines.all[*it]));
    let [picture, rest] = match is_tcp {
        true if area.width >= WIDE => {
            Layout::horizontal([Constraint::Length(diagram::WIDTH), Constraint::Min(0)]).spacing(2).areas(area)
        }
        true if area.height >= diagram::HEIGHT + 3 => {
            Layout::vertical([Constraint::Length(diagram::HEIGHT), Constraint::Min(0)]).areas(area)
        }
        _ => [Rect { height: 0, ..area }, area],
    };
    let ends: Vec<(char, &Machine, usize)> = ('A'..='Z')
        .zip(group)
        .map(|(letter, it)| (letter, &machines.all[*it], moved(&machines.all[*it], view.state)))
        .collect();
    if picture.height > 0 {
        diagram::draw(picture, buffer, view, &ends);
    }
    draw_machines(rest, buffer, view, &ends);
}

fn draw_machines(area: Rect, buffer: &mut Buffer, view: &View<'_>, ends: &[(char, &Machine, usize)]) {
    let (theme, machines) = (view.theme, view.run.machines());
    pen::put(buffer, area, (0, 0), &"─".repeat(usize::from(area.width)), theme.border);
    let (here, count) = (view.state.group % machines.groups.len().max(1) + 1, machines.groups.len());
    let name = ends.first().map(|(_, it, _)| visible(&it.name)).unwrap_or_default();
    let title = format!(" {here} of {count}: {name} ");
    pen::put(buffer, area, (1, 0), &pen::cut(&title, usize::from(area.width.saturating_sub(2))), theme.dim);
    let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let count = u16::try_from(ends.len()).unwrap_or(u16::MAX);
    let lines = if area.height >= count.saturating_mul(WITH_BAND) + 6 { WITH_BAND } else { 1 };
    let [heads, list] =
        Layout::vertical([Constraint::Length(count.saturating_mul(lines)), Constraint::Min(0)]).areas(area);
    for ((nth, end), _) in (0..).zip(ends).zip(0..heads.height) {
        let y = nth * lines;
        draw_machine(heads, buffer, view, (y, end));
        if lines == WITH_BAND {
            draw_band(Rect { y: heads.y + y + 1, height: 1, ..heads }.intersection(heads), buffer, view, end);
        }
    }
    draw_moves(list, buffer, view);
}

/// `A client 10.0.1.1:49152  ESTABLISHED  since 80 ms`
fn draw_machine(area: Rect, buffer: &mut Buffer, view: &View<'_>, (y, end): (u16, &(char, &Machine, usize))) {
    let (letter, machine, moves) = end;
    let theme = view.theme;
    let hue = theme.hues[(usize::try_from(u32::from(*letter) - u32::from('A')).unwrap_or(0) * 2 + 2) % 6];
    let x = pen::put(buffer, area, (1, y), &letter.to_string(), hue);
    let x = pen::put(buffer, area, (x + 1, y), &visible(view.node(machine.node)), theme.title);
    let x = pen::put(buffer, area, (x + 1, y), &visible(machine.local()), theme.dim);
    let x = pen::put(buffer, area, (x + 2, y), &visible(machine.state_after(*moves)), theme.strong);
    let since = moves.checked_sub(1).map(|last| format!("since {}", machine.moves[last].at));
    pen::put(buffer, area, (x + 2, y), &since.unwrap_or_else(|| "from the start".to_owned()), theme.dim);
}

/// The states of a machine along the run's time.
fn draw_band(area: Rect, buffer: &mut Buffer, view: &View<'_>, (_, machine, moves): &(char, &Machine, usize)) {
    let theme = view.theme;
    let axis = Axis { from: Time::ZERO, to: view.run.recording().end, width: area.width.saturating_sub(4) };
    let mut from = 0;
    for nth in 0..=machine.moves.len() {
        let to = machine.moves.get(nth).map_or(axis.width, |it| axis.column(it.at));
        let style = match nth.cmp(moves) {
            std::cmp::Ordering::Less => theme.text,
            std::cmp::Ordering::Equal => theme.accent,
            std::cmp::Ordering::Greater => theme.dim,
        };
        let room = to.saturating_sub(from);
        if room > 0 {
            let begin = if nth == 0 { "╶" } else { "├" };
            let name = pen::cut(&visible(machine.state_after(nth)), usize::from(room.saturating_sub(1)));
            let rest = "─".repeat(usize::from(room - 1).saturating_sub(usize::from(pen::columns(&name))));
            pen::put(buffer, area, (3 + from, 0), &format!("{begin}{name}{rest}"), style);
        }
        from = to.max(from);
    }
    pen::put(buffer, area, (3 + axis.column(view.state.cursor), 0), "┊", theme.lit);
}

/// The moves of all machines on show, around the cursor's.
fn draw_moves(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let (theme, machines) = (view.theme, view.run.machines());
    let steps = steps(machines, group(machines, view.state));
    let current = current(&steps, view.state);
    let start = first(current.unwrap_or(0), area.height, steps.len());
    for (y, (index, step)) in (0..area.height).zip(steps.iter().enumerate().skip(start)) {
        let machine = &machines.all[step.machine];
        let is_here = Some(index) == current;
        let base = match () {
            () if is_here && step.at == view.state.cursor => theme.selected,
            () if current.is_some_and(|it| index <= it) => theme.text,
            () => theme.dim,
        };
        pen::put(buffer, area, (0, y), &" ".repeat(usize::from(area.width)), base);
        pen::put(buffer, area, (0, y), if is_here { "▸" } else { " " }, theme.accent);
        pen::put_right(buffer, area, (11, y), &step.at.to_string(), base);
        let x = pen::put(buffer, area, (13, y), &pen::cut(&visible(view.node(machine.node)), 12), base);
        let (from, to) = (machine.state_after(step.nth), machine.state_after(step.nth + 1));
        pen::put(buffer, area, (x.max(20) + 2, y), &format!("{} → {}", visible(from), visible(to)), base);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::views::{Kind, fixture};

    #[test]
    fn both_ends_are_lit_where_they_are() {
        let run = fixture::connection();
        let state = State { cursor: Time(85_000_000), ..State::default() };
        for (width, height) in [(70, 29), (78, 18), (120, 30), (198, 54)] {
            let name = format!("states_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn_of(&run, Kind::States, (width, height), &state));
        }
    }

    #[test]
    fn of_two_moves_at_one_instant_the_first_can_be_seen_alone() {
        let run = fixture::connection();
        let steps = steps(run.machines(), &run.machines().groups[0]);
        let twice = steps.windows(2).position(|it| it[0].at == it[1].at).expect("FIN-WAIT-2 and TIME-WAIT");
        let text = |event| {
            let state = State { cursor: steps[twice].at, event, ..State::default() };
            fixture::drawn_of(&run, Kind::States, (70, 18), &state)
        };
        assert!(text(Some(steps[twice].event)).contains("FIN-WAIT-2 A"));
        assert!(text(None).contains("TIME-WAIT A"));
    }

    #[test]
    fn a_machine_that_is_no_tcp_has_a_table_of_its_states() {
        let state = State { cursor: Time(30_000_000), ..State::default() };
        let mut recording = fixture::prepared().recording().clone();
        for event in &mut recording.events {
            if let crate::recording::EventKind::State { machine, from, to } = &mut event.kind {
                (*machine, *from, *to) = ("door".into(), "shut".into(), "open".into());
            }
        }
        let run = crate::tui::views::Prepared::new(std::sync::Arc::new(recording));
        insta::assert_snapshot!("states_generic", fixture::drawn_of(&run, Kind::States, (70, 18), &state));
    }
}
