//! The live side: our client and reqwest against a server on loopback, each with its connections kept and with a new one each time.
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::script::{Outcome, Script as Requests, Trip, drive};
use super::{found, options, plain, script_of, serve};
use crate::demos::findings::Findings;
use crate::demos::live::{Live, Script, Stand};
use crate::demos::workload::{mean, quantile, sorted};
use crate::net::{Listener, Net};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Cell as Entry, Recording, Table, Time};
use crate::services::http::plain::Plain;

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: 80,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &["requests", "gap", "size", "think", "server-idle"],
    curves: &[],
    limit: Duration::from_secs(60),
    script,
};

/// Bars of the waterfall for each way; more would not be read.
const BARS: usize = 20;

/// What one way of asking came to.
struct Way {
    name: &'static str,
    /// When each request came, and how long its answer took.
    took: Vec<(Time, Duration)>,
    /// Connections the server accepted for it; none where the server is somebody else's.
    connections: Option<usize>,
    failed: usize,
}

impl Way {
    fn times(&self) -> Vec<Duration> {
        sorted(self.took.iter().map(|(_, took)| *took))
    }
}

/// A listener that counts what it accepts.
struct Counted<L> {
    inner: L,
    count: Rc<Cell<usize>>,
}

impl<L: Listener> Listener for Counted<L> {
    type Stream = L::Stream;

    async fn accept(&self) -> io::Result<(L::Stream, SocketAddr)> {
        let accepted = self.inner.accept().await?;
        self.count.set(self.count.get() + 1);
        Ok(accepted)
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local()
    }
}

fn script(stand: Stand) -> Script {
    let ways = Rc::<RefCell<Vec<Way>>>::default();
    let first = Rc::<Outcome>::default();
    let (seen, told) = (Rc::clone(&ways), Rc::clone(&first));
    let play = Box::pin(async move { play(&stand, &ways, &first).await });
    let found = Box::new(move |recording: &mut Recording| tell(&seen.borrow(), &told).into(recording));
    Script { play, found }
}

async fn play(stand: &Stand, ways: &RefCell<Vec<Way>>, first: &Rc<Outcome>) -> io::Result<()> {
    let count = Rc::<Cell<usize>>::default();
    let own = stand.server.is_some();
    let at = listen(stand, &count, first).await?;
    let since = |before: usize| own.then(|| count.get() - before);
    let base = Requests { at_once: 1, connections: 1, retries: true, client_idle: None, ..script_of(&stand.knobs) };
    for (name, keeps) in [("Roundtrip's client, connection kept", true), ("Roundtrip's client, a new one each", false)]
    {
        let before = count.get();
        let outcome = if keeps { Rc::clone(first) } else { Rc::default() };
        drive(&stand.client, &Requests { keeps, ..base.clone() }, plain(at), &outcome).await;
        let trips = outcome.trips.borrow();
        let failed = trips.iter().filter(|it| it.failure.is_some()).count();
        if let Some(why) = trips.first().and_then(|it| it.failure.clone()).filter(|_| failed == trips.len()) {
            return Err(io::Error::other(format!("no request was answered: {why}")));
        }
        let took =
            trips.iter().filter(|it| it.failure.is_none()).map(|it: &Trip| (it.came, it.done - it.came)).collect();
        ways.borrow_mut().push(Way { name, took, connections: since(before), failed });
    }
    for (name, idle) in [("reqwest, its pool", usize::MAX), ("reqwest, pool_max_idle_per_host(0)", 0)] {
        let before = count.get();
        let client = Plain::new(idle).map_err(io::Error::other)?;
        let (mut took, mut failed) = (Vec::new(), 0);
        for number in 1..=base.requests {
            let began = stand.client.now();
            match client.get(&format!("http://{at}/{number}")).await {
                Ok(_) => took.push((began, stand.client.now() - began)),
                Err(_) => failed += 1,
            }
            stand.client.sleep(base.gap).await;
        }
        ways.borrow_mut().push(Way { name, took, connections: since(before), failed });
    }
    Ok(())
}

/// Where the server is: the host's, or one of the run's own.
async fn listen(stand: &Stand, count: &Rc<Cell<usize>>, outcome: &Rc<Outcome>) -> io::Result<SocketAddr> {
    let Some(net) = &stand.server else { return Ok(stand.at) };
    let inner = net.listen(stand.at).await?;
    let at = inner.local()?;
    let listener = Counted { inner, count: Rc::clone(count) };
    serve(net, listener, options(&stand.knobs), &stand.knobs, outcome);
    Ok(at)
}

fn tell(ways: &[Way], first: &Outcome) -> Findings {
    let mut findings = Findings::default();
    found::latencies(&mut findings, &first.trips.borrow());
    let columns = [
        ("client", "client"),
        ("connections", "connections the server saw"),
        ("mean_ns", "mean"),
        ("p50_ns", "half at most"),
        ("p99_ns", "99 of 100 at most"),
        ("failed", "failed"),
    ];
    let mut table = Table::new("clients", "the same requests, one after another", &columns);
    for way in ways {
        let times = way.times();
        let time = |it: Option<Duration>| Entry::maybe(it.map(Quantity::time));
        table.row(
            None,
            vec![
                Entry::text(way.name),
                Entry::maybe(way.connections.map(Quantity::count)),
                time(mean(&times)),
                time(quantile(&times, 500_000)),
                time(quantile(&times, 990_000)),
                Entry::Value(Quantity::count(way.failed)),
            ],
        );
    }
    findings.table(table);
    for (number, way) in (1..).zip(ways) {
        let lane = format!("{number} {}", way.name);
        for (at, took) in way.took.iter().take(BARS) {
            findings.span_at(&lane, "request and answer".to_owned(), *at, *at + *took);
        }
        let nanos = |took: Duration| i64::try_from(took.as_nanos()).unwrap_or(i64::MAX);
        findings.curve(way.name, Unit::Nanoseconds, way.took.iter().map(|(at, took)| (*at, nanos(*took))).collect());
    }
    let [ours, ours_new, pooled, unpooled] = ways else { return findings };
    for (name, label, way) in [
        ("kept_mean", "ours on a kept connection, on average", ours),
        ("new_mean", "ours on a new one each, on average", ours_new),
        ("reqwest_pool_mean", "reqwest with its pool, on average", pooled),
        ("reqwest_new_mean", "reqwest without, on average", unpooled),
    ] {
        let how = "from asking to the whole answer, on this machine's loopback";
        findings.time(name, label, mean(&way.times()), how);
    }
    if let Some(count) = ours.connections {
        findings.count("connections", "connections for ours, kept", count, "accepted by the server");
    }
    let over = first.trips.borrow().iter().map(|it| it.done).max().unwrap_or(Time::ZERO);
    findings.mark_at("others", "the other ways begin", Some(over), None);
    findings
}

#[cfg(test)]
mod tests {
    use crate::demos::{Knobs, find, live};
    use crate::recording::Cell;

    #[test]
    fn reqwest_keeps_its_connection_as_ours_does_and_opens_one_each_where_it_may_not() {
        let demo = find("keep-alive").expect("it ships");
        let knobs = Knobs::with(demo.knobs, [("requests", "5"), ("gap", "0ms"), ("think", "0ms")]).expect("settings");
        let request = live::Request { knobs, target: live::Target::Own, seed: 1 };
        let ran = live::run(demo, &request, &live::Stop::default(), &mut |_| {}).expect("loopback is there");
        assert_eq!(ran.trouble, None);
        let table = ran.recording.table("clients").expect("a table");
        let counts: Vec<String> = table.rows.iter().map(|it| it.cells[1].to_string()).collect();
        assert_eq!(counts, ["1", "5", "1", "5"]);
        assert!(table.rows.iter().all(|it| matches!(&it.cells[2], Cell::Value(it) if it.value > 0)));
    }
}
