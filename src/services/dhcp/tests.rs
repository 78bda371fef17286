//! Clients, servers and relays in small networks: who gets what, keeps it, and loses it.
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::*;
use crate::lab::{Lab, LabNet, LinkOptions, NodeId};
use crate::recording::{Event, EventKind, Recording, Run};
use crate::wire;

const SECOND: Duration = Duration::from_secs(1);

fn pool(network: u8, first: u8, last: u8) -> Pool {
    let ip = |n| Ipv4Addr::new(10, 0, network, n);
    Pool { first: ip(first), last: ip(last), prefix: 24, router: Some(ip(254)), dns: vec![ip(53)] }
}

fn options(pools: Vec<Pool>) -> ServerOptions {
    ServerOptions { pools, lease: SECOND * 80, delay: Duration::ZERO }
}

struct Office {
    lab: Lab,
    clients: Vec<NodeId>,
    server: LabNet,
    switch: NodeId,
}

fn office(clients: usize) -> Office {
    let mut lab = Lab::new(9, &[]);
    let switch = lab.switch("sw").add();
    let server = lab.host("server").address("10.0.0.1/24").add();
    lab.link(server, switch, LinkOptions::default().delay(SECOND / 1000));
    let clients = (0..clients).map(|n| {
        let client = lab.host(&format!("c{n}")).unconfigured().add();
        lab.link(client, switch, LinkOptions::default().delay(SECOND / 1000));
        client
    });
    let clients = clients.collect();
    Office { server: lab.net(server), lab, clients, switch }
}

fn start(net: &LabNet, options: ClientOptions) {
    let own = net.clone();
    net.spawn(async move { run(own, options).await.expect("the port is free") });
}

fn serve_at(net: &LabNet, options: ServerOptions) {
    let own = net.clone();
    net.spawn(async move { serve(own, options).await.expect("the port is free") });
}

fn finish(lab: Lab) -> Recording {
    let recording = lab.finish(Run::default());
    for packet in &recording.packets {
        let decoded = wire::decode(&packet.bytes);
        assert!(decoded.problems.is_empty(), "packet {}: {:?}", packet.n, decoded.problems);
    }
    recording
}

/// The states a client went through.
fn states(recording: &Recording, node: &str) -> Vec<String> {
    let node = recording.node(node).expect("a node");
    let to = recording.events.iter().filter(|it| it.node == node).filter_map(|it| match &it.kind {
        EventKind::State { machine, to, .. } if machine == "dhcp client" => Some(to.clone()),
        _ => None,
    });
    to.collect()
}

fn notes(recording: &Recording) -> String {
    let text = recording.events.iter().filter_map(|it| match &it.kind {
        EventKind::Note { text } => Some(format!("{} {text}", it.at)),
        _ => None,
    });
    text.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_client_gets_an_address_renews_it_and_reaches_others() {
    let Office { mut lab, clients, server, .. } = office(1);
    let client = lab.net(clients[0]);
    serve_at(&server, options(vec![pool(0, 100, 110)]));
    start(&client, ClientOptions::default());
    let own = client;
    let outcome = lab.run(async move {
        own.sleep(SECOND).await;
        let before = own.address();
        let answered = own.ping([10, 0, 0, 1], SECOND).await.is_ok();
        own.sleep(SECOND * 200).await;
        (before, answered, own.address())
    });
    let address = Some(IpAddr::from([10, 0, 0, 100]));
    assert_eq!(outcome, Ok((address, true, address)));
    let recording = finish(lab);
    let bound = ["SELECTING", "REQUESTING", "BOUND"];
    let renewals = std::iter::repeat_n(["RENEWING", "BOUND"], 5).flatten();
    assert_eq!(states(&recording, "c0"), bound.into_iter().chain(renewals).collect::<Vec<_>>());
    let first = recording.topology.nodes.iter().find(|it| it.name == "c0").expect("the client");
    assert_eq!(first.interfaces[0].addresses, [IpAddr::from([10, 0, 0, 100])], "shown as it is at the end");
}

#[test]
fn when_its_server_is_gone_anybody_is_asked_and_then_the_address_is_lost() {
    let Office { mut lab, clients, server, .. } = office(1);
    let (client, node) = (lab.net(clients[0]), lab.control());
    serve_at(&server, options(vec![pool(0, 100, 110)]));
    start(&client, ClientOptions::default());
    let gone = recording_node(&lab);
    let own = client;
    let left = lab.run(async move {
        own.sleep(SECOND * 10).await;
        node.power_off(gone);
        own.sleep(SECOND * 90).await;
        own.address()
    });
    assert_eq!(left, Ok(None));
    let recording = finish(lab);
    let expected = ["SELECTING", "REQUESTING", "BOUND", "RENEWING", "REBINDING", "INIT", "SELECTING"];
    assert_eq!(states(&recording, "c0"), expected);
    assert!(notes(&recording).contains("is over: nobody renewed it"));
}

/// The server of an office, by its place in it.
fn recording_node(lab: &Lab) -> NodeId {
    lab.find("server").expect("an office has a server")
}

#[test]
fn a_pool_that_is_empty_offers_nothing_until_somebody_gives_back() {
    let Office { mut lab, clients, server, .. } = office(3);
    serve_at(&server, options(vec![pool(0, 100, 101)]));
    let nets: Vec<_> = clients.iter().map(|it| lab.net(*it)).collect();
    let main = async move {
        start(&nets[0], ClientOptions { release_after: Some(SECOND * 30), ..ClientOptions::default() });
        start(&nets[1], ClientOptions::default());
        server.sleep(SECOND).await;
        start(&nets[2], ClientOptions::default());
        server.sleep(SECOND * 20).await;
        let early = nets[2].address();
        server.sleep(SECOND * 60).await;
        (early, nets[2].address())
    };
    let outcome = lab.run(main);
    assert!(matches!(outcome, Ok((None, Some(_)))), "{outcome:?}");
    assert!(notes(&finish(lab)).contains("all 2 addresses are leased"));
}

#[test]
fn an_address_that_another_uses_is_declined() {
    let Office { mut lab, clients, server, switch } = office(1);
    let squatter = lab.host("squatter").address("10.0.0.100/24").add();
    lab.link(squatter, switch, LinkOptions::default());
    serve_at(&server, options(vec![pool(0, 100, 110)]));
    let client = lab.net(clients[0]);
    start(&client, ClientOptions { check: true, ..ClientOptions::default() });
    let got = lab.run(async move {
        client.sleep(SECOND * 40).await;
        client.address()
    });
    assert_eq!(got, Ok(Some(IpAddr::from([10, 0, 0, 101]))));
    let notes = notes(&finish(lab));
    assert!(notes.contains("declines it") && notes.contains("nobody gets it for a while"), "{notes}");
}

#[test]
fn who_comes_from_another_network_is_refused_and_gets_a_new_address() {
    let Office { mut lab, clients, server, .. } = office(1);
    serve_at(&server, options(vec![pool(0, 100, 110)]));
    let client = lab.net(clients[0]);
    start(&client, ClientOptions { known: Some(Ipv4Addr::new(192, 168, 1, 7)), ..ClientOptions::default() });
    let got = lab.run(async move {
        client.sleep(SECOND * 5).await;
        client.address()
    });
    assert_eq!(got, Ok(Some(IpAddr::from([10, 0, 0, 100]))));
    let recording = finish(lab);
    assert_eq!(states(&recording, "c0"), ["REBOOTING", "INIT", "SELECTING", "REQUESTING", "BOUND"]);
    assert!(notes(&recording).contains("192.168.1.7 is of another network"));
}

#[test]
fn of_two_servers_the_first_offer_wins_and_the_other_hears_it() {
    let Office { mut lab, clients, server, switch } = office(1);
    let rogue = lab.host("rogue").address("10.0.0.66/24").add();
    lab.link(rogue, switch, LinkOptions::default());
    let rogue = lab.net(rogue);
    serve_at(&server, ServerOptions { delay: SECOND / 10, ..options(vec![pool(0, 100, 110)]) });
    serve_at(&rogue, options(vec![pool(0, 200, 210)]));
    let client = lab.net(clients[0]);
    start(&client, ClientOptions::default());
    let got = lab.run(async move {
        client.sleep(SECOND * 5).await;
        client.address()
    });
    assert_eq!(got, Ok(Some(IpAddr::from([10, 0, 0, 200]))));
    assert!(notes(&finish(lab)).contains("takes the offer of 10.0.0.66: 10.0.0.100 is free again"));
}

#[test]
fn a_relay_carries_a_networks_broadcasts_to_the_server_of_another() {
    let mut lab = Lab::new(9, &[]);
    let client = lab.host("c0").unconfigured().add();
    let switch = lab.switch("sw").add();
    let relaying = lab.host("relay").address("10.0.1.2/24").gateway("10.0.1.254").add();
    let router = lab.router("r").interface("10.0.1.254/24").interface("10.0.0.254/24").add();
    let server = lab.host("server").address("10.0.0.1/24").gateway("10.0.0.254").add();
    for node in [client, relaying, router] {
        lab.link(node, switch, LinkOptions::default());
    }
    lab.link(router, server, LinkOptions::default());
    serve_at(&lab.net(server), options(vec![pool(0, 100, 110), pool(1, 100, 110)]));
    let net = lab.net(relaying);
    let own = net.clone();
    net.spawn(async move { relay(own, Ipv4Addr::new(10, 0, 0, 1)).await.expect("the port is free") });
    let client = lab.net(client);
    start(&client, ClientOptions::default());
    let got = lab.run(async move {
        client.sleep(SECOND * 60).await;
        (client.address(), client.ping([10, 0, 0, 1], SECOND).await.is_ok())
    });
    assert_eq!(got, Ok((Some(IpAddr::from([10, 0, 1, 100])), true)), "renewals go to the server without the relay");
    let recording = lab.finish(Run::default());
    let refused = |it: &&Event| matches!(&it.kind, EventKind::Note { text } if text.contains("refuses"));
    assert_eq!(recording.events.iter().filter(refused).count(), 0, "and are granted there");
}
