//! How a call ended: the codes of the trailer grpc-status. grpc/doc/statuscodes.md.
use crate::wire::hpack::Line;
use crate::wire::text::visible_start;

/// The name of a code and what it means.
pub(in crate::wire) fn of(code: &[u8]) -> Option<(&'static str, &'static str)> {
    Some(match std::str::from_utf8(code).ok()?.parse::<u32>().ok()? {
        0 => ("OK", "the call succeeded"),
        1 => ("CANCELLED", "the caller gave it up"),
        2 => ("UNKNOWN", "an error of which nothing more is known"),
        3 => ("INVALID_ARGUMENT", "the request is wrong whatever the state of the server"),
        4 => ("DEADLINE_EXCEEDED", "the deadline passed; the work may have been done all the same"),
        5 => ("NOT_FOUND", "what was asked for is not there"),
        6 => ("ALREADY_EXISTS", "what should be made is there already"),
        7 => ("PERMISSION_DENIED", "the caller is known and may not"),
        8 => ("RESOURCE_EXHAUSTED", "a quota is used up, or there is no room"),
        9 => ("FAILED_PRECONDITION", "the state of the server does not allow it: do not retry before it is mended"),
        10 => ("ABORTED", "it met another one at the same thing: retry from the beginning"),
        11 => ("OUT_OF_RANGE", "beyond the end of what there is"),
        12 => ("UNIMPLEMENTED", "the server has no such method"),
        13 => ("INTERNAL", "something the server relies on is broken"),
        14 => ("UNAVAILABLE", "not at the moment: retry after a while"),
        15 => ("DATA_LOSS", "data is lost for good"),
        16 => ("UNAUTHENTICATED", "the caller has not proved who it is"),
        _ => return None,
    })
}

/// What the trailers say: `: grpc-status 5, NOT_FOUND`; nothing where they say none.
pub(in crate::wire) fn said(lines: &[Line]) -> Option<String> {
    let value = &lines.iter().find(|it| *it.entry.name == *b"grpc-status")?.entry.value;
    let name = of(value).map_or("not a known code", |it| it.0);
    Some(format!(": grpc-status {}, {name}", visible_start(value, 16)))
}
