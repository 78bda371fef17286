//! A packet tour: one capture at the client with a bit of everything, for reading practice. The seed chooses the details, the
//! knobs what goes wrong.
//!
//! ```text
//!                                ┌── server   HTTP on port 80, another port closed
//! client ── sw ── r1 ── sw2 ─────┤           and, where it is on, HTTPS on port 443
//!                                └── dns      knows one name
//! ```
use std::collections::BTreeSet;
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hyper::body::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::demos::capture::{Sight, capture, first, resent, segment};
use crate::demos::findings::{Findings, between, note_end};
use crate::demos::frame::{Content, Segment};
use crate::demos::web::Certified;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, LinkOptions, Loss};
use crate::net::Net;
use crate::quantity::{Quantity, Unit};
use crate::recording::Recording;
use crate::services::both;
use crate::services::dns::{self, Authority, Zone};
use crate::services::http::{self, Client, Page, Request, Response, ServerOptions, Version};
use crate::wire::analysis::Seen;
use crate::wire::spent::{Spent, Use, spent};

pub(super) const DEMO: Demo = Demo {
    name: "packet-tour",
    title: "A capture to read",
    about: "ARP, ping, DNS, a download that loses a segment, and a connection that is refused: as a capture at the client \
            shows it. Another seed gives other names, ports and frame numbers.",
    chapters: &["W1"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 30]),
        Knob::quantity("drop", "which segment of the download is lost; 0 is none", Unit::Count, [0, 6, 1, 2])
            .zero("none"),
        Knob::quantity(
            "loss",
            "chance that a packet is lost between the server and the switch",
            Unit::PartsPerMillion,
            [0, 200_000, 10_000, 0],
        ),
        Knob::choice("port", "what the other port does: nobody listens there, or it is open", &["closed", "open"]),
        Knob::choice(
            "dns",
            "what the name server says: the server's address, another host's, or that there is no such name",
            &["right", "wrong", "unknown"],
        ),
        Knob::quantity("mtu", "largest IP packet on the server's link", Unit::Bytes, [576, 1500, 100, 1500]),
        Knob::switch("tls", "after the download the same page once more over TLS"),
    ],
    exports: &[],
    view: "packets",
    run,
};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 1);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 254);
const PATIENCE: Duration = Duration::from_secs(5);
const DNS: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 0, 2, 53), 53);
const HTTP: u16 = 80;
const HTTPS: u16 = 443;
/// TLS is what the last part of the tour is about; a page of it is enough.
const SECURED: usize = 1200;
const NAMES: [&str; 6] =
    ["shop.example", "files.example", "news.example", "wiki.example", "maps.example", "www.example"];
const PATHS: [&str; 4] = ["/list.txt", "/report.txt", "/notes.txt", "/today.txt"];
const CLOSED: [u16; 5] = [8080, 8443, 3306, 5432, 6379];

/// What the seed decides, and how long the person takes a breath.
struct Plan {
    name: &'static str,
    path: &'static str,
    closed: u16,
    body: usize,
    query: u16,
    pings: usize,
    ping_first: bool,
    refused_first: bool,
    pause: Duration,
}

impl Plan {
    fn of(seed: u64, rtt: Duration) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |bound: usize| usize::try_from(chance.next_u32()).expect("32 bits fit") % bound;
        Self {
            name: NAMES[below(NAMES.len())],
            path: PATHS[below(PATHS.len())],
            closed: CLOSED[below(CLOSED.len())],
            // Seven segments at least, so that each that `drop` can name is there.
            body: 9000 + below(4000),
            query: u16::try_from(below(1 << 16)).expect("16 bits fit"),
            pings: 1 + below(3),
            ping_first: below(2) == 0,
            refused_first: below(2) == 0,
            pause: rtt * 2 + Duration::from_millis(50),
        }
    }
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let plan = Plan::of(setup.seed, knobs.time("rtt"));
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").gateway("10.0.1.254").add();
    let sw = lab.switch("sw").at(1, 0).add();
    let r1 = lab.router("r1").at(2, 0).interface("10.0.1.254/24").interface("10.0.2.254/24").add();
    let sw2 = lab.switch("sw2").at(3, 0).add();
    let server = lab.host("server").at(4, 0).address("10.0.2.1/24").gateway("10.0.2.254").add();
    let dns = lab.host("dns").at(4, 1).address("10.0.2.53/24").gateway("10.0.2.254").add();
    // A round trip crosses four links twice.
    let link = LinkOptions::default().delay(knobs.time("rtt") / 8).rate(100_000_000);
    for (a, b) in [(client, sw), (sw, r1), (r1, sw2), (dns, sw2)] {
        lab.link(a, b, link.clone());
    }
    lab.link(server, sw2, last_link(link, knobs));
    let (client, server, dns) = (lab.net(client), lab.net(server), lab.net(dns));
    let certified = knobs
        .is_on("tls")
        .then(|| Certified::new(&client, setup.seed, &[plan.name]).expect("the names of this file are domain names"));
    let ended = lab.run(async {
        serve((&server, &dns), &plan, knobs, certified.as_ref()).await;
        // The servers have been up for a while: the router knows their MAC addresses, it only has to learn the client's.
        let (server_up, dns_up) = both(server.ping(GATEWAY, PATIENCE), dns.ping(GATEWAY, PATIENCE)).await;
        if let Err(error) = server_up.and(dns_up) {
            server.note(format!("the router does not answer: {error}"));
        }
        tour(&client, &plan, certified.as_ref()).await;
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    recording.secrets = certified.map(|it| it.secrets()).unwrap_or_default();
    note_end(&mut recording, ended);
    found(&recording, &plan).into(&mut recording);
    recording
}

/// The server's link, with what is lost on it.
fn last_link(link: LinkOptions, knobs: &Knobs) -> LinkOptions {
    let small = |name| u32::try_from(knobs.number(name)).expect("the knob's limit is small");
    let link = link.mtu(u16::try_from(knobs.number("mtu")).expect("the knob's limit is small"));
    let link = if small("loss") > 0 { link.loss(Loss::random(small("loss"))) } else { link };
    if small("drop") > 0 { link.loss_there(Loss::nth_with_data(small("drop"))) } else { link }
}

/// What the server's file says.
fn text(length: usize) -> Bytes {
    let line = b"All of this text is one file, cut into segments by TCP and put together again.\n";
    line.iter().copied().cycle().take(length).collect()
}

async fn serve((server, dns): (&LabNet, &LabNet), plan: &Plan, knobs: &Knobs, certified: Option<&Certified>) {
    let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let (body, known) = (text(plan.body), plan.path);
    let page = move |path: &str| (path == known).then(|| Page { content_type: "text/plain", body: body.clone() });
    let open = [HTTP].into_iter().chain((knobs.choice("port") == "open").then_some(plan.closed));
    for port in open {
        let listener = server.listen(any(port)).await.expect("a new host has every port free");
        let (net, page) = (server.clone(), page.clone());
        server.spawn(async move { drop(http::serve(net, listener, page).await) });
    }
    if let Some(certified) = certified {
        let listener = server.listen(any(HTTPS)).await.expect("a new host has every port free");
        let options = ServerOptions { tls: Some(certified.server.clone()), ..ServerOptions::default() };
        let page = |_: Request| ready(Response::ok("text/plain", text(SECURED)));
        let served = http::serve_with(server.clone(), listener, options, page);
        server.spawn(async move { drop(served.await) });
    }
    let said = match knobs.choice("dns") {
        "right" => format!("{}. A {SERVER}\n", plan.name),
        "wrong" => format!("{}. A {}\n", plan.name, DNS.0),
        _ => String::new(),
    };
    let zone = format!("$TTL 300\n@ SOA dns admin 1 1h 15m 7d 1m\n@ NS dns\ndns A {}\n{said}", DNS.0);
    let origin = dns::name("example").expect("it is a domain name");
    let zone = Zone::read("the tour's zone", &zone, &origin).expect("the names of this file are domain names");
    dns::serve(dns, any(DNS.1), Authority::new(vec![zone])).await.expect("a new host has every port free");
}

/// What the person at the client does, one thing after another.
async fn tour(client: &LabNet, plan: &Plan, certified: Option<&Certified>) {
    if plan.ping_first {
        ping(client, plan.pings).await;
    }
    let found = dns::resolve(client, SocketAddr::from(DNS), plan.name, plan.query).await;
    let address = match found.as_deref() {
        Ok([address, ..]) => *address,
        Ok([]) => return client.note(format!("{} has no address", plan.name)),
        Err(error) => return client.note(format!("{} was not found: {error}", plan.name)),
    };
    if !plan.ping_first {
        ping(client, plan.pings).await;
    }
    if plan.refused_first {
        knock(client, address, plan.closed).await;
    }
    match http::get(client, SocketAddr::from((address, HTTP)), plan.name, plan.path).await {
        Ok(answer) => {
            client.note(format!("{}: status {}, {} bytes", plan.path, answer.status.as_u16(), answer.body.len()))
        }
        Err(error) => client.note(format!("no download: {error}")),
    }
    if !plan.refused_first {
        // The download's last FIN and ACK are through before the next thing begins.
        client.sleep(plan.pause).await;
        knock(client, address, plan.closed).await;
    }
    if let Some(certified) = certified {
        client.sleep(plan.pause).await;
        secured(client, SocketAddr::from((address, HTTPS)), plan, certified).await;
    }
}

async fn secured(client: &LabNet, at: SocketAddr, plan: &Plan, certified: &Certified) {
    let browser = Client::new(Version::Http11, at, plan.name).over(&certified.client);
    let asked = async {
        let mut connection = browser.open(client).await?;
        connection.ask(Request::get(plan.path)).await
    };
    match asked.await {
        Ok(answer) => client.note(format!("{} over TLS: {} bytes", plan.path, answer.response.body.len())),
        Err(error) => client.note(format!("nothing over TLS: {error}")),
    }
}

async fn ping(client: &LabNet, times: usize) {
    for _ in 0..times {
        if let Err(error) = client.ping(SERVER, PATIENCE).await {
            client.note(format!("no answer to the ping: {error}"));
        }
    }
}

async fn knock(client: &LabNet, address: Ipv4Addr, port: u16) {
    match client.connect(SocketAddr::from((address, port))).await {
        Ok(_) => client.note(format!("port {port} is open")),
        Err(error) => client.note(format!("port {port}: {error}")),
    }
}

/// Whether a segment belongs to a conversation with this port of the server.
fn with_port(segment: &Segment<'_>, port: u16) -> bool {
    segment.from.port() == port || segment.to.port() == port
}

fn found(recording: &Recording, plan: &Plan) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    below_tcp(&mut findings, &sights);
    let syn = segment(&sights, |it| it.opens() && with_port(it, HTTP));
    let syn_ack = segment(&sights, |it| it.syn && it.ack.is_some() && with_port(it, HTTP));
    let request = first(&sights, |it| it.sent && it.data() > 0);
    let response = first(&sights, |it| !it.sent && it.data() > 0);
    let last = sights.iter().rfind(|it| !it.sent && it.data() > 0);
    let fin = segment(&sights, |it| it.fin && with_port(it, HTTP));
    findings.mark("syn", "the client asks for a connection", syn);
    findings.mark("syn-ack", "the SYN-ACK arrives", syn_ack);
    findings.mark("request", "the request leaves", request);
    findings.mark("response", "the first byte of the answer arrives", response);
    findings.mark("fin", "the first side has nothing more to send", fin);
    findings.span("3 TCP", "handshake", syn, syn_ack);
    findings.span("4 HTTP", "waiting for the first byte", request, response);
    findings.span("4 HTTP", "the rest of the answer", response, last);
    findings.time(
        "handshake_rtt",
        "handshake",
        between(syn, syn_ack),
        "the SYN out to the SYN-ACK in (1 RTT when nothing is lost)",
    );
    frame(&mut findings, "syn_ack_frame", "the SYN-ACK of the download", syn_ack);
    repeated(&mut findings, recording, &sights);
    refused(&mut findings, &sights, plan.closed);
    let mut counted = BTreeSet::new();
    let once = |it: &&Sight<'_>| it.tcp().is_some_and(|tcp| counted.insert((tcp.from, tcp.seq, tcp.payload.len())));
    let http: usize = sights.iter().filter(once).map(Sight::data).sum();
    findings.bytes("http_bytes", "HTTP in all", http, "request and answer, repeated segments counted once");
    findings.count("frames", "frames in the capture", sights.len(), "sent and received by the client");
    layers(&mut findings, &sights, &recording.secrets);
    findings
}

/// What the bytes of the client's capture are for, layer by layer.
fn layers(findings: &mut Findings, sights: &[Sight<'_>], secrets: &str) {
    let seen = sights.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes });
    let mut all = Spent::default();
    spent(seen, secrets).into_values().for_each(|it| all += it.spent);
    for what in Use::ALL.into_iter().filter(|it| all.of(*it) > 0) {
        let name = format!("bytes_{what:?}").to_lowercase();
        findings.bytes(
            &name,
            &format!("bytes: {}", what.name()),
            all.of(what),
            "of all frames of the client's capture",
        );
    }
}

/// A frame's number, as Wireshark counts, if there is such a frame.
fn frame(findings: &mut Findings, name: &str, label: &str, sight: Option<&Sight<'_>>) {
    let number = sight.map(|it| Quantity::count(it.frame));
    findings.measure(name, label, number, "frames of the client's capture, counted from 1");
}

/// ARP, ping and DNS.
fn below_tcp(findings: &mut Findings, sights: &[Sight<'_>]) {
    let udp = |sent: bool| first(sights, move |it| it.sent == sent && it.udp().is_some());
    let of = |content: Content<'static>| first(sights, move |it| it.content == content);
    let (arp, arp_reply) = (of(Content::ArpRequest), of(Content::ArpReply));
    let (ping, ping_reply) = (of(Content::Ping), of(Content::PingReply));
    let (query, answer) = (udp(true), udp(false));
    findings.mark("arp-request", "the client asks for the router's MAC address", arp);
    findings.mark("arp-reply", "the router says its MAC address", arp_reply);
    findings.mark("ping", "an ICMP echo request leaves", ping);
    findings.mark("ping-reply", "the echo reply arrives", ping_reply);
    findings.mark("dns-query", "the client asks for an address", query);
    findings.mark("dns-answer", "the name server answers", answer);
    findings.span("1 ARP", "who has the router's address?", arp, arp_reply);
    findings.span("2 ping", "echo", ping, ping_reply);
    findings.span("2 DNS", "query", query, answer);
    frame(findings, "arp_frame", "the first ARP request", arp);
    findings.time(
        "dns_rtt",
        "DNS",
        between(query, answer),
        "the first query out to the first answer in (1 RTT when nothing is lost)",
    );
    findings.time(
        "ping_rtt",
        "ping",
        between(ping, ping_reply),
        "the first echo request out to the first reply in (1 RTT when nothing is lost)",
    );
}

/// The segment that was sent twice: when at the server, and which frame at the client.
fn repeated(findings: &mut Findings, recording: &Recording, client: &[Sight<'_>]) {
    let server = capture(recording, "server");
    let label = "the lost segment was sent again after";
    let Some((once, again)) = resent(&server) else { return };
    let how = "its first copy out to its second, at the server: 1 RTT and some patience when something sent later arrives, else a probe or the timer";
    findings.time("retransmit_gap", label, between(Some(once), Some(again)), how);
    let same = |it: &Sight<'_>| {
        let twin = |a: Segment<'_>, b: Segment<'_>| (a.from, a.seq) == (b.from, b.seq) && !a.payload.is_empty();
        !it.sent && it.at > again.at && it.tcp().zip(again.tcp()).is_some_and(|(a, b)| twin(a, b))
    };
    let here = first(client, same);
    findings.mark("retransmission", "the lost segment arrives at last", here);
    frame(findings, "retransmission_frame", "the retransmission", here);
}

/// The connection nobody listens for.
fn refused(findings: &mut Findings, sights: &[Sight<'_>], port: u16) {
    let syn = segment(sights, |it| it.opens() && it.to.port() == port);
    let rst = segment(sights, |it| it.rst && it.from.port() == port);
    findings.mark("refused-syn", "the client knocks at a closed port", syn);
    findings.mark("rst", "the server refuses: RST", rst);
    findings.span("5 TCP", "refused", syn, rst);
    frame(findings, "rst_frame", "the RST", rst);
}
