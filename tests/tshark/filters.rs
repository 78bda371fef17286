//! Filters: for every demo's capture tshark finds the same packets by the same words.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use roundtrip::demos::{self, Demo, Knobs, Setup};
use roundtrip::recording::vantage;
use roundtrip::wire::capture::indexer;
use roundtrip::wire::capture::study::Study;
use roundtrip::wire::filter::{Filter, Kind, names};

use super::asked::FILTERS;
use super::pdml;

/// Filters that find other packets here, and why. One that finds the same everywhere is no longer such.
const OTHERWISE: &[(&str, &str)] = &[
    ("tls", "a record that goes over segments is of TLS in each of them here, in the last of them there"),
    ("http", "a message that goes over segments is HTTP where its head is here, in the last of them there"),
    ("http.response", "as `http`"),
    ("http.response.code == 200", "as `http`"),
    ("http3", "a frame that goes over packets is HTTP/3 where it ends here, where it begins there"),
    ("http3.frame_type == 1", "what is sent again is read once here, in each copy there"),
    ("data.data contains 00", "a body's piece is data here, only bytes of no protocol there"),
    ("eth.dst[0] == ff", "`ff` is a protocol there, Foundation Fieldbus, and not a byte"),
];

/// Packets by the filter's place in the list.
type Found = Vec<BTreeSet<u32>>;

/// What a demo's capture gives here and there.
struct Compared {
    demo: &'static str,
    ours: Found,
    theirs: Found,
    /// A packet's line, for a failure's message.
    lines: BTreeMap<u32, String>,
}

/// A script in which tshark listens with all filters at once; starting it is what takes the time.
fn script() -> tempfile::NamedTempFile {
    let mut lua = String::new();
    for (n, filter) in FILTERS.iter().enumerate() {
        let taps = "function l.packet(p) print(n .. ' ' .. p.number) end";
        writeln!(lua, "do local n = {n}; local l = Listener.new('frame', [==[{filter}]==]); {taps} end")
            .expect("a String takes all");
    }
    let mut file = tempfile::Builder::new().suffix(".lua").tempfile().expect("a temporary file");
    file.write_all(lua.as_bytes()).expect("room on the disk");
    file
}

fn theirs(capture: &[u8], script: &std::path::Path) -> Found {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(capture).expect("room on the disk");
    // Read twice, so that a question knows of its answer.
    let mut command = Command::new("tshark");
    command.args(["-2", "-n", "-q", "-X"]).arg(format!("lua_script:{}", script.display())).arg("-r").arg(file.path());
    let output = command.output().expect("tshark is needed (Debian and Ubuntu: sudo apt-get install tshark)");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains("Lua:"), "{errors}");
    let mut found = vec![BTreeSet::new(); FILTERS.len()];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (filter, packet) = line.split_once(' ').expect("a filter's place and a packet");
        found[filter.parse::<usize>().expect("a number")].insert(packet.parse().expect("a number"));
    }
    found
}

pub(super) fn study(capture: &[u8]) -> Arc<Study> {
    let (study, fault) = indexer::index(capture.to_vec(), "");
    assert_eq!(fault, None, "a capture of our own");
    study
}

fn ours(study: &Study, filters: &[Filter]) -> Found {
    let mut found = vec![BTreeSet::new(); filters.len()];
    for packet in study.packets() {
        let seen = packet.seen();
        for (filter, found) in filters.iter().zip(&mut found) {
            if filter.holds(&seen) {
                found.insert(packet.number);
            }
        }
    }
    found
}

/// Where its first host sees it.
fn compare(demo: &'static Demo, filters: &[Filter], script: &std::path::Path) -> Compared {
    let recording = (demo.run)(&Knobs::defaults(demo.knobs), &Setup { seed: 1, ..Setup::default() });
    let places = vantage::all(&recording);
    let capture = places.first().expect("a run has places").pcapng(&recording);
    let theirs = theirs(&capture, script);
    let study = study(&capture);
    let ours = ours(&study, filters);
    let differ = ours.iter().zip(&theirs).flat_map(|(ours, theirs)| ours.symmetric_difference(theirs));
    let lines = differ.filter_map(|n| Some((*n, study.packet(*n)?.line()))).collect();
    Compared { demo: demo.name, ours, theirs, lines }
}

/// What this gives for every demo, on the threads there are: most of the time tshark is waited for.
pub(super) fn all<T: Send>(compare: impl Fn(&'static Demo) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || demos::all().get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(take).map(|demo| compare(demo)).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|it| it.join().expect("a thread that ends")).collect()
    })
}

#[test]
fn tshark_finds_the_same_packets_by_the_same_filters() {
    assert!(FILTERS.len() >= 130, "{}", FILTERS.len());
    let parse =
        |filter: &&str| Filter::parse(filter).unwrap_or_else(|mistake| panic!("{mistake}\n{}", mistake.marked(filter)));
    let filters: Vec<Filter> = FILTERS.iter().map(parse).collect();
    let (mut agreed, mut differ, mut needed, mut found) = (0, Vec::new(), BTreeSet::new(), BTreeSet::new());
    let script = script();
    for Compared { demo, ours, theirs, lines } in all(|demo| compare(demo, &filters, script.path())) {
        for ((filter, ours), theirs) in FILTERS.iter().zip(ours).zip(theirs) {
            if !theirs.is_empty() {
                found.insert(*filter);
            }
            if ours == theirs {
                agreed += 1;
            } else if OTHERWISE.iter().any(|(known, _)| known == filter) {
                needed.insert(*filter);
            } else {
                let [more, less] =
                    [ours.difference(&theirs), theirs.difference(&ours)].map(|it| it.copied().collect::<Vec<u32>>());
                let line = more.first().or(less.first()).and_then(|n| lines.get(n)).cloned().unwrap_or_default();
                differ.push(format!("{demo}, {filter}: only here {more:?}, only there {less:?}: {line}"));
            }
        }
    }
    println!(
        "{agreed} answers of {} filters agree, {} found packets, {} differ",
        FILTERS.len(),
        found.len(),
        differ.len()
    );
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    let stale: Vec<_> = OTHERWISE.iter().filter(|(filter, _)| !needed.contains(filter)).collect();
    assert!(stale.is_empty(), "these find the same everywhere: {stale:?}");
    // A filter that finds nothing anywhere compares nothing: few are left for demos to come.
    assert!(found.len() >= 190, "{:?}", FILTERS.iter().filter(|it| !found.contains(*it)).collect::<Vec<_>>());
}

/// Names both know whose values are of another kind there, and why.
const OTHER_KINDS: &[(&str, &str)] = &[
    ("http.bad_header_name", "only a warning there, the name itself here"),
    ("stun.att.padding", "how many bytes there, the bytes here"),
    ("ipv6.opt.pad1", "only a label there, the option's byte here"),
];

#[test]
fn names_have_the_kinds_they_have_in_tshark() {
    let theirs = pdml::kinds_of_fields();
    let mut compared = 0;
    for (name, kind) in names() {
        let Some(types) = theirs.get(name) else { continue };
        let like: &[&str] = match kind {
            Kind::Number => &["FT_UINT", "FT_INT", "FT_CHAR", "FT_FRAMENUM"],
            Kind::Signed => &["FT_INT"],
            Kind::Flag => &["FT_BOOLEAN"],
            Kind::Text => &["FT_STRING", "FT_UINT_STRING", "FT_OID"],
            Kind::Bytes => &["FT_BYTES", "FT_NONE"],
            Kind::Mac => &["FT_ETHER"],
            Kind::Ipv4 => &["FT_IPv4"],
            Kind::Ipv6 => &["FT_IPv6"],
            Kind::Seconds => &["FT_RELATIVE_TIME", "FT_ABSOLUTE_TIME"],
            Kind::Label | Kind::Protocol => continue,
        };
        let same = types.iter().any(|it| like.iter().any(|start| it.starts_with(start)));
        assert!(same || OTHER_KINDS.iter().any(|(known, _)| *known == name), "{name} is {kind:?}, there {types:?}");
        compared += 1;
    }
    assert!(compared > 700, "{compared}");
}
