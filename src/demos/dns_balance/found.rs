//! Who went where, how near that was, and who went to the dead server for how long.
use std::time::Duration;

use super::regions::{CLIENTS, DIES};
use super::script::Seen;
use super::{Script, Tried, rows};
use crate::demos::findings::Findings;
use crate::demos::internet::{HOMES, Home, REGIONS};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Cell, Recording, Table, Time};

/// Curves have a point for so much of the run.
const PARTS: u32 = 40;

pub(super) fn found(recording: &Recording, seen: &Seen, script: Script) -> Findings {
    let mut findings = Findings::default();
    let died = (Time::ZERO + script.dies).min(recording.end);
    let name = REGIONS[DIES].0;
    findings.mark_at("dies", &format!("the server in {name} is gone from the network"), Some(died), None);
    let before: Vec<&Tried> = seen.tried.iter().filter(|it| it.at < died).collect();
    shares(&mut findings, &before);
    let dead = failover(&mut findings, seen, died);
    failures(&mut findings, &seen.tried, died);
    questions(&mut findings, seen);
    findings.table(crowds(&before, &dead));
    curves(&mut findings, &seen.tried, script);
    let rows = rows::rows(recording, seen, died);
    if let Some(row) = rows.iter().find(|it| !it.fact("client").is_empty()) {
        findings.mark_at("ecs", "a resolver tells a client's subnet", Some(row.at), row.packets.first().copied());
        findings.mark_at("scope", "the answer says whom it is for", Some(row.until), row.packets.last().copied());
    }
    findings.steps(rows);
    findings
}

/// The tries that went to a server first.
fn to(tried: &[&Tried], backend: usize) -> usize {
    tried.iter().filter(|it| it.backend == Some(backend)).count()
}

/// Where everybody went before one died, and how long that took.
fn shares(findings: &mut Findings, before: &[&Tried]) {
    let share = |part| Some(Quantity::share(part, before.len()));
    for (index, (name, _)) in REGIONS.iter().enumerate() {
        let how = "of the tries before one dies: the first address of the answer each client got";
        findings.measure(&format!("{name}_share"), &format!("went to {name}"), share(to(before, index)), how);
    }
    let near = before.iter().filter(|it| it.backend == Some(HOMES[it.crowd].region)).count();
    findings.measure("near_share", "went to their own region", share(near), "of the tries before one dies");
    for (crowd, Home { name, .. }) in HOMES.iter().enumerate() {
        let label = format!("a connection from {name} took");
        let how =
            "the middle one of those before one dies, from the address to the SYN-ACK: 1 RTT to the server chosen";
        findings.time(&format!("{name}_connect"), &label, connecting(before, crowd), how);
    }
}

/// How long connections of a crowd took: the middle one.
fn connecting(before: &[&Tried], crowd: usize) -> Option<Duration> {
    let of_crowd = before.iter().filter(|it| it.crowd == crowd && it.connected);
    let mut all: Vec<_> = of_crowd.map(|it| it.connecting()).collect();
    all.sort();
    all.get(all.len() / 2).copied()
}

/// When the checks noticed, and when the last of each crowd went to the dead server: how long after its death.
fn failover(findings: &mut Findings, seen: &Seen, died: Time) -> Vec<Option<Duration>> {
    let noticed = seen.changes.iter().find(|it| it.target == DIES && !it.well && it.at >= died).map(|it| it.at);
    findings.mark_at("noticed", "a health check finds it dead", noticed, None);
    let how = "from its death to the end of the first check without a connection: up to an interval, and the check's patience";
    findings.time("noticed_after", "health checks noticed it after", noticed.map(|at| at - died), how);
    let mut all = Vec::new();
    for (crowd, Home { name, .. }) in HOMES.iter().enumerate() {
        let to_dead = |it: &&Tried| it.at >= died && it.backend == Some(DIES) && it.crowd == crowd;
        let last = seen.tried.iter().filter(to_dead).map(|it| it.at).max();
        let after = last.map(|at| at - died);
        let how = "from its death to the last try of a client there that went to it first; until the run's end where nobody looks";
        let label = format!("clients in {name} went to the dead server for");
        findings.time(&format!("{name}_dead_for"), &label, Some(after.unwrap_or_default()), how);
        findings.mark_at(&format!("{name}-last"), &format!("the last from {name} goes to the dead server"), last, None);
        all.push(after);
    }
    let longest = all.iter().flatten().max().copied().unwrap_or_default();
    let how = "the longest of these: with checks, the time until they notice and what is left of the TTL in some resolver's copy";
    findings.time("dead_for", "somebody went to the dead server for", Some(longest), how);
    all
}

/// Tries that came to nothing, and those that took long.
fn failures(findings: &mut Findings, tried: &[Tried], died: Time) {
    let after = tried.iter().filter(|it| it.at >= died).count();
    let failed = tried.iter().filter(|it| it.at >= died && !it.connected).count();
    findings.count("tries", "tries of all clients", tried.len(), "a question to the resolver, and a connection");
    let how = "after every address the client tries";
    findings.count("failed", "of them without a connection after it died", failed, how);
    let share = Quantity::share(failed, after);
    findings.measure("failed_share", "that share of the tries since", Some(share), "of those after its death");
    let slow = tried.iter().filter(|it| it.connected).map(|it| it.until - it.at).max();
    let how = "asking, and connecting, other addresses first";
    findings.time("slowest", "the slowest try that connected took", slow, how);
}

/// What the answers cost the name servers and the caches.
fn questions(findings: &mut Findings, seen: &Seen) {
    let all = || seen.resolved.iter().flat_map(|(_, resolutions)| resolutions);
    let asked = all().filter(|it| it.steps.iter().any(|step| step.depth == 0 && step.kind.word() == "answer")).count();
    let how = "answers of the name's servers to resolvers: once a TTL for each copy that is kept";
    findings.count("asked", "times a resolver had to ask", asked, how);
    let copies = seen.resolved.iter().map(|(_, resolutions)| {
        let mut of: Vec<_> = resolutions.iter().map(|it| it.of).collect();
        of.sort();
        of.dedup();
        of.len()
    });
    let how = "the most that one resolver kept side by side: one for all its clients, or one for each of their subnets";
    findings.count("copies", "copies of the answer in one cache", copies.max().unwrap_or_default(), how);
}

/// Each crowd in a line.
fn crowds(before: &[&Tried], dead: &[Option<Duration>]) -> Table {
    let columns = [
        ("users", "users"),
        ("clients", "clients"),
        ("eu", "to eu"),
        ("us", "to us"),
        ("asia", "to asia"),
        ("connect_ns", "connect"),
        ("dead_ns", "went to the dead"),
    ];
    let mut table = Table::new("users", "Who went where before one died, and to the dead one after", &columns);
    for (crowd, (home, clients)) in HOMES.iter().zip(CLIENTS).enumerate() {
        let own: Vec<&Tried> = before.iter().copied().filter(|it| it.crowd == crowd).collect();
        let mut cells = vec![Cell::text(home.name), Cell::text(clients)];
        cells.extend((0..REGIONS.len()).map(|backend| Cell::from(Quantity::count(to(&own, backend)))));
        cells.push(Cell::maybe(connecting(before, crowd).map(Quantity::time)));
        cells.push(Cell::maybe(dead[crowd].map(Quantity::time)));
        table.row(None, cells);
    }
    table
}

/// How many tries each server got, part by part of the run.
fn curves(findings: &mut Findings, tried: &[Tried], script: Script) {
    let part = script.end / PARTS;
    for (index, (name, _)) in REGIONS.iter().enumerate() {
        let in_part = |number: u32| {
            let (from, to) = (Time::ZERO + part * number, Time::ZERO + part * (number + 1));
            let count = tried.iter().filter(|it| it.backend == Some(index) && it.at >= from && it.at < to).count();
            (from, i64::try_from(count).unwrap_or(i64::MAX))
        };
        findings.curve(&format!("tries to {name}"), Unit::Count, (0..PARTS).map(in_part).collect());
    }
}
