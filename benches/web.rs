//! What TLS costs in the lab beside rustls alone in memory, and how long a page over each version of HTTP takes to make.
//!
//! `cargo bench --bench web` prints the best run of each case, in this thread's own time on the processor where the system
//! tells it (Linux), so that a busy machine does not matter much. A missed aim ends it with 1.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519};
use roundtrip::demos::{self, Knobs, Setup};
use roundtrip::lab::{Lab, LinkOptions};
use roundtrip::net::Net as _;
use roundtrip::recording::Run;
use roundtrip::services::tls::{Authority, Client, ClientOptions, Ground, Server, ServerOptions};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// Rounds; in each every case runs once, and the best run of a case counts: what else the machine does then meets all alike.
const ROUNDS: usize = 7;
/// Full handshakes of TLS 1.3 in a run.
const HANDSHAKES: u32 = 500;
/// How much longer one may take in the lab, with its TCP, its packets and their summaries.
const MOST: f64 = 2.5;
/// A page with 100 resources over all four versions of HTTP.
const PAGES: Duration = Duration::from_secs(1);
const VERSIONS: [&str; 4] = ["1.0", "1.1", "2", "3"];
const NAME: &str = "server.example";

fn main() -> ExitCode {
    let memory = InMemory::new();
    let (mut lab, mut alone, mut pages) = (Duration::MAX, Duration::MAX, [Duration::MAX; 4]);
    for _ in 0..ROUNDS {
        lab = lab.min(spent(in_the_lab));
        alone = alone.min(spent(|| (0..HANDSHAKES).for_each(|_| memory.handshake())));
        for (version, best) in VERSIONS.iter().zip(&mut pages) {
            *best = (*best).min(spent(|| page(version)));
        }
    }
    let each = |it: Duration| it.as_secs_f64() / f64::from(HANDSHAKES);
    let rate = |it: Duration| 1.0 / each(it);
    println!("the best of {ROUNDS} runs each, full handshakes of TLS 1.3 with X25519 and Ed25519, {HANDSHAKES} a run");
    println!(
        "{:<48} {:>8.0} a second {:>8.1} us",
        "in the lab, each on a new TCP connection",
        rate(lab),
        each(lab) * 1e6
    );
    println!("{:<48} {:>8.0} a second {:>8.1} us", "rustls with ring alone, in memory", rate(alone), each(alone) * 1e6);
    let ratio = each(lab) / each(alone);
    println!("one takes {ratio:.2} times as long in the lab, aim {MOST}: {}\n", word(ratio <= MOST));
    for (version, took) in VERSIONS.iter().zip(pages) {
        println!("http-versions, 100 resources, HTTP/{version:<15} {:>8.1} ms", took.as_secs_f64() * 1e3);
    }
    let all: Duration = pages.iter().sum();
    println!("all four {:.1} ms, aim {PAGES:?}: {}", all.as_secs_f64() * 1e3, word(all <= PAGES));
    if ratio <= MOST && all <= PAGES { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const fn word(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// What it takes, in this thread's time.
fn spent(work: impl FnOnce()) -> Duration {
    let (before, started) = (processor_time(), Instant::now());
    work();
    match (before, processor_time()) {
        (Some(before), Some(after)) => after - before,
        _ => started.elapsed(),
    }
}

/// What this thread has used of the processor: the first number of schedstat, nanoseconds.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A run of the demo, to the finished recording.
fn page(version: &str) {
    let demo = demos::find("http-versions").expect("it ships");
    let knobs = Knobs::with(demo.knobs, [("version", version), ("resources", "100")]).expect("the demo's own knobs");
    let run = (demo.run)(&knobs, &Setup { seed: 1, interventions: Vec::new() });
    assert_eq!(run.measurement("failed").map(|it| it.value.value), Some(0), "HTTP/{version}");
}

/// Handshakes one after another between two hosts of a lab.
fn in_the_lab() {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.0.1/24").trace_calls(false).add();
    let server = lab.host("server").address("10.0.0.2/24").trace_calls(false).add();
    lab.link(client, server, LinkOptions::default().delay(Duration::from_millis(1)));
    let (client, server) = (lab.net(client), lab.net(server));
    let ground = Ground::lab(&client, 1);
    let authority = Authority::new(&ground, "lab").expect("it is made");
    let options = ServerOptions { forgets: true, ..ServerOptions::default() };
    let serving = Server::with(&ground, authority.issue(&[NAME]).expect("it is made"), options).expect("they fit");
    let options = ClientOptions { forgets: true, ..ClientOptions::default() };
    let tls = Client::with(&ground, &[authority.certificate()], options).expect("it is read");
    let at = SocketAddr::from(([10, 0, 0, 2], 443));
    lab.run(async move {
        let listener = server.listen(at).await.expect("ports are free");
        let own = server.clone();
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(serving.accept(&own, stream).await.expect("a client"));
            }
        });
        for _ in 0..HANDSHAKES {
            let stream = client.connect(at).await.expect("it listens");
            let stream = tls.connect(&client, stream, NAME).await.expect("it is good");
            assert!(!stream.agreed().resumed);
        }
    })
    .expect("they end");
    assert!(lab.finish(Run::default()).packets.len() > HANDSHAKES as usize * 6);
}

/// Both ends of rustls, and nothing between them.
struct InMemory {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl InMemory {
    fn new() -> Self {
        let key = || KeyPair::generate_for(&PKCS_ED25519).expect("chance");
        let (above, own) = (key(), key());
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&above).expect("it is made");
        let issuer = Issuer::new(params, above);
        let leaf = CertificateParams::new([NAME.to_owned()]).expect("a name");
        let leaf = leaf.signed_by(&own, &issuer).expect("it is made");
        let provider = CryptoProvider { kx_groups: vec![ring::kx_group::X25519], ..ring::default_provider() };
        let (provider, versions) = (Arc::new(provider), &[&rustls::version::TLS13]);
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).expect("it is read");
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let client = client.with_protocol_versions(versions).expect("there are").with_root_certificates(roots);
        let mut client = client.with_no_client_auth();
        client.resumption = rustls::client::Resumption::disabled();
        let server = ServerConfig::builder_with_provider(provider);
        let server = server.with_protocol_versions(versions).expect("there are").with_no_client_auth();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
        let mut server = server.with_single_cert(vec![leaf.der().clone()], key).expect("they fit");
        server.send_tls13_tickets = 0;
        Self { client: Arc::new(client), server: Arc::new(server) }
    }

    fn handshake(&self) {
        let name = ServerName::try_from(NAME).expect("a name");
        let mut client = ClientConnection::new(Arc::clone(&self.client), name).expect("it begins");
        let mut server = ServerConnection::new(Arc::clone(&self.server)).expect("it begins");
        let mut wire = Vec::new();
        while client.is_handshaking() || server.is_handshaking() {
            while client.wants_write() {
                client.write_tls(&mut wire).expect("memory takes all");
            }
            read(&mut wire, |bytes| server.read_tls(bytes));
            server.process_new_packets().expect("it is good");
            while server.wants_write() {
                server.write_tls(&mut wire).expect("memory takes all");
            }
            read(&mut wire, |bytes| client.read_tls(bytes));
            client.process_new_packets().expect("it is good");
        }
    }
}

/// Gives one end all that the other has written.
fn read(wire: &mut Vec<u8>, mut take: impl FnMut(&mut &[u8]) -> std::io::Result<usize>) {
    let mut bytes = &wire[..];
    while !bytes.is_empty() {
        take(&mut bytes).expect("memory gives all");
    }
    wire.clear();
}
