//! What the run gives to other programs: a log of the QUIC client, the same with curl, how HTTP/3 is found.
use crate::demos::{Knobs, Setup, quic_and_tcp};
use crate::recording::Recording;
use crate::services::quic::Qlog;

/// The log of the same run, made once more: nothing in it changes when it is written down.
pub(super) fn qlog(knobs: &Knobs, recording: &Recording) -> String {
    let setup = Setup { seed: recording.run.seed, interventions: recording.run.interventions.clone() };
    let qlog = Qlog::new("quic-vs-tcp");
    super::run(knobs, &setup, Some(qlog.clone()));
    qlog.text()
}

/// For a server of one's own; the lab's is not outside.
pub(super) fn curl(knobs: &Knobs) -> String {
    let (streams, size) = (knobs.number("streams"), knobs.number("size"));
    let urls = format!(" -o /dev/null https://www.example/{size}").repeat(usize::try_from(streams).unwrap_or(1));
    format!(
        "#!/bin/sh\n\
         # Each phase by curl's clock, in seconds. `curl --version` names HTTP3 when it can.\n\
         # www.example stands for a server of your own: --resolve tells curl where it is. Arguments of the script are curl's too.\n\
         TIMES='%{{http_version}}: tcp %{{time_connect}} tls %{{time_appconnect}} first byte %{{time_starttransfer}} all %{{time_total}}\\n'\n\
         WHERE='--resolve www.example:443:127.0.0.1 --cacert ca.pem'\n\
         curl $WHERE \"$@\" --http2 -s -o /dev/null -w \"$TIMES\" https://www.example/{size}\n\
         if ! curl --version | grep -qw HTTP3; then\n\
         \x20   echo 'this curl has no --http3: its version does not name HTTP3' >&2\n\
         \x20   exit 1\n\
         fi\n\
         curl $WHERE \"$@\" --http3-only -s -o /dev/null -w \"$TIMES\" https://www.example/{size}\n\
         # HTTP/3 with TCP beside it, as a browser does it: whichever is open first.\n\
         curl $WHERE \"$@\" --http3 -s -o /dev/null -w \"$TIMES\" https://www.example/{size}\n\
         # {streams} at once on one connection.\n\
         curl $WHERE \"$@\" --http3 -s --parallel -w \"$TIMES\"{urls}\n"
    )
}

/// RFC 9460 §9, RFC 7838 §3.
pub(super) fn discovery() -> String {
    let (name, port) = (quic_and_tcp::NAME, quic_and_tcp::SERVER.port());
    format!(
        "; In the zone: a client that asks for HTTPS records knows of HTTP/3 before its first connection (RFC 9460).\n\
         {name}. 300 IN HTTPS 1 . alpn=\"h3,h2\"\n\
         \n\
         ; In every answer over HTTP/1.1 or HTTP/2: the next connection may be HTTP/3, for a day (RFC 7838).\n\
         Alt-Svc: h3=\":{port}\"; ma=86400\n\
         \n\
         # nginx 1.25 and later\n\
         server {{\n\
         \x20   listen 443 ssl;\n\
         \x20   listen 443 quic reuseport;\n\
         \x20   http2 on;\n\
         \x20   server_name {name};\n\
         \x20   ssl_certificate     /etc/ssl/{name}.pem;\n\
         \x20   ssl_certificate_key /etc/ssl/{name}.key;\n\
         \x20   add_header Alt-Svc 'h3=\":$server_port\"; ma=86400' always;\n\
         }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_of_the_script_is_shown_and_every_body_is_not() {
        let script = curl(&Knobs::with(super::super::DEMO.knobs, [("streams", "3")]).expect("they are allowed"));
        let commands = script.lines().filter(|it| it.starts_with("curl "));
        for line in commands {
            assert_eq!(line.matches("-o /dev/null").count(), line.matches("https://").count(), "{line}");
            assert!(!line.contains('>'), "{line}");
        }
        assert!(script.lines().last().is_some_and(|it| it.matches("https://").count() == 3), "{script}");
    }
}
