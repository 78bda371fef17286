//! The live side: the same visits on this machine's sockets, of a server of their own on loopback or of a page that was named.
use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::CertificateDer;

use super::beside::{self, Asked};
use super::world::H3;
use super::{Leg, found, instead, over_quic, over_tcp, visits as how_many};
use crate::demos::Knobs;
use crate::demos::live::{Live, Script, Stand, Trouble, spoke_to};
use crate::net::live::LiveNet;
use crate::net::{Listener, Net, Observed};
use crate::recording::Time;
use crate::services::dns::given::Given;
use crate::services::dns::known::Known;
use crate::services::dns::{self, DnsError, RecordType};
use crate::services::http::{Request, Response, ServerOptions, serve_with};
use crate::services::tls::{self, Authority, Ground, H2, HTTP_1_1};
use crate::services::visit::{NO_RESOLVER, Page, Proxy, Visitor};
use crate::services::{both, h3, quic};
use crate::wire::network::Network;

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: 443,
    looks_up: true,
    trusts: true,
    words: &[],
    lab: |_| {},
    knobs: &["http", "tls", "session"],
    curves: &["client cwnd", "client srtt", "client rto"],
    limit: Duration::from_secs(40),
    script,
};

/// Between two visits: tickets come right after the handshake.
const APART: Duration = Duration::from_millis(500);
/// Each part of a visit is given up after this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// What names a proxy, as curl(1) reads it; what names the hosts that go without.
const PROXIES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// The same for pages in cleartext: HTTP_PROXY is not among them, for servers take a client's Proxy field for it (CVE-2016-5385).
const CLEARTEXT: [&str; 3] = ["http_proxy", "all_proxy", "ALL_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

fn script(stand: Stand) -> Script {
    let legs = Rc::<RefCell<Vec<Leg>>>::default();
    let beside = Rc::<RefCell<Vec<Asked>>>::default();
    let mut notes = instead(&stand.knobs);
    notes.extend(stand.host.as_ref().and_then(|_| unread(&stand.knobs)));
    let (own, asked) = (Rc::clone(&legs), Rc::clone(&beside));
    let play = Box::pin(async move { play(&stand, &own, &asked).await });
    let found = move |run: &mut crate::recording::Recording| {
        let mut findings = found::found(run, &legs.borrow(), None);
        beside::tell(&mut findings, &beside.borrow());
        for words in notes {
            findings.note(Time::ZERO, 0, words.to_owned());
        }
        findings.into(run);
        if let Some(peer) = legs.borrow().iter().find_map(|it| it.spoke_to) {
            spoke_to(run, peer);
        }
    };
    Script { play, found: Box::new(found) }
}

/// Whom to visit, and whom to trust with it.
struct Goal {
    page: Page,
    ground: Ground,
    trusted: Vec<CertificateDer<'static>>,
    /// Which proxy a page is visited through.
    way: fn(&Page) -> Result<Option<Proxy>, String>,
}

async fn play(stand: &Stand, legs: &RefCell<Vec<Leg>>, beside: &RefCell<Vec<Asked>>) -> io::Result<()> {
    let (knobs, three) = (&stand.knobs, stand.knobs.choice("http") == "3");
    let goal = match (&stand.server, &stand.host) {
        (Some(net), _) => own(stand, net).await?,
        (None, Some(host)) => {
            let in_cleartext = !three && knobs.choice("tls") == "none";
            let page = if in_cleartext { host.page_in_cleartext().map_err(Trouble)? } else { host.page(LIVE.port) };
            let way = if three { no_proxy } else { proxy };
            let mut trusted = tls::trusted_here();
            trusted.extend_from_slice(host.trusted());
            Goal { page, ground: Ground::system(), trusted, way }
        }
        (None, None) => return Err(io::ErrorKind::NotFound.into()),
    };
    // They are read before the clock is looked at.
    let given = Given::by_system().map_err(|it| format!("this system names no resolver: {it}"));
    let known = Known::by_system();
    let look_up = async |net: &Observed<LiveNet>, host: &str| look_up(net, (&known, &given), host).await;
    let trouble = if three {
        over_udp(stand, &goal, look_up, legs).await
    } else {
        let options = over_tcp::options(knobs, knobs.choice("session") == "full");
        let tls = tls::Client::with(&goal.ground, &goal.trusted, options).map_err(io::Error::other)?;
        let net = &stand.client;
        let visitor = Visitor::new(net, tls, PATIENCE).by_way_of(goal.way);
        let page = Page { secure: goal.page.secure && knobs.choice("tls") != "none", ..goal.page.clone() };
        over_tcp::Visits { net, ground: &goal.ground, visitor, page, times: how_many(knobs), apart: APART }
            .go(look_up, legs)
            .await
    };
    if let Some(trouble) = trouble {
        return Err(Trouble(trouble).into());
    }
    let last = legs.borrow().last().filter(|it| it.proxy.is_none() && !three).cloned();
    match last {
        Some(last) => beside::ask(&stand.client, &goal.trusted, &last, beside).await.map_err(io::Error::other),
        None => Ok(()),
    }
}

/// The visits over QUIC; why they ended.
async fn over_udp(
    stand: &Stand,
    goal: &Goal,
    look_up: impl AsyncFn(&Observed<LiveNet>, &str) -> Result<Vec<IpAddr>, String>,
    legs: &RefCell<Vec<Leg>>,
) -> Option<String> {
    if let Err(why) = (goal.way)(&goal.page) {
        return Some(why);
    }
    let visits = over_quic::Visits {
        net: &stand.client,
        ground: &goal.ground,
        trusted: &goal.trusted,
        page: goal.page.clone(),
        times: how_many(&stand.knobs),
        apart: APART,
        patience: PATIENCE,
        early: stand.knobs.choice("session") == "0-rtt",
        qlog: None,
    };
    visits.go(look_up, legs).await
}

/// A server of the run's own on loopback, with an authority that only this run trusts.
async fn own(stand: &Stand, net: &LiveNet) -> io::Result<Goal> {
    let (ground, knobs) = (Ground::system(), &stand.knobs);
    let authority = Authority::new(&ground, "this run's own authority").map_err(io::Error::other)?;
    let host = stand.at.ip().to_string();
    let identity = authority.issue(&[&host, "localhost"]).map_err(io::Error::other)?;
    let answer = |_: Request| std::future::ready(Response::ok("text/plain", "a page of this machine\n"));
    let early = knobs.choice("session") == "0-rtt";
    let at = if knobs.choice("http") == "3" {
        let options = quic::Options::default();
        let server = quic::Server::open(net, &ground, stand.at, (identity, H3, early), &options).await;
        let server = server.map_err(io::Error::other)?;
        let at = server.local()?;
        net.spawn(h3::serve_with(net.clone(), server, answer));
        at
    } else {
        let options = tls::ServerOptions {
            protocols: &[H2, HTTP_1_1],
            early_data: if early { 16_384 } else { 0 },
            ..tls::ServerOptions::default()
        };
        let tls = tls::Server::with(&ground, identity, options).map_err(io::Error::other)?;
        let tls = (knobs.choice("tls") != "none").then_some(tls);
        let listener = net.listen(stand.at).await?;
        let at = listener.local()?;
        let serving = serve_with(net.clone(), listener, ServerOptions { tls, ..ServerOptions::default() }, answer);
        net.spawn(async move { drop(serving.await) });
        at
    };
    Ok(Goal { page: page(at), trusted: vec![authority.certificate()], ground, way: |_| Ok(None) })
}

fn page(at: SocketAddr) -> Page {
    Page { secure: true, host: at.ip().to_string(), port: at.port(), path: "/".to_owned() }
}

/// The addresses of a name: those that this host knows itself, else those that its resolvers know, both families at once. Asked on
/// the visit's own sockets, so that the packets can be dated; the next resolver is asked where one says nothing.
async fn look_up(
    net: &Observed<LiveNet>,
    (known, given): (&Known, &Result<Given, String>),
    host: &str,
) -> Result<Vec<IpAddr>, String> {
    let name = dns::name(host).map_err(|it| it.to_string())?;
    if let Some(addresses) = known.addresses(&name) {
        net.note(format!("no resolver is asked: this machine knows {host} itself (its hosts file, or localhost)"));
        return Ok(addresses);
    }
    let (mut why, mut answered) = ("this system names no resolver".to_owned(), false);
    for server in given.as_ref().map_err(Clone::clone)?.servers() {
        let ask = async |kind| dns::ask(net, *server, dns::query(&name, kind, number()?)).await;
        let (four, six) = both(ask(RecordType::A), ask(RecordType::AAAA)).await;
        let mut addresses = Vec::new();
        for reply in [six, four] {
            match reply {
                Ok(reply) => {
                    addresses.extend(reply.answers.iter().filter_map(|it| it.data.ip_addr()));
                    (why, answered) = (unless_found(reply.metadata.response_code), true);
                }
                Err(error) if answered => why = format!("the resolver {server}: {error}"),
                Err(error) => why = no_resolver(*server, &error),
            }
        }
        if !addresses.is_empty() {
            return Ok(addresses);
        }
        if !why.starts_with("the resolver ") && !why.starts_with(NO_RESOLVER) {
            break;
        }
    }
    Err(why)
}

/// Nobody said anything of the name.
fn no_resolver(server: SocketAddr, error: &DnsError) -> String {
    format!("{NO_RESOLVER} ({server}: {error}); is this machine online? Without a host the run stays on loopback")
}

/// What an answer without an address means.
fn unless_found(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "the name has no address".to_owned(),
        ResponseCode::NXDomain => "there is no such name (NXDOMAIN)".to_owned(),
        code => format!("the resolver answered {code}"),
    }
}

/// A query's number, which nobody can guess (RFC 5452 §9.2).
fn number() -> Result<u16, DnsError> {
    let mut bytes = [0; 2];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("this system gives no chance"))?;
    Ok(u16::from_be_bytes(bytes))
}

/// The proxy that this host's settings name for a page, as curl(1) reads them.
fn proxy(page: &Page) -> Result<Option<Proxy>, String> {
    let Some((name, value)) = setting(page) else { return Ok(None) };
    if !page.secure {
        let how = "a page in cleartext is asked of a proxy in another form, which a visit does not speak";
        return Err(format!("{how}: unset {name}, or name the host in no_proxy"));
    }
    let wrong = |why: String| format!("{name} is set, and {why}: unset it, or name the host in no_proxy");
    value.parse().map(Some).map_err(wrong)
}

/// What curl(1) leaves unread too, and somebody may have set for this visit.
fn unread(knobs: &Knobs) -> Option<&'static str> {
    let is_set = |name: &str| std::env::var(name).is_ok_and(|it| !it.is_empty());
    let in_cleartext = knobs.choice("tls") == "none" && knobs.choice("http") != "3";
    let words = "HTTP_PROXY is set and left unread, as curl does: a server may have it from a client's Proxy field (CVE-2016-5385). \
                 http_proxy is read";
    (in_cleartext && is_set("HTTP_PROXY") && !CLEARTEXT.iter().any(|it| is_set(it))).then_some(words)
}

/// QUIC has no way through a proxy that speaks CONNECT, which is for TCP.
fn no_proxy(page: &Page) -> Result<Option<Proxy>, String> {
    let refused = |(name, _)| {
        Err(format!(
            "this machine is told to go through a proxy ({name}), and CONNECT carries no UDP: unset it, name the host in no_proxy, \
             or visit with http=2"
        ))
    };
    setting(page).map_or(Ok(None), refused)
}

/// The setting that sends a page's visits through a proxy.
fn setting(page: &Page) -> Option<(&'static str, String)> {
    let host = page.host.as_str();
    let own = |it: &str| {
        let it = it.trim().trim_start_matches('.');
        // curl(1): an address can be one of a network.
        let network = it.parse::<Network>().ok().zip(page.address());
        network.is_some_and(|(network, address)| network.contains(address))
            || it == "*"
            || (!it.is_empty() && (host == it || host.strip_suffix(it).is_some_and(|rest| rest.ends_with('.'))))
    };
    let without = NO_PROXY.iter().find_map(|it| std::env::var(it).ok()).unwrap_or_default();
    if without.split(',').any(own) {
        return None;
    }
    let names = if page.secure { &PROXIES[..] } else { &CLEARTEXT };
    names.iter().find_map(|name| Some((*name, std::env::var(name).ok().filter(|it| !it.is_empty())?)))
}

#[cfg(test)]
mod tests {
    use crate::demos::{Knobs, find, live};
    use crate::recording::{Event, EventKind, Recording};

    fn ran(settings: &[(&str, &str)]) -> (Recording, Option<String>) {
        let demo = find("handshake-timing").expect("it ships");
        let knobs = Knobs::with(demo.knobs, settings.iter().copied()).expect("they can be");
        let request = live::Request { knobs, target: live::Target::Own, seed: 1 };
        let ran = live::run(demo, &request, &live::Stop::default(), &mut |_| {}).expect("loopback is there");
        (ran.recording, ran.trouble)
    }

    #[test]
    fn on_loopback_every_way_gives_the_labs_parts() {
        for (settings, parts) in [
            (&[][..], &["TCP", "TLS", "request and first byte"][..]),
            (&[("http", "1.1"), ("tls", "1.2")], &["TCP", "TLS", "request and first byte"]),
            (&[("tls", "none")], &["TCP", "request and first byte"]),
            (&[("http", "3")], &["QUIC", "request and first byte"]),
        ] {
            let (run, trouble) = ran(settings);
            assert_eq!(trouble, None, "{settings:?}");
            let visit = run.spans.iter().filter(|it| it.lane == "visit 1" && it.name != "body");
            assert_eq!(visit.map(|it| it.name.as_str()).collect::<Vec<_>>(), parts, "{settings:?}");
            assert!(run.measurement("first_byte").is_some() && run.packets.is_empty());
        }
    }

    #[test]
    fn a_resolver_that_says_nothing_is_not_said_to_know_no_name() {
        let error = std::io::Error::from(std::io::ErrorKind::TimedOut).into();
        let why = super::no_resolver("192.0.2.53:53".parse().expect("an address"), &error);
        let text = crate::services::visit::VisitError::LookUp(why).to_string();
        assert!(text.starts_with("the name could not be looked up: no resolver answers (192.0.2.53:53"), "{text}");
    }

    #[test]
    fn what_was_computed_before_the_hello_is_no_part_of_tls() {
        let (run, trouble) = ran(&[]);
        assert_eq!(trouble, None);
        let end = |name: &str| run.spans.iter().find(|it| it.lane == "visit 1" && it.name == name).expect("a bar");
        assert!(end("TLS").from > end("TCP").to, "the hello is made after the connection is open");
    }

    #[test]
    fn reqwest_asks_twice_with_its_pool_and_twice_without() {
        let (run, trouble) = ran(&[]);
        assert_eq!(trouble, None);
        let rows: Vec<_> = run.steps.iter().filter(|it| it.kind == "reqwest").collect();
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().all(|it| it.fact("version") == "HTTP/2.0" && it.fact("status") == "200"), "{rows:?}");
        // The server saw ours, the pool's one, and one for each request without a pool.
        assert_eq!(run.events.iter().filter(|it| is_accepted(it)).count(), 4, "{:?}", run.events);
        for name in ["reqwest_first", "reqwest_again", "reqwest_new_first", "reqwest_new_again"] {
            assert!(run.measurement(name).is_some_and(|it| it.value.value > 0), "{name}");
        }
    }

    /// Whether it is a connection that the server got.
    fn is_accepted(event: &Event) -> bool {
        matches!(&event.kind, EventKind::Call { call, result } if call.starts_with("accept(") && result.starts_with("= fd "))
    }

    #[test]
    fn a_second_visit_brings_the_ticket_and_early_data() {
        for (settings, early) in [
            (&[("session", "resumed")][..], "none"),
            (&[("session", "0-rtt")], "taken"),
            (&[("session", "0-rtt"), ("http", "3")], "taken"),
        ] {
            let (run, trouble) = ran(settings);
            assert_eq!(trouble, None, "{settings:?}");
            let last = run.steps.iter().rfind(|it| matches!(it.kind.as_str(), "tls" | "quic")).expect("a handshake");
            assert_eq!(last.fact("early data"), early, "{settings:?}");
            if run.run.knobs["http"] != "3" {
                assert_eq!(last.fact("session"), "resumed", "{settings:?}");
            }
        }
    }
}
