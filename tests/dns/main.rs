//! `roundtrip lab up` asked by dig and delv: what other people's programs make of our servers and our resolver.
//!
//! All of it is on loopback of this machine. Where dig is missing the tests fail and say so; `tests/run` installs it.
mod dig;
mod encrypted;
mod fields;
mod lab;
#[cfg(target_os = "linux")]
mod live;
#[cfg(target_os = "linux")]
mod others;

use dig::dig;
use lab::Lab;

#[test]
fn the_resolver_finds_what_the_zones_say() {
    let lab = Lab::up();
    let a = dig(&lab.resolver(), &["static.shop.example", "A"]);
    // dig asks what was checked (AD), and both zones on the way are signed.
    assert_eq!((a.status.as_str(), a.flags.as_str()), ("NOERROR", "qr rd ra ad"));
    // A set's records come in turns.
    let mut answers = a.answers;
    answers[2..].sort();
    assert_eq!(
        answers,
        [
            "static.shop.example. IN CNAME shop.cdn.test.",
            "shop.cdn.test. IN CNAME edge.cdn.test.",
            "edge.cdn.test. IN A 203.0.113.97",
            "edge.cdn.test. IN A 203.0.113.98",
        ]
    );
    for (name, kind, expected) in [
        (
            "shop.example",
            "MX",
            vec!["shop.example. IN MX 10 mail.shop.example.", "shop.example. IN MX 20 backup.cdn.test."],
        ),
        ("shop.example", "CAA", vec!["shop.example. IN CAA 0 issue \"ca.example\""]),
        ("shop.example", "HTTPS", vec!["shop.example. IN HTTPS 1 . alpn=\"h3,h2\""]),
        ("www.shop.example", "AAAA", vec!["www.shop.example. IN AAAA 2001:db8:80::80"]),
        ("any.customers.shop.example", "A", vec!["any.customers.shop.example. IN A 203.0.113.81"]),
        ("www.blog.example", "A", vec!["www.blog.example. IN A 203.0.113.83"]),
    ] {
        let mut got = dig(&lab.resolver(), &[name, kind]);
        got.answers.sort();
        assert_eq!(
            (got.status.as_str(), got.answers),
            ("NOERROR", expected.iter().map(ToString::to_string).collect()),
            "{name} {kind}"
        );
    }
}

#[test]
fn what_does_not_exist_comes_with_the_soa_that_says_for_how_long() {
    let lab = Lab::up();
    let nobody = dig(&lab.resolver(), &["nobody.shop.example", "A"]);
    assert_eq!((nobody.status.as_str(), nobody.answers.len(), nobody.authority.len()), ("NXDOMAIN", 0, 1));
    assert!(
        nobody.authority[0].starts_with("shop.example. IN SOA ns1.shop.example. hostmaster.shop.example. 2026010107")
    );
    let empty = dig(&lab.resolver(), &["empty.shop.example", "A"]);
    assert_eq!((empty.status.as_str(), empty.answers.len(), empty.authority.len()), ("NOERROR", 0, 1));
    assert_eq!(dig(&lab.resolver(), &["www.lame.example", "A"]).status, "SERVFAIL");
}

#[test]
fn a_server_of_the_root_refers_without_authority_and_with_glue() {
    let lab = Lab::up();
    let got = dig(&lab.server("root-a"), &["+norec", "www.shop.example", "A"]);
    assert_eq!((got.status.as_str(), got.flags.as_str(), got.answers.len()), ("NOERROR", "qr", 0));
    assert_eq!(got.authority, ["example. IN NS ns1.nic.example.", "example. IN NS ns2.nic.example."]);
    assert_eq!(got.additional.len(), 2, "{:?}", got.additional);
    let root = dig(&lab.server("root-a"), &["+norec", ".", "NS"]);
    assert_eq!((root.flags.as_str(), root.answers.len()), ("qr aa", 2));
}

#[test]
fn what_does_not_fit_a_datagram_is_cut_and_comes_over_tcp() {
    let lab = Lab::up();
    let server = lab.server("ns1-shop");
    let cut = dig(&server, &["+norec", "+ignore", "big.shop.example", "TXT"]);
    assert!(cut.flags.contains("tc") && cut.answers.is_empty(), "{cut:?}");
    for how in [&["+norec", "big.shop.example", "TXT"][..], &["+norec", "+tcp", "big.shop.example", "TXT"]] {
        assert_eq!(dig(&server, how).answers.len(), 5, "{how:?}");
    }
    assert!(dig(&server, &["+norec", "+noedns", "+ignore", "shop.example", "MX"]).answers.len() == 2);
    let udp = dig(&lab.resolver(), &["+tcp", "www.shop.example", "A"]);
    assert_eq!(udp.answers, ["www.shop.example. IN A 203.0.113.80"]);
}

#[test]
fn zones_are_not_given_away_and_foreign_names_are_refused() {
    let lab = Lab::up();
    let server = lab.server("ns1-shop");
    let transfer = dig::raw(&server, &["shop.example", "AXFR"]);
    assert!(transfer.contains("Transfer failed"), "{transfer}");
    assert_eq!(dig(&server, &["+norec", "www.example.org", "A"]).status, "REFUSED");
    assert_eq!(dig(&server, &["+norec", "version.bind", "TXT", "CH"]).status, "REFUSED");
    assert_eq!(dig(&server, &["+norec", "+edns=1", "+noednsneg", "shop.example", "A"]).status, "BADVERS");
    let any = dig(&server, &["+norec", "+notcp", "shop.example", "ANY"]);
    assert_eq!(any.answers, ["shop.example. IN HINFO \"RFC8482\" \"\""]);
    assert_eq!(dig(&lab.resolver(), &["+norec", "www.shop.example", "A"]).status, "REFUSED");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the resolver on loopback counts by the wall clock")]
fn a_ttl_runs_down_in_the_resolver() {
    let lab = Lab::up();
    let ttl = || dig(&lab.resolver(), &["www.shop.example", "A"]).ttls[0];
    assert_eq!(ttl(), 300);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!((1..300).contains(&ttl()));
}

#[test]
fn who_asks_for_signatures_gets_them_and_nobody_else() {
    let lab = Lab::up();
    for server in [lab.server("ns1-shop"), lab.resolver()] {
        let recursion = if server == lab.resolver() { "+rec" } else { "+norec" };
        let plain = dig(&server, &[recursion, "www.shop.example", "A"]);
        assert_eq!(plain.answers, ["www.shop.example. IN A 203.0.113.80"]);
        let signed = dig(&server, &[recursion, "+dnssec", "www.shop.example", "A"]);
        assert_eq!(signed.answers.len(), 2);
        assert!(signed.answers[1].starts_with("www.shop.example. IN RRSIG A 15 3 300 "), "{signed:?}");
        let nobody = dig(&server, &[recursion, "+dnssec", "nobody.shop.example", "A"]);
        let kinds: Vec<&str> = nobody.authority.iter().filter_map(|it| it.split(' ').nth(2)).collect();
        assert_eq!(kinds, ["SOA", "RRSIG", "NSEC", "RRSIG", "NSEC", "RRSIG"]);
    }
    let referral = dig(&lab.server("root-a"), &["+norec", "+dnssec", "www.shop.example", "A"]);
    let kinds: Vec<&str> = referral.authority.iter().filter_map(|it| it.split(' ').nth(2)).collect();
    assert_eq!(kinds, ["NS", "NS", "DS", "RRSIG"]);
    let cut =
        dig(&lab.server("ns1-shop"), &["+norec", "+dnssec", "+bufsize=512", "+ignore", "nobody.shop.example", "A"]);
    assert!(cut.flags.contains("tc"), "{cut:?}");
}

#[test]
fn the_resolver_says_what_it_checked_and_why_it_gives_no_answer() {
    let lab = Lab::up();
    let flags = |what: &[&str]| dig(&lab.resolver(), what).flags;
    assert_eq!(flags(&["+dnssec", "www.shop.example", "A"]), "qr rd ra ad");
    assert_eq!(flags(&["+noadflag", "www.shop.example", "A"]), "qr rd ra");
    assert_eq!(flags(&["+dnssec", "www.blog.example", "A"]), "qr rd ra");
    for (name, error, says) in [
        ("www.expired.example", "EDE: 7 (Signature Expired)", "expired.example. was not signed again in time"),
        ("www.mismatch.example", "EDE: 9 (DNSKEY Missing)", "the DS record of mismatch.example. is about key"),
        ("www.bare.example", "EDE: 9 (DNSKEY Missing)", "bare.example. has no DNSKEY record"),
    ] {
        let text = dig::raw(&lab.resolver(), &[name, "A"]);
        assert!(text.contains("status: SERVFAIL") && text.contains(error) && text.contains(says), "{text}");
        let unchecked = dig(&lab.resolver(), &["+cd", name, "A"]);
        assert_eq!((unchecked.status.as_str(), unchecked.answers.len()), ("NOERROR", 1), "{name}");
    }
}

#[test]
fn delv_validates_what_the_resolver_hands_on_and_names_what_does_not_hold() {
    let lab = Lab::up();
    let anchor = lab.anchor();
    let delv = |name: &str, kind: &str| {
        let file = anchor.to_str().expect("a path of the test's own");
        dig::delv(&lab.resolver(), &["-a", file, "+root=.", "+cd", name, kind])
    };
    for (name, kind, says) in [
        ("www.shop.example", "A", "; fully validated"),
        ("static.shop.example", "A", "; fully validated"),
        ("any.customers.shop.example", "A", "; fully validated"),
        ("nobody.shop.example", "A", "; negative response, fully validated"),
        ("empty.shop.example", "A", "; negative response, fully validated"),
        ("nobody.cdn.test", "A", "; negative response, fully validated"),
        ("shop.example", "DNSKEY", "; fully validated"),
        ("shop.example", "DS", "; fully validated"),
        ("www.blog.example", "A", "; unsigned answer"),
        ("www.expired.example", "A", "RRSIG has expired"),
        ("www.mismatch.example", "A", "no valid signature found (DS)"),
        ("www.bare.example", "A", "parent indicates it should be secure"),
    ] {
        let text = delv(name, kind);
        assert!(text.contains(says), "{name} {kind}: {text}");
    }
}

#[test]
fn delv_reads_our_answers_too() {
    let lab = Lab::up();
    let text = dig::delv(&lab.resolver(), &["+noroot", "-i", "www.shop.example", "A"]);
    assert!(text.contains("www.shop.example.") && text.contains("203.0.113.80"), "{text}");
}
