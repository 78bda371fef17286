//! What secrets open: tshark, with the secrets the file holds, has the same values of the same fields in the same packets.
use std::collections::{BTreeMap, BTreeSet};

use roundtrip::demos::{self, Setup};
use roundtrip::recording::{Packet, Recording, opened, vantage};
use roundtrip::wire::{Decoded, Field};

use super::pdml::{self, Dissected, Shown};
use super::{contents_of_der, hexadecimal, says_the_same};

/// Runs that say much under encryption, each with its settings.
const RUNS: &[(&str, &[(&str, &str)])] = &[
    ("handshake-timing", &[("http", "2")]),
    ("handshake-timing", &[("http", "3")]),
    ("tls-handshake", &[("mode", "client-certificate")]),
    ("tls-handshake", &[("mode", "hello-retry")]),
    ("tls-handshake", &[("version", "1.2")]),
    ("hpack", &[]),
    ("cors", &[]),
    ("early-hints", &[]),
    ("early-hints", &[("strategy", "push")]),
    ("http-caching", &[]),
    ("mtls", &[]),
    ("quic-vs-tcp", &[]),
    ("http-versions", &[("version", "2")]),
    ("http-versions", &[("version", "3")]),
    ("acme", &[]),
];

/// What we say of a field, and its bytes in hexadecimal.
type Ours = (String, String);

/// Fields by name, in the order of the packet.
type Values<T> = BTreeMap<String, Vec<T>>;

#[test]
fn tshark_has_the_same_values_in_what_secrets_open() {
    let known = pdml::known_fields();
    let (mut agreed, mut differ) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (demo, knobs) in RUNS {
        let settings = knobs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let recording = demos::run(demo, &settings, &Setup { seed: 1, ..Setup::default() });
        let recording = recording.unwrap_or_else(|error| panic!("{demo} {knobs:?}: {error}"));
        let places = vantage::all(&recording).into_iter();
        let place = places.max_by_key(|it| it.seen(&recording).len()).expect("a run has places");
        let packets: Vec<_> = place.seen(&recording).iter().map(|it| it.packet).collect();
        let theirs = pdml::dissect_reassembled(&place.pcapng(&recording));
        assert_eq!(packets.len(), theirs.len(), "{demo}");
        for (n, (ours, theirs)) in (1..).zip(ours(&recording, &packets, &known).into_iter().zip(&theirs)) {
            let theirs = their_values(theirs, &ours);
            for (name, ours) in ours {
                let theirs = theirs.get(&name).cloned().unwrap_or_default();
                let (same, alone) = paired(&name, &ours, theirs.clone());
                *agreed.entry(name.clone()).or_default() += same;
                if alone {
                    let theirs: Vec<_> = theirs.iter().map(|it| (&it.show, &it.value)).collect();
                    differ.push(format!("{demo} {knobs:?}, frame {n}: {name} is {ours:?}, tshark's: {theirs:?}"));
                }
            }
        }
    }
    println!("{} values of {} fields agree, {} differ", agreed.values().sum::<usize>(), agreed.len(), differ.len());
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    for name in MUST {
        assert!(agreed.get(*name).is_some_and(|it| *it > 0), "{name} was never compared: {agreed:?}");
    }
}

/// How many values of a field both have in a packet, and whether one has a value alone that both should have.
fn paired(name: &str, ours: &[Ours], mut theirs: Vec<&Shown>) -> (usize, bool) {
    let mut same = 0;
    for (value, hex) in ours {
        let bytes = |it: &Shown| name.starts_with("x509") && contents_of_der(hex, it);
        if let Some(at) = theirs.iter().position(|it| says_the_same(value, it) || bytes(it)) {
            theirs.remove(at);
            same += 1;
        }
    }
    let left_out = SOMETIMES.contains(&name) || super::SOMETIMES.contains(&name);
    (same, same < ours.len() && !left_out || !theirs.is_empty() && WHOLE.contains(&name))
}

/// What these runs must put to the test.
const MUST: &[&str] = &[
    "tls.handshake.type",
    "tls.handshake.extension.type",
    "tls.quic.parameter.type",
    "x509af.version",
    "x509ce.dNSName",
    "quic.packet_number",
    "quic.frame_type",
    "quic.ack.largest_acknowledged",
    "quic.crypto.offset",
    "quic.stream.stream_id",
    "http2.type",
    "http2.streamid",
    "http2.settings.id",
    "http2.header.index",
    "http2.header.value",
    "http2.window_update.window_size_increment",
    "http3.frame_type",
    "http3.settings.id",
];

/// Fields of which neither may see one more than the other.
const WHOLE: &[&str] = &["tls.handshake.type", "tls.alert_message.desc", "http2.type", "http2.streamid"];

/// Names that tshark gives to something else: the reason beside each.
const OTHERWISE: &[&str] = &[
    "data.data",                 // a body's piece here, undissected bytes there
    "http2.data.data",           // the piece here, the whole body at its end there
    "http2.flags.unused",        // the mask of each kind of frame there
    "http2.r",                   // the bit, and not of every frame there
    "http2.header.repr",         // words there
    "http2.header.value.length", // of the bytes on the wire here, of the text there
    "http2.magic",               // without its line ends there
    "http.unknown_header",       // name and value there
    "quic.padding_length",       // the count there
    "x509af.extnValue",          // as in main.rs
    "tls.record.content_type",   // the inner type takes the outer one's place there
    "tls.record.version",        // where a record begins here, where it ends there
    "tls.record.length",
    "tls.app_data",
];

/// What tshark 4.0 leaves out: signatures of TLS 1.3, an application's error of QUIC (another name), a draft's parameter
/// by its newer number, HTTP/3 frames that begin inside a packet of another stream's.
const SOMETIMES: &[&str] = &[
    "tls.handshake.sig",
    "tls.handshake.sig_len",
    "quic.cc.error_code",
    "tls.quic.parameter.min_ack_delay",
    "http3.frame_type",
    "http3.frame_length",
];

/// What we read in each packet and in what was opened with it, of the fields tshark knows.
fn ours(recording: &Recording, packets: &[&Packet], known: &BTreeSet<String>) -> Vec<Values<Ours>> {
    let links = opened::open(recording);
    let row = |packet: &Packet| {
        let mut values = Values::new();
        let mut frame = roundtrip::wire::decode(&packet.bytes);
        let units: Vec<_> = links.at(packet).collect();
        // QUIC is opened whole: what a frame shows without keys is in it once more.
        let opened = units.iter().any(|it| it.decoded.layers.iter().any(|layer| layer.name == "quic"));
        frame.layers.retain(|layer| !(opened && layer.name == "quic"));
        let mut read = |bytes: &[u8], decoded: &Decoded| {
            let inside = decoded.layers.iter().filter(|it| !BELOW.contains(&it.name));
            inside.for_each(|layer| gather((bytes, &layer.fields), known, &mut values));
        };
        read(&packet.bytes, &frame);
        units.iter().for_each(|it| read(&it.bytes, &it.decoded));
        values
    };
    packets.iter().map(|it| row(it)).collect()
}

/// Compared for every demo elsewhere.
const BELOW: &[&str] = &["eth", "arp", "ip", "ipv6", "icmp", "icmpv6", "tcp", "udp"];

fn gather((bytes, fields): (&[u8], &[Field]), known: &BTreeSet<String>, values: &mut Values<Ours>) {
    for field in fields {
        // What has parts is said in words, and the parts are compared one by one; but of DER and HPACK the head is a part.
        let headed = field.name.starts_with("x509") || field.name.starts_with("http2.header.");
        let says = field.parts.is_empty() || headed;
        if says && known.contains(field.name) && !OTHERWISE.contains(&field.name) {
            let hex = hexadecimal(&bytes[field.bytes()]);
            values.entry(field.name.to_owned()).or_default().push((field.value.clone(), hex));
        }
        gather((bytes, &field.parts), known, values);
    }
}

/// tshark's values of the fields that we have here.
fn their_values<'a>(packet: &'a Dissected, ours: &Values<Ours>) -> Values<&'a Shown> {
    let mut values = Values::new();
    for field in packet.fields.iter().filter(|it| ours.contains_key(&it.name)) {
        values.entry(field.name.clone()).or_insert_with(Vec::new).push(field);
    }
    values
}
