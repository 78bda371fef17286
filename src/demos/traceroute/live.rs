//! The live side: the same walk on the path as it is, as far as this system lets a program without root hear of it.
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::{LONGEST, found, plan};
use crate::demos::live::{Live, Script, Stand};
use crate::net::Net;
use crate::recording::Recording;
use crate::services::trace::{FIRST_PORT, Hop, Trace, trace};

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: FIRST_PORT,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &["probe", "probes", "pause", "patience", "ports"],
    curves: &[],
    limit: LONGEST,
    script,
};

/// Longer paths are not known on the internet of today; traceroute(8) goes as far.
const MOST_HOPS: u8 = 30;

fn script(stand: Stand) -> Script {
    let hops = Rc::<RefCell<Vec<Hop>>>::default();
    let told = Rc::clone(&hops);
    let play = Box::pin(async move { play(&stand, &told).await });
    let found = Box::new(move |recording: &mut Recording| found::found(recording, &hops.borrow()).into(recording));
    Script { play, found }
}

async fn play(stand: &Stand, hops: &RefCell<Vec<Hop>>) -> io::Result<()> {
    let net = &stand.client;
    let plan = Trace { to: stand.at.ip(), most_hops: MOST_HOPS, ..plan(&stand.knobs) };
    trace(net, plan, |hop| {
        if hop.answers().next().is_none() {
            net.note(format!("TTL {}: nobody answers", hop.ttl));
        }
        hops.borrow_mut().push(hop);
    })
    .await
}
