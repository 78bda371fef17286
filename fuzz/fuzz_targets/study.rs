//! A whole capture with its keys: streams are put together, TLS and QUIC opened, HTTP/2, HTTP/3 and WebSocket read in them; all of
//! it is explained, of every packet and of everything that was opened with it. The index says of a packet what the analysis of
//! all packets together says.
#![no_main]
use libfuzzer_sys::fuzz_target;
use roundtrip::explained;
use roundtrip::wire::analysis;
use roundtrip::wire::capture::indexer;
use roundtrip::wire::capture::study::Kept;

fuzz_target!(|data: &[u8]| {
    let (study, _) = indexer::index(data.to_vec(), "");
    let frames: Vec<_> = study.frames().collect();
    let analysis = analysis::analyse(frames.iter().map(Kept::linked));
    for flow in &analysis.flows {
        assert!(flow.packets.iter().all(|it| analysis.segments.contains_key(it)));
    }
    for packet in study.packets() {
        assert_eq!(packet.segment(), analysis.segments.get(&packet.number));
        let pairs = analysis.pairs.get(&packet.number).map_or(&[][..], Vec::as_slice);
        let of_segment = packet.segment().map_or(&[][..], |it| &it.marks);
        assert!(packet.marks().eq(of_segment.iter().chain(pairs).copied()));
        assert_eq!(explained(&packet.decoded, packet.held.bytes.len()), Ok(()));
        for unit in packet.units() {
            assert_eq!(explained(&unit.decoded, unit.bytes.len()), Ok(()), "{}", unit.title);
        }
    }
});
