//! `demo dns-trace --live` where the network is not what it should be: each test has a network namespace of its own, in which the
//! root servers' own addresses stand on loopback, or nothing does. Nothing leaves it.
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Output};
use std::thread;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record};
use serde_json::Value;

/// Set in the copy of the test that runs inside a namespace.
const INSIDE: &str = "ROUNDTRIP_INSIDE_A_NAMESPACE";

/// The 13 root servers, as IANA lists them.
const ROOTS: [&str; 13] = [
    "198.41.0.4",
    "170.247.170.2",
    "192.33.4.12",
    "199.7.91.13",
    "192.203.230.10",
    "192.5.5.241",
    "192.112.36.4",
    "198.97.190.53",
    "192.36.148.17",
    "192.58.128.30",
    "193.0.14.129",
    "199.7.83.42",
    "202.12.27.33",
];

/// Sends everything on a device behind which nobody is.
const NOWHERE: &str =
    "ip tuntap add t0 mode tun; ip addr add 10.1.0.2/24 dev t0; ip link set t0 up; ip route add default dev t0;";

/// Runs the body in namespaces of its own, after a shell script made the network; the test of that name again.
fn in_a_network(name: &str, script: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let folder = tempfile::tempdir().expect("a folder of the test's own");
    std::fs::write(folder.path().join("resolv.conf"), "nameserver 127.0.0.1\n").expect("written");
    let script = format!(
        "set -e; ip link set lo up; mount --bind resolv.conf /etc/resolv.conf; {script} exec \"$0\" --exact \"$1\" --nocapture"
    );
    let myself = std::env::current_exe().expect("a running program has a path");
    let mut copy = Command::new("unshare");
    copy.args(["--map-root-user", "--net", "--mount", "sh", "-c", &script]).arg(myself).arg(name);
    let output = copy.current_dir(folder.path()).env(INSIDE, "1").output().expect("unshare (util-linux) is needed");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{name} failed inside its namespace:\n{text}");
}

/// A live trace to its end.
fn trace(whom: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundtrip"));
    command.args(["demo", "dns-trace", "--live", whom, "--json"]).args(more);
    command.output().expect("the program starts")
}

/// What it wrote to standard error, and its JSON.
fn read(output: &Output) -> (String, Value) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout);
    (said.clone(), json.unwrap_or_else(|error| panic!("{error}: {}{said}", String::from_utf8_lossy(&output.stdout))))
}

fn row<'a>(run: &'a Value, kind: &str) -> &'a Value {
    let rows = run["steps"].as_array().expect("rows");
    rows.iter().find(|it| it["kind"] == kind).unwrap_or_else(|| panic!("no row {kind}: {rows:#?}"))
}

/// Exit code, verdict, and what standard error says.
fn verdict(output: &Output) -> (Option<i32>, String, String) {
    let (said, run) = read(output);
    let word = row(&run, "verdict")["facts"]["verdict"].as_str().expect("a word").to_owned();
    (output.status.code(), word, said)
}

/// A server that answers everything in one way, as long as the test lasts.
fn server(at: SocketAddr, answer: fn(&mut Message)) {
    let socket = UdpSocket::bind(at).expect("the namespace has this address");
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
            let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
            reply.add_queries(query.queries.iter().cloned());
            answer(&mut reply);
            socket.send_to(&reply.to_vec().expect("a message"), from).expect("sent");
        }
    });
}

fn an_address(reply: &mut Message) {
    let name = reply.queries[0].name.clone();
    reply.metadata.recursion_available = true;
    reply.add_answer(Record::from_rdata(name, 60, RData::A(A::new(198, 51, 100, 99))));
}

fn refused(reply: &mut Message) {
    reply.metadata.response_code = hickory_proto::op::ResponseCode::Refused;
}

const RESOLVER: ([u8; 4], u16) = ([127, 0, 0, 1], 53);

#[test]
fn without_a_route_the_network_is_absent() {
    in_a_network("live::without_a_route_the_network_is_absent", "", || {
        for whom in ["root", "root4", "root6"] {
            let output = trace(whom, &[]);
            let (said, run) = read(&output);
            assert_eq!(output.status.code(), Some(3));
            assert!(said.contains("this machine has no route to the root servers"), "{said}");
            assert_eq!(run["steps"].as_array().map(Vec::len), Some(0));
        }
        // The resolver's word is kept, whatever the rest.
        server(SocketAddr::from(RESOLVER), an_address);
        let output = trace("system", &[]);
        let (said, run) = read(&output);
        assert!(said.contains("no route") && output.status.code() == Some(3), "{said}");
        let facts = &row(&run, "resolver")["facts"];
        assert_eq!((facts["rcode"].as_str(), facts["address"].as_str()), (Some("NOERROR"), Some("127.0.0.1:53")));
        let closed = trace("127.0.0.9", &[]);
        assert_eq!(closed.status.code(), Some(3), "{}", String::from_utf8_lossy(&closed.stderr));
    });
}

#[test]
fn where_only_the_resolver_answers_dns_is_filtered() {
    in_a_network("live::where_only_the_resolver_answers_dns_is_filtered", NOWHERE, || {
        let (code, word, said) = verdict(&trace("root", &[]));
        assert_eq!((code, word.as_str()), (Some(3), "silent"), "{said}");
        server(SocketAddr::from(RESOLVER), an_address);
        let (code, word, said) = verdict(&trace("system", &[]));
        assert_eq!((code, word.as_str()), (Some(3), "filtered"), "{said}");
        assert!(said.contains("the network lets DNS through to that resolver only"), "{said}");
    });
}

#[test]
fn what_answers_in_the_place_of_the_root_is_noticed() {
    let addresses: String =
        ROOTS.iter().chain(&["192.0.2.1"]).map(|it| format!("ip addr add {it}/32 dev lo; ")).collect();
    in_a_network("live::what_answers_in_the_place_of_the_root_is_noticed", &addresses, || {
        for at in ROOTS {
            server(SocketAddr::new(at.parse().expect("an address"), 53), an_address);
        }
        let (code, word, said) = verdict(&trace("root4", &[]));
        assert_eq!((code, word.as_str()), (Some(3), "intercepted"), "{said}");
        assert!(said.contains("the root zone has only a referral for it"), "{said}");
        server(SocketAddr::from(([192, 0, 2, 1], 53)), an_address);
        let (_, word, said) = verdict(&trace("198.41.0.4", &[]));
        assert_eq!(word, "intercepted");
        assert!(said.contains("198.41.0.4:53 is a root server's address"), "{said}");
    });
}

#[test]
fn a_name_that_is_none_and_a_resolver_that_refuses_are_no_failures_of_the_network() {
    let addresses: String = ROOTS.iter().map(|it| format!("ip addr add {it}/32 dev lo; ")).collect();
    let name = "live::a_name_that_is_none_and_a_resolver_that_refuses_are_no_failures_of_the_network";
    in_a_network(name, &(addresses + NOWHERE), || {
        for at in ROOTS {
            server(SocketAddr::new(at.parse().expect("an address"), 53), no_such_name);
        }
        let (code, word, said) = verdict(&trace("root4", &["--name", "www.nowhere"]));
        assert_eq!((code, word.as_str(), said.as_str()), (Some(0), "found", ""));
        server(SocketAddr::from(RESOLVER), refused);
        let (code, word, said) = verdict(&trace("system", &["--name", "www.nowhere"]));
        assert_eq!((code, word.as_str()), (Some(0), "resolver_refuses"), "{said}");
        server(SocketAddr::from(([127, 0, 0, 2], 53)), |_| {});
        let text = Command::new(env!("CARGO_BIN_EXE_roundtrip"))
            .args(["demo", "dns-trace", "--live", "root4", "--name", "www.nowhere", "--compare"])
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&text.stdout).into_owned();
        assert!(
            text.contains("negative answer") && text.contains("verdict") && text.contains("the lab, seed"),
            "{text}"
        );
    });
}

/// NXDOMAIN, as the root says it.
fn no_such_name(reply: &mut Message) {
    use hickory_proto::rr::Name;
    use hickory_proto::rr::rdata::SOA;
    let name = |text: &str| Name::from_ascii(text).expect("a name");
    reply.metadata.authoritative = true;
    if !reply.queries[0].name.is_root() {
        reply.metadata.response_code = hickory_proto::op::ResponseCode::NXDomain;
        let soa = SOA::new(name("a.root-servers.net."), name("nstld.verisign-grs.com."), 1, 1800, 900, 604_800, 86_400);
        reply.add_authority(Record::from_rdata(Name::root(), 86_400, RData::SOA(soa)));
    }
}
