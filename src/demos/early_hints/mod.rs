//! What a browser can do while a server thinks: nothing, preload, 103 Early Hints, and what server push was.
//!
//! ```text
//! client ── server        GET / (the server thinks), /style.css, /app.js, over HTTP/2
//! ```
mod browser;
mod export;
mod found;

use std::rc::Rc;

use crate::demos::findings::note_end;
use crate::demos::web::{Certified, SITE, client, hosts};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::http::push::{self, Reply};
use crate::services::http::{Request, Response, StatusCode, Version};
use browser::{Browser, Seen};

pub(super) const DEMO: Demo = Demo {
    name: "early-hints",
    title: "While the server thinks: 103 Early Hints, and what push was",
    about: "A page needs a style sheet and a script, and its server thinks before it answers. A Link field tells of them when it is done, \
            103 Early Hints tells at once, PUSH_PROMISE sends them unasked, also to who has them. No browser takes pushes today: \
            Chrome stopped in version 106.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::choice("strategy", "what the server does", &["early-hints", "plain", "preload", "push"]),
        Knob::choice("client", "whether it takes pushes: SETTINGS_ENABLE_PUSH 0 or 1", &["takes-push", "no-push"]),
        Knob::choice("cache", "whether the client has style sheet and script already", &["cold", "warm"]),
        Knob::millis("think", "the server needs to make the page", [0, 2000, 20, 200]),
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 80]),
        Knob::quantity("rate", "of the link", Unit::BitsPerSecond, [500_000, 1_000_000_000, 1_000_000, 10_000_000]),
        Knob::quantity("html", "bytes of the page", Unit::Bytes, [200, 200_000, 5000, 20_000]),
        Knob::quantity("css", "bytes of the style sheet", Unit::Bytes, [0, 500_000, 5000, 30_000]),
        Knob::quantity("js", "bytes of the script", Unit::Bytes, [0, 500_000, 5000, 60_000]),
    ],
    exports: export::ALL,
    view: "waterfall",
    run,
};

/// What the page cannot be shown without.
const CRITICAL: [(&str, &str, &str); 2] =
    [("/style.css", "style", "text/css"), ("/app.js", "script", "text/javascript")];

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let strategy = knobs.choice("strategy");
    let (mut recording, seen) = play(strategy, knobs, setup);
    // What a strategy gains is measured against a server that does nothing special.
    let plain = (strategy != "plain").then(|| play("plain", knobs, setup).1);
    let secrets = std::mem::take(&mut recording.secrets);
    let opened = recording.open_with(secrets);
    found::found(&recording, &opened, (&seen, plain.as_deref()), knobs).into(&mut recording);
    recording
}

fn play(strategy: &'static str, knobs: &Knobs, setup: &Setup) -> (Recording, Rc<Seen>) {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let link = LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate"));
    let hosts = hosts(&mut lab, link, 443);
    let certified = Certified::new(&hosts.client, setup.seed, &[SITE]).expect("the lab's names are names");
    let seen = Rc::<Seen>::default();
    let ended = lab.run(async {
        let listener = hosts.server.listen(hosts.at).await.expect("a new host has every port free");
        let (net, own, log) = (hosts.server.clone(), knobs.clone(), Rc::clone(&seen));
        let handler = move |request: Request, reply: Reply<LabNet>| {
            answer(net.clone(), strategy, own.clone(), Rc::clone(&log), (request, reply))
        };
        let served = push::serve(hosts.server.clone(), listener, certified.server.clone(), handler);
        hosts.server.spawn(async move { drop(served.await) });
        let client = client(Version::Http2, hosts.at, Some(&certified));
        let pushes = knobs.choice("client") == "takes-push";
        let loaded = Browser::load(&hosts.client, &client, pushes, knobs.choice("cache") == "warm", &seen).await;
        if let Err(error) = loaded {
            hosts.client.note(format!("the page was not loaded: {error}"));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    recording.secrets = certified.secrets();
    note_end(&mut recording, ended);
    (recording, seen)
}

/// The server's side of one request.
async fn answer(
    net: LabNet,
    strategy: &'static str,
    knobs: Knobs,
    seen: Rc<Seen>,
    (request, mut reply): (Request, Reply<LabNet>),
) {
    let size = |name: &str| usize::try_from(knobs.number(name)).expect("the knob's limit is small");
    let body = |path: &str| vec![b'.'; size(if path == "/app.js" { "js" } else { "css" })];
    if request.path == "/" {
        let began = net.now();
        // What fails here is that the client takes no pushes, or is gone: the page is answered all the same.
        match strategy {
            "early-hints" => drop(reply.hint(&links())),
            "push" => {
                for (path, _, kind) in CRITICAL {
                    drop(reply.push(path, Response::ok(kind, body(path))));
                }
            }
            _ => {}
        }
        net.sleep(knobs.time("think")).await;
        seen.thought.set(Some((began, net.now())));
        let response = Response::ok("text/html", html(size("html")));
        let response = if strategy == "preload" { response.with("link", &links().join(", ")) } else { response };
        return drop(reply.answer(response).await);
    }
    let found = CRITICAL.iter().find(|(path, _, _)| *path == request.path);
    let response = match found {
        Some((path, _, kind)) => Response::ok(kind, body(path)),
        None => Response::new(StatusCode::NOT_FOUND),
    };
    drop(reply.answer(response).await);
}

/// The Link fields that name what is critical (RFC 8288).
fn links() -> Vec<String> {
    CRITICAL.iter().map(|(path, kind, _)| format!("<{path}>; rel=preload; as={kind}")).collect()
}

/// The page: names its resources first, then has text.
fn html(size: usize) -> String {
    let mut page =
        "<!doctype html>\n<link rel=stylesheet href=\"/style.css\">\n<script src=\"/app.js\"></script>\n".to_owned();
    while page.len() < size {
        page.push(if page.len() % 64 == 63 { '\n' } else { '.' });
    }
    page
}
