//! What happens: origin and shared cache serve, two users with caches of their own do what a case says.
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::cases::{Act, Case, User};
use super::origin::{Origin, SawOne};
use crate::lab::LabNet;
use crate::net::Net;
use crate::recording::Time;
use crate::services::cache::{Caching, Hop, Kind, Origin as Behind, Upstream};
use crate::services::http::{self, Client, Method, Request, ServerOptions, Version};
use crate::services::tls::LAB_BEGINS;

const HOST: &str = "www.shop.example";
/// Connections between the parts stay open while clocks jump.
const IDLE: Duration = Duration::from_secs(3600);
/// A request behind an answer is over before the next act.
const SETTLE: Duration = Duration::from_secs(1);

/// The three hosts.
pub(super) struct Places {
    pub(super) client: LabNet,
    pub(super) cache: LabNet,
    pub(super) origin: LabNet,
}

/// A request with all that was done for it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The case's place in the list.
    pub(super) case: usize,
    pub(super) user: &'static str,
    /// The request in words.
    pub(super) asked: String,
    pub(super) at: Time,
    pub(super) until: Time,
    /// Seconds that clocks had been moved by in this case.
    pub(super) clock: u64,
    pub(super) private: Vec<Hop>,
    pub(super) shared: Vec<Hop>,
    pub(super) saw: Vec<SawOne>,
    pub(super) status: u16,
    pub(super) age: String,
    pub(super) bytes: usize,
    pub(super) etag: String,
    /// The version that was served, and the one that there was at the origin.
    pub(super) versions: (u32, u32),
    pub(super) reads: bool,
    /// A write that was over a version its writer had not read.
    pub(super) lost: bool,
}

impl Row {
    /// Whether its If-Match names a weak ETag.
    pub(super) fn names_weak(&self) -> bool {
        self.asked.contains(", if-match: W/")
    }
}

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Told(pub(super) RefCell<Vec<Row>>);

/// One user.
struct Person<U: Upstream> {
    name: &'static str,
    cache: Rc<Caching<LabNet, U>>,
    /// The version and its ETag that was read last.
    read: RefCell<(u32, String)>,
}

/// All that takes part.
struct Stage<U: Upstream, V: Upstream> {
    net: LabNet,
    people: [Person<U>; 2],
    shared: Rc<Caching<LabNet, V>>,
    origin: Rc<Origin>,
    jumped: Rc<Cell<u64>>,
}

pub(super) async fn play(places: &Places, cases: &[Case], told: &Told) {
    let (origin, jumped) = (Rc::<Origin>::default(), Rc::<Cell<u64>>::default());
    let [at_cache, at_origin] = [2, 3].map(|it| SocketAddr::from(([10, 0, 0, it], 80)));
    let began = u64::from(LAB_BEGINS);
    let (own, net, clock) = (Rc::clone(&origin), places.origin.clone(), Rc::clone(&jumped));
    serve(&places.origin, at_origin, move |request: Request| {
        let response = own.answer(&request, began + clock.get() + net.now().0 / 1_000_000_000);
        async move { response }
    })
    .await;
    let behind = Rc::new(Behind::new(&places.cache, Client::new(Version::Http11, at_origin, HOST)));
    let shared = Caching::new(&places.cache, Kind::Shared, (began, &jumped), &behind);
    let own = Rc::clone(&shared);
    serve(&places.cache, at_cache, move |request: Request| {
        let cache = Rc::clone(&own);
        async move { cache.answer(request).await }
    })
    .await;
    let person = |name| {
        let next = Rc::new(Behind::new(&places.client, Client::new(Version::Http11, at_cache, HOST)));
        let cache = Caching::new(&places.client, Kind::Private, (began, &jumped), &next);
        Person { name, cache, read: RefCell::default() }
    };
    let people = [person("ann"), person("ben")];
    let stage = Stage { net: places.client.clone(), people, shared, origin, jumped };
    for (number, case) in cases.iter().enumerate() {
        stage.case(number, case, told).await;
    }
}

async fn serve(net: &LabNet, at: SocketAddr, handler: impl http::Handler) {
    let listener = net.listen(at).await.expect("a new host has every port free");
    let options = ServerOptions { idle: IDLE, ..ServerOptions::default() };
    let served = http::serve_with(net.clone(), listener, options, handler);
    net.spawn(async move { drop(served.await) });
}

impl<U: Upstream, V: Upstream> Stage<U, V> {
    async fn case(&self, number: usize, case: &Case, told: &Told) {
        let path = format!("/{}", number + 1);
        self.origin.add(&path, &case.rules);
        let began = self.jumped.get();
        for act in &case.acts {
            let (user, request) = match act {
                Act::Wait(seconds) => {
                    self.jumped.set(self.jumped.get() + seconds);
                    continue;
                }
                Act::Change => {
                    self.origin.change(&path);
                    continue;
                }
                Act::Break(broken) => {
                    self.origin.set_broken(&path, *broken);
                    continue;
                }
                Act::Get(user, fields) => {
                    let plain = Request::get(path.clone());
                    (*user, fields.iter().fold(plain, |request, (name, value)| request.with(name, value)))
                }
                Act::Put(user, careful) => (*user, self.put(*user, &path, *careful)),
                Act::Post(user) => (*user, Request::new(Method::POST, path.clone()).body("more\n")),
                Act::Delete(user) => (*user, Request::new(Method::DELETE, path.clone())),
            };
            let mut row = self.request(&self.people[user as usize], request).await;
            (row.case, row.clock) = (number, self.jumped.get() - began);
            told.0.borrow_mut().push(row);
        }
    }

    fn put(&self, user: User, path: &str, careful: bool) -> Request {
        let request = Request::new(Method::PUT, path).body("a new version\n");
        let (_, etag) = self.people[user as usize].read.borrow().clone();
        if careful && !etag.is_empty() { request.with("if-match", &etag) } else { request }
    }

    async fn request(&self, person: &Person<U>, request: Request) -> Row {
        let at = self.net.now();
        let (path, method) = (request.path.clone(), request.method.clone());
        let asked = written(&request);
        let before = self.origin.version(&path);
        let response = person.cache.answer(request).await;
        let until = self.net.now();
        self.net.sleep(SETTLE).await;
        let reads = method == Method::GET;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let version = text.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        let lost = method == Method::PUT && response.status.is_success() && person.read.borrow().0 != before;
        if reads && version > 0 {
            *person.read.borrow_mut() = (version, response.header("etag"));
        }
        Row {
            case: 0,
            user: person.name,
            asked,
            at,
            until,
            clock: 0,
            private: person.cache.told(),
            shared: self.shared.told(),
            saw: self.origin.told(),
            status: response.status.as_u16(),
            age: response.header("age"),
            bytes: response.body.len(),
            etag: response.header("etag"),
            versions: (version, before),
            reads,
            lost,
        }
    }
}

/// A request as a line: method, and the fields that matter to caches.
fn written(request: &Request) -> String {
    let fields =
        request.headers.iter().map(|(name, value)| format!(", {name}: {}", String::from_utf8_lossy(value.as_bytes())));
    format!("{} {}{}", request.method, request.path, fields.collect::<String>())
}
