//! A capture on the screen while it is still being read, its packets listed as they come, and while its connections are opened.
use std::sync::Arc;

use super::bench::{Bench, View};
use crate::tui::action::Effect;
use crate::tui::app::World;
use crate::tui::capture::{Job, Opened, Rows, Ticket, Work};
use crate::tui::{view, views};
use crate::wire::filter::Filter;

/// A filter asked of packets that came after it was applied, from that number on.
#[derive(Clone, Debug)]
pub(super) struct Catching {
    pub(super) ticket: Ticket,
    from: u32,
}

impl Bench {
    /// More packets came.
    pub(super) fn grown(&mut self) -> Vec<Effect> {
        self.count = self.study.count();
        if self.filter.is_empty() {
            self.rows = Rows::All(self.count);
        }
        self.keep_to_the_tail();
        self.catch_up()
    }

    /// Nothing more comes: what was asked of a part is asked of all, as now its connections can be opened, too.
    pub(super) fn whole(&mut self, opened: &Opened) -> Vec<Effect> {
        self.growing = false;
        self.cut = opened.fault.is_some();
        let mut effects: Vec<Effect> = opened.notes.iter().cloned().map(Effect::Say).collect();
        // What cuts it short matters most: it is said last, and stays.
        effects.extend(opened.fault.iter().cloned().map(Effect::Warn));
        self.drop_catching();
        self.unasked = 1;
        let filtering = self.busy.as_ref().and_then(|it| it.filter.clone());
        effects.extend(match filtering {
            Some(text) => self.apply(&text),
            None => self.grown(),
        });
        if self.catching.is_none() {
            effects.extend(self.view_again());
        }
        self.tail = false;
        effects
    }

    /// A view that was told of a part is told of all.
    fn view_again(&mut self) -> Vec<Effect> {
        match &mut self.view {
            View::Packets => Vec::new(),
            View::Stream(it) => {
                let inside = it.inside;
                self.follow(Some(inside))
            }
            View::Ladder(it) => {
                it.look_again(&self.study);
                Vec::new()
            }
            View::Counts(_) => self.count(),
        }
    }

    /// Goes to the newest packet where one wants to see it.
    pub(super) fn keep_to_the_tail(&mut self) {
        if self.tail {
            self.row = self.rows.len().saturating_sub(1);
        }
    }

    /// Asks the filter of the packets that came since it was asked last, one time after another.
    pub(super) fn catch_up(&mut self) -> Vec<Effect> {
        let is_filtering = self.busy.as_ref().is_some_and(|it| it.filter.is_some());
        let is_behind = self.count >= self.unasked as usize;
        if self.filter.is_empty() || self.catching.is_some() || is_filtering || !is_behind {
            return Vec::new();
        }
        let Ok(filter) = Filter::parse(&self.filter) else { return Vec::new() };
        let (study, ticket, from) = (Arc::clone(&self.study), Ticket::default(), self.unasked);
        self.catching = Some(Catching { ticket: ticket.clone(), from });
        vec![Effect::Capture(Job { ticket, work: Work::Filter { study, filter: Box::new(filter), from } })]
    }

    /// The filter was asked of packets that came later, or of all again.
    pub(super) fn caught_up(&mut self, catching: &Catching, found: &[u32], to: u32) -> Vec<Effect> {
        self.asked_up_to(to);
        if catching.from == 1 {
            self.list(Rows::Some(Arc::new(found.to_vec())));
            let mut effects = self.view_again();
            effects.extend(self.catch_up());
            return effects;
        }
        if let Rows::Some(numbers) = &mut self.rows {
            Arc::make_mut(numbers).extend(found);
        }
        self.keep_to_the_tail();
        self.catch_up()
    }

    /// The filter was asked of all packets before that one.
    pub(super) fn asked_up_to(&mut self, to: u32) {
        self.unasked = to;
        self.count = self.count.max(to as usize - 1);
    }

    /// Has the connections opened whose packets are on show: that may take long, and no key waits for it.
    pub(super) fn open_shown(&mut self, world: &World) -> Vec<Effect> {
        let body = view::areas(world.size).1;
        let numbers: Vec<u32> = match &self.view {
            View::Packets => {
                let height = self.page(body);
                let first = views::first(self.row, height, self.rows.len());
                (first..first + usize::from(height)).map_while(|row| self.rows.number(row)).collect()
            }
            View::Ladder(it) => it.shown(body.height),
            View::Stream(_) | View::Counts(_) => return Vec::new(),
        };
        // Once for each set of them: more than is kept would be opened for ever.
        if self.opening.is_some() || self.opened_for == numbers {
            return Vec::new();
        }
        let sealed: Vec<u32> = numbers.iter().copied().filter(|number| self.study.is_unopened(*number)).collect();
        if sealed.is_empty() {
            return Vec::new();
        }
        self.opened_for = numbers;
        let ticket = Ticket::default();
        self.opening = Some(ticket.clone());
        vec![Effect::Capture(Job { ticket, work: Work::Unseal { study: Arc::clone(&self.study), numbers: sealed } })]
    }

    /// What was being asked of newer packets is wanted no more.
    pub(super) fn drop_catching(&mut self) {
        self.catching.take().iter().for_each(|it| it.ticket.drop_it());
    }
}
