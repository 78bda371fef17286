//! Our HTTP servers and our cache on this machine's loopback, asked by curl.
#![cfg(unix)]
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use roundtrip::net::host::HostNet;
use roundtrip::net::{Listener, Net};
use roundtrip::services::cache::{Caching, Kind, Upstream};
use roundtrip::services::http::push::{self, Reply};
use roundtrip::services::http::{self, HttpError, Request, Response, ServerOptions, StatusCode};
use roundtrip::services::tls::{Authority, Ground, H2, HTTP_1_1, Server};

/// Servers on loopback, until this goes.
struct Up {
    /// In cleartext, over TLS, and the one that says 103 and pushes.
    at: [SocketAddr; 3],
    ca: PathBuf,
    _folder: tempfile::TempDir,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The site behind the cache: counts what reaches it.
struct Site(Cell<u32>);

impl Upstream for Site {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.0.set(self.0.get() + 1);
        let count = self.0.get().to_string();
        let fresh = request.header("if-none-match") == "\"v1\"";
        let response =
            if fresh { Response::new(StatusCode::NOT_MODIFIED) } else { Response::ok("text/plain", "cached\n") };
        Ok(response.with("etag", "\"v1\"").with("cache-control", "max-age=60").with("x-asked", &count))
    }
}

impl Up {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = folder.path().join("ca.pem");
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, told) = mpsc::channel();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            HostNet::run(|net| async move {
                tell.send(serve(net).await).expect("the test waits for it");
                while !stopped.load(Ordering::Relaxed) {
                    net.sleep(Duration::from_millis(10)).await;
                }
            })
            .expect("there are sockets");
        });
        let (at, pem) = told.recv_timeout(Duration::from_secs(60)).expect("it comes up");
        std::fs::write(&ca, pem).expect("the folder is there");
        Self { at, ca, _folder: folder, stop, thread: Some(thread) }
    }

    /// What curl prints, both kinds together.
    fn curl(&self, arguments: &[&str]) -> String {
        let common = ["-s", "--max-time", "60", "--noproxy", "*", "--cacert", self.ca.to_str().expect("plain letters")];
        let output = Command::new("curl").args(common).args(arguments).stdin(Stdio::null()).output();
        let output = output.expect("curl is needed (Debian and Ubuntu: sudo apt-get install curl)");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn url(&self, number: usize, path: &str) -> String {
        let scheme = if number == 0 { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}{path}", self.at[number].port())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Starts all servers.
async fn serve(net: HostNet) -> ([SocketAddr; 3], String) {
    let ground = Ground::system();
    let authority = Authority::new(&ground, "a test's authority").expect("it is made");
    let identity = || authority.issue(&["127.0.0.1"]).expect("it is made");
    let tls = Server::new(&ground, identity(), &[H2, HTTP_1_1, b"http/1.0"]).expect("they fit");
    let jumped = Rc::<Cell<u64>>::default();
    let cache = Caching::new(&net, Kind::Shared, (1_767_268_800, &jumped), &Rc::new(Site(Cell::new(0))));
    let mut at = Vec::new();
    for tls in [None, Some(tls)] {
        let listener = net.listen(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        at.push(listener.local().expect("it listens"));
        let (options, cache) = (ServerOptions { tls, body: 1_000_000, ..ServerOptions::default() }, Rc::clone(&cache));
        let handler = move |request: Request| {
            let cache = Rc::clone(&cache);
            async move {
                match request.path.as_str() {
                    "/cached" => cache.answer(request).await,
                    "/large" => Response::ok("text/plain", vec![b'x'; 3_000_000]),
                    _ => Response::ok("text/plain", format!("{} {}\n", request.method, request.body.len())),
                }
            }
        };
        let served = http::serve_with(net, listener, options, handler);
        net.spawn(async move { drop(served.await) });
    }
    let listener = net.listen(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    at.push(listener.local().expect("it listens"));
    let tls = Server::new(&ground, identity(), &[H2]).expect("they fit");
    let handler = |_: Request, mut reply: Reply<HostNet>| async move {
        reply.hint(&["</style.css>; rel=preload; as=style".to_owned()]).expect("it is open");
        // curl takes no pushes.
        assert!(reply.push("/style.css", Response::ok("text/css", "x")).is_err());
        reply.answer(Response::ok("text/html", "<p>hello\n")).await.expect("it is open");
    };
    let served = push::serve(net, listener, tls, handler);
    net.spawn(async move { drop(served.await) });
    (at.try_into().expect("three servers"), authority.pem())
}

const TOLD: &str = "%{http_code} %{http_version} %{size_download} %{num_connects}\n";

#[test]
fn curl_speaks_every_version_with_us() {
    let up = Up::new();
    for (server, flag, version) in [
        (0, "--http1.0", "1"),
        (0, "--http1.1", "1.1"),
        (0, "--http2-prior-knowledge", "2"),
        (1, "--http1.0", "1"),
        (1, "--http1.1", "1.1"),
        (1, "--http2", "2"),
    ] {
        let told = up.curl(&[flag, "-o", "/dev/null", "-w", TOLD, &up.url(server, "/large")]);
        let words: Vec<&str> = told.split_whitespace().collect();
        assert_eq!((words[0], words[2]), ("200", "3000000"), "{flag}: {told}");
        assert!(words[1].starts_with(version), "{flag}: {told}");
    }
}

#[test]
fn curl_keeps_its_connection_except_in_http_1_0() {
    let up = Up::new();
    for (server, flag, connects) in [(0, "--http1.1", "0"), (0, "--http1.0", "1"), (1, "--http2", "0")] {
        let url = up.url(server, "/");
        let told = up.curl(&[flag, "-o", "/dev/null", "-o", "/dev/null", "-w", TOLD, &url, &url]);
        let second: Vec<&str> = told.lines().nth(1).expect("two answers").split(' ').collect();
        assert_eq!((second[0], second[3]), ("200", connects), "{flag}: {told}");
    }
}

#[test]
fn what_is_too_large_is_refused_with_its_status() {
    let up = Up::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("body");
    for (bytes, status) in [(1_000_000, "200"), (1_000_001, "413")] {
        std::fs::write(&file, vec![b'x'; bytes]).expect("there is room");
        let data = format!("@{}", file.display());
        for (server, flag) in [(0, "--http1.1"), (1, "--http2")] {
            let told = up.curl(&[
                flag,
                "-H",
                "expect:",
                "--data-binary",
                &data,
                "-o",
                "/dev/null",
                "-w",
                TOLD,
                &up.url(server, "/"),
            ]);
            assert!(told.starts_with(status), "{flag} {bytes}: {told}");
        }
    }
    let long = format!("x-long: {}", "x".repeat(40_000));
    assert!(up.curl(&["-H", &long, "-o", "/dev/null", "-w", TOLD, &up.url(0, "/")]).starts_with("431"));
}

#[test]
fn our_cache_answers_curl_from_its_store_with_304_and_after_asking() {
    let up = Up::new();
    let url = up.url(1, "/cached");
    let ask = |more: &[&str]| up.curl(&[more, &["-i", &url]].concat()).to_lowercase();
    let first = ask(&[]);
    assert!(first.contains("x-asked: 1") && first.contains("cached") && !first.contains("\nage:"), "{first}");
    let second = ask(&[]);
    assert!(second.contains("\nage: ") && second.contains("x-asked: 1") && second.contains("cached"), "{second}");
    let same = ask(&["-H", "if-none-match: \"v0\", W/\"v1\""]);
    assert!(same.starts_with("http/2 304") && same.contains("x-asked: 1") && !same.contains("cached\n"), "{same}");
    let reloaded = ask(&["-H", "cache-control: no-cache"]);
    assert!(reloaded.starts_with("http/2 200") && reloaded.contains("x-asked: 2"), "{reloaded}");
    let only = ask(&["-H", "cache-control: only-if-cached, max-age=0"]);
    assert!(only.starts_with("http/2 504"), "{only}");
}

#[test]
fn curl_hears_103_before_the_answer() {
    let up = Up::new();
    let told = up.curl(&["-v", "--http2", &up.url(2, "/")]);
    let (hint, answer) = (told.find("HTTP/2 103"), told.find("HTTP/2 200"));
    assert!(hint.is_some() && hint < answer, "{told}");
    assert!(told.contains("</style.css>; rel=preload; as=style") && told.contains("<p>hello"), "{told}");
}
