//! The world, and what the user does in each case.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::browser::{Browser, Sent};
use super::middle::{self, Loot};
use super::site::{self, Fields, Log, OTHER, PAY, SHOP};
use crate::demos::Knobs;
use crate::lab::LabNet;
use crate::services::browser::{csp, referrer, sniffing};
use crate::services::http::{Method, Request, Response};
use crate::services::tls::{self, Authority, Ground, HTTP_1_1};
use crate::services::visit::Page;

pub(super) const NAMES: [&str; 7] = ["all", "transport", "sniffing", "scripts", "framing", "referrer", "cookie"];

/// What the user would rather keep.
pub(super) const SECRET: &str = "password=correct-horse";
/// The session that a login gives.
pub(super) const SESSION: &str = "session=8c1f0b72";

/// Hosts, certificates, and what everybody saw.
pub(super) struct World {
    /// Browser, middle, shop, other.
    nets: [LabNet; 4],
    ground: Ground,
    /// Trusts the authority that signs the sites' certificates.
    pub(super) trusting: tls::Client,
    /// Takes the middle's certificate, too: what a browser does once the user has clicked the warning away.
    pub(super) reckless: tls::Client,
    sites: tls::Server,
    bad: tls::Server,
    fields: Fields,
    pub(super) shop: Log,
    pub(super) other: Log,
    pub(super) loot: Loot,
    pub(super) sent: Rc<RefCell<Vec<Sent>>>,
    /// Yes or no for a case without its field, and with it.
    pub(super) did: RefCell<Vec<Did>>,
}

/// What the browser did, without a field and with it.
#[derive(Clone, Debug)]
pub(super) struct Did {
    pub(super) name: &'static str,
    /// For a person: `an upload was run as a script`.
    pub(super) what: &'static str,
    pub(super) field: String,
    pub(super) without: bool,
    pub(super) with: bool,
}

impl World {
    pub(super) fn new(nets: [LabNet; 4], seed: u64, sent: Rc<RefCell<Vec<Sent>>>) -> Self {
        let ground = Ground::lab(&nets[0], seed);
        let authority = |name: &str| Authority::new(&ground, name).expect("a name of the lab's own");
        let (good, evil) = (authority("Roundtrip lab"), authority("nobody trusts this"));
        let server = |authority: &Authority, names: &[&str]| {
            let identity = authority.issue(names).expect("the lab's names are names");
            tls::Server::new(&ground, identity, &[HTTP_1_1]).expect("a certificate of the lab's own")
        };
        let client = |trusted: &[&Authority]| {
            let trusted: Vec<_> = trusted.iter().map(|it| it.certificate()).collect();
            tls::Client::new(&ground, &trusted, &[HTTP_1_1]).expect("certificates of the lab's own")
        };
        Self {
            trusting: client(&[&good]),
            reckless: client(&[&good, &evil]),
            sites: server(&good, &[SHOP, PAY, OTHER]),
            bad: server(&evil, &[SHOP, PAY]),
            ground: ground.clone(),
            nets,
            fields: Fields::default(),
            shop: Log::default(),
            other: Log::default(),
            loot: Loot::default(),
            sent,
            did: RefCell::default(),
        }
    }

    pub(super) const fn browser(&self) -> &LabNet {
        &self.nets[0]
    }

    /// What deciphers the capture.
    pub(super) fn secrets(&self) -> String {
        self.ground.keys().map(tls::Keys::text).unwrap_or_default()
    }

    async fn serve(&self) {
        let [_, middle, shop, other] = &self.nets;
        let at = |host: u8, port: u16| SocketAddr::from(([10, 0, 0, host], port));
        site::serve(shop, at(2, 80), None, &self.shop, site::in_the_clear).await;
        let fields = Rc::clone(&self.fields);
        let answer = move |request: &Request| site::shop(&fields, request);
        site::serve(shop, at(2, 443), Some(self.sites.clone()), &self.shop, answer).await;
        site::serve(other, at(3, 80), None, &self.other, site::other).await;
        site::serve(other, at(3, 443), Some(self.sites.clone()), &self.other, site::other).await;
        middle::serve(middle, self.bad.clone(), &self.trusting, at(2, 443), &self.loot).await;
    }

    /// From now on the shop adds these fields only.
    fn says(&self, fields: &[(&'static str, &str)]) {
        *self.fields.borrow_mut() = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    }

    /// A case twice: without the field, and with it. `play` says whether it happened.
    async fn twice(
        &self,
        (name, what): (&'static str, &'static str),
        (field, value): (&'static str, &str),
        play: impl AsyncFn(&Self, &str) -> bool,
    ) {
        let titles = titles(name, value);
        self.says(if field == "set-cookie" { &[("set-cookie", SESSION_LOOSE)] } else { &[] });
        let without = play(self, &titles[0]).await;
        self.says(&[(field, value)]);
        let with = play(self, &titles[1]).await;
        self.says(&[]);
        self.did.borrow_mut().push(Did { name, what, field: format!("{field}: {value}"), without, with });
    }
}

/// What the rows of both turns begin with.
fn titles(case: &str, value: &str) -> [String; 2] {
    let word = match case {
        "sniffing" => "nosniff",
        "referrer" => return ["no policy".to_owned(), value.to_owned()],
        "cookie" => "Secure",
        _ => value.split(' ').next().unwrap_or_default(),
    };
    ["without", "with"].map(|it| format!("{it} {word}"))
}

const SESSION_LOOSE: &str = "session=8c1f0b72; HttpOnly";
const SESSION_TIGHT: &str = "session=8c1f0b72; HttpOnly; Secure";

/// Plays the cases that are wanted.
pub(super) async fn play(world: &World, knobs: &Knobs) {
    world.serve().await;
    let wanted = |name: &str| matches!(knobs.choice("case"), "all") || knobs.choice("case") == name;
    if wanted("transport") {
        transport(world, knobs).await;
    }
    if wanted("sniffing") {
        let case = ("sniffing", "an upload was run as a script");
        world.twice(case, ("x-content-type-options", "nosniff"), sniffing).await;
    }
    if wanted("scripts") {
        let case = ("scripts", "another site's script was fetched and run");
        world.twice(case, ("content-security-policy", "script-src 'self'"), scripts).await;
    }
    if wanted("framing") {
        let case = ("framing", "another site showed the page in a frame");
        world.twice(case, ("content-security-policy", "frame-ancestors 'self'"), framing).await;
    }
    if wanted("referrer") {
        referrers(world, knobs.choice("referrer")).await;
    }
    if wanted("cookie") {
        let case = ("cookie", "the session went out in the clear");
        world.twice(case, ("set-cookie", SESSION_TIGHT), cookie).await;
    }
    // The ends of the connections belong to the run.
    world.browser().sleep(knobs.time("rtt") * 4 + Duration::from_millis(100)).await;
}

/// A visit at home (or not), then the hotspot: the page, a login, a name below, and https typed in full.
async fn transport(world: &World, knobs: &Knobs) {
    let mut browser = Browser::new(world, "transport", knobs.choice("user") == "clicks-it-away");
    let seconds = knobs.time("max-age").as_secs();
    let field = match knobs.choice("hsts") {
        "host-only" => format!("max-age={seconds}"),
        "include-subdomains" => format!("max-age={seconds}; includeSubDomains"),
        "preloaded" => {
            browser.known.preload(SHOP);
            format!("max-age={seconds}; includeSubDomains; preload")
        }
        _ => String::new(),
    };
    let cookie = ("set-cookie", SESSION_TIGHT);
    match field.as_str() {
        "" => world.says(&[cookie]),
        field => world.says(&[("strict-transport-security", field), cookie]),
    }
    browser.in_hotspot = knobs.choice("first") == "in-the-hotspot";
    if !browser.in_hotspot {
        log_in(&mut browser, "at home").await;
        world.browser().sleep(knobs.time("gap")).await;
        browser.in_hotspot = true;
    }
    log_in(&mut browser, "in the hotspot").await;
    browser.visit("in the hotspot: a name below", "http://pay.shop.example/", Request::get("/")).await;
    browser.visit("in the hotspot: https is typed in full", "https://shop.example/", Request::get("/")).await;
    world.says(&[]);
}

/// The user types the name without a scheme, and logs in on the page that comes.
async fn log_in(browser: &mut Browser<'_>, place: &str) {
    let what = format!("{place}: the name is typed");
    let Some((page, _)) = browser.visit(&what, "http://shop.example/", Request::get("/")).await else { return };
    let Ok(form) = page.follow("/login") else { return };
    let login = Request::new(Method::POST, "/login").body(SECRET);
    browser.visit(&format!("{place}: the login"), &form.to_string(), login).await;
}

/// A page of the shop, and its answer.
async fn page(browser: &mut Browser<'_>, what: &str, url: &str) -> Option<(Page, Response)> {
    browser.visit(what, url, Request::get("/")).await
}

async fn sniffing(world: &World, title: &str) -> bool {
    let mut browser = Browser::new(world, "sniffing", true);
    page(&mut browser, &format!("{title}: the page"), "https://shop.example/gallery").await;
    let what = format!("{title}: its script, an upload");
    let Some((_, answer)) = page(&mut browser, &what, "https://shop.example/upload/cat.txt").await else {
        return false;
    };
    let nosniff = sniffing::says_nosniff(&answer.header("x-content-type-options"));
    let runs = sniffing::runs_as_script(&answer.header("content-type"), nosniff);
    browser.judged(if runs {
        "A <script> asked for it, so a browser runs it, though it is called text/plain: whoever may upload text runs code here."
    } else {
        "nosniff: only what is called JavaScript is run as a script. It was sent, and it does nothing."
    });
    runs
}

async fn scripts(world: &World, title: &str) -> bool {
    let mut browser = Browser::new(world, "scripts", true);
    let what = format!("{title}: the page");
    let Some((own, answer)) = page(&mut browser, &what, "https://shop.example/checkout").await else { return false };
    let policy = csp::Policy::read(&answer.header("content-security-policy"));
    let inline = policy.runs(&own, csp::Script::Inline { nonce: None });
    browser.judged(if inline {
        "No policy: what stands in the page is run, also what somebody else got into it."
    } else {
        "script-src 'self': the script that stands in the page itself is not run; only files of the page's own origin are."
    });
    let mut foreign = false;
    for url in ["https://shop.example/app.js", "https://other.example/x.js"] {
        let from: Page = url.parse().expect("a constant that is a page");
        let what = format!("{title}: its script");
        if !policy.runs(&own, csp::Script::From(&from)) {
            browser.blocked(&what, url, "The policy does not name its source: the browser does not even ask for it.");
            continue;
        }
        let got = page(&mut browser, &what, url).await.is_some();
        browser.judged("It is run, with all the rights of the page.");
        foreign |= got && from.host == OTHER;
    }
    foreign
}

async fn framing(world: &World, title: &str) -> bool {
    let mut browser = Browser::new(world, "framing", true);
    let Some((by, _)) = page(&mut browser, &format!("{title}: the other site"), "https://other.example/prize").await
    else {
        return false;
    };
    let what = format!("{title}: the frame in it");
    let Some((own, answer)) = page(&mut browser, &what, "https://shop.example/transfer").await else { return false };
    let framed = csp::Policy::read(&answer.header("content-security-policy")).may_be_framed(&own, &by);
    browser.judged(if framed {
        "Nothing forbids it: the page is shown inside the other, under a button that says something else."
    } else {
        "It was asked for and sent; the browser does not show it there. The field protects the page's look, not the request."
    });
    framed
}

/// Today's browsers tell another site the origin alone where nothing is said: whether they tell that is a question of its own.
async fn referrers(world: &World, policy: &str) {
    let case = ("referrer", "another site was told the page's secret address");
    let told = RefCell::<Vec<bool>>::default();
    let play = async |world: &World, title: &str| {
        let before = world.other.borrow().len();
        let secret = referring(world, title).await;
        told.borrow_mut().push(world.other.borrow()[before..].iter().any(|it| !it.referer.is_empty()));
        secret
    };
    world.twice(case, ("referrer-policy", policy), play).await;
    let [without, with] = told.borrow()[..] else { return };
    let (name, what) = ("referrer_site", "another site was told which site its visitor comes from");
    world.did.borrow_mut().push(Did { name, what, field: format!("referrer-policy: {policy}"), without, with });
}

async fn referring(world: &World, title: &str) -> bool {
    let mut browser = Browser::new(world, "referrer", true);
    let what = format!("{title}: the page");
    let Some((from, answer)) = page(&mut browser, &what, "https://shop.example/reset?token=f81d4fae").await else {
        return false;
    };
    let policy = referrer::Policy::read(&answer.header("referrer-policy"));
    let before = world.other.borrow().len();
    for (what, url) in [
        ("a file of its own", "https://shop.example/style.css"),
        ("another site's picture", "https://other.example/pixel.gif"),
        ("a link to http", "http://other.example/blog"),
    ] {
        let to: Page = url.parse().expect("a constant that is a page");
        let request = match policy.referer(&from, &to) {
            Some(it) => Request::get("/").with("referer", &it),
            None => Request::get("/"),
        };
        browser.visit(&format!("{title}: {what}"), url, request).await;
    }
    world.other.borrow()[before..].iter().any(|it| it.referer.contains("token="))
}

async fn cookie(world: &World, title: &str) -> bool {
    let mut browser = Browser::new(world, "cookie", true);
    let login = Request::new(Method::POST, "/login").body("user=ann");
    browser.visit(&format!("{title}: the login"), "https://shop.example/login", login).await;
    let before = world.shop.borrow().len();
    browser.visit(&format!("{title}: a picture by http"), "http://shop.example/logo.png", Request::get("/")).await;
    let went = world.shop.borrow()[before..].iter().any(|it| !it.secure && it.cookie.contains(SESSION));
    browser.judged(if went {
        "The session goes along in the clear: who reads it is logged in."
    } else {
        "Secure: the session stays at home where there is no TLS (RFC 6265 §5.4)."
    });
    went
}
