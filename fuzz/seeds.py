"""Seeds: what is changed first. seeds.py CORPUS CAPTURE..: packets of pcapng files of ours, for each target in its own form."""
import pathlib
import struct
import sys

FILTERS = [
    "tcp.flags.syn == 1 && ip.addr == 10.0.0.5",
    "not (dns or udp.port in {53, 67..68})",
    'dns.qry.name matches "(?i)^www" || frame.len >= 100',
    "ip.src == 10.0.0.0/8 and eth.dst[0:3] == 02:00:00",
    "tcp.analysis.retransmission",
    'http.host contains "lab" xor !tls',
]


def packets(file: bytes):
    """Of enhanced packet blocks, least significant byte first as we write them."""
    at = 0
    while at + 12 <= len(file):
        kind, length = struct.unpack_from("<II", file, at)
        if kind == 6:
            (captured,) = struct.unpack_from("<I", file, at + 20)
            yield file[at + 28 : at + 28 + captured]
        at += length


corpus = pathlib.Path(sys.argv[1])
count = 0


def seed(target: str, data: bytes):
    global count
    count += 1
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{count}").write_bytes(data)


for name in sys.argv[2:]:
    file = pathlib.Path(name).read_bytes()
    if len(file) <= 65536:
        seed("study", file)
        seed("capture", b"\x07" + file)
    for packet in packets(file):
        seed("frame", b"\x01\x00" + packet)
        # Behind the headers of UDP over IPv4, and of TCP with and without timestamps; as each kind of content.
        for start, kinds in ((42, (0, 2, 3, 7, 8)), (54, (1, 4, 5, 11)), (66, (1, 4, 5, 11))):
            for kind in kinds if len(packet) > start else ():
                seed("content", bytes([kind]) + packet[start:])
for text in FILTERS:
    seed("filter", text.encode())
