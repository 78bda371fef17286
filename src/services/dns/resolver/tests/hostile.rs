//! Servers that lie, loop, drip and flood: bounded time and memory, a failure with its reason, nothing believed that is not theirs to say.
use std::cell::Cell;
use std::rc::Rc;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, NS};
use hickory_proto::rr::{RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::services::dns::Transport;

const ROOT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const BAD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);

fn full(text: &str) -> Name {
    name(text).expect("a name")
}

fn a(owner: &str, address: [u8; 4]) -> Record {
    Record::from_rdata(full(owner), 300, RData::A(A(address.into())))
}

fn ns(owner: &str, server: &str) -> Record {
    Record::from_rdata(full(owner), 300, RData::NS(NS(full(server))))
}

fn cname(owner: &Name, target: Name) -> Record {
    Record::from_rdata(owner.clone(), 300, RData::CNAME(CNAME(target)))
}

/// A server whose answers are made by a function, from an answer with authority and the question in it.
struct Made<F>(F);

impl<F: Fn(&Query, Message) -> Vec<u8> + 'static> Answers for Made<F> {
    async fn answer(&self, query: Vec<u8>, _: Asker) -> Option<Vec<u8>> {
        let query = Message::from_vec(&query).ok()?;
        let question = query.queries.first()?.clone();
        let mut reply = Message::response(query.metadata.id, OpCode::Query);
        reply.metadata.authoritative = true;
        reply.add_query(question.clone());
        Some((self.0)(&question, reply))
    }
}

fn encoded(change: impl Fn(&Query, &mut Message) + 'static) -> impl Answers {
    Made(move |question: &Query, mut reply: Message| {
        change(question, &mut reply);
        reply.to_vec().expect("it encodes")
    })
}

fn refer(reply: &mut Message, cut: &str, server: &str, glue: Option<[u8; 4]>) {
    reply.metadata.authoritative = false;
    reply.add_authority(ns(cut, server));
    reply.add_additionals(glue.map(|address| a(server, address)));
}

fn at_root() -> Options {
    let mut options = Options::new(vec![(full("a.root-servers"), vec![ROOT.into()])]);
    options.limits.time = Duration::from_secs(30);
    options
}

/// A root that refers `bad.` to the server under test.
fn with(bad: impl Answers) -> World {
    let mut world = World::empty();
    world.add("root", ROOT, encoded(|_, reply| refer(reply, "bad", "ns.bad", Some(BAD.octets()))));
    world.add("bad", BAD, bad);
    world
}

/// The same over TCP, where an answer may be long.
fn bad_over_tcp(server: impl Answers) -> Resolution {
    let mut options = at_root();
    options.transport = Transport::Tcp;
    with(server).look_up(options, "www.bad", RecordType::A)
}

fn bad(server: impl Answers) -> Resolution {
    with(server).look_up(at_root(), "www.bad", RecordType::A)
}

#[test]
fn an_answer_with_another_id_or_question_is_not_taken() {
    let wrong_id = bad(encoded(|_, reply| {
        reply.metadata.id ^= 1;
        reply.add_answer(a("www.bad", [203, 0, 113, 1]));
    }));
    assert!(failure(&wrong_id).contains("no answer in time"));
    assert!(wrong_id.steps[1].refused[0].contains("its id is"), "{:?}", wrong_id.steps[1].refused);
    let wrong_question = bad(encoded(|_, reply| {
        reply.queries[0].name = full("other.bad");
        reply.add_answer(a("www.bad", [203, 0, 113, 1]));
    }));
    assert!(wrong_question.steps[1].refused[0].contains("another question: other.bad. A"));
    let no_response = bad(encoded(|_, reply| reply.metadata.message_type = MessageType::Query));
    assert!(no_response.steps[1].refused[0].contains("a query came"));
}

#[test]
fn names_outside_of_the_servers_zone_are_not_believed() {
    let found = bad(encoded(|question, reply| {
        reply.add_answer(a("www.bad", [203, 0, 113, 1]));
        reply.add_answer(a("www.shop.example", [203, 0, 113, 66]));
        reply.add_authority(ns("example", "ns.bad"));
        reply.add_additional(a("a.root-servers", [203, 0, 113, 66]));
        assert_eq!(question.query_type, RecordType::A);
    }));
    assert_eq!(answers(&found), [IpAddr::from([203, 0, 113, 1])]);
    let refused = &found.steps[1].refused;
    assert!(
        refused.iter().any(|it| it.starts_with("www.shop.example.") && it.contains("not believed about names outside"))
    );
    assert!(refused.iter().any(|it| it.starts_with("a.root-servers.")));
}

#[test]
fn poison_in_an_answer_does_not_reach_the_cache() {
    let world = with(encoded(|_, reply| {
        reply.add_answer(a("www.bad", [203, 0, 113, 1]));
        reply.add_answer(a("www.good", [203, 0, 113, 66]));
        reply.add_additional(a("www.good", [203, 0, 113, 66]));
        reply.add_authority(ns("good", "ns.bad"));
    }));
    let second = world.run(at_root(), |resolver| async move {
        drop(resolver.resolve(&full("www.bad"), RecordType::A).await);
        resolver.resolve(&full("www.good"), RecordType::A).await
    });
    // The root of this test knows only `bad.`, so the question is asked there, and goes nowhere.
    assert!(second.steps[0].server.is_some());
    assert!(failure(&second).contains("refers to bad., and www.good. is not in it"), "{}", failure(&second));
}

#[test]
fn glue_outside_of_the_zone_is_not_used() {
    let found = bad(encoded(|_, reply| refer(reply, "www.bad", "ns.good", Some(BAD.octets()))));
    let step = &found.steps[1];
    assert!(matches!(&step.kind, Kind::Referral { glue: 0, .. }));
    assert!(step.refused[0].contains("a server of bad. is not believed about names outside of it"));
}

#[test]
fn a_referral_upward_or_to_the_same_zone_is_lame() {
    for cut in [".", "bad", "good"] {
        let found = bad(encoded(move |_, reply| refer(reply, cut, "ns.bad", Some(BAD.octets()))));
        assert_eq!(words(&found)[1], "lame", "{cut}");
    }
}

#[test]
fn an_answer_without_authority_is_not_used_and_one_of_a_resolver_is_named_as_such() {
    let found = bad(encoded(|_, reply| {
        reply.metadata.authoritative = false;
        reply.metadata.recursion_available = true;
        reply.add_answer(a("www.bad", [203, 0, 113, 1]));
    }));
    assert!(failure(&found).contains("something on the way takes DNS queries for itself"));
    let found = bad(encoded(|_, reply| {
        reply.metadata.authoritative = false;
        reply.add_answer(a("www.bad", [203, 0, 113, 1]));
    }));
    assert!(failure(&found).contains("it has no authority (AA is 0)"));
}

#[test]
fn aliases_without_end_are_given_up() {
    let found = bad(encoded(|question, reply| {
        let next = question.name.prepend_label("x").unwrap_or_else(|_| question.name.clone());
        reply.add_answer(cname(&question.name, next));
    }));
    assert_eq!(failure(&found), "more than 12 aliases, one after the other");
    assert!(queries(&found) <= 14);
    let long = bad_over_tcp(encoded(|question, reply| {
        let mut name = question.name.clone();
        for _ in 0..40 {
            let Ok(next) = name.prepend_label("x") else { break };
            reply.add_answer(cname(&name, next.clone()));
            name = next;
        }
    }));
    assert!(failure(&long).contains("aliases"), "{}", failure(&long));
}

#[test]
fn referrals_without_end_are_given_up() {
    // Each answer refers one label further down a name of many labels, then in circles of servers without addresses.
    let deep = (0..60).map(|_| "x").collect::<Vec<_>>().join(".") + ".bad";
    let world = with(encoded(|question, reply| {
        let labels = question.name.num_labels();
        let told = reply.metadata.id;
        let cut = question.name.trim_to(usize::from(told % 8) + usize::from(labels.min(2)));
        reply.metadata.authoritative = false;
        reply.add_authority(Record::from_rdata(cut, 0, RData::NS(NS(full("ns.bad")))));
    }));
    let found = world.look_up(at_root(), &deep, RecordType::A);
    assert!(!failure(&found).is_empty());
    assert!(queries(&found) <= 64);
}

#[test]
fn servers_that_need_each_other_are_given_up() {
    let found = bad(encoded(|question, reply| {
        let next = format!("ns.{}bad", "y.".repeat(usize::from(question.name.num_labels())));
        reply.metadata.authoritative = false;
        reply.add_authority(Record::from_rdata(question.name.clone(), 300, RData::NS(NS(full(&next)))));
    }));
    assert!(failure(&found).contains("servers' addresses are needed"), "{}", failure(&found));
    assert!(queries(&found) < 20);
    let found = bad(encoded(|question, reply| {
        for number in 0..100 {
            let server = full(&format!("ns{number}.nowhere{}.bad", question.name.num_labels()));
            reply.add_authority(Record::from_rdata(question.name.clone(), 300, RData::NS(NS(server))));
        }
        reply.metadata.authoritative = false;
    }));
    assert!(queries(&found) <= 64, "one question of a stub must not become hundreds (NXNSAttack)");
}

#[test]
fn a_compression_loop_and_bytes_without_sense_are_no_answer() {
    let looping = Made(|_: &Query, reply: Message| {
        let mut bytes = reply.to_vec().expect("it encodes");
        bytes[7] = 1;
        // An owner that points at itself (RFC 1035 §4.1.4).
        let here = u8::try_from(bytes.len()).expect("it is short");
        bytes.extend([0xc0, here, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 203, 0, 113, 1]);
        bytes
    });
    let found = bad(looping);
    assert!(found.steps[1].refused[0].contains("cannot be read"), "{:?}", found.steps[1]);
    let found = bad_over_tcp(Made(|_: &Query, _: Message| vec![0xff; 60_000]));
    assert!(found.steps[1].refused[0].contains("60000 bytes that cannot be read"), "{:?}", found.steps[1]);
}

#[test]
fn an_answer_that_is_always_cut_short_is_given_up() {
    let found = bad(encoded(|_, reply| reply.metadata.truncation = true));
    assert_eq!(words(&found), ["referral", "truncated", "truncated"]);
    assert!(failure(&found).contains("cut short even over TCP"));
}

#[test]
fn thousands_of_records_are_taken_in_bounds() {
    let found = bad_over_tcp(encoded(|question, reply| {
        reply.metadata.authoritative = false;
        if question.name == full("www.bad") {
            for number in 0..400_u16 {
                let server = full(&format!("ns{number}.bad"));
                reply.add_authority(Record::from_rdata(full("www.bad"), 300, RData::NS(NS(server.clone()))));
                let [high, low] = number.to_be_bytes();
                reply.add_additional(Record::from_rdata(server, 300, RData::A(A([203, 1, high, low].into()))));
            }
        }
    }));
    assert!(matches!(found.steps[1].kind, Kind::Referral { servers: 13, glue: 13, .. }), "{:?}", found.steps[1].kind);
    assert!(found.ended - found.began <= Duration::from_secs(31));
}

#[test]
fn a_server_that_drips_over_tcp_is_left_when_its_time_is_over() {
    let mut world = World::empty();
    world.add("root", ROOT, encoded(|_, reply| refer(reply, "bad", "ns.bad", Some(BAD.octets()))));
    let net = world.host("bad", BAD, LinkOptions::default());
    let own = net.clone();
    net.spawn(async move {
        let listener = own.listen(SocketAddr::from((BAD, PORT))).await.expect("a free port");
        while let Ok((mut stream, _)) = listener.accept().await {
            let clock = own.clone();
            own.spawn(async move {
                let mut query = [0; 512];
                drop(stream.read(&mut query).await);
                for byte in [0xff_u8, 0xff].into_iter().chain([0; 600]) {
                    clock.sleep(Duration::from_millis(100)).await;
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    let mut options = at_root();
    options.transport = Transport::Tcp;
    let found = world.look_up(options, "www.bad", RecordType::A);
    assert!(failure(&found).contains("no answer in time"), "{}", failure(&found));
    assert!(found.ended - found.began < Duration::from_secs(10), "{:?}", found.ended - found.began);
}

#[test]
fn a_flood_of_guesses_ends_the_attempt() {
    let mut world = World::empty();
    world.add("root", ROOT, encoded(|_, reply| refer(reply, "bad", "ns.bad", Some(BAD.octets()))));
    let net = world.host("bad", BAD, LinkOptions::default());
    let sent = Rc::new(Cell::new(0));
    let (own, count) = (net.clone(), Rc::clone(&sent));
    net.spawn(async move {
        let socket = own.bind(SocketAddr::from((BAD, PORT))).await.expect("a free port");
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.receive(&mut buffer).await {
            for guess in 0..200_u16 {
                let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
                let mut reply = Message::response(query.metadata.id.wrapping_add(guess + 1), OpCode::Query);
                reply.add_queries(query.queries).add_answer(a("www.bad", [203, 0, 113, 1]));
                drop(socket.send_to(&reply.to_vec().expect("it encodes"), from).await);
                count.set(count.get() + 1);
            }
        }
    });
    let found = world.look_up(at_root(), "www.bad", RecordType::A);
    assert!(matches!(found.outcome, Outcome::Failed(_)));
    assert!(found.steps.iter().all(|it| it.refused.len() <= 16));
    assert!(sent.get() >= 200);
}

#[test]
fn a_server_that_cannot_read_edns_is_asked_without() {
    let old = Rc::new(Cell::new(0));
    struct Old(Rc<Cell<u32>>);
    impl Answers for Old {
        async fn answer(&self, query: Vec<u8>, _: Asker) -> Option<Vec<u8>> {
            let query = Message::from_vec(&query).ok()?;
            self.0.set(self.0.get() + 1);
            let mut reply = Message::response(query.metadata.id, OpCode::Query);
            if query.edns.is_some() {
                reply.metadata.response_code = ResponseCode::FormErr;
            } else {
                reply.metadata.authoritative = true;
                reply.add_queries(query.queries).add_answer(a("www.bad", [203, 0, 113, 1]));
            }
            reply.to_vec().ok()
        }
    }
    let found = bad(Old(Rc::clone(&old)));
    assert_eq!((answers(&found).len(), old.get()), (1, 2));
    assert_eq!(words(&found), ["referral", "refused", "answer"]);
}
