//! What the clients were told, and how long each was told what no longer held.
use std::time::Duration;

use super::{Asked, NEW, OLD, Plan};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Fact, Recording, Step, Time};

pub(super) fn found(recording: &Recording, asked: &[Asked], plan: Plan, story: &str) -> Findings {
    let mut findings = Findings::default();
    let happened = Time::ZERO + plan.happens;
    let label = match story {
        "outage" => "the servers of the domain are away",
        "new-name" => "the name is new in the zone",
        _ => "the record changes at its servers",
    };
    findings.mark_at("happens", label, Some(happened.min(recording.end)), None);
    findings.mark_at("lowered", "the TTL is lowered", plan.lowered.map(|at| Time::ZERO + at), None);
    if story == "outage" {
        let back = Some((Time::ZERO + plan.back).min(recording.end));
        findings.mark_at("back", "the servers are back", back, None);
    }
    for client in ["client", "late"] {
        let of: Vec<&Asked> = asked.iter().filter(|it| it.client == client).collect();
        of_client(&mut findings, client, &of, (happened, story));
    }
    counts(&mut findings, asked);
    findings.steps(asked.iter().map(|it| row(recording, it)).collect());
    findings
}

/// Whether the answer is what holds no longer.
fn is_old(it: &Asked, happened: Time, story: &str) -> bool {
    it.at >= happened
        && match (&it.got, story) {
            (Ok((address, _)), "change") => *address == OLD,
            (Err(_), "new-name") => true,
            _ => false,
        }
}

fn of_client(findings: &mut Findings, client: &str, asked: &[&Asked], (happened, story): (Time, &str)) {
    let ttl = |it: &&&Asked| it.got.as_ref().ok().map(|(_, ttl)| (it.until, i64::from(*ttl) * 1_000_000_000));
    let points = asked.iter().filter_map(|it| ttl(&it)).collect();
    findings.curve(&format!("{client}: TTL left"), Unit::Nanoseconds, points);
    let new = |it: &&&Asked| it.got.as_ref().is_ok_and(|(address, _)| *address == NEW);
    let first_new = asked.iter().find(new);
    findings.mark_at(
        &format!("{client}-new"),
        &format!("{client} gets the new answer"),
        first_new.map(|it| it.until),
        None,
    );
    let last_old = asked.iter().rfind(|it| is_old(it, happened, story));
    if story != "outage" {
        let after = last_old.map_or(Duration::ZERO, |it| it.at - happened);
        let name = format!("{client}_old_for");
        let how = "from the change to its last question that got the old answer";
        findings.time(&name, &format!("{client} got the old answer for"), Some(after), how);
    }
    let failed: Vec<&&Asked> = asked.iter().filter(|it| it.got.is_err() && it.at >= happened).collect();
    if story == "outage" {
        let how = "questions during and after the outage that got no address";
        findings.count(&format!("{client}_failed"), &format!("{client} got no answer"), failed.len(), how);
    }
}

fn counts(findings: &mut Findings, asked: &[Asked]) {
    let of = |word: &str| asked.iter().filter(|it| kind(it) == word).count();
    let hits = of("cached");
    findings.count("questions", "questions of both clients", asked.len(), "each over the wire to its resolver");
    findings.count("hits", "answered from the cache", hits, "the resolver asked nobody");
    findings.measure("hit_ratio", "share from the cache", Some(Quantity::share(hits, asked.len())), "of all questions");
    findings.count("stale", "answered with an expired record", of("stale"), "RFC 8767: when nobody could be asked");
    let mean = |hit: bool| {
        let times: Vec<Duration> =
            asked.iter().filter(|it| (kind(it) == "cached") == hit).map(|it| it.until - it.at).collect();
        times.iter().sum::<Duration>().checked_div(u32::try_from(times.len()).unwrap_or(u32::MAX))
    };
    findings.time("hit_time", "from the cache it took", mean(true), "on average: 1 RTT to the resolver");
    findings.time(
        "miss_time",
        "with a search it took",
        mean(false),
        "on average: that, and the round trips to the servers asked",
    );
}

/// What the resolver did, in one word.
fn kind(it: &Asked) -> &'static str {
    match it.steps.as_slice() {
        [.., "stale"] => "stale",
        ["cached"] => "cached",
        _ if it.got.is_err() && it.steps.last().is_none_or(|last| *last != "nxdomain") => "failed",
        _ => "searched",
    }
}

fn row(recording: &Recording, it: &Asked) -> Step {
    let answer = match &it.got {
        Ok((address, ttl)) => format!("{address}, for {ttl} s"),
        Err(why) => why.clone(),
    };
    let kind = kind(it);
    let why = match kind {
        "cached" => "The resolver's copy is not over: it asks nobody, and so cannot know what has changed.",
        "stale" => {
            "The resolver's copy is over, and no server could be asked: an old answer is better than none (RFC 8767)."
        }
        "failed" => "The resolver has no copy that holds, and no server of the domain answers.",
        _ => "The resolver has no copy that holds: it asks the servers, and keeps what they say for its TTL.",
    };
    Step {
        at: it.at,
        until: it.until,
        node: recording.node(it.client).unwrap_or_default(),
        depth: 0,
        kind: kind.to_owned(),
        title: format!("{} is told: {answer} ({kind})", it.client),
        facts: vec![
            Fact::text("client", it.client),
            Fact::text("answer", answer),
            Fact::quantity("took", Quantity::time(it.until - it.at)),
            Fact::text("resolver", it.steps.join(", ")),
        ],
        why: why.to_owned(),
        packets: Vec::new(),
    }
}
