//! Five visits: each kind of handshake on a connection of its own, with a small request and its answer.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::group;
use crate::demos::Knobs;
use crate::lab::LabNet;
use crate::net::{Net, Stream};
use crate::recording::Time;
use crate::services::tls::{
    Agreed, Authority, Client, ClientOptions, Ground, Identity, Server, ServerOptions, TlsError, Version,
};

const NAME: &str = "www.shop.example";
const SERVER: [u8; 4] = [10, 0, 0, 2];
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: www.shop.example\r\nConnection: close\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
/// Between two visits: tickets arrive, connections close.
const BETWEEN: Duration = Duration::from_secs(5);

/// A kind of handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Full13,
    Resumed13,
    Early13,
    Full12,
    Resumed12,
}

impl Kind {
    pub(super) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Full13 => ("full_13", "TLS 1.3, full"),
            Self::Resumed13 => ("resumed_13", "TLS 1.3, resumed"),
            Self::Early13 => ("early_13", "TLS 1.3, resumed with early data (0-RTT)"),
            Self::Full12 => ("full_12", "TLS 1.2, full"),
            Self::Resumed12 => ("resumed_12", "TLS 1.2, resumed"),
        }
    }

    /// From TCP open until a request may go (RFC 8446 §2, RFC 5246 §7.3).
    pub(super) const fn round_trips(self) -> u32 {
        match self {
            Self::Early13 => 0,
            Self::Full13 | Self::Resumed13 | Self::Resumed12 => 1,
            Self::Full12 => 2,
        }
    }

    /// What tells its row from the others in few letters.
    pub(super) const fn row(self) -> &'static str {
        match self {
            Self::Full13 => "1.3 full",
            Self::Resumed13 => "1.3 resumed",
            Self::Early13 => "1.3 0-RTT",
            Self::Full12 => "1.2 full",
            Self::Resumed12 => "1.2 resumed",
        }
    }
}

/// A visit as its client saw it.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) kind: Kind,
    pub(super) began: Time,
    pub(super) connected: Time,
    /// A request may be sent.
    pub(super) may_send: Time,
    /// The first byte of the answer.
    pub(super) answered: Time,
    pub(super) local: Option<SocketAddr>,
    pub(super) agreed: Agreed,
    pub(super) early: bool,
}

pub(super) struct Stage {
    pub(super) client: LabNet,
    pub(super) server: LabNet,
    pub(super) ground: Ground,
    pub(super) knobs: Knobs,
    pub(super) visits: Rc<RefCell<Vec<Visit>>>,
}

impl Stage {
    pub(super) async fn play(self) {
        if let Err(error) = self.all().await {
            self.client.note(format!("no client or no server: {error}"));
        }
    }

    async fn all(&self) -> Result<(), TlsError> {
        let (identity, root) = self.identity()?;
        let groups = [group(&self.knobs)];
        for (version, port, early) in
            [(Version::Tls13, 443, false), (Version::Tls13, 444, true), (Version::Tls12, 8443, false)]
        {
            let at = SocketAddr::from((SERVER, port));
            let early_data = if early { 16_384 } else { 0 };
            // RFC 8446 §4.2.7: the hybrid is of TLS 1.3; 1.2 takes what the ground has.
            let groups = if version == Version::Tls12 { &[][..] } else { &groups[..] };
            let options = ServerOptions { version: Some(version), groups, early_data, ..ServerOptions::default() };
            self.serve(at, Server::with(&self.ground, identity.clone(), options)?).await?;
            let options =
                ClientOptions { version: Some(version), groups, early_data: early, ..ClientOptions::default() };
            let tls = Client::with(&self.ground, std::slice::from_ref(&root), options)?;
            let kinds = match (version, early) {
                (Version::Tls12, _) => [Some(Kind::Full12), Some(Kind::Resumed12)],
                // The first visit brings the ticket, and is the same as the other first one.
                (Version::Tls13, true) => [None, Some(Kind::Early13)],
                (Version::Tls13, false) => [Some(Kind::Full13), Some(Kind::Resumed13)],
            };
            for kind in kinds {
                match self.visit(&tls, at, kind.unwrap_or(Kind::Full13)).await {
                    Ok(visit) => self.visits.borrow_mut().extend(kind.map(|_| visit)),
                    Err(error) => self.client.note(format!("the client gave up: {error}")),
                }
                self.client.sleep(BETWEEN).await;
            }
        }
        Ok(())
    }

    fn identity(&self) -> Result<(Identity, rustls::pki_types::CertificateDer<'static>), TlsError> {
        let depth = u8::try_from(self.knobs.number("intermediates")).expect("the knob's limit is small");
        let root = Authority::over(&self.ground, "Lab Root", depth)?;
        let certificate = root.certificate();
        let mut issuer = root;
        for number in 1..=depth {
            issuer = issuer.intermediate(&format!("Lab Issuer {number}"), depth - number)?;
        }
        let others: Vec<String> = (1..self.knobs.number("names")).map(|it| format!("shop-{it:03}.example")).collect();
        let names: Vec<&str> = std::iter::once(NAME).chain(others.iter().map(String::as_str)).collect();
        Ok((issuer.issue(&names)?, certificate))
    }

    async fn serve(&self, at: SocketAddr, tls: Server) -> io::Result<()> {
        let (listener, net) = (self.server.listen(at).await?, self.server.clone());
        self.server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (own, tls) = (net.clone(), tls.clone());
                net.spawn(async move {
                    let answer = async {
                        let mut stream = tls.accept(&own, stream).await?;
                        stream.read_exact(&mut [0; REQUEST.len()]).await?;
                        stream.write_all(ANSWER).await?;
                        stream.flush().await?;
                        while stream.read(&mut [0; 100]).await? > 0 {}
                        stream.shutdown().await?;
                        Ok::<_, TlsError>(())
                    };
                    drop(answer.await);
                });
            }
        });
        Ok(())
    }

    async fn visit(&self, tls: &Client, at: SocketAddr, kind: Kind) -> Result<Visit, TlsError> {
        let net = &self.client;
        let began = net.now();
        let stream = net.connect(at).await?;
        let (connected, local) = (net.now(), stream.local().ok());
        let mut stream = tls.connect(net, stream, NAME).await?;
        let may_send = net.now();
        stream.write_all(REQUEST).await?;
        stream.flush().await?;
        let mut answer = [0; ANSWER.len()];
        stream.read_exact(&mut answer[..1]).await?;
        let answered = net.now();
        stream.read_exact(&mut answer[1..]).await?;
        net.sleep(Duration::from_secs(1)).await;
        let visit = Visit {
            kind,
            began,
            connected,
            may_send,
            answered,
            local,
            agreed: stream.agreed(),
            early: stream.took_early_data(),
        };
        stream.shutdown().await?;
        Ok(visit)
    }
}
