//! Segments that only ask: is the window still zero (RFC 9293 §3.8.6.1), is the peer still there (§3.8.4)?
use std::io::ErrorKind;
use std::time::Duration;

use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::GivesUp;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::reason::{Reason, Resets, Waited};
use crate::lab::tcp::sender::{MAX_RTO, Why};
use crate::lab::tcp::state::State;
use crate::recording::Time;

/// Probes in progress.
#[derive(Debug, Default)]
pub(super) struct Probes {
    /// The persist timer: data waits, and the window does not let it leave.
    window: Option<WindowProbes>,
    /// Unanswered keepalive probes.
    unanswered: u32,
    /// When a keepalive timer ran out that had nothing to ask, because data was on its way.
    busy: Option<Time>,
    pub(super) our_window_is_shut: bool,
}

#[derive(Clone, Copy, Debug)]
struct WindowProbes {
    deadline: Time,
    interval: Duration,
    sent: u32,
    unanswered: u32,
    since: Time,
}

impl Probes {
    pub(super) fn stop(&mut self) {
        (self.window, self.unanswered, self.busy) = (None, 0, None);
    }

    /// The peer is there.
    pub(super) fn heard(&mut self) {
        self.unanswered = 0;
        if let Some(window) = &mut self.window {
            window.unanswered = 0;
        }
    }

    pub(super) fn window_deadline(&self) -> Option<Time> {
        self.window.map(|it| it.deadline)
    }
}

impl Connection {
    /// Starts the persist timer when data waits for a window and nothing in flight will ask for one; else stops it.
    pub(super) fn watch_window(&mut self, now: Time) {
        let (una, nxt) = (self.una(), self.nxt());
        let waits = self.outbox.end().after(nxt) || (self.ending.is_some() && !self.fin_is_sent());
        let shut = (una + self.window.size()).since(nxt) < self.mss().min(self.outbox.end().since(nxt).max(1));
        if una != nxt || !waits || !shut || self.paced_until.is_some() {
            self.probes.window = None;
        } else if self.probes.window.is_none() {
            let interval = self.probe_interval();
            let (deadline, since) = (now + interval, now);
            self.probes.window = Some(WindowProbes { deadline, interval, sent: 0, unanswered: 0, since });
        }
    }

    fn probe_interval(&self) -> Duration {
        let rto = self.sender.as_ref().map_or(self.opening.rto, |it| it.rtt().base_rto());
        rto.max(self.rules.settings.min_rto).min(MAX_RTO)
    }

    /// The persist timer ran out: what fits into the window leaves although it is little, or an empty segment asks.
    pub(super) fn probe_window(&mut self, now: Time, out: &mut TcpOutput) {
        let Some(mut probes) = self.probes.window else { return };
        // RFC 9293 §3.8.6.1, MUST-37: never given up while the peer answers.
        let silent = probes.unanswered > 0 && now - probes.since.max(self.last_heard) >= self.patience();
        // As Linux: a peer that only answers keeps no connection whose program is gone.
        if silent || (self.orphan && probes.interval >= MAX_RTO) {
            return self.time_out(out);
        }
        let usable = (self.una() + self.window.size()).since(self.nxt()).min(self.outbox.end().since(self.nxt()));
        if usable > 0 {
            self.probes.window = None;
            let waited = Waited::Override(probes.interval);
            self.send_new(now, usable.min(self.mss()), (Why::Window, waited), out);
            return;
        }
        probes.sent += 1;
        probes.unanswered += 1;
        let waited = probes.interval;
        // RFC 9293 §3.8.6.1 lets the interval grow exponentially; as Linux, no further than an RTO.
        probes.interval = (waited * 2).min(MAX_RTO);
        probes.deadline = now + probes.interval;
        self.probes.window = Some(probes);
        // As Linux: an empty segment before the window, which must be answered, and no byte that would be refused.
        self.send_empty(now, self.una() - 1, Reason::WindowProbe { times: probes.sent, rto: waited }, out);
    }

    /// When the peer has been silent for so long that it is asked whether it is there.
    pub(super) fn keepalive_deadline(&self) -> Option<Time> {
        use State::{CloseWait, Established, FinWait1, FinWait2};
        let wanted = matches!(self.state, Established | CloseWait | FinWait1 | FinWait2);
        let keepalive = self.rules.keepalive.filter(|_| wanted)?;
        let quiet = self.last_heard.max(self.probes.busy.unwrap_or_default());
        Some(quiet + keepalive.idle + keepalive.interval * self.probes.unanswered)
    }

    /// RFC 9293 §3.8.4: an idle connection is asked with a segment that must be answered.
    pub(super) fn keep_alive(&mut self, now: Time, out: &mut TcpOutput) {
        let Some(keepalive) = self.rules.keepalive else { return };
        // Data in flight asks the same question.
        if self.una() != self.nxt() || self.probes.window.is_some() {
            (self.probes.busy, self.probes.unanswered) = (Some(now), 0);
            return;
        }
        let probes = self.probes.unanswered;
        let idle = now - self.last_heard;
        // As Linux: where the program has set a user timeout, that ends the waiting and not the count (RFC 5482 §4.2 lets it
        // be used so). It is looked at when a probe is due.
        let over = match self.rules.user_timeout {
            Some(most) => probes > 0 && idle >= most,
            None => probes >= keepalive.probes,
        };
        if over {
            self.send_reset(now, self.nxt(), Some(self.inbox.next()), Resets::KeepAlive { probes }, out);
            return self.give_up(GivesUp::KeepAlive { probes }, ErrorKind::TimedOut, out);
        }
        self.probes.unanswered += 1;
        let reason = Reason::KeepAlive { times: probes + 1, of: keepalive.probes, idle };
        self.send_empty(now, self.una() - 1, reason, out);
    }
}
