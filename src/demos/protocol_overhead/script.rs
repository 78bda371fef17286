//! One protocol after another: opened, used at the pace the knobs say, closed.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::{Protocol, over};
use crate::demos::Knobs;
use crate::demos::web::Certified;
use crate::lab::LabNet;
use crate::recording::Time;
use crate::services::http::{Bytes, Request};
use crate::services::within;

/// A message that has no answer for so long has none.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is left to say when a connection is closed is said in this time and four round trips.
const AFTER: Duration = Duration::from_millis(100);

/// What every protocol's talk is made of.
#[derive(Clone)]
pub(super) struct Stand {
    pub(super) client: LabNet,
    pub(super) server: LabNet,
    pub(super) certified: Certified,
    pub(super) seed: u64,
    /// TLS where it can be chosen.
    pub(super) tls: bool,
    pub(super) browser: bool,
    pub(super) messages: usize,
    pub(super) size: usize,
    burst: bool,
    interval: Duration,
    rtt: Duration,
}

/// When what was said over one protocol.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) protocol: Protocol,
    pub(super) began: Time,
    /// The first message was handed over.
    pub(super) first: Option<Time>,
    /// Its answer was here.
    pub(super) answered: Option<Time>,
    /// The second was.
    pub(super) second: Option<Time>,
    /// All answers were here, and the interval behind the last is over.
    pub(super) closing: Option<Time>,
    pub(super) over: Time,
    /// Answers that came.
    pub(super) answers: usize,
    pub(super) failure: Option<String>,
}

/// A connection, or what stands for one.
pub(super) trait Conversation {
    /// Sends so many messages and waits for their answers: how many came whole and unchanged. More than one are sent at once.
    async fn exchange(&mut self, bodies: &[Bytes]) -> Result<usize, String>;
    /// Ends it in order.
    async fn close(self);
}

impl Stand {
    pub(super) fn new(client: LabNet, server: LabNet, certified: Certified, seed: u64, knobs: &Knobs) -> Self {
        let count = |name| usize::try_from(knobs.number(name)).expect("the knob's limit is small");
        Self {
            client,
            server,
            certified,
            seed,
            tls: knobs.choice("tls") == "on",
            browser: knobs.choice("headers") == "browser",
            messages: count("messages"),
            size: count("size"),
            burst: knobs.choice("sending") == "burst",
            interval: knobs.time("interval"),
            rtt: knobs.time("rtt"),
        }
    }

    pub(super) fn at(&self, protocol: Protocol) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 2], protocol.port()))
    }

    /// How long an answer is waited for.
    pub(super) fn patience(&self) -> Duration {
        PATIENCE + self.rtt * 4
    }

    /// The bytes of a message: a letter of its own, so that it is seen to come back.
    fn body(&self, number: usize) -> Bytes {
        let letter = b'a' + u8::try_from(number % 26).unwrap_or(0);
        Bytes::from(vec![letter; self.size])
    }

    /// A message as HTTP asks with it.
    pub(super) fn request(&self, body: Bytes) -> Request {
        let request = Request::new(hyper::Method::POST, "/messages").with("content-type", "text/plain").body(body);
        if !self.browser {
            return request;
        }
        BROWSER.iter().fold(request, |request, (name, value)| request.with(name, value))
    }
}

/// What a page's script sends along in a browser of 2025, by its developer tools; a session's cookie among it.
pub(super) const BROWSER: [(&str, &str); 12] = [
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    ("accept", "*/*"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9"),
    ("origin", "https://www.shop.example"),
    ("referer", "https://www.shop.example/chat"),
    ("sec-ch-ua", "\"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\""),
    ("sec-ch-ua-platform", "\"Linux\""),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "same-origin"),
    ("cookie", "session=3f2a9c0d5e7b4816a1c2d3e4f5061728"),
];

/// Plays them all; what happened is kept as it happens.
pub(super) async fn play(stand: &Stand, protocols: &[Protocol], talks: &Rc<RefCell<Vec<Talk>>>) {
    for protocol in protocols {
        let now = stand.client.now();
        let talk = Talk {
            protocol: *protocol,
            began: now,
            first: None,
            answered: None,
            second: None,
            closing: None,
            over: now,
            answers: 0,
            failure: None,
        };
        talks.borrow_mut().push(talk);
        let said = match protocol {
            Protocol::Udp => talk_over(stand, talks, over::udp(stand)).await,
            Protocol::Tcp => talk_over(stand, talks, over::tcp(stand)).await,
            Protocol::WebSocket => talk_over(stand, talks, over::websocket(stand)).await,
            Protocol::Http1 | Protocol::Http2 => talk_over(stand, talks, over::http(stand, *protocol)).await,
            Protocol::Http3 => talk_over(stand, talks, over::http3(stand)).await,
        };
        stand.client.sleep(AFTER + stand.rtt * 4).await;
        if let Err(why) = &said {
            stand.client.note(format!("the client gave up on {}: {why}", protocol.name()));
        }
        last(talks, |it| (it.over, it.failure) = (stand.client.now(), said.err()));
    }
}

fn last(talks: &RefCell<Vec<Talk>>, change: impl FnOnce(&mut Talk)) {
    talks.borrow_mut().last_mut().map(change);
}

async fn talk_over<C: Conversation>(
    stand: &Stand,
    talks: &RefCell<Vec<Talk>>,
    opening: impl Future<Output = Result<C, String>>,
) -> Result<(), String> {
    let net = &stand.client;
    let silent = || format!("no answer within {} s", stand.patience().as_secs());
    let mut open = within(net, stand.patience(), opening).await.unwrap_or_else(|| Err(silent()))?;
    let mut left: Vec<Bytes> = (1..=stand.messages).map(|number| stand.body(number)).collect();
    let mut turn = 0;
    while !left.is_empty() {
        let count = if stand.burst && turn > 0 { left.len() } else { 1 };
        let bodies: Vec<Bytes> = left.drain(..count).collect();
        last(talks, |it| match turn {
            0 => it.first = Some(net.now()),
            1 => it.second = Some(net.now()),
            _ => {}
        });
        let got = within(net, stand.patience(), open.exchange(&bodies)).await.unwrap_or_else(|| Err(silent()))?;
        last(talks, |it| {
            it.answers += got;
            it.answered.get_or_insert(net.now());
        });
        net.sleep(stand.interval).await;
        turn += 1;
    }
    last(talks, |it| it.closing = Some(net.now()));
    within(net, stand.patience(), open.close()).await;
    Ok(())
}
