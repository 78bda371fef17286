//! Other people's iterative resolvers over the lab's zones: dig +trace, and Unbound as a recursor. Both need port 53, so each
//! runs in a network and mount namespace of its own, with nothing in it but loopback.
use std::process::Command;

/// Names and types that are resolved, each another story.
const QUESTIONS: [(&str, &str); 10] = [
    ("www.shop.example", "A"),
    ("www.shop.example", "AAAA"),
    ("static.shop.example", "A"),
    ("www.blog.example", "A"),
    ("shop.example", "MX"),
    ("shop.example", "TXT"),
    ("any.customers.shop.example", "A"),
    ("nobody.shop.example", "A"),
    ("empty.shop.example", "A"),
    ("big.shop.example", "TXT"),
];

/// Runs a shell script in new namespaces, with the lab up at port 53 and as this host's resolver; its output.
fn beside_the_lab(script: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder of the test's own");
    let setup = format!(
        "set -e; cd {folder}; ip link set lo up; echo 'nameserver 127.0.0.1' > resolv.conf
         mount --bind resolv.conf /etc/resolv.conf
         {program} lab up --port 53 --tls-port 0 --https-port 0 --ca ca.pem > up.txt & lab=$!; trap 'kill $lab' EXIT
         for i in $(seq 100); do grep -q resolver up.txt && break; sleep 0.1; done
         grep -q resolver up.txt
         {script}",
        folder = folder.path().display(),
        program = env!("CARGO_BIN_EXE_roundtrip"),
    );
    let output = Command::new("unshare").args(["--map-root-user", "--net", "--mount", "sh", "-c", &setup]).output();
    let output = output.expect("unshare (util-linux) is needed");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(
        output.status.success(),
        "namespaces for the test could not be made, or a program in them failed (ip, dig, unbound are needed):\n{text}"
    );
    text
}

#[test]
fn dig_finds_its_way_from_the_root() {
    let text = beside_the_lab("dig +trace +nodnssec +nocookie www.blog.example A @127.53.0.1");
    let lines: Vec<String> = text.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        ". 172800 IN NS a.root-servers.",
        "example. 172800 IN NS ns1.nic.example.",
        "blog.example. 86400 IN NS ns1.dns-host.test.",
        "www.blog.example. 600 IN A 203.0.113.83",
    ] {
        assert!(lines.iter().any(|it| it == expected), "{expected} is not in\n{text}");
    }
}

/// The script that starts Unbound at 127.0.0.2 with these modules, and these lines of its `server:` section.
fn unbound(modules: &str, more: &str) -> String {
    let config = format!(
        "server:
  interface: 127.0.0.2
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  username: \"\"
  chroot: \"\"
  directory: \".\"
  pidfile: \"\"
  use-syslog: no
  do-ip6: no
  ede: yes
  module-config: \"{modules}\"
  root-hints: \"root.hints\"
  local-zone: \"test.\" nodefault
{more}remote-control:
  control-enable: no
"
    );
    let hints = ". 3600 IN NS a.root-servers.\na.root-servers. 3600 IN A 127.53.0.1\n";
    format!(
        "printf '%s' '{config}' > unbound.conf; printf '%s' '{hints}' > root.hints
         unbound -d -c unbound.conf > unbound.txt 2>&1 & theirs=$!; trap 'kill $lab $theirs' EXIT
         for i in $(seq 50); do dig @127.0.0.2 +tries=1 +time=1 . NS > /dev/null && break; sleep 0.1; done"
    )
}

/// Names, types, and what validation says of them.
const CHECKED: [(&str, &str, &str); 14] = [
    ("www.shop.example", "A", "NOERROR secure"),
    ("static.shop.example", "A", "NOERROR secure"),
    ("any.customers.shop.example", "A", "NOERROR secure"),
    ("any.customers.shop.example", "MX", "NOERROR secure"),
    ("nobody.shop.example", "A", "NXDOMAIN secure"),
    ("empty.shop.example", "A", "NOERROR secure"),
    ("big.shop.example", "TXT", "NOERROR secure"),
    ("nobody.cdn.test", "A", "NXDOMAIN secure"),
    ("edge.cdn.test", "MX", "NOERROR secure"),
    ("www.nowhere", "A", "NXDOMAIN secure"),
    ("www.blog.example", "A", "NOERROR"),
    ("www.expired.example", "A", "SERVFAIL"),
    ("www.mismatch.example", "A", "SERVFAIL"),
    ("www.bare.example", "A", "SERVFAIL"),
];

#[test]
fn unbound_trusts_the_signed_zones_from_the_labs_root_down_and_none_that_is_broken() {
    let ask: String = CHECKED
        .iter()
        .map(|(name, kind, _)| format!("echo '? {name} {kind}'; dig @127.0.0.2 +dnssec +nocookie {name} {kind}\n"))
        .collect();
    let start = unbound("validator iterator", "  trust-anchor-file: \"anchor\"\n");
    let text = beside_the_lab(&format!("grep -o '\\. IN DS .*' up.txt > anchor\n{start}\n{ask}cat unbound.txt"));
    let got: Vec<String> = text.split("? ").skip(1).map(verdict).collect();
    let expected: Vec<String> = CHECKED.iter().map(|(name, kind, says)| format!("{name} {kind}: {says}")).collect();
    assert_eq!(got, expected, "{text}");
}

/// The question, the code, and `secure` when the AD bit is set.
fn verdict(text: &str) -> String {
    let after = |mark: &str, end: char| text.split_once(mark).and_then(|(_, it)| it.split(end).next()).unwrap_or("?");
    let secure = if after(";; flags: ", ';').split(' ').any(|it| it == "ad") { " secure" } else { "" };
    format!("{}: {}{secure}", text.lines().next().unwrap_or_default(), after("status: ", ','))
}

#[test]
fn unbound_resolves_the_same_names_to_the_same_records() {
    let ask = |server: &str| -> String {
        let one = |(name, kind): &(&str, &str)| {
            format!("echo '? {name} {kind}'; dig @{server} +noall +answer +comments +nocookie {name} {kind}\n")
        };
        QUESTIONS.iter().map(one).collect()
    };
    let script = format!(
        "{}
         echo OURS\n{}echo THEIRS\n{}",
        unbound("iterator", ""),
        ask("127.0.0.1"),
        ask("127.0.0.2"),
    );
    let text = beside_the_lab(&script);
    let (ours, theirs) = text.split_once("THEIRS").expect("both were asked");
    let (ours, theirs) = (answers(ours), answers(theirs));
    assert_eq!(ours.len(), QUESTIONS.len());
    assert_eq!(ours, theirs);
}

/// Of each question the code, and the records without their TTLs, in an order of their own.
fn answers(text: &str) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        if let Some(question) = line.strip_prefix("? ") {
            all.push((question.to_owned(), Vec::new()));
        } else if let (Some(last), Some((_, status))) = (all.last_mut(), line.split_once("status: ")) {
            last.0 += &format!(": {}", status.split(',').next().unwrap_or_default());
        } else if let (Some(last), false) = (all.last_mut(), line.starts_with(';') || line.is_empty()) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            last.1.push(
                fields.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, it)| *it).collect::<Vec<_>>().join(" "),
            );
            last.1.sort();
        }
    }
    all
}
