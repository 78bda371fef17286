//! Zone files: each entry is read by hickory's parser on its own, so that a mistake is named with its line.
use std::collections::BTreeMap;

use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::txt::Parser;

use super::entry::{Entry, entries};
use super::{Node, Zone};

/// What is wrong with a zone file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct ZoneError {
    /// The name of the file, as it was given.
    pub file: String,
    /// The line the entry begins on, counted from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// What holds for the entries that follow.
struct Context {
    origin: Name,
    /// The last `$TTL` (RFC 2308 §4), or the last one a record gave.
    ttl: Option<String>,
    owner: Option<Name>,
}

/// Reads a zone file. Its origin is `origin` until a `$ORIGIN` says otherwise; the zone's own name is the SOA's owner.
pub(super) fn read(file: &str, text: &str, origin: &Name) -> Result<Zone, ZoneError> {
    let wrong = |line: usize, what: String| ZoneError { file: file.to_owned(), line, what };
    let entries = entries(text).map_err(|(line, what)| wrong(line, what.to_owned()))?;
    let mut context = Context { origin: absolute(origin), ttl: None, owner: None };
    let mut records = Vec::new();
    for entry in &entries {
        let read = context.read(entry).map_err(|what| wrong(entry.line, what))?;
        records.extend(read.into_iter().map(|record| (entry.line, record)));
    }
    let last = entries.last().map_or(1, |it| it.line);
    build(records).map_err(|(line, what)| wrong(line.unwrap_or(last), what))
}

fn absolute(name: &Name) -> Name {
    let mut name = name.clone();
    name.set_fqdn(true);
    name
}

impl Context {
    /// The records of an entry; none for a directive.
    fn read(&mut self, entry: &Entry<'_>) -> Result<Vec<Record>, String> {
        let mut words = entry.text.split_whitespace();
        let first = words.next().unwrap_or_default();
        match first.to_ascii_uppercase().as_str() {
            "$TTL" => self.set_ttl(words.next().unwrap_or_default()),
            "$ORIGIN" => self.set_origin(words.next().unwrap_or_default()),
            "$INCLUDE" => Err("`$INCLUDE` is not read: a zone is one file".to_owned()),
            word if word.starts_with('$') => Err(format!("`{word}` is no directive: $ORIGIN and $TTL are")),
            _ => self.record(entry.text),
        }
    }

    fn set_ttl(&mut self, text: &str) -> Result<Vec<Record>, String> {
        let parsed = parse(&format!("$TTL {text}\nx A 192.0.2.1\n"), &self.origin);
        parsed.map_err(|_| format!("`{text}` is no time to live: write seconds, or 5m, 1h, 1d"))?;
        self.ttl = Some(text.to_owned());
        Ok(Vec::new())
    }

    fn set_origin(&mut self, text: &str) -> Result<Vec<Record>, String> {
        let name = Name::parse(text, Some(&self.origin)).map_err(|_| format!("`{text}` is no domain name"))?;
        self.origin = absolute(&name);
        Ok(Vec::new())
    }

    fn record(&mut self, text: &str) -> Result<Vec<Record>, String> {
        let owned = if text.starts_with([' ', '\t']) {
            let owner = self.owner.as_ref().ok_or("the first record needs an owner: a name or @")?;
            format!("{} {}", owner.to_ascii(), text.trim_start())
        } else {
            text.to_owned()
        };
        let ttl = self.ttl.as_ref().map_or(String::new(), |ttl| format!("$TTL {ttl}\n"));
        let records = parse(&format!("{ttl}{owned}\n"), &self.origin)?;
        if let Some(record) = records.first() {
            self.owner = Some(record.name.clone());
            if self.ttl.is_none() {
                self.ttl = Some(record.ttl.to_string());
            }
        }
        Ok(records)
    }
}

fn parse(text: &str, origin: &Name) -> Result<Vec<Record>, String> {
    let (_, sets) = Parser::new(text, None, Some(origin.clone())).parse().map_err(|error| error.to_string())?;
    Ok(sets.into_values().flat_map(|set| set.into_parts().records).map(full).collect())
}

/// Names in a zone file end at its origin or with a dot: all of them are absolute.
fn full(mut record: Record) -> Record {
    record.name.set_fqdn(true);
    let name = match &mut record.data {
        RData::NS(it) => &mut it.0,
        RData::CNAME(it) => &mut it.0,
        RData::PTR(it) => &mut it.0,
        RData::MX(it) => &mut it.exchange,
        RData::SRV(it) => &mut it.target,
        _ => return record,
    };
    name.set_fqdn(true);
    record
}

/// A mistake in a zone as a whole: the line, where one is to blame.
type Wrong = (Option<usize>, String);

fn build(records: Vec<(usize, Record)>) -> Result<Zone, Wrong> {
    let mut soas = records.iter().filter(|(_, it)| it.record_type() == RecordType::SOA);
    let (_, soa) = soas.next().ok_or((None, "the zone has no SOA record".to_owned()))?;
    if let Some((line, _)) = soas.next() {
        return Err((Some(*line), "a zone has one SOA record, and this is the second".to_owned()));
    }
    let soa = soa.clone();
    let mut nodes: BTreeMap<Name, Node> = BTreeMap::new();
    for (line, record) in records {
        check(&soa.name, nodes.get(&record.name), &record).map_err(|what| (Some(line), what))?;
        let set = nodes.entry(record.name.clone()).or_default().entry(record.record_type()).or_default();
        if !set.iter().any(|it| it.data == record.data) {
            set.push(record);
        }
    }
    if nodes.get(&soa.name).is_none_or(|apex| !apex.contains_key(&RecordType::NS)) {
        return Err((None, format!("the zone has no NS record at its name {}", soa.name)));
    }
    Ok(Zone { origin: soa.name.clone(), soa, nodes, signed: None })
}

/// Holds a record against those before it.
fn check(origin: &Name, node: Option<&Node>, record: &Record) -> Result<(), String> {
    let kind = record.record_type();
    if record.dns_class != DNSClass::IN {
        return Err(format!("class {} is not served: only IN is", record.dns_class));
    }
    if !origin.zone_of(&record.name) {
        return Err(format!("{} is outside of the zone {origin}", record.name));
    }
    if kind == RecordType::CNAME && record.name == *origin {
        // RFC 1034 §3.6.2: the apex has SOA and NS records.
        return Err("a CNAME cannot stand at the zone's own name: SOA and NS records are there".to_owned());
    }
    let Some(node) = node else { return Ok(()) };
    // RFC 2181 §10.1: beside a CNAME there are only the records of DNSSEC.
    let alias = node.contains_key(&RecordType::CNAME);
    if alias || (kind == RecordType::CNAME && !node.is_empty()) {
        return Err(format!("{} has a CNAME, and a CNAME stands alone", record.name));
    }
    // RFC 2181 §5.2.
    match node.get(&kind).and_then(|set| set.first()) {
        Some(first) if first.ttl != record.ttl => Err(format!(
            "records of one name and type have one TTL, and {} {kind} had {} before",
            record.name, first.ttl
        )),
        _ => Ok(()),
    }
}
