//! What is told of clients, whom an answer is kept for, and what is not believed (RFC 7871).
use super::*;
use crate::services::dns::balance::{Balancer, Method, Places, Target};
use crate::services::dns::subnet::{self, Told};
use crate::services::dns::{Subnet, query};

fn subnet(text: &str, prefix: u8) -> Subnet {
    Subnet::new(text.parse().expect("an address"), prefix)
}

/// Two places, two targets; everybody else gets the second.
fn places() -> Places {
    let known = vec![(subnet("198.18.16.0", 20), vec![0]), (subnet("198.18.32.0", 20), vec![1])];
    Places::new(known, vec![1])
}

/// The lab, with servers of `shop.example` that answer by place.
fn by_place(method: Method) -> World {
    let mut world = World::without(&["ns1-shop", "ns2-shop"]);
    let target = |name, last| Target { name, address: Ipv4Addr::new(203, 0, 113, last), weight: 1 };
    let targets = [target("one", 101), target("two", 102)];
    let names = || (name("shop.example").expect("a name"), name("www.shop.example").expect("a name"));
    for site in SITES.iter().filter(|it| it.host.ends_with("-shop")) {
        let balancer = Balancer::new(Authority::new(site.zones()), names(), method.clone(), &targets, 1);
        world.add(site.host, site.address, balancer);
    }
    world
}

fn telling() -> Options {
    let mut options = options();
    options.tells = Some(Told::default());
    options
}

/// Looks the name up for each of these clients, one after the other.
fn for_clients(options: Options, method: Method, clients: &[Option<Subnet>]) -> Vec<Resolution> {
    let (asked, clients) = (name("www.shop.example").expect("a name"), clients.to_vec());
    by_place(method).run(options, |resolver| async move {
        let mut all = Vec::new();
        for client in clients {
            all.push(resolver.resolve_for(&asked, RecordType::A, client).await);
        }
        all
    })
}

fn last_octets(all: &[Resolution]) -> Vec<u8> {
    let last = |it: &IpAddr| if let IpAddr::V4(it) = it { it.octets()[3] } else { 0 };
    all.iter().map(|it| last(&answers(it)[0])).collect()
}

#[test]
fn an_answer_is_kept_for_the_clients_that_its_scope_holds() {
    let client = |text| Some(subnet(text, 32));
    let clients = ["198.18.16.10", "198.18.17.10", "198.18.32.10", "198.18.16.99"].map(client);
    let all = for_clients(telling(), Method::Near(places()), &clients);
    assert_eq!(last_octets(&all), [101, 101, 102, 101]);
    assert_eq!(words(&all[1]), ["cached"], "the first answer's scope is 20: it holds the second client too");
    assert_eq!(words(&all[2]), ["known", "answer"]);
    assert_eq!(all[0].of, Some(subnet("198.18.16.0", 20)));
    assert_eq!(all[1].of, all[0].of);
}

#[test]
fn a_scope_of_24_is_not_for_the_neighbour() {
    let clients = ["198.18.16.10", "198.18.17.10", "198.18.17.11"].map(|it| Some(subnet(it, 32)));
    let all = for_clients(telling(), Method::Near(places().at_least(24)), &clients);
    assert_eq!([words(&all[1]), words(&all[2])], [vec!["known", "answer"], vec!["cached"]]);
}

#[test]
fn an_answer_that_does_not_depend_on_the_subnet_is_for_everybody() {
    let clients = ["198.18.16.10", "198.18.32.10"].map(|it| Some(subnet(it, 32)));
    let all = for_clients(telling(), Method::RoundRobin, &clients);
    assert_eq!((all[0].of, words(&all[1])), (None, vec!["cached".to_owned()]));
    let told = all[0].steps.last().and_then(|it| it.server.clone()).and_then(|it| it.told);
    assert_eq!(told, Some((subnet("198.18.16.0", 24), Some(0))));
}

#[test]
fn servers_of_the_root_and_of_top_level_domains_are_told_nothing() {
    let all = for_clients(telling(), Method::Near(places()), &[Some(subnet("198.18.16.10", 32))]);
    let told: Vec<_> =
        all[0].steps.iter().filter_map(|it| it.server.as_ref()).map(|it| it.told.map(|it| it.0.to_string())).collect();
    assert_eq!(told, [None, None, Some("198.18.16.0/24".to_owned())]);
}

#[test]
fn without_a_subnet_the_resolver_stands_for_its_clients() {
    let clients = ["198.18.16.10", "198.18.32.10"].map(|it| Some(subnet(it, 32)));
    let all = for_clients(options(), Method::Near(places()), &clients);
    assert_eq!((last_octets(&all), words(&all[1])), (vec![102, 102], vec!["cached".to_owned()]));
}

#[test]
fn who_wants_to_be_told_about_to_nobody_is_and_gets_an_answer_that_is_for_nobody_else() {
    let hidden = Some(subnet("0.0.0.0", 0));
    let all = for_clients(telling(), Method::Near(places()), &[hidden, Some(subnet("198.18.16.10", 32)), hidden]);
    assert_eq!(last_octets(&all), [102, 101, 102]);
    assert_eq!(words(&all[2]), ["cached"]);
    let told = all[0].steps.last().and_then(|it| it.server.clone()).and_then(|it| it.told);
    assert_eq!(told, None);
}

#[test]
fn an_answer_about_another_subnet_is_no_answer() {
    let mut world = World::without(&["ns1-shop", "ns2-shop"]);
    for site in SITES.iter().filter(|it| it.host.ends_with("-shop")) {
        let authority = Authority::new(site.zones());
        world.add(site.host, site.address, Changing(authority));
    }
    let asked = name("www.shop.example").expect("a name");
    let client = Some(subnet("198.18.16.10", 32));
    let found =
        world.run(telling(), |resolver| async move { resolver.resolve_for(&asked, RecordType::A, client).await });
    let refused = found.steps.iter().flat_map(|it| &it.refused).next().expect("a reason");
    assert_eq!(refused, "it answers about the client subnet 198.18.32.0/24: 198.18.16.0/24 was sent");
    assert!(matches!(found.outcome, Outcome::Failed(_)));
}

/// A server that puts another subnet into its answers than it was told.
struct Changing(Authority);

impl Answers for Changing {
    async fn answer(&self, bytes: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        let mut bytes = self.0.answer(&bytes, asker)?;
        let told = bytes.windows(3).position(|it| it == [198, 18, 16]);
        if let Some(at) = told {
            bytes[at + 2] = 32;
        }
        Some(bytes)
    }
}

#[test]
fn a_stub_that_tells_its_subnet_is_told_whom_the_answer_is_for_and_others_are_not() {
    let asked = name("www.shop.example").expect("a name");
    let replies = by_place(Method::Near(places())).run(telling(), |resolver| async move {
        let mut replies = Vec::new();
        for told in [Some(subnet("198.18.16.0", 24)), None] {
            let mut query = query(&asked, RecordType::A, 7);
            query.set_edns(hickory_proto::op::Edns::new());
            told.iter().for_each(|it| subnet::tell(&mut query, *it));
            let asker =
                Asker { address: IpAddr::from([198, 18, 33, 1]), transport: crate::services::dns::Transport::Udp };
            let reply = resolver.answer(query.to_vec().expect("a message"), asker).await.expect("an answer");
            replies.push(hickory_proto::op::Message::from_vec(&reply).expect("a message"));
        }
        replies
    });
    let scope = |it: &hickory_proto::op::Message| subnet::said(it).map(|it| (it.source_prefix(), it.scope_prefix()));
    assert_eq!(replies.iter().map(scope).collect::<Vec<_>>(), [Some((24, 20)), None]);
    let address = |it: &hickory_proto::op::Message| it.answers.first().and_then(address);
    let expected = [101, 102].map(|it| Some(IpAddr::from([203, 0, 113, it])));
    assert_eq!(replies.iter().map(address).collect::<Vec<_>>(), expected);
}

#[test]
fn a_subnet_with_more_bits_than_it_says_or_with_a_scope_is_no_query() {
    use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsOption};
    let server = Authority::new(SITES[5].zones());
    for (prefix, scope) in [(8, 0), (24, 24), (24, 0)] {
        let mut query = query(&name("www.shop.example").expect("a name"), RecordType::A, 7);
        let mut edns = hickory_proto::op::Edns::new();
        let subnet = ClientSubnet::new(IpAddr::from([198, 18, 16, 0]), prefix, scope);
        edns.options_mut().insert(EdnsOption::Subnet(subnet));
        query.set_edns(edns);
        let code = server.reply(&query).metadata.response_code;
        let well = (prefix, scope) == (24, 0);
        assert_eq!(code == hickory_proto::op::ResponseCode::NoError, well, "{prefix} {scope}: {code}");
    }
}

#[test]
fn networks_of_one_question_have_an_end_and_the_first_to_end_goes_first() {
    let clients: Vec<_> = (0..=255_u8)
        .chain([0, 1])
        .enumerate()
        .map(|(n, it)| Some(subnet(&format!("198.{}.{it}.1", if n < 256 { 18 } else { 19 }), 32)))
        .collect();
    let again = [clients.clone(), vec![clients[0], clients[5]]].concat();
    let all = for_clients(telling(), Method::Near(places().at_least(24)), &again);
    let queries: Vec<usize> = all.iter().map(queries).collect();
    assert_eq!(queries[258..], [1, 0], "the first was forgotten for the 257th, the sixth was not");
}
