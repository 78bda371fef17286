//! Two runs beside each other: what each is called, and where each stands.
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Kind, Prepared, State, View, label, pen};
use crate::recording::{Run, beside};

/// From this width on the runs stand side by side, below it one above the other.
const WIDE: u16 = 90;

/// Draws both runs at the same instant; the table has columns for both and draws itself.
pub(crate) fn draw(kind: Kind, area: Rect, buffer: &mut Buffer, view: &View<'_>, other: &Prepared) {
    let (this, that) = names(&view.run.recording().run, &other.recording().run);
    // Parts of one size, so that one scale fits both.
    let [first, second] = if area.width >= WIDE {
        let half = Constraint::Length((area.width - 1) / 2);
        let [first, line, second] = Layout::horizontal([half, Constraint::Length(1), half]).areas(area);
        for y in 0..line.height {
            pen::put(buffer, line, (0, y), "┃", view.theme.border);
        }
        [first, second]
    } else {
        Layout::vertical([Constraint::Length(area.height / 2); 2]).areas(area)
    };
    part(kind, first, buffer, view, &this);
    let state = State { packet: packet(view, other), event: None, row: None, ..view.state.clone() };
    let beside = View { run: other, other: Some(view.run), state: &state, focused: false, ..*view };
    part(kind, second, buffer, &beside, &that);
}

fn part(kind: Kind, area: Rect, buffer: &mut Buffer, view: &View<'_>, name: &str) {
    let line = "─".repeat(usize::from(area.width));
    pen::put(buffer, area, (0, 0), &line, view.theme.border);
    let style = if view.focused { view.theme.strong } else { view.theme.dim };
    pen::put(buffer, area, (1, 0), &pen::cut(&format!(" {name} "), usize::from(area.width.saturating_sub(2))), style);
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    super::draw_one(kind, inner, buffer, view);
}

/// The packet of the other run that stands for the one under the cursor: the same up to a fork, the last sent after it.
fn packet(view: &View<'_>, other: &Prepared) -> u32 {
    let forks = |run: &Prepared| run.recording().run.interventions.last().map(|it| it.packet);
    let fork = forks(view.run).or_else(|| forks(other));
    match fork {
        Some(fork) if view.state.packet <= fork => view.state.packet,
        _ => other.packet_at(view.state.cursor),
    }
}

/// What the two runs are called: by what was done to them, or by the knobs they differ in.
pub(crate) fn names(this: &Run, that: &Run) -> (String, String) {
    if this.live.is_some() != that.live.is_some() {
        return (beside::write::name(this), beside::write::name(that));
    }
    if this.interventions != that.interventions {
        return (forks(this), forks(that));
    }
    let knobs = |run: &Run, other: &Run| {
        let differs = run.knobs.iter().filter(|(name, value)| other.knobs.get(*name) != Some(value));
        let all: Vec<String> = differs.map(|(name, value)| format!("{name} {value}")).collect();
        all.join(", ")
    };
    if this.demo != that.demo {
        return (this.demo.clone(), that.demo.clone());
    }
    let told = |run: &Run, other: &Run| {
        let seed = (run.seed != other.seed).then(|| format!("seed {}", run.seed));
        let knobs = Some(knobs(run, other)).filter(|it| !it.is_empty());
        seed.into_iter().chain(knobs).collect::<Vec<_>>().join(", ")
    };
    (format!("now: {}", told(this, that)), format!("before: {}", told(that, this)))
}

fn forks(run: &Run) -> String {
    let all: Vec<String> = run.interventions.iter().map(label::meddling).collect();
    if all.is_empty() { "as it was".to_owned() } else { format!("with {}", all.join(", ")) }
}
