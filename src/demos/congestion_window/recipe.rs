//! The run's bottleneck as commands for a Linux router and two Linux hosts, with the numbers of the run to compare with.
use std::fmt::Write as _;

use super::{FRAME, queue_bytes};
use crate::demos::Knobs;
use crate::quantity::Quantity;
use crate::recording::Recording;

/// The commands, as a shell script that asks for the names of the interfaces.
pub(super) fn write(knobs: &Knobs, run: &Recording) -> String {
    let mut out = router(knobs);
    out += &codel(knobs);
    out += &hosts(knobs);
    out += "\n# What this run measured:\n";
    for it in &run.measurements {
        writeln!(out, "#   {:<32} {}", it.label, it.value).expect("a String takes all text");
    }
    out
}

fn router(knobs: &Knobs) -> String {
    let (rate, queue) = (knobs.number("rate"), queue_bytes(knobs));
    let delay = Quantity::time(knobs.time("rtt")).to_string().replace(' ', "");
    format!(
        r#"#!/bin/sh
# This run's bottleneck on a Linux router between two hosts. As root, in a network of your own.
# OUT: the router's interface towards the receiver. IN: the one towards the sender.
: "${{OUT:?the interface towards the receiver}}" "${{IN:?the interface towards the sender}}"

# Rate and queue: tbf sends at a rate; its limit is the bytes that may wait (tc-tbf(8)).
tc qdisc replace dev "$OUT" root handle 1: tbf rate {rate}bit burst 1600 limit {queue}
# The delay of both ways, on the way back: there it hides no queue (tc-netem(8)).
tc qdisc replace dev "$IN" root netem delay {delay}
"#
    )
}

fn codel(knobs: &Knobs) -> String {
    if knobs.choice("aqm") != "codel" {
        return String::new();
    }
    let ecn = if knobs.choice("ecn") == "on" { "ecn" } else { "noecn" };
    let packets = (queue_bytes(knobs) / FRAME).max(1);
    format!(
        "# CoDel in the place of tbf's own queue (tc-codel(8)); its limit counts packets.\n\
         tc qdisc replace dev \"$OUT\" parent 1:1 codel limit {packets} target 5ms interval 100ms {ecn}\n"
    )
}

fn hosts(knobs: &Knobs) -> String {
    let algorithm = match knobs.choice("algorithm") {
        "newreno" => "reno",
        other => other,
    };
    let (ecn, iw) = (u8::from(knobs.choice("ecn") == "on"), knobs.number("iw"));
    let mut out = format!(
        r#"
# On the sender:
#   sysctl -w net.ipv4.tcp_congestion_control={algorithm} net.ipv4.tcp_ecn={ecn}
#   ip route change default via ROUTER initcwnd {iw}
#   ss -tin dst RECEIVER                 # cwnd, ssthresh, rtt, retrans, while it runs
# On the router:
#   tc -s qdisc show dev "$OUT"          # backlog, dropped, ecn_mark
# Back to normal:
#   tc qdisc del dev "$OUT" root; tc qdisc del dev "$IN" root
"#
    );
    let loss = knobs.number("loss");
    if loss > 0 {
        let (whole, part) = (loss / 1_000_000, loss % 1_000_000);
        out += "# On the receiver, for the random loss behind the queue:\n";
        writeln!(
            out,
            "#   iptables -I INPUT -s SENDER -m statistic --mode random --probability {whole}.{part:06} -j DROP"
        )
        .expect("a String takes all text");
    }
    if knobs.number("drop") > 0 {
        writeln!(out, "# This run lost segment {} as well: no qdisc can be told that.", knobs.number("drop"))
            .expect("a String takes all text");
    }
    out
}
