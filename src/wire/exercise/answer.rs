//! Fields of a DNS answer, hidden: they are those of the query, turned round.
use super::capture::{Capture, block};
use super::chance::Chance;
use super::{Exercise, Form, Gap, Lacks};

/// Fields hidden.
const HIDDEN: usize = 4;
const NUMBER: &str = "a number, decimal or 0x...";
const ADDRESS: &str = "an address";

pub(super) fn make(capture: &Capture<'_>, chance: &mut Chance) -> Result<Exercise, Lacks> {
    let all: Vec<(u32, u32)> = capture.numbers().filter_map(|n| Some((n, answer_to(capture, n)?))).collect();
    let lacking = || Lacks::of("no DNS query over UDP with its answer");
    let (query, answer) = *chance.pick(&all).ok_or_else(lacking)?;
    asked(capture, chance, query, answer).ok_or_else(lacking)
}

/// The packet that answers a query, turned round in all its addresses.
fn answer_to(capture: &Capture<'_>, query: u32) -> Option<u32> {
    let of = |n: u32, field: &str| capture.value(n, field);
    if of(query, "dns.flags.response")? != "0" {
        return None;
    }
    let turned = |n: &u32| {
        let same = |ours: &str, theirs: &str| of(query, ours).is_some_and(|it| of(*n, theirs) == Some(it));
        of(*n, "dns.flags.response").is_some_and(|it| it == "1")
            && same("dns.id", "dns.id")
            && [("udp.srcport", "udp.dstport"), ("ip.src", "ip.dst")].iter().all(|(a, b)| same(a, b) && same(b, a))
    };
    capture.numbers().filter(|n| *n > query).find(turned)
}

fn asked(capture: &Capture<'_>, chance: &mut Chance, query: u32, answer: u32) -> Option<Exercise> {
    let (asks, tells) = (capture.decoded(query), capture.decoded(answer));
    let of = |field: &str| asks.field(field).map(|it| it.value.clone());
    let port = |field: &str| of(field)?.parse::<u32>().ok();
    let (client, server) = (of("ip.src")?, of("ip.dst")?);
    let (own, known) = (port("udp.srcport")?, port("udp.dstport")?);
    let hex = of("dns.id")?;
    let id = u32::from_str_radix(hex.trim_start_matches("0x"), 16).ok()?;
    let name = of("dns.qry.name")?;
    let length: usize = tells.field("udp.length")?.value.parse().ok()?;
    let message = length.checked_sub(8)?;
    let back = format!("It goes back where packet {query} came from.");
    let from = format!("It comes from where packet {query} went.");
    let gaps = vec![
        Gap::new("source address", ADDRESS, server.as_str(), from)
            .near(client.as_str(), "That is who asked; the answer comes from the other side."),
        Gap::new("destination address", ADDRESS, client.as_str(), back)
            .near(server.as_str(), "That is who was asked; the answer goes to the other side."),
        Gap::new("source port", NUMBER, known, format!("The server answers from the port it was asked at: {known}."))
            .near(own, "That is the client's port, where the answer goes."),
        Gap::new("destination port", NUMBER, own, format!("The client waits at the port it asked from: {own}."))
            .near(known, "Only the server has that port; the client drew one of its own for the query."),
        Gap::new("UDP length", NUMBER, length, format!("{message} bytes of DNS, and 8 of UDP header."))
            .near(message, "That is the message alone; the length counts the 8 bytes of the UDP header, too.")
            .near(message + 28, "That counts the IP header as well; UDP's length begins with its own header."),
        Gap::new(
            "DNS id",
            NUMBER,
            id,
            format!("The answer repeats the id of its query, {hex}: so a client knows what is answered."),
        )
        .near(id + 1, "The id is not counted on: the answer has that of its query."),
        Gap::new(
            "name in the question",
            "a domain name",
            name.as_str(),
            "An answer repeats the question it answers.".to_owned(),
        ),
    ];
    let gaps = chance.some(gaps, HIDDEN);
    let row = |label: &str, value: &str| {
        let is_hidden = gaps.iter().any(|it| it.label == label);
        format!("  {label}: {}", if is_hidden { "?" } else { value })
    };
    let answers = tells.field("dns.count.answers").map_or_else(|| "0".to_owned(), |it| it.value.clone());
    let lines = [
        format!("packet {query} at {}: a query", capture.stamp(query)),
        format!("  {client} port {own} > {server} port {known}"),
        format!("  DNS id {hex}, question {name}"),
        format!("packet {answer} at {}: its answer", capture.stamp(answer)),
        row("source address", &server),
        row("destination address", &client),
        row("source port", &known.to_string()),
        row("destination port", &own.to_string()),
        row("UDP length", &length.to_string()),
        format!("  DNS message: {message} bytes, answers: {answers}"),
        row("DNS id", &hex),
        row("name in the question", &name),
    ];
    let prompt = format!("{}\n\nWhat stands in the hidden fields?", block(&lines.join("\n")));
    let said: Vec<String> = gaps.iter().map(|it| format!("{} {}", it.label, it.right)).collect();
    let explanation = format!("Packet {answer} answers packet {query}: {}.", said.join(", "));
    Some(Exercise { prompt, form: Form::Fill(gaps), explanation, packet: answer })
}
