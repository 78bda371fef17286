//! How TIME-WAIT gives way to a new connection of the same four numbers (RFC 9293 §3.10.7.4, RFC 6191).
use std::time::Duration;

use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::segment::Segment;
use crate::lab::tcp::state::State;
use crate::recording::Time;

/// As Linux: the timestamp clock must have moved since the last segment.
const SETTLED: Duration = Duration::from_secs(1);

impl Connection {
    /// Whether it waits in TIME-WAIT and this SYN is newer than all it has seen: by number, or by timestamp.
    pub(crate) fn gives_way_to(&self, now: Time, segment: &Segment<'_>) -> bool {
        let opens = segment.flags.syn && !segment.flags.rst && segment.ack.is_none();
        if self.state != State::TimeWait || !opens {
            return false;
        }
        match segment.options.timestamps {
            Some((value, _)) if self.terms.timestamps => {
                !self.timestamps.is_old(now, value)
                    && (value != self.timestamps.recent() || segment.seq.after(self.inbox.next()))
            }
            _ => segment.seq.after(self.inbox.next()),
        }
    }

    /// Whether an outgoing connection may take over its port.
    pub(crate) fn may_be_reused(&self, now: Time) -> bool {
        self.state == State::TimeWait && self.terms.timestamps && now - self.last_heard >= SETTLED
    }

    /// TIME-WAIT ends early.
    pub(crate) fn expire(&mut self, out: &mut TcpOutput) {
        self.end(out);
    }
}
