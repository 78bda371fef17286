//! The echo's live side: the same client and server on this machine's sockets.
use std::net::SocketAddr;
use std::time::Duration;

use super::calls::{self, Call};
use crate::demos::findings::Findings;
use crate::demos::live::{Live, Script, Stand};
use crate::net::{Listener, Net};
use crate::recording::Recording;
use crate::services::both;
use crate::services::echo;

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: super::PORT,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &["script", "size"],
    curves: &["client cwnd", "client in flight", "client srtt", "client rto", "server receive queue"],
    limit: Duration::from_secs(15),
    script,
};

/// The second of two clients comes so long after the first.
const SECOND_AFTER: Duration = Duration::from_millis(1);

fn script(stand: Stand) -> Script {
    let what = stand.knobs.choice("script");
    let play = Box::pin(async move { play(&stand, what).await });
    Script { play, found: Box::new(found) }
}

async fn play(stand: &Stand, what: &'static str) -> std::io::Result<()> {
    let at = serve(stand, what).await?;
    let (net, data) = (&stand.client, super::data(&stand.knobs));
    let other = async {
        if what == "two-clients" {
            net.sleep(SECOND_AFTER).await;
            super::attempt(net, at, "echo", &data).await;
        }
    };
    both(super::client(net, at, what, &data), other).await.0
}

/// Where the server is: the host's, or one of the run's own.
async fn serve(stand: &Stand, what: &str) -> std::io::Result<SocketAddr> {
    let Some(server) = &stand.server else { return Ok(stand.at) };
    let listener = server.listen(stand.at).await?;
    let at = listener.local()?;
    let (own, options) = (server.clone(), super::server_of(what));
    server.spawn(async move { drop(echo::serve(own, listener, options).await) });
    Ok(at)
}

fn found(recording: &mut Recording) {
    let mut findings = Findings::default();
    let calls: Vec<_> = recording.events.iter().filter_map(Call::of).collect();
    let server = recording.node("server");
    let (at_server, at_client): (Vec<Call<'_>>, Vec<Call<'_>>) = calls.iter().partition(|it| Some(it.node) == server);
    let connect = at_client.iter().find(|it| it.is("connect"));
    let echo = at_client.iter().find(|it| it.is("recv") && it.gave_bytes());
    findings.mark_at("connect", "connect() is called", connect.map(|it| it.from), None);
    let accept = at_server.iter().find(|it| it.is("accept") && it.result.starts_with("= fd"));
    findings.mark_at("accept", "accept() returns", accept.map(|it| it.to), None);
    let received = at_server.iter().find(|it| it.is("recv") && it.gave_bytes());
    findings.mark_at("first-recv", "the server's first recv() returns", received.map(|it| it.to), None);
    findings.mark_at("echo", "the first echoed bytes are read", echo.map(|it| it.to), None);
    let end = at_server.iter().find(|it| it.is("recv") && it.returned() == Some(0));
    findings.mark_at("eof", "recv() returns 0: the client has closed its side", end.map(|it| it.to), None);
    let connected = connect.filter(|it| it.result.starts_with("= 0"));
    let waited = connected.map(|it| it.to - it.from);
    findings.time("connect_time", "connect() took", waited, "from the call to its return, by this machine's clock");
    let first_echo = connected.zip(echo).map(|(connect, echo)| echo.to - connect.from);
    let how = "from the call of connect() to the return of the first recv() with bytes";
    findings.time("first_echo", "the first echo is back after", first_echo, how);
    calls::counts(&mut findings, &calls, server);
    calls::bars(&mut findings, recording, &calls);
    findings.into(recording);
}
