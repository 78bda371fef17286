//! A page of one origin asks another: what goes out, what the server does, and what the page may read.
//!
//! ```text
//! browser ── sw ── www   http://www.shop.example: the page
//!            └──── api   http://api.shop.example: another origin
//! ```
mod browser;
mod cases;
mod found;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, Limits, LinkOptions};
use crate::net::Net;
use crate::recording::Recording;
use crate::services::http::{self, Method, Request, Response, ServerOptions, StatusCode};
use browser::{Browser, Sent};
use cases::{Case, Policy};

pub(super) const DEMO: Demo = Demo {
    name: "cors",
    title: "Asking another origin: what is sent, and who may read the answer",
    about: "A page's script asks an API of another origin. What a form could send goes out at once and is worked on, even where the page \
            may not read the answer; anything else is asked for first with OPTIONS, and the permission is kept for a while.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::choice("case", "what the page does", &cases::NAMES),
        Knob::choice(
            "allow-origin",
            "what the API answers to a page's origin",
            &["the-page", "any", "another", "nothing"],
        ),
        Knob::choice("credentials", "the API says Access-Control-Allow-Credentials: true", &["no", "yes"]),
        Knob::millis("max-age", "Access-Control-Max-Age of a preflight's answer", [0, 86_400_000, 60_000, 600_000]),
        Knob::choice("browser", "keeps a permission at most 7200 s, or 86400 s", &["chromium", "firefox"]),
        Knob::millis("gap", "between a request and the same again", [0, 10_800_000, 60_000, 1000]),
        Knob::millis("rtt", "time to the API and back", [0, 500, 10, 80]),
    ],
    exports: &[],
    view: "steps",
    run,
};

/// Longer than the longest gap.
const LONGEST: Duration = Duration::from_secs(12_000);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let browser = lab.host("browser").at(0, 0).address("10.0.0.1/24").trace_calls(false).add();
    let sw = lab.switch("sw").at(1, 0).add();
    let www = lab.host("www").at(2, 0).address("10.0.0.2/24").trace_calls(false).add();
    let api = lab.host("api").at(2, 1).address("10.0.0.3/24").trace_calls(false).add();
    lab.link(browser, sw, LinkOptions::default().delay(knobs.time("rtt") / 2));
    lab.link(sw, www, LinkOptions::default());
    lab.link(sw, api, LinkOptions::default());
    lab.introduce_everybody();
    let nets = [browser, www, api].map(|it| lab.net(it));
    let sent = Rc::<RefCell<Vec<Sent>>>::default();
    let worked = Rc::<RefCell<Vec<String>>>::default();
    lab.limit(Limits { time: LONGEST, ..Limits::default() });
    let ended = lab.run(play(&nets, knobs, &sent, &worked));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &sent.borrow(), &worked.borrow()).into(&mut recording);
    recording
}

async fn play(
    [browser, www, api]: &[LabNet; 3],
    knobs: &Knobs,
    sent: &Rc<RefCell<Vec<Sent>>>,
    worked: &Rc<RefCell<Vec<String>>>,
) {
    let page = |_: &Request| Response::ok("text/html", "<!doctype html>\n<script src=\"/app.js\"></script>\n");
    let at_www = serve(www, 2, page).await;
    let (policy, log) = (Policy::of(knobs), Rc::clone(worked));
    let at_api = serve(api, 3, move |request: &Request| {
        if request.method != Method::OPTIONS {
            log.borrow_mut().push(format!("{} {}", request.method, request.path));
        }
        policy.answer(request)
    })
    .await;
    // Chromium and Firefox, by MDN's page on Access-Control-Max-Age.
    let cap = if knobs.choice("browser") == "firefox" { 86_400 } else { 7200 };
    let mut model = Browser::new(browser, [at_www, at_api], cap, Rc::clone(sent));
    model.open_page().await;
    let mut gap = knobs.time("gap");
    for Case { name, fetch, own, again } in cases::of(knobs.choice("case")) {
        model.fetch(name, own, &fetch).await;
        if again {
            browser.sleep(gap).await;
            // One long wait shows what is kept; the next need not be as long.
            gap = gap.min(Duration::from_secs(1));
            model.fetch("the same again", own, &fetch).await;
        }
    }
}

async fn serve(net: &LabNet, host: u8, answer: impl Fn(&Request) -> Response + 'static) -> SocketAddr {
    let at = SocketAddr::from(([10, 0, 0, host], 80));
    let listener = net.listen(at).await.expect("a new host has every port free");
    let options = ServerOptions { idle: Duration::from_secs(60), ..ServerOptions::default() };
    let handler = move |request: Request| {
        let response = answer(&request);
        async move { response }
    };
    let served = http::serve_with(net.clone(), listener, options, handler);
    net.spawn(async move { drop(served.await) });
    at
}

/// Not there.
fn missing() -> Response {
    Response::new(StatusCode::NOT_FOUND)
}
