//! What the visits give to other programs: HAR, the same with curl, a log of the QUIC client.
mod har;

use serde_json::json;

use crate::demos::{Export, Knobs, Setup};
use crate::recording::Recording;
use crate::services::quic::Qlog;
use crate::services::visit::{Page, REDIRECTS};

pub(super) const ALL: &[Export] = &[
    Export {
        name: "har",
        about: "the visits as HAR 1.2, as a browser's network panel saves and opens them",
        extension: "har",
        write: |_, run| har::har(run),
    },
    Export { name: "curl", about: "the same page with curl, and its times of each part", extension: "sh", write: curl },
    Export {
        name: "qlog",
        about: "what the QUIC client did (http=3), for qvis and other programs that read qlog",
        extension: "qlog",
        write: qlog,
    },
];

/// The pages that were visited, the first first.
fn pages(run: &Recording) -> Vec<Page> {
    let cells = run.table("visits").into_iter().flat_map(|it| &it.rows).filter_map(|it| it.cells.first());
    cells.filter_map(|it| it.to_string().parse().ok()).collect()
}

/// What curl is told so that it visits as the run did. A page has no character that a shell would take for its own in single quotes,
/// but the quote itself: RFC 3986 §2.2 lets a path have one.
fn curl(knobs: &Knobs, run: &Recording) -> String {
    let pages = pages(run);
    let Some(page) = pages.first() else { return "#!/bin/sh\n# The run visited no page.\n".to_owned() };
    let url = page.to_string().replace('\'', "%27");
    let own = run.run.live.as_ref().is_none_or(|it| it.host.is_none());
    let whose = if own {
        "# The run's own server is gone: name one of yours, and where it is (--connect-to) and whom to trust (--cacert), if need be.\n"
    } else {
        ""
    };
    let (http, tls) = (knobs.choice("http"), knobs.choice("tls"));
    let mut flags = match http {
        "3" => "--http3-only",
        "1.1" => "--http1.1",
        _ => "--http2",
    }
    .to_owned();
    match (http, tls) {
        ("3", _) | (_, "none") => {}
        (_, "1.2") => flags += " --tlsv1.2 --tls-max 1.2",
        _ => flags += " --tlsv1.3",
    }
    // Each redirect is a visit of its own.
    let hops = pages.len().saturating_sub(super::visits(knobs));
    if hops > 0 {
        flags += &format!(" --location --max-redirs {}", REDIRECTS);
    }
    let (again, words) = match knobs.choice("session") {
        "full" => (String::new(), ""),
        "resumed" => (
            " --next $FLAGS \"$URL\"".to_owned(),
            "# The second visit resumes the first's session: one process, so that curl has its ticket, and a connection that is closed.\n",
        ),
        _ => (
            " --next $FLAGS --tls-earlydata \"$URL\"".to_owned(),
            "# --tls-earlydata needs curl 8.11 or later with GnuTLS, wolfSSL or a QUIC library that has it.\n",
        ),
    };
    let close = if again.is_empty() || http != "1.1" { "" } else { " -H 'Connection: close'" };
    let note = if again.is_empty() || http == "1.1" {
        ""
    } else {
        "# Over HTTP/2 and HTTP/3 curl keeps the connection for the second: its times of TCP and TLS are then 0.\n"
    };
    format!(
        "#!/bin/sh\n\
         # The parts of a visit by curl's clock, in seconds from the start; a part is what lies between two of them.\n\
         # DNS: namelookup; TCP: connect less namelookup; TLS: appconnect less connect; first byte: starttransfer less pretransfer;\n\
         # body: total less starttransfer. Redirects that were followed are in `redirect`.\n\
         {whose}{words}{note}\
         # Of the arguments the first may be another page; all others are curl's: sh FILE https://localhost:9443/ --cacert ca.pem\n\
         case ${{1:--}} in\n\
         \x20   -*) URL='{url}' ;;\n\
         \x20   *) URL=$1; shift ;;\n\
         esac\n\
         TIMES='%{{url_effective}} HTTP/%{{http_version}} %{{response_code}}\\nnamelookup %{{time_namelookup}}\\nconnect %{{time_connect}}\\n\
         appconnect %{{time_appconnect}}\\npretransfer %{{time_pretransfer}}\\nredirect %{{time_redirect}}\\n\
         starttransfer %{{time_starttransfer}}\\ntotal %{{time_total}}\\n'\n\
         FLAGS='{flags} --silent --show-error --max-time 60 --output /dev/null'\n\
         curl $FLAGS{close} \"$@\" --write-out \"$TIMES\" \"$URL\"{}\n",
        again.replace("$FLAGS", &format!("$FLAGS{close} \"$@\" --write-out \"$TIMES\""))
    )
}

/// The log of the same run, made once more: nothing in it changes when it is written down.
fn qlog(knobs: &Knobs, run: &Recording) -> String {
    let none = |why: &str| {
        let document = json!({ "qlog_version": "0.3", "qlog_format": "JSON", "title": "handshake-timing", "description": why, "traces": [] });
        serde_json::to_string_pretty(&document).expect("a document of texts") + "\n"
    };
    if knobs.choice("http") != "3" {
        return none("This run visited over TCP: with http=3 it goes over QUIC.");
    }
    if run.run.live.is_some() {
        return none("A live run is not made again, and keeps no log of its packets: a run in the lab gives one.");
    }
    let setup = Setup { seed: run.run.seed, interventions: run.run.interventions.clone() };
    let qlog = Qlog::new("handshake-timing");
    super::run(knobs, &setup, Some(qlog.clone()));
    qlog.text()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, export, run};

    fn given(name: &str, settings: &[(&str, &str)]) -> String {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
        let run = run("handshake-timing", &settings, &Setup::default()).expect("it runs");
        export::write(name, &run).expect("it gives one")
    }

    #[test]
    fn curl_is_told_what_the_visitor_was() {
        let says = |settings: &[(&str, &str)], parts: &[&str]| {
            let text = given("curl", settings);
            parts.iter().for_each(|it| assert!(text.contains(it), "{it} is not in\n{text}"));
        };
        says(
            &[],
            &["--http2 --tlsv1.3", "URL='https://www.shop.example/'", "\"$@\"", "starttransfer %{time_starttransfer}"],
        );
        says(&[("http", "1.1"), ("tls", "1.2")], &["--http1.1 --tlsv1.2 --tls-max 1.2"]);
        says(&[("http", "1.1"), ("session", "resumed")], &["Connection: close", "--next"]);
        says(&[("http", "3")], &["--http3-only"]);
        says(&[("tls", "none"), ("http", "1.1")], &["URL='http://www.shop.example/'"]);
    }

    #[test]
    fn a_run_over_quic_has_a_log_and_one_over_tcp_says_why_not() {
        let log: serde_json::Value = serde_json::from_str(&given("qlog", &[("http", "3")])).expect("JSON");
        let events = log["traces"][0]["events"].as_array().expect("events");
        assert!(events.len() > 10 && events.iter().any(|it| it["name"] == "transport:packet_sent"), "{}", events.len());
        let none: serde_json::Value = serde_json::from_str(&given("qlog", &[])).expect("JSON");
        assert!(none["description"].as_str().expect("why").contains("http=3"));
    }
}
