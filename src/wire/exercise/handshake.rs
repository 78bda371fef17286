//! What the opening of a connection tells: the round trip, the segment size, a refusal.
use super::capture::{Capture, Tcp};
use super::chance::Chance;
use super::{Exercise, Form, Gap, Lacks};
use crate::wire::analysis::Flow;

/// The opening of a connection: the SYN before the SYN-ACK, and that.
pub(super) struct Opening<'c> {
    pub(super) flow: &'c Flow,
    pub(super) syn: Tcp<'c>,
    pub(super) syn_ack: Tcp<'c>,
}

/// The first connection that was agreed to.
pub(super) fn first<'c>(capture: &'c Capture<'_>) -> Result<Opening<'c>, Lacks> {
    let opened = |flow: &'c Flow| {
        let mut segments = capture.segments(flow);
        let at = segments.iter().position(|it| it.segment.flags.syn && it.segment.flags.ack)?;
        let syn = segments[..at].iter().rposition(|it| it.segment.flags.syn && !it.is_of_server())?;
        let syn_ack = segments.swap_remove(at);
        Some(Opening { flow, syn: segments.swap_remove(syn), syn_ack })
    };
    let found = capture.analysis.flows.iter().find_map(opened);
    found.ok_or_else(|| Lacks::of("no connection whose SYN and SYN-ACK are both in it"))
}

/// How long the SYN-ACK of the first connection took.
pub(super) fn round_trip(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let Opening { flow, syn, syn_ack } = first(capture)?;
    let took = syn_ack.at_ns.saturating_sub(syn.at_ns);
    let why = format!(
        "Packet {} came at {}, the SYN, packet {}, passed at {}.",
        syn_ack.n,
        capture.stamp(syn_ack.n),
        syn.n,
        capture.stamp(syn.n)
    );
    let time = super::Value::Time;
    let mut gap = Gap::new("SYN to SYN-ACK", "a time with its unit, such as 80ms", time(took), why)
        .near(time(took / 2), "Half of it: a capture at the client has the way there and the way back.")
        .near(time(took * 2), "That is two round trips: up to the answer to what was asked first.")
        .near(
            time(capture.at_ns(syn_ack.n).saturating_sub(capture.at_ns(1))),
            "That is the SYN-ACK's time in the capture; take the SYN's time off it.",
        );
    if let Some(earlier) = capture.segments(flow).iter().find(|it| it.n < syn.n) {
        let all = syn_ack.at_ns.saturating_sub(earlier.at_ns);
        gap = gap.near(time(all), "From the first SYN; it was sent again, and the answer belongs to the last one.");
    }
    let explanation = format!(
        "SYN (packet {}) to SYN-ACK (packet {}): {}. The server's kernel answers without a program, so at the client this is the \
         cleanest measure of the path; at the server the two stand close together, and SYN-ACK to ACK is the round trip.",
        syn.n,
        syn_ack.n,
        time(took)
    );
    Ok(Exercise { prompt: String::new(), form: Form::Fill(vec![gap]), explanation, packet: syn_ack.n })
}

/// How large a segment of the first connection may be.
pub(super) fn segment_size(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let Opening { flow, syn, syn_ack } = first(capture)?;
    let (Some(client), Some(server)) = (syn.segment.options.mss, syn_ack.segment.options.mss) else {
        return Err(Lacks::of("no connection that opens with the MSS option on both sides"));
    };
    let (least, most) = (u32::from(client.min(server)), u32::from(client.max(server)));
    let why = format!("The SYN (packet {}) says {client}, the SYN-ACK (packet {}) says {server}.", syn.n, syn_ack.n);
    // RFC 8200 §3: IPv6's header has 40 bytes. Ethernet's has 14, TCP's 20.
    let is_v6 = flow.client.0.is_ipv6();
    let ip = if is_v6 { 40 } else { 20 };
    let mtu = if is_v6 {
        "That is the MTU: the MSS leaves out 40 bytes of IPv6 and 20 of TCP header."
    } else {
        "That is the MTU: the MSS leaves out 20 bytes of IP and 20 of TCP header."
    };
    let frame = if is_v6 {
        "That is the whole frame: 14 bytes of Ethernet, 40 of IPv6 and 20 of TCP header come before the data."
    } else {
        "That is the whole frame: 14 bytes of Ethernet, 20 of IP and 20 of TCP header come before the data."
    };
    let gap = Gap::new("MSS", "bytes, digits only", least, why)
        .near(most, "That is the larger of the two: a path takes no more than the side that takes less.")
        .near(least + ip + 20, mtu)
        .near(least + 20, "The IP header is taken off, but the TCP header is not part of the MSS either.")
        .near(least + 14 + ip + 20, frame);
    let explanation = format!(
        "The SYN offers {client}, the SYN-ACK {server}. Each side says what it takes, nobody bargains (RFC 9293 §3.7.1); what both \
         can send is the smaller number, {least} bytes of data in a segment, less what TCP options take."
    );
    Ok(Exercise { prompt: String::new(), form: Form::Fill(vec![gap]), explanation, packet: syn_ack.n })
}

/// Which port refused a connection.
pub(super) fn refused(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let refusal = |flow: &Flow| {
        let segments = capture.segments(flow);
        let rst = segments.iter().find(|it| it.is_of_server() && !it.segment.flags.fin)?;
        let opened = segments.iter().any(|it| it.n < rst.n && it.segment.flags.syn && !it.is_of_server());
        (rst.segment.flags.rst && opened).then_some((rst.n, flow.client, flow.server))
    };
    let flows = &capture.analysis.flows;
    let mut refusals: Vec<_> = flows.iter().filter_map(refusal).collect();
    refusals.sort_unstable();
    let (n, client, server) =
        refusals.first().copied().ok_or_else(|| Lacks::of("no SYN that was answered with RST"))?;
    let port = |end: (std::net::IpAddr, u16)| u32::from(end.1);
    let why = format!("Packet {n} has RST set and comes from port {}, to which the SYN went.", server.1);
    let mut gap = Gap::new("port", "a number", port(server), why)
        .near(port(client), "That is the client's own port, drawn for this connection: the RST goes to it.");
    for flow in flows {
        let is_refused = refusals.iter().any(|(_, _, server)| server.1 == flow.server.1);
        gap = gap.near(
            port(flow.server),
            if is_refused {
                "That port refused its SYN, too, but later: the first one is asked for."
            } else {
                "That port answered its SYN with a SYN-ACK, or not with RST first."
            },
        );
    }
    let explanation = format!(
        "Packet {n}, at {}: a RST from {} port {}. A SYN to a port where nobody listens is answered so (RFC 9293 §3.5.2), and \
         connect() fails with \"connection refused\". A filter: `tcp.flags.reset == 1`.",
        capture.stamp(n),
        server.0,
        server.1
    );
    Ok(Exercise { prompt: String::new(), form: Form::Fill(vec![gap]), explanation, packet: n })
}
