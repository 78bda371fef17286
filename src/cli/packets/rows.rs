//! Packets in a list: as lines, as the values of fields, as JSON.
use serde::Serialize;

use super::aligned::Side;
use crate::cli::Misuse;
use crate::quantity::seconds;
use crate::wire::capture::ends;
use crate::wire::capture::study::Studied;
use crate::wire::filter::{Column, Filter, Mistake};
use crate::wire::text::visible;

/// What stands in the JSON.
pub(in crate::cli) const SHAPE: &str = "\
[{\"number\", \"at_ns\", \"since_first_ns\", \"interface\", \"source\", \"destination\", \"protocol\", \"length\", \"captured\", \"info\", \
\"marks\": [..], \"comment\", \"fields\": {name: [..]}}]

at_ns are nanoseconds since 1970; it, since_first_ns and comment may be null. length is that on the wire, captured what the file holds of it. fields are \
there with --fields, each with its values.";

/// A packet in the list.
#[derive(Serialize)]
pub(in crate::cli) struct Row {
    number: u32,
    at_ns: Option<u64>,
    since_first_ns: Option<i128>,
    interface: String,
    source: String,
    destination: String,
    protocol: String,
    length: u32,
    captured: usize,
    info: String,
    marks: Vec<String>,
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Which packets are wanted, and which of their fields.
pub(in crate::cli) struct Asked {
    pub(in crate::cli) filter: Filter,
    pub(in crate::cli) columns: Vec<Column>,
}

impl Asked {
    /// Reads `--filter` and `--fields`.
    pub(in crate::cli) fn read(filter: Option<&str>, fields: &[String]) -> Result<Self, Misuse> {
        let filter = filter.unwrap_or_default();
        let columns =
            fields.iter().map(|name| Column::named(name).map_err(|mistake| misuse("--fields", name, &mistake)));
        Ok(Self {
            filter: Filter::parse(filter).map_err(|mistake| misuse("--filter", filter, &mistake))?,
            columns: columns.collect::<Result<_, _>>()?,
        })
    }
}

fn misuse(option: &str, text: &str, mistake: &Mistake) -> Misuse {
    Misuse(format!("{option}: {mistake}\n{}", mistake.marked(text)))
}

/// A packet, with these of its fields.
pub(in crate::cli) fn row(it: &Studied<'_>, columns: &[Column]) -> Row {
    let seen = it.seen();
    let [source, destination] = ends(&it.decoded);
    let named = |column: &Column| {
        let texts = column.texts(&seen).iter().map(|text| visible(text).into()).collect();
        (column.name().to_owned(), serde_json::Value::Array(texts))
    };
    Row {
        number: it.number,
        at_ns: it.held.at_ns,
        since_first_ns: it.since_first_ns(),
        interface: visible(seen.interface),
        source,
        destination,
        protocol: it.protocol(),
        length: it.held.length,
        captured: it.held.bytes.len(),
        info: visible(it.line()),
        marks: it.marks().filter(|mark| mark.stands_out()).map(|mark| mark.label()).collect(),
        comment: it.held.comment.as_deref().map(visible),
        fields: (!columns.is_empty()).then(|| columns.iter().map(named).collect()),
    }
}

/// The values of these fields as a line, apart by tabs.
pub(in crate::cli) fn values(it: &Studied<'_>, columns: &[Column]) -> String {
    let seen = it.seen();
    let texts = columns.iter().map(|column| visible(column.texts(&seen).join(",")));
    texts.collect::<Vec<_>>().join("\t") + "\n"
}

/// To which side each cell of a line goes.
pub(in crate::cli) const SIDES: [Side; 7] =
    [Side::Right, Side::Right, Side::Left, Side::Left, Side::Left, Side::Right, Side::Left];

impl Row {
    /// Number, time, source, destination, protocol, length, what it says.
    pub(in crate::cli) fn cells(self) -> Vec<String> {
        let at = since(self.since_first_ns);
        let [number, length] = [self.number, self.length].map(|it| it.to_string());
        vec![number, at, self.source, self.destination, self.protocol, length, self.info]
    }
}

/// `0.040000000`; a dash where there is no time.
pub(in crate::cli) fn since(ns: Option<i128>) -> String {
    ns.map_or_else(|| "-".to_owned(), |ns| seconds(ns, 9))
}
