//! The browser: follows redirects, keeps what fields taught it, sends real requests; and a user who may click warnings away.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::cases::World;
use crate::demos::web::Told;
use crate::recording::Time;
use crate::services::browser::cookies::Jar;
use crate::services::browser::hsts::Known;
use crate::services::browser::redirect::redirected;
use crate::services::http::{Client, HttpError, Request, Response, Version};
use crate::services::tls::{self, TlsError};
use crate::services::visit::Page;

/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// An answer that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a request, or why none was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// http became https before anything was sent.
    Upgraded,
    Answered,
    /// The certificate is not good and there is no way round.
    Refused,
    /// The certificate is not good, and the user went on.
    ClickedAway,
    /// ... and the user did not.
    TurnedBack,
    /// A rule of the page forbids it: nothing was sent.
    Blocked,
    Failed,
}

/// A row of the story.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) told: Told,
    pub(super) what: String,
    pub(super) kind: Kind,
    pub(super) depth: u8,
    pub(super) page: Page,
    /// It went to the hotspot's owner.
    pub(super) middle: bool,
    /// Fields of the request that matter here, as they were sent.
    pub(super) says: Vec<String>,
    pub(super) why: String,
}

/// A browser with a new profile.
pub(super) struct Browser<'a> {
    world: &'a World,
    pub(super) case: &'static str,
    /// Whose network it is in.
    pub(super) in_hotspot: bool,
    pub(super) known: Known,
    pub(super) jar: Jar,
    clicks: bool,
    /// Hosts whose bad certificate the user accepted.
    accepted: Vec<String>,
    sent: Rc<RefCell<Vec<Sent>>>,
}

/// How a try to get an answer ended.
enum Tried {
    Got(Response, Option<SocketAddr>),
    /// The certificate's fault.
    Bad(String),
    Failed(String),
}

impl<'a> Browser<'a> {
    pub(super) fn new(world: &'a World, case: &'static str, clicks: bool) -> Self {
        Self {
            world,
            case,
            in_hotspot: false,
            known: Known::default(),
            jar: Jar::default(),
            clicks,
            accepted: Vec::new(),
            sent: Rc::clone(&world.sent),
        }
    }

    fn seconds(&self) -> u64 {
        self.world.browser().now().0 / 1_000_000_000
    }

    /// Gets a page and whatever it leads to: the last page with its answer, if one came.
    pub(super) async fn visit(&mut self, what: &str, url: &str, request: Request) -> Option<(Page, Response)> {
        let mut page: Page = url.parse().expect("a constant that is a page");
        let mut request = request;
        for depth in 0..=REDIRECTS {
            let depth = u8::try_from(depth).unwrap_or(u8::MAX);
            if let Some((to, cover)) = self.known.upgraded(&page, self.seconds()) {
                let by = if cover.preloaded { "in the list it was shipped with" } else { "by a visit before" };
                let why = format!(
                    "The browser knows {} {by}: it goes to https itself and sends nothing in the clear (RFC 6797 §8.3).",
                    cover.by
                );
                self.row(what, Kind::Upgraded, (depth, self.world.browser().now()), (&page, None), why);
                page = to;
            }
            let answer = self.ask(what, depth, &page, &request).await?;
            let status = answer.status.as_u16();
            let Some(next) = page.redirected(status, &answer.header("location")).ok()? else {
                return Some((page, answer));
            };
            request = redirected(request, status, &page, &next);
            page = next;
        }
        None
    }

    /// One request, with the warning that may come before it.
    async fn ask(&mut self, what: &str, depth: u8, page: &Page, request: &Request) -> Option<Response> {
        let mut request = Request { path: page.path.clone(), ..request.clone() };
        if let Some(cookie) = self.jar.sent(page) {
            request = request.with("cookie", &cookie);
        }
        let at = self.world.browser().now();
        let accepts = self.accepted.contains(&page.host);
        match self.exchange(page, &request, accepts).await {
            Tried::Got(response, local) => {
                self.take(page, &response, accepts);
                self.answered(what, (depth, at), (page, local), &request, &response);
                Some(response)
            }
            Tried::Bad(error) => {
                if let Some(cover) = self.known.covers(&page.host, self.seconds()) {
                    let why = format!(
                        "{error}. {} is known to be https only: the browser ends here and offers no way round (RFC 6797 §8.4, §12.1).",
                        cover.by
                    );
                    self.row(what, Kind::Refused, (depth, at), (page, None), why);
                    return None;
                }
                if !self.clicks {
                    let why = format!("{error}. The user reads the warning and turns back.");
                    self.row(what, Kind::TurnedBack, (depth, at), (page, None), why);
                    return None;
                }
                let why = format!(
                    "{error}. Nothing says that this host must have a good one, so the browser lets the user go on: and the user does."
                );
                self.row(what, Kind::ClickedAway, (depth, at), (page, None), why);
                self.accepted.push(page.host.clone());
                Box::pin(self.ask(what, depth, page, &request)).await
            }
            Tried::Failed(error) => {
                self.world.browser().note(format!("the browser gave up: {error}"));
                self.row(what, Kind::Failed, (depth, at), (page, None), error);
                None
            }
        }
    }

    async fn exchange(&self, page: &Page, request: &Request, accepts: bool) -> Tried {
        let tls: &tls::Client = if accepts { &self.world.reckless } else { &self.world.trusting };
        let client = Client { patience: PATIENCE, ..Client::new(Version::Http11, self.address(page), &page.host) };
        let client = if page.secure { client.over(tls) } else { client };
        let exchange = async {
            let mut connection = client.open(self.world.browser()).await?;
            let local = connection.opened().local;
            connection.ask(request.clone()).await.map(|it| (it.response, local))
        };
        match exchange.await {
            Ok((response, local)) => Tried::Got(response, local),
            Err(HttpError::Tls(TlsError::Certificate(why))) => {
                Tried::Bad(format!("The certificate is not good: {why}"))
            }
            Err(error) => Tried::Failed(error.to_string()),
        }
    }

    /// Where a name leads: in the hotspot its owner's resolver answers.
    fn address(&self, page: &Page) -> SocketAddr {
        let host = match page.host.as_str() {
            "other.example" => 3,
            _ if self.in_hotspot => 66,
            _ => 2,
        };
        SocketAddr::from(([10, 0, 0, host], page.port))
    }

    /// Learns what the fields of an answer say.
    fn take(&mut self, page: &Page, response: &Response, accepted: bool) {
        // RFC 6797 §8.1: only over TLS without any error, and only the first field.
        let said = response.headers.get("strict-transport-security").and_then(|it| it.to_str().ok());
        if let Some(said) = said.filter(|_| page.secure && !accepted) {
            let now = self.seconds();
            self.known.learn(&page.host, said, now);
        }
        for it in response.headers.get_all("set-cookie") {
            self.jar.keep(page, &String::from_utf8_lossy(it.as_bytes()));
        }
    }

    fn answered(
        &self,
        what: &str,
        (depth, at): (u8, Time),
        (page, local): (&Page, Option<SocketAddr>),
        request: &Request,
        response: &Response,
    ) {
        let why = match (page.secure, self.in_hotspot && local.is_some() && page.host != "other.example") {
            (true, true) => "TLS, but with the hotspot's owner: it reads and changes all.",
            (true, false) => "Over TLS with the site itself: who is on the path sees names and lengths.",
            (false, true) => "In the clear, and it is the hotspot's owner who answers, in the site's name.",
            (false, false) => "In the clear: whoever is on the path can read it and answer in the site's place.",
        };
        self.row(what, Kind::Answered, (depth, at), (page, local), why.to_owned());
        let mut sent = self.sent.borrow_mut();
        let Some(row) = sent.last_mut() else { return };
        row.says = ["referer", "cookie"].iter().filter_map(|it| field(&request.headers, it)).collect();
        row.told.hears = HEARD.iter().filter_map(|it| field(&response.headers, it)).collect();
        row.told.status = Some(response.status.as_u16());
    }

    fn row(
        &self,
        what: &str,
        kind: Kind,
        (depth, at): (u8, Time),
        (page, local): (&Page, Option<SocketAddr>),
        why: String,
    ) {
        let until = self.world.browser().now();
        let middle = self.address(page).ip() == std::net::IpAddr::from([10, 0, 0, 66]);
        let told = Told { local, ..Told::nothing(self.case, at, until) };
        let (what, page, says) = (what.to_owned(), page.clone(), Vec::new());
        self.sent.borrow_mut().push(Sent { told, what, kind, depth, page, middle, says, why });
    }

    /// Notes that a rule of the page kept a request back.
    pub(super) fn blocked(&self, what: &str, url: &str, why: &str) {
        let page: Page = url.parse().expect("a constant that is a page");
        let now = self.world.browser().now();
        self.row(what, Kind::Blocked, (0, now), (&page, None), why.to_owned());
    }

    /// Adds to the last row what the browser does with the answer.
    pub(super) fn judged(&self, text: &str) {
        if let Some(row) = self.sent.borrow_mut().last_mut() {
            row.why = text.to_owned();
        }
    }
}

/// Fields of answers that are shown.
const HEARD: [&str; 7] = [
    "location",
    "strict-transport-security",
    "content-type",
    "x-content-type-options",
    "content-security-policy",
    "referrer-policy",
    "set-cookie",
];

fn field(headers: &hyper::HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
}
