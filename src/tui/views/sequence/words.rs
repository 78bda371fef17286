//! What is under the cursor, in full: why a packet was sent, what a decision says, which state came after which.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::recording::EventKind;
use crate::tui::views::{View, label, pen, terms};
use crate::wire::text::visible;

/// Rows for the words in a view of that height; none in a low one.
pub(super) const fn rows(height: u16) -> u16 {
    match height {
        0..=9 => 0,
        10..=15 => 2,
        16..=25 => 3,
        _ => 5,
    }
}

/// Draws them under a line.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    if area.height < 2 {
        return;
    }
    pen::put(buffer, area, (0, 0), &"─".repeat(usize::from(area.width)), view.theme.border);
    let Some((title, words, style)) = words(view) else { return };
    let title = format!(" {title} ");
    pen::put(buffer, area, (1, 0), &pen::cut(&title, usize::from(area.width.saturating_sub(2))), view.theme.dim);
    let room = usize::from(area.width.saturating_sub(2)).max(8);
    let lines = textwrap::wrap(&words, room);
    for (y, line) in (1..area.height).zip(&lines) {
        let is_cut = y + 1 == area.height && lines.len() >= usize::from(area.height);
        let line = if is_cut { pen::cut(&format!("{line} …"), room) } else { line.to_string() };
        pen::put(buffer, area, (1, y), &line, style);
    }
    let used = u16::try_from(lines.len() + 1).unwrap_or(area.height).min(area.height);
    let rest = Rect { y: area.y + used, height: area.height - used, ..area };
    terms::draw(rest, buffer, view, (1, &words));
}

/// What it is about, what it says, and how that looks.
fn words(view: &View<'_>) -> Option<(String, String, Style)> {
    let (recording, theme) = (view.run.recording(), view.theme);
    if let Some(event) = view.state.event.and_then(|it| recording.events.get(it)) {
        let node = visible(view.node(event.node));
        return Some(match &event.kind {
            EventKind::Decision { text } => {
                (format!("{node} decides"), visible(view.run.machines().decided(event.node, text)), theme.code)
            }
            EventKind::State { machine, from, to } => {
                (format!("{node}, {}", visible(machine)), format!("{} → {}", visible(from), visible(to)), theme.accent)
            }
            EventKind::Call { call, result } => {
                (format!("{node} calls"), visible(format!("{call} {result}")), theme.code)
            }
            EventKind::Note { text } => (node, visible(text), theme.text),
        });
    }
    let packet = recording.packet(view.state.packet)?;
    let ends = format!("{} → {}", view.node(packet.from), view.node(packet.to));
    let (_, fate) = label::fate(packet);
    let summary = if view.hides(packet).is_some() { label::protocol(packet) } else { view.run.summary(packet) };
    let title = [format!("packet {}, {}", packet.n, visible(ends)), summary, fate];
    let title: Vec<String> = title.into_iter().filter(|it| !it.is_empty()).collect();
    let why = super::reason_of(view, packet).map(|reason| format!("why: {}", visible(reason)));
    Some((title.join(" · "), why.unwrap_or_default(), theme.code))
}
