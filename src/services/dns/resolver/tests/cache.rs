//! What is remembered, and for how long, by the lab's clock.
use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Looks a name up, waits, and looks it up again, as often as there are waits.
fn again(world: World, options: Options, text: &str, kind: RecordType, waits: &[u64]) -> Vec<Resolution> {
    let (asked, waits, net) = (name(text).expect("a name"), waits.to_vec(), world.resolver.clone());
    world.run(options, |resolver| async move {
        let mut all = vec![resolver.resolve(&asked, kind).await];
        for wait in waits {
            net.sleep(seconds(wait)).await;
            all.push(resolver.resolve(&asked, kind).await);
        }
        all
    })
}

#[test]
fn an_answer_is_used_until_its_ttl_is_over_and_not_a_second_longer() {
    let all = again(World::whole(), options(), "www.shop.example", RecordType::A, &[0, 299, 1]);
    assert_eq!(words(&all[1]), ["cached"]);
    assert_eq!(all[1].ended, all[1].began);
    let Outcome::Answer(records) = &all[2].outcome else { panic!() };
    assert_eq!((words(&all[2]), records[0].ttl), (vec!["cached".to_owned()], 1));
    assert_eq!(words(&all[3]), ["known", "answer"], "the servers of the zone are known for a day");
}

#[test]
fn what_does_not_exist_is_remembered_as_the_soa_says_and_so_is_what_is_below() {
    let all = again(World::whole(), options(), "nobody.shop.example", RecordType::A, &[59, 2]);
    assert_eq!(words(&all[1]), ["cached"]);
    assert!(matches!(all[1].outcome, Outcome::NoName { .. }));
    assert_eq!(words(&all[2]), ["known", "nxdomain"]);
    let below = World::whole().run(options(), |resolver| async move {
        drop(resolver.resolve(&name("nobody.shop.example").expect("a name"), RecordType::A).await);
        resolver.resolve(&name("www.nobody.shop.example").expect("a name"), RecordType::TXT).await
    });
    assert_eq!(words(&below), ["cached"]);
}

#[test]
fn a_referral_is_used_for_other_names_of_its_zone() {
    let second = World::whole().run(options(), |resolver| async move {
        drop(resolver.resolve(&name("www.shop.example").expect("a name"), RecordType::A).await);
        resolver.resolve(&name("mail.shop.example").expect("a name"), RecordType::A).await
    });
    assert_eq!(words(&second), ["known", "answer"]);
}

#[test]
fn a_failure_is_remembered_for_five_seconds() {
    let all = again(World::whole(), options(), "www.lame.example", RecordType::A, &[1, 10]);
    assert_eq!(queries(&all[1]), 0);
    assert!(failure(&all[1]).starts_with("a moment ago it failed too: "));
    assert_eq!(words(&all[2]), ["known", "refused"]);
}

#[test]
fn an_expired_answer_is_used_when_nobody_can_be_asked_and_only_then() {
    let stale = |after: Option<Duration>, cut: bool| {
        let mut world = World::without(&["ns1-shop", "ns2-shop"]);
        let link = LinkOptions::default();
        let link = if cut { link.cut(seconds(200), seconds(10_000)) } else { link };
        for site in SITES.iter().filter(|it| it.host.ends_with("-shop")) {
            world.add_behind(site.host, site.address, Authority::new(site.zones()), link.clone());
        }
        let mut options = options();
        options.serve_stale = after;
        again(world, options, "www.shop.example", RecordType::A, &[400]).pop().expect("two")
    };
    let used = stale(Some(seconds(86_400)), true);
    assert_eq!(words(&used).last().expect("a step"), "stale");
    let Outcome::Answer(records) = &used.outcome else { panic!() };
    assert_eq!(records[0].ttl, 30);
    assert!(used.ended - used.began <= Duration::from_millis(1800));
    assert!(matches!(stale(None, true).outcome, Outcome::Failed(_)));
    assert!(matches!(stale(Some(seconds(10)), true).outcome, Outcome::Failed(_)), "it is over for too long");
    assert_eq!(words(&stale(Some(seconds(86_400)), false)), ["known", "answer"]);
}

#[test]
fn a_changed_record_is_seen_when_the_old_one_is_over() {
    let mut world = World::without(&["ns1-shop", "ns2-shop"]);
    let server = Authority::new(SITES[5].zones());
    world.add("ns1-shop", SITES[5].address, server.clone());
    let (asked, origin, net) =
        (name("www.shop.example").expect("a name"), name("shop.example").expect("a name"), world.resolver.clone());
    let found = world.run(options(), |resolver| async move {
        let mut found = vec![resolver.resolve(&asked, RecordType::A).await];
        let new = hickory_proto::rr::RData::A(Ipv4Addr::new(203, 0, 113, 99).into());
        let record = hickory_proto::rr::Record::from_rdata(asked.clone(), 300, new);
        assert!(server.change(&origin, |zone| zone.set(&asked, RecordType::A, vec![record])));
        for wait in [10, 300] {
            net.sleep(seconds(wait)).await;
            found.push(resolver.resolve(&asked, RecordType::A).await);
        }
        found
    });
    let last: Vec<_> = found.iter().map(answers).collect();
    assert_eq!(last[1], last[0]);
    assert_eq!(last[2], [IpAddr::from([203, 0, 113, 99])]);
}

#[test]
fn the_cache_has_an_end() {
    let mut options = options();
    options.limits.cache = 3;
    let kept = World::whole().run(options, |resolver| async move {
        for host in ["a", "b", "c", "d", "e", "f"] {
            let asked = name(&format!("{host}.customers.shop.example")).expect("a name");
            drop(resolver.resolve(&asked, RecordType::A).await);
        }
        resolver.resolve(&name("a.customers.shop.example").expect("a name"), RecordType::A).await
    });
    assert!(queries(&kept) > 0, "the first was forgotten");
    assert_eq!(answers(&kept), [IpAddr::from([203, 0, 113, 81])]);
}
