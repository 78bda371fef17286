//! What happens: who trusts whom, who speaks what, which connections are made.
use std::net::SocketAddr;
use std::time::Duration;

use super::machine::{self, Tape};
use super::programs::{self, Log};
use super::{Case, NAME, PORT, World};
use crate::net::Net;
use crate::services::tls::{
    Authority, Client, ClientOptions, Clients, Ground, Group, H2, HTTP_1_1, Identity, LAB_BEGINS, Leaf, Server,
    ServerOptions, TlsError, Trusted, Version,
};

/// Between two connections.
const PAUSE: Duration = Duration::from_millis(500);
const DAY: Duration = Duration::from_secs(86_400);
/// The server takes so much early data.
const EARLY: u32 = 16_384;

pub(super) async fn script(world: &World, ground: &Ground, case: Case, log: &Log) -> Result<(), TlsError> {
    let address = |net: &crate::lab::LabNet| crate::net::Configure::address(net).map(|it| SocketAddr::new(it, PORT));
    let Some(at) = address(&world.server) else { return Ok(()) };
    let authority = Authority::new(ground, "Lab CA")?;
    let server = server(ground, &authority, case)?;
    let careful = case.guard == "too-early";
    programs::serve(&world.server, world.server.listen(at).await?, server, careful, log).await;
    let tape = Tape::default();
    let mut door = at;
    if let Some((net, own)) = world.between.as_ref().and_then(|net| Some((net, address(net)?))) {
        machine::relay(net, net.listen(own).await?, at, case.meddling(), &tape).await;
        door = own;
    }
    let client = client(ground, &authority, case)?;
    if case.resumes() {
        programs::visit(&world.client, door, &client, log).await;
        world.client.sleep(PAUSE).await;
    }
    programs::visit(&world.client, door, &client, log).await;
    if let (Some(net), "replay") = (&world.between, case.mode) {
        net.sleep(PAUSE).await;
        machine::replay(net, at, &tape, log).await?;
    }
    world.client.sleep(PAUSE).await;
    Ok(())
}

fn server(ground: &Ground, authority: &Authority, case: Case) -> Result<Server, TlsError> {
    let identity = match case.fault {
        "wrong-name" => authority.issue(&["shop.example"])?,
        "expired" => {
            let now = Duration::from_secs(LAB_BEGINS.into());
            authority.issue_for(&[NAME], now.saturating_sub(DAY * 100), 90)?
        }
        _ => authority.issue(&[NAME])?,
    };
    let trusted = Trusted { authorities: vec![authority.certificate()], revoked: Vec::new() };
    let version = match case.fault {
        "no-version" => Some(if case.is_13 { Version::Tls12 } else { Version::Tls13 }),
        _ => None,
    };
    let other = matches!(case.mode, "hello-retry") || case.fault == "no-group";
    let protocols: &[&[u8]] = if case.fault == "no-protocol" { &[H2] } else { &[HTTP_1_1] };
    // Without an offer of early data tokio-rustls writes one buffer more after a failure: the alert stays behind the hello.
    let takes_early = case.is_early() && case.guard != "refuse" || case.fault == "no-protocol";
    let options = ServerOptions {
        protocols,
        version,
        groups: if other { &[Group::X25519MlKem768] } else { &[] },
        early_data: if takes_early { EARLY } else { 0 },
        keeps_used: case.guard != "single-use",
        overfills: case.fault == "overfull-record",
        clients: if case.mode == "client-certificate" { Clients::Proven(trusted) } else { Clients::Anybody },
        ..ServerOptions::default()
    };
    let server = Server::with(ground, identity.clone(), options)?;
    match case.fault {
        "unknown-name" => Ok(server.known_as("shop.example")),
        "false-signature" => server.signing_falsely(ground, identity),
        _ => Ok(server),
    }
}

fn client(ground: &Ground, authority: &Authority, case: Case) -> Result<Client, TlsError> {
    let trusted = match case.fault {
        "unknown-ca" => Authority::new(ground, "Another CA")?.certificate(),
        _ => authority.certificate(),
    };
    let identity: Option<Identity> = match (case.mode, case.fault) {
        ("client-certificate", "none") => Some(authority.sign(&Leaf::client(&["alice.example"])?)?),
        _ => None,
    };
    let groups: &[Group] = match (case.mode, case.fault) {
        ("hello-retry", _) => &[Group::X25519, Group::X25519MlKem768],
        _ => &[Group::X25519],
    };
    let options = ClientOptions {
        protocols: &[HTTP_1_1],
        version: Some(if case.is_13 { Version::Tls13 } else { Version::Tls12 }),
        groups,
        forgets: !case.resumes(),
        early_data: case.is_early(),
        identity,
        ..ClientOptions::default()
    };
    Client::with(ground, &[trusted], options)
}
