//! Three layers of address: what port, IP address and MAC address do on the way through a switch and a router.
//!
//! ```text
//! routed     client ── sw ── r1 ── sw2 ── server        10.0.1.0/24 | 10.0.2.0/24
//! same-lan   client ── sw ── server                     10.0.1.0/24
//! ```
use std::net::SocketAddr;
use std::time::Duration;

use crate::demos::capture::{Sight, capture, first};
use crate::demos::findings::{Findings, between, note_end};
use crate::demos::frame::{Content, content, ttl};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::Net;
use crate::recording::Recording;
use crate::services::{echo, within};

pub(super) const DEMO: Demo = Demo {
    name: "three-layers-of-address",
    title: "Port, IP address, MAC address",
    about: "One UDP request and its answer, hop by hop: the ports and IP addresses stay, the MAC addresses change at \
            the router and not at the switch.",
    chapters: &["W1"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 10]),
        Knob::choice("place", "where the server is: behind a router, or on the client's LAN", &["routed", "same-lan"]),
    ],
    exports: &[],
    view: "topology",
    run,
};

const PORT: u16 = 7;
const REQUESTS: [&[u8]; 2] = [b"the first request", b"the second request"];

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let (client, server, address) = match knobs.choice("place") {
        "routed" => routed(&mut lab, knobs.time("rtt")),
        _ => same_lan(&mut lab, knobs.time("rtt")),
    };
    let ended = lab.run(async {
        let at = SocketAddr::from(([0, 0, 0, 0], PORT));
        let socket = server.bind(at).await.expect("a new host has every port free");
        server.spawn(async move { drop(echo::serve_datagrams(socket).await) });
        if let Err(error) = ask(&client, SocketAddr::from((address, PORT))).await {
            client.note(format!("the client gave up: {error}"));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found(&recording).into(&mut recording);
    recording
}

fn routed(lab: &mut Lab, rtt: Duration) -> (LabNet, LabNet, [u8; 4]) {
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").gateway("10.0.1.254").add();
    let sw = lab.switch("sw").at(1, 0).add();
    let r1 = lab.router("r1").at(2, 0).interface("10.0.1.254/24").interface("10.0.2.254/24").add();
    let sw2 = lab.switch("sw2").at(3, 0).add();
    let server = lab.host("server").at(4, 0).address("10.0.2.1/24").gateway("10.0.2.254").add();
    // A round trip crosses four links twice.
    for (a, b) in [(client, sw), (sw, r1), (r1, sw2), (sw2, server)] {
        lab.link(a, b, LinkOptions::default().delay(rtt / 8));
    }
    (lab.net(client), lab.net(server), [10, 0, 2, 1])
}

fn same_lan(lab: &mut Lab, rtt: Duration) -> (LabNet, LabNet, [u8; 4]) {
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").add();
    let sw = lab.switch("sw").at(1, 0).add();
    let server = lab.host("server").at(2, 0).address("10.0.1.2/24").add();
    for (a, b) in [(client, sw), (sw, server)] {
        lab.link(a, b, LinkOptions::default().delay(rtt / 4));
    }
    (lab.net(client), lab.net(server), [10, 0, 1, 2])
}

/// Sends each request and waits for its answer, which UDP does not promise.
async fn ask(net: &LabNet, server: SocketAddr) -> std::io::Result<()> {
    let socket = net.bind(SocketAddr::from(([0, 0, 0, 0], 0))).await?;
    for request in REQUESTS {
        socket.send_to(request, server).await?;
        let mut buffer = [0; 64];
        match within(net, Duration::from_secs(5), socket.receive(&mut buffer)).await {
            Some(received) => drop(received?),
            None => net.note("no answer within 5 s: with UDP the program itself has to ask again"),
        }
    }
    Ok(())
}

fn found(recording: &Recording) -> Findings {
    let mut findings = Findings::default();
    let (client, server) = (capture(recording, "client"), capture(recording, "server"));
    let [request, second] = REQUESTS.map(|text| first(&client, |it| it.sent && it.udp() == Some(text)));
    let [reply, second_reply] = REQUESTS.map(|text| first(&client, |it| !it.sent && it.udp() == Some(text)));
    let request_after = first(&server, |it| !it.sent && it.udp() == Some(REQUESTS[0]));
    let reply_before = first(&server, |it| it.sent && it.udp() == Some(REQUESTS[0]));
    let arp_request = first(&client, |it| it.content == Content::ArpRequest);
    let arp_reply = first(&client, |it| it.content == Content::ArpReply);

    findings.mark("arp-request", "the client asks for the MAC address of its next hop", arp_request);
    findings.mark("arp-reply", "the next hop says its MAC address", arp_reply);
    findings.mark("request-before", "the request leaves the client", request);
    findings.mark("request-after", "the request arrives at the server", request_after);
    findings.mark("reply-before", "the answer leaves the server", reply_before);
    findings.mark("reply-after", "the answer arrives at the client", reply);
    findings.span("1 ARP", "who has the next hop's address?", arp_request, arp_reply);
    findings.span("2 request", "to the server", request, request_after);
    findings.span("3 answer", "to the client", reply_before, reply);
    findings.span("4 second request", "and its answer", second, second_reply);

    hops(&mut findings, request, request_after);
    let before = |it: &&Sight<'_>| request.is_none_or(|request| it.frame < request.frame) && is_arp(it.content);
    let arp = client.iter().filter(before).count();
    findings.count("arp_packets", "ARP frames before the request could leave", arp, "on the client's link");
    let asked = arp_request.or(request);
    let how = "the program's send to the answer in (ARP + 1 RTT when nothing is lost; where there is a router, it asks for the server too)";
    findings.time("first_answer", "the first answer came after", between(asked, reply), how);
    let how = "the second request out to its answer in (1 RTT when nothing is lost: the ARP tables are filled)";
    findings.time("second_answer", "the second answer came after", between(second, second_reply), how);
    let crossings = recording.packets.iter().filter(|it| carries(&it.bytes, REQUESTS[1], PORT)).count();
    let how = "the second request, counted on every link it crossed";
    findings.count("frames_per_request", "frames that carried one request", crossings, how);
    findings
}

fn is_arp(content: Content<'_>) -> bool {
    matches!(content, Content::ArpRequest | Content::ArpReply)
}

fn carries(frame: &[u8], text: &[u8], port: u16) -> bool {
    matches!(content(frame), Content::Udp { to, payload, .. } if to.port() == port && payload == text)
}

/// What routers did to the TTL.
fn hops(findings: &mut Findings, before: Option<&Sight<'_>>, after: Option<&Sight<'_>>) {
    let ttl = |sight: Option<&Sight<'_>>| sight.and_then(|it| ttl(&it.packet.bytes)).map(usize::from);
    let (Some(before), Some(after)) = (ttl(before), ttl(after)) else { return };
    findings.count("ttl_before", "TTL when the request leaves", before, "the TTL field of the packet at the client");
    findings.count("ttl_after", "TTL when it arrives", after, "the TTL field of the packet at the server");
    let how = "TTL before - TTL after: each router takes one off";
    findings.count("hops", "routers on the way", before.saturating_sub(after), how);
}
