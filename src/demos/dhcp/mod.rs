//! A host gets its address: discover, offer, request, acknowledge; then it renews, or is refused, or finds the pool empty.
//!
//! ```text
//! client (no address) ── sw ── server 10.0.0.1, pool 10.0.0.100 and up
//!                         ├─── rogue 10.0.0.66: a second server that nobody asked for
//!                         └─── other: was there before
//! ```
mod figures;

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, LinkOptions, NodeId};
use crate::recording::Recording;
use crate::services::dhcp::{self, ClientOptions, Pool, ServerOptions};

pub(super) const DEMO: Demo = Demo {
    name: "dhcp",
    title: "DHCP: an address for a while",
    about: "A client without an address finds a server and leases one: four messages. At half of the time it renews, at seven \
            eighths it asks anybody. Or the server dies, the pool is empty, a second server is faster, the client comes from \
            another network, or somebody has the address already.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 1, 4]),
        Knob::millis("lease", "how long an address is the client's", [20_000, 3_600_000, 10_000, 120_000]),
        Knob::choice(
            "case",
            "what is special",
            &["nothing", "server-dies", "pool-empty", "rogue", "moved", "address-taken"],
        ),
        Knob::millis("think", "what the server needs for an offer", [0, 1000, 10, 50]),
        Knob::switch("check", "the client asks its neighbours if another has the address before it uses it"),
    ],
    exports: &[],
    view: "sequence",
    run,
};

/// The address a client had in the network it comes from.
const OLD: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 23);
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let case = knobs.choice("case");
    // A round trip crosses two links twice.
    let cable = LinkOptions::default().delay(knobs.time("rtt") / 4);
    let client = lab.host("client").at(0, 0).unconfigured().add();
    let sw = lab.switch("sw").at(1, 0).add();
    let server = lab.host("server").at(2, 0).address("10.0.0.1/24").add();
    let mut nodes = vec![client, server];
    nodes.extend(company(&mut lab, case));
    for node in nodes {
        lab.link(node, sw, cable.clone());
    }
    let lease = knobs.time("lease");
    serve(&lab.net(server), 100, if case == "pool-empty" { 100 } else { 150 }, (lease, knobs.time("think")));
    let (net, control) = (lab.net(client), lab.control());
    let other = lab.find("other").filter(|_| case == "pool-empty").map(|it| lab.net(it));
    let rogue = lab.find("rogue").map(|it| lab.net(it));
    let ended = lab.run(async {
        if let Some(rogue) = rogue {
            // It answers at once: that is why its offer comes first.
            serve(&rogue, 200, 220, (lease, Duration::ZERO));
        }
        if let Some(other) = other {
            get(&other, ClientOptions { release_after: Some(lease / 4), ..ClientOptions::default() });
            net.sleep(Duration::from_secs(1)).await;
        }
        let known = (case == "moved").then_some(OLD);
        get(&net, ClientOptions { known, check: knobs.is_on("check"), release_after: None });
        if case == "server-dies" {
            net.sleep(lease / 4).await;
            control.power_off(server);
        }
        // Beyond the end of the lease, whether it was renewed or not.
        net.sleep(lease * 5 / 4).await;
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    figures::found(&recording).into(&mut recording);
    recording
}

/// Who else is there.
fn company(lab: &mut Lab, case: &str) -> Option<NodeId> {
    match case {
        "rogue" => Some(lab.host("rogue").at(2, 1).address("10.0.0.66/24").add()),
        "pool-empty" => Some(lab.host("other").at(1, 1).unconfigured().add()),
        "address-taken" => Some(lab.host("other").at(1, 1).address(&format!("{FIRST}/24")).add()),
        _ => None,
    }
}

fn serve(net: &LabNet, first: u8, last: u8, (lease, delay): (Duration, Duration)) {
    let [first, last] = [first, last].map(|n| Ipv4Addr::new(10, 0, 0, n));
    let own = net.address();
    let here = own.and_then(|it| match it {
        std::net::IpAddr::V4(it) => Some(it),
        std::net::IpAddr::V6(_) => None,
    });
    // Each server names itself as router and resolver: whoever wins sees the traffic.
    let pool = Pool { first, last, prefix: 24, router: here, dns: here.into_iter().collect() };
    let (net, options) = (net.clone(), ServerOptions { pools: vec![pool], lease, delay });
    net.clone().spawn(async move { drop(dhcp::serve(net, options).await) });
}

fn get(net: &LabNet, options: ClientOptions) {
    let own = net.clone();
    net.spawn(async move { drop(dhcp::run(own, options).await) });
}
