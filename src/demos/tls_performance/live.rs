//! The live side: what the cryptography of a handshake costs this machine, and whole handshakes on loopback beside it.
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::demos::findings::Findings;
use crate::demos::live::{Live, Script, Stand};
use crate::net::{Listener, Net};
use crate::quantity::Quantity;
use crate::recording::{Cell, Recording, Table, Time};
use crate::services::tls::{Authority, BATCHES, Client, ClientOptions, Cost, Ground, Server, TlsError, costs};

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: 443,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &[],
    curves: &["client cwnd", "client srtt"],
    limit: Duration::from_secs(30),
    script,
};

/// The server's name.
const NAME: &str = "localhost";
/// Whole handshakes, for a median.
const HANDSHAKES: usize = 25;

/// A handshake from TCP open to the keys.
type Handshake = (Time, Time);

#[derive(Default)]
struct Measured {
    costs: Vec<Cost>,
    handshakes: Vec<Handshake>,
}

fn script(stand: Stand) -> Script {
    let measured = Rc::<RefCell<Measured>>::default();
    let told = Rc::clone(&measured);
    let play = Box::pin(async move {
        // A first breath, so that a stop is heard before.
        stand.client.sleep(Duration::from_millis(1)).await;
        let costs = costs(&|| stand.client.now());
        told.borrow_mut().costs = costs;
        let handshakes = handshakes(&stand).await.map_err(io::Error::other)?;
        told.borrow_mut().handshakes = handshakes;
        Ok::<_, io::Error>(())
    });
    let found = move |recording: &mut Recording| {
        let measured = measured.borrow();
        let mut findings = found(&measured.costs);
        whole(&mut findings, &measured.handshakes);
        findings.into(recording);
    };
    Script { play, found: Box::new(found) }
}

/// Full handshakes with a server of the run's own, one after the other; none with a host that was named.
async fn handshakes(stand: &Stand) -> Result<Vec<Handshake>, TlsError> {
    let Some(net) = &stand.server else { return Ok(Vec::new()) };
    let ground = Ground::system();
    let authority = Authority::new(&ground, "this run's own authority")?;
    let server = Server::new(&ground, authority.issue(&[NAME])?, &[])?.without_tickets();
    let listener = net.listen(stand.at).await?;
    let at = listener.local()?;
    let own = net.clone();
    net.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = server.accept(&own, stream).await {
                drop(stream.read(&mut [0; 1]).await);
            }
        }
    });
    let options = ClientOptions { forgets: true, ..ClientOptions::default() };
    let client = Client::with(&ground, &[authority.certificate()], options)?;
    let mut handshakes = Vec::new();
    for _ in 0..HANDSHAKES {
        let stream = stand.client.connect(at).await?;
        let began = stand.client.now();
        let mut stream = client.connect(&stand.client, stream, NAME).await?;
        handshakes.push((began, stand.client.now()));
        stream.shutdown().await?;
    }
    Ok(handshakes)
}

/// What the whole of a handshake took, with both ends on this machine.
fn whole(findings: &mut Findings, handshakes: &[Handshake]) {
    let mut took: Vec<Duration> = handshakes.iter().map(|(from, to)| *to - *from).collect();
    took.sort_unstable();
    let how = format!("median of {HANDSHAKES} full TLS 1.3 handshakes on loopback, the work of both ends in it");
    findings.time("handshake_time", "a whole handshake takes", took.get(took.len() / 2).copied(), how);
    for (number, (from, to)) in handshakes.iter().enumerate() {
        findings.span_at("handshakes", format!("handshake {}", number + 1), *from, *to);
    }
    let first = handshakes.first();
    findings.mark_at("first-handshake", "the first handshake begins", first.map(|it| it.0), None);
    findings.mark_at("keys", "the first handshake is over", first.map(|it| it.1), None);
}

fn found(costs: &[Cost]) -> Findings {
    let mut findings = Findings::default();
    let columns = [
        ("operation", "operation"),
        ("median_ns", "median"),
        ("from_ns", "a quarter below"),
        ("to_ns", "a quarter above"),
        ("wire", "bytes on the wire"),
    ];
    let label = format!("this machine, this build; {BATCHES} batches each");
    let mut table = Table::new("costs", &label, &columns);
    for it in costs {
        let how = format!(
            "median of {BATCHES} batches on this machine; half of them between {} and {}",
            Quantity::time(it.quarters.0),
            Quantity::time(it.quarters.1)
        );
        findings.time(&format!("{}_time", it.name), it.label, Some(it.median), how);
        let bytes = if it.bytes == 0 { Cell::Empty } else { Quantity::bytes(it.bytes).into() };
        let [median, low, high] = [it.median, it.quarters.0, it.quarters.1].map(|it| Cell::from(Quantity::time(it)));
        table.row(None, vec![Cell::text(it.label), median, low, high, bytes]);
    }
    findings.table(table);
    findings
}
