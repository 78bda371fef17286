//! Calls and remarks of a live run, in the order they began; so many and no more.
use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::recording::{Event, EventKind, Time};

/// Events that are kept; a run that goes on and on fills no memory.
const MOST_EVENTS: usize = 20_000;

/// What the programs did.
#[derive(Debug, Default)]
pub(super) struct Log {
    events: Vec<Event>,
    /// Calls that have not returned.
    waiting: BTreeMap<u64, Waiting>,
    calls: u64,
    last: String,
    pub(super) listened: Option<SocketAddr>,
}

#[derive(Debug)]
struct Waiting {
    at: Time,
    node: usize,
    call: String,
}

impl Log {
    /// A call begins; give the number to [`Self::returned`].
    pub(super) fn begin(&mut self, at: Time, node: usize, call: &str) -> u64 {
        self.calls += 1;
        call.clone_into(&mut self.last);
        self.waiting.insert(self.calls, Waiting { at, node, call: call.to_owned() });
        self.calls
    }

    /// A call returns.
    pub(super) fn returned(&mut self, now: Time, number: u64, call: String, result: String) {
        if let Some(Waiting { at, node, .. }) = self.waiting.remove(&number) {
            let until = (at != now).then_some(now);
            self.record(Event { at, until, node, kind: EventKind::Call { call, result } });
        }
    }

    /// Keeps an event, while there is room.
    pub(super) fn record(&mut self, event: Event) {
        if self.events.len() < MOST_EVENTS {
            self.events.push(event);
        } else if self.events.len() == MOST_EVENTS {
            let text = format!("{MOST_EVENTS} events are recorded: the rest is not");
            self.events.push(Event { until: None, kind: EventKind::Note { text }, ..event });
        }
    }

    /// How many calls began, and the last of them.
    pub(super) fn progress(&self) -> (usize, String) {
        (usize::try_from(self.calls).unwrap_or(usize::MAX), self.last.clone())
    }

    /// The events until now, by their start.
    pub(super) fn take(&mut self, now: Time) -> (Vec<Event>, Option<SocketAddr>) {
        for (_, Waiting { at, node, call }) in std::mem::take(&mut self.waiting) {
            let kind = EventKind::Call { call, result: "has not returned".to_owned() };
            self.record(Event { at, until: Some(now), node, kind });
        }
        let mut events = std::mem::take(&mut self.events);
        events.sort_by_key(|it| it.at);
        (events, self.listened)
    }
}
