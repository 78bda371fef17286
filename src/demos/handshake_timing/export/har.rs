//! HAR 1.2 (HTTP Archive, <https://w3c.github.io/web-performance/specs/HAR/Overview.html>): an entry for each visit, each part of it in
//! the field that HAR has for it.
//!
//! ```text
//! blocked   dns   connect (with ssl in it)   send   wait   receive      all but ssl add up to the entry's time
//! ```
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::recording::{Recording, Row, Span, Step, Table, Time, Value as Known};
use crate::services::http::StatusCode;
use crate::services::visit::Page;

/// What HAR says of a part that there was not.
const NONE: f64 = -1.0;

/// The archive of a run's visits.
pub(super) fn har(run: &Recording) -> String {
    let table = run.table("visits");
    let rows = table.map_or(&[][..], |it| &it.rows);
    let entries: Vec<Value> = (1..).zip(rows).filter_map(|(number, row)| entry(run, table?, row, number)).collect();
    let document = json!({
        "log": {
            "version": "1.2",
            "creator": { "name": "Roundtrip", "version": env!("CARGO_PKG_VERSION") },
            "entries": entries,
            "comment": comment(run),
        }
    });
    serde_json::to_string_pretty(&document).expect("a document of texts and numbers") + "\n"
}

fn comment(run: &Recording) -> String {
    let which = match &run.run.live {
        Some(live) => format!("live, {}", live.host.as_deref().unwrap_or("a server of the run's own on loopback")),
        None => format!("in the lab, seed {}", run.run.seed),
    };
    format!("handshake-timing, {which}; request fields are not kept")
}

fn entry(run: &Recording, table: &Table, row: &Row, number: usize) -> Option<Value> {
    let cell = |name: &str| {
        let place = table.columns.iter().position(|it| it.name == name)?;
        Some(row.cells.get(place)?.to_string()).filter(|it| !it.is_empty())
    };
    let page: Page = cell("page")?.parse().ok()?;
    let lane = format!("visit {number}");
    let spans: Vec<&Span> = run.spans.iter().filter(|it| it.lane == lane).collect();
    let began = spans.iter().map(|it| it.from).min()?;
    let (timings, time) = timings(&spans, began);
    let answer = spans.iter().find(|it| it.name == "request and first byte");
    let wait = answer.and_then(|it| run.steps.iter().find(|step| step.kind == "wait" && step.at == it.from));
    let version = cell("http").unwrap_or_else(|| "unknown".to_owned());
    let mut entry = json!({
        "startedDateTime": started(&cell("began")?),
        "time": time,
        "request": {
            "method": "GET", "url": page.to_string(), "httpVersion": version, "cookies": [], "headers": [],
            "queryString": query(&page.path), "headersSize": -1, "bodySize": 0,
        },
        "response": response(&version, cell("status"), wait, run, &lane),
        "cache": {},
        "timings": timings,
    });
    if let Some(peer) = cell("address").and_then(|it| it.parse::<SocketAddr>().ok()).filter(|_| cell("proxy").is_none())
    {
        entry["serverIPAddress"] = peer.ip().to_string().into();
    }
    if let Some(trouble) = cell("trouble") {
        entry["comment"] = trouble.into();
    }
    Some(entry)
}

/// Milliseconds of each part, and of all. What lies between two parts is this program's own work: before the connection was open it
/// blocked the request, after that it is sending's.
fn timings(spans: &[&Span], began: Time) -> (Value, f64) {
    let end = spans.iter().map(|it| it.to).max().unwrap_or(began);
    let part = |name: &str| spans.iter().find(|it| it.name == name);
    // A part that had no end is where the time went.
    let unended = |name: &str| spans.iter().find(|it| it.name.strip_suffix(": no end") == Some(name));
    let took = |name: &str| part(name).or_else(|| unended(name)).map(|it| (it.from, it.to));
    let wait = took("request and first byte");
    let asked = wait.map_or(end, |it| it.0);
    let nanos = |it: Option<(Time, Time)>| it.map(|(from, to)| (to.0 - from.0, from));
    let dns = nanos(took("DNS"));
    // Early data: the handshake goes on beside the request, and blocks nothing.
    let before = |it: Option<(Time, Time)>| it.filter(|(_, to)| *to <= asked);
    let keys = nanos(before(took("TLS")).or_else(|| before(took("QUIC"))));
    let ways = [before(took("TCP")), before(took("proxy")), before(took("TLS")), before(took("QUIC"))];
    let connect =
        ways.iter().flatten().fold(None, |sum: Option<u64>, (from, to)| Some(sum.unwrap_or(0) + to.0 - from.0));
    let open = ways.iter().flatten().map(|(_, to)| *to).max();
    let receive = nanos(took("body")).map_or(0, |it| it.0);
    let wait = nanos(wait).map_or(0, |it| it.0);
    let sending = open.map_or(0, |open| asked.0.saturating_sub(open.0));
    let sending = if part("request and first byte").is_some() { sending } else { 0 };
    let known = dns.map_or(0, |it| it.0) + connect.unwrap_or(0) + sending + wait + receive;
    let total = end.0 - began.0;
    let ms = |nanos: u64| nanos as f64 / 1e6;
    let maybe = |nanos: Option<u64>| nanos.map_or(NONE, ms);
    let timings = json!({
        "blocked": ms(total.saturating_sub(known)),
        "dns": maybe(dns.map(|it| it.0)),
        "connect": maybe(connect),
        "ssl": maybe(keys.map(|it| it.0)),
        "send": ms(sending),
        "wait": ms(wait),
        "receive": ms(receive),
    });
    (timings, ms(total.max(known)))
}

fn response(version: &str, status: Option<String>, wait: Option<&Step>, run: &Recording, lane: &str) -> Value {
    let code = status.and_then(|it| it.parse::<u16>().ok());
    let fields: Vec<(&str, &str)> = wait.map_or_else(Vec::new, fields);
    let field = |name: &str| fields.iter().find(|it| it.0.eq_ignore_ascii_case(name)).map_or("", |it| it.1);
    let body = body(run, wait, lane);
    let words = code.and_then(|it| StatusCode::from_u16(it).ok()).and_then(|it| it.canonical_reason());
    let kind = field("content-type");
    json!({
        // HAR has no word for "none came"; browsers write 0.
        "status": code.unwrap_or(0),
        "statusText": words.unwrap_or(""),
        "httpVersion": version,
        "cookies": [],
        "headers": fields.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "content": { "size": body, "mimeType": if kind.is_empty() { "application/octet-stream" } else { kind } },
        "redirectURL": field("location"),
        "headersSize": -1,
        "bodySize": body,
    })
}

/// The fields that the row of the answer lists.
fn fields(wait: &Step) -> Vec<(&str, &str)> {
    let lines = wait.facts.iter().find_map(|it| match &it.value {
        Known::List(lines) if it.name == "fields" => Some(lines),
        _ => None,
    });
    lines.into_iter().flatten().filter_map(|it| it.split_once(": ")).collect()
}

/// Bytes of the body: what came with the head, or what the row of the body counts.
fn body(run: &Recording, wait: Option<&Step>, lane: &str) -> i64 {
    let bytes = |step: &Step| {
        step.facts.iter().find_map(|it| match it.value {
            Known::Quantity(it) if it.unit == crate::quantity::Unit::Bytes => Some(it.value),
            _ => None,
        })
    };
    let own = run.spans.iter().find(|it| it.lane == lane && it.name == "body");
    let row = own.and_then(|span| run.steps.iter().find(|it| it.kind == "body" && it.at == span.from));
    row.and_then(bytes).or_else(|| wait.and_then(bytes)).unwrap_or(0)
}

/// `2026-01-01 12:00:00 UTC` as RFC 3339 writes it.
fn started(text: &str) -> String {
    text.trim_end_matches(" UTC").replace(' ', "T") + "Z"
}

fn query(path: &str) -> Vec<Value> {
    let query = path.split_once('?').map_or("", |it| it.1);
    let pairs = query.split('&').filter(|it| !it.is_empty());
    pairs
        .map(|it| {
            let (name, value) = it.split_once('=').unwrap_or((it, ""));
            json!({ "name": name, "value": value })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use crate::demos::{Setup, export, run};

    fn entries(settings: &[(&str, &str)]) -> Vec<Value> {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
        let run = run("handshake-timing", &settings, &Setup::default()).expect("it runs");
        let text = export::write("har", &run).expect("it gives one");
        let har: Value = serde_json::from_str(&text).expect("JSON");
        har["log"]["entries"].as_array().expect("a list").clone()
    }

    fn timing(entry: &Value) -> [f64; 7] {
        ["blocked", "dns", "connect", "ssl", "send", "wait", "receive"]
            .map(|it| entry["timings"][it].as_f64().expect(it))
    }

    #[test]
    fn each_part_stands_where_har_has_it_and_ssl_is_in_connect() {
        // RTT 80 ms, the resolver 20 ms away.
        for (settings, expected) in [
            (&[][..], [0.0, 20.0, 160.0, 80.0, 0.0, 80.0, 0.0]),
            (&[("tls", "1.2")], [0.0, 20.0, 240.0, 160.0, 0.0, 80.0, 0.0]),
            (&[("tls", "none"), ("http", "1.1")], [0.0, 20.0, 80.0, -1.0, 0.0, 80.0, 0.0]),
            (&[("http", "3")], [0.0, 20.0, 80.0, 80.0, 0.0, 80.0, 0.0]),
            (&[("think", "100ms"), ("size", "60kB")], [0.0, 20.0, 160.0, 80.0, 0.0, 180.0, 160.0]),
        ] {
            let all = entries(settings);
            assert_eq!(all.len(), 1);
            let found = timing(&all[0]);
            assert_eq!(found, expected, "{settings:?}");
            let sum: f64 = found.iter().enumerate().filter(|(at, it)| *at != 3 && **it > 0.0).map(|(_, it)| it).sum();
            assert_eq!(all[0]["time"].as_f64(), Some(sum), "{settings:?}: the parts add up");
        }
    }

    #[test]
    fn early_data_leaves_no_time_for_keys_and_two_visits_are_two_entries() {
        let all = entries(&[("session", "0-rtt")]);
        assert_eq!(all.len(), 2);
        assert_eq!(timing(&all[1]), [0.0, 20.0, 80.0, -1.0, 0.0, 80.0, 0.0]);
        assert_eq!(all[0]["startedDateTime"], "2026-01-01T12:00:00Z");
        assert_eq!(all[0]["response"]["content"]["size"], 1000);
        let answer = &all[1]["response"];
        assert_eq!((answer["status"].as_u64(), answer["statusText"].as_str()), (Some(200), Some("OK")));
        assert_eq!(answer["content"]["mimeType"], "application/octet-stream");
    }
}
