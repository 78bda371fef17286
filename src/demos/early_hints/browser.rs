//! The browser: begins with what it is told of, as soon as it is told, and takes or refuses what is pushed.
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::demos::web::named;
use crate::net::Net;
use crate::recording::Time;
use crate::services::Crowd;
use crate::services::http::push::{Asker, Heard, Promise};
use crate::services::http::{Client, Exchange, HttpError, Request};

/// How a resource came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) path: String,
    /// What told the client of it: `the page`, `a hint`, `a Link field`, `a promise`.
    pub(super) by: &'static str,
    pub(super) asked: Time,
    pub(super) head: Time,
    pub(super) done: Time,
    pub(super) bytes: usize,
}

/// What the browser saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) began: Cell<Time>,
    pub(super) ready: Cell<Time>,
    pub(super) local: Cell<Option<SocketAddr>>,
    pub(super) came: RefCell<Vec<Came>>,
    pub(super) hinted: Cell<Option<Time>>,
    pub(super) promised: RefCell<Vec<(Time, String)>>,
    /// Promises that were answered with RST_STREAM.
    pub(super) refused: Cell<usize>,
    pub(super) failed: Cell<usize>,
    /// When the server began with the page and when it had it, by its own clock.
    pub(super) thought: Cell<Option<(Time, Time)>>,
}

/// One page load.
pub(super) struct Browser<N: Net> {
    net: N,
    asker: Asker<N>,
    warm: bool,
    /// What is asked for or promised already.
    begun: RefCell<BTreeSet<String>>,
    crowd: Crowd,
    seen: Rc<Seen>,
}

impl<N: Net> Browser<N> {
    /// Loads the page and all that it names; `warm` has these already, and asks for none.
    pub(super) async fn load(
        net: &N,
        client: &Client,
        pushes: bool,
        warm: bool,
        seen: &Rc<Seen>,
    ) -> Result<(), HttpError> {
        seen.began.set(net.now());
        let asker = Asker::open(net, client, pushes).await?;
        seen.ready.set(net.now());
        seen.local.set(asker.opened().local);
        let (begun, crowd) = Default::default();
        let own = Rc::new(Self { net: net.clone(), asker: asker.clone(), warm, begun, crowd, seen: Rc::clone(seen) });
        let page = asker.ask(Request::get("/").with("accept", "text/html"), |heard| own.hear(heard)).await?;
        for path in named(&page.response.body) {
            own.begin(&path, "the page");
        }
        own.note("/".to_owned(), "the user", &page);
        own.crowd.gone().await;
        Ok(())
    }

    fn hear(self: &Rc<Self>, heard: Heard<N>) {
        match heard {
            Heard::Hint(links) => {
                self.seen.hinted.set(Some(self.net.now()));
                links.iter().flat_map(|it| linked(it)).for_each(|path| self.begin(&path, "a hint"));
            }
            Heard::Head(fields) => {
                for link in fields.get_all("link") {
                    linked(&String::from_utf8_lossy(link.as_bytes()))
                        .iter()
                        .for_each(|path| self.begin(path, "a Link field"));
                }
            }
            Heard::Promise(promise) => self.take(promise),
        }
    }

    /// Asks for it, unless it is there or on its way.
    fn begin(self: &Rc<Self>, path: &str, by: &'static str) {
        if self.warm || !self.begun.borrow_mut().insert(path.to_owned()) {
            return;
        }
        let (own, path, member) = (Rc::clone(self), path.to_owned(), self.crowd.join());
        self.net.spawn(async move {
            let exchange = own.asker.ask(Request::get(path.clone()), |_| {}).await;
            own.ended(path, by, exchange);
            drop(member);
        });
    }

    fn take(self: &Rc<Self>, promise: Promise<N>) {
        let path = promise.path.clone();
        self.seen.promised.borrow_mut().push((self.net.now(), path.clone()));
        if self.warm || !self.begun.borrow_mut().insert(path.clone()) {
            self.seen.refused.set(self.seen.refused.get() + 1);
            return promise.refuse();
        }
        let (own, member) = (Rc::clone(self), self.crowd.join());
        self.net.spawn(async move {
            let exchange = promise.take().await;
            own.ended(path, "a promise", exchange);
            drop(member);
        });
    }

    fn ended(&self, path: String, by: &'static str, exchange: Result<Exchange, HttpError>) {
        match exchange {
            Ok(exchange) => self.note(path, by, &exchange),
            Err(error) => {
                self.seen.failed.set(self.seen.failed.get() + 1);
                self.net.note(format!("{path} failed: {error}"));
            }
        }
    }

    fn note(&self, path: String, by: &'static str, it: &Exchange) {
        let came = Came { path, by, asked: it.asked, head: it.head, done: it.done, bytes: it.response.body.len() };
        self.seen.came.borrow_mut().push(came);
    }
}

/// The targets of a Link field (RFC 8288 §3) that is for preloading.
fn linked(field: &str) -> Vec<String> {
    let preloads = field.split(", <").filter(|it| it.contains("rel=preload"));
    preloads.filter_map(|it| it.trim_start_matches('<').split_once('>')).map(|(target, _)| target.to_owned()).collect()
}
