//! The same question asked by dig of `lab up`, and by the client of a dns-trace run: what dig shows and what Roundtrip shows of the
//! two answers is the same, field by field.
use std::collections::BTreeMap;

use roundtrip::demos::{Setup, run};
use roundtrip::recording::vantage;
use roundtrip::wire::{Decoded, Field, decode};

use crate::dig::raw;
use crate::lab::Lab;

/// An answer as a screen shows it. Names have no dot at their end and texts no quotes; sets come in turns, so records are sorted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    status: String,
    flags: String,
    /// Version, flags and size, in dig's words.
    edns: String,
    /// The code of the extended error, where there is one (RFC 8914).
    error: String,
    question: String,
    /// By section: name, TTL, class, type, data.
    records: BTreeMap<String, Vec<[String; 5]>>,
}

fn words(text: &str) -> String {
    let word = |it: &str| if it == "." { it.to_owned() } else { it.trim_matches('"').trim_end_matches('.').to_owned() };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// dig's lines.
fn theirs(text: &str) -> Shown {
    let mut shown = Shown::default();
    let mut section = String::new();
    for line in text.lines() {
        if let Some((_, status)) = line.split_once("status: ") {
            status.split(',').next().unwrap_or_default().clone_into(&mut shown.status);
        } else if let Some(flags) = line.strip_prefix(";; flags: ") {
            flags.split(';').next().unwrap_or_default().clone_into(&mut shown.flags);
        } else if let Some(edns) = line.strip_prefix("; EDNS: ") {
            edns.clone_into(&mut shown.edns);
        } else if let Some(name) = line.strip_prefix(";; ").and_then(|it| it.strip_suffix(" SECTION:")) {
            name.clone_into(&mut section);
        } else if let Some(error) = line.strip_prefix("; EDE: ") {
            error.split(' ').next().unwrap_or_default().clone_into(&mut shown.error);
        } else if line.starts_with(";;") {
            section.clear();
        } else if let ("QUESTION", Some(question)) = (section.as_str(), line.strip_prefix(';')) {
            shown.question = words(question);
        } else if !line.starts_with(';') && !line.trim().is_empty() {
            let mut fields = line.split_whitespace();
            let mut next = || words(fields.next().unwrap_or_default());
            let [name, ttl, class, kind] = [next(), next(), next(), next()];
            let data = words(&fields.collect::<Vec<_>>().join(" "));
            shown.records.entry(section.clone()).or_default().push([name, ttl, class, kind, data]);
        }
    }
    shown.records.values_mut().for_each(|it| it.sort());
    shown
}

/// What our decoder shows of the last answer that the client got.
fn ours(settings: &[(&str, &str)]) -> Shown {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let recording = run("dns-trace", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs");
    let client = vantage::find(&recording, "client").expect("it has an interface");
    let seen = client.seen(&recording);
    let mut answers = seen.iter().rev().map(|it| decode(&it.packet.bytes));
    let answer = answers.find(|it| is_set(it, "dns.flags.response")).expect("it got an answer");
    let dns = answer.layer("dns").expect("it is one");
    let mut shown = Shown {
        status: status(&answer),
        flags: flags(&answer),
        edns: edns(&answer),
        error: answer.field("dns.opt.ext_error.info_code").map_or_else(String::new, text),
        question: ["dns.qry.name", "dns.qry.class", "dns.qry.type"].map(|it| said(&answer, it)).join(" "),
        ..Shown::default()
    };
    for record in dns.fields.iter().filter(|it| it.name == "dns.resp" && it.named("dns.resp.ttl").is_some()) {
        let section = record.label.trim_end_matches(" record").to_uppercase();
        let [name, ttl, class, kind] = ["dns.resp.name", "dns.resp.ttl", "dns.resp.class", "dns.resp.type"]
            .map(|it| text(record.named(it).unwrap_or_else(|| panic!("a record without {it}: {record:?}"))));
        let data = record.parts.iter().skip_while(|it| it.name != "dns.resp.len").skip(1);
        let mut all = Vec::new();
        data.for_each(|it| collect(it, &mut all));
        shown.records.entry(section).or_default().push([name, ttl, class, kind, all.join(" ")]);
    }
    shown.records.values_mut().for_each(|it| it.sort());
    shown
}

fn field<'a>(answer: &'a Decoded, name: &str) -> &'a Field {
    answer.field(name).unwrap_or_else(|| panic!("no {name} in {}", answer.summary))
}

fn is_set(answer: &Decoded, name: &str) -> bool {
    answer.field(name).is_some_and(|it| ["1", "True"].contains(&it.value.as_str()))
}

fn said(answer: &Decoded, name: &str) -> String {
    text(field(answer, name))
}

/// A field's value in dig's words: classes and types by their names, numbers in decimal.
fn text(field: &Field) -> String {
    if ["dns.resp.class", "dns.qry.class", "dns.resp.type", "dns.qry.type"].contains(&field.name) {
        return field.meaning.split(',').next().unwrap_or_default().to_owned();
    }
    let hex = field.value.strip_prefix("0x").and_then(|it| u64::from_str_radix(it, 16).ok());
    hex.map_or_else(|| words(&field.value), |it| it.to_string())
}

/// The data of a record as a zone file has it: no lengths, and a service's parameters by name.
fn collect(field: &Field, all: &mut Vec<String>) {
    if field.name == "dns.svcb.svcparam" {
        let name = &field.named("dns.svcb.svcparam.key").expect("it has a key").meaning;
        let values = field.parts.iter().filter(|it| it.name == "dns.svcb.svcparam.alpn");
        let values: Vec<&str> = values.map(|it| it.value.as_str()).collect();
        all.push(format!("{name}=\"{}", values.join(",")));
    } else if !field.name.contains("len") {
        all.push(text(field));
    }
}

fn status(answer: &Decoded) -> String {
    let code = said(answer, "dns.flags.rcode");
    match code.as_str() {
        "0" => "NOERROR",
        "2" => "SERVFAIL",
        "3" => "NXDOMAIN",
        other => panic!("another code: {other}"),
    }
    .to_owned()
}

fn flags(answer: &Decoded) -> String {
    let all = [
        ("dns.flags.response", "qr"),
        ("dns.flags.authoritative", "aa"),
        ("dns.flags.truncated", "tc"),
        ("dns.flags.recdesired", "rd"),
        ("dns.flags.recavail", "ra"),
        ("dns.flags.authenticated", "ad"),
        ("dns.flags.checkdisable", "cd"),
    ];
    all.iter().filter(|(name, _)| is_set(answer, name)).map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

fn edns(answer: &Decoded) -> String {
    let ok = if is_set(answer, "dns.resp.z.do") { " do" } else { "" };
    let [version, size] = ["dns.resp.edns0_version", "dns.rr.udp_payload_size"].map(|it| said(answer, it));
    format!("version: {version}, flags:{ok}; udp: {size}")
}

#[test]
fn dig_shows_of_lab_up_what_roundtrip_shows_of_its_own_run() {
    let lab = Lab::up();
    for (name, kind) in [
        ("www.shop.example", "A"),
        ("www.shop.example", "AAAA"),
        ("static.shop.example", "A"),
        ("assets.shop.example", "CNAME"),
        ("shop.example", "MX"),
        ("shop.example", "NS"),
        ("shop.example", "TXT"),
        ("shop.example", "SOA"),
        ("shop.example", "CAA"),
        ("shop.example", "HTTPS"),
        ("_sip._tcp.shop.example", "SRV"),
        ("anna.customers.shop.example", "A"),
        ("www.blog.example", "A"),
        ("nobody.shop.example", "A"),
        ("empty.shop.example", "A"),
        ("www.nowhere", "A"),
        ("www.expired.example", "A"),
    ] {
        // The stub asks as dig does: EDNS with 1232 bytes, AD, RD.
        let dig = theirs(&raw(&lab.resolver(), &["+bufsize=1232", name, kind]));
        let own = ours(&[("name", name), ("type", kind), ("dnssec", "validated")]);
        assert_eq!(own, dig, "{name} {kind}");
        assert_eq!(own.question, format!("{name} IN {kind}"));
    }
}
