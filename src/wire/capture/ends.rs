//! Who sent a packet and who is meant.
use crate::wire::Decoded;

/// Source and destination: by IP where it has that, else on the link; empty where nothing says.
#[must_use]
pub fn ends(decoded: &Decoded) -> [String; 2] {
    let pairs = [["ip.src", "ip.dst"], ["ipv6.src", "ipv6.dst"], ["eth.src", "eth.dst"], ["sll.src.eth", ""]];
    let outer = |name: &str| decoded.field(name).map(|it| it.value.clone());
    // The outermost: a packet quoted by an error, or in a tunnel, has addresses of its own.
    let first = decoded.layers.iter().find(|it| it.name == "ip" || it.name == "ipv6").map_or("", |it| it.name);
    let is_there =
        |pair: &&[&str; 2]| outer(pair[0]).is_some() && (first.is_empty() || pair[0].starts_with(&format!("{first}.")));
    let [from, to] = pairs.iter().find(is_there).copied().unwrap_or_default();
    [from, to].map(|name| outer(name).unwrap_or_default())
}
