//! A distinguished name: who issued a certificate, whom it is for. RFC 5280 §4.1.2.4.
use super::der::Items;
use super::{der, oid};
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

const NAME: &str = "RFC 5280 §4.1.2.4";
const PART: Words = Words::new("x509if.RDNSequence_item", "Part of the name", NAME, "A step on the way to the name.");
const PAIR: Words = Words::new(
    "x509if.RelativeDistinguishedName_item_element",
    "Attribute",
    NAME,
    "What this part of the name is, and its value.",
);
const KIND: Words =
    Words::new("x509if.id", "Kind", NAME, "Which attribute: a common name, an organisation, a country.");
const VALUE: Words = Words::new("x509sat.value", "Value", NAME, "The attribute's text.");
const TEXT: Words = Words::new("x509sat.text", "Text", NAME, "As a person reads it.");

/// More attributes than this are not taken apart.
const MOST: usize = 30;
/// An attribute is shown up to so many characters.
const LONGEST: usize = 120;

/// Reads a name as a field; gives it in one line: `CN=www.example`.
pub(super) fn read(r: &mut Reader<'_>, words: &Words) -> Option<String> {
    let name = der::value(r, words, der::SEQUENCE, parts)?;
    r.says(&name);
    Some(name)
}

fn parts(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 && all.len() < MOST {
        let part = der::value(r, &PART, der::SET, |r| {
            let mut pairs = Vec::new();
            while r.left() > 0 && pairs.len() < MOST {
                pairs.push(der::value(r, &PAIR, der::SEQUENCE, pair)?);
            }
            Some(pairs.join("+"))
        })?;
        r.says(&part);
        all.push(part);
    }
    Some(all.join(", "))
}

fn pair(r: &mut Reader<'_>) -> Option<String> {
    let kind = oid::read(r, &KIND)?;
    let text = der::any(r, &VALUE, |r, _| {
        let length = r.left();
        let text = visible_start(r.ahead(), LONGEST);
        r.text(&TEXT, length)?;
        Some(text)
    })?;
    r.says(&text);
    Some(format!("{}={text}", short(kind)))
}

/// RFC 4514 §3.
fn short(kind: &[u8]) -> String {
    match oid::name(kind) {
        "commonName" => "CN".to_owned(),
        "countryName" => "C".to_owned(),
        "localityName" => "L".to_owned(),
        "stateOrProvinceName" => "ST".to_owned(),
        "organizationName" => "O".to_owned(),
        "organizationalUnitName" => "OU".to_owned(),
        "" => oid::shown(kind),
        other => other.to_owned(),
    }
}

/// The common name in a name's bytes: the first there is.
pub(super) fn common(name: &[u8]) -> Option<String> {
    for set in Items(name).sequence()? {
        for pair in Items(set.value) {
            let mut fields = Items(pair.value);
            if oid::name(fields.expect(der::OID)?.value) == "commonName" {
                return Some(visible_start(fields.item()?.value, LONGEST));
            }
        }
    }
    None
}

/// The same from its bytes alone.
pub(super) fn of(name: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    for set in Items(name).sequence()? {
        let mut pairs = Vec::new();
        for pair in Items(set.value) {
            let mut fields = Items(pair.value);
            let kind = fields.expect(der::OID)?.value;
            pairs.push(format!("{}={}", short(kind), visible_start(fields.item()?.value, LONGEST)));
        }
        parts.push(pairs.join("+"));
    }
    Some(parts.join(", "))
}
