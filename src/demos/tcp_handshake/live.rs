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
