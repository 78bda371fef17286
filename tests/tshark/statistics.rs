//! Statistics and followed connections of every demo's capture, beside tshark's.
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::num::NonZeroU64;
use std::process::Command;

use roundtrip::demos::{Demo, Knobs, Setup};
use roundtrip::recording::vantage;
use roundtrip::wire::Decoded;
use roundtrip::wire::analysis::{Mark, analyse};
use roundtrip::wire::capture::statistics::{Conversations, Hierarchy, Kind, Protocol, Rate};
use roundtrip::wire::capture::study::{Kept, Study};
use roundtrip::wire::capture::talk::Inside;

use super::filters::{all, study};

/// Of a capture with more connections only the first are followed.
const FOLLOWED: usize = 4;
/// tshark counts in microseconds.
const LEAST_NS: u64 = 1_000;

/// How much was compared.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) conversations: usize,
    pub(super) protocols: usize,
    pub(super) intervals: usize,
    /// Bytes of followed connections.
    said: usize,
    opened: usize,
}

#[test]
fn tshark_counts_the_same_and_follows_to_the_same_bytes() {
    let all: Vec<Compared> = all(compare);
    let sum = |count: fn(&Compared) -> usize| all.iter().map(count).sum::<usize>();
    let counts = [
        sum(|it| it.conversations),
        sum(|it| it.protocols),
        sum(|it| it.intervals),
        sum(|it| it.said),
        sum(|it| it.opened),
    ];
    println!("{counts:?} conversations, protocols, intervals, bytes of TCP, bytes inside TLS are the same");
    for (count, least) in counts.into_iter().zip([300, 150, 300, 1_000_000, 100_000]) {
        assert!(count > least, "{counts:?}");
    }
}

fn compare(demo: &'static Demo) -> Compared {
    let recording = (demo.run)(&Knobs::defaults(demo.knobs), &Setup { seed: 1, ..Setup::default() });
    let places = vantage::all(&recording);
    compare_capture(
        demo.name,
        &places.first().expect("a run has places").pcapng(&recording),
        (&PROTOCOLS, &BTreeSet::new()),
    )
}

/// Down to the transport, and what is in one datagram: above it a message that goes over packets is counted in other packets.
const PROTOCOLS: [&str; 15] = [
    "eth", "vlan", "arp", "ip", "ipv6", "icmp", "icmpv6", "igmp", "udp", "tcp", "dhcp", "dhcpv6", "quic", "stun", "dns",
];

/// Protocols these; and what is counted by packets is not those that tshark gives up.
pub(super) fn compare_capture(
    name: &str,
    capture: &[u8],
    (protocols, given_up): (&[&str], &BTreeSet<u32>),
) -> Compared {
    let study = study(capture);
    assert_index(name, &study);
    // As long as we choose ourselves: of a year twentieths of a second would be many.
    let (every_ns, _) = rate(&study, &BTreeSet::new()).finish(None).expect("a length that fits");
    let every_ns = every_ns.max(LEAST_NS);
    let theirs = tshark(name, capture, (study.connections().min(FOLLOWED), every_ns));
    let mut compared = Compared {
        conversations: compare_conversations(name, &study, &theirs),
        protocols: compare_protocols(name, &study, &theirs, (protocols, given_up)),
        intervals: compare_intervals(name, &study, &theirs, (every_ns, given_up)),
        ..Compared::default()
    };
    for stream in 0..study.connections().min(FOLLOWED) {
        compared.said += compare_talk(name, &study, &theirs, (stream, Inside::Tcp));
        compared.opened += compare_talk(name, &study, &theirs, (stream, Inside::Tls));
    }
    compared
}

/// What the index says of a packet, which is read alone, is what the analysis of all packets together says; and the flows are
/// the same.
fn assert_index(demo: &str, study: &Study) {
    let frames: Vec<_> = study.frames().collect();
    let analysis = analyse(frames.iter().map(Kept::linked));
    for packet in study.packets() {
        assert_eq!(packet.segment(), analysis.segments.get(&packet.number), "{demo}");
    }
    assert_eq!(study.connections(), analysis.flows.len(), "{demo}");
    for (stream, flow) in analysis.flows.iter().enumerate() {
        assert_eq!(study.flow(stream).as_ref(), Some(flow), "{demo}");
        assert_eq!(study.packets_of(stream), flow.packets, "{demo}");
    }
    let mut marks: BTreeMap<u32, Vec<Mark>> = BTreeMap::new();
    study.marks().into_iter().for_each(|(n, mark)| marks.entry(n).or_default().push(mark));
    assert_eq!(marks, analysis.into_marks(), "{demo}");
}

fn tshark(demo: &str, capture: &[u8], (followed, every_ns): (usize, u64)) -> String {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(capture).expect("room on the disk");
    let mut command = Command::new("tshark");
    command.args(["-n", "-q", "-r"]).arg(file.path());
    for kind in ["eth", "ip", "ipv6", "tcp", "udp"] {
        command.args(["-z", &format!("conv,{kind}")]);
    }
    let every = format!("{}.{:06}", every_ns / 1_000_000_000, every_ns / 1000 % 1_000_000);
    // It takes 1, and ends at 1.000000 with a division by zero.
    let every = every.trim_end_matches('0').trim_end_matches('.');
    command.args(["-z", "io,phs", "-z", &format!("io,stat,{every}")]);
    for stream in 0..followed {
        for inside in ["tcp", "tls"] {
            command.args(["-z", &format!("follow,{inside},raw,{stream}")]);
        }
    }
    let output = command.output().expect("tshark is needed (Debian and Ubuntu: sudo apt-get install tshark)");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{demo}: {}: {errors}", output.status);
    String::from_utf8(output.stdout).expect("hexadecimal and numbers")
}

/// Whether all of its TCP header was kept.
pub(super) fn has_whole_header(decoded: &Decoded) -> bool {
    let length = decoded.field("tcp.hdr_len").and_then(|it| it.value.parse().ok());
    decoded.layer("tcp").zip(length).is_some_and(|(tcp, length): (_, usize)| tcp.bytes.len() == length)
}

/// By each end: packets, and its bytes as tshark writes them.
type Sent = BTreeMap<String, (u64, String)>;

fn compare_conversations(demo: &str, study: &Study, theirs: &str) -> usize {
    let (mut all, mut of_tcp) = (Conversations::default(), Conversations::default());
    for it in study.packets() {
        all.take(&it);
        // A segment whose options the capture cut is in no conversation of TCP there.
        if has_whole_header(&it.decoded) {
            of_tcp.take(&it);
        }
    }
    let others = all.finish().into_iter().filter(|it| it.kind != Kind::Tcp);
    let all = others.chain(of_tcp.finish().into_iter().filter(|it| it.kind == Kind::Tcp));
    let mut ours: Vec<(String, Sent, [String; 2])> = Vec::new();
    for it in all {
        let ends = it.ends.iter().map(|end| end.replace(['[', ']'], ""));
        let sent = ends.zip(it.sent).map(|(end, sent)| (end, (sent.packets, human(sent.bytes))));
        let (first, last) = it.passed_ns.expect("every packet has a time");
        let lasted = format!("{:.4}", (last - first) as f64 / 1e9);
        // It keeps them as seconds in a double, which shows after some months.
        let began = format!("{:.9}", (first / 1_000_000_000) as f64 + (first % 1_000_000_000) as f64 / 1e9);
        ours.push((it.kind.label().to_owned(), sent.collect(), [began, lasted]));
    }
    let mut expected: Vec<(String, Sent, [String; 2])> = Vec::new();
    let mut kind = "";
    for line in theirs.lines() {
        if let Some(of) = line.strip_suffix(" Conversations") {
            kind = of;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [one, "<->", other, back, back_bytes, back_unit, there, there_bytes, there_unit, .., began, lasted] =
            words[..]
        else {
            continue;
        };
        let sent = |packets: &str, bytes: &str, unit: &str| {
            (packets.parse().expect("a number of packets"), format!("{bytes} {unit}"))
        };
        let mut both = Sent::new();
        both.insert(one.to_owned(), sent(there, there_bytes, there_unit));
        // Who speaks with itself is one end.
        both.entry(other.to_owned()).or_insert_with(|| sent(back, back_bytes, back_unit));
        expected.push((kind.to_owned(), both, [began, lasted].map(str::to_owned)));
    }
    ours.sort();
    expected.sort();
    assert_eq!(ours, expected, "{demo}");
    ours.len()
}

/// Bytes as tshark's tables have them.
fn human(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

fn compare_protocols(
    demo: &str,
    study: &Study,
    theirs: &str,
    (compared, given_up): (&[&str], &BTreeSet<u32>),
) -> usize {
    type Found = BTreeMap<String, (u64, u64)>;
    fn add(of: &mut Found, (all, compared): (&[Protocol], &[&str]), path: &str) {
        for it in all.iter().filter(|it| compared.contains(&it.name)) {
            let path = format!("{path}/{}", it.name);
            of.insert(path.clone(), (it.count.packets, it.count.bytes));
            add(of, (&it.inside, compared), &path);
        }
    }
    let mut all = Hierarchy::default();
    study.packets().filter(|it| !given_up.contains(&it.number)).for_each(|it| all.take(&it));
    let mut ours = BTreeMap::new();
    add(&mut ours, (&all.finish(), compared), "");
    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut path: Vec<&str> = Vec::new();
    for line in theirs.lines().filter(|line| line.contains(" frames:")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words[at].split_once(':').expect("a name").1.parse::<u64>().expect("a number");
        let depth = (line.len() - line.trim_start().len()) / 2;
        path.truncate(depth);
        path.push(words[0]);
        // A packet with a comment has that as its outermost protocol.
        let known = path.strip_prefix(&["pkt_comment"]).unwrap_or(&path);
        // Several packets of QUIC in a datagram stand one in another there.
        let again = known.split_last().is_some_and(|(last, before)| before.contains(last));
        if !known.is_empty() && !again && known.iter().all(|it| compared.contains(it)) {
            let count = expected.entry(format!("/{}", known.join("/"))).or_default();
            *count = (count.0 + number(1), count.1 + number(2));
        }
    }
    assert_eq!(ours, expected, "{demo}");
    ours.len()
}

fn rate(study: &Study, given_up: &BTreeSet<u32>) -> Rate {
    let mut rate = Rate::default();
    study.packets().filter(|it| !given_up.contains(&it.number)).for_each(|it| rate.take(&it));
    rate
}

fn compare_intervals(demo: &str, study: &Study, theirs: &str, (every_ns, given_up): (u64, &BTreeSet<u32>)) -> usize {
    let (_, ours) = rate(study, given_up).finish(NonZeroU64::new(every_ns)).expect("few intervals");
    let mut expected = Vec::new();
    for line in theirs.lines().filter(|line| line.contains("<>")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = |at: usize| cells[at].parse::<u64>().expect("a number");
        expected.push((number(2), number(3)));
    }
    let mut ours: Vec<_> = ours.iter().map(|it| (it.count.packets, it.count.bytes)).collect();
    let last = (1..).map_while(|n| study.held(n).map(|_| study.since_first_ns(n))).flatten().max();
    let last = last.expect("packets with times");
    // The table goes to the last packet all the same.
    ours.resize(usize::try_from(last / i128::from(every_ns)).expect("few intervals") + 1, (0, 0));
    if last % i128::from(every_ns) == 0 && ours.len() > 1 {
        // It leaves out the interval that begins, and with it ends, at the last packet.
        ours.pop();
    }
    let differ: Vec<_> = (0..).zip(ours.iter().zip(&expected)).filter(|(_, (ours, theirs))| ours != theirs).collect();
    assert!(
        ours.len() == expected.len() && differ.is_empty(),
        "{demo}: {} and {}: {differ:?}",
        ours.len(),
        expected.len()
    );
    ours.len()
}

fn compare_talk(demo: &str, study: &Study, theirs: &str, (stream, inside): (usize, Inside)) -> usize {
    let name = if inside == Inside::Tcp { "tcp" } else { "tls" };
    let section = theirs.split("Follow: ").find(|it| {
        let mut lines = it.lines();
        lines.next() == Some(&format!("{name},raw")[..])
            && lines.next() == Some(&format!("Filter: tcp.stream eq {stream}")[..])
    });
    let section = section.expect("what was asked for");
    // A line without a tab is of node 0, which may be either end.
    let first = section.lines().find_map(|line| line.strip_prefix("Node 0: ")).expect("who spoke first");
    let is_hex =
        |line: &&str| line.trim_start().bytes().all(|it| it.is_ascii_hexdigit()) && !line.trim_start().is_empty();
    let lines: Vec<(bool, &str)> =
        section.lines().skip(4).filter(is_hex).map(|it| (it.starts_with('\t'), it.trim_start())).collect();
    let Ok(talk) = study.follow(stream, inside) else {
        assert!(lines.is_empty(), "{demo}, {name} {stream}: {lines:?}");
        return 0;
    };
    if talk.said.iter().any(|it| it.missing > 0) {
        return 0;
    }
    if lines.is_empty() {
        assert!(talk.said.iter().all(|it| it.bytes.is_empty()), "{demo}, {name} {stream}: {:?}", talk.said);
        return 0;
    }
    let [client, server] = [talk.client, talk.server].map(|(address, port)| format!("{address}:{port}"));
    assert!(first == client || first == server, "{demo}, {name} {stream}: {first} is neither {client} nor {server}");
    let expected = [false, true].map(|of_server| {
        let said = lines.iter().filter(|(tab, _)| (*tab == (first == client)) == of_server);
        said.map(|(_, hex)| *hex).collect::<String>()
    });
    let ours = [false, true].map(|of_server| {
        let said = talk.said.iter().filter(|it| it.from_server == of_server);
        said.map(|it| data_encoding::HEXLOWER.encode(&it.bytes)).collect::<String>()
    });
    assert_eq!(ours, expected, "{demo}, {name} {stream}");
    // Who spoke when: turn by turn, where neither spoke into what the other was saying.
    let turns = |who: Vec<bool>| who.chunk_by(|one, next| one == next).map(|it| it[0]).collect::<Vec<_>>();
    let [mine, there] = [
        turns(talk.said.iter().map(|it| it.from_server).collect()),
        turns(lines.iter().map(|(tab, _)| *tab == (first == client)).collect()),
    ];
    assert_eq!(mine, there, "{demo}, {name} {stream}");
    ours.iter().map(|it| it.len() / 2).sum()
}
