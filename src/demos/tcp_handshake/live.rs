//! The handshake's live side: the same two programs on this machine's sockets, or the client alone with a host.
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::programs::{First, Log, client, server};
use super::{first, found};
use crate::demos::live::{Live, Script, Stand};
use crate::net::{Listener, Net};

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: 80,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &["first"],
    curves: &["client cwnd", "client in flight", "client srtt", "client rto", "server receive queue"],
    limit: Duration::from_secs(10),
    script,
};

fn script(stand: Stand) -> Script {
    let log = Log::default();
    let seen = Rc::clone(&log);
    let play = Box::pin(async move {
        let first = first(&stand.knobs);
        let at = serve(&stand, first, &log).await?;
        client(&stand.client, at, first, &log).await;
        let broken = log.borrow().kind;
        broken.map_or(Ok(()), |kind| Err(kind.into()))
    });
    Script { play, found: Box::new(move |recording| found::live(recording, &seen.borrow()).into(recording)) }
}

/// Where the server is: the host's, or one of the run's own.
async fn serve(stand: &Stand, first: First, log: &Log) -> std::io::Result<SocketAddr> {
    let Some(net) = &stand.server else { return Ok(stand.at) };
    let listener = net.listen(stand.at).await?;
    let at = listener.local()?;
    let (own, log) = (net.clone(), Rc::clone(log));
    net.spawn(async move {
        if let Err(error) = server(&own, &listener, first, &log).await {
            own.note(format!("the server gave up: {error}"));
        }
    });
    Ok(at)
}

#[cfg(test)]
mod tests {
    use crate::demos::{Knobs, find, live};
    use crate::recording::{EventKind, Time};

    #[test]
    fn what_is_marked_is_when_the_calls_returned() {
        let demo = find("tcp-handshake").expect("it ships");
        let request = live::Request { knobs: Knobs::defaults(demo.knobs), target: live::Target::Own, seed: 1 };
        let run = live::run(demo, &request, &live::Stop::default(), &mut |_| {}).expect("loopback is there").recording;
        let ended = |node: &str, name: &str| -> Time {
            let is = |kind: &EventKind| matches!(kind, EventKind::Call { call, .. } if call.starts_with(name));
            let event = run.events.iter().find(|it| Some(it.node) == run.node(node) && is(&it.kind));
            event.map(|it| it.until.unwrap_or(it.at)).expect("the call")
        };
        let marked = |name: &str| run.marker(name).unwrap_or_else(|| panic!("no {name}")).at;
        assert_eq!(marked("syn-ack"), ended("client", "connect("));
        assert_eq!(marked("established"), ended("server", "accept("));
        assert_eq!(marked("first-reply"), ended("client", "recv("));
        let measured = run.measurement("client_may_send").expect("measured").value;
        assert_eq!(measured.as_duration(), Some(marked("syn-ack") - marked("syn")));
    }
}
