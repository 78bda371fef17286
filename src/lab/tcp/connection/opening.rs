//! The handshake: SYN-SENT and SYN-RECEIVED, who answers what, and what is agreed (RFC 9293 §3.5, §3.10.7.3).
use std::io::ErrorKind;
use std::time::Duration;

use crate::lab::tcp::connection::probes::Probes;
use crate::lab::tcp::connection::syn_waits::syn_waits;
use crate::lab::tcp::connection::trace::Traced;
use crate::lab::tcp::connection::{Connection, Rules, Terms, Timestamps};
use crate::lab::tcp::decision::GivesUp;
use crate::lab::tcp::delayed_ack::DelayedAck;
use crate::lab::tcp::inbox::Inbox;
use crate::lab::tcp::isn::{Use, initial_sequence_number, keyed};
use crate::lab::tcp::outbox::Outbox;
use crate::lab::tcp::output::{Pair, TcpOutput};
use crate::lab::tcp::reason::{Acknowledges, Reason, Resets};
use crate::lab::tcp::segment::Segment;
use crate::lab::tcp::sender::{INITIAL_RTO, MAX_RTO, Sender, SenderOptions};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::Ecn;
use crate::lab::tcp::state::State;
use crate::lab::tcp::window::{Offer, PeerWindow};
use crate::recording::Time;

/// Timestamps count milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// This end's SYN, and how it fares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    /// `ISS`.
    pub(crate) iss: Seq,
    /// How often the SYN was sent.
    pub(crate) tries: u32,
    pub(crate) rto: Duration,
    pub(crate) first_sent: Time,
    pub(crate) last_sent: Time,
    pub(crate) deadline: Option<Time>,
}

impl Opening {
    pub(crate) const fn new(iss: Seq, now: Time) -> Self {
        Self { iss, tries: 0, rto: INITIAL_RTO, first_sent: now, last_sent: now, deadline: None }
    }

    /// The SYN left.
    pub(crate) fn sent(&mut self, now: Time) {
        self.tries += 1;
        self.last_sent = now;
        self.deadline = Some(now + self.rto);
    }

    /// It was not answered in time; how long the next wait is (RFC 6298 §5.5).
    pub(crate) fn back_off(&mut self) -> Duration {
        let waited = self.rto;
        self.rto = (waited * 2).min(MAX_RTO);
        waited
    }
}

/// A connection a listener has answered the SYN of: all that is remembered until the last ACK.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half {
    pub(crate) pair: Pair,
    pub(crate) terms: Terms,
    pub(crate) opening: Opening,
    /// `IRS`.
    pub(crate) irs: Seq,
    /// Window field of the SYN.
    pub(crate) window: u16,
    pub(crate) timestamps: Timestamps,
    /// Its SYN had the window scale option.
    pub(crate) peer_scales: bool,
}

impl Connection {
    fn new(pair: Pair, rules: Rules, opening: Opening, timestamps: Timestamps, now: Time) -> Self {
        let first = opening.iss + 1;
        Self {
            pair,
            state: State::Closed,
            rules,
            terms: Terms::NONE,
            opening,
            sender: None,
            outbox: Outbox::new(rules.send_buffer, first),
            inbox: Inbox::new(rules.receive_buffer, Seq(0)),
            offer: Offer::new(Seq(0), 0),
            window: PeerWindow::new(0, 0, Seq(0), Seq(0)),
            acks: DelayedAck::new(None, 0, Seq(0)),
            timestamps,
            echoes_congestion: false,
            ending: None,
            peer_fin: None,
            small: None,
            held_back: false,
            path_mtu: rules.path.map_or(rules.mtu, |it| it.mtu.min(rules.mtu)),
            path_mtu_lowered: rules.path.map(|it| it.at),
            probes: Probes::default(),
            lingers_until: None,
            paced_until: None,
            last_challenge: None,
            last_heard: now,
            orphan: false,
            read_since: 0,
            failure: None,
            soft_error: None,
            reader: None,
            writer: None,
            traced: Traced::default(),
        }
    }

    /// An active open (RFC 9293 §3.10.1): the SYN leaves.
    pub(crate) fn connect(pair: Pair, rules: Rules, now: Time, out: &mut TcpOutput) -> Self {
        let iss = initial_sequence_number(rules.seed, pair, now);
        let timestamps = Timestamps::new(keyed(rules.seed, pair, Use::Timestamp));
        let mut connection = Self::new(pair, rules, Opening::new(iss, now), timestamps, now);
        connection.terms.ecn = rules.settings.ecn == Ecn::Active;
        connection.syn_sent(now);
        connection.go(State::SynSent, out);
        connection.send_syn(now, Reason::Syn, out);
        connection
    }

    /// A passive open whose SYN-ACK is about to be acknowledged; the listener has told of SYN-RECEIVED already.
    pub(crate) fn accepted(half: &Half, rules: Rules, now: Time) -> Self {
        let mut connection = Self::new(half.pair, rules, half.opening, half.timestamps, now);
        connection.state = State::SynReceived;
        connection.opening.deadline = None;
        connection.agree(half.terms, half.irs, half.window);
        connection
    }

    /// The peer's SYN came: from here on both ends' numbers are known.
    fn agree(&mut self, terms: Terms, irs: Seq, window: u16) {
        let first = irs + 1;
        self.terms = terms;
        self.inbox = Inbox::new(self.rules.receive_buffer, first);
        self.offer = Offer::new(first + u32::from(self.rules.syn_window()), terms.our_shift);
        self.window = PeerWindow::new(window, terms.peer_shift, irs, self.opening.iss);
        let settings = &self.rules.settings;
        self.acks = DelayedAck::new(settings.ack_delay, settings.quick_acks, first);
    }

    /// RFC 9293 §3.10.7.3: a segment for a connection in SYN-SENT.
    pub(super) fn in_syn_sent(&mut self, now: Time, segment: &Segment<'_>, out: &mut TcpOutput) {
        let acknowledged = segment.ack == Some(self.opening.iss + 1);
        if let Some(ack) = segment.ack.filter(|_| !acknowledged) {
            if !segment.flags.rst {
                self.send_reset(now, ack, None, Resets::WrongAck, out);
            }
            return;
        }
        if segment.flags.rst {
            if acknowledged {
                self.give_up(GivesUp::Refused, ErrorKind::ConnectionRefused, out);
            }
            return;
        }
        if !segment.flags.syn {
            return;
        }
        self.take_syn(now, segment, acknowledged);
        if acknowledged {
            self.establish(now, segment, out);
            self.acks.at_once(Acknowledges::SynAck);
            self.flush(now, out);
        } else {
            self.go(State::SynReceived, out);
            self.opening.rto = INITIAL_RTO;
            self.opening.deadline = Some(now + INITIAL_RTO);
            self.send_syn_ack(now, Reason::SynCrossed, out);
        }
    }

    fn take_syn(&mut self, now: Time, segment: &Segment<'_>, acknowledged: bool) {
        // RFC 3168 §6.1.1: an ECN-setup SYN-ACK has ECE alone, an ECN-setup SYN has both.
        let ecn = self.terms.ecn && segment.flags.ece && segment.flags.cwr != acknowledged;
        let terms = Terms::settle(&self.rules, self.pair, &segment.options, ecn);
        self.agree(terms, segment.seq, segment.window);
        if let Some((value, _)) = segment.options.timestamps.filter(|_| terms.timestamps) {
            self.timestamps.take(now, value);
        }
    }

    /// The handshake is done: the sender begins.
    pub(super) fn establish(&mut self, now: Time, answer: &Segment<'_>, out: &mut TcpOutput) {
        let settings = &self.rules.settings;
        let echo = answer.options.timestamps.map(|(_, echo)| echo).filter(|it| self.terms.timestamps && *it != 0);
        let options = SenderOptions {
            congestion: self.rules.congestion,
            hystart: settings.hystart,
            initial_window: if self.lost_syns(echo) { 1 } else { settings.initial_window },
            mss: self.mss(),
            sack: self.terms.sack,
            detection: settings.loss_detection,
            min_rto: settings.min_rto,
            slow_start_after_idle: settings.slow_start_after_idle,
            seed: self.rules.seed,
        };
        self.sender = Some(Sender::new(options, self.opening.iss + 1, now, self.handshake_took(now, echo)));
        self.opening.deadline = None;
        self.last_heard = now;
        let to = if self.ending.is_some() { State::FinWait1 } else { State::Established };
        self.go(to, out);
        self.wake_writer();
        self.wake_reader();
    }

    /// RFC 5681 §3.1: a lost SYN makes the first flight a single segment; RFC 6928 §2 and Linux: two lost ones. An answer
    /// that echoes the first of them says that none was lost.
    fn lost_syns(&self, echo: Option<u32>) -> bool {
        self.opening.tries > 2 && echo != Some(self.timestamps.value(self.opening.first_sent))
    }

    /// RFC 6298 §3 (Karn): a SYN that was sent once measures; of one that was sent again only an echoed timestamp tells.
    fn handshake_took(&self, now: Time, echo: Option<u32>) -> Option<Duration> {
        if self.opening.tries == 1 {
            return Some(now - self.opening.last_sent);
        }
        let took = self.timestamps.since(now, echo?).max(TICK);
        // The echo of what was never sent says nothing.
        (took <= now - self.opening.first_sent + TICK).then_some(took)
    }

    fn syn_sent(&mut self, now: Time) {
        self.opening.sent(now);
        // As Linux: the last wait ends with the user timeout.
        let most = self.rules.user_timeout.map(|it| self.opening.first_sent + it);
        self.opening.deadline = self.opening.deadline.map(|at| most.map_or(at, |most| at.min(most)));
    }

    /// The SYN, or the SYN-ACK of a simultaneous open, was not answered in time.
    pub(super) fn opening_timed_out(&mut self, now: Time, out: &mut TcpOutput) {
        let active = self.state == State::SynSent;
        let waits = syn_waits(&self.rules.settings);
        let most = if active { count(waits.len()) - 1 } else { self.rules.settings.synack_retries };
        let tries = self.opening.tries;
        if tries > most || now - self.opening.first_sent >= self.rules.patience() {
            let failure = self.soft_error.unwrap_or(ErrorKind::TimedOut);
            return self.give_up(GivesUp::Unanswered { tries }, failure, out);
        }
        let mut rto = self.opening.back_off();
        if active {
            (rto, self.opening.rto) = (waits[tries as usize - 1], waits[tries as usize]);
        }
        self.syn_sent(now);
        if active {
            // RFC 3168 §6.1.1.1: the loss may be the fault of a middlebox that fears ECN.
            self.terms.ecn = false;
            self.send_syn(now, Reason::SynAgain { rto, times: tries, of: most }, out);
        } else {
            self.send_syn_ack(now, Reason::SynAckAgain { rto, times: tries, of: most }, out);
        }
    }
}

fn count(waits: usize) -> u32 {
    u32::try_from(waits).expect("a SYN is sent a few hundred times at most")
}
