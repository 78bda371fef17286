//! The live side of the stage: whom to speak to, a run on its way on this machine's sockets, and what came of it.
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustls::pki_types::CertificateDer;

use super::{Focus, Prepared, Stage};
use crate::demos::live::{Progress, Request, Stop, Target};
use crate::quantity::Quantity;
use crate::tui::action::{Action, Binding, Effect, Key, Outcome};
use crate::tui::theme::Theme;
use crate::tui::views::pen;
use crate::tui::widgets::field::Field;

/// The live side, where the screen offers it and the demo has it.
#[derive(Default)]
pub(super) struct LiveSide {
    offered: bool,
    host: Field,
    /// Who is trusted beside this machine's authorities, whichever host is named next.
    trusted: Vec<CertificateDer<'static>>,
    underway: Option<Underway>,
}

/// A run on its way; it is stopped when nobody waits for it any more.
struct Underway {
    stop: Stop,
    progress: Progress,
    stopping: bool,
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// The rows the question for a host takes.
pub(super) const ROWS: u16 = 3;

impl Stage {
    /// Offers the live side from now on.
    pub const fn offer_live(&mut self) {
        self.live.offered = true;
    }

    /// Whether the demo can run live here.
    pub(super) const fn can_live(&self) -> bool {
        self.live.offered && self.demo.live.is_some()
    }

    /// Whether keys are text: a host's name, a knob's value.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        (self.focus == Focus::Host || self.typed.is_some()) && !self.veiled
    }

    /// Whether a live run is on its way.
    pub(super) const fn is_underway(&self) -> bool {
        self.live.underway.is_some()
    }

    /// Whether the run on show was made on real sockets.
    pub(super) fn is_live(&self) -> bool {
        self.recording().is_some_and(|run| run.run.live.is_some())
    }

    pub(super) fn host_keys() -> Vec<Binding> {
        vec![
            Binding::new([Key::code(KeyCode::Enter)], "run", Action::Submit),
            Binding::new([Key::code(KeyCode::Esc)], "not now", Action::Live),
        ]
    }

    /// The key that ends a run on its way.
    pub(super) fn underway_keys(&self) -> Vec<Binding> {
        let stops = self.live.underway.as_ref().is_some_and(|it| !it.stopping);
        let keys = [Key::code(KeyCode::Esc), Key::control('c')];
        if stops { vec![Binding::new(keys, "stop the live run", Action::StopLive)] } else { Vec::new() }
    }

    /// Runs on this machine's sockets.
    pub fn run_live(&mut self, target: Target) -> Vec<Effect> {
        let stop = Stop::default();
        let progress = Progress::default();
        self.live.host.text = target.host().map(|host| host.written().to_owned()).unwrap_or_default();
        self.live.trusted = target.host().map_or_else(Vec::new, |it| it.trusted().to_vec());
        self.live.underway = Some(Underway { stop: stop.clone(), progress, stopping: false });
        self.player.playing = false;
        let request = Request { knobs: self.knobs.clone(), target, seed: self.setup.seed };
        vec![Effect::RunLive { demo: self.demo, request, stop }]
    }

    /// Asks whom to speak to, or leaves the question.
    pub(super) fn ask_host(&mut self) {
        self.focus = if self.focus == Focus::Host { Focus::View } else { Focus::Host };
    }

    pub(super) fn update_host(&mut self, action: &Action) -> Option<Vec<Effect>> {
        match action {
            Action::Live => self.ask_host(),
            Action::Type(key) => self.live.host.key(*key),
            Action::Paste(text) => self.live.host.paste(text),
            Action::Submit => match self.live.host.text.parse::<Target>() {
                Ok(target) => {
                    self.ask_host();
                    return Some(self.run_live(target.trusting(self.live.trusted.clone())));
                }
                Err(error) => return Some(vec![Effect::Warn(error.to_string())]),
            },
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Ends the run on its way; what it has seen by then still arrives.
    pub(super) fn stop_live(&mut self) {
        if let Some(underway) = &mut self.live.underway {
            underway.stop.stop();
            underway.stopping = true;
        }
    }

    /// Takes what a live run says, if it is the one that is waited for.
    pub(super) fn live_done(&mut self, outcome: &Outcome) -> Vec<Effect> {
        match outcome {
            Outcome::LiveProgress { stop, progress } => {
                if let Some(underway) = self.live.underway.as_mut().filter(|it| it.stop.is(stop)) {
                    underway.progress.clone_from(progress);
                }
                Vec::new()
            }
            Outcome::RanLive { stop, ran } => {
                let Some(_over) = self.live.underway.take_if(|it| it.stop.is(stop)) else { return Vec::new() };
                match ran {
                    Ok((run, trouble)) => self.live_arrived(run, trouble.as_deref()),
                    Err(message) => {
                        // Where nothing is on show yet, the lab's run is.
                        let mut effects = if self.shown.is_none() { self.start() } else { Vec::new() };
                        effects.push(Effect::Warn(sentence(message)));
                        effects
                    }
                }
            }
            _ => Vec::new(),
        }
    }

    fn live_arrived(&mut self, run: &Arc<Prepared>, trouble: Option<&str>) -> Vec<Effect> {
        self.play_on_arrival = true;
        self.setup.interventions.clear();
        self.arrived(Arc::clone(run));
        self.compare = false;
        trouble.map(|text| Effect::Warn(sentence(text))).into_iter().collect()
    }

    /// What the stage says while a live run is on its way; `None` when there is none.
    pub(super) fn underway_line(&self) -> Option<String> {
        let Underway { progress, stopping, .. } = self.live.underway.as_ref()?;
        if *stopping {
            return Some("live: stopping …".to_owned());
        }
        // Tenths of a second: more only flickers.
        let tenths = Duration::from_millis(u64::try_from(progress.elapsed.as_millis()).unwrap_or(u64::MAX) / 100 * 100);
        let elapsed = Quantity::time(tenths);
        let doing = if progress.doing.is_empty() { "starting" } else { progress.doing.as_str() };
        Some(format!("live: {elapsed}, {} calls, now {doing}", progress.calls))
    }

    pub(super) fn draw_host(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let live = self.demo.live.as_ref();
        let port = live.map_or(0, |it| it.port);
        let width = usize::from(area.width.saturating_sub(2));
        let about = "Run live on this machine's sockets; empty: a server of its own on loopback.";
        pen::put(buffer, area, (1, 0), &pen::cut(about, width), theme.dim);
        let row =
            Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: 1 }.intersection(area);
        self.live.host.draw(row, buffer, theme, "host");
        let words: Vec<&str> = live.map_or(&[][..], |it| it.words).iter().map(|(word, _)| *word).collect();
        let text = if words.is_empty() {
            format!("A name or address, :PORT where it is not {port}. Nothing else is spoken to.")
        } else {
            format!("{} or HOST[:{port}]; then whom the search is referred to.", words.join(", "))
        };
        pen::put(buffer, area, (1, 2), &pen::cut(&text, width), theme.dim);
    }
}

/// With a capital and a full stop; a name or an address in front stays as it was written.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if !OWN_WORDS.contains(&first) {
        return format!("{text}.");
    }
    let mut chars = text.chars();
    let capital = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{capital}{}.", chars.as_str())
}

/// Words that our own messages begin with; any other first word is a learner's or a network's.
const OWN_WORDS: [&str; 5] = ["the", "this", "speaking", "these", "no"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_the_learner_wrote_keeps_its_letters() {
        assert_eq!(sentence("the run was stopped"), "The run was stopped.");
        assert_eq!(sentence("example.org has no address"), "example.org has no address.");
        assert_eq!(sentence("nas refused"), "nas refused.");
    }
}
