//! Zone files, and what a zone says about names.
use super::*;

const SHOP: &str = "\
$TTL 300
@        SOA ns1 admin 1 3600 900 604800 60
         NS  ns1
         NS  ns2.other.example.
         MX  10 mail
ns1      A   192.0.2.53
mail     A   192.0.2.25
www      CNAME web
web      A   192.0.2.80
         A   192.0.2.81
         AAAA 2001:db8::80
a.b.deep TXT \"far down\"
*.wild   A   192.0.2.99
sub      NS  ns.sub
ns.sub   A   192.0.2.54
text     TXT \"one\" \"two; not a comment\"
_sip._tcp SRV 10 60 5060 web
@        CAA 0 issue \"ca.example\"
@        HTTPS 1 . alpn=h2,h3
";

pub(super) fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).expect("a name");
    name.set_fqdn(true);
    name
}

fn shop() -> Zone {
    Zone::read("shop.zone", SHOP, &name("shop.example")).expect("a zone")
}

fn wrong(text: &str) -> String {
    Zone::read("z", text, &name("shop.example")).expect_err("it is wrong").to_string()
}

#[test]
fn a_name_is_found_whatever_its_case_and_a_missing_type_is_no_data() {
    let zone = shop();
    let Found::Records { records, wildcard } = zone.look(&name("WEB.shop.example"), RecordType::A) else { panic!() };
    assert_eq!((records.len(), wildcard), (2, false));
    assert_eq!(zone.look(&name("web.shop.example"), RecordType::MX), Found::NoData);
    assert_eq!(zone.look(&name("nowhere.shop.example"), RecordType::A), Found::NoName);
    for kind in [RecordType::SOA, RecordType::NS, RecordType::MX, RecordType::CAA, RecordType::HTTPS] {
        assert!(matches!(zone.look(&name("shop.example"), kind), Found::Records { .. }), "{kind}");
    }
}

#[test]
fn a_name_with_only_names_below_it_exists() {
    let zone = shop();
    assert_eq!(zone.look(&name("deep.shop.example"), RecordType::A), Found::NoData);
    assert_eq!(zone.look(&name("b.deep.shop.example"), RecordType::TXT), Found::NoData);
    assert_eq!(zone.look(&name("c.deep.shop.example"), RecordType::TXT), Found::NoName);
}

#[test]
fn a_star_answers_for_what_does_not_exist() {
    let zone = shop();
    let Found::Records { records, wildcard } = zone.look(&name("any.thing.wild.shop.example"), RecordType::A) else {
        panic!()
    };
    assert!(wildcard);
    assert_eq!(records[0].name, name("any.thing.wild.shop.example"));
    assert_eq!(zone.look(&name("any.wild.shop.example"), RecordType::TXT), Found::NoData);
}

#[test]
fn an_alias_is_followed_unless_it_is_what_was_asked_for() {
    let zone = shop();
    let Found::Alias { target, .. } = zone.look(&name("www.shop.example"), RecordType::A) else { panic!() };
    assert_eq!(target, name("web.shop.example"));
    assert!(matches!(zone.look(&name("www.shop.example"), RecordType::CNAME), Found::Records { .. }));
}

#[test]
fn below_a_cut_there_is_a_referral_but_the_ds_record_is_the_parents() {
    let zone = shop();
    for below in ["sub.shop.example", "ns.sub.shop.example", "x.y.sub.shop.example"] {
        let Found::Referral { cut, servers } = zone.look(&name(below), RecordType::A) else { panic!("{below}") };
        assert_eq!((cut, servers.len()), (&name("sub.shop.example"), 1));
    }
    assert_eq!(zone.look(&name("sub.shop.example"), RecordType::DS), Found::NoData);
}

#[test]
fn a_mistake_is_named_with_its_line() {
    let start = "$TTL 60\n@ SOA ns1 admin 1 1h 15m 7d 1m\n@ NS ns1\n";
    assert!(wrong(&format!("{start}ns1 A 192.0.2.300\n")).starts_with("z:4: "));
    assert!(wrong(&format!("{start}\n; nothing\nns1 AAA 192.0.2.3\n")).starts_with("z:6: "));
    assert_eq!(
        wrong(&format!("{start}www.other. A 192.0.2.3")),
        "z:4: www.other. is outside of the zone shop.example."
    );
    assert_eq!(
        wrong(&format!("{start}www A 192.0.2.3\nwww CNAME web")),
        "z:5: www.shop.example. has a CNAME, and a CNAME stands alone"
    );
    assert!(wrong(&format!("{start}@ CNAME web")).contains("SOA and NS records are there"));
    assert!(wrong(&format!("{start}www 60 A 192.0.2.3\nwww 61 A 192.0.2.4")).contains("one TTL"));
    assert!(wrong(&format!("{start}$INCLUDE /etc/passwd")).starts_with("z:4: `$INCLUDE` is not read"));
    assert!(wrong("@ 60 NS ns1").contains("no SOA"));
    assert!(wrong("@ 60 SOA ns1 admin 1 1 1 1 1").contains("no NS record"));
    assert!(wrong(&format!("{start}@ SOA ns1 admin 2 1 1 1 1")).starts_with("z:4: a zone has one SOA"));
    assert!(wrong(&format!("{start}$TTL soon")).contains("no time to live"));
    assert!(wrong(" A 192.0.2.1").contains("needs an owner"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn any_text_is_a_zone_or_a_message(text in "([$@;()\"\\\\ \t\na-z0-9.*]|SOA|NS|CNAME|TXT|SRV|HTTPS|\\$TTL|\\$ORIGIN){0,60}") {
        let _outcome = Zone::read("z", &text, &Name::root());
    }
}
