//! The same handshakes with openssl, and a server of nginx that makes them possible.
use std::fmt::Write as _;

use crate::demos::{Export, Knobs};
use crate::recording::Recording;

pub(super) const ALL: &[Export] = &[
    Export {
        name: "openssl",
        about: "openssl making these handshakes, and how many a second",
        extension: "sh",
        write: openssl,
    },
    Export {
        name: "nginx",
        about: "the ssl_session_ settings that allow resumption and early data in nginx",
        extension: "conf",
        write: nginx,
    },
];

/// What this run came to, as comments.
fn measured(run: &Recording) -> String {
    let mut text = String::from("# Measured in this run, TCP open until a request may go:\n");
    let times = run.measurements.iter().filter(|it| it.name.ends_with("_time"));
    for it in times {
        writeln!(text, "#   {}: {}", it.label, it.value).expect("a String takes all text");
    }
    text
}

/// The key exchanges as OpenSSL and nginx name them. TLS 1.2 has no X25519MLKEM768, and holds the key of an ECDSA certificate to
/// this list, too.
fn groups(knobs: &Knobs) -> &'static str {
    if knobs.choice("group") == "x25519" { "X25519:prime256v1" } else { "X25519MLKEM768:X25519:prime256v1" }
}

fn openssl(knobs: &Knobs, run: &Recording) -> String {
    format!(
        "#!/bin/sh\n{}# The same to a server of your own: HOST is its name, AT its address, SECS how long each rate is measured.\n\
         # X25519MLKEM768 needs OpenSSL 3.5; TLS 1.2 holds the key of an ECDSA certificate to this list too, so P-256 is on it.\n\
         HOST=${{HOST:-server.example}}\nAT=${{AT:-$HOST:443}}\nCURVES=${{CURVES:-{}}}\nSECS=${{SECS:-5}}\n\
         session=$(mktemp)\ntrap 'rm -f \"$session\"' EXIT\n\
         visit() {{\n    printf 'GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' \"$HOST\" |\n        \
         openssl s_client -connect \"$AT\" -servername \"$HOST\" -groups \"$CURVES\" -ign_eof \"$@\" 2>/dev/null | grep -E '^(New|Reused),'\n}}\n\
         rate() {{\n    openssl s_time -connect \"$AT\" -www / -time \"$SECS\" \"$@\" | grep -E 'connections in .* real'\n}}\n\n\
         # TLS 1.2: one full handshake, then five that resume it (Reused), or do not (New)\n\
         visit -tls1_2 -reconnect\n\n\
         # TLS 1.3: its ticket comes after the handshake, so it is kept for the next visit (RFC 8446 section 2.2)\n\
         visit -tls1_3 -sess_out \"$session\"\nvisit -tls1_3 -sess_in \"$session\"\n\n\
         # one visit after another: with full handshakes, then resumed; s_time takes no groups and sends no name, so with OpenSSL's own first\n\
         for version in -tls1_2 -tls1_3; do\n    for kind in -new -reuse; do\n        echo \"$version $kind\"\n        rate \"$version\" \"$kind\"\n    done\ndone\n\n\
         # what signatures and key exchanges cost this machine\n\
         openssl speed -seconds \"$SECS\" rsa2048 ecdsap256 ed25519 ecdhx25519\n",
        measured(run),
        groups(knobs)
    )
}

fn nginx(knobs: &Knobs, run: &Recording) -> String {
    format!(
        "{}# In a server block. Source: nginx.org, ngx_http_ssl_module.\n\
         ssl_protocols TLSv1.2 TLSv1.3;\n\
         ssl_ecdh_curve {};   # X25519MLKEM768 needs OpenSSL 3.5\n\
         # TLS 1.2 resumes by session ID from this cache, and both versions by ticket\n\
         ssl_session_cache shared:tls:10m;\n\
         ssl_session_timeout 1d;\n\
         ssl_session_tickets on;\n\
         # what comes as early data can be replayed: the application answers 425 to what must not run twice (RFC 8470 section 5.2)\n\
         ssl_early_data on;\n\
         proxy_set_header Early-Data $ssl_early_data;\n",
        measured(run),
        groups(knobs)
    )
}
