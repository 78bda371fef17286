//! The rows of the run: what was fetched and shown, each check, the verdict, and who heard of it.
use super::script::Seen;
use super::{NAME, fault, said};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, counted};
use crate::recording::{Cell, Fact, Recording, Step, Table, Time};
use crate::services::tls::{Faulty, LAB_BEGINS};
use crate::services::x509::{Asked, Certificate, Check, Checked, Crl, Judged, Purpose, judge};

/// What the rows are made of.
struct Rows<'a> {
    node: usize,
    server: usize,
    sights: Vec<Sight<'a>>,
    seen: &'a Seen,
    shown: Vec<Certificate>,
    judged: Judged,
}

pub(super) fn found(recording: &Recording, seen: &Seen, faulty: &Faulty, knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let shown = faulty.identity.read();
    let rows = Rows {
        node: recording.node("client").unwrap_or_default(),
        server: recording.node("server").unwrap_or_default(),
        sights: capture(recording, "client"),
        seen,
        judged: judged(&shown, seen, faulty),
        shown,
    };
    numbers(&mut findings, &rows);
    let steps = rows.all(knobs);
    marks(&mut findings, &rows, &steps);
    findings.steps(steps);
    programs(&mut findings, knobs);
    findings
}

/// The client's checks, with what it had in hand and the lab's calendar at that instant.
fn judged(shown: &[Certificate], seen: &Seen, faulty: &Faulty) -> Judged {
    let at = seen.verdict.as_ref().map_or(seen.began, |it| it.0);
    let seconds = i64::try_from(at.0 / 1_000_000_000).unwrap_or(0);
    let root = Certificate::read(&faulty.root).expect("it was made here");
    let lists = seen.lists.iter().flat_map(|it| &it.2).filter_map(|it| Crl::read(it).ok());
    let crls: Vec<Crl> = lists.collect();
    let asked = Asked {
        name: Some(NAME),
        purpose: &Purpose::ServerAuth,
        now: i64::from(LAB_BEGINS) + seconds,
        anchors: &[root],
        crls: &crls,
    };
    judge(shown, &asked)
}

fn numbers(findings: &mut Findings, rows: &Rows<'_>) {
    let seen = rows.seen;
    findings.count("certificates", "certificates the server sends", rows.shown.len(), "in its Certificate message");
    let bytes = rows.shown.iter().map(|it| it.der.len()).sum();
    findings.bytes("chain_bytes", "the chain has", bytes, "the certificates as DER, without what TLS puts around them");
    let flight: Vec<&Sight<'_>> = rows.flight();
    let how = "TCP payload from the server to the client up to its verdict";
    findings.bytes("flight_bytes", "the server's handshake has", flight.iter().map(|it| it.data()).sum(), how);
    findings.count("flight_packets", "in so many packets", flight.len(), how);
    let checks = &rows.judged.checks;
    findings.count("checks", "checks of the client", checks.len(), "the rows of this run (RFC 5280 §6, RFC 9525 §6)");
    let failed = checks.iter().filter(|it| it.holds == Some(false)).count();
    findings.count("checks_failed", "of them do not hold", failed, "one is enough: the client breaks off");
    let unknown = checks.iter().filter(|it| it.holds.is_none()).count();
    findings.count("checks_unknown", "of them cannot be made", unknown, "what they need is not there");
    let verdict = seen.verdict.as_ref();
    let how =
        "TCP open to the client's verdict: 1 RTT with TLS 1.3 (RFC 8446 §2), 2 with 1.2 when all holds (RFC 5246 §7.3)";
    findings.time("verdict_time", "the client knows after", verdict.and_then(|it| Some(it.0 - seen.connected?)), how);
    let heard = seen.server.as_ref().and_then(|it| Some(it.0 - verdict?.0));
    let how = "from the client's verdict until the server knows: half an RTT";
    findings.time("server_knows_time", "the server knows after", heard.filter(|_| refused(seen).is_some()), how);
    let answered = seen.answered.map(|it| it - seen.began);
    findings.time("answer_time", "the answer is here after", answered, "from the SYN to its first byte");
    if let Some((asked, there, lists)) = &seen.lists {
        let how = format!("a request over HTTP for the list of each issuer: {}", lists.len());
        findings.time("lists_time", "the lists were here after", Some(*there - *asked), how);
        let bytes = lists.iter().map(Vec::len).sum();
        findings.bytes(
            "lists_bytes",
            "they have",
            bytes,
            "every list as DER; those of large authorities have megabytes",
        );
    }
}

/// Why the client refused, in words.
fn refused(seen: &Seen) -> Option<&str> {
    seen.verdict.as_ref().and_then(|it| it.1.as_ref().err()).map(String::as_str)
}

impl<'a> Rows<'a> {
    /// Whether a packet is of the connection to the server.
    fn ours(&self, it: &Sight<'_>) -> bool {
        it.tcp().is_some_and(|segment| Some(if it.sent { segment.from } else { segment.to }) == self.seen.local)
    }

    /// The server's packets with data, up to the client's verdict.
    fn flight(&self) -> Vec<&Sight<'a>> {
        let until = self.seen.verdict.as_ref().map_or(Time(u64::MAX), |it| it.0);
        self.sights.iter().filter(|it| !it.sent && it.data() > 0 && it.at <= until && self.ours(it)).collect()
    }

    fn between(&self, from: Time, to: Time, ours: bool) -> Vec<u32> {
        let during =
            |it: &&Sight<'_>| (from..=to).contains(&it.at) && (it.at > from || it.sent) && self.ours(it) == ours;
        self.sights.iter().filter(during).map(|it| it.packet.n).collect()
    }

    fn row(&self, kind: &str, (at, until): (Time, Time), title: String, facts: Vec<Fact>, why: &str) -> Step {
        let (kind, why) = (kind.to_owned(), why.to_owned());
        Step { at, until, node: self.node, depth: 0, kind, title, facts, why, packets: Vec::new() }
    }

    fn all(&self, knobs: &Knobs) -> Vec<Step> {
        let mut steps: Vec<Step> = self.lists().into_iter().collect();
        let Some(connected) = self.seen.connected else { return steps };
        let why = "A SYN out, a SYN-ACK in: 1 RTT before a word of TLS (RFC 9293 §3.5).";
        let mut tcp = self.row("tcp", (self.seen.began, connected), "TCP opens".to_owned(), Vec::new(), why);
        tcp.packets = self.between(self.seen.began, connected, true);
        steps.push(tcp);
        let Some((at, verdict)) = &self.seen.verdict else { return steps };
        steps.push(self.presented(connected, *at));
        steps.extend(self.judged.checks.iter().map(|it| self.check(it, *at)));
        steps.push(self.verdict(*at, verdict.as_ref().map(|_| ()).map_err(String::as_str), knobs));
        steps.extend(self.server());
        steps
    }

    fn lists(&self) -> Option<Step> {
        let (asked, there, lists) = self.seen.lists.as_ref()?;
        let facts = vec![
            Fact::quantity("bytes", Quantity::bytes(lists.iter().map(Vec::len).sum())),
            Fact::quantity("lists", Quantity::count(lists.len())),
        ];
        let why = "A certificate says where its issuer's list is (RFC 5280 §4.2.1.13); this client knows the place from an earlier visit \
                   and renews the lists before this one. A list is signed, so plain HTTP will do. Few clients fetch it: browsers get an \
                   extract with their updates, most other programs ask nobody.";
        let title = "before the visit the client gets the lists of revoked certificates".to_owned();
        let mut row = self.row("list", (*asked, *there), title, facts, why);
        row.packets = self.between(*asked, *there, false);
        Some(row)
    }

    fn presented(&self, from: Time, to: Time) -> Step {
        let each = |it: &Certificate| format!("{} (issuer {}, {} bytes)", it.subject, it.issuer, it.der.len());
        let mut facts = vec![
            Fact::list("sent", self.shown.iter().map(each).collect()),
            Fact::quantity("bytes", Quantity::bytes(self.shown.iter().map(|it| it.der.len()).sum())),
        ];
        if !self.judged.unused.is_empty() {
            facts.push(Fact::list("not_needed", self.judged.unused.clone()));
        }
        let why = "Its own certificate first, then those that lead to the root; the root itself need not be sent, since the client has \
                   it or does not trust it (RFC 8446 §4.4.2). With TLS 1.3 nobody on the way reads them.";
        let title = format!("the server shows {}", counted(self.shown.len(), "certificate"));
        let mut row = self.row("presented", (from, to), title, facts, why);
        row.packets = self.between(from, to, true);
        row
    }

    fn check(&self, it: &Check, at: Time) -> Step {
        let (kind, verb) = match it.holds {
            Some(true) => ("holds", "holds"),
            Some(false) => ("fails", "DOES NOT HOLD"),
            None => ("unknown", "cannot be checked"),
        };
        let mut facts = vec![Fact::text("of", it.of.clone()), Fact::text("found", it.found.clone())];
        if !it.wanted.is_empty() {
            facts.push(Fact::text("wanted", it.wanted.clone()));
        }
        let title = format!("{} of {} {verb}", it.what.name(), it.of);
        Step { depth: 1, ..self.row(kind, (at, at), title, facts, why(it.what)) }
    }

    fn verdict(&self, at: Time, verdict: Result<(), &str>, knobs: &Knobs) -> Step {
        let fault = fault(knobs);
        let mut facts = Vec::new();
        if let Err(why) = verdict {
            facts.push(Fact::text("client", why.to_owned()));
            facts.extend(said::of(fault).into_iter().flat_map(|it| {
                [("openssl", it.openssl), ("curl", it.curl), ("chrome", it.chrome), ("firefox", it.firefox)]
                    .map(|(name, text)| Fact::text(name, text))
            }));
        }
        facts.push(Fact::text("remedy", said::remedy(fault)));
        let (kind, title, why) = match verdict {
            Ok(()) => {
                let whole = self.judged.checks.iter().all(|it| it.holds.is_some());
                let why = if whole { ACCEPTED } else { PARTLY };
                ("accepted", "the client goes on: keys are agreed with somebody it believes", why)
            }
            Err(_) => {
                ("refused", "the client breaks off with an alert, before it has sent a byte of a request", REFUSED)
            }
        };
        let until = self.seen.answered.unwrap_or(at);
        let mut row = self.row(kind, (at, until), title.to_owned(), facts, why);
        row.packets = self.between(at, until, true);
        row
    }

    fn server(&self) -> Option<Step> {
        let (at, outcome) = self.seen.server.as_ref()?;
        let (kind, title) = match outcome {
            Ok(()) => ("server-done", "the server's side of the handshake is done".to_owned()),
            Err(why) => ("server-told", format!("the server hears: {why}")),
        };
        let why = "The server learns one word, the alert, and not which check or certificate it was about; it goes into its log at best. \
                   Whoever runs the server has to look from a client's side.";
        let why = if outcome.is_err() { why } else { "Its own certificate was good: nobody tells it so." };
        Some(Step { node: self.server, ..self.row(kind, (*at, *at), title, Vec::new(), why) })
    }
}

const ACCEPTED: &str = "All of it was needed: keys alone prove that somebody is there, the path proves that it is the one who was asked \
                        for (RFC 8446 §4.4.3).";
const PARTLY: &str = "Nothing that could be checked fails, and this client goes on where something could not be: for want of a list most \
                      clients do (RFC 5280 §6.3 leaves it to them).";
const REFUSED: &str = "A client that finds a certificate it does not believe sends a fatal alert and closes (RFC 8446 §4.4.2.4, §6.2). In \
                       TLS 1.3 the alert is encrypted; in 1.2 anybody on the way reads it.";

const fn why(what: Checked) -> &'static str {
    match what {
        Checked::Path => {
            "Names lead from each certificate to its issuer's; a server has to send what the client does not have (RFC 5280 §6.1)."
        }
        Checked::Anchor => {
            "The path must end at somebody the client trusted before: its root store. What a server sends proves nothing \
                            about itself (RFC 5280 §6.1.1 (d))."
        }
        Checked::Signature => {
            "The issuer's key must have signed it, else anybody could write the issuer's name (RFC 5280 §6.1.3 (a)(1))."
        }
        Checked::Validity => {
            "The client's own clock decides (RFC 5280 §6.1.3 (a)(2)): a wrong clock refuses good certificates."
        }
        Checked::Authority => "Else every owner of a certificate could issue others (RFC 5280 §6.1.4 (k), (n)).",
        Checked::Extensions => {
            "Who issued it calls them so important that nobody may pass over them: a client that does not know one refuses (RFC 5280 §4.2)."
        }
        Checked::Purpose => "A certificate for one purpose is none for another, where it says so (RFC 5280 §4.2.1.12).",
        Checked::Revocation => {
            "Until it expires a certificate holds, unless its issuer takes it back and the client hears of it (RFC 5280 §6.3)."
        }
        Checked::Name => {
            "The chain may be good and somebody else's. subjectAltName counts, the common name does not (RFC 9525 §2, §6)."
        }
    }
}

fn marks(findings: &mut Findings, rows: &Rows<'_>, steps: &[Step]) {
    let names = [("tcp", "tcp-open", "TCP is open"), ("presented", "chain", "the server's certificates are in")];
    for (kind, name, label) in names {
        let row = steps.iter().find(|it| it.kind == kind);
        findings.mark_at(name, label, row.map(|it| it.until), row.and_then(|it| it.packets.last().copied()));
    }
    let verdict = rows.seen.verdict.as_ref().map(|it| it.0);
    // The last of what goes out at that instant: change_cipher_spec and Finished go before.
    let said = rows.sights.iter().rfind(|it| it.sent && it.data() > 0 && verdict == Some(it.at) && rows.ours(it));
    let refused = refused(rows.seen).is_some();
    if refused {
        findings.mark("alert", "the client's alert goes out", said);
    } else {
        findings.mark("request", "the request goes out", said);
    }
    for row in steps.iter().filter(|it| it.depth == 0 && it.until > it.at) {
        let ends = row.packets.first().copied().zip(row.packets.last().copied());
        findings.span_of("client", row.title.clone(), (row.at, row.until), ends);
    }
}

/// What other programs say of this fault.
fn programs(findings: &mut Findings, knobs: &Knobs) {
    let Some(said) = said::of(fault(knobs)) else { return };
    let mut table = Table::new("programs", said::SOURCE, &[("program", "program"), ("says", "says")]);
    let all =
        [("openssl s_client", said.openssl), ("curl", said.curl), ("Chrome", said.chrome), ("Firefox", said.firefox)];
    for (program, words) in all {
        table.row(None, vec![Cell::text(program), Cell::text(words)]);
    }
    findings.table(table);
}
