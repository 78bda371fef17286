//! Chains of trust through servers of several zones, through aliases of whole subtrees (DNAME), and what is left of them when
//! they end: stale answers.
use std::cell::Cell;
use std::rc::Rc;

use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, NULL};
use hickory_proto::rr::{Name, RData, Record};
use hickory_proto::serialize::binary::BinEncodable;

use super::dnssec::{Mangled, SHOP, checking, each_signature, flaw, is_signature, signed, signing};
use super::*;
use crate::services::dns::dnssec::{Date, Denial, Keys, Signer, nsec, rrsig};
use crate::services::dns::zone::Zone;

/// The signed lab, the servers of the root with the zones of that registry too, and nobody else with those. A referral is mangled.
fn together(registry: &str, mangle: impl Fn(&mut Message) + 'static) -> World {
    let (mut world, mangle) = (World::empty(), Rc::new(mangle));
    let registries: Vec<_> = SITES.iter().filter(|it| it.host.starts_with(registry)).collect();
    for site in SITES.iter().filter(|it| !it.host.starts_with(registry)) {
        let mut zones: Vec<Zone> = site.zones();
        if site.host.starts_with("root") {
            zones.extend(registries[0].zones());
        }
        let authority = Authority::new(zones);
        authority.sign(&signing());
        let own = Rc::clone(&mangle);
        let refers = move |message: &mut Message| {
            if message.answers.is_empty() && message.authorities.iter().any(|it| it.record_type() == RecordType::NS) {
                own(message);
            }
        };
        world.add(site.host, site.address, Mangled(authority, Rc::new(refers)));
    }
    world
}

#[test]
fn who_serves_a_zone_and_the_one_above_refers_with_the_proofs_of_the_lower() {
    for (registry, text, status) in [
        ("tld-test", "ns1.dns-host.test", Status::Insecure),
        ("tld-test", "edge.cdn.test", Status::Secure),
        ("tld-example", "www.blog.example", Status::Insecure),
        ("tld-example", "www.shop.example", Status::Secure),
    ] {
        let found = together(registry, |_| {}).look_up(checking(&signing()), text, RecordType::A);
        assert_eq!(found.proof.status, status, "{text}: {:?} {:?}", found.outcome, words(&found));
        // Nothing was said of a DS record: it is asked for, and who signs what is said then is not who was asked.
        let quiet = |message: &mut Message| message.authorities.retain(|it| it.record_type() == RecordType::NS);
        let found = together(registry, quiet).look_up(checking(&signing()), text, RecordType::A);
        assert_eq!(found.proof.status, status, "{text}, quiet: {:?} {:?}", found.outcome, words(&found));
    }
}

/// All names below `old.shop.example.` are those below `shop.example.`; the parts of the answer can be changed.
fn renamed(message: &mut Message, change: impl Fn(&mut Vec<Record>)) {
    let [old, shop] = ["old.shop.example", "shop.example"].map(|it| name(it).expect("a name"));
    let asked = message.queries[0].name.clone();
    if !old.zone_of(&asked) || !matches!(message.queries[0].query_type, RecordType::A | RecordType::CNAME) {
        return;
    }
    let keys = Rc::new(Keys::derived(1, &shop));
    let signer = Signer { keys, inception: Date::LAB, expiration: Date(Date::LAB.0 + 9999), denial: Denial::Nsec };
    let dname = |target: &str| {
        let target = Name::from_ascii(target).expect("a name").to_bytes().expect("it encodes");
        let data = RData::Unknown { code: RecordType::DNAME, rdata: NULL::with(target) };
        Record::from_rdata(old.clone(), 300, data)
    };
    let signature = signer.sign(&[dname("shop.example.")]).expect("a set");
    let first = asked.iter().next().expect("it has labels").to_vec();
    let target = shop.prepend_label(first.as_slice()).expect("a name");
    let alias = Record::from_rdata(asked, 300, RData::CNAME(CNAME(target)));
    // RFC 6672 §2.5: its target is signed in lower case.
    message.answers = vec![dname("Shop.EXAMPLE."), signature, alias];
    message.authorities.clear();
    message.metadata.response_code = ResponseCode::NoError;
    change(&mut message.answers);
}

fn through_the_old_name(change: impl Fn(&mut Vec<Record>) + 'static) -> Resolution {
    let world = signed(&signing(), &SHOP, move |message| renamed(message, &change));
    world.look_up(checking(&signing()), "www.old.shop.example", RecordType::A)
}

#[test]
fn the_alias_that_a_signed_dname_makes_needs_no_signature() {
    let found = through_the_old_name(|_| {});
    assert_eq!(found.proof.status, Status::Secure, "{:?} {:?}", found.outcome, words(&found));
    assert_eq!(answers(&found), [IpAddr::from([203, 0, 113, 80])]);
    // What it rests on goes with it: the DNAME record, its signature, and that of the addresses.
    let kinds: Vec<RecordType> = found.proof.signatures.iter().map(Record::record_type).collect();
    assert_eq!(kinds, [RecordType::DNAME, RecordType::RRSIG, RecordType::RRSIG]);
    let believed: Vec<&String> = found.steps.iter().flat_map(|it| &it.believed).collect();
    assert!(believed.iter().any(|it| *it == "old.shop.example. 300 DNAME Shop.EXAMPLE."), "{believed:?}");
    let world = signed(&signing(), &SHOP, |message| renamed(message, |_| {}));
    let asked = name("www.old.shop.example").expect("a name");
    let again = world.run(checking(&signing()), |resolver| async move {
        drop(resolver.resolve(&asked, RecordType::A).await);
        resolver.resolve(&asked, RecordType::A).await
    });
    assert_eq!((words(&again)[0].as_str(), again.proof.status), ("cached", Status::Secure));
    assert_eq!(again.proof.signatures.len(), 3);
}

#[test]
fn who_asks_for_the_alias_that_a_signed_dname_makes_gets_it() {
    // RFC 6672 §5.3.1.
    let ask = |change: fn(&mut Vec<Record>)| {
        let world = signed(&signing(), &SHOP, move |message| renamed(message, change));
        world.look_up(checking(&signing()), "www.old.shop.example", RecordType::CNAME)
    };
    let found = ask(|_| {});
    assert_eq!(found.proof.status, Status::Secure, "{:?} {:?}", found.outcome, words(&found));
    let step = found.steps.iter().find(|it| it.believed.iter().any(|it| it.contains("DNAME"))).expect("it is believed");
    assert!(step.refused.is_empty(), "{:?}", step.refused);
    let elsewhere = |answers: &mut Vec<Record>| {
        answers[2].data = RData::CNAME(CNAME(name("www.evil.example").expect("a name")));
    };
    assert!(flaw(&ask(elsewhere)).contains("www.old.shop.example. CNAME has no signature"));
}

/// The shop's server takes the signature of www away, and says that a zone without keys begins there: with the true proof that there is
/// no DS record so many times, and after these one of its own make.
fn a_cut_made_up_behind(copies: usize) -> Resolution {
    let www = name("www.shop.example").expect("a name");
    let world = signed(&signing(), &SHOP, move |message| {
        let asked = &message.queries[0];
        if asked.name != www {
            return;
        }
        if asked.query_type == RecordType::A {
            message.answers.retain(|it| !is_signature(it));
        }
        if asked.query_type == RecordType::DS {
            let mut true_one = message.authorities.iter().filter(|it| nsec(it).is_some() && it.name == www);
            let true_one = true_one.next().expect("the shop proves with NSEC").clone();
            let next = nsec(&true_one).expect("it is one").next_domain_name().clone();
            let types = [RecordType::NS, RecordType::RRSIG, RecordType::NSEC];
            let data = RData::DNSSEC(DNSSECRData::NSEC(NSEC::new(next, types)));
            let made_up = Record::from_rdata(www.clone(), true_one.ttl, data);
            message.authorities.extend(vec![true_one; copies - 1]);
            message.authorities.push(made_up);
        }
    });
    world.look_up(checking(&signing()), "www.shop.example", RecordType::A)
}

#[test]
fn a_cut_that_stands_behind_the_proofs_that_are_checked_is_bogus() {
    for copies in [1, 7, 8, 9, 20] {
        let found = a_cut_made_up_behind(copies);
        let text = flaw(&found);
        let says = if copies < 8 { "www.shop.example. NSEC" } else { "more than 8 records that prove an absence" };
        assert!(text.contains(says), "{copies}: {text}");
    }
}

#[test]
fn a_proof_keeps_only_what_was_checked_and_never_much() {
    let world = signed(&signing(), &SHOP, |message| {
        // The zone's own signature, over what it did not sign: nobody tries it.
        let extra = message.authorities.iter().find(|it| is_signature(it)).cloned();
        message.authorities.extend(extra.into_iter().map(|mut it| {
            it.name = Name::root();
            it
        }));
    });
    let found = world.look_up(checking(&signing()), "www.shop.example", RecordType::MX);
    assert_eq!(found.proof.status, Status::Secure, "{:?}", words(&found));
    let proofs = found.proof.denial.iter().filter(|it| nsec(it).is_some()).count();
    let over_proofs = |it: &&Record| rrsig(it).is_some_and(|it| it.input().type_covered == RecordType::NSEC);
    assert_eq!((proofs, found.proof.denial.iter().filter(over_proofs).count()), (1, 1), "{:?}", found.proof.denial);
    let signature = found.proof.denial.iter().find(|it| is_signature(it)).expect("it is signed").clone();
    let many = security::Evidence { answers: vec![signature.clone(); 5000], authorities: vec![signature; 5000] };
    let kept = Proof::of(&many);
    let twice = kept.clone().and(kept);
    assert!(twice.signatures.len() <= 64 && twice.denial.len() <= 64);
}

#[test]
fn an_alias_that_the_dname_does_not_make_or_that_nobody_signed_is_bogus() {
    let elsewhere = |answers: &mut Vec<Record>| {
        answers[2].data = RData::CNAME(CNAME(name("www.evil.example").expect("a name")));
    };
    assert!(flaw(&through_the_old_name(elsewhere)).contains("www.old.shop.example. CNAME has no signature"));
    let same_length = |answers: &mut Vec<Record>| {
        answers[2].data = RData::CNAME(CNAME(name("static.shop.example").expect("a name")));
    };
    assert!(flaw(&through_the_old_name(same_length)).contains("www.old.shop.example. CNAME has no signature"));
    let unsigned = |answers: &mut Vec<Record>| answers.retain(|it| !is_signature(it));
    assert!(flaw(&through_the_old_name(unsigned)).contains("old.shop.example. DNAME has no signature"));
    let above = |answers: &mut Vec<Record>| {
        answers.iter_mut().take(2).for_each(|it| it.name = name("shop.example").expect("a name"));
    };
    assert!(flaw(&through_the_old_name(above)).contains("CNAME has no signature"), "another subtree");
    let forged = |answers: &mut Vec<Record>| {
        each_signature(answers, |old| {
            let mut bytes = old.sig().to_vec();
            bytes[0] ^= 1;
            hickory_proto::dnssec::rdata::RRSIG::from_sig(old.input().clone(), bytes)
        });
    };
    assert!(flaw(&through_the_old_name(forged)).contains("old.shop.example. DNAME is not what key"));
}

/// The shop's servers take their signatures away from when the flag is set.
fn failing() -> (World, Rc<Cell<bool>>) {
    let flag = Rc::new(Cell::new(false));
    let own = Rc::clone(&flag);
    let world = signed(&signing(), &SHOP, move |message| {
        if own.get() {
            message.answers.retain(|it| !is_signature(it));
        }
    });
    (world, flag)
}

#[test]
fn a_bogus_answer_is_no_reason_for_a_stale_one_now_or_a_moment_later() {
    let (world, flag) = failing();
    let (asked, net) = (name("www.shop.example").expect("a name"), world.resolver.clone());
    let options = Options { serve_stale: Some(Duration::from_secs(86_400)), ..checking(&signing()) };
    let found = world.run(options, |resolver| async move {
        let mut found = vec![resolver.resolve(&asked, RecordType::A).await];
        flag.set(true);
        for wait in [400, 1] {
            net.sleep(Duration::from_secs(wait)).await;
            found.push(resolver.resolve(&asked, RecordType::A).await);
        }
        found
    });
    let status: Vec<Status> = found.iter().map(|it| it.proof.status).collect();
    assert_eq!(status, [Status::Secure, Status::Bogus, Status::Bogus]);
    assert!(failure(&found[2]).starts_with("a moment ago it failed too: it does not hold"), "{}", failure(&found[2]));
}

#[test]
fn what_nobody_checked_is_no_stale_answer_where_signatures_are_checked() {
    let stale = |checked_before: bool| {
        let mut world = World::empty();
        for site in &SITES {
            let authority = Authority::new(site.zones());
            authority.sign(&signing());
            let link = LinkOptions::default();
            let ends = site.host.ends_with("-shop");
            let link = if ends { link.cut(Duration::from_secs(200), Duration::from_secs(10_000)) } else { link };
            world.add_behind(site.host, site.address, authority, link);
        }
        let (asked, net) = (name("www.shop.example").expect("a name"), world.resolver.clone());
        let options = Options { serve_stale: Some(Duration::from_secs(86_400)), ..checking(&signing()) };
        world.run(options, |resolver| async move {
            if checked_before {
                drop(resolver.resolve(&asked, RecordType::A).await);
            } else {
                drop(resolver.resolve_unchecked(&asked, RecordType::A).await);
            }
            net.sleep(Duration::from_secs(400)).await;
            resolver.resolve(&asked, RecordType::A).await
        })
    };
    assert_eq!(answers(&stale(true)), [IpAddr::from([203, 0, 113, 80])]);
    assert!(matches!(stale(false).outcome, Outcome::Failed(_)));
}
