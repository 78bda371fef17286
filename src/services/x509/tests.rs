//! Certificates read back as they were asked for, chains judged, damage refused.
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::lab::Lab;
use crate::services::tls::{Authority, Ground, Identity, LAB_BEGINS, Leaf};

const NAME: &str = "shop.example";
const DAY: Duration = Duration::from_secs(86_400);
const NOW: i64 = LAB_BEGINS as i64;

/// The ground of a lab that stands at its beginning.
fn ground() -> Ground {
    let mut lab = Lab::new(1, &[]);
    let host = lab.host("client").address("10.0.0.1/24").add();
    Ground::lab(&lab.net(host), 1)
}

/// A root and an authority below it.
fn authorities(ground: &Ground) -> (Authority, Authority) {
    let root = Authority::over(ground, "lab root", 1).expect("made");
    let below = root.intermediate("lab issuer", 0).expect("made");
    (root, below)
}

fn leaf() -> Leaf {
    Leaf::server(&[NAME]).expect("a name")
}

/// The checks that do not hold, and whose they are.
fn failed(presented: &[Certificate], anchors: &[Certificate], crls: &[Crl]) -> Vec<(Checked, String)> {
    let asked = Asked { name: Some(NAME), purpose: &Purpose::ServerAuth, now: NOW, anchors, crls };
    let judged = judge(presented, &asked);
    judged.checks.into_iter().filter(|it| it.holds == Some(false)).map(|it| (it.what, it.of)).collect()
}

#[test]
fn a_certificate_is_read_as_it_was_asked_for() {
    let ground = ground();
    let (root, below) = authorities(&ground);
    let names = [NAME, "*.shop.example", "10.0.0.2", "2001:db8::2", "spiffe://lab/payments"];
    let leaf = Leaf::server(&names).expect("names").subject("the shop").crl_at("http://ca.example/1.crl").serial(77);
    let identity = below.sign(&leaf).expect("signed");
    let [own, above] = &identity.read()[..] else { panic!("two certificates") };
    assert_eq!(own.names.iter().map(ToString::to_string).collect::<Vec<_>>(), names);
    assert_eq!((own.subject.as_str(), own.issuer.as_str()), ("CN=the shop", "CN=lab issuer"));
    assert_eq!(
        (date(own.not_before), date(own.not_after)),
        ("2025-12-31 12:00:00".into(), "2026-03-31 12:00:00".into())
    );
    assert_eq!(
        (own.serial.as_slice(), own.crl_at.as_slice()),
        (&[77][..], &["http://ca.example/1.crl".to_owned()][..])
    );
    assert_eq!((own.purposes.as_deref(), own.authority), (Some(&[Purpose::ServerAuth][..]), None));
    assert_eq!((above.authority, above.may_sign, own.may_sign), (Some((true, Some(0))), Some(true), Some(false)));
    assert_eq!((own.key_kind().name(), own.algorithm(), own.signature_bytes()), ("Ed25519", "Ed25519", 64));
    assert!(own.is_signed_by(&above.key) && above.is_signed_by(&root.read().key) && !own.is_signed_by(&own.key));
    assert_eq!(own.authority_key, above.subject_key);
}

#[test]
fn a_good_chain_holds_in_every_check() {
    let ground = ground();
    let (root, below) = authorities(&ground);
    let identity = below.sign(&leaf()).expect("signed");
    let lists = [root.revocations(&[]), below.revocations(&[vec![1]])];
    let lists = lists.map(|it| Crl::read(&it.expect("made")).expect("read"));
    let asked =
        Asked { name: Some(NAME), purpose: &Purpose::ServerAuth, now: NOW, anchors: &[root.read()], crls: &lists };
    let judged = judge(&identity.read(), &asked);
    assert!(judged.checks.iter().all(|it| it.holds == Some(true)), "{judged:#?}");
    assert_eq!(judged.path.len(), 3);
    let with_root = identity.with(root.certificate());
    assert_eq!(failed(&with_root.read(), &[root.read()], &[]), []);
}

#[test]
fn each_fault_fails_the_check_that_is_for_it() {
    let ground = ground();
    let (root, below) = authorities(&ground);
    let anchors = [root.read()];
    let signed = |leaf: Leaf| below.sign(&leaf).expect("signed");
    let now = Duration::from_secs(LAB_BEGINS.into());
    let cases: Vec<(Identity, Checked)> = vec![
        (signed(leaf().from(now - DAY * 100)), Checked::Validity),
        (signed(leaf().from(now + DAY)), Checked::Validity),
        (signed(Leaf::server(&["other.example"]).expect("a name").subject(NAME)), Checked::Name),
        (signed(Leaf::client(&[NAME]).expect("a name")), Checked::Purpose),
        (signed(leaf()).alone(), Checked::Path),
        (Identity::self_signed(&ground, &leaf()).expect("signed"), Checked::Anchor),
        (authorities(&ground).1.sign(&leaf()).expect("signed"), Checked::Signature),
    ];
    for (identity, what) in cases {
        let found = failed(&identity.read(), &anchors, &[]);
        assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), [what], "{found:?}");
    }
    let identity = signed(leaf());
    let list = below.revocations(&[identity.read()[0].serial.clone()]).expect("made");
    let list = Crl::read(&list).expect("read");
    assert_eq!(failed(&identity.read(), &anchors, &[list]), [(Checked::Revocation, "CN=shop.example".to_owned())]);
    assert_eq!(failed(&[], &anchors, &[])[0].0, Checked::Path);
}

#[test]
fn a_leaf_signs_nobody_and_no_authority_has_more_below_than_it_says() {
    let ground = ground();
    let root = Authority::over(&ground, "lab root", 0).expect("made");
    let deep = root.intermediate("lab one", 0).and_then(|it| it.intermediate("lab two", 0)).expect("made");
    let found = failed(&deep.sign(&leaf()).expect("signed").read(), &[root.read()], &[]);
    assert_eq!(found, [(Checked::Authority, "CN=lab one".to_owned())]);
}

/// A certificate of somebody who signed it himself, as these parameters say.
fn alone(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Certificate {
    let mut params = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    change(&mut params);
    let key = rcgen::KeyPair::generate().expect("chance");
    Certificate::read(params.self_signed(&key).expect("made").der()).expect("read")
}

#[test]
fn a_critical_extension_that_is_not_understood_refuses_the_certificate() {
    let with = |critical: bool| {
        alone(|it| {
            let mut odd = rcgen::CustomExtension::from_oid_content(&[2, 999, 3], vec![5, 0]);
            odd.set_criticality(critical);
            it.custom_extensions.push(odd);
        })
    };
    let asked =
        |it: &Certificate| failed(std::slice::from_ref(it), &[], &[]).iter().any(|it| it.0 == Checked::Extensions);
    assert_eq!((asked(&with(true)), asked(&with(false))), (true, false));
    assert_eq!(with(true).unknown, ["2.999.3"]);
}

#[test]
fn a_common_name_is_an_attribute_and_no_text_of_another() {
    let organized = |common: Option<&str>| {
        let mut name = rcgen::DistinguishedName::new();
        name.push(rcgen::DnType::OrganizationName, "x, CN=evil");
        if let Some(common) = common {
            name.push(rcgen::DnType::CommonName, common);
        }
        alone(|it| it.distinguished_name = name).common_name
    };
    assert_eq!((organized(None), organized(Some("a, b"))), (None, Some("a, b".to_owned())));
}

#[test]
fn signed_by_itself_is_said_of_a_signature_and_not_of_names() {
    let own = alone(|_| {});
    let mut claimed = own.clone();
    claimed.signed = alone(|_| {}).signed;
    for (certificate, is_signed) in [(own, true), (claimed, false)] {
        let asked = Asked { name: None, purpose: &Purpose::ServerAuth, now: NOW, anchors: &[], crls: &[] };
        let judged = judge(&[certificate], &asked);
        let anchor = judged.checks.iter().find(|it| it.what == Checked::Anchor).expect("it is checked");
        assert_eq!(anchor.found.starts_with("it is signed by itself"), is_signed, "{}", anchor.found);
    }
}

#[test]
fn a_wildcard_is_one_label_and_an_address_is_no_name() {
    let ground = ground();
    let (_, below) = authorities(&ground);
    let own = &below.issue(&["*.shop.example", "10.0.0.2"]).expect("signed").read()[0];
    for name in ["www.shop.example", "WWW.shop.example.", "10.0.0.2"] {
        assert!(own.is_for(name), "{name}");
    }
    for name in ["shop.example", "a.b.shop.example", ".shop.example", "10.0.0.3", "xshop.example"] {
        assert!(!own.is_for(name), "{name}");
    }
}

#[test]
fn a_request_is_of_the_holder_of_its_key() {
    let key = rcgen::KeyPair::generate().expect("chance");
    let params = rcgen::CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    let mut der = params.serialize_request(&key).expect("made").der().to_vec();
    let request = Request::proven(&der).expect("read");
    assert_eq!((request.names, request.key.kind), (vec![AltName::Dns(NAME.to_owned())], KeyKind::EcdsaP256));
    let place = der.windows(NAME.len()).position(|it| it == NAME.as_bytes()).expect("it is in it");
    der[place] = b'c';
    assert_eq!(Request::proven(&der).expect_err("altered").to_string(), "the request is not signed with the key in it");
}

proptest! {
    #[test]
    fn damage_is_refused_or_read_never_a_panic(place in 0_usize..1000, byte: u8, cut in 0_usize..1000) {
        let ground = ground();
        let (root, below) = authorities(&ground);
        let der = below.sign(&leaf()).expect("signed").read()[0].der.clone();
        let mut damaged = der.clone();
        let place = place % der.len();
        damaged[place] = byte;
        damaged.truncate(1 + cut);
        if damaged != der {
            let read = Certificate::read(&damaged);
            prop_assert!(read.is_err() || read.is_ok_and(|it| !it.is_signed_by(&below.read().key) || it.der != der));
        }
        let (_, _) = (Crl::read(&damaged), Request::proven(&damaged));
        drop(root);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let (_, _, _) = (Certificate::read(&bytes), Crl::read(&bytes), Request::proven(&bytes));
    }
}
