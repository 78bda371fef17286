//! `roundtrip lab up` asked by curl, openssl, nghttp, h2load, aioquic, certbot and Chromium: what other people's programs make of
//! our web site and our authority, and that they agree with what we say about it.
//!
//! All of it is on loopback of this machine. What is missing fails the test that needs it and is named; `tests/run` installs it.
#![cfg(unix)]
mod acme;
mod chromium;
mod curl;
mod exports;
mod h3;
mod hpack;
mod lab;
mod live;
mod nghttp;
mod openssl;
#[path = "../python/mod.rs"]
mod python;
mod tap;
