//! When the requests left, as the packets say: what a program asks for may wait inside its HTTP/2 until a stream is free.
use std::collections::BTreeMap;

use crate::demos::capture::Sight;
use crate::recording::Time;
use crate::recording::opened::Links;
use crate::wire::{self, Decoded, Field};

/// When the last packet left that a request's head stands in, by the request's path; each path is asked for once.
pub(super) fn left(sights: &[Sight<'_>], opened: &Links) -> BTreeMap<String, Time> {
    let mut left = BTreeMap::new();
    for sight in sights.iter().filter(|it| it.sent) {
        // Without TLS, HTTP/1 stands in the frame as it is.
        let plain = (sight.data() > 0).then(|| wire::decode(&sight.packet.bytes));
        let units = opened.at(sight.packet).filter(|it| !it.from_server).map(|it| &it.decoded);
        for path in units.chain(&plain).filter_map(path) {
            left.entry(path).or_insert(sight.at);
        }
    }
    left
}

/// The path that a request's head asks for.
fn path(decoded: &Decoded) -> Option<String> {
    decoded.layers.iter().find_map(|layer| path_in(&layer.fields))
}

fn path_in(fields: &[Field]) -> Option<String> {
    fields.iter().find_map(|field| match field.name {
        "http.request.uri" => Some(field.value.clone()),
        // RFC 9113 §8.3.1, RFC 9114 §4.3.1
        "http2.header" | "http3.header" => field.value.strip_prefix(":path: ").map(str::to_owned),
        _ => path_in(&field.parts),
    })
}
