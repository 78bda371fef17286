//! A row for each request with its packets; what went out in the clear, what the hotspot's owner read, what each field changed.
use super::browser::{Kind, Sent};
use super::cases::{SECRET, SESSION, World};
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::web::story;
use crate::recording::{Cell, Fact, Recording, Step, Table};

pub(super) fn found(recording: &Recording, sent: &[Sent], world: &World) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "browser");
    count(&mut findings, sent);
    let bare: Vec<&Sight<'_>> = sights.iter().filter(|it| it.sent && has_secret(it)).collect();
    findings.count(
        "bare",
        "packets of the browser with password or session in the clear",
        bare.len(),
        "searched in the bytes it sent",
    );
    findings.mark("bare", "password or session leave in the clear", bare.first().copied());
    let loot = world.loot.borrow();
    findings.count(
        "read",
        "passwords and sessions the hotspot's owner read",
        loot.iter().map(|it| usize::from(it.contains(SECRET)) + usize::from(it.contains(SESSION))).sum(),
        "in the bodies and cookies that came to its server",
    );
    for it in world.did.borrow().iter() {
        for (when, did) in [("without", it.without), ("with", it.with)] {
            let name = format!("{}_{when}", it.name);
            let label = format!("{when} the field: {}", it.what);
            findings.count(&name, &label, usize::from(did), format!("1 is yes; {}", it.field));
        }
    }
    let referer = |it: &&super::site::Asked| !it.referer.is_empty();
    findings.count(
        "referers",
        "requests to the other site with a Referer",
        world.other.borrow().iter().filter(referer).count(),
        "as its server got them",
    );
    findings.table(fields(world));
    let steps: Vec<Step> = sent.iter().map(|it| step(recording, &sights, it)).collect();
    story(&mut findings, steps, |_, it| it.kind.clone());
    findings
}

fn count(findings: &mut Findings, sent: &[Sent]) {
    let of = |kind: Kind| sent.iter().filter(move |it| it.kind == kind);
    let answered = of(Kind::Answered).count();
    findings.count("answered", "requests that were answered", answered, "redirects, too");
    let clear = of(Kind::Answered).filter(|it| !it.page.secure).count();
    findings.count("clear", "of them in the clear", clear, "http://, by whoever answered");
    let middle = of(Kind::Answered).filter(|it| it.middle).count();
    findings.count("middle", "of them by the hotspot's owner", middle, "in the shop's name");
    let how = "RFC 6797 §8.3: nothing is sent for that";
    findings.count("upgraded", "addresses the browser made https itself", of(Kind::Upgraded).count(), how);
    let how = "a certificate that is not good, of a host known to be https only (RFC 6797 §8.4)";
    findings.count("refused", "visits ended without a way round", of(Kind::Refused).count(), how);
    let how = "a certificate that is not good, of a host that is not known";
    findings.count("clicked_away", "warnings clicked away", of(Kind::ClickedAway).count(), how);
    findings.count("turned_back", "warnings that were minded", of(Kind::TurnedBack).count(), how);
    let how = "the page's policy does not name where they are";
    findings.count("blocked", "requests that were never sent", of(Kind::Blocked).count(), how);
    for (name, label, kind) in [
        ("upgraded", "http becomes https in the browser", Kind::Upgraded),
        ("refused", "no way round a certificate that is not good", Kind::Refused),
        ("clicked-away", "a warning is clicked away", Kind::ClickedAway),
        ("blocked", "a request is not sent", Kind::Blocked),
    ] {
        findings.mark_at(name, label, of(kind).next().map(|it| it.told.at), None);
    }
}

fn has_secret(sight: &Sight<'_>) -> bool {
    let has = |needle: &str| sight.packet.bytes.windows(needle.len()).any(|it| it == needle.as_bytes());
    has(SECRET) || has(SESSION)
}

fn fields(world: &World) -> Table {
    let columns = [("field", "field"), ("what", "what then happened"), ("without", "without"), ("with", "with")];
    let mut table = Table::new("fields", "what each field changes in the browser", &columns);
    let word = |did: bool| Cell::text(if did { "yes" } else { "no" });
    for it in world.did.borrow().iter() {
        table.row(None, vec![Cell::text(&it.field), Cell::text(it.what), word(it.without), word(it.with)]);
    }
    table
}

fn step(recording: &Recording, sights: &[Sight<'_>], it: &Sent) -> Step {
    let who = if it.middle { "the hotspot's owner" } else { "the site" };
    let (kind, title) = match it.kind {
        Kind::Upgraded => ("upgraded", format!("{}: not {}, but https", it.what, it.page)),
        Kind::Answered => {
            ("answered", format!("{}: {}: {} of {who}", it.what, it.page, it.told.status.unwrap_or_default()))
        }
        Kind::Refused => ("refused", format!("{}: {}: refused, no way round", it.what, it.page)),
        Kind::ClickedAway => ("clicked-away", format!("{}: {}: a warning, clicked away", it.what, it.page)),
        Kind::TurnedBack => ("turned-back", format!("{}: {}: a warning, and the user turns back", it.what, it.page)),
        Kind::Blocked => ("blocked", format!("{}: {}: not sent", it.what, it.page)),
        Kind::Failed => ("failed", format!("{}: {}: no answer", it.what, it.page)),
    };
    let mut facts = Vec::new();
    if it.kind == Kind::Answered {
        facts.push(Fact::text("transport", if it.page.secure { "TLS" } else { "in the clear" }));
        facts.extend(it.told.facts(it.says.clone()));
    }
    Step { depth: it.depth.min(3), ..it.told.step(recording, sights, (kind, title), facts, it.why.clone()) }
}
