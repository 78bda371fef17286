//! The packet workbench: a capture listed and filtered, each packet taken apart and explained, commented and saved.
mod bench;
mod bindings;
mod counts;
mod draw;
mod filter;
mod grow;
mod keep;
mod ladder;
mod list;
mod prompt;
mod propose;
mod stream;
#[cfg(test)]
mod tests;
mod times;
mod update;

use std::path::Path;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Screen;
use crate::quantity::counted;
use crate::tui::action::{Action, Binding, Effect, Outcome};
use crate::tui::app::World;
use crate::tui::capture::{Done, Job, Source, Ticket, Work};
use crate::tui::views::pen;
use crate::wire::capture::study::Study;
use crate::wire::text::visible;
use bench::Bench;
use prompt::Which;

/// What one asks for on the workbench and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Asks for a filter.
    Filter,
    /// Filters by what is selected, alone or with the filter that is applied.
    BySelected { too: bool },
    /// Filters the packet's conversation.
    Conversation,
    /// Asks for a packet's number.
    Number,
    /// Asks for a comment.
    Comment,
    /// Follows what TCP carries instead of what was said inside TLS, or the other way round.
    Inside,
    /// Counts times from elsewhere.
    Times,
    /// Goes to the packet this one has to do with.
    Pointed,
    /// Goes back to where one jumped from.
    Return,
    /// Offers what can be saved.
    Save,
    /// Asks for a file's name for these packets.
    SaveAs(Which),
    /// Reads no further.
    Stop,
}

/// A capture on the screen, or on its way there.
pub struct Workbench {
    source: Source,
    /// Of the reading.
    ticket: Ticket,
    asked: bool,
    bench: Option<Bench>,
    /// Why there is no capture.
    problem: Option<String>,
    /// The learner was told what leaving loses: the same key again leaves.
    warned: bool,
}

/// What leaving loses.
const SAVING: &str = "A file is being written: esc once more leaves without waiting for it.";
const UNSAVED: &str = "Your comments are in no file: S saves them, esc once more leaves without.";

impl Workbench {
    /// The workbench of a capture that is read when it is entered.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, ticket: Ticket::default(), asked: false, bench: None, problem: None, warned: false }
    }

    /// Puts a capture on the screen of which more comes.
    fn begun(&mut self, study: &Arc<Study>) -> Vec<Effect> {
        let bench = self.bench.insert(Bench::new(Arc::clone(study), proposed(&self.source.name)));
        bench.tail = self.source.follows;
        bench.keep_to_the_tail();
        if self.source.filter.is_empty() { Vec::new() } else { bench.apply(&self.source.filter) }
    }

    /// More of the capture was read, or all of it.
    fn read(&mut self, done: &Done) -> Vec<Effect> {
        match (done, &mut self.bench) {
            (Done::Grown(study), None) => self.begun(study),
            (Done::Grown(_), Some(bench)) => bench.grown(),
            (Done::Opened(Ok(opened)), None) => {
                let mut effects = self.begun(&opened.study);
                effects.extend(self.bench.iter_mut().flat_map(|bench| bench.whole(opened)));
                effects
            }
            (Done::Opened(Ok(opened)), Some(bench)) => bench.whole(opened),
            (Done::Opened(Err(problem)), _) => {
                self.problem = Some(problem.clone());
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn open_shown(&mut self, world: &World) -> Vec<Effect> {
        self.bench.as_mut().map(|bench| bench.open_shown(world)).unwrap_or_default()
    }

    /// One thing at a time: what is open on top is closed, then comments that would be lost are spoken of, then one leaves.
    fn back(&mut self) -> Vec<Effect> {
        if let Some(bench) = &mut self.bench {
            if bench.close_top() {
                return Vec::new();
            }
            if bench.saving.is_some() && !std::mem::replace(&mut self.warned, true) {
                return vec![Effect::Say(SAVING.to_owned())];
            }
            if bench.is_unsaved() && !std::mem::replace(&mut self.warned, true) {
                return vec![Effect::Say(UNSAVED.to_owned())];
            }
        }
        self.ticket.drop_it();
        vec![Effect::Back]
    }
}

/// The name of a copy, without what says its kind: beside the capture, `dump.pcap.gz` becomes `dump`.
fn proposed(name: &str) -> String {
    let path = Path::new(name);
    let file = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let stem = file.split('.').next().filter(|it| !it.is_empty() && *it != "-").unwrap_or("capture");
    path.with_file_name(stem).to_str().unwrap_or("capture").to_owned()
}

impl Screen for Workbench {
    fn title(&self, _world: &World) -> String {
        visible(&self.source.name)
    }

    fn status(&self, _world: &World) -> String {
        let Some(bench) = &self.bench else { return String::new() };
        let (count, shown) = (bench.count, bench.rows.len());
        let cut = match (bench.growing, bench.cut) {
            (true, _) => ", reading on",
            (_, true) => ", cut short",
            _ => "",
        };
        let marked = match bench.marked.len() {
            0 => String::new(),
            many => format!(", {many} marked"),
        };
        let of = if shown == count { String::new() } else { format!("{shown} of ") };
        let all = counted(count, "packet");
        bench.number().map_or_else(
            || format!("{of}{all}{marked}{cut}"),
            |number| format!("packet {number} · {of}{all}{marked}{cut}"),
        )
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        match &self.bench {
            Some(bench) => bench.bindings(),
            None => vec![bindings::back("back")],
        }
    }

    fn is_typing(&self) -> bool {
        self.bench.as_ref().is_some_and(Bench::is_typing)
    }

    fn entered(&mut self, _world: &World) -> Vec<Effect> {
        if std::mem::replace(&mut self.asked, true) {
            return Vec::new();
        }
        vec![Effect::Capture(Job { ticket: self.ticket.clone(), work: Work::Open(self.source.clone()) })]
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        let is_back = action == Action::Back;
        // Time alone changes no mind.
        self.warned &= is_back || matches!(action, Action::Tick(_));
        if is_back {
            return self.back();
        }
        if action == Action::Capture(Wish::Stop) {
            self.ticket.drop_it();
            return Vec::new();
        }
        let mut effects = self.bench.as_mut().map(|bench| bench.update(action, world)).unwrap_or_default();
        effects.extend(self.open_shown(world));
        effects
    }

    fn done(&mut self, outcome: &Outcome, world: &World) -> Vec<Effect> {
        let mut effects = match (outcome, &mut self.bench) {
            (Outcome::Capture { ticket, done }, _) if self.ticket.is(ticket) => self.read(done),
            (Outcome::Capture { ticket, done }, Some(bench)) => bench.done(ticket, done),
            (Outcome::Failed(message), None) => {
                self.problem = Some(message.clone());
                Vec::new()
            }
            (Outcome::Failed(_), Some(bench)) => {
                bench.failed();
                Vec::new()
            }
            _ => return Vec::new(),
        };
        effects.extend(self.open_shown(world));
        effects
    }

    fn click(&self, area: Rect, at: Position, world: &World) -> Option<Action> {
        self.bench.as_ref()?.click(area, at, &world.theme)
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        if let Some(bench) = &self.bench {
            return bench.draw(area, buffer, &world.theme);
        }
        let (text, style) = match &self.problem {
            Some(problem) => (visible(problem), world.theme.warn),
            None => ("Reading the capture …".to_owned(), world.theme.dim),
        };
        let width = usize::from(area.width.saturating_sub(2)).max(8);
        for (y, line) in (1..area.height).zip(textwrap::wrap(&text, width)) {
            pen::put(buffer, area, (1, y), &line, style);
        }
    }
}
