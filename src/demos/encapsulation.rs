//! Encapsulation: one HTTP request on its way, with what each layer puts around it.
//!
//! ```text
//! client ── sw ── server        GET / HTTP/1.1, over TCP, in IP, in Ethernet
//! ```
use std::collections::BTreeSet;
use std::net::SocketAddr;

use hyper::body::Bytes;

use crate::demos::capture::{Sight, capture, first, segment};
use crate::demos::findings::{Findings, between, note_end};
use crate::demos::frame::Content;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions};
use crate::net::Net;
use crate::quantity::{Quantity, Unit};
use crate::recording::Recording;
use crate::services::http::{self, Page};
use crate::wire;

pub(super) const DEMO: Demo = Demo {
    name: "encapsulation",
    title: "One HTTP request, layer by layer",
    about: "A client asks a server for one page. Each layer puts its header in front of what it carries: count the bytes.",
    chapters: &["W1"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 20]),
        Knob::quantity("body", "bytes of the page", Unit::Bytes, [0, 4000, 256, 512]),
    ],
    exports: &[],
    view: "packets",
    run,
};

const SERVER: ([u8; 4], u16) = ([10, 0, 1, 2], 80);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").add();
    let sw = lab.switch("sw").at(1, 0).add();
    let server = lab.host("server").at(2, 0).address("10.0.1.2/24").add();
    // A round trip crosses two links twice.
    let link = LinkOptions::default().delay(knobs.time("rtt") / 4);
    lab.link(client, sw, link.clone());
    lab.link(sw, server, link);
    let size = usize::try_from(knobs.number("body")).expect("a knob's limit is small");
    let (client, server) = (lab.net(client), lab.net(server));
    let ended = lab.run(async {
        serve_page(&server, size).await;
        if let Err(error) = http::get(&client, SocketAddr::from(SERVER), "server", "/").await {
            client.note(format!("the client gave up: {error}"));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found(&recording).into(&mut recording);
    recording
}

async fn serve_page<N: Net>(net: &N, size: usize) {
    let listener =
        net.listen(SocketAddr::from(([0, 0, 0, 0], SERVER.1))).await.expect("a new host has every port free");
    let line = b"Every layer adds a header.\n";
    let body: Bytes = line.iter().copied().cycle().take(size).collect();
    let page = move |path: &str| (path == "/").then(|| Page { content_type: "text/plain", body: body.clone() });
    let own = net.clone();
    net.spawn(async move { drop(http::serve(own, listener, page).await) });
}

fn found(recording: &Recording) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let moments = Moments::of(&sights);
    moments.mark(&mut findings);
    if let Some(request) = moments.request {
        layers(&mut findings, request);
    }
    totals(&mut findings, &sights);
    let connect = between(moments.syn, moments.syn_ack);
    findings.time(
        "connect",
        "the connection takes",
        connect,
        "the SYN out to the SYN-ACK in (1 RTT when nothing is lost)",
    );
    let first_byte = between(moments.syn, moments.response);
    let how = "the SYN out to the first response byte in (2 RTT when nothing is lost: one to connect, one to ask)";
    findings.time("first_byte", "the first byte of the answer comes after", first_byte, how);
    findings
}

/// The packets a viewer wants to jump to, as the client saw them.
struct Moments<'s, 'a> {
    arp: [Option<&'s Sight<'a>>; 2],
    syn: Option<&'s Sight<'a>>,
    syn_ack: Option<&'s Sight<'a>>,
    ack: Option<&'s Sight<'a>>,
    request: Option<&'s Sight<'a>>,
    response: Option<&'s Sight<'a>>,
    last: Option<&'s Sight<'a>>,
    fin: Option<&'s Sight<'a>>,
    end: Option<&'s Sight<'a>>,
}

impl<'s, 'a> Moments<'s, 'a> {
    fn of(sights: &'s [Sight<'a>]) -> Self {
        let syn_ack = segment(sights, |it| it.syn && it.ack.is_some());
        let after = |it: &Sight<'_>| syn_ack.is_some_and(|syn_ack| it.frame > syn_ack.frame);
        Self {
            arp: [
                first(sights, |it| it.content == Content::ArpRequest),
                first(sights, |it| it.content == Content::ArpReply),
            ],
            syn: segment(sights, |it| it.opens()),
            syn_ack,
            ack: first(sights, |it| it.sent && after(it) && it.tcp().is_some()),
            request: first(sights, |it| it.sent && it.data() > 0),
            response: first(sights, |it| !it.sent && it.data() > 0),
            last: sights.iter().rfind(|it| !it.sent && it.data() > 0),
            fin: segment(sights, |it| it.fin),
            end: sights.last(),
        }
    }

    fn mark(&self, findings: &mut Findings) {
        findings.mark("arp-request", "the client asks for the server's MAC address", self.arp[0]);
        findings.mark("arp-reply", "the server says its MAC address", self.arp[1]);
        findings.mark("syn", "the client asks for a connection", self.syn);
        findings.mark("syn-ack", "the SYN-ACK arrives: the client may send", self.syn_ack);
        findings.mark("ack", "the client's ACK completes the handshake", self.ack);
        findings.mark("request", "the request leaves", self.request);
        findings.mark("response", "the first byte of the answer arrives", self.response);
        findings.mark("fin", "the first side has nothing more to send", self.fin);
        findings.span("1 ARP", "who has the server's address?", self.arp[0], self.arp[1]);
        findings.span("2 TCP", "handshake", self.syn, self.syn_ack);
        findings.span("3 HTTP", "waiting for the first byte", self.request, self.response);
        findings.span("3 HTTP", "the rest of the answer", self.response, self.last);
        findings.span("4 TCP", "closing", self.fin, self.end);
    }
}

/// The bytes of each layer in the frame that carries the request.
fn layers(findings: &mut Findings, request: &Sight<'_>) {
    let decoded = wire::decode(&request.packet.bytes);
    let bytes = |name: &str| decoded.layer(name).map_or(0, |layer| layer.bytes.len());
    let (frame, message) = (request.packet.bytes.len(), request.data());
    let number = request.packet.n;
    findings.bytes("http_bytes", "the HTTP request", message, format!("the TCP payload of packet {number}"));
    let counted = format!("counted in packet {number}");
    findings.bytes("tcp_header", "TCP adds", bytes("tcp"), &counted);
    findings.bytes("ip_header", "IP adds", bytes("ip"), &counted);
    let how = format!("{counted}; preamble and FCS are not in a capture");
    findings.bytes("ethernet_header", "Ethernet adds", bytes("eth"), how);
    findings.bytes("frame_bytes", "the frame with the request", frame, "HTTP + TCP + IP + Ethernet");
    let share = Quantity::share(frame - message, frame);
    findings.measure("overhead_share", "headers of that frame", Some(share), "headers / frame");
}

/// What the whole exchange cost, as the client's capture counts.
fn totals(findings: &mut Findings, sights: &[Sight<'_>]) {
    let total: usize = sights.iter().map(|it| it.packet.bytes.len()).sum();
    let mut counted = BTreeSet::new();
    let once = |it: &&Sight<'_>| it.tcp().is_some_and(|tcp| counted.insert((tcp.from, tcp.seq, tcp.payload.len())));
    let payload: usize = sights.iter().filter(once).map(Sight::data).sum();
    let how = "all frames it sent and received; preamble, padding and FCS are not in it";
    findings.bytes("total_bytes", "in the client's capture", total, how);
    let how = format!("{payload} B of HTTP in both directions, repeats counted once / {total} B of frames");
    findings.measure("payload_share", "of that, HTTP", Some(Quantity::share(payload, total)), how);
    findings.count("packets", "frames", sights.len(), "sent and received by the client");
}
