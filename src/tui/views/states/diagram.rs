//! TCP's state diagram (RFC 9293 Figure 5), with the ends of a connection where they are and the ways they came.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::views::machines::Machine;
use crate::tui::views::{View, pen};

/// On each way stands what happens, then what is sent for it. Right of each state is room for the letters of the ends.
const ART: [&str; 13] = [
    "                           CLOSED",
    "              listen ╱             ╲ connect: SYN",
    "            LISTEN    ── send: SYN ──▸ SYN-SENT",
    "  SYN: SYN, ACK ╲    ╭─ SYN: SYN, ACK ──╯  │",
    "            SYN-RECEIVED                   │ SYN, ACK: ACK",
    "       close: FIN │      ╲ ACK             │",
    "                  │     ESTABLISHED    ◂───╯",
    "                  │   ╱ close: FIN     ╲ FIN: ACK",
    "              FIN-WAIT-1              CLOSE-WAIT",
    "          ACK ╱     ╲ FIN: ACK            │ close: FIN",
    "    FIN-WAIT-2        CLOSING         LAST-ACK",
    "      FIN: ACK ╲    ╱ ACK                 │ ACK",
    "             TIME-WAIT    ──── 2 MSL ──▸ CLOSED",
];

/// Columns and rows of the drawing.
pub(super) const WIDTH: u16 = 64;
pub(super) const HEIGHT: u16 = 13;

/// A way from one state to another: the row and the words of its label.
const WAYS: [(&str, &str, usize, &str); 17] = [
    ("CLOSED", "LISTEN", 1, "listen ╱"),
    ("CLOSED", "SYN-SENT", 1, "╲ connect: SYN"),
    ("LISTEN", "SYN-SENT", 2, "── send: SYN ──▸"),
    ("LISTEN", "SYN-RECEIVED", 3, "SYN: SYN, ACK ╲"),
    ("SYN-SENT", "SYN-RECEIVED", 3, "╭─ SYN: SYN, ACK ──╯"),
    ("SYN-SENT", "ESTABLISHED", 4, "│ SYN, ACK: ACK"),
    ("SYN-RECEIVED", "ESTABLISHED", 5, "╲ ACK"),
    ("SYN-RECEIVED", "FIN-WAIT-1", 5, "close: FIN │"),
    ("ESTABLISHED", "FIN-WAIT-1", 7, "╱ close: FIN"),
    ("ESTABLISHED", "CLOSE-WAIT", 7, "╲ FIN: ACK"),
    ("FIN-WAIT-1", "FIN-WAIT-2", 9, "ACK ╱"),
    ("FIN-WAIT-1", "CLOSING", 9, "╲ FIN: ACK"),
    ("CLOSE-WAIT", "LAST-ACK", 9, "│ close: FIN"),
    ("FIN-WAIT-2", "TIME-WAIT", 11, "FIN: ACK ╲"),
    ("CLOSING", "TIME-WAIT", 11, "╱ ACK"),
    ("LAST-ACK", "CLOSED", 11, "│ ACK"),
    ("TIME-WAIT", "CLOSED", 12, "──── 2 MSL ──▸"),
];

/// The states with the row each stands on; CLOSED is there twice, before and after.
const STATES: [(&str, usize); 12] = [
    ("CLOSED", 0),
    ("LISTEN", 2),
    ("SYN-SENT", 2),
    ("SYN-RECEIVED", 4),
    ("ESTABLISHED", 6),
    ("FIN-WAIT-1", 8),
    ("CLOSE-WAIT", 8),
    ("FIN-WAIT-2", 10),
    ("CLOSING", 10),
    ("LAST-ACK", 10),
    ("TIME-WAIT", 12),
    ("CLOSED", 12),
];

/// Whether all states of a machine are TCP's.
pub(super) fn knows(machine: &Machine) -> bool {
    let is_state = |name: &str| STATES.iter().any(|(state, _)| *state == name);
    machine.name.starts_with("tcp") && (0..=machine.moves.len()).all(|nth| is_state(machine.state_after(nth)))
}

/// The column at which words stand on a row.
fn column(row: usize, words: &str) -> Option<u16> {
    let line = ART.get(row)?;
    line.find(words).map(|at| pen::columns(&line[..at]))
}

/// Draws it. Each end is a letter, its machine, and how many of its moves have come.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>, ends: &[(char, &Machine, usize)]) {
    for (y, line) in (0..area.height).zip(ART) {
        pen::put(buffer, area, (0, y), line, view.theme.dim);
    }
    for (nth, (name, row)) in STATES.into_iter().enumerate() {
        draw_state(area, buffer, view, ends, (nth, name, row));
    }
    for (_, machine, moves) in ends {
        let Some(last) = moves.checked_sub(1) else { continue };
        let (from, to) = (machine.state_after(last), machine.state_after(*moves));
        let way = WAYS.iter().find(|way| (way.0, way.1) == (from, to));
        if let Some((_, _, row, words)) = way
            && let (Some(x), Ok(y)) = (column(*row, words), u16::try_from(*row))
        {
            pen::put(buffer, area, (x, y), words, view.theme.accent);
        }
    }
}

fn draw_state(
    area: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    ends: &[(char, &Machine, usize)],
    (nth, name, row): (usize, &str, usize),
) {
    let (Some(x), Ok(y)) = (column(row, name), u16::try_from(row)) else { return };
    let is_last = nth + 1 == STATES.len();
    // An end that has not moved is at the first CLOSED; one that came back to it, at the last.
    let stands = |moves: usize, machine: &Machine| {
        machine.state_after(moves) == name && (name != "CLOSED" || (moves > 0) == is_last)
    };
    let here: String = ends.iter().filter(|(_, it, moves)| stands(*moves, it)).map(|(letter, ..)| *letter).collect();
    let was = ends.iter().any(|(_, it, moves)| (0..*moves).any(|before| stands(before, it)));
    let style = match (here.is_empty(), was) {
        (false, _) => view.theme.lit,
        (true, true) => view.theme.strong,
        (true, false) => view.theme.text,
    };
    pen::put(buffer, area, (x, y), name, style);
    if !here.is_empty() {
        pen::put(buffer, area, (x + pen::columns(name), y), &format!(" {here}"), view.theme.accent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tcp::State;

    #[test]
    fn every_state_and_way_is_on_the_drawing() {
        for (name, row) in STATES {
            assert!(column(row, name).is_some(), "{name}");
        }
        for (from, to, row, words) in WAYS {
            assert!(column(row, words).is_some(), "{from} to {to}");
        }
        assert!(ART.iter().all(|line| pen::columns(line) <= WIDTH));
        assert!(State::ALL.iter().all(|state| STATES.iter().any(|(name, _)| *name == state.name())));
    }
}
