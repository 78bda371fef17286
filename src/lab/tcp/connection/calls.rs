//! What a program does with its connection: read, write, shutdown, close, abort, ask (RFC 9293 §3.10.2 to §3.10.6).
use std::io::{Error, ErrorKind, Result};
use std::task::{Context, Poll};

use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::Decision;
use crate::lab::tcp::info::TcpInfo;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::reason::{Acknowledges, EndCall, Resets};
use crate::lab::tcp::state::State;
use crate::recording::Time;

impl Connection {
    pub(crate) fn poll_connected(&mut self, cx: &Context<'_>) -> Poll<Result<()>> {
        match self.state {
            State::SynSent | State::SynReceived => {
                self.writer = Some(cx.waker().clone());
                Poll::Pending
            }
            State::Closed => Poll::Ready(Err(self.failure.unwrap_or(ErrorKind::NotConnected).into())),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Takes what has come in order; 0 bytes are the end of the stream.
    pub(crate) fn poll_read(
        &mut self,
        buffer: &mut [u8],
        cx: &Context<'_>,
        now: Time,
        out: &mut TcpOutput,
    ) -> Poll<Result<usize>> {
        let count = self.inbox.read(buffer);
        if count > 0 || buffer.is_empty() {
            self.after_reading(now, count, out);
            return Poll::Ready(Ok(count));
        }
        if self.peer_has_ended() && self.failure.is_none() {
            return Poll::Ready(Ok(0));
        }
        if self.state == State::Closed {
            return Poll::Ready(self.failure.take().map_or(Ok(0), |kind| Err(kind.into())));
        }
        self.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Room was made: an ACK that waited may go, or the peer has to hear of a window that has grown.
    fn after_reading(&mut self, now: Time, count: usize, out: &mut TcpOutput) {
        if count == 0 || self.sender.is_none() || self.peer_has_ended() {
            return;
        }
        self.read_since = self.read_since.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        let next = self.inbox.next();
        // As Linux: a window that has at least doubled is worth a segment (RFC 9293 §3.8.6.2.2).
        let (left, window) = (self.offer.left(next), self.offer.selected(&self.inbox, self.mss()));
        if let Some(why) = self.acks.on_read(next, self.inbox.unread()) {
            self.send_ack(now, why, out);
        } else if window > 0 && window / 2 >= left {
            self.send_ack(now, Acknowledges::WindowUpdate { read: self.read_since, window }, out);
        }
    }

    /// Takes bytes from a program; what may leave does so at once.
    pub(crate) fn poll_write(
        &mut self,
        bytes: &[u8],
        cx: &Context<'_>,
        now: Time,
        out: &mut TcpOutput,
    ) -> Poll<Result<usize>> {
        if let Some(refusal) = self.refuses_writing() {
            return Poll::Ready(Err(refusal));
        }
        let taken = self.outbox.take(bytes);
        if taken == 0 && !bytes.is_empty() {
            self.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.flush(now, out);
        Poll::Ready(Ok(taken))
    }

    /// What ended the connection is told once, as by any socket.
    fn refuses_writing(&mut self) -> Option<Error> {
        if self.state == State::Closed {
            return Some(self.failure.take().unwrap_or(ErrorKind::BrokenPipe).into());
        }
        self.ending.map(|_| ErrorKind::BrokenPipe.into())
    }

    /// Ends this side: a FIN follows what was written; reading goes on.
    pub(crate) fn shutdown(&mut self, now: Time, out: &mut TcpOutput) -> Result<()> {
        match (self.state, self.failure) {
            (_, Some(failure)) => return Err(failure.into()),
            (State::Closed | State::SynSent, None) => return Err(ErrorKind::NotConnected.into()),
            _ => {}
        }
        self.end_side(EndCall::Shutdown, now, out);
        Ok(())
    }

    fn end_side(&mut self, call: EndCall, now: Time, out: &mut TcpOutput) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(call);
        match self.state {
            State::Established => self.go(State::FinWait1, out),
            State::CloseWait => self.go(State::LastAck, out),
            // RFC 9293 §3.10.4: the FIN waits for the handshake.
            _ => {}
        }
        self.flush(now, out);
        let behind = self.outbox.end().since(self.nxt());
        if behind > 0 && matches!(self.state, State::FinWait1 | State::LastAck) && !self.fin_is_sent() {
            self.decide(Decision::FinQueued { behind }, out);
        }
    }

    /// The program gives it up: a FIN follows what was written, and nobody will read.
    pub(crate) fn close(&mut self, now: Time, out: &mut TcpOutput) {
        self.orphan = true;
        let bytes = self.inbox.unread();
        match self.state {
            State::Closed => {}
            State::SynSent => self.end(out),
            // RFC 2525 §2.17: what was not read is lost, and the peer must learn it.
            _ if bytes > 0 && self.state != State::TimeWait => self.reset(now, Resets::Unread { bytes }, out),
            State::FinWait2 => self.linger(now),
            _ => self.end_side(EndCall::Close, now, out),
        }
    }

    /// Ends the connection with a RST where the peer still believes in it (RFC 9293 §3.10.5).
    pub(crate) fn abort(&mut self, now: Time, why: Resets, out: &mut TcpOutput) {
        self.orphan = true;
        match self.state {
            State::Closed => {}
            State::SynSent | State::Closing | State::LastAck | State::TimeWait => self.end(out),
            _ => self.reset(now, why, out),
        }
    }

    fn reset(&mut self, now: Time, why: Resets, out: &mut TcpOutput) {
        self.send_reset(now, self.nxt(), Some(self.inbox.next()), why, out);
        self.end(out);
    }

    /// What is known about it.
    pub(crate) fn info(&self) -> Result<TcpInfo> {
        if self.state == State::Closed {
            return Err(ErrorKind::NotConnected.into());
        }
        let sender = self.sender.as_ref();
        let mss = self.mss();
        let left = self.offer.left(self.inbox.next());
        Ok(TcpInfo {
            state: self.state,
            srtt: sender.and_then(|it| it.rtt().srtt()),
            rttvar: sender.and_then(|it| it.rtt().rttvar()),
            rto: sender.map_or(self.opening.rto, |it| it.rtt().rto()),
            mss,
            cwnd: sender.map_or(mss * self.rules.settings.initial_window, |it| it.cwnd()),
            ssthresh: sender.and_then(|it| it.ssthresh()),
            pipe: sender.map_or(0, |it| it.pipe()),
            peer_window: sender.map(|_| self.window.size()),
            window: Some(if sender.is_some() { left } else { u32::from(self.rules.syn_window()) }),
            // A FIN takes a number of its own: the last one, and it is out only as long as anything is.
            in_flight: sender.map(|it| it.snd_nxt().since(it.snd_una()).saturating_sub(u32::from(self.fin_is_sent()))),
            send_queue: Some(self.outbox.len()),
            receive_queue: Some(self.inbox.unread()),
            retransmissions: sender.map_or(0, |it| it.retransmissions()) + self.opening.tries.saturating_sub(1),
        })
    }
}
