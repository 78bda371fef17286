//! A filter made of what is selected: each is tried on the packet before it is offered, so that it finds at least that one.
use crate::tui::views::packets::TreeRow;
use crate::wire::capture::study::Studied;
use crate::wire::filter::Filter;
use crate::wire::{Decoded, Field};

/// The filter that finds packets like this one in the selected row.
pub(super) fn of_row(packet: &Studied<'_>, row: &TreeRow<'_>) -> Option<String> {
    let proposals = match row {
        TreeRow::Layer(layer) => vec![layer.name.to_owned()],
        TreeRow::Mark(mark, _) => vec![mark.filter().to_owned()],
        TreeRow::Field(field, _) => of_field(field),
        TreeRow::Problem(_) => vec!["_ws.malformed".to_owned()],
        TreeRow::Unit(_) => Vec::new(),
    };
    proposals.into_iter().find(|it| holds(packet, it))
}

/// The filter that finds the packet's conversation: its TCP connection, else its two ends.
pub(super) fn of_conversation(packet: &Studied<'_>) -> Option<String> {
    if let Some(segment) = packet.segment() {
        return Some(format!("tcp.stream == {}", segment.flow));
    }
    let decoded = &packet.decoded;
    let ends = ["ip.addr", "ipv6.addr", "eth.addr"].into_iter().zip([
        ["ip.src", "ip.dst"],
        ["ipv6.src", "ipv6.dst"],
        ["eth.src", "eth.dst"],
    ]);
    let both = |name: &str, [from, to]: [&str; 2]| {
        let [from, to] = [value(decoded, from)?, value(decoded, to)?];
        Some(format!("{name} == {from} && {name} == {to}"))
    };
    let between = ends.into_iter().find_map(|(name, fields)| both(name, fields))?;
    let ports = both("udp.port", ["udp.srcport", "udp.dstport"]);
    let whole = ports.map(|ports| format!("{between} && {ports}"));
    whole.into_iter().chain([between]).find(|it| holds(packet, it))
}

/// The text and more: both must hold.
pub(super) fn with(filter: &str, more: &str) -> String {
    let filter = filter.trim();
    if filter.is_empty() { more.to_owned() } else { format!("({filter}) && ({more})") }
}

fn value(decoded: &Decoded, name: &str) -> Option<String> {
    decoded.field(name).map(|it| it.value.clone())
}

/// What may be written of a field's value, the plainest first.
fn of_field(field: &Field) -> Vec<String> {
    let (name, value) = (field.name, field.value.as_str());
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    let bytes = value.split_whitespace().collect::<Vec<_>>().join(":");
    let first = value.split_whitespace().next().unwrap_or_default();
    let mut all = vec![
        format!("{name} == {value}"),
        format!("{name} == \"{escaped}\""),
        format!("{name} == {bytes}"),
        format!("{name} == {first}"),
    ];
    all.extend(["1", "0"].map(|it| format!("{name} == {it}")));
    all.push(name.to_owned());
    all
}

fn holds(packet: &Studied<'_>, text: &str) -> bool {
    Filter::parse(text).is_ok_and(|it| it.holds(&packet.seen()))
}
