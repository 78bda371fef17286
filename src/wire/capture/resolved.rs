//! The names of a Name Resolution Block. draft-ietf-opsawg-pcapng, Name Resolution Block.
use std::net::IpAddr;

use super::order::Order;

/// Names that are kept of one block.
const MOST: usize = 10_000;

/// Addresses, each with the names it had; a record that is damaged ends the list.
pub(super) fn names(body: &[u8], order: Order) -> Vec<(IpAddr, String)> {
    let mut names = Vec::new();
    let mut rest = body;
    while let (Some(kind @ 1..), Some(length)) = (order.u16_at(rest, 0), order.u16_at(rest, 2)) {
        let length = usize::from(length);
        let Some(value) = rest.get(4..4 + length) else { break };
        if let Some((address, text)) = record(kind, value) {
            let each = text.split(|byte| *byte == 0).filter(|name| !name.is_empty());
            names.extend(each.map(|name| (address, String::from_utf8_lossy(name).into_owned())));
        }
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        if names.len() > MOST {
            break;
        }
    }
    names.truncate(MOST);
    names
}

fn record(kind: u16, value: &[u8]) -> Option<(IpAddr, &[u8])> {
    match kind {
        1 => value.split_first_chunk::<4>().map(|(address, text)| (IpAddr::from(*address), text)),
        2 => value.split_first_chunk::<16>().map(|(address, text)| (IpAddr::from(*address), text)),
        _ => None,
    }
}
