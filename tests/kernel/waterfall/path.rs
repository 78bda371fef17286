//! Two kernels, a link of the lab between them, a server on the far one; and programs on the near one, with a capture beside them.
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path as File;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use roundtrip::lab::{Lab, LinkOptions};
use roundtrip::net::Net as _;
use roundtrip::net::host::HostNet;
use roundtrip::services::http::{Request, Response, ServerOptions, serve_with};
use roundtrip::services::tls::{self, Authority, Ground, H2, H3, HTTP_1_1};
use roundtrip::services::{h3, quic};

use super::packets::Capture;
use crate::device::{Device, Plug, pace, tun};
use crate::space::Second;

const NAME: &str = "www.shop.example";
pub(super) const PAGE: &str = "https://www.shop.example/";
/// The authority's certificate, in the folder that the programs run in.
pub(super) const CA: &str = "ca.pem";
pub(super) const SERVER: [u8; 4] = [10, 9, 1, 2];
/// Bytes of the page: more than a first flight.
const BODY: usize = 60_000;
/// Bytes of TLS's records: one in each segment, so that whatever is there can be read.
const RECORD: usize = 1200;

/// A folder for what the programs read and write.
pub(super) struct Path {
    folder: tempfile::TempDir,
}

/// What the far end leaves with the near one.
struct Far {
    device: Device,
    ca: String,
    keys: tls::Keys,
}

impl Path {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("resolv.conf"), "nameserver 10.9.1.2\n").expect("written");
        Self { folder }
    }

    /// Runs these programs one after another over a link of that length each way; what they said, and what crossed.
    pub(super) fn visited(&self, half: Duration, programs: &[&[String]]) -> (Vec<Output>, Capture) {
        let mut lab = Lab::new(1, &[]);
        let near = lab.outside("near").address("10.9.1.1/24").add();
        let far = lab.outside("far").at(1, 0).address("10.9.1.2/24").add();
        lab.link(near, far, LinkOptions::default().delay(half));
        lab.introduce_everybody();
        let (second, stop) = (Second::new(), Arc::new(AtomicBool::new(false)));
        let (tell, told) = mpsc::channel();
        let stopped = Arc::clone(&stop);
        let server = thread::spawn(move || {
            second.enter();
            serve(&tell, &stopped);
            drop(second);
        });
        let Far { device, ca, keys } = told.recv_timeout(Duration::from_secs(20)).expect("the far end comes up");
        let place = self.folder.path().to_owned();
        std::fs::write(place.join(CA), ca).expect("room");
        let plugs = [
            Plug { device: tun("lab0", &["10.9.1.1/24".to_owned()]), doors: vec![(1, near)] },
            Plug { device, doors: vec![(1, far)] },
        ];
        let programs: Vec<Vec<String>> = programs.iter().map(|it| it.to_vec()).collect();
        let visits = thread::spawn(move || {
            let capture = Dumpcap::start(&place);
            let outputs: Vec<Output> = programs.iter().map(|it| run(it, &place)).collect();
            capture.stop();
            outputs
        });
        pace(&mut lab, &plugs, Duration::from_secs(60), || visits.is_finished());
        stop.store(true, Ordering::Relaxed);
        let outputs = visits.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        std::fs::write(self.folder.path().join("keys"), keys.text()).expect("room");
        (outputs, Capture::read(self.folder.path()))
    }
}

/// The far end: its device, DNS, https over TCP and over QUIC, until it is told to stop.
fn serve(tell: &mpsc::Sender<Far>, stop: &AtomicBool) {
    let device = tun("lab1", &["10.9.1.2/24".to_owned()]);
    let dns = UdpSocket::bind(SocketAddr::from((SERVER, 53))).expect("the address is on the TUN");
    dns.set_read_timeout(Some(Duration::from_millis(100))).expect("not zero");
    thread::scope(|scope| {
        scope.spawn(|| answer(&dns, stop));
        let served = HostNet::run(async |net| {
            let ground = Ground::system().keeping_keys();
            let authority = Authority::new(&ground, "a test's authority").expect("it is made");
            listen(&net, &ground, &authority).await;
            let keys = ground.keys().expect("they are kept").clone();
            tell.send(Far { device, ca: authority.pem(), keys }).expect("somebody waits");
            while !stop.load(Ordering::Relaxed) {
                net.sleep(Duration::from_millis(20)).await;
            }
        });
        served.expect("there are sockets");
    });
}

async fn listen(net: &HostNet, ground: &Ground, authority: &Authority) {
    let at = SocketAddr::from((SERVER, 443));
    let page = |_: Request| std::future::ready(Response::ok("text/plain", vec![b'.'; BODY]));
    let identity = || authority.issue(&[NAME]).expect("it is made");
    let options =
        tls::ServerOptions { protocols: &[H2, HTTP_1_1], record: Some(RECORD), ..tls::ServerOptions::default() };
    let tls = tls::Server::with(ground, identity(), options).expect("they fit");
    let listener = net.listen(at).await.expect("the address is on the TUN");
    let serving = serve_with(*net, listener, ServerOptions { tls: Some(tls), ..ServerOptions::default() }, page);
    net.spawn(async move { drop(serving.await) });
    let proof = (identity(), &[H3][..], false);
    let server = quic::Server::open(net, ground, at, proof, &quic::Options::default()).await.expect("it opens");
    net.spawn(h3::serve_with(*net, server, page));
}

/// A resolver that knows one name.
fn answer(socket: &UdpSocket, stop: &AtomicBool) {
    let mut buffer = [0; 1500];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
        let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
        reply.metadata.recursion_available = true;
        reply.add_queries(query.queries.iter().cloned());
        if let Some(asked) = query.queries.first().filter(|it| it.query_type() == RecordType::A) {
            let address = RData::A(A(SERVER.into()));
            reply.add_answer(Record::from_rdata(asked.name().clone(), 60, address));
        }
        drop(socket.send_to(&reply.to_vec().expect("a message"), from));
    }
}

/// A program with the folder's resolver and authority; it has half a minute, and goes before what else this machine does.
fn run(line: &[String], place: &File) -> Output {
    let script = "mount --bind resolv.conf /etc/resolv.conf && exec nice -n -10 timeout 30 \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script]).args(line).current_dir(place).stdin(Stdio::null());
    for proxy in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env("SSL_CERT_FILE", place.join(CA)).output().expect("unshare ran a moment ago")
}

/// A capture at the near device.
struct Dumpcap(Child);

impl Dumpcap {
    fn start(place: &File) -> Self {
        let mut command = Command::new("dumpcap");
        command.args(["-q", "-i", "lab0", "-w"]).arg(place.join("capture.pcapng"));
        let mut child =
            command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("dumpcap comes with tshark");
        let mut said = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.starts_with("File:") {
            line.clear();
            assert!(said.read_line(&mut line).expect("text") > 0, "dumpcap does not capture: may it, as root?");
        }
        thread::spawn(move || drop(std::io::copy(&mut said, &mut std::io::sink())));
        Self(child)
    }

    /// Ends it once the last packets are written.
    fn stop(mut self) {
        thread::sleep(Duration::from_millis(400));
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill is there").success());
        let began = Instant::now();
        while self.0.try_wait().expect("a child").is_none() {
            assert!(began.elapsed() < Duration::from_secs(10), "dumpcap does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}
