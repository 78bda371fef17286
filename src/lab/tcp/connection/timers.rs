//! The timers of a connection: which is next, and what each does. One of each at most, and none without an owner.
use std::io::ErrorKind;
use std::time::Duration;

use crate::lab::tcp::connection::{Connection, FIN_TIMEOUT, ORPHAN_TIMEOUT};
use crate::lab::tcp::decision::GivesUp;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::sender::Sender;
use crate::lab::tcp::state::State;
use crate::recording::Time;

impl Connection {
    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_timer(&self) -> Option<Time> {
        let sender = self.sender.as_ref();
        [
            self.opening.deadline,
            sender.and_then(Sender::deadline).filter(|_| self.state != State::TimeWait),
            self.patience_ends(),
            self.paced_until,
            self.acks.deadline(),
            self.probes.window_deadline(),
            self.keepalive_deadline(),
            self.lingers_until,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does all that is due.
    pub(crate) fn tick(&mut self, now: Time, out: &mut TcpOutput) {
        let due = |deadline: Option<Time>| deadline.is_some_and(|at| at <= now);
        if due(self.opening.deadline) {
            self.opening_timed_out(now, out);
        }
        if due(self.patience_ends()) {
            self.time_out(out);
        }
        if due(self.lingers_until) {
            self.linger_is_over(out);
        }
        if due(self.acks.deadline()) {
            let why = self.acks.on_deadline(self.inbox.next(), self.peer_has_ended());
            self.send_ack(now, why, out);
        }
        if due(self.probes.window_deadline()) {
            self.probe_window(now, out);
        }
        if due(self.keepalive_deadline()) {
            self.keep_alive(now, out);
        }
        if self.state == State::TimeWait {
            return;
        }
        let Some(sender) = &mut self.sender else { return };
        if due(sender.deadline()) {
            sender.on_deadline(now);
            self.suspect_black_hole(now, out);
            self.flush(now, out);
        } else if due(self.paced_until) {
            self.flush(now, out);
        }
    }

    /// How long sent bytes may stay unacknowledged (RFC 5482 §2).
    pub(super) fn patience(&self) -> Duration {
        let patience = self.rules.patience();
        if self.orphan { patience.min(ORPHAN_TIMEOUT) } else { patience }
    }

    fn patience_ends(&self) -> Option<Time> {
        let waiting = self.sender.as_ref().filter(|_| self.state != State::TimeWait)?.waiting_since()?;
        Some(waiting + self.patience())
    }

    /// RFC 9293 §3.10.8: the user timeout. An ICMP error that came before explains it better.
    pub(super) fn time_out(&mut self, out: &mut TcpOutput) {
        let failure = self.soft_error.unwrap_or(ErrorKind::TimedOut);
        self.give_up(GivesUp::UserTimeout(self.patience()), failure, out);
    }

    /// Waits in TIME-WAIT, or in FIN-WAIT-2 for a FIN that nobody here needs.
    pub(super) fn linger(&mut self, now: Time) {
        let time = if self.state == State::TimeWait { self.rules.settings.time_wait } else { FIN_TIMEOUT };
        self.lingers_until = Some(now + time);
    }

    fn linger_is_over(&mut self, out: &mut TcpOutput) {
        if self.state == State::TimeWait {
            self.end(out);
        } else {
            self.give_up(GivesUp::FinWait2(FIN_TIMEOUT), ErrorKind::TimedOut, out);
        }
    }
}
