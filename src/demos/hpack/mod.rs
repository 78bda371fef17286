//! The same request again and again, in HTTP/1.1 and in HTTP/2: what its header fields cost each time, and what both ends remember.
//!
//! ```text
//! client ── server        one connection of each version, in the clear so that every byte can be seen
//! ```
mod found;

use std::net::SocketAddr;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderValue};

use crate::demos::findings::note_end;
use crate::demos::{Demo, Export, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions};
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::http::{self, Client, HttpError, Request, Response, ServerOptions, Version};

pub(super) const DEMO: Demo = Demo {
    name: "hpack",
    title: "Header fields that are said once",
    about: "One request is sent many times, over HTTP/1.1 and over HTTP/2. HTTP/1.1 writes all its header fields out each time; \
            HPACK names by a number what both ends remember. Count the bytes of the first request and of those after it, and see \
            what the encoder does not dare to remember.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::quantity("requests", "on each connection, one after another", Unit::Count, [1, 100, 1, 10]),
        Knob::quantity("cookie", "bytes of the cookie", Unit::Bytes, [0, 4000, 100, 200]),
        Knob::choice("token", "the Authorization field", &["plain", "never-indexed", "none"]),
        Knob::switch("changing", "a field has another value in each request (X-Request-Id)"),
        Knob::quantity(
            "table",
            "bytes the server lets the client's fields take in its table",
            Unit::Bytes,
            [0, 4096, 64, 4096],
        ),
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 20]),
    ],
    exports: &[CURL],
    view: "table",
    run,
};

/// The same request by another client, to be counted there.
const CURL: Export = Export {
    name: "curl",
    about: "the same request with curl, as often over one connection of HTTP/2; -v shows what it sends",
    extension: "sh",
    write: |knobs, _| {
        let fields: String = request(knobs, 1)
            .headers
            .iter()
            .map(|(name, value)| format!(" \\\n  -H '{name}: {}'", value.to_str().unwrap_or_default()))
            .collect();
        let count = knobs.number("requests");
        let token = match knobs.choice("token") {
            "none" => "",
            _ => {
                "# curl writes Authorization out in each, never to be remembered (RFC 7541 section 7.1.3), whatever the run did.\n"
            }
        };
        let changing = match knobs.is_on("changing") {
            true => {
                "# X-Request-Id is that of the first request in all of them: curl writes the same fields each time.\n"
            }
            false => "",
        };
        format!(
            "#!/bin/sh\n# $1 is a site that speaks HTTP/2, such as https://localhost:8443; CURL_CA_BUNDLE names whom curl trusts.\n{token}{changing}\
                 curl --http2 -v -o /dev/null{fields} \\\n  \"$1/feed#[1-{count}]\"\n"
        )
    },
};

const HOST: &str = "shop.example";
const SERVER: [u8; 4] = [10, 0, 0, 2];
/// The port of each version's server.
pub(super) const PORTS: [(Version, u16); 2] = [(Version::Http11, 80), (Version::Http2, 8080)];

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let client = lab.host("client").at(0, 0).address("10.0.0.1/24").add();
    let server = lab.host("server").at(1, 0).address("10.0.0.2/24").add();
    lab.link(client, server, LinkOptions::default().delay(knobs.time("rtt") / 2));
    lab.introduce_everybody();
    let (client, server) = (lab.net(client), lab.net(server));
    let ended = lab.run(async {
        for (version, port) in PORTS {
            serve(&server, port, knobs).await;
            if let Err(error) = ask(&client, version, port, knobs).await {
                client.note(format!("the client gave up on {}: {error}", version.name()));
            }
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::of(&recording).into(&mut recording);
    // Nothing is sealed: the lines of the packets name the frames.
    recording.open_with(String::new());
    recording
}

async fn serve<N: Net>(net: &N, port: u16, knobs: &Knobs) {
    let listener = net.listen(SocketAddr::from(([0, 0, 0, 0], port))).await.expect("a new host has every port free");
    let header_table = u32::try_from(knobs.number("table")).expect("the knob's limit is small");
    let options = ServerOptions { header_table: Some(header_table), ..ServerOptions::default() };
    let answer = |_: Request| async { Response::ok("application/json", "{\"items\":[]}\n") };
    let own = net.clone();
    net.spawn(async move { drop(http::serve_with(own, listener, options, answer).await) });
}

/// One connection, asked as often as the knob says.
async fn ask<N: Net>(net: &N, version: Version, port: u16, knobs: &Knobs) -> Result<(), HttpError> {
    let mut connection = Client::new(version, SocketAddr::from((SERVER, port)), HOST).open(net).await?;
    for number in 1..=knobs.number("requests") {
        connection.ask(request(knobs, number)).await?;
    }
    drop(connection);
    // The end of the connection belongs to the run.
    net.sleep(knobs.time("rtt") * 2 + Duration::from_millis(1)).await;
    Ok(())
}

/// What a page's script asks for, with the fields a browser sends along.
fn request(knobs: &Knobs, number: u64) -> Request {
    let mut request = Request::get("/feed")
        .with("accept", "application/json")
        .with("accept-encoding", "gzip, deflate, br")
        .with("accept-language", "en-GB,en;q=0.8")
        .with("referer", "https://shop.example/")
        .with("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let cookie = usize::try_from(knobs.number("cookie")).expect("the knob's limit is small");
    if cookie > 0 {
        let text: String = "session=0123456789abcdef".chars().cycle().take(cookie).collect();
        request = request.with("cookie", &text);
    }
    if knobs.choice("token") != "none" {
        let mut token = HeaderValue::from_static("Bearer 3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs");
        token.set_sensitive(knobs.choice("token") == "never-indexed");
        request.headers.insert(AUTHORIZATION, token);
    }
    if knobs.is_on("changing") {
        request = request.with("x-request-id", &format!("{:032x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    }
    request
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::demos;

    fn measured(settings: &[(&str, &str)]) -> BTreeMap<String, i64> {
        let settings = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
        let run = demos::run("hpack", &settings, &Setup { seed: 1, ..Setup::default() }).expect("values of the knobs");
        run.measurements.iter().map(|it| (it.name.clone(), it.value.value)).collect()
    }

    #[test]
    fn what_is_remembered_costs_a_number_and_what_may_not_be_is_written_out_each_time() {
        let plain = measured(&[]);
        assert!(plain["h2_first"] < plain["h1_first"] && plain["h2_second"] < plain["h2_first"], "{plain:?}");
        assert_eq!(plain["h1_total"], 10 * plain["h1_first"], "HTTP/1.1 forgets everything");
        assert_eq!(plain["h2_total"], plain["h2_first"] + 9 * plain["h2_second"], "{plain:?}");
        assert_eq!((plain["never_indexed"], plain["table_entries"] > 0), (0, true), "{plain:?}");
        let secret = measured(&[("token", "never-indexed")]);
        assert_eq!((secret["never_indexed"], secret["h2_first"]), (10, plain["h2_first"]), "{secret:?}");
        let changing = measured(&[("changing", "on")]);
        assert!(changing["h2_second"] > plain["h2_second"] + 16, "{changing:?}");
    }

    #[test]
    fn without_a_table_only_the_static_one_and_the_huffman_code_save() {
        let none = measured(&[("table", "0B")]);
        assert_eq!((none["table_entries"], none["table_size"]), (0, 0), "{none:?}");
        assert!(none["h2_last"] < none["h1_last"] && none["h2_last"] > measured(&[])["h2_last"], "{none:?}");
    }
}
