//! The authoritative server's answers, and its sockets in the lab.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, RData};

use super::*;
use crate::lab::{Lab, LinkOptions};

const PARENT: &str = "\
$TTL 1h
@ SOA ns admin 1 1h 15m 7d 60
@ NS ns
ns A 192.0.2.1
shop NS ns.shop
shop NS ns.else.where.
ns.shop A 192.0.2.2
www CNAME web.shop
far CNAME www.example.org.
alias CNAME host
gone CNAME nobody
host A 192.0.2.9
@ MX 10 host
many TXT \"1 ................................................................................................\"
many TXT \"2 ................................................................................................\"
many TXT \"3 ................................................................................................\"
many TXT \"4 ................................................................................................\"
many TXT \"5 ................................................................................................\"
many TXT \"6 ................................................................................................\"
";

fn authority() -> Authority {
    let zone = Zone::read("parent", PARENT, &name("lab").expect("a name")).expect("a zone");
    Authority::new(vec![zone])
}

fn asked(text: &str, kind: RecordType) -> Message {
    let mut query = query(&name(text).expect("a name"), kind, 4711);
    query.metadata.recursion_desired = false;
    query
}

fn over(query: &Message, transport: Transport) -> Message {
    let asker = Asker { address: IpAddr::V4(Ipv4Addr::LOCALHOST), transport };
    let bytes = authority().answer(&query.to_vec().expect("it encodes"), asker).expect("it is answered");
    Message::from_vec(&bytes).expect("it decodes")
}

fn answer(text: &str, kind: RecordType) -> Message {
    over(&asked(text, kind), Transport::Udp)
}

#[test]
fn a_record_is_answered_with_authority_and_without_recursion() {
    let reply = answer("HOST.lab", RecordType::A);
    assert!(reply.metadata.authoritative && !reply.metadata.recursion_available);
    assert_eq!(reply.metadata.id, 4711);
    assert_eq!((reply.answers.len(), reply.authorities.len(), reply.additionals.len()), (1, 0, 0));
}

#[test]
fn a_referral_has_no_authority_and_brings_the_glue_it_has() {
    let reply = answer("web.shop.lab", RecordType::A);
    assert!(!reply.metadata.authoritative && reply.answers.is_empty());
    assert_eq!(reply.authorities.len(), 2);
    assert_eq!(reply.additionals.len(), 1, "the address of ns.else.where is another zone's");
    assert_eq!(reply.additionals[0].name, name("ns.shop.lab").expect("a name"));
}

#[test]
fn aliases_are_followed_as_far_as_the_zones_of_this_server_go() {
    let within = answer("alias.lab", RecordType::A);
    assert_eq!(within.answers.len(), 2);
    let out = answer("far.lab", RecordType::A);
    assert_eq!((out.answers.len(), out.metadata.response_code), (1, ResponseCode::NoError));
    let cut = answer("www.lab", RecordType::A);
    assert!(cut.metadata.authoritative, "the alias is ours");
    assert_eq!((cut.answers.len(), cut.authorities.len()), (1, 2));
    let gone = answer("gone.lab", RecordType::A);
    assert_eq!((gone.answers.len(), gone.metadata.response_code), (1, ResponseCode::NXDomain));
    assert_eq!(answer("alias.lab", RecordType::CNAME).answers.len(), 1);
}

#[test]
fn nothing_is_said_with_the_soa_whose_ttl_is_how_long_it_holds() {
    let unknown = answer("nobody.lab", RecordType::A);
    assert_eq!(unknown.metadata.response_code, ResponseCode::NXDomain);
    let no_data = answer("host.lab", RecordType::AAAA);
    assert_eq!((no_data.metadata.response_code, no_data.answers.len()), (ResponseCode::NoError, 0));
    for reply in [unknown, no_data] {
        assert!(reply.metadata.authoritative);
        assert_eq!((reply.authorities[0].record_type(), reply.authorities[0].ttl), (RecordType::SOA, 60));
    }
}

#[test]
fn what_is_not_ours_or_not_for_everybody_is_refused() {
    let code = |query: &Message| over(query, Transport::Tcp).metadata.response_code;
    assert_eq!(code(&asked("www.example.org", RecordType::A)), ResponseCode::Refused);
    assert_eq!(code(&asked("lab", RecordType::AXFR)), ResponseCode::Refused);
    let mut chaos = asked("version.bind", RecordType::TXT);
    chaos.queries[0].query_class = DNSClass::CH;
    assert_eq!(code(&chaos), ResponseCode::Refused);
    let mut update = asked("lab", RecordType::SOA);
    update.metadata.op_code = OpCode::Notify;
    assert_eq!(code(&update), ResponseCode::NotImp);
    let mut two = asked("lab", RecordType::SOA);
    two.add_query(two.queries[0].clone());
    assert_eq!(code(&two), ResponseCode::FormErr);
    let mut future = asked("lab", RecordType::SOA);
    let mut edns = Edns::new();
    edns.set_version(1);
    future.set_edns(edns);
    // 16 is BADVERS here, and BADSIG in a signed message: hickory names it by the second.
    assert_eq!(u16::from(code(&future)), u16::from(ResponseCode::BADVERS));
}

#[test]
fn who_asks_for_everything_gets_one_record() {
    let reply = answer("host.lab", RecordType::ANY);
    assert!(matches!(reply.answers.as_slice(), [Record { data: RData::HINFO(_), .. }]));
    assert_eq!(answer("nobody.lab", RecordType::ANY).metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn what_is_too_long_for_udp_is_cut_and_comes_whole_with_edns_or_over_tcp() {
    let mut query = asked("many.lab", RecordType::TXT);
    let cut = over(&query, Transport::Udp);
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    assert_eq!(over(&query, Transport::Tcp).answers.len(), 6);
    let mut edns = Edns::new();
    edns.set_max_payload(4096);
    query.set_edns(edns);
    let whole = over(&query, Transport::Udp);
    assert_eq!((whole.answers.len(), whole.max_payload()), (6, 1232));
}

#[test]
fn additional_records_give_way_before_an_answer_is_cut() {
    let reply = answer("lab", RecordType::MX);
    assert_eq!((reply.answers.len(), reply.additionals.len()), (1, 1));
    let mut long = reply;
    long.additionals = (0..40).map(|_| long.additionals[0].clone()).collect();
    let bytes = responder::fitted(long, 512);
    let reply = Message::from_vec(&bytes).expect("it decodes");
    assert_eq!((reply.answers.len(), reply.additionals.len(), reply.metadata.truncation), (1, 0, false));
}

#[test]
fn what_is_no_query_stays_without_an_answer_and_what_cannot_be_read_is_said_to_be() {
    let asker = Asker { address: IpAddr::V4(Ipv4Addr::LOCALHOST), transport: Transport::Udp };
    let reply = answer("host.lab", RecordType::A).to_vec().expect("it encodes");
    assert_eq!(authority().answer(&reply, asker), None);
    assert_eq!(authority().answer(b"no DNS", asker), None);
    let mut broken = asked("host.lab", RecordType::A).to_vec().expect("it encodes");
    broken.truncate(20);
    let reply = authority().answer(&broken, asker).expect("its header can be read");
    let reply = Message::from_vec(&reply).expect("it decodes");
    assert_eq!((reply.metadata.id, reply.metadata.response_code), (4711, ResponseCode::FormErr));
}

#[test]
fn a_record_that_changed_is_answered_as_it_is_now() {
    let server = authority();
    let (origin, host) = (name("lab").expect("a name"), name("host.lab").expect("a name"));
    assert!(server.change(&origin, |zone| zone.set(&host, RecordType::A, Vec::new())));
    let reply = server.reply(&asked("host.lab", RecordType::A));
    assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn a_stub_asks_over_udp_and_again_over_tcp_when_the_answer_was_cut() {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.0.1/24").add();
    let server = lab.host("server").address("10.0.0.2/24").add();
    lab.link(client, server, LinkOptions::default().delay(std::time::Duration::from_millis(5)));
    let (client, host) = (lab.net(client), lab.net(server));
    let at = SocketAddr::from(([10, 0, 0, 2], PORT));
    let (found, long) = lab
        .run(async move {
            serve(&host, at, authority()).await.expect("ports are free");
            let found = resolve(&client, at, "alias.lab", 7).await.expect("it has an address");
            (found, ask(&client, at, asked("many.lab", RecordType::TXT)).await.expect("an answer"))
        })
        .expect("it ends");
    assert_eq!(found, [Ipv4Addr::new(192, 0, 2, 9)]);
    assert_eq!(long.answers.len(), 6);
}
