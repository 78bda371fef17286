//! The calls: one where nobody is asked for a certificate, then those of the run; the authority is replaced among them.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::cast::{Cast, GATEWAY, GATEWAY_HOST, PAYMENTS, SERVICE, Side};
use super::version;
use crate::demos::Knobs;
use crate::lab::LabNet;
use crate::net::Net;
use crate::recording::Time;
use crate::services::http::{self, HttpError, Request};
use crate::services::mutual::{self, Current, FORWARDED, Forwarding, Gateway, Log, Rules};
use crate::services::tls::{
    Client, ClientOptions, Clients, Ground, Identity, Server, ServerOptions, TlsError, Trusted,
};

const SERVICE_AT: ([u8; 4], u16) = ([10, 0, 0, 3], 443);
/// The same service for everybody.
const PLAIN_AT: ([u8; 4], u16) = ([10, 0, 0, 3], 8443);
const GATEWAY_AT: ([u8; 4], u16) = ([10, 0, 0, 2], 443);
const BETWEEN: Duration = Duration::from_secs(1);

/// A call as the caller saw it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) began: Time,
    /// TCP was open; the caller took the handshake for done.
    pub(super) connected: Option<Time>,
    pub(super) shaken: Option<Time>,
    pub(super) ended: Time,
    pub(super) local: Option<SocketAddr>,
    /// Status and text, or why there is none.
    pub(super) outcome: Result<(u16, String), String>,
    /// Who broke off, where it is known.
    pub(super) refused: Option<End>,
    /// How far the authority was replaced, for the service and the caller.
    pub(super) stages: (Phase, Phase),
}

/// Who broke a handshake off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It did not believe what it was shown.
    Caller,
    /// Its alert came in.
    Other,
}

/// Whom somebody trusts and who vouches for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Old,
    /// Shows the old, trusts both.
    TrustsBoth,
    /// Shows the new, trusts both.
    ShowsNew,
    New,
}

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) plain: Option<Call>,
    pub(super) calls: Vec<Call>,
    /// What the service heard, and the gateway.
    pub(super) service: Log,
    pub(super) gateway: Log,
    /// When somebody changed, and what.
    pub(super) changes: Vec<(Time, String)>,
}

/// Everybody, and what they have.
pub(super) struct Stage {
    pub(super) nets: [LabNet; 3],
    pub(super) ground: Ground,
    pub(super) cast: Cast,
    pub(super) knobs: Knobs,
    pub(super) seen: Rc<RefCell<Seen>>,
}

/// What can be exchanged while it runs.
struct Running {
    service: Current,
    gateway: Option<(Current, Rc<RefCell<Client>>)>,
}

/// What a call's error says, and who broke off.
fn blamed(error: &HttpError) -> (String, Option<End>) {
    let end = |it: &TlsError| match it {
        TlsError::Certificate(_) => Some(End::Caller),
        TlsError::Alert(_) => Some(End::Other),
        _ => None,
    };
    // The alert that comes after the handshake reaches the caller as a broken connection.
    match (error, TlsError::within(error)) {
        (HttpError::Tls(it), _) => (error.to_string(), end(it)),
        (_, Some(it)) => (it.to_string(), end(&it)),
        _ => (error.to_string(), None),
    }
}

impl Phase {
    pub(super) const fn says(self) -> &'static str {
        match self {
            Self::Old => "shows and trusts the old",
            Self::TrustsBoth => "shows the old, trusts both",
            Self::ShowsNew => "shows the new, trusts both",
            Self::New => "shows and trusts the new",
        }
    }
}

impl Stage {
    pub(super) async fn play(self) {
        let running = match self.start().await {
            Ok(running) => running,
            Err(error) => return self.nets[2].note(format!("the service does not start: {error}")),
        };
        let net = &self.nets[0];
        match self.client(Phase::Old, false) {
            Ok(tls) => {
                let call = self.call(&tls, PLAIN_AT, SERVICE, (Phase::Old, Phase::Old)).await;
                self.seen.borrow_mut().plain = Some(call);
            }
            Err(error) => net.note(format!("no client: {error}")),
        }
        let count = u32::try_from(self.knobs.number("calls")).expect("the knob's limit is small");
        let mut now = (Phase::Old, Phase::Old);
        for number in 0..count {
            let next = self.stages(number, count);
            if let Err(error) = self.change(&running, now, next) {
                net.note(format!("the change failed: {error}"));
            }
            now = next;
            self.one(now).await;
            net.sleep(BETWEEN).await;
        }
        if self.knobs.choice("rotation") != "none" && now != (Phase::New, Phase::New) {
            let (service, caller) = (now.0.says(), now.1.says());
            net.note(format!(
                "the calls end before the authority is replaced: the service {service}, the caller {caller}; more calls show the rest"
            ));
        }
        net.sleep(BETWEEN).await;
    }

    /// How far the service and the caller are at a call: the service changes a call before the caller does; with an overlap the
    /// change has three steps, without it one.
    fn stages(&self, number: u32, count: u32) -> (Phase, Phase) {
        let step = (count / 4).max(1);
        let at = |number: u32| match self.knobs.choice("rotation") {
            "overlap" => match number / step {
                0 => Phase::Old,
                1 => Phase::TrustsBoth,
                2 => Phase::ShowsNew,
                _ => Phase::New,
            },
            // Never at the first call: there has to be one before.
            "at-once" if number >= (count / 2).max(1) => Phase::New,
            _ => Phase::Old,
        };
        (at(number), at(number.saturating_sub(1)))
    }

    fn change(&self, running: &Running, from: (Phase, Phase), to: (Phase, Phase)) -> Result<(), TlsError> {
        if from.0 != to.0 {
            *running.service.borrow_mut() = self.server(to.0, &self.side(to.0).service)?;
            if let Some((server, client)) = &running.gateway {
                *server.borrow_mut() = self.server(to.0, &self.side(to.0).gateway)?;
                *client.borrow_mut() = self.gateway_client(to.0)?;
            }
            self.note_change(format!("the service {}", to.0.says()));
        }
        if from.1 != to.1 {
            self.note_change(format!("the caller {}", to.1.says()));
        }
        Ok(())
    }

    fn note_change(&self, text: String) {
        self.nets[0].note(text.clone());
        self.seen.borrow_mut().changes.push((self.nets[0].now(), text));
    }

    async fn one(&self, stages: (Phase, Phase)) {
        let net = &self.nets[0];
        match self.client(stages.1, true) {
            Ok(tls) => {
                let (at, host) = if self.has_gateway() { (GATEWAY_AT, GATEWAY_HOST) } else { (SERVICE_AT, SERVICE) };
                let call = self.call(&tls, at, host, stages).await;
                self.seen.borrow_mut().calls.push(call);
            }
            Err(error) => net.note(format!("no client: {error}")),
        }
    }

    async fn call(&self, tls: &Client, at: ([u8; 4], u16), host: &str, stages: (Phase, Phase)) -> Call {
        let net = &self.nets[0];
        let began = net.now();
        let client = http::Client::new(http::Version::Http11, SocketAddr::from(at), host).over(tls);
        let mut call = Call {
            began,
            connected: None,
            shaken: None,
            ended: began,
            local: None,
            outcome: Err(String::new()),
            refused: None,
            stages,
        };
        let mut request = Request::get("/charge");
        if self.knobs.is_on("forged") {
            request = request.with(FORWARDED, &format!("By={GATEWAY};URI={PAYMENTS}"));
        }
        let outcome = async {
            let mut connection = client.open(net).await?;
            let opened = connection.opened();
            (call.connected, call.shaken, call.local) = (Some(opened.connected), Some(opened.ready), opened.local);
            let response = connection.ask(request).await?.response;
            let text = String::from_utf8_lossy(&response.body).trim_end().to_owned();
            Ok::<_, HttpError>((response.status.as_u16(), crate::wire::text::visible_start(text, 200)))
        };
        let outcome = outcome.await.map_err(|error| {
            let (words, refused) = blamed(&error);
            call.refused = refused;
            words
        });
        net.note(match &outcome {
            Ok((status, text)) => format!("{status}: {text}"),
            Err(why) => format!("the caller gets no answer: {why}"),
        });
        call.outcome = outcome;
        call.ended = net.now();
        call
    }

    fn has_gateway(&self) -> bool {
        self.knobs.choice("gateway") != "none"
    }

    fn side(&self, stage: Phase) -> &Side {
        &self.cast.authorities[usize::from(matches!(stage, Phase::ShowsNew | Phase::New))]
    }

    fn trusted(&self, stage: Phase) -> Vec<CertificateDer<'static>> {
        let [old, new] = &self.cast.authorities;
        match stage {
            Phase::Old => vec![old.root.clone()],
            Phase::TrustsBoth | Phase::ShowsNew => vec![old.root.clone(), new.root.clone()],
            Phase::New => vec![new.root.clone()],
        }
    }

    fn client(&self, stage: Phase, proves: bool) -> Result<Client, TlsError> {
        let identity = self.side(stage).caller.clone().filter(|_| proves);
        let options =
            ClientOptions { identity, version: Some(version(&self.knobs)), forgets: true, ..Default::default() };
        Client::with(&self.ground, &self.trusted(stage), options)
    }

    fn gateway_client(&self, stage: Phase) -> Result<Client, TlsError> {
        let identity = Some(self.side(stage).gateway.clone());
        Client::with(
            &self.ground,
            &self.trusted(stage),
            ClientOptions { identity, forgets: true, ..Default::default() },
        )
    }

    fn server(&self, stage: Phase, identity: &Identity) -> Result<Server, TlsError> {
        let clients = Clients::Proven(Trusted { authorities: self.trusted(stage), revoked: Vec::new() });
        Server::with(&self.ground, identity.clone(), ServerOptions { clients, forgets: true, ..Default::default() })
    }

    async fn start(&self) -> Result<Running, TlsError> {
        let [_, gateway, service] = &self.nets;
        let log = |it: &dyn Fn(&Seen) -> Log| it(&self.seen.borrow());
        let rules = Rc::new(Rules {
            allowed: BTreeMap::from([("/charge".to_owned(), vec![PAYMENTS.to_owned()])]),
            gateway: self.has_gateway().then(|| GATEWAY.to_owned()),
        });
        let own = Rc::new(RefCell::new(self.server(Phase::Old, &self.side(Phase::Old).service)?));
        let listener = service.listen(SocketAddr::from(SERVICE_AT)).await?;
        let judge = move |caller: Option<String>, request: hyper::Request<hyper::body::Incoming>| {
            let answer = rules.judge(caller.as_deref(), request.uri().path(), request.headers());
            async move { answer }
        };
        let serving =
            mutual::serve(service.clone(), listener, Rc::clone(&own), log(&|it| Rc::clone(&it.service)), judge);
        service.spawn(async move { drop(serving.await) });
        self.start_plain().await?;
        let mut running = Running { service: own, gateway: None };
        if self.has_gateway() {
            let server = Rc::new(RefCell::new(self.server(Phase::Old, &self.side(Phase::Old).gateway)?));
            let tls = Rc::new(RefCell::new(self.gateway_client(Phase::Old)?));
            running.gateway = Some((Rc::clone(&server), Rc::clone(&tls)));
            let replaces = self.knobs.choice("gateway") == "replaces";
            let forwarding = if replaces { Forwarding::Replaced } else { Forwarding::Appended };
            let (name, service, host) = (GATEWAY.to_owned(), SocketAddr::from(SERVICE_AT), SERVICE.to_owned());
            let listener = gateway.listen(SocketAddr::from(GATEWAY_AT)).await?;
            let own = Gateway { name, service, host, tls, forwarding };
            let serving = own.serve(gateway.clone(), listener, server, log(&|it| Rc::clone(&it.gateway)));
            gateway.spawn(async move { drop(serving.await) });
        }
        Ok(running)
    }

    /// The same service where nobody has to prove anything: for comparison.
    async fn start_plain(&self) -> Result<(), TlsError> {
        let service = &self.nets[2];
        let options = ServerOptions { forgets: true, ..Default::default() };
        let tls = Server::with(&self.ground, self.side(Phase::Old).service.clone(), options)?;
        let listener = service.listen(SocketAddr::from(PLAIN_AT)).await?;
        let answer = |_, _| async { (hyper::StatusCode::OK, format!("done for {PAYMENTS}")) };
        let serving = mutual::serve(service.clone(), listener, Rc::new(RefCell::new(tls)), Log::default(), answer);
        service.spawn(async move { drop(serving.await) });
        Ok(())
    }
}
