//! The curves of a connection: each value when it is another than before.
use std::time::Duration;

use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::output::{Measure, Sample, TcpOutput};
use crate::lab::tcp::state::State;

/// The values told last.
#[derive(Debug, Default)]
pub(super) struct Traced([Option<u64>; 8]);

impl Connection {
    /// Tells what has changed, where the host asks for curves.
    pub(crate) fn trace(&mut self, out: &mut TcpOutput) {
        if !self.rules.trace || self.state == State::Closed {
            return;
        }
        let Some(sender) = &self.sender else { return };
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let rtt = sender.rtt();
        let values = [
            (Measure::CongestionWindow, Some(u64::from(sender.cwnd()))),
            (Measure::SlowStartThreshold, sender.ssthresh().map(u64::from)),
            (Measure::SmoothedRtt, rtt.srtt().map(nanos)),
            (Measure::RetransmissionTimeout, Some(nanos(rtt.rto()))),
            (Measure::InFlight, Some(u64::from(sender.pipe()))),
            (Measure::SendQueue, Some(u64::from(self.outbox.len()))),
            (Measure::ReceiveQueue, Some(u64::from(self.inbox.unread()))),
            (Measure::ReceiveWindow, Some(u64::from(self.offer.left(self.inbox.next())))),
        ];
        for (last, (measure, value)) in self.traced.0.iter_mut().zip(values) {
            if let Some(value) = value.filter(|it| *last != Some(*it)) {
                *last = Some(value);
                out.samples.push(Sample { pair: self.pair, measure, value });
            }
        }
    }
}
