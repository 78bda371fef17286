//! The browser: sends what may be sent, asks first where it must, and hides from the page what it may not read.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::demos::web::Told;
use crate::lab::LabNet;
use crate::recording::Time;
use crate::services::cors::{Fetch, Origin, Preflights, check, check_preflight};
use crate::services::http::{Client, Connection, Exchange, HttpError, Request, Version};

/// The page's origin.
pub(super) const WWW: &str = "http://www.shop.example";
/// The API's.
const API: &str = "http://api.shop.example";

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    Preflight,
    Actual,
    /// It was asked for, and allowed.
    Granted,
    /// The permission was kept: no preflight.
    Kept,
    /// The browser sends nothing: it may not.
    Withheld,
}

/// One request, or that there was none.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) told: Told,
    pub(super) kind: Kind,
    pub(super) request: Request,
    /// Its host.
    pub(super) to: String,
    /// Whether the page may read the answer; a preflight's is for the browser only.
    pub(super) outcome: Result<(), String>,
}

/// A browser with one page open.
pub(super) struct Browser {
    net: LabNet,
    sites: [Site; 2],
    kept: Preflights,
    cap: u64,
    sent: Rc<RefCell<Vec<Sent>>>,
}

/// An origin, and the connection to it.
struct Site {
    origin: Origin,
    client: Client,
    open: Option<Connection<LabNet>>,
}

impl Browser {
    pub(super) fn new(net: &LabNet, [www, api]: [SocketAddr; 2], cap: u64, sent: Rc<RefCell<Vec<Sent>>>) -> Self {
        let site = |origin: &str, at| {
            let origin = Origin::read(origin).expect("a constant that is one");
            let client = Client::new(Version::Http11, at, origin.host());
            Site { origin, client, open: None }
        };
        Self { net: net.clone(), sites: [site(WWW, www), site(API, api)], kept: Preflights::default(), cap, sent }
    }

    fn now(&self) -> u64 {
        self.net.now().0 / 1_000_000_000
    }

    /// Loads the page itself: nobody's script asks for that.
    pub(super) async fn open_page(&mut self) {
        let at = self.net.now();
        let answer = self.exchange(0, Request::get("/")).await;
        self.note(("the page", Kind::Page), (at, 0), Request::get("/"), answer, |_| Ok(()));
    }

    /// What the page's script asks for, and all that it takes.
    pub(super) async fn fetch(&mut self, case: &'static str, own: bool, fetch: &Fetch) {
        let place = usize::from(!own);
        let (from, to) = (self.sites[0].origin.clone(), self.sites[place].origin.clone());
        let actual = fetch.request(&from, &to);
        let mut kind = Kind::Actual;
        if from != to && !fetch.is_simple() {
            if self.kept.cover(&from, &to, fetch, self.now()) {
                kind = Kind::Kept;
            } else if let Err(why) = self.ask(case, (&from, &to), fetch, place).await {
                return self.withhold(case, actual, &to, why);
            } else {
                kind = Kind::Granted;
            }
        }
        let at = self.net.now();
        let answer = self.exchange(place, actual.clone()).await;
        let credentials = fetch.credentials;
        let may_read =
            |answer: &Exchange| if from == to { Ok(()) } else { check(&from, credentials, &answer.response) };
        self.note((case, kind), (at, place), actual, answer, may_read);
    }

    /// The preflight; what it grants is kept.
    async fn ask(
        &mut self,
        case: &'static str,
        (from, to): (&Origin, &Origin),
        fetch: &Fetch,
        place: usize,
    ) -> Result<(), String> {
        let (at, asked) = (self.net.now(), fetch.preflight(from));
        let answer = self.exchange(place, asked.clone()).await;
        let granted = match &answer {
            Ok(answer) => check_preflight(from, fetch, &answer.response),
            Err(error) => Err(error.to_string()),
        };
        let told = granted.clone().map(|_| ());
        self.note((case, Kind::Preflight), (at, place), asked, answer, |_| told.clone());
        let times = (self.now(), self.cap);
        self.kept.keep((from, to), fetch, granted?, times);
        Ok(())
    }

    fn withhold(&self, case: &'static str, request: Request, to: &Origin, why: String) {
        let (at, to) = (self.net.now(), to.host().to_owned());
        let told = Told::nothing(case, at, at);
        self.sent.borrow_mut().push(Sent { told, kind: Kind::Withheld, request, to, outcome: Err(why) });
    }

    async fn exchange(&mut self, place: usize, request: Request) -> Result<Exchange, HttpError> {
        let site = &mut self.sites[place];
        if site.open.as_ref().is_none_or(|it| !it.is_open()) {
            site.open = Some(site.client.open(&self.net).await?);
        }
        let open = site.open.as_mut().expect("it was just opened");
        open.ask(request).await
    }

    fn note(
        &self,
        (case, kind): (&'static str, Kind),
        (at, place): (Time, usize),
        request: Request,
        answer: Result<Exchange, HttpError>,
        may_read: impl Fn(&Exchange) -> Result<(), String>,
    ) {
        let site = &self.sites[place];
        let local = site.open.as_ref().and_then(|it| it.opened().local);
        let (status, hears, outcome) = match &answer {
            Ok(answer) => (Some(answer.response.status.as_u16()), says(answer), may_read(answer)),
            Err(error) => {
                self.net.note(format!("the browser gave up: {error}"));
                (None, Vec::new(), Err(error.to_string()))
            }
        };
        let (until, to) = (self.net.now(), site.origin.host().to_owned());
        let told = Told { case, at, until, local, status, hears };
        self.sent.borrow_mut().push(Sent { told, kind, request, to, outcome });
    }
}

/// The answer's fields of the protocol.
fn says(answer: &Exchange) -> Vec<String> {
    let fields = answer.response.headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    fields.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect()
}
