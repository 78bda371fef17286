//! The live side: the same resolver on this machine's sockets. It begins at the lab's servers on loopback, at a server of a root
//! that was named, or at the real root, there also beside a resolver that this host is given.
mod given;
mod start;
#[cfg(test)]
mod tests;
mod verdict;

use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::{NAMES, found};
use crate::demos::Knobs;
use crate::demos::findings::Findings;
use crate::demos::live::{Live, Script, Stand, Trouble};
use crate::demos::name_servers::rows;
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use crate::services::dns::resolver::{self, Outcome, Resolution, Resolver, Survey};
use crate::services::{both, dns};
use given::Asked;
use start::Start;
use verdict::{Evidence, Verdict};

pub(super) const LIVE: Live = Live {
    nodes: ["resolver", "servers"],
    port: dns::PORT,
    looks_up: false,
    trusts: false,
    words: &[
        ("system", "this host's own resolver, and the search from the real root"),
        ("root", "the search from the real root alone"),
        ("root4", "the same over IPv4 only"),
        ("root6", "the same over IPv6 only"),
    ],
    lab: in_the_lab,
    knobs: &["name", "type", "minimise", "transport", "check"],
    curves: &[],
    limit: Duration::from_secs(40),
    script,
};

/// The lab's Internet has two top-level domains; for a name of another the lab looks up one of its own.
fn in_the_lab(knobs: &mut Knobs) {
    let known = |name: &str| [".example", ".test"].iter().any(|tld| name.trim_end_matches('.').ends_with(tld));
    if !known(knobs.text("name")) {
        knobs.set("name", NAMES[0]).expect("a name of this demo");
    }
}

/// What happened, for the findings.
#[derive(Default)]
struct Told {
    /// The resolver this host is given, and what it said.
    asked: Option<Asked>,
    /// The steps of what is still going on.
    steps: Vec<resolver::Step>,
    resolution: Option<Resolution>,
    survey: Option<Survey>,
    /// What a search of the real root's servers showed of the network.
    verdict: Option<Verdict>,
    /// When there was a verdict.
    judged: Time,
    /// Where the search began.
    address: Option<SocketAddr>,
}

fn script(stand: Stand) -> Script {
    let told = Rc::<RefCell<Told>>::default();
    let own = Rc::clone(&told);
    let play = Box::pin(async move { play(&stand, &own).await });
    let found = move |recording: &mut Recording| {
        let told = told.borrow();
        if let (Some(live), Some(address)) = (&mut recording.run.live, told.address) {
            live.address = address;
        }
        found_in(recording, &told).into(recording);
    };
    Script { play, found: Box::new(found) }
}

async fn play(stand: &Stand, told: &Rc<RefCell<Told>>) -> io::Result<()> {
    if super::encrypted::kind(stand.knobs.choice("transport")).is_some() {
        return Err(io::Error::other(
            "live, this program is the resolver and asks servers, which speak UDP and TCP: set transport to one of these; \
             `roundtrip lab up` serves DNS over TLS and HTTPS for other programs",
        ));
    }
    let Start { mut options, is_internet, impostor } = start::start(stand, told).await?;
    let net = &stand.client;
    let (name, kind) = super::question(&stand.knobs);
    super::turn(&mut options, &stand.knobs);
    let hears = Rc::clone(told);
    options.tell = Some(Rc::new(move |step| hears.borrow_mut().steps.push(step.clone())));
    let resolver = Resolver::new(net.clone(), options, stand.seed ^ chance());
    let (resolution, nobody) = if is_internet {
        both(resolver.resolve(&name, kind), start::nobody(net)).await
    } else {
        (resolver.resolve(&name, kind).await, None)
    };
    if let Outcome::Failed(why) = &resolution.outcome {
        net.note(format!("{name} {kind}: no answer: {why}"));
    }
    let verdict = is_internet.then(|| {
        let told = told.borrow();
        let given = told.asked.as_ref().map(|it| (it.who(), &it.said));
        verdict::verdict(&Evidence { given, resolution: &resolution, nobody, impostor })
    });
    let trouble = verdict.as_ref().filter(|it| it.is_trouble).map(|it| Trouble(it.says.clone()));
    {
        let mut told = told.borrow_mut();
        told.steps.clear();
        told.resolution = Some(resolution);
        told.verdict = verdict;
        told.judged = net.now();
    }
    if let Some(trouble) = trouble {
        return Err(trouble.into());
    }
    if stand.knobs.is_on("check") {
        let survey = resolver.survey(&name, kind).await;
        let mut told = told.borrow_mut();
        told.steps.clear();
        told.survey = Some(survey);
    }
    Ok(())
}

/// Chance that nobody on the network knows, from the system: ids of queries must not be guessed (RFC 5452 §9.2).
fn chance() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

fn found_in(recording: &Recording, told: &Told) -> Findings {
    let mut findings = Findings::default();
    let node = recording.node("resolver").unwrap_or_default();
    if let Some(asked) = &told.asked {
        asked.found(&mut findings, node);
    }
    if let Some(resolution) = &told.resolution {
        findings.mark_at("question", "the search begins", Some(resolution.began), None);
        search(&mut findings, &resolution.steps, node);
        found::numbers(&mut findings, resolution);
    }
    if let Some(verdict) = &told.verdict {
        findings.steps(vec![verdict.row(told.judged, node)]);
        findings.mark_at("verdict", &verdict.says, Some(told.judged), None);
    }
    if let Some(survey) = &told.survey {
        found::compare(&mut findings, survey, rows::rows(&survey.steps, node, &[]));
    }
    // Of a run that was stopped, what it had seen.
    if !told.steps.is_empty() {
        search(&mut findings, &told.steps, node);
        found::counts(&mut findings, &told.steps);
    }
    findings
}

/// The rows of a search, with its markers and its curve.
fn search(findings: &mut Findings, steps: &[resolver::Step], node: usize) {
    let rows = rows::rows(steps, node, &[]);
    rows::mark(findings, &rows);
    let asked = steps.iter().filter(|it| it.server.is_some());
    let points = asked.map(|it| (it.until, i64::try_from(it.took().as_nanos()).unwrap_or(i64::MAX))).collect();
    findings.curve("round trip of each step", Unit::Nanoseconds, points);
    findings.steps(rows);
}
