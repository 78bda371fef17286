//! reqwest beside a live visit: the same page by the client that people would write, with its pool and without.
use std::cell::RefCell;

use rustls::pki_types::CertificateDer;

use super::Leg;
use crate::demos::findings::Findings;
use crate::net::Net;
use crate::net::live::LiveNet;
use crate::quantity::Quantity;
use crate::recording::{Fact, Step, Time};
use crate::services::http::plain::{Gotten, Plain};
use crate::services::visit::Page;

/// A request of reqwest's, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    what: &'static What,
    from: Time,
    to: Time,
    got: Result<Gotten, String>,
}

/// Which request it was.
#[derive(Debug)]
struct What {
    lane: &'static str,
    bar: &'static str,
    /// The name of its measurement, and its label.
    name: &'static str,
    label: &'static str,
    title: &'static str,
    why: &'static str,
}

/// Lanes are in the order of their names: these come after the visits.
const POOL: &str = "with reqwest, its pool";
const NO_POOL: &str = "with reqwest, no pool";

static POOLED: [What; 2] = [
    What {
        lane: POOL,
        bar: "first, new connection",
        name: "reqwest_first",
        label: "reqwest's first request took",
        title: "reqwest, a Rust HTTP library, asks for the first time",
        why: "A connection, its keys and the request, as in the bars above; the name was known already. reqwest has no clock for the parts.",
    },
    What {
        lane: POOL,
        bar: "second, kept connection",
        name: "reqwest_again",
        label: "reqwest's second took, on the connection it kept",
        title: "reqwest asks again, on the connection from its pool",
        why: "The connection and its keys are there: what is left is the request and its answer.",
    },
];
static UNPOOLED: [What; 2] = [
    What {
        lane: NO_POOL,
        bar: "first, new connection",
        name: "reqwest_new_first",
        label: "without a pool: the first took",
        title: "reqwest without a pool asks for the first time",
        why: "The same work as with a pool: there is nothing in it yet.",
    },
    What {
        lane: NO_POOL,
        bar: "second, new connection",
        name: "reqwest_new_again",
        label: "without a pool: the second took, on a new connection",
        title: "reqwest without a pool asks again",
        why: "pool_max_idle_per_host(0) closes a connection as soon as it is idle: TCP and TLS are paid for again; the session's ticket saves \
              bytes and work, and no round trip (RFC 8446 §2.2).",
    },
];

/// Asks twice with a pool and twice without for the page that the last visit ended at.
pub(super) async fn ask(
    net: &LiveNet,
    trusted: &[CertificateDer<'static>],
    last: &Leg,
    asked: &RefCell<Vec<Asked>>,
) -> Result<(), String> {
    let (Ok(page), Some(peer)) = (last.page.parse::<Page>(), last.peer) else { return Ok(()) };
    for (idle, whats) in [(usize::MAX, &POOLED), (0, &UNPOOLED)] {
        let client = Plain::trusting(trusted, idle, Some((&page.host, &[peer])))?;
        for what in whats {
            let from = net.now();
            let got = client.get(&last.page).await;
            asked.borrow_mut().push(Asked { what, from, to: net.now(), got });
        }
    }
    Ok(())
}

/// A bar, a number and a row for each.
pub(super) fn tell(findings: &mut Findings, asked: &[Asked]) {
    let mut steps = Vec::new();
    for it in asked {
        let took = it.to - it.from;
        let mut facts = vec![Fact::quantity("took", Quantity::time(took))];
        let why = match &it.got {
            Ok(got) => {
                let how = "from asking to the whole answer, by this program's clock";
                findings.time(it.what.name, it.what.label, Some(took), how);
                facts.push(Fact::text("version", &got.version));
                facts.push(Fact::text("status", got.status.to_string()));
                facts.push(Fact::quantity("body", Quantity::bytes(got.length)));
                it.what.why.to_owned()
            }
            Err(error) => format!("It got no answer: {error}"),
        };
        let name = if it.got.is_ok() { it.what.bar.to_owned() } else { format!("{}: no end", it.what.bar) };
        findings.span_at(it.what.lane, name, it.from, it.to);
        let (kind, title) = ("reqwest".to_owned(), it.what.title.to_owned());
        steps.push(Step { at: it.from, until: it.to, node: 0, depth: 0, kind, title, facts, why, packets: Vec::new() });
    }
    findings.steps(steps);
}
