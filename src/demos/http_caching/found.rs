//! What caching came to: a row for each request with what each cache did and why; hits, what the origin saw, what was stale or lost.
use super::cases::Case;
use super::play::{Row, Told};
use crate::demos::capture::capture;
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Cell, Fact, Recording, Step, Table, Time};
use crate::services::cache::Hop;

pub(super) fn found(recording: &Recording, cases: &[Case], told: &Told) -> Findings {
    let mut findings = Findings::default();
    let rows = told.0.borrow();
    numbers(&mut findings, recording, &rows);
    findings.table(table(cases, &rows));
    findings.steps(steps(recording, cases, &rows));
    for row in rows.iter() {
        let lane = format!("{:>2} {}", row.case + 1, visible(&cases[row.case].name));
        findings.span_at(&lane, format!("{}: {}", row.user, source(row)), row.at, row.until);
    }
    let first = |wanted: fn(&&Row) -> bool| rows.iter().find(wanted).map(|it| it.until);
    findings.mark_at(
        "first-hit",
        "the first answer from the user's own cache",
        first(|it| source(it) == PRIVATE),
        None,
    );
    findings.mark_at(
        "first-shared-hit",
        "the first answer from the shared cache",
        first(|it| source(it) == SHARED),
        None,
    );
    findings.mark_at("first-304", "the first 304", first(|it| it.saw.iter().any(|it| it.status == 304)), None);
    findings.mark_at("first-412", "the first 412: somebody else was faster", first(|it| it.status == 412), None);
    findings.mark_at("first-lost", "the first change that is lost", first(|it| it.lost), None);
    findings
}

const PRIVATE: &str = "from its own cache";
const SHARED: &str = "from the shared cache";
const ASKED: &str = "from the store, after asking";
const COVERED: &str = "from the store, instead of an error";
const ORIGIN: &str = "from the origin";
const REFUSED: &str = "refused by a cache";

/// Where an answer came from.
fn source(row: &Row) -> &'static str {
    let served = |hops: &[Hop]| hops.iter().any(|it| !it.behind && ["hit", "stale"].contains(&it.verdict));
    let held =
        |hops: &[Hop]| hops.iter().any(|it| !it.behind && it.answer.as_ref().is_some_and(|(status, _)| *status == 304));
    let refused = |hops: &[Hop]| hops.iter().any(|it| !it.behind && it.verdict == "refuse");
    match () {
        () if refused(&row.private) || refused(&row.shared) => REFUSED,
        () if served(&row.private) => PRIVATE,
        () if served(&row.shared) && !held(&row.private) => SHARED,
        () if row.status == 200 && (held(&row.private) || held(&row.shared)) => ASKED,
        () if row.status == 200 && broke(&row.shared) => COVERED,
        () => ORIGIN,
    }
}

/// Whether there was an error behind it.
fn broke(hops: &[Hop]) -> bool {
    hops.iter().any(|it| !it.behind && it.answer.as_ref().is_some_and(|(status, _)| *status >= 500 || *status == 0))
}

fn visible(text: &str) -> String {
    text.split(':').next().unwrap_or_default().to_owned()
}

fn numbers(findings: &mut Findings, recording: &Recording, rows: &[Row]) {
    let reads: Vec<&Row> = rows.iter().filter(|it| it.reads).collect();
    let from = |place: &str| reads.iter().filter(|it| source(it) == place).count();
    findings.count("requests", "requests by the users", rows.len(), "reads and writes");
    findings.count("reads", "of them reads", reads.len(), "GET");
    let mut share = |name: &str, label: &str, part: usize, whole: usize, how: &str| {
        if whole > 0 {
            findings.measure(name, label, Some(Quantity::share(part, whole)), format!("{part} of {whole}: {how}"));
        }
    };
    let (own, shared, asked) = (from(PRIVATE), from(SHARED), from(ASKED));
    // What the user's own cache refuses goes no further.
    let refused = reads.iter().filter(|it| source(it) == REFUSED && it.shared.is_empty()).count();
    share("private_hits", "reads answered by the user's own cache", own, reads.len(), "without asking anybody");
    share(
        "shared_hits",
        "reads that reached the shared cache and no further",
        shared,
        reads.len() - own - refused,
        "of those that left the client",
    );
    share("hit_ratio", "reads answered without the origin", own + shared, reads.len(), "both caches together");
    findings.count(
        "asked",
        "reads answered from a store after asking",
        asked,
        "with a 304: the body did not travel all the way",
    );
    let saw = || rows.iter().flat_map(|it| &it.saw);
    findings.count(
        "origin_requests",
        "requests the origin saw",
        saw().count(),
        "counted by the origin; those behind an answer as well",
    );
    findings.count(
        "not_modified",
        "of them answered 304",
        saw().filter(|it| it.status == 304).count(),
        "no body (RFC 9110 §15.4.5)",
    );
    findings.bytes("origin_bytes", "bodies the origin sent", saw().map(|it| it.bytes).sum(), "added up by the origin");
    findings.bytes(
        "client_bytes",
        "bodies the users got",
        reads.iter().map(|it| it.bytes).sum(),
        "added up by the users",
    );
    let wire: usize = capture(recording, "origin").iter().map(|it| it.packet.bytes.len()).sum();
    findings.bytes("wire_bytes", "in the origin's capture", wire, "all frames, both ways");
    let stale = reads.iter().filter(|it| it.versions.0 > 0 && it.versions.0 < it.versions.1).count();
    findings.count(
        "stale_served",
        "reads that got an old version",
        stale,
        "its version was not the origin's when it was asked for",
    );
    let lost = rows.iter().filter(|it| it.lost).count();
    findings.count("lost_updates", "changes that were lost", lost, "written over by somebody who had not read them");
    findings.count(
        "refused",
        "writes refused with 412",
        rows.iter().filter(|it| it.status == 412).count(),
        refusal(rows),
    );
    let slowest = reads.iter().map(|it| it.until - it.at).max();
    findings.time("slowest_read", "the slowest read took", slowest, "client to origin and back, with connecting");
    let hit = reads.iter().filter(|it| source(it) == SHARED).map(|it| it.until - it.at).min();
    findings.time("shared_hit_time", "a read from the shared cache took", hit, "1 RTT to the shared cache");
}

/// Why writes were refused: what they named was another version, or a weak ETag, which names none.
fn refusal(rows: &[Row]) -> String {
    let refused = || rows.iter().filter(|it| it.status == 412);
    let weak = refused().filter(|it| it.names_weak()).count();
    let strong = refused().count() - weak;
    let other = "If-Match named another version (RFC 9110 §13.1.1)";
    let never = "If-Match named a weak ETag, which matches nothing: it compares strongly (RFC 9110 §13.1.1, §8.8.3.2)";
    match (strong, weak) {
        (_, 0) => other.to_owned(),
        (0, _) => never.to_owned(),
        _ => format!("{strong}: {other}; {weak}: {never}"),
    }
}

/// What a cache did, in a line.
fn did(hops: &[Hop]) -> String {
    let line = |it: &Hop| {
        let kept = it.answer.as_ref().map(|(status, why)| format!("; got {status}: {why}")).unwrap_or_default();
        let behind = if it.behind { "behind the answer: " } else { "" };
        format!("{behind}{}: {}{kept}", it.verdict, it.why)
    };
    if hops.is_empty() { "not asked".to_owned() } else { hops.iter().map(line).collect::<Vec<_>>().join(" | ") }
}

fn saw(row: &Row) -> String {
    let line = |it: &super::origin::SawOne| format!("{} -> {}", it.request, it.status);
    if row.saw.is_empty() { "nothing".to_owned() } else { row.saw.iter().map(line).collect::<Vec<_>>().join(" | ") }
}

fn table(cases: &[Case], rows: &[Row]) -> Table {
    let columns = [
        ("case", "case"),
        ("about", "about"),
        ("who", "who"),
        ("asked", "asked"),
        ("clock_ns", "clocks moved by"),
        ("private", "the user's cache"),
        ("shared", "the shared cache"),
        ("origin", "the origin saw"),
        ("status", "got"),
        ("age", "Age"),
        ("from", "where from"),
    ];
    let mut table = Table::new("requests", "every request, and what was done for it", &columns);
    for row in rows {
        table.row(
            None,
            vec![
                Cell::Value(Quantity::count(row.case + 1)),
                Cell::text(&cases[row.case].name),
                Cell::text(row.user),
                Cell::text(&row.asked),
                Cell::Value(Quantity::new(
                    i64::try_from(row.clock).unwrap_or(i64::MAX).saturating_mul(1_000_000_000),
                    Unit::Nanoseconds,
                )),
                Cell::text(did(&row.private)),
                Cell::text(did(&row.shared)),
                Cell::text(saw(row)),
                Cell::text(row.status),
                if row.age.is_empty() { Cell::Empty } else { Cell::text(&row.age) },
                Cell::text(source(row)),
            ],
        );
    }
    table
}

/// A row for each case, and under it one for each request.
fn steps(recording: &Recording, cases: &[Case], rows: &[Row]) -> Vec<Step> {
    let node = recording.node("client").unwrap_or_default();
    let mut steps = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let of: Vec<&Row> = rows.iter().filter(|it| it.case == number).collect();
        let (Some(first), Some(last)) = (of.first(), of.last()) else { continue };
        let fields: Vec<String> = case.rules.fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let facts = vec![
            Fact::list("origin_says", fields),
            Fact::text("etag", format!("{:?}", case.rules.etag).to_lowercase()),
            Fact::quantity("requests", Quantity::count(of.len())),
        ];
        let title = format!("{}. {}", number + 1, case.name);
        let why = "what the origin says about its answers, and then the requests, one after another".to_owned();
        steps.push(Step {
            at: first.at,
            until: last.until,
            node,
            depth: 0,
            kind: "case".to_owned(),
            title,
            facts,
            why,
            packets: Vec::new(),
        });
        steps.extend(of.into_iter().map(|row| step(recording, node, row)));
    }
    steps
}

fn step(recording: &Recording, node: usize, row: &Row) -> Step {
    let mut facts = vec![
        Fact::text("private_cache", did(&row.private)),
        Fact::text("shared_cache", did(&row.shared)),
        Fact::text("origin_saw", saw(row)),
        Fact::quantity("took", Quantity::time(row.until - row.at)),
        Fact::quantity("body", Quantity::bytes(row.bytes)),
    ];
    if row.clock > 0 {
        facts.insert(0, Fact::text("clocks_moved", format!("{} s since the case began", row.clock)));
    }
    for (name, value) in [("age", &row.age), ("etag", &row.etag)] {
        if !value.is_empty() {
            facts.push(Fact::text(name, value.clone()));
        }
    }
    let title = format!("{}: {} -> {} {}", row.user, row.asked, row.status, source(row));
    let kind = source(row).rsplit(' ').next().unwrap_or_default();
    Step {
        at: row.at,
        until: row.until,
        node,
        depth: 1,
        kind: kind.to_owned(),
        title,
        facts,
        why: why(row),
        packets: within(recording, row.at, row.until),
    }
}

fn why(row: &Row) -> String {
    let deciding = row.shared.iter().chain(&row.private).find(|it| !it.behind);
    let first = row.private.first().map(|it| it.why.clone()).unwrap_or_default();
    let mut why = deciding.map_or(first, |it| it.why.clone());
    if row.lost {
        why.push_str(". This write is over a version its writer had not read: that change is lost; If-Match would have told (RFC 9110 §13.1.1)");
    }
    if row.status == 412 && row.names_weak() {
        why.push_str(
            ". The write named a weak ETag: If-Match compares strongly, and a weak one never matches (RFC 9110 §8.8.3.2)",
        );
    }
    if row.versions.0 > 0 && row.versions.0 < row.versions.1 {
        why.push_str(". What was served is an old version, which the rules allow");
    }
    why
}

/// Nobody else talks meanwhile: all that began in that time.
fn within(recording: &Recording, at: Time, until: Time) -> Vec<u32> {
    recording.packets.iter().filter(|it| it.at >= at && it.at <= until).map(|it| it.n).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};
    use crate::recording::Recording;

    fn played(settings: &[(&str, &str)]) -> Recording {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        run("http-caching", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
    }

    fn value(recording: &Recording, name: &str) -> i64 {
        recording.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value
    }

    #[test]
    fn every_case_goes_as_its_rule_says() {
        let run = played(&[]);
        let table = run.table("requests").expect("a table");
        let column = |name: &str| table.columns.iter().position(|it| it.name == name).expect("a column");
        let (about, status, from) = (column("about"), column("status"), column("from"));
        let mut told = String::new();
        let mut last = String::new();
        for row in &table.rows {
            let name = row.cells[about].to_string();
            if name != last {
                told.push_str(&format!("\n{name}\n   "));
                last = name;
            }
            let place = row.cells[from].to_string().replace("from ", "").replace("the ", "").replace("its ", "");
            told.push_str(&format!(" {} {place};", row.cells[status]));
        }
        insta::assert_snapshot!("cases", told);
    }

    #[test]
    fn if_match_keeps_every_change_and_without_it_one_is_lost() {
        let one = |more: &[(&str, &str)]| played(&[&[("cases", "one")], more].concat());
        let (careful, careless) = (one(&[]), one(&[("if-match", "off")]));
        assert_eq!((value(&careful, "lost_updates"), value(&careful, "refused")), (0, 1));
        assert_eq!((value(&careless, "lost_updates"), value(&careless, "refused")), (1, 0));
    }

    #[test]
    fn nothing_private_is_served_by_the_shared_cache() {
        for control in ["private, max-age=60", "no-store"] {
            let run = played(&[("cases", "one"), ("cache-control", control)]);
            assert_eq!(value(&run, "shared_hits"), 0, "{control}");
        }
        let run = played(&[("cases", "one"), ("authorization", "on")]);
        assert_eq!(value(&run, "shared_hits"), 0);
        let public = played(&[("cases", "one"), ("authorization", "on"), ("cache-control", "public, max-age=60")]);
        assert!(value(&public, "shared_hits") > 0);
    }
}
