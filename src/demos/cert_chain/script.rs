//! The run itself: the lists first, where they are wanted, then a connection and a request.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::NAME;
use crate::lab::LabNet;
use crate::net::{Net, Stream};
use crate::recording::Time;
use crate::services::http::{self, Page};
use crate::services::tls::{
    Agreed, Client, ClientOptions, Faulty, Ground, Server, ServerOptions, Tls, TlsError, Version,
};

const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 443);
const AUTHORITY: ([u8; 4], u16) = ([10, 0, 0, 3], 80);
/// Where the list of that number stands, of so many: the leaf's issuer's first, the root's last.
fn path(number: usize, count: usize) -> String {
    match number {
        0 => "/issuer.crl".to_owned(),
        _ if number + 1 == count => "/root.crl".to_owned(),
        _ => format!("/issuer-{}.crl", count - 1 - number),
    }
}

/// What happened, for the findings.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The lists were asked for, and there, with their bytes.
    pub(super) lists: Option<(Time, Time, Vec<Vec<u8>>)>,
    pub(super) began: Time,
    pub(super) connected: Option<Time>,
    pub(super) local: Option<SocketAddr>,
    /// The client's verdict: what was agreed, or why not.
    pub(super) verdict: Option<(Time, Result<Agreed, String>)>,
    /// The first byte of an answer.
    pub(super) answered: Option<Time>,
    /// What the server's side of the handshake came to.
    pub(super) server: Option<(Time, Result<(), String>)>,
}

/// Everybody who takes part.
pub(super) struct Stage {
    pub(super) client: LabNet,
    pub(super) server: LabNet,
    pub(super) authority: LabNet,
    pub(super) ground: Ground,
    pub(super) faulty: Rc<Faulty>,
    pub(super) version: Version,
    pub(super) lists: bool,
    pub(super) seen: Rc<RefCell<Seen>>,
}

impl Stage {
    pub(super) async fn play(self) {
        if let Err(error) = self.serve().await {
            self.server.note(format!("the server does not start: {error}"));
        }
        let lists = if self.lists { self.fetch().await } else { Vec::new() };
        if let Err(error) = self.visit(lists).await {
            self.client.note(format!("the client gave up: {error}"));
        }
        // The server hears of the end half a round trip later.
        self.client.sleep(std::time::Duration::from_secs(2)).await;
    }

    /// The authority's lists over HTTP, and the server.
    async fn serve(&self) -> Result<(), TlsError> {
        let lists = self.faulty.lists.clone();
        let page = move |path: &str| {
            let number = (0..lists.len()).find(|number| self::path(*number, lists.len()) == path)?;
            Some(Page { content_type: "application/pkix-crl", body: Bytes::copy_from_slice(lists.get(number)?) })
        };
        let listener = self.authority.listen(SocketAddr::from(AUTHORITY)).await?;
        let serving = http::serve(self.authority.clone(), listener, page);
        self.authority.spawn(async move { drop(serving.await) });
        let options = ServerOptions { version: Some(self.version), forgets: true, ..ServerOptions::default() };
        let tls = Server::with(&self.ground, self.faulty.identity.clone(), options)?;
        let listener = self.server.listen(SocketAddr::from(SERVER)).await?;
        let (net, seen) = (self.server.clone(), Rc::clone(&self.seen));
        self.server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let outcome = tls.accept(&net, stream).await;
                let told = outcome.as_ref().map(|_| ()).map_err(ToString::to_string);
                net.note(match &told {
                    Ok(()) => "the handshake is done".to_owned(),
                    Err(why) => format!("no handshake: {why}"),
                });
                seen.borrow_mut().server = Some((net.now(), told));
                if let Ok(stream) = outcome {
                    drop(answer(stream).await);
                }
            }
        });
        Ok(())
    }

    /// Gets the lists, as a client that keeps them does from time to time (RFC 5280 §4.2.1.13).
    async fn fetch(&self) -> Vec<Vec<u8>> {
        let (began, mut lists, count) = (self.client.now(), Vec::new(), self.faulty.lists.len());
        for path in (0..count).map(|number| path(number, count)) {
            match http::get(&self.client, SocketAddr::from(AUTHORITY), "10.0.0.3", &path).await {
                Ok(answer) => lists.push(answer.body.to_vec()),
                Err(error) => self.client.note(format!("no list {path}: {error}")),
            }
        }
        self.seen.borrow_mut().lists = Some((began, self.client.now(), lists.clone()));
        lists
    }

    async fn visit(&self, lists: Vec<Vec<u8>>) -> Result<(), TlsError> {
        let holds = match lists.len() {
            0 => "what this client checks holds, and about revocation it asks nobody",
            count if count < self.faulty.lists.len() => "what can be checked holds",
            _ => "every check holds",
        };
        let revoked = lists.into_iter().map(Into::into).collect();
        let options = ClientOptions { revoked, forgets: true, ..ClientOptions::default() };
        let tls = Client::with(&self.ground, std::slice::from_ref(&self.faulty.root), options)?;
        self.seen.borrow_mut().began = self.client.now();
        let stream = self.client.connect(SocketAddr::from(SERVER)).await?;
        {
            let mut seen = self.seen.borrow_mut();
            seen.connected = Some(self.client.now());
            seen.local = stream.local().ok();
        }
        let outcome = tls.connect(&self.client, stream, NAME).await;
        let told = outcome.as_ref().map(Tls::agreed).map_err(ToString::to_string);
        self.client.note(match &told {
            Ok(_) => format!("{holds}: the request goes out"),
            Err(why) => format!("nothing is sent: {why}"),
        });
        self.seen.borrow_mut().verdict = Some((self.client.now(), told));
        if let Ok(stream) = outcome {
            self.ask(stream).await?;
        }
        Ok(())
    }

    async fn ask(&self, mut stream: Tls<<LabNet as Net>::Stream>) -> io::Result<()> {
        let request = format!("GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        if stream.read(&mut [0; 512]).await? > 0 {
            self.seen.borrow_mut().answered = Some(self.client.now());
        }
        stream.shutdown().await
    }
}

/// One answer of HTTP/1.1, whatever is asked.
async fn answer(mut stream: Tls<<LabNet as Net>::Stream>) -> io::Result<()> {
    if stream.read(&mut [0; 512]).await? == 0 {
        return Ok(());
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n").await?;
    stream.shutdown().await
}
