//! A row for each request with its packets; how many preflights, what the server worked on, what the page never saw.
use super::browser::{Kind, Sent};
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::web::story;
use crate::recording::{Fact, Recording, Step};

pub(super) fn found(recording: &Recording, sent: &[Sent], worked: &[String]) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "browser");
    let of = |kind: Kind| sent.iter().filter(move |it| it.kind == kind);
    let asked = || sent.iter().filter(|it| matches!(it.kind, Kind::Actual | Kind::Granted | Kind::Kept));
    findings.count(
        "preflights",
        "questions before a request",
        of(Kind::Preflight).count(),
        "OPTIONS with Access-Control-Request-Method",
    );
    findings.count(
        "requests",
        "requests of the page's script that went out",
        asked().count(),
        "to its own origin and to the other",
    );
    findings.count(
        "kept",
        "of them on a permission that was kept",
        of(Kind::Kept).count(),
        "no preflight: within Access-Control-Max-Age",
    );
    let how = "the preflight's answer did not allow them";
    findings.count("withheld", "requests the browser did not send", of(Kind::Withheld).count(), how);
    let hidden = asked().filter(|it| it.outcome.is_err()).count();
    findings.count(
        "hidden",
        "answers the page may not read",
        hidden,
        "the server had worked on them, and the browser had the answer",
    );
    let how = "counted by the API, preflights not";
    findings.count("worked", "requests the API worked on", worked.len(), how);
    let connects = |it: &Sent| opens_inside(&sights, it);
    let quickest = asked().filter(|it| it.kind != Kind::Kept).min_by_key(|it| it.told.until - it.told.at);
    let how = match quickest {
        Some(it) if connects(it) => "1 RTT to open the connection, and 1 for request and answer",
        _ => "1 RTT on an open connection",
    };
    let took = quickest.map(|it| it.told.until - it.told.at);
    findings.time("answer_time", "an answer takes at least", took, how);
    let first = of(Kind::Preflight).next();
    let how = match first {
        Some(it) if connects(it) => "1 RTT to open the connection, and 1 for question and answer, before the request",
        _ => "1 RTT more, before the request",
    };
    findings.time("preflight_time", "the first preflight took", first.map(|it| it.told.until - it.told.at), how);
    let steps = sent.iter().map(|it| step(recording, &sights, it)).collect();
    story(&mut findings, steps, |number, _| sent[number].told.case.to_owned());
    findings.mark_at("preflight", "the first preflight is answered", first.map(|it| it.told.until), None);
    findings.mark_at(
        "hidden",
        "the first answer that the page may not read",
        asked().find(|it| it.outcome.is_err()).map(|it| it.told.until),
        None,
    );
    findings.mark_at(
        "kept",
        "the first request on a permission that was kept",
        of(Kind::Kept).next().map(|it| it.told.at),
        None,
    );
    findings.mark_at(
        "withheld",
        "the first request that is not sent",
        of(Kind::Withheld).next().map(|it| it.told.at),
        None,
    );
    findings
}

/// Whether its connection was opened for it: a SYN is among its packets.
fn opens_inside(sights: &[Sight<'_>], it: &Sent) -> bool {
    let during = sights.iter().filter(|sight| sight.sent && (it.told.at..=it.told.until).contains(&sight.at));
    during.filter_map(|sight| sight.tcp()).any(|tcp| Some(tcp.from) == it.told.local && tcp.opens())
}

fn step(recording: &Recording, sights: &[Sight<'_>], it: &Sent) -> Step {
    let line = format!("{} {} to {}", it.request.method, it.request.path, it.to);
    let (kind, title) = match (it.kind, &it.outcome) {
        (Kind::Page, _) => ("page", format!("the browser loads the page: {line}")),
        (Kind::Preflight, Ok(())) => ("preflight", format!("the browser asks first: {line}: allowed")),
        (Kind::Preflight, Err(_)) => ("preflight-refused", format!("the browser asks first: {line}: not allowed")),
        (Kind::Withheld, _) => ("withheld", format!("the browser does not send {line}")),
        (_, Ok(())) => ("read", format!("{line}: the page reads the answer")),
        (_, Err(_)) => ("hidden", format!("{line}: done, and hidden from the page")),
    };
    let fields =
        it.request.headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    let facts = it.told.facts(fields.collect());
    let status = it.told.status.map(|status| Fact::text("status", status.to_string()));
    let facts = facts[..1].iter().cloned().chain(status).chain(facts[1..].iter().cloned());
    let depth = u8::from(it.kind == Kind::Preflight);
    Step { depth, ..it.told.step(recording, sights, (kind, title), facts, why(it)) }
}

/// The rules are WHATWG's Fetch.
fn why(it: &Sent) -> String {
    let verdict = match &it.outcome {
        Err(why) => format!(" {}.", capital(why)),
        Ok(()) => String::new(),
    };
    let rule = match it.kind {
        Kind::Page => "Going to a page is no request of a script: no rule holds it back.",
        Kind::Preflight => {
            "The request has a method or a field that no form could send, so the server is asked first, without the user's cookies; \
             it has done nothing yet."
        }
        Kind::Withheld => {
            "Without permission the request itself never leaves the browser, and the server does nothing."
        }
        Kind::Granted => {
            "The preflight allowed it: only now does the server get it. From an origin that is not allowed it never would have, so for \
             such a request the question does protect against forged ones."
        }
        Kind::Kept => {
            "A preflight was answered with Access-Control-Max-Age, and that time is not over: no question, 1 RTT less."
        }
        Kind::Actual if it.request.header("origin").is_empty() => {
            "Scheme, host and port are the page's own (RFC 6454): the same origin, and the page may read everything."
        }
        Kind::Actual => {
            "A form could send it, so it goes out unasked, and the server works on it, whatever it then answers: the rule is about \
             reading. That is why it does not protect against forged requests."
        }
    };
    format!("{rule}{verdict}")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};
    use crate::recording::Recording;

    fn played(settings: &[(&str, &str)]) -> Recording {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        run("cors", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
    }

    fn values(recording: &Recording) -> [i64; 5] {
        ["preflights", "requests", "withheld", "hidden", "worked"]
            .map(|name| recording.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value)
    }

    #[test]
    fn a_form_is_sent_and_worked_on_though_the_page_may_not_read_the_answer() {
        for allow in ["nothing", "another"] {
            assert_eq!(values(&played(&[("case", "form-post"), ("allow-origin", allow)])), [0, 1, 0, 1, 1], "{allow}");
            assert_eq!(values(&played(&[("case", "json"), ("allow-origin", allow)])), [2, 0, 2, 0, 0], "{allow}");
        }
        assert_eq!(values(&played(&[("case", "same-origin"), ("allow-origin", "nothing")])), [0, 1, 0, 0, 0]);
    }

    #[test]
    fn a_permission_is_kept_as_long_as_it_says_and_the_browser_lets() {
        let preflights = |more: &[(&str, &str)]| values(&played(&[&[("case", "json")], more].concat()))[0];
        assert_eq!(preflights(&[]), 1);
        assert_eq!(preflights(&[("max-age", "0ms")]), 2);
        let long = [("max-age", "86400s"), ("gap", "10000s")];
        assert_eq!(preflights(&long), 2, "7200 s are the most");
        assert_eq!(preflights(&[&long[..], &[("browser", "firefox")]].concat()), 1);
    }

    #[test]
    fn cookies_need_the_origins_name_and_a_word_about_them() {
        let hidden = |allow, credentials| {
            values(&played(&[("case", "credentials"), ("allow-origin", allow), ("credentials", credentials)]))[3]
        };
        assert_eq!([hidden("any", "yes"), hidden("the-page", "no"), hidden("the-page", "yes")], [1, 1, 0]);
    }

    #[test]
    fn a_time_with_connecting_in_it_says_so() {
        for (case, name, rounds, says) in [
            ("credentials", "answer_time", 2, "open the connection"),
            ("all", "answer_time", 1, "on an open connection"),
            ("json", "preflight_time", 2, "open the connection"),
            ("all", "preflight_time", 1, "1 RTT more"),
        ] {
            let run = played(&[("case", case)]);
            let it = run.measurement(name).expect("it was measured");
            assert_eq!(it.value.value / 80_000_000, rounds, "{case} {name}");
            assert!(it.how.contains(says), "{case} {name}: {}", it.how);
        }
    }

    #[test]
    fn what_was_asked_for_first_is_said_to_be_protected_and_what_a_form_sends_not() {
        let run = played(&[]);
        let asked = run.steps.windows(2).filter(|it| it[0].kind == "preflight").map(|it| &it[1]);
        let asked: Vec<_> = asked.collect();
        assert!(asked.len() == 1 && asked.iter().all(|it| it.why.contains("does protect")), "{asked:#?}");
        let unasked: Vec<_> = run.steps.iter().filter(|it| it.why.contains("does not protect")).collect();
        assert_eq!(unasked.len(), 3, "a GET, a form, a GET with cookies: {unasked:#?}");
    }

    #[test]
    fn what_is_not_allowed_never_leaves() {
        assert_eq!(values(&played(&[("case", "delete")])), [1, 0, 1, 0, 0]);
    }
}
