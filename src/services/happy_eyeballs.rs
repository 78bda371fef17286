//! Happy Eyeballs (RFC 8305): a host has addresses of both families, one may lead nowhere, and nobody wants to wait for it.
//!
//! ```text
//! 2001:db8::80   SYN ─────────────────────────── given up as soon as another is open
//! 203.0.113.80   ····· 250 ms ····· SYN ── SYN-ACK: this one it is
//! ```
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::net::{Net, SocketOptions};
use crate::recording::Time;

/// From one attempt to the next (RFC 8305 §5: 250 ms is recommended).
pub const APART: Duration = Duration::from_millis(250);
/// More addresses of one host are not tried.
const MOST: usize = 16;

/// One address that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    pub to: SocketAddr,
    pub began: Time,
    /// When it was open, refused or given up.
    pub ended: Time,
    pub outcome: Outcome,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Open,
    /// The system's word: refused, no route, no answer.
    Failed(String),
    /// Another was open first.
    GivenUp,
}

/// The order of trying: the families take turns, IPv6 first (RFC 8305 §4).
#[must_use]
pub fn order(addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    let (mut six, mut four): (VecDeque<_>, VecDeque<_>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let mut ordered = Vec::new();
    while let Some(next) = six.pop_front().or_else(|| four.pop_front()) {
        ordered.push(next);
        ordered.extend(four.pop_front());
    }
    ordered.truncate(MOST);
    ordered
}

/// An attempt that goes on.
struct Running<F> {
    number: usize,
    opening: Pin<Box<F>>,
}

/// The first attempt that is over, which runs no more.
fn ended<F: Future>(running: &mut Vec<Running<F>>, cx: &mut Context<'_>) -> Option<(usize, F::Output)> {
    let mut over = None;
    for (place, it) in running.iter_mut().enumerate() {
        if let Poll::Ready(outcome) = it.opening.as_mut().poll(cx) {
            over = Some((place, outcome));
            break;
        }
    }
    over.map(|(place, outcome)| (running.remove(place).number, outcome))
}

/// Opens a TCP connection to the first of these addresses that answers; see [`race`].
///
/// # Errors
/// The last attempt's; `NotFound` where there is no address.
pub async fn connect<N: Net>(
    net: &N,
    addresses: &[SocketAddr],
    options: SocketOptions,
    tries: &RefCell<Vec<Try>>,
) -> io::Result<N::Stream> {
    let open = async |to| net.connect_with(to, options).await;
    race(net, addresses, open, tries).await.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
}

/// Tries the addresses in that order, each [`APART`] after the one before or as soon as that has failed; the others are dropped
/// as soon as one is open. What is tried is written down as it happens. None without an address; otherwise the winner, or the
/// last failure.
pub async fn race<N: Net, S, E: fmt::Display>(
    net: &N,
    addresses: &[SocketAddr],
    open: impl AsyncFn(SocketAddr) -> Result<S, E>,
    tries: &RefCell<Vec<Try>>,
) -> Option<Result<S, E>> {
    let open = &open;
    let (mut running, mut last) = (Vec::new(), None);
    let mut left = addresses.iter().take(MOST);
    let mut next = Box::pin(net.sleep(Duration::ZERO));
    while left.len() > 0 || !running.is_empty() {
        let ended = poll_fn(|cx| -> Poll<Option<(usize, Result<S, E>)>> {
            match ended(&mut running, cx) {
                Some(ended) => Poll::Ready(Some(ended)),
                None if left.len() > 0 => next.as_mut().poll(cx).map(|()| None),
                None => Poll::Pending,
            }
        });
        let (ended, now) = (ended.await, net.now());
        let mut start = ended.is_none();
        if let Some((number, outcome)) = ended {
            let it = &mut tries.borrow_mut()[number];
            it.ended = now;
            start = outcome.is_err();
            it.outcome = outcome.as_ref().map_or_else(|error| Outcome::Failed(error.to_string()), |_| Outcome::Open);
            last = Some(outcome);
            if !start {
                break;
            }
        }
        if start && let Some(&to) = left.next() {
            running.push(Running { number: tries.borrow().len(), opening: Box::pin(open(to)) });
            tries.borrow_mut().push(Try { to, began: now, ended: now, outcome: Outcome::GivenUp });
            next = Box::pin(net.sleep(APART));
        }
    }
    let over = net.now();
    tries.borrow_mut().iter_mut().filter(|it| it.outcome == Outcome::GivenUp).for_each(|it| it.ended = over);
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Lab, LinkOptions};

    const SIX: &str = "[2001:db8:0:1::2]:80";
    const FOUR: &str = "10.0.0.2:80";

    /// What came of a race, and what was tried.
    struct Race {
        open: io::Result<()>,
        tries: Vec<Try>,
    }

    /// Who wins between two families with a round trip of 80 ms, and when; the server listens at these.
    fn race(listens: &'static [&'static str], addresses: &[&str]) -> (Race, u64) {
        let mut lab = Lab::new(1, &[]);
        let client = lab.host("client").address("10.0.0.1/24").address("2001:db8:0:1::1/64").add();
        let server = lab.host("server").address("10.0.0.2/24").address("2001:db8:0:1::2/64").add();
        lab.link(client, server, LinkOptions::default().delay(Duration::from_millis(40)));
        lab.introduce_everybody();
        let (client, server) = (lab.net(client), lab.net(server));
        let to: Vec<SocketAddr> = addresses.iter().map(|it| it.parse().expect("an address")).collect();
        let raced = lab.run(async {
            let mut held = Vec::new();
            for at in listens {
                held.push(server.listen(at.parse().expect("an address")).await.expect("ports are free"));
            }
            let tries = RefCell::default();
            let open = connect(&client, &to, SocketOptions::default(), &tries).await;
            (Race { open: open.map(drop), tries: tries.into_inner() }, client.now().0 / 1_000_000)
        });
        raced.expect("it ends")
    }

    fn outcomes(race: &Race) -> Vec<(u64, u64, bool)> {
        let ms = |at: Time| at.0 / 1_000_000;
        race.tries.iter().map(|it| (ms(it.began), ms(it.ended), it.outcome == Outcome::Open)).collect()
    }

    #[test]
    fn the_families_take_turns_and_ipv6_begins() {
        let addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "10.0.0.3"].map(|it| it.parse().expect("an address"));
        let ordered: Vec<String> = order(addresses).iter().map(ToString::to_string).collect();
        assert_eq!(ordered, ["2001:db8::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]);
        assert_eq!(order((0..99).map(|it| IpAddr::from([10, 0, 0, it]))).len(), MOST);
    }

    #[test]
    fn the_first_that_answers_in_time_is_alone() {
        let (race, at) = race(&[SIX, FOUR], &[SIX, FOUR]);
        assert_eq!((outcomes(&race), at), (vec![(0, 80, true)], 80));
    }

    #[test]
    fn silence_costs_the_delay_and_no_more() {
        let (race, at) = race(&[FOUR], &["[2001:db8:0:1::99]:80", FOUR]);
        assert_eq!((outcomes(&race), at), (vec![(0, 330, false), (250, 330, true)], 330));
        assert_eq!(race.tries[0].outcome, Outcome::GivenUp);
    }

    #[test]
    fn a_refusal_is_not_waited_for() {
        let (race, at) = race(&[FOUR], &[SIX, FOUR]);
        assert_eq!((outcomes(&race), at), (vec![(0, 80, false), (80, 160, true)], 160));
    }

    #[test]
    fn where_nobody_answers_the_last_word_is_kept() {
        let (none, _) = race(&[], &[SIX, FOUR]);
        assert_eq!(none.open.expect_err("refused").kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(none.tries.len(), 2);
        let (nowhere, at) = race(&[], &[]);
        assert!(nowhere.open.is_err() && nowhere.tries.is_empty() && at == 0);
    }
}
