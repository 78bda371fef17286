//! QUIC and HTTP/3 against others, and the demos that stand on them.
mod aioquic;
mod demos;
#[path = "../python/mod.rs"]
mod python;
mod tshark;
