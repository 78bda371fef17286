//! Chains of trust in the lab: whole ones, broken ones, and servers that want to be believed.
use std::rc::Rc;

use hickory_proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, Record, SerialNumber};

use super::*;
use crate::recording::Time;
use crate::services::dns::dnssec::{Date, Denial, Keys, MOST_CHECKS, Signer, ds, rrsig};
use crate::services::dns::signing::{Fault, Signing};
use crate::services::dns::zone::Zone;

/// What a server does to its answers before it sends them.
pub(super) type Mangle = Rc<dyn Fn(&mut Message)>;

/// A server that changes its answers.
pub(super) struct Mangled(pub(super) Authority, pub(super) Mangle);

impl Answers for Mangled {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        let whole =
            Authority::answer(&self.0, &query, Asker { transport: crate::services::dns::Transport::Tcp, ..asker })?;
        let mut message = Message::from_vec(&whole).expect("our own answer can be read");
        (self.1)(&mut message);
        message.to_vec().ok()
    }
}

pub(super) fn signing() -> Signing {
    Signing::new(1, Date::LAB)
}

pub(super) fn checking(signing: &Signing) -> Options {
    Options { trust: Some(signing.trust(Time(0))), ..options() }
}

/// The signed lab; the servers of these hosts change their answers.
pub(super) fn signed(signing: &Signing, hosts: &[&str], mangle: impl Fn(&mut Message) + 'static) -> World {
    let (mut world, mangle): (_, Mangle) = (World::empty(), Rc::new(mangle));
    for site in &SITES {
        let authority = Authority::new(site.zones());
        authority.sign(signing);
        if hosts.contains(&site.host) {
            world.add(site.host, site.address, Mangled(authority, Rc::clone(&mangle)));
        } else {
            world.add(site.host, site.address, authority);
        }
    }
    world
}

pub(super) const SHOP: [&str; 2] = ["ns1-shop", "ns2-shop"];
const REGISTRY: [&str; 2] = ["tld-example", "tld-example2"];

fn look_up(text: &str, kind: RecordType) -> Resolution {
    signed(&signing(), &[], |_| {}).look_up(checking(&signing()), text, kind)
}

fn mangled(hosts: &[&str], text: &str, mangle: impl Fn(&mut Message) + 'static) -> Resolution {
    let found = signed(&signing(), hosts, mangle).look_up(checking(&signing()), text, RecordType::A);
    assert_ne!(found.proof.status, Status::Secure, "{:?}", words(&found));
    assert!(found.signatures <= MOST_CHECKS);
    found
}

/// The status, and what it says about the last check.
pub(super) fn flaw(found: &Resolution) -> String {
    assert_eq!(found.proof.status, Status::Bogus, "{:?}: {:?}", found.outcome, words(found));
    failure(found)
}

#[test]
fn trust_goes_from_the_anchor_down_to_the_answer() {
    let found = look_up("www.shop.example", RecordType::A);
    assert_eq!(
        words(&found),
        [
            "referral", "keys", "secure", "secure", "referral", "keys", "secure", "secure", "answer", "keys", "secure",
            "secure"
        ]
    );
    assert_eq!((found.proof.status, found.signatures), (Status::Secure, 6));
    assert_eq!(found.proof.signatures.len(), 1);
}

#[test]
fn each_answer_has_the_status_that_its_zones_have() {
    for (name, kind, status) in [
        ("static.shop.example", RecordType::A, Status::Secure),
        ("any.customers.shop.example", RecordType::A, Status::Secure),
        ("any.customers.shop.example", RecordType::MX, Status::Secure),
        ("customers.shop.example", RecordType::A, Status::Secure),
        ("nobody.shop.example", RecordType::A, Status::Secure),
        ("empty.shop.example", RecordType::A, Status::Secure),
        ("www.shop.example", RecordType::MX, Status::Secure),
        ("big.shop.example", RecordType::TXT, Status::Secure),
        ("nobody.cdn.test", RecordType::A, Status::Secure),
        ("edge.cdn.test", RecordType::MX, Status::Secure),
        ("www.nowhere", RecordType::A, Status::Secure),
        ("shop.example", RecordType::DS, Status::Secure),
        ("blog.example", RecordType::DS, Status::Secure),
        ("dns-host.test", RecordType::DS, Status::Secure),
        ("www.blog.example", RecordType::A, Status::Insecure),
        ("nobody.blog.example", RecordType::A, Status::Insecure),
        ("ns1.dns-host.test", RecordType::A, Status::Insecure),
        ("www.expired.example", RecordType::A, Status::Bogus),
        ("www.mismatch.example", RecordType::A, Status::Bogus),
        ("www.bare.example", RecordType::A, Status::Bogus),
    ] {
        let found = look_up(name, kind);
        assert_eq!(found.proof.status, status, "{name} {kind}: {:?} {:?}", found.outcome, words(&found));
    }
}

#[test]
fn a_broken_chain_says_what_does_not_fit() {
    let broken = |fault, text: &str| {
        let signing = Signing { broken: Some((Signing::zone_of(&name(text).expect("a name")), fault)), ..signing() };
        let found = signed(&signing, &[], |_| {}).look_up(checking(&signing), text, RecordType::A);
        flaw(&found)
    };
    for (fault, says) in [
        (Fault::Expired, "ended at 2025-12-29 12:00:00 UTC: shop.example. was not signed again in time"),
        (Fault::OtherKey, "the DS record of shop.example. is about key"),
        (Fault::Bare, "shop.example. has no DNSKEY record, and the zone above says that it is signed with key"),
        (Fault::Altered, "www.shop.example. A is not what key"),
    ] {
        let text = broken(fault, "www.shop.example");
        assert!(text.contains(says), "{fault:?}: {text}");
    }
    assert!(broken(Fault::OtherKey, "www.nowhere").contains("the DS record of . is about key"));
    // The proof that blog.example. is not signed is the registry's, and is over too.
    assert!(broken(Fault::Expired, "www.blog.example").contains("example. was not signed again in time"));
}

#[test]
fn who_checks_for_himself_gets_what_does_not_hold() {
    let world = signed(&signing(), &[], |_| {});
    let bad = name("www.expired.example").expect("a name");
    let (first, unchecked, again) = world.run(checking(&signing()), |resolver| async move {
        let first = resolver.resolve(&bad, RecordType::A).await;
        let unchecked = resolver.resolve_unchecked(&bad, RecordType::A).await;
        (first, unchecked, resolver.resolve(&bad, RecordType::A).await)
    });
    assert_eq!(first.proof.status, Status::Bogus);
    assert_eq!((answers(&unchecked).len(), unchecked.proof.status), (1, Status::Unchecked));
    assert_eq!(again.proof.status, Status::Bogus, "what nobody looked at is no answer later");
}

#[test]
fn what_was_checked_is_remembered_with_its_status_and_its_signatures() {
    let world = signed(&signing(), &[], |_| {});
    let names = ["www.shop.example", "nobody.shop.example", "www.blog.example"].map(|it| name(it).expect("a name"));
    let found = world.run(checking(&signing()), |resolver| async move {
        let mut all = Vec::new();
        for name in names.iter().chain(&names) {
            all.push(resolver.resolve(name, RecordType::A).await);
        }
        all
    });
    for (first, second) in found[..3].iter().zip(&found[3..]) {
        assert_eq!(words(second), ["cached"]);
        assert_eq!(second.proof.status, first.proof.status);
        assert_eq!(second.proof.signatures.len(), first.proof.signatures.len());
        assert_eq!(second.proof.denial.len(), first.proof.denial.len());
    }
    // The keys of the root and of example. are known when the second name is looked up.
    assert_eq!(queries(&found[1]), 1, "{:?}", words(&found[1]));
}

#[test]
fn without_a_trust_anchor_nothing_is_known() {
    let options = Options { trust: Some(Trust { anchors: Vec::new(), began: Date::LAB }), ..options() };
    let found = signed(&signing(), &[], |_| {}).look_up(options, "www.shop.example", RecordType::A);
    assert_eq!((found.proof.status, answers(&found).len()), (Status::Indeterminate, 1));
}

#[test]
fn minimised_questions_are_checked_as_well() {
    for (name, status) in
        [("www.shop.example", Status::Secure), ("a.nowhere", Status::Secure), ("www.blog.example", Status::Insecure)]
    {
        let options = Options { minimise: true, ..checking(&signing()) };
        let found = signed(&signing(), &[], |_| {}).look_up(options, name, RecordType::A);
        assert_eq!(found.proof.status, status, "{name}: {:?}", words(&found));
    }
}

pub(super) fn is_signature(record: &Record) -> bool {
    rrsig(record).is_some()
}

/// Changes each signature of a section.
pub(super) fn each_signature(records: &mut [Record], change: impl Fn(&RRSIG) -> RRSIG) {
    for record in records {
        if let Some(new) = rrsig(record).map(&change) {
            record.data = RData::DNSSEC(DNSSECRData::RRSIG(new));
        }
    }
}

#[test]
fn signatures_that_were_taken_away_are_missed() {
    let bare = |message: &mut Message| {
        message.answers.retain(|it| !is_signature(it));
        message.authorities.retain(|it| !is_signature(it));
    };
    let found = mangled(&SHOP, "www.shop.example", bare);
    assert!(flaw(&found).contains("DNSKEY"), "{}", flaw(&found));
    let only_addresses = |message: &mut Message| {
        if message.queries[0].query_type == RecordType::A {
            message.answers.retain(|it| !is_signature(it));
        }
    };
    let found = mangled(&SHOP, "www.shop.example", only_addresses);
    assert_eq!(flaw(&found), "it does not hold: www.shop.example. A has no signature, and shop.example. is signed");
    // The registry is asked whether www.shop.example. is a zone of its own, which would be without keys.
    assert!(queries(&found) <= 12, "{:?}", words(&found));
}

#[test]
fn a_ds_record_that_was_taken_away_is_asked_for_and_found() {
    let quiet = |message: &mut Message| message.authorities.retain(|it| ds(it).is_none() && !is_signature(it));
    let found = signed(&signing(), &REGISTRY, quiet).look_up(checking(&signing()), "www.shop.example", RecordType::A);
    assert_eq!(found.proof.status, Status::Secure, "{:?}", words(&found));
}

#[test]
fn only_the_zones_own_key_counts() {
    // Somebody signs the answer with a zone of his own, and a true signature.
    let forger = Keys::derived(99, &name("cdn.test").expect("a name"));
    let signer = Signer {
        keys: Rc::new(forger),
        inception: Date::LAB,
        expiration: Date(Date::LAB.0 + 999),
        denial: Denial::Nsec,
    };
    let forged = move |message: &mut Message| {
        if message.queries[0].query_type == RecordType::A {
            message.answers.retain(|it| !is_signature(it));
            let signature = signer.sign(&message.answers);
            message.answers.extend(signature);
        }
    };
    let found = mangled(&SHOP, "www.shop.example", forged);
    assert!(flaw(&found).contains("is signed by cdn.test., and only shop.example. may sign it"), "{}", flaw(&found));
}

#[test]
fn a_zone_cannot_vouch_for_itself() {
    // The DS record of the shop, signed by the shop: the registry has to say it.
    let keys = Rc::new(Keys::derived(1, &name("shop.example").expect("a name")));
    let signer = Signer { keys, inception: Date::LAB, expiration: Date(Date::LAB.0 + 999), denial: Denial::Nsec };
    let own = move |message: &mut Message| {
        let set: Vec<Record> =
            message.authorities.iter().chain(&message.answers).filter(|it| ds(it).is_some()).cloned().collect();
        if let Some(signature) = signer.sign(&set) {
            for section in [&mut message.authorities, &mut message.answers] {
                if section.iter().any(|it| ds(it).is_some()) {
                    section.retain(|it| !is_signature(it));
                    section.push(signature.clone());
                }
            }
        }
    };
    let found = mangled(&REGISTRY, "www.shop.example", own);
    assert!(flaw(&found).contains("is signed by shop.example., and only example. may sign it"), "{}", flaw(&found));
}

#[test]
fn signatures_from_the_past_and_from_the_future_do_not_hold() {
    for (change, says) in [(-40_i64 * 86_400, "ended at"), (40 * 86_400, "begins at")] {
        let moved =
            Signing { began: Date(u32::try_from(i64::from(Date::LAB.0) + change).expect("a date")), ..signing() };
        let found = signed(&moved, &[], |_| {}).look_up(checking(&signing()), "www.shop.example", RecordType::A);
        assert!(flaw(&found).contains(says), "{}", flaw(&found));
    }
    // Who only writes another date has changed what was signed.
    let later = |message: &mut Message| {
        each_signature(&mut message.answers, |old| {
            let mut input = old.input().clone();
            input.sig_expiration = SerialNumber::new(Date::LAB.0 + 365 * 86_400);
            RRSIG::from_sig(input, old.sig().to_vec())
        });
    };
    assert!(flaw(&mangled(&SHOP, "www.shop.example", later)).contains("is not what key"));
}

#[test]
fn a_wildcards_signature_is_none_for_names_that_exist_or_lie_elsewhere() {
    let star = || {
        let site = SITES.iter().find(|it| it.host == "ns1-shop").expect("it ships");
        let authority = Authority::new(site.zones());
        authority.sign(&signing());
        let mut query =
            crate::services::dns::query(&name("any.customers.shop.example").expect("a name"), RecordType::A, 1);
        query.set_edns({
            let mut edns = hickory_proto::op::Edns::new();
            edns.set_dnssec_ok(true);
            edns
        });
        authority.reply(&query)
    };
    // The wildcard's answer for a name that has records of its own, with the proof for another name.
    let made = star();
    let abused = move |message: &mut Message| {
        let asked = message.queries[0].clone();
        if asked.query_type == RecordType::A {
            message.answers = made.answers.clone();
            message.answers.iter_mut().for_each(|it| it.name = asked.name.clone());
            message.authorities = made.authorities.clone();
        }
    };
    let says = flaw(&mangled(&SHOP, "www.shop.example", abused.clone()));
    assert!(says.contains("is not what key"), "{says}");
    let says = flaw(&mangled(&SHOP, "a.b.empty.shop.example", abused));
    assert!(says.contains("is not what key") || says.contains("nothing proves"), "{says}");
    // Without the proof that nothing nearer exists a wildcard is not believed.
    let says = flaw(&mangled(&SHOP, "any.customers.shop.example", |message| {
        if message.queries[0].query_type == RecordType::A {
            message.authorities.clear();
        }
    }));
    assert!(says.contains("nothing proves that the name itself is not there"), "{says}");
}

#[test]
fn a_proof_for_another_name_proves_nothing() {
    // What is true of `nobody` is said of `www`, which exists.
    let authority = Authority::new(SITES[5].zones());
    authority.sign(&signing());
    let denies = move |message: &mut Message| {
        if message.queries[0].query_type == RecordType::A {
            let mut query = crate::services::dns::query(&name("aaa.shop.example").expect("a name"), RecordType::A, 1);
            let mut edns = hickory_proto::op::Edns::new();
            edns.set_dnssec_ok(true);
            query.set_edns(edns);
            let other = authority.reply(&query);
            message.answers.clear();
            message.authorities = other.authorities;
            message.metadata.response_code = hickory_proto::op::ResponseCode::NXDomain;
        }
    };
    let found = mangled(&SHOP, "www.shop.example", denies);
    assert!(flaw(&found).contains("proves that there is no www.shop.example."), "{}", flaw(&found));
}

#[test]
fn a_hosts_own_proof_makes_no_unsigned_zone_of_it() {
    // RFC 6840 §4.4: www has no DS record, which its NSEC record proves. But it has no NS records either.
    for text in ["www.shop.example", "api.www.shop.example"] {
        let authority = Authority::new(SITES[5].zones());
        authority.sign(&signing());
        let refers = move |message: &mut Message| {
            if message.queries[0].query_type != RecordType::A {
                return;
            }
            let www = name("www.shop.example").expect("a name");
            let mut query = crate::services::dns::query(&www, RecordType::TXT, 1);
            let mut edns = hickory_proto::op::Edns::new();
            edns.set_dnssec_ok(true);
            query.set_edns(edns);
            let proof = authority.reply(&query).authorities.into_iter().filter(|it| it.name == www);
            let server = name("ns.www.shop.example").expect("a name");
            let ns = RData::NS(hickory_proto::rr::rdata::NS(server.clone()));
            message.answers.clear();
            message.authorities = std::iter::once(Record::from_rdata(www.clone(), 300, ns)).chain(proof).collect();
            message.additionals =
                vec![Record::from_rdata(server, 300, RData::A(hickory_proto::rr::rdata::A::new(203, 0, 113, 66)))];
            message.metadata.authoritative = false;
            message.metadata.response_code = hickory_proto::op::ResponseCode::NoError;
        };
        let found = mangled(&SHOP, text, refers);
        assert!(flaw(&found).contains("proves that www.shop.example. has no NS record"), "{}", flaw(&found));
    }
}

#[test]
fn many_signatures_and_keys_cost_little() {
    // KeyTrap: signatures with a tag that a key has, none of which holds.
    let many = |message: &mut Message| {
        let Some(first) = message.answers.iter().find(|it| is_signature(it)).cloned() else { return };
        let copies = (0..300_u16).map(|number| {
            let mut copy = first.clone();
            let old = rrsig(&first).expect("it is one");
            let mut bytes = old.sig().to_vec();
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            copy.data = RData::DNSSEC(DNSSECRData::RRSIG(RRSIG::from_sig(old.input().clone(), bytes)));
            copy
        });
        message.answers.retain(|it| !is_signature(it));
        message.answers.extend(copies);
    };
    let options = Options { transport: crate::services::dns::Transport::Tcp, ..checking(&signing()) };
    let found = signed(&signing(), &SHOP, many).look_up(options, "www.shop.example", RecordType::A);
    assert!(flaw(&found).contains("signatures had to be tried"), "{}", flaw(&found));
    assert!(found.signatures < 16, "{}", found.signatures);
}

#[test]
fn a_zone_on_the_server_of_the_zone_above_is_checked_with_its_own_keys() {
    // One server for the registry and the shop: the answer comes without a referral.
    let mut world = World::empty();
    for site in SITES.iter().filter(|it| !SHOP.contains(&it.host)) {
        let mut zones: Vec<Zone> = site.zones();
        if REGISTRY.contains(&site.host) {
            zones.extend(SITES[5].zones());
            zones.extend(SITES[8].zones().into_iter().filter(|it| it.origin().to_string() == "blog.example."));
        }
        let authority = Authority::new(zones);
        authority.sign(&signing());
        world.add(site.host, site.address, authority);
    }
    let names = ["www.shop.example", "nobody.shop.example", "www.blog.example"].map(|it| name(it).expect("a name"));
    let found = world.run(checking(&signing()), |resolver| async move {
        let mut all = Vec::new();
        for name in &names {
            all.push(resolver.resolve(name, RecordType::A).await);
        }
        all
    });
    let status: Vec<Status> = found.iter().map(|it| it.proof.status).collect();
    let told: Vec<Vec<String>> = found.iter().map(words).collect();
    assert_eq!(status, [Status::Secure, Status::Secure, Status::Insecure], "{told:?}");
}

#[test]
fn the_root_of_a_name_is_the_closest_signed_zone() {
    let zone = |text: &str| Signing::zone_of(&name(text).expect("a name")).to_string();
    assert_eq!(zone("a.customers.shop.example"), "shop.example.");
    assert_eq!(zone("www.blog.example"), "example.");
    assert_eq!(zone("www.nowhere"), ".");
    assert_eq!(Signing::zone_of(&Name::root()), Name::root());
}
