//! The path from a server's or client's certificate to one that is trusted, and the checks on it (RFC 5280 §6.1, RFC 9525 §6).
//!
//! Policies (RFC 5280 §6.1.3 (d) to (f)) are not read. Name constraints (b, c) are seen and not applied: a certificate that has some
//! gets a row that cannot be checked.
use std::net::IpAddr;

use super::{AltName, Certificate, Crl, Purpose, date};

/// No path is longer: as in libraries, so that a sender of many certificates costs little.
const LONGEST: usize = 8;

/// What a judge knows beside the certificates that were presented.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name the other end must have; none where any will do.
    pub name: Option<&'a str>,
    pub purpose: &'a Purpose,
    /// Seconds since 1970.
    pub now: i64,
    pub anchors: &'a [Certificate],
    /// Lists of revoked certificates; none, and nothing is asked about revocation.
    pub crls: &'a [Crl],
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checked {
    /// Who issued it is there.
    Path,
    /// The path ends at somebody who is trusted.
    Anchor,
    /// Its issuer's key made its signature.
    Signature,
    Validity,
    /// It may issue certificates.
    Authority,
    /// What it calls critical is understood.
    Extensions,
    Purpose,
    Revocation,
    Name,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub what: Checked,
    /// Whose: the subject of the certificate.
    pub of: String,
    /// `None` where it cannot be checked: another check failed, or it is not made here.
    pub holds: Option<bool>,
    /// What the certificate says.
    pub found: String,
    /// What it must say.
    pub wanted: String,
}

/// All checks of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub checks: Vec<Check>,
    /// The certificates of the path, the leaf first; the trusted one last, if it was reached.
    pub path: Vec<Certificate>,
    /// Subjects of certificates that were presented and not needed.
    pub unused: Vec<String>,
}

impl Judged {
    /// The first check that does not hold.
    #[must_use]
    pub fn failed(&self) -> Option<&Check> {
        self.checks.iter().find(|it| it.holds == Some(false))
    }
}

impl Checked {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Anchor => "anchor",
            Self::Signature => "signature",
            Self::Validity => "validity",
            Self::Authority => "authority",
            Self::Extensions => "extensions",
            Self::Purpose => "purpose",
            Self::Revocation => "revocation",
            Self::Name => "name",
        }
    }
}

/// Checks what was presented, the leaf first.
#[must_use]
pub fn judge(presented: &[Certificate], asked: &Asked<'_>) -> Judged {
    let Some(leaf) = presented.first() else {
        let none = check(Checked::Path, "nobody", Some(false), "no certificate at all", "one of the other end");
        return Judged { checks: vec![none], path: Vec::new(), unused: Vec::new() };
    };
    let (path, reached) = build(leaf, &presented[1..], asked.anchors);
    let sent = &path[..path.len() - usize::from(reached)];
    let mut checks = links(&path, reached, asked);
    checks.extend(signatures(&path, reached));
    checks.extend(sent.iter().map(|it| validity(it, asked.now)));
    checks.extend((0..).zip(&sent[1..]).map(|(below, it)| authority(it, below)));
    checks.extend(sent.iter().filter_map(extensions));
    checks.push(purpose(leaf, asked.purpose));
    if !asked.crls.is_empty() {
        checks.extend(revocations(&path, reached, asked));
    }
    checks.extend(asked.name.map(|it| name(leaf, it)));
    let unused = presented[1..].iter().filter(|it| !path.contains(it)).map(|it| it.subject.clone()).collect();
    Judged { checks, path, unused }
}

fn check(what: Checked, of: &str, holds: Option<bool>, found: impl Into<String>, wanted: impl Into<String>) -> Check {
    Check { what, of: of.to_owned(), holds, found: found.into(), wanted: wanted.into() }
}

/// The path by names, and by keys where a name is there twice; whether it ends at somebody who is trusted.
fn build(leaf: &Certificate, others: &[Certificate], anchors: &[Certificate]) -> (Vec<Certificate>, bool) {
    let mut path = vec![leaf.clone()];
    while let Some(last) = path.last() {
        if anchors.contains(last) {
            return (path, true);
        }
        let issuer = |among: &[Certificate]| {
            let named: Vec<&Certificate> = among.iter().filter(|it| last.is_below(it) && !path.contains(it)).collect();
            named.iter().find(|it| last.is_signed_by(&it.key)).or(named.first()).copied().cloned()
        };
        match issuer(anchors).or_else(|| issuer(others)) {
            Some(next) if path.len() < LONGEST => path.push(next),
            _ => break,
        }
    }
    (path, false)
}

/// RFC 5280 §6.1: a row for the issuer of each certificate, and one for the end of the path.
fn links(path: &[Certificate], reached: bool, asked: &Asked<'_>) -> Vec<Check> {
    let mut checks: Vec<Check> = path
        .windows(2)
        .map(|pair| {
            let place = if asked.anchors.contains(&pair[1]) { "is trusted here" } else { "was sent as well" };
            check(Checked::Path, &pair[0].subject, Some(true), format!("its issuer, {}, {place}", pair[1].subject), "")
        })
        .collect();
    let last = path.last().expect("a path has its leaf");
    let trusted: Vec<&str> = asked.anchors.iter().map(|it| it.subject.as_str()).collect();
    let wanted = format!("one of: {}", trusted.join("; "));
    if reached {
        checks.push(check(
            Checked::Anchor,
            &last.subject,
            Some(true),
            "the client trusts this very certificate",
            wanted,
        ));
    } else if last.is_self_issued() {
        let found = if last.is_signed_by(&last.key) {
            "it is signed by itself, and the client does not trust it"
        } else {
            "it names itself as its issuer, its own key did not sign it, and the client does not trust it"
        };
        checks.push(check(Checked::Anchor, &last.subject, Some(false), found, wanted));
    } else {
        let found = format!("its issuer, {}, was not sent and is not trusted here", last.issuer);
        checks.push(check(Checked::Path, &last.subject, Some(false), found, "the certificate of its issuer"));
        checks.push(check(Checked::Anchor, &last.issuer, None, "the path does not get there", wanted));
    }
    checks
}

/// RFC 5280 §6.1.3 (a)(1), with the key of the next; a trusted certificate's own proves nothing.
fn signatures(path: &[Certificate], reached: bool) -> Vec<Check> {
    let sent = path.len() - usize::from(reached);
    let one = |at: usize| {
        let it = &path[at];
        let issuer = path.get(at + 1).or_else(|| it.is_self_issued().then_some(it));
        let found = format!("{}, {} bytes", it.algorithm(), it.signature_bytes());
        let wanted = format!("made with the key of {}", it.issuer);
        check(Checked::Signature, &it.subject, issuer.map(|issuer| it.is_signed_by(&issuer.key)), found, wanted)
    };
    (0..sent).map(one).collect()
}

/// RFC 5280 §6.1.3 (a)(2)
fn validity(it: &Certificate, now: i64) -> Check {
    let holds = (it.not_before..=it.not_after).contains(&now);
    let found = format!("{} to {}", date(it.not_before), date(it.not_after));
    check(Checked::Validity, &it.subject, Some(holds), found, format!("now: {}", date(now)))
}

/// RFC 5280 §6.1.4 (k), (m), (n): an authority, with at most so many below it, whose key may sign certificates.
fn authority(it: &Certificate, below: usize) -> Check {
    let (is_one, most) = it.authority.unwrap_or((false, None));
    let room = most.is_none_or(|most| below <= usize::try_from(most).unwrap_or(usize::MAX));
    let found = match (is_one, most) {
        (false, _) => "CA is false, or not said".to_owned(),
        (true, None) => "CA is true, any number of authorities below".to_owned(),
        (true, Some(1)) => "CA is true, 1 authority below at the most".to_owned(),
        (true, Some(most)) => format!("CA is true, {most} authorities below at the most"),
    };
    let signs = it.may_sign.unwrap_or(true);
    let found = if signs { found } else { format!("{found}; the key may not sign certificates (keyUsage)") };
    check(Checked::Authority, &it.subject, Some(is_one && room && signs), found, format!("CA, with {below} below"))
}

/// RFC 5280 §4.2, §6.1.4 (o), §6.1.5 (f): what is critical and not understood refuses the certificate. Nothing where there is none.
fn extensions(it: &Certificate) -> Option<Check> {
    let wanted = "no critical extension that is not understood";
    if !it.unknown.is_empty() {
        let found = format!("critical, and not understood: {}", it.unknown.join(", "));
        return Some(check(Checked::Extensions, &it.subject, Some(false), found, wanted));
    }
    let found = "it limits the names below it (nameConstraints), which is not applied here";
    it.limits_names.then(|| check(Checked::Extensions, &it.subject, None, found, wanted))
}

/// RFC 5280 §4.2.1.12: where purposes are said, the wanted one is among them.
fn purpose(it: &Certificate, wanted: &Purpose) -> Check {
    let holds = it.purposes.as_ref().is_none_or(|all| all.contains(wanted));
    let said = |all: &Vec<Purpose>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let found = it.purposes.as_ref().map_or_else(|| "nothing said: any".to_owned(), said);
    check(Checked::Purpose, &it.subject, Some(holds), found, wanted.to_string())
}

/// RFC 5280 §6.3: of each certificate that was sent, by the list of its issuer.
fn revocations(path: &[Certificate], reached: bool, asked: &Asked<'_>) -> Vec<Check> {
    let sent = path.len() - usize::from(reached);
    let one = |at: usize| {
        let (it, issuer) = (&path[at], path.get(at + 1));
        let list = issuer.and_then(|issuer| asked.crls.iter().find(|list| list.is_of(issuer)));
        let Some(list) = list else {
            return check(
                Checked::Revocation,
                &it.subject,
                None,
                "no list of its issuer is at hand",
                "not on the list",
            );
        };
        let (found, holds) = match list.revoked(&it.serial) {
            Some(at) => (format!("revoked {}", date(at)), false),
            None => (format!("not on the list of {} ({} on it)", date(list.this_update), list.revoked.len()), true),
        };
        check(Checked::Revocation, &it.subject, Some(holds), found, "not on the list of its issuer")
    };
    (0..sent).map(one).collect()
}

/// RFC 9525 §6: a name of subjectAltName; the common name is not looked at (§2).
fn name(leaf: &Certificate, wanted: &str) -> Check {
    let all: Vec<String> = leaf.names.iter().map(ToString::to_string).collect();
    let common = leaf.common_name.as_ref().map_or_else(String::new, |it| format!(" (CN, which does not count: {it})"));
    let found = if all.is_empty() { "no names".to_owned() } else { all.join(", ") };
    check(Checked::Name, &leaf.subject, Some(leaf.is_for(wanted)), found + &common, wanted)
}

impl Certificate {
    /// Whether one of its alternative names is that name or address (RFC 9525 §6.3, §6.4) or URI, the whole of it.
    #[must_use]
    pub fn is_for(&self, wanted: &str) -> bool {
        let address: Option<IpAddr> = wanted.parse().ok();
        self.names.iter().any(|it| match it {
            AltName::Dns(name) => address.is_none() && matches(name, wanted.trim_end_matches('.')),
            AltName::Address(it) => address == Some(*it),
            AltName::Uri(uri) => uri == wanted,
        })
    }
}

/// RFC 9525 §6.3: letters compare without case; `*` stands for one whole label, the first.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(rest) => {
            name.split_once('.').is_some_and(|(label, it)| !label.is_empty() && it.eq_ignore_ascii_case(rest))
        }
        None => pattern.eq_ignore_ascii_case(name),
    }
}
