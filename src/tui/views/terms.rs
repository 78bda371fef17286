//! What the words of a decision mean, from the glossary.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{View, pen};
use crate::content::{Glossary, Term};

/// Who reads decisions knows these.
const KNOWN: [&str; 12] = [
    "ACK",
    "connection",
    "FIN",
    "packet",
    "payload",
    "port",
    "retransmission",
    "router",
    "segment",
    "SYN",
    "TCP",
    "window",
];

/// Draws what the words of a text mean, from a column on: as many as have room whole. Gives the rows.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>, (x, text): (u16, &str)) -> u16 {
    let room = usize::from(area.width.saturating_sub(x + 1)).max(8);
    let mut y = 0;
    for text in explained(view.glossary, text) {
        let lines = textwrap::wrap(&text, room);
        if usize::from(area.height.saturating_sub(y)) < lines.len() {
            continue;
        }
        for line in lines {
            pen::put(buffer, area, (x, y), &line, view.theme.dim);
            y += 1;
        }
    }
    y
}

/// The terms in a text, each once and with its meaning, in the order they come: `cwnd (congestion window): How many …`.
fn explained(glossary: &[Term], text: &str) -> Vec<String> {
    let mut told: Vec<&str> = KNOWN.to_vec();
    let mut lines = Vec::new();
    for found in Glossary::new(glossary).find(text) {
        let (term, written) = (found.term, &text[found.span]);
        // `as` is a word here, and AS none.
        if written.len() < 3 && written != found.term.term && !found.term.also.iter().any(|it| it == written) {
            continue;
        }
        if told.contains(&term.term.as_str()) {
            continue;
        }
        told.push(&term.term);
        let name = if written.eq_ignore_ascii_case(&term.term) {
            term.term.clone()
        } else {
            format!("{written} ({})", term.term)
        };
        lines.push(format!("{name}: {}", term.meaning));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_meanings_that_have_room_whole_are_drawn() {
        let term = |name: &str, meaning: &str| Term {
            term: name.to_owned(),
            also: Vec::new(),
            meaning: meaning.to_owned(),
            source: String::new(),
            lessons: Vec::new(),
        };
        let glossary = [term("pipe", "What a sender believes to be in the network now."), term("PRR", "It spreads.")];
        let run = crate::tui::views::fixture::prepared();
        let (state, theme) = (crate::tui::views::State::default(), crate::tui::theme::Theme::named("dark"));
        let theme = theme.expect("it ships");
        let view = View { run: &run, other: None, state: &state, theme: &theme, focused: true, glossary: &glossary };
        let drawn = |height: u16| {
            let area = Rect::new(0, 0, 30, height);
            let mut buffer = Buffer::empty(area);
            let rows = draw(area, &mut buffer, &view, (2, "pipe 0 B: PRR, segment"));
            (rows, crate::tui::views::fixture::text(&buffer).trim_end().to_owned())
        };
        assert_eq!(drawn(1), (1, "  PRR: It spreads.".to_owned()));
        assert_eq!(drawn(0).0, 0);
        let (rows, text) = drawn(9);
        assert!(rows == 4 && text.starts_with("  pipe: What a sender") && text.ends_with("PRR: It spreads."), "{text}");
    }

    #[test]
    fn every_word_of_art_in_a_decision_is_in_the_glossary() {
        let content = crate::content::load(crate::content::Source::Embedded).0;
        let decision = "fast recovery until byte 9: taken as lost (RACK); CUBIC: W_max 14.0 segments (below the last \
                        maximum: fast convergence); a probe (TLP); PRR; conservative slow start; BBR: DRAIN after \
                        STARTUP, PROBE_BW, PROBE_RTT; SACK; cwnd 9 B, ssthresh 9 B, srtt 4 ms, rto 2 ms, pipe 3 B";
        let names: Vec<String> = explained(&content.glossary, decision)
            .into_iter()
            .map(|line| line.split(':').next().unwrap_or_default().to_owned())
            .collect();
        insta::assert_snapshot!(names.join("\n"));
    }
}
