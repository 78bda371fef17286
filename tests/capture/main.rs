//! Packets captured by our program and by dumpcap at once, in network namespaces of the test's own: the same packets, the same
//! bytes, the same lengths. Nothing leaves the namespaces.
//!
//! A machine without namespaces fails these tests and says how to leave them out: `ROUNDTRIP_WITHOUT=tun`.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the kernel's time is the wall clock's")]

mod program;
#[path = "../kernel/space.rs"]
#[allow(dead_code, reason = "the tests against the kernel's TCP use more of it")]
mod space;
#[path = "../terminal/tutor.rs"]
#[allow(dead_code, reason = "the journeys through the program use more of it")]
mod tutor;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::num::NonZero;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use etherparse::PacketBuilder;
use roundtrip::wire::capture::{Item, Reader};
use roundtrip::wire::link::LinkType;
use roundtrip::wire::pcapng::Direction;
use rustix::thread::gettid;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tappers::{Interface, Tun};

use program::{Ended, Running, dumpcap, ours};
use space::{Company, Second, in_a_namespace, ip};
use tutor::Tutor;

/// Nothing here takes this long; a loaded machine may.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than a packet takes to be written.
const MOMENT: Duration = Duration::from_millis(400);

/// A packet of a capture file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Read {
    at_ns: u64,
    length: u32,
    bytes: Vec<u8>,
}

/// What a capture file holds: kind of link, packets, and whether each came or went.
fn read(file: &Path) -> (LinkType, Vec<Read>, Vec<Option<Direction>>) {
    let bytes = fs::read(file).expect("it was written");
    let mut reader = Reader::default();
    reader.push(&bytes);
    reader.end();
    let (mut link, mut packets, mut directions) = (None, Vec::new(), Vec::new());
    while let Some(item) = reader.next_item().expect("whole") {
        match item {
            Item::Interface(it) => link = Some(it.link),
            Item::Packet(it) => {
                packets.push(Read { at_ns: it.at_ns.expect("a time"), length: it.length, bytes: it.bytes.to_vec() });
                directions.push(it.direction);
            }
            _ => {}
        }
    }
    (link.expect("an interface"), packets, directions)
}

/// Whether two captures hold the same packets at the same times: dumpcap's may be in microseconds.
fn assert_same(ours: &[Read], theirs: &[Read]) {
    let content = |it: &[Read]| it.iter().map(|it| (it.length, it.bytes.clone())).collect::<Vec<_>>();
    let lengths = |it: &[Read]| it.iter().map(|it| it.length).collect::<Vec<_>>();
    assert_eq!(lengths(ours), lengths(theirs));
    assert!(content(ours) == content(theirs), "the bytes differ");
    for (a, b) in ours.iter().zip(theirs) {
        assert!(a.at_ns.abs_diff(b.at_ns) < 1_000_000, "{} and {}", a.at_ns, b.at_ns);
    }
}

/// Those of one program's packets that are no neighbour discovery and no rumour of the system: from these addresses to these.
fn between(packets: &[Read], marks: &[&[u8]]) -> Vec<Read> {
    let has = |it: &Read| marks.iter().any(|mark| it.bytes.windows(mark.len()).any(|part| part == *mark));
    packets.iter().filter(|it| has(it)).cloned().collect()
}

/// What tshark prints of a capture file, a line a packet.
fn tshark(file: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(arguments);
    let output = command.output().expect("tshark is on every machine that runs `tests/run`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Our program on an interface, once it captures.
fn capturing(arguments: &[&str]) -> Running {
    Running::begin(ours(arguments), "capturing on ")
}

/// One TCP connection on this thread's side: so many bytes sent, as many echoed.
fn talk(mut stream: TcpStream, bytes: usize) {
    let sent = vec![b'x'; bytes];
    let mut writer = stream.try_clone().expect("a socket");
    let writing = thread::spawn(move || {
        writer.write_all(&sent).expect("sent");
        writer.shutdown(std::net::Shutdown::Write).expect("open");
    });
    let mut echoed = Vec::new();
    stream.read_to_end(&mut echoed).expect("echoed");
    writing.join().expect("sent");
    assert_eq!(echoed.len(), bytes);
}

/// Echoes one connection.
fn echo(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().expect("a connection");
    let mut reader = stream.try_clone().expect("a socket");
    std::io::copy(&mut reader, &mut stream).expect("echoed");
}

/// Sends two datagrams with a VLAN tag, as a card would that knows nothing of VLANs. Who receives them takes the tag off before a
/// capture sees them, and says beside them what it was.
fn send_tagged(interface: &str) {
    let mut links = nix::ifaddrs::getifaddrs().expect("interfaces").filter(|it| it.interface_name == interface);
    let link = links.find_map(|it| it.address?.as_link_addr().copied()).expect("it has a card");
    let socket = Socket::new(Domain::PACKET, Type::RAW, None).expect("the namespace is ours");
    nix::sys::socket::bind(socket.as_raw_fd(), &link).expect("it is up");
    for length in [1_u8, 100] {
        let mut frame = Vec::new();
        let ends = PacketBuilder::ethernet2(link.addr().expect("an address"), [255; 6])
            .single_vlan(42.try_into().expect("12 bits"))
            .ipv4([10, 7, 42, 2], [10, 7, 42, 1], 64)
            .udp(7042, 7042);
        ends.write(&mut frame, &vec![7; length.into()]).expect("a Vec takes all");
        frame.resize(frame.len().max(60), 0);
        socket.send(&frame).expect("sent");
    }
}

/// What passes between the two hosts begins with these addresses: there, back, and back with a VLAN tag.
const THERE: &[u8] = &[10, 7, 0, 1, 10, 7, 0, 2];
const BACK: &[u8] = &[10, 7, 0, 2, 10, 7, 0, 1];
const TAGGED: &[u8] = &[10, 7, 42, 2, 10, 7, 42, 1];

/// The host at the other end: says which thread it is, waits for its end of the link, says that it listens, echoes a connection,
/// sends what has a tag, says so, and is there until it is told that all is over.
fn far_host(tell: &Sender<NonZero<i32>>, wait: &Receiver<()>) {
    let tell = || tell.send(gettid().as_raw_nonzero()).expect("somebody waits");
    let second = Second::new();
    second.enter();
    tell();
    wait.recv().expect("it is moved");
    ip("addr add 10.7.0.2/24 dev far0");
    ip("link set far0 up");
    let listener = TcpListener::bind("10.7.0.2:7007").expect("the address is ours");
    tell();
    echo(&listener);
    send_tagged("far0");
    tell();
    // Its namespace goes with it, and the link with that.
    wait.recv().expect("it is over");
}

/// A link from here to the namespace of that thread.
fn link_to(thread: NonZero<i32>) {
    ip("link add near0 type veth peer name far0");
    ip(&format!("link set far0 netns {thread}"));
    ip("addr add 10.7.0.1/24 dev near0");
    ip("link set near0 up");
}

/// Both programs have the same packets of both hosts, some larger than any frame, and those with a tag.
fn assert_same_talk(ours: &[Read], theirs: &[Read]) {
    for (ends, least) in [(&[THERE, BACK][..], 10), (&[TAGGED][..], 2)] {
        let [ours, theirs] = [ours, theirs].map(|it| between(it, ends));
        assert!(ours.len() >= least, "{}", ours.len());
        assert_same(&ours, &theirs);
    }
    assert!(ours.iter().any(|it| it.length > 1514), "segments are put together before the card takes them apart");
}

/// An address of ours is the source of what goes out.
fn assert_directions(packets: &[Read], directions: &[Option<Direction>]) {
    for (packet, direction) in packets.iter().zip(directions) {
        let goes = packet.bytes.windows(8).any(|it| it == THERE);
        let comes = packet.bytes.windows(8).any(|it| it == BACK || it == TAGGED);
        let expected = goes.then_some(Direction::Out).or_else(|| comes.then_some(Direction::In));
        assert!(expected.is_none() || *direction == expected, "{direction:?}");
    }
}

/// Lines of JSON come as the packets of the two hosts do, but for ARP; how many there are.
fn assert_lines(lines: &str, packets: &[Read]) -> usize {
    let is_ip = |it: &&Read| match it.bytes[12..14] {
        [0x81, 0] => it.bytes[16..18] == [8, 0],
        ref kind => *kind == [8, 0],
    };
    let wanted = between(packets, &[THERE, BACK, TAGGED]);
    let wanted: Vec<(u64, u64)> = wanted.iter().filter(is_ip).map(|it| (it.at_ns, it.length.into())).collect();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        (row["at_ns"].as_u64().expect("a time"), row["length"].as_u64().expect("a length"))
    };
    let rows: Vec<(u64, u64)> = lines.lines().map(row).collect();
    let lengths = |it: &[(u64, u64)]| it.iter().map(|(_, length)| *length).collect::<Vec<_>>();
    assert_eq!(lengths(&rows), lengths(&wanted));
    // What goes out is stamped for each socket by itself.
    assert!(rows.iter().zip(&wanted).all(|(a, b)| a.0.abs_diff(b.0) < 1_000_000), "{rows:?} {wanted:?}");
    rows.len()
}

#[test]
fn a_link_between_two_hosts_gives_what_dumpcap_sees() {
    in_a_namespace("a_link_between_two_hosts_gives_what_dumpcap_sees", Company::Others, PATIENCE, || {
        let (tell_thread, thread_of) = mpsc::channel();
        let (moved, wait_for_it) = mpsc::channel::<()>();
        let far = thread::spawn(move || far_host(&tell_thread, &wait_for_it));
        let thread_id = thread_of.recv().expect("it is there");
        link_to(thread_id);
        moved.send(()).expect("it waits");
        thread_of.recv().expect("it listens");

        let folder = tempfile::tempdir().expect("a folder");
        let [mine, others] = ["ours.pcapng", "theirs.pcapng"].map(|name| folder.path().join(name));
        let theirs = dumpcap("near0", text(&others));
        let ours = capturing(&["near0", "--write", text(&mine)]);
        let shown = capturing(&["near0", "--filter", "tcp.port == 7007 || vlan.id == 42 && udp", "--json"]);
        talk(TcpStream::connect("10.7.0.2:7007").expect("it listens"), 300_000);
        thread_of.recv().expect("all was sent");
        thread::sleep(MOMENT);
        let (ours, shown, theirs) = (ours.interrupted(), shown.interrupted(), theirs.interrupted());
        moved.send(()).expect("it waits");
        far.join().expect("it is over");

        assert_eq!((ours.code, theirs.code), (Some(0), Some(0)), "{ours:?} {theirs:?}");
        let ((link, ours_read, directions), (_, theirs_read, _)) = (read(&mine), read(&others));
        assert_eq!(link, LinkType::Ethernet);
        assert_same_talk(&ours_read, &theirs_read);
        assert_directions(&ours_read, &directions);
        // As tshark reads it: every packet, its tag where it was on the wire, nothing damaged.
        let fields = ["-T", "fields", "-e", "frame.len", "-e", "vlan.id", "-e", "frame.interface_name"];
        let of_tshark = tshark(&mine, &fields);
        assert_eq!(of_tshark.len(), ours_read.len());
        let tagged = of_tshark.iter().filter(|it| it.ends_with("\t42\tnear0")).count();
        assert_eq!(tagged, between(&ours_read, &[&[0x81, 0, 0, 42]]).len());
        assert!(of_tshark.iter().zip(&ours_read).all(|(line, it)| line.starts_with(&format!("{}\t", it.length))));
        said(&ours, &format!("{} packets captured on near0, {} packets in ", ours_read.len(), ours_read.len()));
        said(&ours, "; none was dropped");

        let rows = assert_lines(&shown.stdout, &ours_read);
        said(&shown, &format!("the filter holds for {}", rows));
    });
}

#[track_caller]
fn said(ended: &Ended, text: &str) {
    assert!(ended.stderr.contains(text), "`{text}` is not in:\n{}", ended.stderr);
}

#[test]
fn on_loopback_each_packet_is_seen_once_and_a_count_or_a_time_ends_it() {
    in_a_namespace(
        "on_loopback_each_packet_is_seen_once_and_a_count_or_a_time_ends_it",
        Company::Others,
        PATIENCE,
        || {
            let folder = tempfile::tempdir().expect("a folder");
            let [mine, others] = ["ours.pcapng", "theirs.pcapng"].map(|name| folder.path().join(name));
            let theirs = dumpcap("lo", text(&others));
            let written = capturing(&["lo", "--write", text(&mine)]);
            let lines = capturing(&["lo", "--filter", "tcp", "--for", "4"]);
            let fields = capturing(&[
                "lo",
                "--filter",
                "tcp.flags.syn == 1",
                "--fields",
                "frame.number,tcp.flags.ack",
                "--count",
                "2",
            ]);
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let at = listener.local_addr().expect("bound");
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut asked = [0; 512];
                let length = stream.read(&mut asked).expect("asked");
                assert!(asked[..length].starts_with(b"GET"));
                stream.write_all(b"HTTP/1.1 200 \x1b[2J\xe2\x80\xae\r\nContent-Length: 0\r\n\r\n").expect("sent");
            });
            let mut client = TcpStream::connect(at).expect("it listens");
            client.write_all(b"GET /\x1b]0;x\x07 HTTP/1.1\r\nHost: \xc2\x9b31m\r\n\r\n").expect("sent");
            client.read_to_end(&mut Vec::new()).expect("answered");
            drop(client);
            server.join().expect("it answered");

            // Two segments of a handshake end it; no Ctrl-C.
            let fields = fields.ended();
            assert_eq!((fields.code, fields.stdout.as_str()), (Some(0), "1\t0\n2\t1\n"), "{fields:?}");
            thread::sleep(MOMENT);
            let (written, theirs) = (written.interrupted(), theirs.interrupted());
            assert_eq!((written.code, theirs.code), (Some(0), Some(0)));
            let (ours_read, theirs_read) = (read(&mine).1, read(&others).1);
            assert!(ours_read.len() > 6, "a handshake, a question, an answer, an end");
            assert_same(&ours_read, &theirs_read);
            let once: BTreeSet<&Read> = ours_read.iter().collect();
            assert_eq!(once.len(), ours_read.len(), "no packet twice");

            let lines = lines.ended();
            assert_eq!(lines.code, Some(0), "its time was up: {lines:?}");
            assert_eq!(lines.stdout.lines().count(), ours_read.len(), "{}", lines.stdout);
            assert!(lines.stdout.contains("GET /") && lines.stdout.contains("[SYN]"), "{}", lines.stdout);
            let drives = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            assert!(!lines.stdout.chars().any(drives), "{:?}", lines.stdout);
            // The same lines as of the file, but for their columns' widths.
            let file = Command::new(env!("CARGO_BIN_EXE_roundtrip")).arg("packets").arg(&mine).arg("--plain").output();
            let file = String::from_utf8(file.expect("it runs").stdout).expect("text");
            let words = |text: &str| {
                text.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
            };
            let number_less = |text: &str| {
                words(text).iter().filter_map(|it| it.splitn(3, ' ').nth(2).map(str::to_owned)).collect::<Vec<_>>()
            };
            assert_eq!(number_less(&lines.stdout), number_less(&file));

            // Over a file there is: nothing is begun.
            let before = fs::read(&mine).expect("it is there");
            let over = ours(&["lo", "--write", text(&mine)]).output().expect("it runs");
            assert_eq!(over.status.code(), Some(2));
            assert!(String::from_utf8_lossy(&over.stderr).contains("is there already: name another file"));
            assert_eq!(fs::read(&mine).expect("still there"), before);
        },
    );
}

#[test]
fn a_tunnel_gives_ip_packets_and_nothing_before_them() {
    in_a_namespace("a_tunnel_gives_ip_packets_and_nothing_before_them", Company::Others, PATIENCE, || {
        let tun = Tun::new_named(Interface::new("tun7").expect("a short name")).expect("the namespace is ours");
        ip("addr add 10.8.0.1/24 dev tun7");
        ip("link set tun7 up");
        let folder = tempfile::tempdir().expect("a folder");
        let [mine, others] = ["ours.pcapng", "theirs.pcapng"].map(|name| folder.path().join(name));
        let (theirs, ours) = (dumpcap("tun7", text(&others)), capturing(&["tun7", "--write", text(&mine)]));
        let socket = UdpSocket::bind("10.8.0.1:0").expect("the address is ours");
        for length in [0, 1, 1000] {
            socket.send_to(&vec![9; length], "10.8.0.2:7").expect("sent");
        }
        assert!(tun.recv(&mut [0; 2000]).expect("the kernel's packet comes out") > 0);
        thread::sleep(MOMENT);
        assert_eq!((ours.interrupted().code, theirs.interrupted().code), (Some(0), Some(0)));
        let ((link, ours, _), (other_link, theirs, _)) = (read(&mine), read(&others));
        assert_eq!((link, other_link), (LinkType::Raw, LinkType::Raw));
        let ends: [&[u8]; 1] = [&[10, 8, 0, 1, 10, 8, 0, 2]];
        let [ours, theirs] = [ours, theirs].map(|it| between(&it, &ends));
        assert_eq!(ours.iter().map(|it| it.length).collect::<Vec<_>>(), [28, 29, 1028]);
        assert_same(&ours, &theirs);
        // An interface that is taken away ends the capture, and says so.
        let ended = capturing(&["tun7"]);
        ip("link del tun7");
        let ended = ended.ended();
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains("tun7 is gone") || ended.stderr.contains("tun7 went down"), "{}", ended.stderr);
        drop(tun);
    });
}

#[test]
fn what_comes_too_fast_is_counted_and_the_file_says_so() {
    in_a_namespace("what_comes_too_fast_is_counted_and_the_file_says_so", Company::Others, PATIENCE, || {
        let folder = tempfile::tempdir().expect("a folder");
        let mine = folder.path().join("ours.pcapng");
        let ours = capturing(&["lo", "--write", text(&mine)]);
        let sink = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let source = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        source.connect(sink.local_addr().expect("bound")).expect("UDP");
        // It cannot look, and the kernel keeps what there is room for.
        ours.signal("-STOP");
        let sent = 100_000;
        for _ in 0..sent {
            source.send(&[1; 400]).expect("the sink may drop it, loopback not");
        }
        ours.signal("-CONT");
        thread::sleep(MOMENT);
        let ended = ours.interrupted();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let kept = read(&mine).1.len();
        let dropped = sent - kept;
        assert!(kept > 100 && dropped > 0, "{kept} of {sent}");
        said(&ended, &format!("{kept} packets captured on lo"));
        said(&ended, &format!("; {dropped} packets more came too fast and were dropped"));
        let report = Command::new("capinfos").arg("-F").arg("-c").arg(&mine).output().expect("it comes with tshark");
        assert!(report.status.success(), "{report:?}");
        let statistics = fs::read(&mine).expect("it was written");
        let drops =
            [5_u16.to_le_bytes().to_vec(), 8_u16.to_le_bytes().to_vec(), (dropped as u64).to_le_bytes().to_vec()]
                .concat();
        assert!(statistics.windows(drops.len()).any(|it| it == drops), "isb_ifdrop");
    });
}

#[test]
fn on_the_screen_the_newest_packet_is_followed_until_it_is_stopped() {
    in_a_namespace(
        "on_the_screen_the_newest_packet_is_followed_until_it_is_stopped",
        Company::Others,
        PATIENCE,
        || {
            let home = tempfile::tempdir().expect("a folder");
            let mine = home.path().join("screen.pcapng");
            let mut tutor = Tutor::start(home.path(), &["capture", "lo", "--screen", "--write", text(&mine)]);
            tutor.until("No packet yet.");
            let sink = UdpSocket::bind("127.0.0.1:0").expect("a free port");
            let source = UdpSocket::bind("127.0.0.1:0").expect("a free port");
            source.connect(sink.local_addr().expect("bound")).expect("UDP");
            source.send(b"one").expect("sent");
            tutor.until("packet 1 ·");
            for _ in 2..=5 {
                source.send(b"another").expect("sent");
            }
            tutor
                .until("packet 5 ·")
                .keys("s")
                .until("the capture is over; none was dropped")
                .keys("q")
                .until("Your course");
            tutor.keys("q");
            assert_eq!(tutor.ended(), 0);
            assert_eq!(read(&mine).1.len(), 5, "all of them are in the file");
        },
    );
}

#[test]
fn without_the_right_it_says_what_to_do_and_leaves_no_file() {
    in_a_namespace("without_the_right_it_says_what_to_do_and_leaves_no_file", Company::Others, PATIENCE, || {
        let folder = tempfile::tempdir().expect("a folder");
        let mine = folder.path().join("ours.pcapng");
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-net_raw", "--inh-caps", "-net_raw", env!("CARGO_BIN_EXE_roundtrip")]);
        let output =
            command.args(["capture", "lo", "--write", text(&mine)]).output().expect("setpriv is in util-linux");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(
            stderr.contains("sudo setcap cap_net_raw+ep") && stderr.contains("Capture traffic of your own"),
            "{stderr}"
        );
        assert!(!mine.exists());
        // The list needs no right, and knows who is down.
        ip("link add idle0 type veth peer name idle1");
        let list = ours(&[]).output().expect("it runs");
        let list = String::from_utf8(list.stdout).expect("text");
        let row =
            |name: &str| list.lines().find(|it| it.starts_with(name)).unwrap_or_else(|| panic!("no {name}:\n{list}"));
        assert!(row("lo ").contains(" up ") && row("lo ").contains("127.0.0.1/8"), "{list}");
        assert!(row("idle0").contains(" down "), "{list}");
        let down = ours(&["idle0"]).output().expect("it runs");
        assert_eq!(down.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&down.stderr).contains("sudo ip link set idle0 up"), "{down:?}");
    });
}
