//! The run as rows: each question a resolver had to ask, the death, its discovery, and the last who still went there.
use super::regions::DIES;
use super::script::Seen;
use crate::demos::capture::capture;
use crate::demos::internet::{HOMES, REGIONS};
use crate::demos::name_servers;
use crate::quantity::Quantity;
use crate::recording::{Fact, Recording, Step, Time};

pub(super) fn rows(recording: &Recording, seen: &Seen, died: Time) -> Vec<Step> {
    let mut rows = Vec::new();
    for (name, resolutions) in &seen.resolved {
        let Some(node) = recording.node(name) else { continue };
        let sights = capture(recording, name);
        // What the cache had is no row: there are hundreds.
        let asked = resolutions.iter().filter(|it| it.steps.iter().any(|step| step.server.is_some()));
        for resolution in asked {
            let steps: Vec<_> = resolution.steps.iter().filter(|it| it.server.is_some()).cloned().collect();
            rows.extend(name_servers::rows::rows(&steps, node, &sights).into_iter().map(|mut row| {
                row.title = format!("{name} asks {}", row.title);
                row
            }));
        }
    }
    rows.extend(failover(recording, seen, died));
    rows.sort_by_key(|it| it.at);
    rows
}

/// The death of a server as its users met it.
fn failover(recording: &Recording, seen: &Seen, died: Time) -> Vec<Step> {
    let name = REGIONS[DIES].0;
    let node = |text: &str| recording.node(text).unwrap_or_default();
    let row = |at: Time, node, kind: &str, title: String, why: &str| {
        let facts = vec![Fact::quantity("since", Quantity::time(at.since(died)))];
        let (kind, why) = (kind.to_owned(), why.to_owned());
        Step { at, until: at, node, depth: 0, kind, title, facts, why, packets: Vec::new() }
    };
    let why = "Nobody told the name servers, nor any cache: copies of its address are used until their TTL is over.";
    let mut rows = vec![row(died, node("web-eu"), "dies", format!("the server in {name} is gone"), why)];
    for change in seen.changes.iter().filter(|it| it.at >= died) {
        let why = if change.left > 0 {
            "Answers are right from now on. What was answered before is in caches, for what is left of its TTL."
        } else {
            "Checks that find nobody may be wrong themselves, and no address at all helps nobody: so balancers fail open."
        };
        let title = format!("a health check: {} {}", REGIONS[change.target].0, change.says());
        rows.push(row(change.at, node("ns1-shop"), "check", title, why));
    }
    for (crowd, users) in HOMES.iter().map(|it| it.name).enumerate() {
        let to_dead = seen.tried.iter().filter(|it| it.at >= died && it.backend == Some(DIES) && it.crowd == crowd);
        let Some(last) = to_dead.max_by_key(|it| it.at) else { continue };
        let title = format!("{users}: the last client that goes to {name}");
        let why = "The next question of a client here gets another address first: the copy its resolver had is over, or \
                   another record has its turn.";
        rows.push(row(last.at, node(users), "last", title, why));
    }
    rows
}
