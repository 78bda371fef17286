//! dig's output, read into the parts of a message.
use std::net::SocketAddr;
use std::process::Command;

/// A message as dig shows it. Records are one line each, without their TTLs, fields parted by one space.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) status: String,
    pub(crate) flags: String,
    pub(crate) answers: Vec<String>,
    /// The TTLs of the answers.
    pub(crate) ttls: Vec<u32>,
    pub(crate) authority: Vec<String>,
    pub(crate) additional: Vec<String>,
}

/// Asks a server once, and reads what it answers.
pub(crate) fn dig(server: &SocketAddr, what: &[&str]) -> Message {
    let text = raw(server, what);
    let message = read(&text);
    assert!(!message.status.is_empty(), "dig {what:?} had no answer:\n{text}");
    message
}

/// dig's whole output.
pub(crate) fn raw(server: &SocketAddr, what: &[&str]) -> String {
    run("dig", &["+tries=1", "+time=5", "+nocookie", "+noidnin", "+noidnout"], server, what)
}

/// delv's whole output.
pub(crate) fn delv(server: &SocketAddr, what: &[&str]) -> String {
    run("delv", &[], server, what)
}

fn run(program: &str, options: &[&str], server: &SocketAddr, what: &[&str]) -> String {
    let port = server.port().to_string();
    let at = format!("@{}", server.ip());
    let output = Command::new(program).args([at.as_str(), "-p", &port]).args(options).args(what).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program} is needed (Debian and Ubuntu: sudo apt-get install bind9-dnsutils): {error}")
    });
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn read(text: &str) -> Message {
    let mut message = Message::default();
    let mut section = "";
    for line in text.lines() {
        if let Some((_, status)) = line.split_once("status: ") {
            message.status = status.split(',').next().unwrap_or_default().to_owned();
        } else if let Some(flags) = line.strip_prefix(";; flags: ") {
            message.flags = flags.split(';').next().unwrap_or_default().to_owned();
        } else if line.starts_with(";; ") && line.ends_with(" SECTION:") {
            section = line.trim_start_matches(";; ").trim_end_matches(" SECTION:");
        } else if !line.starts_with(';') && !line.trim().is_empty() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let record =
                fields.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, it)| *it).collect::<Vec<_>>().join(" ");
            match section {
                "ANSWER" => {
                    message.answers.push(record);
                    message.ttls.extend(fields.get(1).and_then(|ttl| ttl.parse::<u32>().ok()));
                }
                "AUTHORITY" => message.authority.push(record),
                "ADDITIONAL" => message.additional.push(record),
                _ => {}
            }
        }
    }
    message
}
