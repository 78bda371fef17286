//! Three ways a server gives its connections to threads: one for each request, one for each connection, or one for all.
//! Connections and bytes are real; threads and cores are modelled as permits, and their work as time.
use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, server};
use hyper_util::rt::TokioIo;

use crate::net::{Listener, Net};
use crate::recording::Time;
use crate::services::permits::Permits;

/// What a thread belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// A thread of a pool for as long as a request takes.
    Request,
    /// A thread for as long as a connection lives, also while nobody asks anything.
    Connection,
    /// One thread that goes on with another request wherever one waits.
    EventLoop,
}

/// A server.
#[derive(Clone, Copy, Debug)]
pub struct ServerModel {
    pub model: Model,
    /// Threads at the most; an event loop has one.
    pub threads: usize,
    /// Connections it accepts at once; more wait in the kernel.
    pub connections: usize,
    pub cores: usize,
    /// A request computes for this long, on a core.
    pub compute: Duration,
    /// Then it waits for something else, such as a database.
    pub wait: Duration,
    /// The event loop's program waits without going back to the loop: the mistake.
    pub blocks: bool,
}

/// One stay of a thread with a request or a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// When it was wanted, when it was there, and when it was free again.
    pub wanted: Time,
    pub from: Time,
    pub until: Option<Time>,
}

/// What the server saw.
#[derive(Debug, Default)]
pub struct ModelLog {
    pub stays: RefCell<Vec<Stay>>,
    /// Time in which a request was computing or waiting, added up.
    pub worked: RefCell<Duration>,
}

/// What its tasks share.
struct Shared<N: Net> {
    net: N,
    model: ServerModel,
    threads: Permits,
    cores: Permits,
    log: Rc<ModelLog>,
}

/// Serves until the listening socket fails.
///
/// # Errors
/// The listening socket's.
pub async fn serve<N: Net>(net: N, listener: N::Listener, model: ServerModel, log: Rc<ModelLog>) -> io::Result<()> {
    let threads = Permits::new(if model.model == Model::EventLoop { 1 } else { model.threads.max(1) });
    let (cores, places) = (Permits::new(model.cores.max(1)), Permits::new(model.connections.max(1)));
    let shared = Rc::new(Shared { net: net.clone(), model, threads, cores, log });
    loop {
        let place = places.take().await;
        let (stream, _) = listener.accept().await?;
        let own = Rc::clone(&shared);
        net.spawn(async move {
            own.connection(stream).await;
            drop(place);
        });
    }
}

impl<N: Net> Shared<N> {
    async fn connection(self: Rc<Self>, stream: N::Stream) {
        let thread = if self.model.model == Model::Connection { Some(self.thread().await) } else { None };
        let own = Rc::clone(&self);
        let answer = service_fn(move |_: Request<Incoming>| {
            let own = Rc::clone(&own);
            async move {
                own.request().await;
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"done\n"))))
            }
        });
        let http = server::conn::http1::Builder::new().auto_date_header(false).clone();
        // A client that breaks off is no failure of the server.
        drop(http.serve_connection(TokioIo::new(stream), answer).await);
        drop(thread);
    }

    async fn request(self: &Rc<Self>) {
        let ServerModel { model, wait, blocks, .. } = self.model;
        let thread = if model == Model::Connection { None } else { Some(self.thread().await) };
        let began = self.net.now();
        let core = self.cores.take().await;
        self.net.sleep(self.model.compute).await;
        drop(core);
        // An event loop lets go of its thread to wait.
        let thread = thread.filter(|_| model == Model::Request || blocks);
        self.net.sleep(wait).await;
        *self.log.worked.borrow_mut() += self.net.now() - began;
        drop(thread);
    }

    async fn thread(self: &Rc<Self>) -> Thread<N> {
        let wanted = self.net.now();
        let permit = self.threads.take().await;
        let place = self.log.stays.borrow().len();
        self.log.stays.borrow_mut().push(Stay { wanted, from: self.net.now(), until: None });
        Thread { shared: Rc::clone(self), place, _permit: permit }
    }
}

/// A thread at work.
struct Thread<N: Net> {
    shared: Rc<Shared<N>>,
    place: usize,
    _permit: crate::services::permits::Permit,
}

impl<N: Net> Drop for Thread<N> {
    fn drop(&mut self) {
        let now = self.shared.net.now();
        self.shared.log.stays.borrow_mut()[self.place].until = Some(now);
    }
}
