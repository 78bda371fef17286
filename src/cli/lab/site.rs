//! What `lab up` prints about the lab's web site: lines to paste.
use std::fmt::Write as _;

use super::super::arguments::{ClientAuth, Up as Asked};
use super::files::{Files, shown};
use crate::services::site::{NAMES, PATHS, Up};

/// Where it is, and how other programs get there.
pub(super) fn told(up: &Up, files: &Files, asked: &Asked) -> String {
    let (ca, port) = (shown(&files.authority), up.secure.port());
    let proof = match asked.client_auth {
        Some(_) => format!(" --cert {} --key {}", shown(&files.client), shown(&files.client_key)),
        None => String::new(),
    };
    let mut text = format!(
        "\nThe lab's web site, as {names}, with a certificate of the same authority:\n\n\
         \x20 {:<14} {:<18} HTTP/1.1 and 2 over TLS 1.3 and 1.2, HTTP/3 over UDP: https://localhost:{port}/\n\
         \x20 {:<14} {:<18} plain HTTP, which sends everybody there\n\n\
         \x20 curl --cacert {ca}{proof} https://localhost:{port}/connection\n\
         \x20 curl --cacert {ca}{proof} --resolve www.shop.example:{port}:127.0.0.1 https://www.shop.example:{port}/\n\
         \x20 openssl s_client -connect 127.0.0.1:{port} -servername localhost -alpn h2,http/1.1 -CAfile {ca}\n",
        "site",
        up.secure.to_string(),
        "plain",
        up.plain.to_string(),
        names = NAMES.join(", "),
    );
    if up.is_also_there {
        writeln!(text, "It is at ::1 too, at the same ports.").expect("a String takes all text");
    }
    text.push_str(&about_clients(files, asked));
    if let Some(file) = &asked.key_log {
        writeln!(
            text,
            "The keys of all connections go to {}: Wireshark and tshark open a capture with them (tls.keylog_file).",
            shown(file)
        )
        .expect("a String takes all text");
    }
    write!(
        text,
        "Chromium opens it once it trusts the authority; take that back when you are done (certutil -D -n roundtrip-lab):\n\
         \x20 certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n roundtrip-lab -i {ca}\n\
         It has:\n"
    )
    .expect("a String takes all text");
    for (path, what) in PATHS {
        writeln!(text, "  {path:<16} {what}").expect("a String takes all text");
    }
    text
}

/// What is said of client certificates.
fn about_clients(files: &Files, asked: &Asked) -> String {
    let (certificate, key) = (shown(&files.client), shown(&files.client_key));
    match asked.client_auth {
        None => String::new(),
        Some(ClientAuth::Ask) => {
            format!("It asks for a client certificate, and takes who has none: {certificate}, key {key}\n")
        }
        Some(ClientAuth::Demand) => format!("Who shows no client certificate is refused: {certificate}, key {key}\n"),
    }
}
