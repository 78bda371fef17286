//! Names of the zones that ship, from the root down.
use super::*;

fn path(text: &str, kind: RecordType) -> Resolution {
    World::whole().look_up(options(), text, kind)
}

#[test]
fn a_name_three_zones_down_takes_three_queries() {
    let found = path("www.shop.example", RecordType::A);
    assert_eq!(words(&found), ["referral", "referral", "answer"]);
    assert_eq!(answers(&found), [IpAddr::from([203, 0, 113, 80])]);
    assert_eq!(found.ended - found.began, Duration::from_millis(60));
    assert!(found.steps.iter().all(|it| it.took() == Duration::from_millis(20) && it.refused.is_empty()));
    let referral = &found.steps[0];
    assert_eq!(referral.kind, Kind::Referral { cut: name("example").expect("a name"), servers: 2, glue: 4 });
}

#[test]
fn an_alias_into_another_zone_begins_again_at_the_closest_known_one() {
    let found = path("static.shop.example", RecordType::A);
    assert_eq!(words(&found), ["referral", "referral", "alias", "referral", "referral", "answer"]);
    let Outcome::Answer(records) = &found.outcome else { panic!() };
    assert_eq!(records.len(), 4, "two aliases and two addresses");
}

#[test]
fn a_server_without_glue_is_looked_up_first() {
    let found = path("www.blog.example", RecordType::A);
    assert_eq!(words(&found), ["referral", "referral", "+referral", "+referral", "+answer", "answer"]);
}

#[test]
fn what_does_not_exist_is_told_from_what_has_no_such_record() {
    assert_eq!(words(&path("nobody.shop.example", RecordType::A)), ["referral", "referral", "nxdomain"]);
    assert_eq!(words(&path("www.shop.example", RecordType::MX)), ["referral", "referral", "nodata"]);
    assert_eq!(words(&path("empty.shop.example", RecordType::A)), ["referral", "referral", "nodata"]);
    assert_eq!(words(&path("www.nowhere", RecordType::A)), ["nxdomain"]);
}

#[test]
fn a_server_that_knows_nothing_of_the_zone_is_lame() {
    let found = path("www.lame.example", RecordType::A);
    assert_eq!(words(&found), ["referral", "referral", "refused"]);
    assert!(failure(&found).contains("no server of lame.example. gave a usable answer: ns1.shop.example.: it answers"));
}

#[test]
fn a_dead_server_costs_a_timeout_and_the_other_answers() {
    let found = path("www.half.example", RecordType::A);
    assert!(
        words(&found).contains(&"timeout".to_owned()) || words(&found).contains(&"failed".to_owned()),
        "{:?}",
        words(&found)
    );
    assert_eq!(answers(&found), [IpAddr::from([203, 0, 113, 82])]);
}

#[test]
fn an_alias_of_itself_is_noticed() {
    let found = path("loop.shop.example", RecordType::A);
    assert!(failure(&found).contains("leads back to itself"), "{}", failure(&found));
}

#[test]
fn what_does_not_fit_is_asked_for_over_tcp() {
    let found = path("big.shop.example", RecordType::TXT);
    assert_eq!(words(&found), ["referral", "referral", "truncated", "answer"]);
    let last = found.steps[3].server.as_ref().expect("a server");
    assert_eq!(last.transport, crate::services::dns::Transport::Tcp);
    assert!(last.received > 1232);
}

#[test]
fn over_tcp_each_query_takes_a_handshake_more() {
    let mut options = options();
    options.transport = crate::services::dns::Transport::Tcp;
    let found = World::whole().look_up(options, "www.shop.example", RecordType::A);
    assert_eq!(found.ended - found.began, Duration::from_millis(120));
}

#[test]
fn with_minimisation_nobody_is_asked_for_more_than_a_label_more() {
    let mut options = options();
    options.minimise = true;
    let found = World::whole().look_up(options, "www.shop.example", RecordType::A);
    let asked: Vec<_> = found.steps.iter().map(|it| it.question.name.to_string()).collect();
    assert_eq!(asked, ["example.", "shop.example.", "www.shop.example."]);
    let mut minimal = super::options();
    minimal.minimise = true;
    let found = World::whole().look_up(minimal, "a.b.empty.shop.example", RecordType::TXT);
    assert_eq!(words(&found), ["referral", "referral", "further", "further", "answer"]);
}

#[test]
fn a_lost_query_is_followed_by_one_to_another_server() {
    let mut world = World::without(&["root-a"]);
    let site = SITES[0];
    let link = LinkOptions::default().loss_there(Loss::nth(1));
    world.add_behind(site.host, site.address, Authority::new(site.zones()), link);
    let found = world.look_up(options(), "www.shop.example", RecordType::A);
    assert_eq!(words(&found), ["timeout", "referral", "referral", "answer"]);
    let hosts: Vec<_> =
        found.steps.iter().take(2).map(|it| it.server.as_ref().expect("a server").name.to_string()).collect();
    assert_eq!(hosts, ["a.root-servers.", "b.root-servers."]);
}

fn agrees(level: &Level) -> bool {
    level.agreement() == Agreement::Same
}

fn survey(world: World, text: &str) -> Survey {
    let asked = name(text).expect("a name");
    world.run(options(), |resolver| async move { resolver.survey(&asked, RecordType::A).await })
}

#[test]
fn every_server_is_asked_along_the_aliases_too() {
    let found = survey(World::whole(), "static.shop.example");
    let zones: Vec<_> = found.levels.iter().map(|it| it.zone.to_string()).collect();
    assert_eq!(zones, [".", "example.", "shop.example.", ".", "test.", "cdn.test."]);
    assert!(found.levels.iter().all(agrees));
    assert_eq!(found.levels[2].said.len(), 2, "both servers of the shop");
    // An alias of an alias of itself ends.
    assert!(survey(World::whole(), "loop.shop.example").levels.len() <= 9);
}

#[test]
fn a_server_that_is_silent_is_asked_again_and_contradicts_nobody() {
    let site = SITES.iter().find(|it| it.host == "ns2-shop").expect("it ships");
    let behind = |loss| {
        let mut world = World::without(&["ns2-shop"]);
        let link = LinkOptions::default().delay(Duration::from_millis(10)).loss_there(loss);
        world.add_behind(site.host, site.address, Authority::new(site.zones()), link);
        let found = survey(world, "www.shop.example");
        assert!(found.levels.iter().all(agrees));
        let last = found.levels.last().expect("the shop's servers").said.clone();
        last.iter().map(|it| it.came).collect::<Vec<_>>()
    };
    assert_eq!(behind(Loss::nth(1)), [Came::Answer, Came::Answer]);
    assert_eq!(behind(Loss::random(1_000_000)), [Came::Answer, Came::Nothing]);
}

#[test]
fn an_old_copy_of_a_zone_is_found_with_its_serial() {
    let mut world = World::without(&["ns2-shop"]);
    let site = SITES.iter().find(|it| it.host == "ns2-shop").expect("it ships");
    let old = Authority::new(site.zones());
    let [origin, www] = ["shop.example", "www.shop.example"].map(|it| name(it).expect("a name"));
    let changed = old.change(&origin, |zone| {
        zone.set(&www, RecordType::A, Vec::new());
        let mut soa = zone.records(&origin, RecordType::SOA)[0].clone();
        if let hickory_proto::rr::RData::SOA(data) = &mut soa.data {
            data.serial -= 1;
        }
        zone.set(&origin, RecordType::SOA, vec![soa]);
    });
    assert!(changed);
    world.add(site.host, site.address, old);
    let found = survey(world, "www.shop.example");
    let level = found.levels.iter().find(|it| it.zone == origin).expect("the shop's servers");
    let serials: Vec<_> = level.said.iter().map(|it| it.serial.expect("each has one")).collect();
    assert!(level.agreement() == Agreement::Different && serials[0].abs_diff(serials[1]) == 1, "{:?}", level.said);
    assert!(found.levels.iter().filter(|it| it.zone != origin).all(|it| agrees(it) && it.said[0].serial.is_none()));
}

#[test]
fn where_nobody_answers_nobody_agrees() {
    let found = survey(World::without(&["ns1-shop", "ns2-shop"]), "www.shop.example");
    let last = found.levels.last().expect("the shop's servers");
    assert_eq!((last.agreement(), last.said.len()), (Agreement::NobodyAnswered, 2));
    assert!(last.said.iter().all(|it| it.came == Came::Nothing));
    assert!(found.ended_by.is_none());
}

#[test]
fn one_lost_query_is_no_silence_even_where_a_search_asks_once() {
    let site = SITES.iter().find(|it| it.host == "ns2-shop").expect("it ships");
    let mut world = World::without(&["ns2-shop"]);
    let link = LinkOptions::default().loss_there(Loss::nth(1));
    world.add_behind(site.host, site.address, Authority::new(site.zones()), link);
    let asked = name("www.shop.example").expect("a name");
    let mut once = options();
    once.limits.rounds = 1;
    let found = world.run(once, |resolver| async move { resolver.survey(&asked, RecordType::A).await });
    let last = found.levels.last().expect("the shop's servers");
    assert!(last.said.iter().all(|it| it.came == Came::Answer), "{:?}", last.said);
}

#[test]
fn a_limit_ends_a_survey_and_makes_nobody_silent() {
    let limited = |limit: fn(&mut Options)| {
        let (asked, mut options) = (name("www.shop.example").expect("a name"), options());
        limit(&mut options);
        World::whole().run(options, |resolver| async move { resolver.survey(&asked, RecordType::A).await })
    };
    let found = limited(|it| it.limits.queries = 3);
    assert_eq!(found.ended_by, Some(Failure::Queries(3)));
    assert_eq!(found.steps.len(), 3);
    assert!(found.levels.iter().flat_map(|it| &it.said).all(|it| it.came == Came::Answer));
    let found = limited(|it| it.limits.bytes = 100);
    assert_eq!(found.ended_by, Some(Failure::Bytes(100)));
    assert!(found.levels.iter().flat_map(|it| &it.said).all(|it| it.came == Came::Answer));
}

/// Answers over UDP that there is more, and serves nothing else.
async fn cut_short(net: LabNet) {
    use crate::net::Net;
    let Ok(socket) = net.bind(SocketAddr::from(([0, 0, 0, 0], PORT))).await else { return };
    let mut buffer = [0; 2048];
    while let Ok((length, from)) = socket.receive(&mut buffer).await {
        let mut message = hickory_proto::op::Message::from_vec(&buffer[..length]).expect("our own query");
        message.metadata.message_type = hickory_proto::op::MessageType::Response;
        message.metadata.truncation = true;
        let bytes = message.to_vec().expect("it encodes");
        if socket.send_to(&bytes, from).await.is_err() {
            return;
        }
    }
}

#[test]
fn who_says_that_there_is_more_and_refuses_tcp_is_not_silent() {
    let site = SITES.iter().find(|it| it.host == "ns2-shop").expect("it ships");
    let mut world = World::without(&["ns2-shop"]);
    let net = world.host(site.host, site.address, LinkOptions::default());
    net.spawn(cut_short(net.clone()));
    let found = survey(world, "www.shop.example");
    let level = found.levels.last().expect("the shop's servers");
    let came: Vec<Came> = level.said.iter().map(|it| it.came).collect();
    assert_eq!(came, [Came::Answer, Came::TurnedAway], "{:?}", level.said);
    assert_eq!(level.agreement(), Agreement::Different);
}

#[test]
fn a_silent_server_is_not_asked_for_its_serial() {
    let mut world = World::without(&["root-b"]);
    let site = SITES.iter().find(|it| it.host == "root-b").expect("it ships");
    // One refuses, one refers and one is dead: the two that speak differ.
    world.add(site.host, site.address, Authority::new(Vec::new()));
    let (asked, mut options) = (name("www.shop.example").expect("a name"), options());
    let dead = IpAddr::from([203, 0, 113, 250]);
    options.hints.push((name("dead.root-servers").expect("a name"), vec![dead]));
    let found = world.run(options, |resolver| async move { resolver.survey(&asked, RecordType::A).await });
    let root = &found.levels[0];
    let came: Vec<Came> = root.said.iter().map(|it| it.came).collect();
    assert_eq!((root.agreement(), came), (Agreement::Different, vec![Came::Answer, Came::Useless, Came::Nothing]));
    let for_serial = |it: &&Step| it.zone.is_root() && it.question.kind == RecordType::SOA;
    let asked: Vec<IpAddr> =
        found.steps.iter().filter(for_serial).filter_map(|it| Some(it.server.as_ref()?.address.ip())).collect();
    assert!(!asked.is_empty() && !asked.contains(&dead), "{asked:?}");
}
