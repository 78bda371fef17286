//! A DHCP client (RFC 2131 §4.4): gets an address, sees whether it is free, keeps it as long as a server lets it.
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::net::{Configure, Datagrams as _};
use crate::quantity::Quantity;
use crate::recording::Time;
use crate::services::dhcp::message::{Kind, Message};
use crate::services::dhcp::{CLIENT_PORT, LARGEST, SERVER_PORT};
use crate::services::within;

/// RFC 2131 §4.1: the first wait for an answer, and the longest; each is twice the one before, give or take a second.
const FIRST_WAIT: Duration = Duration::from_secs(4);
const LONGEST_WAIT: Duration = Duration::from_secs(64);
/// RFC 2131 §3.1: a REQUEST nobody answers is sent so often, then the client begins anew.
const REQUESTS: u32 = 4;
/// RFC 2131 §4.4.5: renewals are at least so far apart.
const RENEWALS: Duration = Duration::from_secs(60);
/// The message that gives an address back leaves before the address goes.
const BEFORE_IT_GOES: Duration = Duration::from_secs(1);
/// RFC 2131 §3.1: after a DECLINE.
const AFTER_DECLINE: Duration = Duration::from_secs(10);

/// How a client behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// The address it had before it was switched off: it asks whether it may have it again (INIT-REBOOT).
    pub known: Option<Ipv4Addr>,
    /// Whether it asks its neighbours if another has the address, before it uses it (RFC 2131 §2.2, RFC 5227).
    pub check: bool,
    /// Gives the address back after this long.
    pub release_after: Option<Duration>,
}

/// RFC 2131 §4.4, figure 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Init,
    Selecting,
    Requesting,
    Rebooting,
    Bound,
    Renewing,
    Rebinding,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "INIT",
            Self::Selecting => "SELECTING",
            Self::Requesting => "REQUESTING",
            Self::Rebooting => "REBOOTING",
            Self::Bound => "BOUND",
            Self::Renewing => "RENEWING",
            Self::Rebinding => "REBINDING",
        })
    }
}

/// What a server has granted.
#[derive(Clone, Debug)]
struct Lease {
    address: Ipv4Addr,
    server: Ipv4Addr,
    prefix: u8,
    router: Option<Ipv4Addr>,
    renew_at: Time,
    rebind_at: Time,
    until: Time,
}

/// What came of waiting for an answer.
enum Answer {
    Granted(Lease),
    Refused,
    Nothing,
}

struct Client<N: Configure> {
    net: N,
    socket: N::Datagrams,
    options: ClientOptions,
    dice: ChaCha8Rng,
    state: State,
    xid: u32,
    began: Time,
}

/// Keeps this host configured until the world ends, or until it has given its address back.
///
/// # Errors
/// When the port is taken.
pub async fn run<N: Configure>(net: N, options: ClientOptions) -> io::Result<()> {
    let socket = net.bind(SocketAddr::from(([0; 4], CLIENT_PORT))).await?;
    let seed = net.mac().iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let began = net.now();
    let dice = ChaCha8Rng::seed_from_u64(seed);
    let mut client = Client { net, socket, options, dice, state: State::Init, xid: 0, began };
    let mut known = options.known;
    loop {
        let answer = match known.take() {
            Some(address) => client.reboot(address).await?,
            None => client.acquire().await?,
        };
        let Answer::Granted(lease) = answer else { continue };
        if !client.take(&lease).await? {
            continue;
        }
        if client.keep(lease).await? {
            return Ok(());
        }
    }
}

impl<N: Configure> Client<N> {
    fn go(&mut self, to: State) {
        if self.state != to {
            self.net.state("dhcp client", &self.state.to_string(), &to.to_string());
            self.state = to;
        }
    }

    /// A new conversation has a number of its own.
    fn begin(&mut self) {
        self.xid = self.dice.next_u32();
        self.began = self.net.now();
    }

    fn message(&self, kind: Kind) -> Message {
        let secs = u16::try_from(self.net.now().since(self.began).as_secs()).unwrap_or(u16::MAX);
        Message { secs, broadcast: true, ..Message::new(kind, self.xid, self.net.mac()) }
    }

    async fn send(&self, message: &Message, to: Ipv4Addr) -> io::Result<()> {
        self.socket.send_to(&message.to_bytes(), SocketAddr::from((to, SERVER_PORT))).await
    }

    /// The next wait, after one of `before`: twice as long, give or take a second.
    fn wait_after(&mut self, before: Duration) -> Duration {
        let next = (before * 2).clamp(FIRST_WAIT, LONGEST_WAIT);
        next - Duration::from_secs(1) + Duration::from_millis(u64::from(self.dice.next_u32() % 2000))
    }

    /// The next message of a server in this conversation.
    async fn hear(&self, patience: Duration) -> io::Result<Option<Message>> {
        let until = self.net.now() + patience;
        let mut buffer = [0; LARGEST];
        loop {
            let left = until.since(self.net.now());
            let Some(received) = within(&self.net, left, self.socket.receive(&mut buffer)).await else {
                return Ok(None);
            };
            let (length, _) = received?;
            let message = Message::read(&buffer[..length]).filter(Message::is_reply);
            let ours = |it: &Message| it.xid == self.xid && it.mac == self.net.mac();
            if let Some(message) = message.filter(ours) {
                return Ok(Some(message));
            }
        }
    }

    /// Finds a server, and takes the first address that is offered.
    async fn acquire(&mut self) -> io::Result<Answer> {
        self.go(State::Init);
        self.begin();
        self.go(State::Selecting);
        let mut wait = Duration::ZERO;
        let offer = loop {
            wait = self.wait_after(wait);
            self.send(&self.message(Kind::Discover), Ipv4Addr::BROADCAST).await?;
            let heard = self.hear(wait).await?;
            if let Some(offer) = heard.filter(|it| it.kind == Kind::Offer && it.server.is_some()) {
                break offer;
            }
            self.net.note(format!("DHCP: no offer in {}: asks again", Quantity::time(wait)));
        };
        let server = offer.server.unwrap_or(Ipv4Addr::UNSPECIFIED);
        self.net.note(format!("DHCP: takes the first offer, {} of {server}", offer.yours));
        self.go(State::Requesting);
        let request = Message { requested: Some(offer.yours), server: offer.server, ..self.message(Kind::Request) };
        self.request(&request, REQUESTS).await
    }

    /// Asks whether an address it had may be used again (RFC 2131 §3.2).
    async fn reboot(&mut self, address: Ipv4Addr) -> io::Result<Answer> {
        self.begin();
        self.go(State::Rebooting);
        let request = Message { requested: Some(address), ..self.message(Kind::Request) };
        self.request(&request, 2).await
    }

    /// Broadcasts a REQUEST until it is answered, so often at the most.
    async fn request(&mut self, request: &Message, times: u32) -> io::Result<Answer> {
        let mut wait = Duration::ZERO;
        for _ in 0..times {
            wait = self.wait_after(wait);
            let sent = self.net.now();
            self.send(request, Ipv4Addr::BROADCAST).await?;
            let answer = self.answer(sent, wait).await?;
            if !matches!(answer, Answer::Nothing) {
                return Ok(answer);
            }
        }
        self.net.note(format!("DHCP: no answer to {times} requests: begins anew"));
        Ok(Answer::Nothing)
    }

    /// Waits for ACK or NAK. The time of a lease counts from when it was asked for (RFC 2131 §4.4.1).
    async fn answer(&self, sent: Time, patience: Duration) -> io::Result<Answer> {
        let until = self.net.now() + patience;
        while let Some(message) = self.hear(until.since(self.net.now())).await? {
            match message.kind {
                Kind::Nak => {
                    let why = message.text.unwrap_or_default();
                    self.net.note(format!("DHCP: the server says no: {why}"));
                    return Ok(Answer::Refused);
                }
                Kind::Ack => return Ok(lease(&message, sent).map_or(Answer::Nothing, Answer::Granted)),
                _ => {}
            }
        }
        Ok(Answer::Nothing)
    }

    /// Configures the host; false when another has the address already: the server is told, and it begins anew.
    async fn take(&mut self, lease: &Lease) -> io::Result<bool> {
        let address = IpAddr::V4(lease.address);
        self.net.add_address(address, lease.prefix, self.options.check);
        while self.net.may_use(address).is_none() {
            self.net.sleep(Duration::from_millis(100)).await;
        }
        if self.net.may_use(address) == Some(true) {
            self.net.set_gateway(lease.router.map(IpAddr::V4));
            self.go(State::Bound);
            return Ok(true);
        }
        self.net.note(format!("DHCP: another has {}: declines it", lease.address));
        self.net.remove_address(address);
        let (requested, server) = (Some(lease.address), Some(lease.server));
        let decline = Message { requested, server, broadcast: false, ..self.message(Kind::Decline) };
        self.send(&decline, Ipv4Addr::BROADCAST).await?;
        self.go(State::Init);
        self.net.sleep(AFTER_DECLINE).await;
        Ok(false)
    }

    /// Renews the lease until it is over or refused; true when the client has given it back.
    async fn keep(&mut self, mut lease: Lease) -> io::Result<bool> {
        let release_at = self.options.release_after.map(|it| self.net.now() + it);
        loop {
            let pause = release_at.map_or(lease.renew_at, |at| at.min(lease.renew_at));
            self.net.sleep(pause.since(self.net.now())).await;
            if release_at.is_some_and(|at| at <= self.net.now()) {
                self.release(&lease).await?;
                return Ok(true);
            }
            match self.renew(&lease).await? {
                Answer::Granted(again) => {
                    self.go(State::Bound);
                    lease = again;
                }
                Answer::Refused => break,
                Answer::Nothing => {
                    self.net.note(format!("DHCP: the lease of {} is over: nobody renewed it", lease.address));
                    break;
                }
            }
        }
        self.net.remove_address(lease.address.into());
        self.net.set_gateway(None);
        self.go(State::Init);
        Ok(false)
    }

    /// At T1 asks its server, at T2 anybody (RFC 2131 §4.4.5).
    async fn renew(&mut self, lease: &Lease) -> io::Result<Answer> {
        self.begin();
        let phases =
            [(State::Renewing, lease.server, lease.rebind_at), (State::Rebinding, Ipv4Addr::BROADCAST, lease.until)];
        for (state, to, until) in phases {
            self.go(state);
            while self.net.now() < until {
                let sent = self.net.now();
                let left = until.since(sent);
                let request = Message { client: lease.address, broadcast: false, ..self.message(Kind::Request) };
                // A neighbour that is gone is no reason to stop: the next one may be there.
                if let Err(error) = self.send(&request, to).await {
                    self.net.note(format!("DHCP: the request could not be sent: {error}"));
                }
                let answer = self.answer(sent, (left / 2).max(RENEWALS).min(left)).await?;
                if !matches!(answer, Answer::Nothing) {
                    return Ok(answer);
                }
            }
        }
        Ok(Answer::Nothing)
    }

    async fn release(&mut self, lease: &Lease) -> io::Result<()> {
        self.begin();
        let release = Message {
            client: lease.address,
            server: Some(lease.server),
            broadcast: false,
            ..self.message(Kind::Release)
        };
        self.send(&release, lease.server).await?;
        self.net.note(format!("DHCP: gives {} back", lease.address));
        // ARP may have to be asked first, and is answered only while the address is here.
        self.net.sleep(BEFORE_IT_GOES).await;
        self.net.remove_address(lease.address.into());
        self.net.set_gateway(None);
        self.go(State::Init);
        Ok(())
    }
}

/// What an ACK grants; `None` when it lacks what RFC 2131 §4.3.1 demands.
fn lease(ack: &Message, sent: Time) -> Option<Lease> {
    let time = ack.lease?;
    Some(Lease {
        address: ack.yours,
        server: ack.server?,
        prefix: ack.prefix?,
        router: ack.router,
        renew_at: sent + ack.t1.unwrap_or(time / 2),
        rebind_at: sent + ack.t2.unwrap_or(time * 7 / 8),
        until: sent + time,
    })
}
