//! `demo NAME --live`: a run on real sockets, on loopback only, and every way it can go wrong.
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::{A, NS};
use hickory_proto::rr::{Name, RData, Record};
use roundtrip::demos::{self, live};
use roundtrip::recording::{json, saved};

use crate::listed::keys;
use crate::tutor::{Home, words};

#[test]
fn every_demo_with_a_live_side_runs_on_loopback_and_says_that_it_is_live() {
    let home = Home::new();
    let live: Vec<_> = demos::all().iter().filter(|demo| demo.live.is_some()).collect();
    assert!(!live.is_empty());
    for demo in live {
        let run = home.run(&["demo", demo.name, "--live", "--json"]).code(0).no_message().json();
        assert_eq!(keys(&run["live"]), BTreeSet::from(["host", "address"]), "{}", demo.name);
        assert!(run["live"]["host"].is_null(), "{}", demo.name);
        let address = run["live"]["address"].as_str().expect("an address");
        assert!(address.starts_with("127.0.0.1:"), "{}: {address}", demo.name);
        assert_eq!(run["packets"].as_array().map(Vec::len), Some(0), "{}", demo.name);
        assert!(!address.ends_with(":0"), "{}: {address}", demo.name);
        for list in ["events", "measurements", "spans", "markers"] {
            assert!(!run[list].as_array().expect("a list").is_empty(), "{}: no {list}", demo.name);
        }
        if cfg!(target_os = "linux") {
            assert!(!run["series"].as_array().expect("a list").is_empty(), "{}: no curves", demo.name);
        }
        let text = home.run(&["demo", demo.name, "--live", "--text"]).code(0).no_message().stdout();
        assert!(
            text.contains("a server of its own on loopback") && text.contains("capturing them needs root"),
            "{text}"
        );
    }
}

#[test]
fn a_named_host_is_spoken_to_and_no_other() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = server.local_addr().expect("an address").to_string();
    let echo = thread::spawn(move || {
        let (mut stream, _) = server.accept().expect("a client");
        let mut answer = stream.try_clone().expect("a second handle");
        std::io::copy(&mut stream, &mut answer).expect("an echo")
    });
    let run = Home::new().run(&["demo", "tcp-echo", "--live", &at, "--json"]).code(0).no_message().json();
    assert_eq!((run["live"]["host"].as_str(), run["live"]["address"].as_str()), (Some(at.as_str()), Some(at.as_str())));
    let echoed = run["measurements"].as_array().expect("a list").iter().find(|it| it["name"] == "echoed_bytes");
    assert_eq!(echoed.expect("measured")["value"], 3000);
    assert_eq!(echo.join().expect("it ended"), 3000);
}

#[test]
fn what_goes_wrong_on_the_way_is_said_is_code_3_and_what_was_seen_is_shown() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let closed = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let refused = home.run(&["demo", "tcp-echo", "--live", &closed]);
    refused.code(3).warns(&format!("{closed} refused the connection")).says("ECONNREFUSED");
    home.run(&words("demo tcp-echo --live no-such-host.invalid"))
        .code(3)
        .no_result()
        .warns("no-such-host.invalid has no address that this system's resolver knows");
}

#[test]
fn a_saved_live_run_is_shown_as_it_was_and_never_made_again() {
    let home = Home::new();
    let demo = demos::find("tcp-echo").expect("it ships");
    let knobs = demos::Knobs::with(demo.knobs, [("size", "200B")]).expect("a setting");
    let request = live::Request { knobs, target: live::Target::Own, seed: 7 };
    let ran = live::run(demo, &request, &live::Stop::default(), &mut |_| {}).expect("loopback is there");
    std::fs::write(home.path().join("a.run.json"), saved::save(&ran.recording)).expect("written");
    let opened = home.run(&["open", "a.run.json", "--json"]).code(0).no_message().stdout();
    assert_eq!(opened, json::json(&ran.recording));
    home.run(&["open", "a.run.json"]).code(0).says("a server of its own on loopback").says("size = 200B");
    home.run(&["open", "a.run.json", "--export", "measurements"]).code(0).says("echoed_bytes,200,B,");
    home.run(&["open", "a.run.json", "--pcap", "x"]).code(2).no_result().warns("capturing them needs root");
    assert!(demos::replay(&ran.recording.run).is_err());
}

#[test]
fn a_host_that_never_answers_is_given_up_after_the_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = silent.local_addr().expect("an address").to_string();
    #[expect(clippy::disallowed_methods, reason = "how long it takes is the question")]
    let began = Instant::now();
    let ended = Home::new().run(&["demo", "tcp-echo", "--live", &at]);
    ended.code(3).warns("cut off after 15 s").says("given up by the program");
    assert!((Duration::from_secs(15)..Duration::from_secs(30)).contains(&began.elapsed()));
}

#[test]
fn what_a_live_run_cannot_do_is_refused_with_what_it_can() {
    let home = Home::new();
    for (line, says) in [
        ("demo tcp-echo --live --rtt 5ms", "`rtt` describes the lab's network"),
        ("demo tcp-echo --live --fork drop:3", "cannot be used with"),
        ("demo tcp-echo --live --pcap x.pcapng", "capturing them needs root"),
        ("demo tcp-echo --live host:0", "a whole number from 1 to 65535"),
        ("demo dns-trace --live --root 5ms", "`root` describes the lab's network"),
        ("demo dns-trace --live --name a..b", "is no domain name"),
        ("demo dns-trace --live --type NOPE", "NOPE"),
        ("demo dns-trace --live system --compare nowhere.run.json --pcap x", "cannot be used with"),
        ("demo dns-trace --compare", "name the saved run to compare with"),
        ("demo packet-tour --live", "runs in the lab only; these also run live: "),
    ] {
        home.run(&words(line)).code(2).no_result().warns(says);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the run must have begun, and only the wall clock says so")]
fn ctrl_c_ends_a_live_run_and_what_it_saw_is_given_out() {
    for form in ["--text", "--json"] {
        let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let at = server.local_addr().expect("an address").to_string();
        // It accepts, and never answers.
        let accepted = thread::spawn(move || server.accept().expect("a client").0);
        let ended = Home::new().tutor(&["demo", "tcp-echo", "--live", &at, form]).run_and_interrupt(|| {
            let stream = accepted.join().expect("it accepted");
            thread::sleep(Duration::from_millis(300));
            stream
        });
        ended.code(3).warns("the run was stopped before its end").says("connect(");
    }
}

/// The names of the fields of an object, below `at`.
fn names(run: &serde_json::Value, list: &str) -> Vec<(String, BTreeSet<String>)> {
    let rows = run[list].as_array().expect("a list").iter();
    let of = |row: &serde_json::Value| {
        let facts = row["facts"].as_object().into_iter().flat_map(|it| it.keys()).map(|it| format!("facts.{it}"));
        row.as_object().expect("a row").keys().cloned().chain(facts).collect()
    };
    rows.map(|row| (row["kind"].as_str().unwrap_or_default().to_owned(), of(row))).collect()
}

#[test]
fn a_live_trace_has_the_fields_of_the_labs() {
    let home = Home::new();
    for name in
        ["www.shop.example", "static.shop.example", "nobody.shop.example", "www.blog.example", "www.lame.example"]
    {
        let [lab, live] = [&["--json"][..], &["--live", "--json"]].map(|how| {
            let line = [&["demo", "dns-trace", "--name", name], how].concat();
            home.run(&line).code(0).no_message().json()
        });
        assert_eq!(keys(&lab), keys(&live));
        // Only the lab has hosts with names of their own.
        let shared = |run| {
            let mut all = names(run, "steps");
            for (_, of) in &mut all {
                of.remove("facts.host");
            }
            all
        };
        assert_eq!(shared(&lab), shared(&live), "{name}");
        let measured: BTreeSet<_> = names_of(&live, "measurements").into_iter().collect();
        for it in ["resolver_time", "queries", "round_trips", "slowest_step", "query_bytes", "answer_bytes"] {
            assert!(measured.contains(it) && names_of(&lab, "measurements").contains(&it.to_owned()), "{name}: {it}");
        }
    }
    let [lab, live] = [&["--json"][..], &["--live", "--json"]]
        .map(|how| home.run(&[&["demo", "traceroute"], how].concat()).code(0).no_message().json());
    assert_eq!(keys(&lab), keys(&live));
    assert_eq!(hops(&lab), hops(&live));
    for it in ["probes", "answers", "hops", "rtt_end", "hop1_rtt", "hop1_answered"] {
        assert!(names_of(&lab, "measurements").contains(&it.to_owned()), "{it}");
        assert!(names_of(&live, "measurements").contains(&it.to_owned()), "{it}");
    }
}

fn hops(run: &serde_json::Value) -> BTreeSet<&str> {
    let tables = run["tables"].as_array().expect("a list");
    keys(&tables.iter().find(|it| it["name"] == "hops").expect("the table of hops")["rows"][0])
}

fn names_of(run: &serde_json::Value, list: &str) -> Vec<String> {
    run[list].as_array().expect("a list").iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_live_trace_stands_beside_the_labs_row_by_row() {
    let home = Home::new();
    let json = home.run(&words("demo dns-trace --live --compare --json")).code(0).no_message().json();
    assert_eq!(keys(&json), BTreeSet::from(["this", "other", "rows"]));
    let rows = json["rows"].as_array().expect("rows");
    let roles: Vec<_> = rows.iter().map(|it| it["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["root referral", "TLD referral", "answer"]);
    for row in rows {
        let what: Vec<_> =
            row["differences"].as_array().expect("a list").iter().map(|it| it["what"].as_str()).collect();
        assert_eq!((&row["this"]["kind"], what.contains(&Some("time"))), (&row["other"]["kind"], true), "{row}");
        assert!(what.contains(&Some("address")), "other addresses on loopback: {row}");
    }
    let text = home.run(&words("demo dns-trace --live --compare")).code(0).no_message().stdout();
    assert!(
        text.contains("root referral") && text.contains("other time: ") && text.contains("the lab, seed"),
        "{text}"
    );
    home.run(&words("demo tcp-handshake --live --compare")).code(2).warns("lines up the rows of traces");
}

/// A server of a root on loopback that refers `example.` to itself, and then says nothing.
fn refers_and_falls_silent() -> (SocketAddr, UdpSocket) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let (at, server) = (socket.local_addr().expect("an address"), socket.try_clone().expect("a second handle"));
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut referred = false;
        while let Ok((length, from)) = server.recv_from(&mut buffer) {
            let query = Message::from_vec(&buffer[..length]).expect("a query");
            let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
            reply.add_queries(query.queries.iter().cloned());
            let (zone, host) =
                (Name::from_ascii("example.").expect("a name"), Name::from_ascii("ns.example.").expect("a name"));
            if query.queries[0].name.is_root() {
                reply.metadata.authoritative = true;
                reply.add_answer(Record::from_rdata(Name::root(), 60, RData::NS(NS(host))));
            } else if !std::mem::replace(&mut referred, true) {
                reply.add_authority(Record::from_rdata(zone, 60, RData::NS(NS(host.clone()))));
                reply.add_additional(Record::from_rdata(host, 60, RData::A(A(Ipv4Addr::LOCALHOST))));
            } else {
                continue;
            }
            server.send_to(&reply.to_vec().expect("a message"), from).expect("sent");
        }
    });
    (at, socket)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the run must have begun, and only the wall clock says so")]
fn ctrl_c_in_a_live_trace_keeps_the_rows_it_had_seen() {
    let (at, socket) = refers_and_falls_silent();
    let at = at.to_string();
    let ended = Home::new().tutor(&["demo", "dns-trace", "--live", &at, "--json"]).run_and_interrupt(|| {
        thread::sleep(Duration::from_millis(500));
        socket
    });
    ended.code(3).warns("the run was stopped before its end");
    let run = ended.json();
    let kinds: Vec<_> = names(&run, "steps").into_iter().map(|it| it.0).collect();
    assert_eq!(kinds.first().map(String::as_str), Some("referral"), "{kinds:?}");
    assert!(names_of(&run, "measurements").contains(&"queries".to_owned()));
}

#[test]
fn every_path_is_checked_in_the_lab_and_live_and_an_old_copy_is_found() {
    let home = Home::new();
    for (line, differ) in [
        ("demo dns-trace --check --json", 0),
        ("demo dns-trace --check --secondary outdated --json", 1),
        ("demo dns-trace --check --live --json", 0),
    ] {
        let run = home.run(&words(line)).code(0).no_message().json();
        let measured = run["measurements"].as_array().expect("a list").iter().find(|it| it["name"] == "disagreements");
        assert_eq!(measured.expect("measured")["value"], differ, "{line}");
        let tables = run["tables"].as_array().expect("a list");
        let rows = tables.iter().find(|it| it["name"] == "servers").expect("the table of servers")["rows"].clone();
        let rows = rows.as_array().expect("rows").clone();
        assert!(rows.len() >= 6, "two servers of each of three zones: {line}");
        let serials: BTreeSet<_> = rows.iter().filter_map(|it| it["serial"].as_str()).collect();
        assert_eq!(serials.len(), if differ == 1 { 2 } else { 0 }, "{line}: {rows:#?}");
        assert_eq!(rows.iter().any(|it| it["agree"] == "no"), differ == 1);
    }
}
