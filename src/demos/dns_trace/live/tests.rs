//! Verdicts about networks that are not what they seem: small servers on loopback stand where servers of the root should.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};

use super::verdict::{Evidence, Verdict, verdict};
use crate::net::host::HostNet;
use crate::net::{Datagrams, Net};
use crate::services::dns::given::Said;
use crate::services::dns::resolver::{Options, Resolution, Resolver};
use crate::services::dns::{Answers, Asker, loopback, name, serve};

/// Answers everything in one way.
struct Liar(fn(&mut Message));

impl Answers for Liar {
    async fn answer(&self, query: Vec<u8>, _: Asker) -> Option<Vec<u8>> {
        let query = Message::from_vec(&query).ok()?;
        let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
        reply.add_queries(query.queries.iter().cloned());
        (self.0)(&mut reply);
        reply.to_vec().ok()
    }
}

fn answer(reply: &mut Message) {
    let name = reply.queries[0].name.clone();
    reply.add_answer(Record::from_rdata(name, 60, RData::A(Ipv4Addr::new(198, 51, 100, 99).into())));
}

/// Where a search goes that believes these addresses to be servers of the root.
fn options(at: SocketAddr) -> Options {
    let root = name("a.root-servers.net").expect("a name");
    let mut options = Options::new(vec![(root, vec![IpAddr::from(Ipv4Addr::new(198, 41, 0, 4))])]);
    options.place = Rc::new(move |_| at);
    options.limits.rounds = 1;
    options.limits.patience = Duration::from_millis(100);
    options
}

async fn search(net: &HostNet, options: Options) -> Resolution {
    let asked = name("www.shop.example").expect("a name");
    Resolver::new(*net, options, 7).resolve(&asked, RecordType::A).await
}

/// The search where this liar stands for every server of the root.
fn beside(liar: fn(&mut Message)) -> Resolution {
    let found = HostNet::run(async |net| {
        let at = serve(&net, SocketAddr::from(([127, 0, 0, 1], 0)), Liar(liar)).await.expect("loopback");
        search(&net, options(at)).await
    });
    found.expect("an event queue")
}

/// The search among the lab's servers on loopback.
fn honest() -> Resolution {
    let found = HostNet::run(async |net| {
        for _ in 0..8 {
            let socket = net.bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("loopback");
            let port = socket.local().expect("bound").port();
            drop(socket);
            if loopback::start(&net, port, 1).await.is_ok() {
                return search(&net, loopback::options(port)).await;
            }
        }
        panic!("no port is free");
    });
    found.expect("an event queue")
}

fn judged(resolution: &Resolution, given: Option<&Said>) -> Verdict {
    let given = given.map(|said| ("the resolver 192.0.2.53:53".to_owned(), said));
    verdict(&Evidence { given, resolution, nobody: None, impostor: None })
}

#[test]
fn a_resolver_in_a_root_servers_place_is_noticed() {
    let with_ra = beside(|reply| {
        reply.metadata.recursion_available = true;
        answer(reply);
    });
    let verdict = judged(&with_ra, None);
    assert_eq!((verdict.word, verdict.is_trouble), ("intercepted", true));
    assert!(verdict.says.contains("the root zone has only a referral for it"), "{}", verdict.says);
    // One that hides that it searches, and claims authority.
    let hidden = beside(|reply| {
        reply.metadata.authoritative = true;
        answer(reply);
    });
    assert_eq!(judged(&hidden, None).word, "intercepted");
    let no_answer = beside(|reply| reply.metadata.recursion_available = true);
    let verdict = judged(&no_answer, None);
    assert!(verdict.says.contains("offers to search (RA 1)"), "{}", verdict.says);
}

#[test]
fn an_answer_from_another_address_and_one_from_nobody_are_noticed() {
    let found = HostNet::run(async |net| {
        let [asked, other] = [1, 2].map(|last| SocketAddr::from(([127, 0, 0, last], 0)));
        let (asked, other) = (net.bind(asked).await.expect("loopback"), net.bind(other).await);
        let at = asked.local().expect("bound");
        net.spawn(async move {
            let mut buffer = [0; 512];
            let (length, from) = asked.receive(&mut buffer).await.expect("a query");
            other.expect("Linux has all of 127/8").send_to(&buffer[..length], from).await.expect("sent");
        });
        search(&net, options(at)).await
    });
    let resolution = found.expect("an event queue");
    let verdict = judged(&resolution, None);
    assert!(verdict.word == "intercepted" && verdict.says.contains("another address answered"), "{}", verdict.says);
    let honest = honest();
    let nobody = Some(SocketAddr::from(([192, 0, 2, 1], 53)));
    let evidence = Evidence { given: None, resolution: &honest, nobody, impostor: None };
    assert_eq!(super::verdict::verdict(&evidence).word, "intercepted");
}

#[test]
fn silence_of_the_root_is_a_filter_where_a_resolver_answers() {
    let found = HostNet::run(async |net| {
        let silent = net.bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("loopback");
        let at = silent.local().expect("bound");
        search(&net, options(at)).await
    });
    let resolution = found.expect("an event queue");
    let word = |said: Option<&Said>| judged(&resolution, said).word;
    assert_eq!(word(None), "silent");
    assert_eq!(word(Some(&Said::Silent)), "silent");
    assert_eq!(word(Some(&Said::NoName(None))), "filtered");
    assert_eq!(word(Some(&Said::Refused(ResponseCode::Refused))), "filtered");
    assert!(judged(&resolution, Some(&Said::NoName(None))).says.contains("to that resolver only"));
}

#[test]
fn honest_servers_are_not_suspected_and_the_resolver_is_held_against_them() {
    let resolution = honest();
    let word = |said: Option<&Said>| judged(&resolution, said).word;
    let record = |last| {
        Record::from_rdata(
            name("www.shop.example").expect("a name"),
            5,
            RData::A(Ipv4Addr::new(203, 0, 113, last).into()),
        )
    };
    assert_eq!(word(None), "found");
    assert_eq!(word(Some(&Said::Records(vec![record(80)]))), "agree");
    assert_eq!(word(Some(&Said::Records(vec![record(81)]))), "differ");
    assert_eq!(word(Some(&Said::NoName(Some(5)))), "differ");
    assert_eq!(word(Some(&Said::Silent)), "resolver_silent");
    let refuses = judged(&resolution, Some(&Said::Refused(ResponseCode::Refused)));
    assert_eq!((refuses.word, refuses.is_trouble), ("resolver_refuses", false));
}
