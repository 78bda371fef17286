//! The calls as rows, and their numbers: what mutual TLS costs, who was let in, who was told what and when.
use super::script::{Call, End, Seen};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::quantity::Quantity;
use crate::recording::{Fact, Recording, Step, Time};
use crate::services::mutual::{Heard, Met};

struct Rows<'a> {
    node: usize,
    sights: Vec<Sight<'a>>,
    seen: &'a Seen,
}

pub(super) fn found(recording: &Recording, seen: &Seen, knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let rows = Rows { node: recording.node("caller").unwrap_or_default(), sights: capture(recording, "caller"), seen };
    costs(&mut findings, &rows);
    outcomes(&mut findings, seen);
    let mut steps: Vec<Step> = seen.plain.iter().map(|it| rows.plain(it)).collect();
    for (call, number) in seen.calls.iter().zip(1..) {
        steps.extend(rows.changes_before(call, number));
        steps.push(rows.call(call, number, knobs));
    }
    for row in &steps {
        let ends = row.packets.first().copied().zip(row.packets.last().copied());
        findings.span_of("caller", row.title.clone(), (row.at, row.until), ends);
    }
    marks(&mut findings, &rows);
    findings.steps(steps);
    findings
}

/// What it costs to prove who one is: the first call beside the one where nobody asks.
fn costs(findings: &mut Findings, rows: &Rows<'_>) {
    let pairs = [
        ("plain", "where nobody asks who calls", &rows.seen.plain),
        ("mutual", "with mutual TLS", &rows.seen.calls.first().cloned()),
    ];
    for (name, words, call) in pairs {
        let Some(call) = call else { continue };
        let shaken = call.shaken.and_then(|it| Some(it - call.connected?));
        let how = "TCP open until the caller takes the handshake for done: 1 RTT with TLS 1.3, 2 with 1.2, with and without a \
                   certificate of the caller (RFC 8446 §2, RFC 5246 §7.3)";
        findings.time(&format!("{name}_handshake_time"), &format!("the handshake, {words}"), shaken, how);
        let bytes = |sent: bool| rows.of(call).filter(|it| it.sent == sent).map(|it| it.data()).sum();
        let how = "TCP payload of the whole call on the caller's side";
        findings.bytes(&format!("{name}_sent_bytes"), &format!("the caller sends, {words}"), bytes(true), how);
        findings.bytes(&format!("{name}_received_bytes"), &format!("it receives, {words}"), bytes(false), how);
    }
}

fn outcomes(findings: &mut Findings, seen: &Seen) {
    let calls = &seen.calls;
    let status = |wanted: u16| calls.iter().filter(|it| it.outcome.as_ref().is_ok_and(|(it, _)| *it == wanted)).count();
    findings.count("calls", "calls", calls.len(), "each on a connection of its own, with a full handshake");
    findings.count("answered", "of them answered (200)", status(200), "the identity may call /charge");
    findings.count("forbidden", "of them forbidden (403)", status(403), "the identity is proven, and may not");
    let failed = calls.iter().filter(|it| it.outcome.is_err()).count();
    findings.count("failed", "of them without an answer", failed, "an alert of one end or the other");
    let told = calls.iter().find(|it| it.outcome.is_err()).filter(|it| it.shaken.is_some());
    let told = told.and_then(|it| Some(it.ended - it.shaken?));
    let how = "from where the caller takes the handshake for done until the alert is in: 1 RTT (RFC 8446 §4.4.2.4)";
    findings.time("told_time", "the caller learns late, after", told, how);
    let refused = |log: &[Heard]| log.iter().filter(|it| it.met == Met::Refused).count();
    let how = "no handshake, and the alert was its own";
    findings.count("service_refused", "connections the service refused", refused(&seen.service.borrow()), how);
    if !seen.gateway.borrow().is_empty() {
        findings.count("gateway_refused", "connections the gateway refused", refused(&seen.gateway.borrow()), how);
    }
    let own = calls.iter().filter(|it| it.refused == Some(End::Caller)).count();
    findings.count("caller_refused", "connections the caller refused", own, "it did not believe what it was shown");
}

impl<'a> Rows<'a> {
    /// The packets of a call.
    fn of(&self, call: &Call) -> impl Iterator<Item = &Sight<'a>> {
        let (local, from) = (call.local, call.began);
        let until = call.ended + std::time::Duration::from_millis(900);
        self.sights.iter().filter(move |it| {
            let ours = |it: &Sight<'_>| {
                it.tcp().is_some_and(|segment| Some(if it.sent { segment.from } else { segment.to }) == local)
            };
            (from..=until).contains(&it.at) && it.tcp().is_some() && (local.is_none() || ours(it))
        })
    }

    fn row(&self, kind: &str, call: &Call, title: String, mut facts: Vec<Fact>, why: &str) -> Step {
        if let Some(shaken) = call.shaken.and_then(|it| Some(it - call.connected?)) {
            facts.insert(0, Fact::quantity("handshake", Quantity::time(shaken)));
        }
        Step {
            at: call.began,
            until: call.ended,
            node: self.node,
            depth: 0,
            kind: kind.to_owned(),
            title,
            facts,
            why: why.to_owned(),
            packets: self.of(call).map(|it| it.packet.n).collect(),
        }
    }

    fn plain(&self, call: &Call) -> Step {
        let why = "The server proves who it is, the caller nothing: whoever reaches the port may call. This is what the others are \
                   compared with.";
        self.row("plain", call, "a call where nobody asks who calls".to_owned(), said(call), why)
    }

    fn call(&self, call: &Call, number: usize, knobs: &Knobs) -> Step {
        let mut facts = said(call);
        let log = |log: &[Heard]| {
            log.iter()
                .filter(|it| (call.began..=call.ended + std::time::Duration::from_millis(900)).contains(&it.at))
                .map(|it| it.text.clone())
                .collect::<Vec<_>>()
        };
        let heard = log(&self.seen.service.borrow());
        let gateway = log(&self.seen.gateway.borrow());
        facts.push(Fact::list("service_heard", heard));
        if !gateway.is_empty() {
            facts.push(Fact::list("gateway_heard", gateway));
        }
        let (kind, title, why) = match (&call.outcome, call.shaken) {
            (Ok((200, _)), _) => (
                "answered",
                "answered",
                if knobs.is_on("forged") && knobs.choice("gateway") == "appends" { FORGED } else { ANSWERED },
            ),
            (Ok((status, _)), _) => {
                return self.row(
                    "forbidden",
                    call,
                    format!("call {number}: {status}, known and not allowed"),
                    facts,
                    FORBIDDEN,
                );
            }
            (Err(_), shaken) => broken(call.refused, shaken.is_some()),
        };
        self.row(kind, call, format!("call {number}: {title}"), facts, why)
    }

    /// Who changed between the call before and this one.
    fn changes_before(&self, call: &Call, number: usize) -> Vec<Step> {
        let from = number.checked_sub(2).and_then(|it| self.seen.calls.get(it)).map_or(Time::ZERO, |it| it.ended);
        let row = |(at, text): &(Time, String)| Step {
            at: *at,
            until: *at,
            node: self.node,
            depth: 0,
            kind: "change".to_owned(),
            title: text.clone(),
            facts: vec![Fact::text("service", call.stages.0.says()), Fact::text("caller", call.stages.1.says())],
            why: CHANGE.to_owned(),
            packets: Vec::new(),
        };
        self.seen.changes.iter().filter(|it| (from..=call.began).contains(&it.0)).map(row).collect()
    }
}

/// How a call without an answer ended: kind, title, reason.
const fn broken(refused: Option<End>, shaken: bool) -> (&'static str, &'static str, &'static str) {
    match (refused, shaken) {
        (Some(End::Caller), _) => ("refused", "the caller refuses, within the handshake", DISBELIEVED),
        (Some(End::Other), true) => ("refused", "refused, after the caller took the handshake for done", LATE),
        (Some(End::Other), false) => ("refused", "refused within the handshake", WITHIN),
        (None, _) => ("refused", "no answer, and no alert", SILENT),
    }
}

const ANSWERED: &str = "The certificate proves the identity, its URI; the rule lets that identity call this path. Network and address \
                        play no part in it.";
const FORGED: &str = "The gateway appends to a field that the caller wrote, and the service reads its first element: the caller chose who it \
                      is. A gateway must replace the field (Envoy: SANITIZE_SET), or the service must count from the right.";
const FORBIDDEN: &str = "Proven, and not allowed: an answer of HTTP, not an alert. TLS says who somebody is; what it may do is the \
                         service's own rule.";
const LATE: &str = "In TLS 1.3 the caller sends its certificate last, with its Finished, and may send its request right behind: it \
                    learns of the refusal 1 RTT later, on its first read (RFC 8446 §4.4.2.4). Whoever only connects, as a health check \
                    does, takes the connection for good.";
const WITHIN: &str =
    "In TLS 1.2 the caller waits for the server's Finished, so the alert comes within the handshake (RFC 5246 §7.3).";
const DISBELIEVED: &str = "The caller finds no way from the certificate it is shown to an authority it trusts: it breaks off with an alert \
                           before it has shown its own certificate or sent a request (RFC 8446 §4.4.2.2, RFC 5246 §7.2.2). The other end \
                           hears the alert and nothing else.";
const SILENT: &str =
    "The connection ended without a word of TLS about it: the network or one of the programs ended it.";
const CHANGE: &str = "An authority is replaced in three steps: first all trust both, then all get certificates of the new, then the old \
                      goes. Each step may take days: with both trusted any order works.";

/// What the caller got.
fn said(call: &Call) -> Vec<Fact> {
    match &call.outcome {
        Ok((status, text)) => vec![Fact::text("status", status.to_string()), Fact::text("says", text.clone())],
        Err(why) => vec![Fact::text("error", why.clone())],
    }
}

fn marks(findings: &mut Findings, rows: &Rows<'_>) {
    let Some(first) = rows.seen.calls.first() else { return };
    let last = rows.of(first).filter(|it| it.sent && first.shaken.is_some_and(|at| it.at >= at) && it.data() > 0);
    findings.mark(
        "client-flight",
        "the caller's certificate, its signature and Finished go out",
        last.min_by_key(|it| it.at),
    );
    let at = first.outcome.is_ok().then_some(first.ended);
    findings.mark_at("answered", "the first call is answered", at, None);
    let failed = rows.seen.calls.iter().find(|it| it.outcome.is_err());
    let label = match failed.and_then(|it| it.refused) {
        Some(End::Caller) => "the caller refuses what it is shown",
        _ => "the caller learns that it is refused",
    };
    findings.mark_at("told", label, failed.map(|it| it.ended), None);
    for (at, text) in &rows.seen.changes {
        findings.mark_at("change", text, Some(*at), None);
    }
}
