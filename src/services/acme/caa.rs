//! What CAA records allow (RFC 8659 §4, RFC 8657): the set of the closest name, read for one issuer, account and proof.
use hickory_proto::rr::rdata::CAA;

/// The properties that are understood here; iodef (§4.4) allows and forbids nothing.
const KNOWN: [&str; 3] = ["issue", "issuewild", "iodef"];
/// White space (WSP) of RFC 5234 §B.1.
const BLANK: [char; 2] = [' ', '\t'];

/// Who would certify, for whom, and how the name is proven.
pub(super) struct Asking<'a> {
    pub(super) issuer: &'a str,
    /// The URL of the account (RFC 8657 §3.1).
    pub(super) account: &'a str,
    /// The name of the challenge (RFC 8657 §4).
    pub(super) method: &'a str,
    pub(super) wildcard: bool,
}

/// Whether these records allow it; else whom they name, what they ask for, or which property is not understood.
pub(super) fn allows(records: &[&CAA], asking: &Asking<'_>) -> Result<(), String> {
    // RFC 8659 §4.1: a critical property that is not understood forbids everything.
    let unknown = |it: &&&CAA| it.issuer_critical && !KNOWN.iter().any(|known| it.tag.eq_ignore_ascii_case(known));
    if let Some(unknown) = records.iter().find(unknown) {
        let tag: String = unknown.tag.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        return Err(format!("have a critical property `{tag}` that is not understood"));
    }
    let of = |tag: &str| records.iter().filter(|it| it.tag.eq_ignore_ascii_case(tag)).map(|it| named(it)).collect();
    let mut named: Vec<Option<Named>> = of("issue");
    // RFC 8659 §4.3: for a wildcard name issuewild counts in place of issue, where there is one.
    let wild: Vec<Option<Named>> = of("issuewild");
    if asking.wildcard && !wild.is_empty() {
        named = wild;
    }
    // RFC 8659 §4.2: where no such property is, nobody is kept out.
    if named.is_empty() {
        return Ok(());
    }
    let named: Vec<Named> = named.into_iter().flatten().filter(|it| !it.issuer.is_empty()).collect();
    let own = named.iter().filter(|it| it.issuer.eq_ignore_ascii_case(asking.issuer));
    let outcomes: Vec<Result<(), String>> = own.map(|it| it.binds(asking)).collect();
    if outcomes.is_empty() {
        let all: Vec<&str> = named.iter().map(|it| it.issuer.as_str()).collect();
        let whom = if all.is_empty() { "nobody".to_owned() } else { all.join(", ") };
        return Err(format!("name {whom}, not {}", asking.issuer));
    }
    if outcomes.iter().any(Result::is_ok) { Ok(()) } else { outcomes.into_iter().collect() }
}

/// What a property says.
struct Named {
    /// Empty for nobody.
    issuer: String,
    /// By tag, as written.
    parameters: Vec<(String, String)>,
}

impl Named {
    fn values<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters.iter().filter(move |it| it.0.eq_ignore_ascii_case(tag)).map(|it| it.1.as_str())
    }

    /// Whether the parameters leave the property to this account and this proof (RFC 8657 §3, §4). A property with
    /// either of them twice is satisfied by nobody.
    fn binds(&self, asking: &Asking<'_>) -> Result<(), String> {
        let (issuer, method) = (asking.issuer, asking.method);
        let accounts: Vec<&str> = self.values("accounturi").collect();
        if accounts.len() > 1 {
            return Err(format!("name {issuer} with more than one accounturi, which nobody satisfies"));
        }
        if accounts.first().is_some_and(|it| *it != asking.account) {
            return Err(format!("name {issuer} for another account than {} (accounturi)", asking.account));
        }
        let mut methods = self.values("validationmethods");
        let Some(list) = methods.next() else { return Ok(()) };
        let mut labels = list.split(',');
        if methods.next().is_none() && labels.clone().all(is_label) && labels.any(|it| it == method) {
            return Ok(());
        }
        Err(format!("name {issuer}, but not for proofs by {method} (validationmethods)"))
    }
}

/// Letters, digits, and hyphens (RFC 8657 §4).
fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

/// What a property says; `None` where it is not as RFC 8659 §4.2 has it, which allows nobody.
fn named(it: &CAA) -> Option<Named> {
    let text = std::str::from_utf8(&it.value).ok()?;
    let (issuer, rest) = text.split_once(';').unwrap_or((text, ""));
    let parameter = |it: &str| {
        let (tag, value) = it.split_once('=')?;
        let (tag, value) = (tag.trim_matches(BLANK), value.trim_matches(BLANK));
        let outer = [tag.bytes().next()?, tag.bytes().last()?];
        let good = is_label(tag) && outer.iter().all(u8::is_ascii_alphanumeric);
        (good && value.bytes().all(|it| it.is_ascii_graphic())).then(|| (tag.to_owned(), value.to_owned()))
    };
    let parameters =
        if rest.trim_matches(BLANK).is_empty() { Some(Vec::new()) } else { rest.split(';').map(parameter).collect() };
    let issuer = issuer.trim_matches(BLANK);
    let is_name = issuer.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it));
    is_name.then_some(Named { issuer: issuer.to_owned(), parameters: parameters? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(critical: bool, tag: &str, value: &str) -> CAA {
        let mut it = CAA::new_issue(critical, None, Vec::new());
        (it.tag, it.value) = (tag.to_owned(), value.as_bytes().to_vec());
        it
    }

    fn may(wildcard: bool, records: &[(bool, &str, &str)]) -> Result<(), String> {
        let records: Vec<CAA> = records.iter().map(|(critical, tag, value)| record(*critical, tag, value)).collect();
        let (issuer, account, method) = ("ca.example", ACCOUNT, "dns-01");
        allows(&records.iter().collect::<Vec<_>>(), &Asking { issuer, account, method, wildcard })
    }

    const ACCOUNT: &str = "https://ca.example/account/7";

    #[test]
    fn issuewild_counts_for_wildcard_names_alone_and_in_place_of_issue() {
        let mine = (false, "issue", "CA.example; account=7");
        assert_eq!((may(false, &[mine]), may(true, &[mine])), (Ok(()), Ok(())));
        let nobody = (false, "issuewild", ";");
        assert_eq!(may(false, &[mine, nobody]), Ok(()));
        assert_eq!(may(true, &[mine, nobody]), Err("name nobody, not ca.example".to_owned()));
        let (other, wild) = ((false, "issue", "other.example"), (false, "IssueWild", "ca.example"));
        assert_eq!(may(true, &[other, wild]), Ok(()));
        assert_eq!(may(false, &[other, wild]), Err("name other.example, not ca.example".to_owned()));
        assert_eq!(may(false, &[nobody]), Ok(()), "no issue: nobody is kept out");
    }

    #[test]
    fn a_critical_property_that_is_unknown_forbids_and_any_other_is_passed_over() {
        let mine = (false, "issue", "ca.example");
        assert_eq!(
            may(false, &[mine, (true, "tbs", "x")]),
            Err("have a critical property `tbs` that is not understood".to_owned())
        );
        assert_eq!(may(false, &[mine, (false, "tbs", "x"), (true, "iodef", "mailto:x")]), Ok(()));
        assert_eq!(may(false, &[(false, "iodef", "mailto:x")]), Ok(()));
    }

    #[test]
    fn a_value_that_is_not_well_formed_names_nobody() {
        for value in [
            "",
            ";",
            "%%%%%",
            "ca.example; =x",
            "ca.example; word",
            "ca.example x",
            "ca.example;a=b;",
            "ca.example; -a=b",
        ] {
            assert!(may(false, &[(false, "issue", value)]).is_err(), "{value}");
        }
    }

    #[test]
    fn an_account_and_a_method_that_are_named_are_the_only_ones() {
        let other = Err(format!("name ca.example for another account than {ACCOUNT} (accounturi)"));
        let twice = Err("name ca.example with more than one accounturi, which nobody satisfies".to_owned());
        let by = Err("name ca.example, but not for proofs by dns-01 (validationmethods)".to_owned());
        for (parameters, outcome) in [
            (format!("accounturi={ACCOUNT}"), Ok(())),
            (format!("AccountURI = {ACCOUNT} ; validationmethods=http-01,dns-01; x-y=1"), Ok(())),
            (format!("accounturi={ACCOUNT}7"), other.clone()),
            (format!("accounturi={ACCOUNT}; accounturi={ACCOUNT}"), twice),
            ("accounturi=".to_owned(), other),
            (format!("accounturi={ACCOUNT}; validationmethods=http-01"), by.clone()),
            ("validationmethods=".to_owned(), by.clone()),
            ("validationmethods=dns-01,".to_owned(), by.clone()),
            ("validationmethods=dns-01; validationmethods=dns-01".to_owned(), by.clone()),
            ("validationmethods=dns-011".to_owned(), by.clone()),
        ] {
            let value = format!("ca.example; {parameters}");
            assert_eq!(may(false, &[(false, "issue", &value)]), outcome, "{parameters}");
            assert_eq!(may(true, &[(false, "issuewild", &value)]), outcome, "{parameters}");
        }
        let narrow = (false, "issue", "ca.example; validationmethods=http-01");
        assert_eq!(may(false, &[narrow, (false, "issue", "ca.example")]), Ok(()), "one that allows is enough");
        assert_eq!(may(false, &[narrow, (false, "issue", "other.example")]), by, "another's is of no use");
    }
}
