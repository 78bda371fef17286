//! The resets after a page: a host whose program has closed answers what still comes with RST.
use super::Leg;
use crate::demos::capture::Sight;
use crate::demos::findings::Findings;
use crate::demos::frame::{Content, Segment, content};
use crate::recording::Recording;

/// Says how many there are, where both sides had sent all of a page, and that they are how such a connection ends.
pub(super) fn resets(findings: &mut Findings, recording: &Recording, sights: &[Sight<'_>], legs: &[Leg]) {
    let found: Vec<&Sight<'_>> = sights.iter().filter(|it| is_after(it, sights, legs)).collect();
    let Some(segment) = found.first().and_then(|it| it.tcp()) else { return };
    // It is said where the first one is sent, which the client sees later.
    let is_first = |bytes: &[u8]| matches!(content(bytes), Content::Tcp(it) if it.rst && same(&it, &segment));
    let Some(first) = recording.packets.iter().find(|it| is_first(&it.bytes)) else { return };
    let how = "in the client's capture: of a host whose program had closed, to what still came (RFC 9293 §3.6.1)";
    findings.count("resets_after", "resets (RST) after all was there", found.len(), how);
    let count = found.len();
    let come = if count == 1 { "1 reset (RST) comes".to_owned() } else { format!("{count} resets (RST) come") };
    let text = format!(
        "{come} from here on, and that is normal: the page was whole before. Each side says its last (FIN) and closes \
         without waiting for the other's; a host answers with RST what comes after that"
    );
    findings.note(first.at, first.from, text);
}

/// Whether two segments are of the same side of a connection.
fn same(a: &Segment<'_>, b: &Segment<'_>) -> bool {
    a.from == b.from && a.to == b.to
}

/// Whether it is a reset by a side that had sent its FIN, of a connection whose page was whole by then.
fn is_after(reset: &Sight<'_>, sights: &[Sight<'_>], legs: &[Leg]) -> bool {
    let Some(segment) = reset.tcp().filter(|it| it.rst) else { return false };
    let client = if reset.sent { segment.from } else { segment.to };
    let opens = |it: &&Sight<'_>| it.sent && it.tcp().is_some_and(|it| it.opens() && it.from == client);
    let Some(opened) = sights.iter().find(opens).map(|it| it.at) else { return false };
    let done = legs.iter().filter(|it| it.began <= opened).find_map(|it| it.done.filter(|done| opened <= *done));
    let is_fin = |it: &Sight<'_>| it.at <= reset.at && it.tcp().is_some_and(|it| it.fin && same(&it, &segment));
    done.is_some_and(|done| done <= reset.at) && sights.iter().any(is_fin)
}
