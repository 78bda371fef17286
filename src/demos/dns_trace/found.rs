//! What a resolution came to: its rows, bars, markers and numbers.
use std::time::Duration;

use super::{Seen, encrypted};
use crate::demos::capture::{Sight, capture, resent};
use crate::demos::findings::Findings;
use crate::demos::name_servers::rows;
use crate::quantity::Quantity;
use crate::recording::{Cell, Recording, Step, Table};
use crate::services::dns::resolver::{self, Agreement, Came, Kind, Outcome, Resolution, Survey, Word};
use crate::services::dns::{RecordType, Transport};
use crate::wire::text::visible_start;

pub(super) fn found(recording: &Recording, seen: &Seen, near: Duration) -> Findings {
    let mut findings = Findings::default();
    findings.mark_at("question", "the client asks its resolver", Some(seen.asked), None);
    if let Some(answered) = seen.answered {
        findings.mark_at("client-answer", &gets(&seen.outcome), Some(answered), None);
        findings.span_at("0 client", "question to answer".to_owned(), seen.asked, answered);
        let how = match seen.encrypted.opened {
            Some(_) => "TCP 1 RTT to the resolver, TLS 1.3 1, the question 1, and the resolver's own search",
            None => "the client's question out to its answer in: 1 RTT to the resolver, and the resolver's own search",
        };
        findings.time("total_time", "the client waited", Some(answered - seen.asked), how);
    }
    let sights = capture(recording, "resolver");
    let node = recording.node("resolver").unwrap_or_default();
    let (before, after) = encrypted::found(&mut findings, recording, seen);
    findings.steps(before);
    if let Some(resolution) = &seen.resolution {
        let rows = rows::rows(&resolution.steps, node, &sights);
        rows::mark(&mut findings, &rows);
        numbers(&mut findings, resolution);
        // What the resolver does is a part of the client's question.
        let deeper = u8::from(seen.encrypted.opened.is_some());
        findings.steps(rows.into_iter().map(|row| Step { depth: row.depth.saturating_add(deeper), ..row }).collect());
    } else {
        findings.count("queries", "queries to servers", 0, "the client's question never came to its resolver");
    }
    findings.steps(after);
    clients(&mut findings, recording, seen, near);
    if let Some(survey) = &seen.survey {
        compare(&mut findings, survey, rows::rows(&survey.steps, node, &sights));
    }
    findings
}

/// What the client's answer is, when it is more than records.
fn gets(outcome: &str) -> String {
    let code = outcome.split(',').next().unwrap_or_default();
    let is_error = code != "NOERROR" && !code.is_empty() && code.bytes().all(|it| it.is_ascii_uppercase());
    if is_error { format!("the client gets {code}") } else { "the client has its answer".to_owned() }
}

/// What the first answer cost the client.
fn clients(findings: &mut Findings, recording: &Recording, seen: &Seen, near: Duration) {
    let Some(answered) = seen.answered else { return };
    let sights = capture(recording, "client");
    let within = |it: &&Sight<'_>| it.sent && (seen.asked..=answered).contains(&it.at);
    let questions = sights.iter().filter(within).filter(|it| it.udp().is_some()).count();
    let lost = questions > 1 || resent(&sights).is_some();
    if questions > 1 {
        let how =
            "its stub repeats a question after 1 s; each begins a search, and the rows are of the one that ended first";
        findings.count("client_questions", "the client asked, times", questions, how);
    }
    let search = seen.resolution.as_ref().map_or(Duration::ZERO, |it| it.ended - it.began);
    let own = (answered - seen.asked).saturating_sub(search);
    // A client that had to repeat its question waited for its clock, too.
    if !near.is_zero() && !lost {
        let trips = (own + near / 2).as_nanos() / near.as_nanos();
        let how = "what the client waited without the resolver's search, divided by the round trip between the two";
        findings.count("client_round_trips", "the client's round trips", usize::try_from(trips).unwrap_or(0), how);
    }
    let bytes = |sent: bool| {
        let on_the_way = sights.iter().filter(|it| it.sent == sent && (seen.asked..=answered).contains(&it.at));
        on_the_way.map(|it| it.packet.bytes.len()).sum::<usize>()
    };
    let how = "whole Ethernet frames until the first answer was in";
    findings.bytes("client_sent_bytes", "the client sent", bytes(true), how);
    findings.bytes("client_received_bytes", "the client received", bytes(false), how);
}

/// The numbers of a resolution.
pub(super) fn numbers(findings: &mut Findings, it: &Resolution) {
    let how = "from the question at the resolver to its answer: the round trips to the servers, one after the other";
    findings.time("resolver_time", "the resolver searched for", Some(it.ended - it.began), how);
    counts(findings, &it.steps);
    keys(findings, it);
    outcome(findings, &it.outcome);
}

/// How many servers were asked, and what it took.
pub(super) fn counts(findings: &mut Findings, steps: &[resolver::Step]) {
    let asked: Vec<&resolver::Step> = steps.iter().filter(|step| step.server.is_some()).collect();
    findings.count("queries", "queries to servers", asked.len(), "each a row with a server");
    let over_tcp = |step: &&&resolver::Step| step.server.as_ref().is_some_and(|it| it.transport == Transport::Tcp);
    let tcp = asked.iter().filter(over_tcp).count();
    let how = "one for each query, and one more for the handshake of each over TCP, when nothing is lost";
    findings.count("round_trips", "round trips", asked.len() + tcp, how);
    let side = asked.iter().filter(|step| step.depth > 0).count();
    findings.count(
        "side_queries",
        "of them for a server's address",
        side,
        "a server named without glue is looked up first",
    );
    let longest = asked.iter().map(|step| step.took()).max();
    findings.time(
        "slowest_step",
        "the slowest step took",
        longest,
        "one query out to its answer in, or the end of waiting",
    );
    let waited: Duration = asked.iter().map(|step| step.took()).sum();
    findings.time("servers_time", "waiting for servers", Some(waited), "all of these steps added up");
    let (sent, received) = bytes(&asked);
    findings.bytes("query_bytes", "DNS bytes sent to servers", sent, "messages, without the headers below");
    findings.bytes("answer_bytes", "DNS bytes received from them", received, "messages, without the headers below");
}

/// Bytes of DNS messages: sent, received.
fn bytes(steps: &[&resolver::Step]) -> (usize, usize) {
    let servers = steps.iter().filter_map(|step| step.server.as_ref());
    servers.fold((0, 0), |(sent, received), it| (sent + it.sent, received + it.received))
}

/// What the chain of trust cost, where signatures were checked.
fn keys(findings: &mut Findings, it: &Resolution) {
    let checks = it.steps.iter().filter(|step| matches!(step.kind, Kind::Checked(_))).count();
    if checks == 0 {
        return;
    }
    let for_keys = |step: &&resolver::Step| {
        let kind = matches!(step.question.kind, RecordType::DNSKEY | RecordType::DS);
        kind && step.server.is_some() && step.question != it.question
    };
    let more: Vec<&resolver::Step> = it.steps.iter().filter(for_keys).collect();
    let how = "queries for DNSKEY and DS records, which nobody asked for but the check itself";
    findings.count("dnssec_queries", "of them for keys", more.len(), how);
    let time: Duration = more.iter().map(|step| step.took()).sum();
    findings.time("dnssec_time", "waiting for keys", Some(time), "these queries out to their answers in, added up");
    let (sent, received) = bytes(&more);
    let how = "messages of these queries, both ways; signatures in the other answers come on top";
    findings.bytes("dnssec_bytes", "DNS bytes for keys", sent + received, how);
    let how = "each one computation with the signer's public key (RFC 4035 §5.3)";
    findings.count("signatures", "signatures checked", it.signatures, how);
    findings.count("checks", "links of the chain that were checked", checks, "each a row: secure, insecure or bogus");
}

fn outcome(findings: &mut Findings, outcome: &Outcome) {
    let (records, ttl) = match outcome {
        Outcome::Answer(records) => (records.as_slice(), records.iter().map(|it| it.ttl).min()),
        Outcome::NoData { aliases, soa } | Outcome::NoName { aliases, soa } => {
            (aliases.as_slice(), soa.as_ref().map(|it| it.ttl))
        }
        Outcome::Failed(_) => return,
    };
    findings.count("records", "records of the answer", records.len(), "aliases on the way are counted");
    let ttl = ttl.map(|ttl| Quantity::time(Duration::from_secs(ttl.into())));
    let how =
        "the least TTL of its records; of a negative answer the lesser of the SOA's TTL and MINIMUM (RFC 2308 §5)";
    findings.measure("ttl", "the answer may be kept for", ttl, how);
}

/// Texts are the network's: none needs more room.
const LONGEST: usize = 300;

/// A row for each server of each zone.
fn table(survey: &Survey) -> Table {
    let columns = [
        ("zone", "zone"),
        ("agree", "agree"),
        ("server", "server"),
        ("address", "address"),
        ("serial", "serial"),
        ("name", "asked for"),
        ("says", "says"),
    ];
    let mut table = Table::new("servers", "Every server of every zone", &columns);
    let text = |it: String| Cell::Text(visible_start(&it, LONGEST));
    for level in &survey.levels {
        let agree = match level.agreement() {
            Agreement::Same => "yes",
            Agreement::Different => "no",
            Agreement::NobodyAnswered => "nobody answered",
        };
        for word in &level.said {
            let serial = word.serial.and_then(|it| usize::try_from(it).ok()).map(|it| Cell::Text(it.to_string()));
            let cells = vec![
                text(level.zone.to_string()),
                text(agree.to_owned()),
                text(word.server.to_string()),
                text(word.address.to_string()),
                serial.unwrap_or(Cell::Empty),
                text(level.question.name.to_string()),
                text(about_name(&word.says, &level.question.name)),
            ];
            table.row(None, cells);
        }
    }
    table
}

/// What a server says of a name, without that name: the column before says it, and the end is what differs.
fn about_name(says: &str, name: &impl std::fmt::Display) -> String {
    says.strip_prefix(&format!("{name} ")).unwrap_or(says).to_owned()
}

/// What asking everybody found.
pub(super) fn compare(findings: &mut Findings, survey: &Survey, rows: Vec<Step>) {
    let asked: usize = survey.levels.iter().map(|it| it.said.len()).sum();
    findings.count(
        "servers_asked",
        "servers asked for the comparison",
        asked,
        "every address of every server on the way",
    );
    let silent = survey.levels.iter().flat_map(|it| &it.said).filter(|it| it.came == Came::Nothing).count();
    let how = "nothing came from them, however often they were asked: they contradict nobody";
    findings.count("silent_servers", "of them silent", silent, how);
    let of = |wanted| survey.levels.iter().filter(move |it| it.agreement() == wanted);
    let (differ, unanswered) = (of(Agreement::Different).count(), of(Agreement::NobodyAnswered).count());
    let how = "zones whose servers do not all say the same, TTLs and order left aside";
    findings.count("disagreements", "zones that disagree", differ, how);
    if unanswered > 0 {
        let how = "zones none of whose servers said anything: whether they would say the same is not known";
        findings.count("unanswered", "zones where nobody answered", unanswered, how);
    }
    let at = rows.last().map(|it| it.until);
    findings.table(table(survey));
    if let Some(limit) = &survey.ended_by {
        let text = format!("the comparison ended before every server was asked: {limit}");
        findings.note(at.unwrap_or_default(), rows.first().map_or(0, |it| it.node), visible_start(&text, LONGEST));
    }
    for level in of(Agreement::Different) {
        for Word { server, address, says, .. } in &level.said {
            let text = visible_start(format!("{server} of {} ({address}) says: {says}", level.zone), LONGEST);
            findings.note(at.unwrap_or_default(), rows.first().map_or(0, |it| it.node), text);
        }
    }
    findings.mark_at("compared", compared(survey), at, None);
    for row in &rows {
        findings.span_of("9 every server", format!("{} {}", row.fact("server"), row.kind), (row.at, row.until), None);
    }
    findings.steps(rows.first().map(before_all).into_iter().collect());
    findings.steps(rows.into_iter().map(|row| Step { depth: row.depth.saturating_add(1), ..row }).collect());
}

/// What a survey comes to.
fn compared(survey: &Survey) -> &'static str {
    let any = |wanted| survey.levels.iter().any(|it| it.agreement() == wanted);
    let silent = survey.levels.iter().flat_map(|it| &it.said).any(|it| it.came == Came::Nothing);
    match survey.ended_by {
        _ if any(Agreement::Different) => "servers disagree",
        Some(_) => "a limit ended the comparison",
        None if survey.levels.is_empty() || any(Agreement::NobodyAnswered) => "of some zone nobody answered",
        None if silent => "every server that answered says the same",
        None => "every server says the same",
    }
}

/// The row that says what those below it are for.
fn before_all(first: &Step) -> Step {
    Step {
        at: first.at,
        until: first.at,
        node: first.node,
        depth: 0,
        kind: "survey".to_owned(),
        title: "now every server of every zone is asked the same, to compare".to_owned(),
        facts: Vec::new(),
        why:
            "The search asked one server of each zone. All of a zone's servers should say the same: a copy that missed \
              a change, or a server that is not one for the zone, shows when each is asked."
                .to_owned(),
        packets: Vec::new(),
    }
}
