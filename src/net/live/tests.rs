//! A live run writes down what its programs did and what the kernel knew.
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::host::HostNet;
use crate::net::live::{LiveNet, Written};
use crate::net::{Listener, Net};
use crate::recording::EventKind;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Runs a script between two nodes; gives what was written down.
fn written<F: Future<Output = io::Result<()>>>(script: impl FnOnce(LiveNet, LiveNet) -> F) -> Written {
    let run = HostNet::run(|net| async move {
        let [client, server] = LiveNet::nodes(net, ["client", "server"]);
        let ended = tokio::time::timeout(Duration::from_secs(10), script(client.clone(), server)).await;
        ended.expect("it takes no 10 seconds").expect("no error");
        client.written()
    });
    run.expect("this machine has an event queue")
}

fn calls(written: &Written, node: usize) -> Vec<(String, String)> {
    let call = |kind: &EventKind| match kind {
        EventKind::Call { call, result } => Some((call.split('(').next().expect("a name").to_owned(), result.clone())),
        _ => None,
    };
    written.events.iter().filter(|it| it.node == node).filter_map(|it| call(&it.kind)).collect()
}

fn names(calls: &[(String, String)]) -> Vec<&str> {
    calls.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn calls_are_written_down_with_their_results_as_in_the_lab() {
    let written = written(|client, server| async move {
        let listener = server.listen(LOOPBACK).await?;
        let at = listener.local()?;
        let mut stream = client.connect(at).await?;
        let (mut accepted, _) = listener.accept().await?;
        stream.write_all(b"hello").await?;
        accepted.read_exact(&mut [0; 5]).await?;
        stream.shutdown().await?;
        let count = accepted.read(&mut [0; 5]).await?;
        assert_eq!(count, 0);
        client.note("done".to_owned());
        Ok(())
    });
    assert_eq!(names(&calls(&written, 0)), ["connect", "send", "shutdown", "close"]);
    let server = calls(&written, 1);
    assert_eq!(names(&server), ["listen", "accept", "recv", "recv", "close"]);
    assert_eq!((server[2].1.as_str(), server[3].1.as_str()), ("= 5", "= 0 (end of stream)"));
    assert!(written.events.is_sorted_by_key(|it| it.at));
    assert!(written.listened.is_some_and(|it| it.port() > 0));
    assert!(written.events.iter().any(|it| it.kind == EventKind::Note { text: "done".to_owned() }));
}

/// Whether what is said to be in flight is never more than the 1000 bytes that were written.
#[cfg(target_os = "linux")]
fn curve_is_bytes(written: &Written) -> bool {
    let series = written.series.iter().find(|it| it.name == "client in flight");
    series.is_some_and(|it| it.points.iter().all(|(_, bytes)| *bytes <= 1000))
}

#[cfg(target_os = "linux")]
#[test]
fn states_and_curves_come_from_the_kernel() {
    let written = written(|client, server| async move {
        let listener = server.listen(LOOPBACK).await?;
        let mut stream = client.connect(listener.local()?).await?;
        let (accepted, _) = listener.accept().await?;
        stream.write_all(&[7; 1000]).await?;
        client.sleep(Duration::from_millis(30)).await;
        stream.shutdown().await?;
        // The ACK of the FIN may take its time (RFC 9293 §3.8.6.3).
        client.sleep(Duration::from_millis(300)).await;
        // Unread bytes: the close is a reset.
        drop(accepted);
        client.sleep(Duration::from_millis(30)).await;
        Ok(())
    });
    let to = |node, state: &str| {
        let is = |kind: &EventKind| matches!(kind, EventKind::State { to, .. } if to == state);
        written.events.iter().any(|it| it.node == node && is(&it.kind))
    };
    assert!(to(0, "FIN-WAIT-2") && to(1, "CLOSE-WAIT") && to(0, "CLOSED"), "{:#?}", written.events);
    let first = |node| {
        let moved = written.events.iter().filter(|it| it.node == node).find_map(|it| match &it.kind {
            EventKind::State { from, to, .. } => Some((from.as_str(), to.as_str())),
            _ => None,
        });
        moved.expect("a state")
    };
    assert_eq!([first(0), first(1)], [("CLOSED", "ESTABLISHED"); 2], "before connect() there is no connection");
    assert!(curve_is_bytes(&written), "{:?}", written.series);
    let curve = |name: &str| written.series.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(curve("server receive queue").points.last().expect("read at least once").1, 1000);
    assert!(curve("client cwnd").points.iter().all(|(_, bytes)| *bytes > 1000));
    assert!(curve("client srtt").points.iter().all(|(_, nanos)| (1..1_000_000_000).contains(nanos)));
}

#[test]
fn a_call_that_waits_and_one_that_is_refused_are_written_down_too() {
    let written = written(|client, server| async move {
        let listener = server.listen(LOOPBACK).await?;
        let closed = server.listen(LOOPBACK).await?.local()?;
        assert_eq!(client.connect(closed).await.err().map(|it| it.kind()), Some(io::ErrorKind::ConnectionRefused));
        let waiting = server.clone();
        server.spawn(async move { drop(listener.accept().await.map(|_| waiting)) });
        client.sleep(Duration::from_millis(5)).await;
        Ok(())
    });
    assert!(calls(&written, 0)[0].1.contains("ECONNREFUSED"));
    assert_eq!(calls(&written, 1).last().expect("accept").1, "has not returned");
}
