//! A capture on the screen while it is still being read: its packets are listed as they come.
use std::sync::Arc;

use super::bench::{Bench, Busy};
use crate::tui::action::Effect;
use crate::tui::capture::{Job, Opened, Rows, Ticket, Work};
use crate::wire::filter::Filter;

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
        self.count = self.study.count();
        self.cut = opened.fault.is_some();
        let mut effects: Vec<Effect> = opened.notes.iter().cloned().map(Effect::Say).collect();
        // What cuts it short matters most: it is said last, and stays.
        effects.extend(opened.fault.iter().cloned().map(Effect::Warn));
        let asked = self.busy.as_ref().and_then(|it| it.filter.clone()).unwrap_or_else(|| self.filter.clone());
        if asked.is_empty() {
            effects.extend(self.grown());
        } else {
            effects.extend(self.apply(&asked));
        }
        self.tail = false;
        effects
    }

    /// Goes to the newest packet where one wants to see it.
    pub(super) fn keep_to_the_tail(&mut self) {
        if self.tail {
            self.row = self.rows.len().saturating_sub(1);
        }
    }

    /// Asks the filter of the packets that came since it was asked last, one time after another.
    pub(super) fn catch_up(&mut self) -> Vec<Effect> {
        let filters = |busy: &Busy| busy.filter.is_some();
        let is_asked = self.catching.is_some() || self.busy.as_ref().is_some_and(filters);
        let is_behind = self.count >= self.unasked as usize;
        let filter = Some(&self.filter).filter(|it| !it.is_empty() && !is_asked && is_behind);
        let Some(filter) = filter.and_then(|it| Filter::parse(it).ok()) else { return Vec::new() };
        let (study, ticket) = (Arc::clone(&self.study), Ticket::default());
        self.catching = Some(ticket.clone());
        let work = Work::Filter { study, filter: Box::new(filter), from: self.unasked };
        vec![Effect::Capture(Job { ticket, work })]
    }

    /// The filter was asked of packets that came later.
    pub(super) fn caught_up(&mut self, found: &[u32], to: u32) -> Vec<Effect> {
        if let Rows::Some(numbers) = &mut self.rows {
            Arc::make_mut(numbers).extend(found);
        }
        self.asked_up_to(to);
        self.keep_to_the_tail();
        self.catch_up()
    }

    /// The filter was asked of all packets before that one.
    pub(super) fn asked_up_to(&mut self, to: u32) {
        self.unasked = to;
        self.count = self.count.max(to as usize - 1);
    }

    /// What was being asked of newer packets is wanted no more.
    pub(super) fn drop_catching(&mut self) {
        self.catching.take().iter().for_each(Ticket::drop_it);
    }
}
