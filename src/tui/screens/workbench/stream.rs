//! A connection followed: what its two ends said, as text or as bytes, each line with who said it.
use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::bench::{Bench, View};
use super::{Wish, bindings};
use crate::quantity::{counted, seconds};
use crate::tui::action::{Action, Binding, Effect, Key};
use crate::tui::capture::Work;
use crate::tui::theme::Theme;
use crate::tui::views::{self, pen};
use crate::wire::capture::talk::{Inside, Silence, Talk};
use crate::wire::text::{hex_rows, is_text, visible};

/// Characters of a line: a longer one goes on in the next.
const LONGEST: usize = 240;
/// More lines are not kept: `--follow` gives all.
const MOST: usize = 100_000;

/// A connection on the screen, or on its way there.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) number: usize,
    pub(super) inside: Inside,
    /// Everything as bytes, text as well.
    hex: bool,
    /// Whether something of it is text: the rest is shown as bytes anyway.
    has_text: bool,
    talk: Option<Result<Arc<Talk>, Silence>>,
    lines: Vec<Line>,
    row: usize,
}

/// A line, with the packet it came in.
#[derive(Clone, Debug)]
struct Line {
    from_server: bool,
    packet: u32,
    text: String,
    is_head: bool,
}

impl Stream {
    /// Takes what was said.
    pub(super) fn arrived(&mut self, bench: &Bench, (inside, talk): (Inside, Result<Talk, Silence>)) {
        self.inside = inside;
        let is_text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(is_text);
        self.has_text = talk.as_ref().is_ok_and(|it| it.turns().any(|turn| is_text(&turn.bytes)));
        self.talk = Some(talk.map(Arc::new));
        self.write(bench);
        // One comes from a packet: what was said then is on top.
        let here = bench.number().unwrap_or(0);
        self.row = self.lines.iter().rposition(|it| it.is_head && it.packet <= here).unwrap_or(0);
    }

    fn write(&mut self, bench: &Bench) {
        self.lines.clear();
        let Some(Ok(talk)) = self.talk.clone() else { return };
        for turn in talk.turns() {
            let (packet, last) = turn.packets;
            let mut push = |text: String, is_head| {
                self.lines.push(Line { from_server: turn.from_server, packet, text, is_head });
            };
            turn.lacks().into_iter().for_each(|it| push(it, true));
            if turn.bytes.is_empty() {
                continue;
            }
            let at = bench.study.since_first_ns(packet);
            let at = at.map_or_else(String::new, |ns| format!(" at {} s", seconds(ns, 6)));
            push(format!("{}, {}{at}: {}", turn.who(), turn.came_in(), counted(turn.bytes.len(), "byte")), true);
            for text in texts(&turn.bytes, self.hex) {
                push(text, false);
            }
            if self.lines.len() > MOST {
                self.lines.truncate(MOST);
                let text = "… the rest is left out here; roundtrip packets FILE --follow gives all".to_owned();
                self.lines.push(Line { from_server: false, packet: last, text, is_head: true });
                return;
            }
        }
    }

    pub(super) fn update(&mut self, action: &Action, bench: &Bench, page: isize) {
        match action {
            Action::Toggle => {
                let packet = self.packet();
                self.hex = !self.hex;
                self.write(bench);
                self.row = self.lines.iter().position(|it| Some(it.packet) == packet).unwrap_or(0);
            }
            _ => self.row = bindings::moved(self.row, self.lines.len(), action, page),
        }
    }

    /// The packet of the chosen line.
    pub(super) fn packet(&self) -> Option<u32> {
        self.lines.get(self.row).map(|it| it.packet)
    }

    pub(super) fn bindings(&self) -> Vec<Binding> {
        let mut keys = bindings::rows(["down", "up"]);
        keys.push(Binding::new([Key::code(KeyCode::Enter)], "its packet", Action::Open).first());
        if self.has_text {
            let other = if self.hex { "as text" } else { "as bytes" };
            keys.push(Binding::new([Key::char('x')], other, Action::Toggle).first());
        }
        let other = match self.inside {
            Inside::Tcp => "inside TLS",
            Inside::Tls => "bytes of TCP",
        };
        keys.push(Binding::new([Key::char('i')], other, Action::Capture(Wish::Inside)).first());
        keys.extend(bindings::views());
        keys.push(bindings::back("packets"));
        keys
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let width = usize::from(area.width.saturating_sub(2)).max(8);
        let say = |buffer: &mut Buffer, text: &str| {
            for (y, line) in (1..area.height).zip(textwrap::wrap(text, width)) {
                pen::put(buffer, area, (1, y), &line, theme.dim);
            }
        };
        let talk = match &self.talk {
            None => return say(buffer, "Reading the connection …"),
            Some(Err(silence)) => {
                return say(buffer, &format!("There is nothing to follow: {silence}. i shows the other side of it."));
            }
            Some(Ok(talk)) => talk,
        };
        let what = match self.inside {
            Inside::Tcp => "bytes of TCP",
            Inside::Tls => "inside TLS",
        };
        let [client, server] = [talk.client, talk.server].map(|(ip, port)| std::net::SocketAddr::new(ip, port));
        let x = pen::put(buffer, area, (1, 0), &format!("{what}  "), theme.strong);
        let x = pen::put(buffer, area, (x, 0), &format!("→ {client}"), theme.hues[2]);
        let x = pen::put(buffer, area, (x, 0), &format!("  ← {server}"), theme.hues[4]);
        pen::put(buffer, area, (x, 0), &format!("  tcp.stream {}", self.number), theme.dim);
        if self.lines.is_empty() {
            return say(buffer, "Neither end said anything.");
        }
        let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.draw_lines(inner, buffer, theme);
    }

    fn draw_lines(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let first = views::first(self.row, area.height, self.lines.len());
        let room = usize::from(area.width.saturating_sub(5)).max(8);
        for (y, (index, line)) in (0..area.height).zip(self.lines.iter().enumerate().skip(first)) {
            let hue = theme.hues[if line.from_server { 4 } else { 2 }];
            let chosen = index == self.row;
            let style = match () {
                () if chosen => theme.selected,
                () if line.is_head => theme.dim,
                () => hue,
            };
            if chosen {
                pen::put(buffer, area, (0, y), &" ".repeat(usize::from(area.width)), style);
                pen::put(buffer, area, (0, y), "▸", style);
            }
            let sign = if line.from_server { "←" } else { "→" };
            pen::put(buffer, area, (1, y), sign, if chosen { style } else { hue });
            let indent = if line.is_head { 3 } else { 4 };
            pen::put(buffer, area, (indent, y), &pen::cut(&line.text, room), style);
        }
    }
}

impl Bench {
    /// Follows the chosen packet's connection; inside TLS where that can be opened, unless one of the two is wanted.
    pub(super) fn follow(&mut self, wanted: Option<Inside>) -> Vec<Effect> {
        let number = match &self.view {
            View::Stream(stream) => Some(stream.number),
            _ => self.packet().and_then(|it| it.segment().map(|it| it.flow)),
        };
        let Some(number) = number else {
            return vec![Effect::Say("Choose a packet of a TCP connection: only these can be followed.".to_owned())];
        };
        let inside = wanted.unwrap_or(Inside::Tls);
        let hex = matches!(&self.view, View::Stream(it) if it.hex);
        let stream = Stream { number, inside, hex, has_text: false, talk: None, lines: Vec::new(), row: 0 };
        self.view = View::Stream(Box::new(stream));
        let study = Arc::clone(&self.study);
        self.work("reading the connection", None, Work::Follow { study, stream: number, inside: wanted })
    }

    /// The other of what TCP carries and what was said inside TLS.
    pub(super) fn other_inside(&mut self) -> Vec<Effect> {
        let View::Stream(stream) = &self.view else { return Vec::new() };
        let other = match stream.inside {
            Inside::Tcp => Inside::Tls,
            Inside::Tls => Inside::Tcp,
        };
        self.follow(Some(other))
    }
}

/// The lines of what one end said: text line by line, what is no text in rows of hexadecimal.
fn texts(bytes: &[u8], hex: bool) -> Vec<String> {
    let text = str::from_utf8(bytes).ok().filter(|text| !hex && is_text(text));
    let Some(text) = text else {
        return hex_rows(bytes).take(MOST).collect();
    };
    let mut lines = Vec::new();
    for line in text.lines().take(MOST) {
        let shown: Vec<char> = visible(line).chars().collect();
        lines.extend(shown.chunks(LONGEST).map(String::from_iter));
        if shown.is_empty() {
            lines.push(String::new());
        }
    }
    lines
}
