//! What a key changes on the workbench.
use std::sync::Arc;

use super::bench::{Bench, Busy, View};
use super::filter::Line;
use super::prompt::Prompt;
use super::{Wish, propose};
use crate::tui::action::{Action, Effect};
use crate::tui::app::World;
use crate::tui::capture::{Done, Job, Rows, Ticket, Work};
use crate::tui::view;
use crate::tui::views::{Pane, Pointed};
use crate::tui::widgets::field::Field;
use crate::wire::filter::Filter;

/// Filters that are remembered.
const MOST_BEFORE: usize = 100;

/// Rows a turn of the wheel goes.
const WHEEL: isize = 3;

impl Bench {
    pub(super) const fn is_typing(&self) -> bool {
        matches!(
            self.prompt,
            Some(Prompt::Filter(_) | Prompt::Number(_) | Prompt::Comment { .. } | Prompt::Save { .. })
        )
    }

    /// What the way back closes first, as its key is called then.
    pub(super) fn open_on_top(&self) -> Option<&'static str> {
        match () {
            () if self.busy.is_some() => Some("stop it"),
            () if self.zoomed => Some("all panes"),
            () if !self.filter.is_empty() => Some("all packets"),
            () => None,
        }
    }

    /// Closes what is open on top, if anything is.
    pub(super) fn close_top(&mut self) -> bool {
        if self.prompt.take().is_some() {
            return true;
        }
        let was_busy = self.stop();
        if self.view.index() > 0 {
            self.view = View::Packets;
            return true;
        }
        if was_busy {
            return true;
        }
        if std::mem::take(&mut self.zoomed) {
            return true;
        }
        if self.filter.is_empty() {
            return false;
        }
        self.list_all();
        true
    }

    /// Ends the work on a thread, if there is any.
    fn stop(&mut self) -> bool {
        let busy = self.busy.take();
        busy.iter().for_each(|it| it.ticket.drop_it());
        busy.is_some()
    }

    /// Shows the view of that number.
    fn show(&mut self, index: usize) -> Vec<Effect> {
        if index == self.view.index() {
            return Vec::new();
        }
        self.stop();
        // A view is about the packet one was at in the view before.
        if let Some(number) = self.packet_of_view() {
            self.go_near(number);
        }
        match index {
            1 => self.follow(None),
            2 => self.open_ladder(),
            3 => self.count(),
            _ => {
                self.view = View::Packets;
                Vec::new()
            }
        }
    }

    /// Chooses a packet where it is listed.
    fn go_near(&mut self, number: u32) {
        if self.rows.has(number) {
            self.go_to(number);
        }
    }

    /// The packet the keys are at in a view of a connection.
    fn packet_of_view(&self) -> Option<u32> {
        match &self.view {
            View::Stream(it) => it.packet(),
            View::Ladder(it) => it.packet(),
            View::Packets | View::Counts(_) => None,
        }
    }

    /// Goes to what the chosen line is about.
    fn open(&mut self) -> Vec<Effect> {
        if let View::Counts(it) = &self.view {
            let filter = it.filter();
            if filter.is_some() {
                self.view = View::Packets;
            }
            return self.filter_by(filter, "No packet is counted in this row.");
        }
        let Some(number) = self.packet_of_view() else { return Vec::new() };
        self.view = View::Packets;
        self.jump(number, None)
    }

    /// Takes a key in a view that is not the list.
    fn update_view(&mut self, action: &Action, page: isize) -> Vec<Effect> {
        let mut view = std::mem::replace(&mut self.view, View::Packets);
        match &mut view {
            View::Stream(it) => it.update(action, self, page),
            View::Ladder(it) => it.update(action, page),
            View::Counts(it) => it.update(action, page),
            View::Packets => {}
        }
        self.view = view;
        Vec::new()
    }

    pub(super) fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        if self.prompt.is_some() {
            return self.answer(action);
        }
        if !matches!(action, Action::Tick(_)) {
            let in_list = self.view.index() == 0 && self.reading.pane == Pane::List;
            self.tail = self.growing && in_list && action == Action::Last;
        }
        if let Action::View(index) = action {
            return self.show(index);
        }
        if self.view.index() > 0 {
            let page = isize::try_from(view::areas(world.size).1.height.saturating_sub(4)).unwrap_or(1).max(1);
            return match action {
                Action::Open => self.open(),
                Action::Capture(Wish::Inside) => self.other_inside(),
                other => self.update_view(&other, page),
            };
        }
        match action {
            Action::Capture(wish) => return self.wish(wish),
            Action::Zoom => self.zoomed = !self.zoomed,
            Action::Toggle => self.mark(),
            Action::NextMarker => return self.seek(true),
            Action::PreviousMarker => return self.seek(false),
            Action::NextPane | Action::PreviousPane => {
                self.reading.pane = self.reading.pane.next(action == Action::NextPane);
                self.select_something();
            }
            Action::Point(pointed) => self.point(pointed),
            Action::First if self.reading.pane == Pane::List => self.row = 0,
            Action::Last if self.reading.pane == Pane::List => self.row = self.rows.len().saturating_sub(1),
            Action::Scroll { down, .. } => self.go_by(if down { WHEEL } else { -WHEEL }),
            Action::Left if self.reading.pane == Pane::Tree => self.go_by(-1),
            Action::Right if self.reading.pane == Pane::Tree => self.go_by(1),
            other if self.reading.pane == Pane::List => self.walk(&other, world),
            other => self.read(|reading, rows, length| {
                reading.step(&other, rows, length);
            }),
        }
        Vec::new()
    }

    fn walk(&mut self, action: &Action, world: &World) {
        let page = isize::try_from(self.page(view::areas(world.size).1)).unwrap_or(isize::MAX).max(1);
        match action {
            Action::Up => self.go_by(-1),
            Action::Down => self.go_by(1),
            Action::PageUp => self.go_by(-page),
            Action::PageDown => self.go_by(page),
            _ => {}
        }
    }

    fn point(&mut self, pointed: Pointed) {
        match pointed {
            Pointed::Packet(number) => {
                self.reading.pane = Pane::List;
                self.go_to(number);
            }
            Pointed::Field(index) => {
                self.reading.pane = Pane::Tree;
                self.read(|reading, rows, _| reading.select(rows, index));
            }
            Pointed::Byte(byte) => {
                self.reading.pane = Pane::Bytes;
                self.read(|reading, rows, _| reading.select_byte(rows, byte));
            }
            _ => {}
        }
    }

    fn wish(&mut self, wish: Wish) -> Vec<Effect> {
        match wish {
            Wish::Filter => self.prompt = Some(Prompt::Filter(Line::of(&self.filter))),
            Wish::Number => self.prompt = Some(Prompt::Number(Field::default())),
            Wish::Conversation => {
                let filter = self.packet().and_then(|it| propose::of_conversation(&it));
                return self.filter_by(filter, "This packet has no two ends to filter by.");
            }
            Wish::BySelected { too } => {
                let proposed = self.with_rows(|packet, rows| {
                    self.reading.row(rows).and_then(|row| propose::of_row(packet, rows.get(row)?))
                });
                let filter = proposed.flatten().map(|it| if too { propose::with(&self.filter, &it) } else { it });
                return self.filter_by(filter, "Choose a field, a layer or a mark: these have filters.");
            }
            // The first is for a stream, the other for the whole screen.
            Wish::Inside | Wish::Stop => {}
            Wish::Times => {
                self.times = self.times.next();
                return vec![Effect::Say(self.times.about().to_owned())];
            }
            Wish::Pointed => {
                let (here, there) = (self.number(), self.pointed());
                return there.map(|(number, _)| self.jump(number, here)).unwrap_or_default();
            }
            Wish::Return => {
                let back = self.came_from.take();
                return back.map(|number| self.jump(number, None)).unwrap_or_default();
            }
            Wish::Comment => self.ask_comment(),
            Wish::Save => return self.offer_saving(),
            Wish::SaveAs(which) => self.ask_name(which),
        }
        Vec::new()
    }

    fn filter_by(&mut self, filter: Option<String>, otherwise: &str) -> Vec<Effect> {
        match filter {
            Some(filter) => self.apply(&filter),
            None => vec![Effect::Say(otherwise.to_owned())],
        }
    }

    /// Goes to a packet, listed or not: where the filter leaves it out, all are listed.
    fn jump(&mut self, number: u32, from: Option<u32>) -> Vec<Effect> {
        let is_listed = self.rows.has(number);
        if !is_listed {
            self.list_all();
        }
        self.go_to(number);
        self.came_from = from;
        let said = format!("The filter leaves packet {number} out: all are listed.");
        if is_listed { Vec::new() } else { vec![Effect::Say(said)] }
    }

    fn answer(&mut self, action: Action) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        match action {
            Action::Type(key) => prompt.key(key),
            Action::Paste(text) => prompt.paste(&text),
            Action::NextPane => {
                if let Prompt::Filter(line) = prompt {
                    line.complete();
                }
            }
            Action::Up | Action::Down => {
                if let Prompt::Filter(line) = prompt {
                    line.recall(&self.history, action == Action::Up);
                }
            }
            Action::Submit => return self.submit(),
            Action::Skip => self.skip(),
            _ => {}
        }
        Vec::new()
    }

    fn skip(&mut self) {
        self.prompt = match self.prompt.take() {
            Some(Prompt::Replace { which, path }) => Some(Prompt::Save { which, field: Field { text: path } }),
            _ => None,
        };
    }

    fn submit(&mut self) -> Vec<Effect> {
        let Some(prompt) = self.prompt.take() else { return Vec::new() };
        match prompt {
            // A filter that is none stays, with its mistake shown.
            Prompt::Filter(line) if line.parsed().is_err() => self.prompt = Some(Prompt::Filter(line)),
            Prompt::Filter(line) => return self.apply(line.text()),
            Prompt::Number(field) => {
                let Ok(number) = field.text.parse::<u32>() else { return Vec::new() };
                let last = u32::try_from(self.count).unwrap_or(u32::MAX);
                let mut effects = self.jump(number.clamp(1, last.max(1)), self.number());
                if number > last {
                    effects.push(Effect::Say(format!("There is no packet {number}: {last} is the last.")));
                }
                return effects;
            }
            Prompt::Comment { number, field } => self.take_comment(number, field.text.trim()),
            Prompt::Save { which, field } => return self.save(which, field.text.trim(), false),
            Prompt::Replace { which, path } => return self.save(which, &path, true),
        }
        Vec::new()
    }

    /// Applies a filter: at once where it is empty, else when a thread has found its packets.
    pub(super) fn apply(&mut self, text: &str) -> Vec<Effect> {
        let text = text.trim();
        if text.is_empty() {
            self.list_all();
            return Vec::new();
        }
        let filter = match Filter::parse(text) {
            Ok(filter) => filter,
            Err(mistake) => {
                self.prompt = Some(Prompt::Filter(Line::of(text)));
                return vec![Effect::Warn(mistake.to_string())];
            }
        };
        self.history.retain(|it| it != text);
        self.history.push(text.to_owned());
        let many = self.history.len().saturating_sub(MOST_BEFORE);
        self.history.drain(..many);
        let work = Work::Filter { study: Arc::clone(&self.study), filter: Box::new(filter), from: 1 };
        self.work("filtering", Some(text.to_owned()), work)
    }

    /// The next packet that stands out, or the one before.
    fn seek(&mut self, forward: bool) -> Vec<Effect> {
        let commented = self.comments.iter().filter(|(_, text)| !text.is_empty()).map(|(number, _)| *number);
        let noted = self.marked.iter().copied().chain(commented).collect();
        let (study, rows) = (Arc::clone(&self.study), self.rows.clone());
        self.work("looking for what stands out", None, Work::Seek { study, rows, from: self.row, forward, noted })
    }

    /// Begins work on a thread; what it was busy with before is wanted no more.
    pub(super) fn work(&mut self, what: &'static str, filter: Option<String>, work: Work) -> Vec<Effect> {
        let ticket = Ticket::default();
        if let Some(before) = self.busy.replace(Busy { ticket: ticket.clone(), what, filter, looked: None }) {
            before.ticket.drop_it();
        }
        vec![Effect::Capture(Job { ticket, work })]
    }

    /// Work is done.
    pub(super) fn done(&mut self, ticket: &Ticket, done: &Done) -> Vec<Effect> {
        if let Done::Saved { path, saved } = done {
            return self.saved(ticket, path, saved);
        }
        if let Done::Looked(done, of) = done {
            let busy = self.busy.as_mut().filter(|it| it.ticket.is(ticket));
            busy.into_iter().for_each(|it| it.looked = Some((*done, *of)));
            return Vec::new();
        }
        if matches!(done, Done::Unsealed) {
            self.opening.take_if(|it| it.is(ticket));
            return Vec::new();
        }
        if let Done::Filtered { found, to } = done
            && let Some(catching) = self.catching.take_if(|it| it.ticket.is(ticket))
        {
            return self.caught_up(&catching, found, *to);
        }
        let Some(busy) = self.busy.take_if(|it| it.ticket.is(ticket)) else { return Vec::new() };
        match done {
            Done::Filtered { found, to } => {
                self.drop_catching();
                self.filter = busy.filter.unwrap_or_default();
                self.asked_up_to(*to);
                self.list(Rows::Some(Arc::new(found.clone())));
                return self.catch_up();
            }
            Done::Found(Some(number)) => {
                self.go_to(*number);
                // Why it stands out is said beside the bytes.
                self.read(|reading, rows, _| reading.select_noted(rows));
            }
            Done::Followed(inside, talk) => {
                let mut view = std::mem::replace(&mut self.view, View::Packets);
                if let View::Stream(it) = &mut view {
                    it.arrived(self, (*inside, talk.clone()));
                }
                self.view = view;
            }
            Done::Counted(counts) => {
                if let View::Counts(it) = &mut self.view {
                    it.arrived(counts);
                }
            }
            Done::Found(None) => return vec![Effect::Say("Nothing stands out among the packets listed.".to_owned())],
            _ => {}
        }
        Vec::new()
    }

    /// A thread failed: the learner was told why.
    pub(super) fn failed(&mut self) {
        self.busy = None;
        self.saving = None;
        self.catching = None;
        self.opening = None;
    }

    /// Lists all packets.
    fn list_all(&mut self) {
        // What is still looked for was asked of another list.
        self.stop();
        self.drop_catching();
        self.filter.clear();
        self.list(Rows::All(self.count));
    }

    /// Lists these; the chosen packet stays chosen, or the next one that is listed is.
    pub(super) fn list(&mut self, rows: Rows) {
        let here = self.number();
        self.rows = rows;
        self.row = here.map_or(0, |number| self.rows.row(number));
        if self.rows.is_empty() {
            self.reading.pane = Pane::List;
        }
    }
}
