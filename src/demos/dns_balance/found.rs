//! Who went where, and who went to the dead server for how long.
use std::time::Duration;

use super::{BACKENDS, CROWDS, DIES, Script, Tried};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, Time};

/// Curves have a point for so much of the run.
const PARTS: u32 = 40;

pub(super) fn found(recording: &Recording, tried: &[Tried], script: Script) -> Findings {
    let mut findings = Findings::default();
    let died = Time::ZERO + script.dies;
    let name = BACKENDS[DIES].0;
    findings.mark_at("dies", &format!("{name} is gone from the network"), Some(died.min(recording.end)), None);
    let before: Vec<&Tried> = tried.iter().filter(|it| it.at < died).collect();
    for (index, (name, ..)) in BACKENDS.iter().enumerate() {
        let here = before.iter().filter(|it| it.backend == Some(index)).count();
        let how = "of the tries before one dies: the first address of the answer each client got";
        findings.measure(
            &format!("{name}_share"),
            &format!("went to {name}"),
            Some(Quantity::share(here, before.len())),
            how,
        );
    }
    let to_dead = |it: &&Tried| it.at >= died && it.backend == Some(DIES);
    for (crowd, label) in ["many", "few"].into_iter().enumerate() {
        let last = tried.iter().filter(to_dead).filter(|it| it.crowd == crowd).map(|it| it.at).max();
        let how = "from its death to the last try of a client of this resolver that went there first; until the run's end where nobody looks";
        let time = last.map_or(Duration::ZERO, |at| at - died);
        let text = format!("the {} clients of one resolver went to the dead server for", CROWDS[crowd]);
        findings.time(&format!("{label}_dead_for"), &text, Some(time), how);
        findings.mark_at(
            &format!("{label}-last"),
            &format!("the last of the {label} goes to the dead server"),
            last,
            None,
        );
    }
    let after = tried.iter().filter(|it| it.at >= died).count();
    let failed = tried.iter().filter(|it| it.at >= died && !it.connected).count();
    findings.count("tries", "tries of all clients", tried.len(), "a question to the resolver, and a connection");
    findings.count(
        "failed",
        "of them without a connection after it died",
        failed,
        "after every address the client tries",
    );
    findings.measure(
        "failed_share",
        "that share of the tries since",
        Some(Quantity::share(failed, after)),
        "of those after its death",
    );
    let slow = tried.iter().filter(|it| it.connected).map(|it| it.until - it.at).max();
    findings.time(
        "slowest",
        "the slowest try that connected took",
        slow,
        "asking, and connecting, other addresses first",
    );
    curves(&mut findings, tried, script);
    findings
}

/// How many tries each server got, part by part of the run.
fn curves(findings: &mut Findings, tried: &[Tried], script: Script) {
    let part = script.end / PARTS;
    for (index, (name, ..)) in BACKENDS.iter().enumerate() {
        let in_part = |number: u32| {
            let (from, to) = (Time::ZERO + part * number, Time::ZERO + part * (number + 1));
            let count = tried.iter().filter(|it| it.backend == Some(index) && it.at >= from && it.at < to).count();
            (from, i64::try_from(count).unwrap_or(i64::MAX))
        };
        findings.curve(&format!("tries to {name}"), Unit::Count, (0..PARTS).map(in_part).collect());
    }
}
