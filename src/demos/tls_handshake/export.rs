//! The same handshake with other programs: openssl and curl, and a server of nginx.
use std::fmt::Write as _;

use super::NAME;
use crate::demos::{Export, Knobs};
use crate::recording::Recording;

pub(super) const ALL: &[Export] = &[
    Export {
        name: "commands",
        about: "openssl s_client and curl making the same handshake",
        extension: "sh",
        write: commands,
    },
    Export { name: "nginx", about: "the ssl_ settings of such a server for nginx", extension: "conf", write: nginx },
];

fn commands(knobs: &Knobs, run: &Recording) -> String {
    let version = knobs.choice("version");
    let flag = if version == "1.3" { "-tls1_3" } else { "-tls1_2" };
    let curl = if version == "1.3" { "--tlsv1.3" } else { "--tlsv1.2 --tls-max 1.2" };
    let mut text =
        format!("# The same handshake with other programs, to a server of your own. HOST is its name.\nHOST={NAME}\n");
    if let Some(it) = run.measurement("tls_handshake_time") {
        writeln!(text, "# measured here: {} {}", it.label, it.value).expect("a String takes all text");
    }
    let base = format!("openssl s_client -connect \"$HOST:443\" -servername \"$HOST\" {flag} -alpn http/1.1");
    let more = match knobs.choice("mode") {
        "resumed" => format!(
            "# once to keep the session, once to use it\n{base} -sess_out session.pem </dev/null\n{base} -sess_in session.pem -brief </dev/null\n"
        ),
        "early-data" | "replay" if version == "1.3" => format!(
            "# once to keep the session, once with the request as early data (RFC 8446 §2.3)\n\
             {base} -sess_out session.pem </dev/null\n\
             printf 'GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' \"$HOST\" > early.txt\n\
             {base} -sess_in session.pem -early_data early.txt </dev/null\n"
        ),
        "hello-retry" if version == "1.3" => {
            format!(
                "# a key share in a group that the server does not take first\n{base} -groups P-521:X25519 -msg </dev/null\n"
            )
        }
        "client-certificate" => format!("{base} -cert client.pem -key client.key -msg </dev/null\n"),
        _ => format!("# each message as it goes by\n{base} -msg </dev/null\n"),
    };
    text.push_str(&more);
    let secret = "# with the secrets, so that Wireshark opens the capture\n";
    writeln!(text, "{secret}SSLKEYLOGFILE=keys.txt curl -sv {curl} --http1.1 \"https://$HOST/\" -o /dev/null")
        .expect("a String takes all text");
    text
}

fn nginx(knobs: &Knobs, _: &Recording) -> String {
    let version = if knobs.choice("version") == "1.3" { "TLSv1.3" } else { "TLSv1.2" };
    let mut text = format!(
        "# In a server block. Source: nginx.org, ngx_http_ssl_module.\nlisten 443 ssl;\nserver_name {NAME};\n\
         ssl_certificate     /etc/ssl/{NAME}.pem;   # the server's, then the intermediates\n\
         ssl_certificate_key /etc/ssl/{NAME}.key;\nssl_protocols {version};\n"
    );
    match knobs.choice("mode") {
        "resumed" => text.push_str("ssl_session_cache shared:tls:10m;\nssl_session_timeout 1d;\n"),
        "early-data" | "replay" if knobs.choice("version") == "1.3" => text.push_str(match knobs.choice("guard") {
            "refuse" => "ssl_early_data off;\n",
            "too-early" => {
                "ssl_early_data on;\n# The application answers 425 to what must not run twice (RFC 8470 §5.2).\n\
                 proxy_set_header Early-Data $ssl_early_data;\n"
            }
            _ => "ssl_early_data on;   # what comes so can be replayed\n",
        }),
        "client-certificate" => {
            text.push_str("ssl_verify_client on;\nssl_client_certificate /etc/ssl/clients-ca.pem;\n")
        }
        _ => {}
    }
    text
}
