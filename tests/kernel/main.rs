//! The Linux kernel's TCP against ours: a TUN device in a network namespace of the test's own, the lab behind it paced at
//! real time. Nothing leaves the namespace.
//!
//! ```text
//! kernel socket ── kernel TCP/IP ── TUN ── [pace] ── door ── the lab's link ── lab host ── lab program
//! ```
//!
//! A machine without TUN or namespaces fails these tests and says how to leave them out: `ROUNDTRIP_WITHOUT=tun`.
#![cfg_attr(target_os = "linux", expect(clippy::disallowed_methods, reason = "the kernel's time is the wall clock's"))]

#[cfg(target_os = "linux")]
mod bulk;
#[cfg(target_os = "linux")]
mod device;
#[cfg(target_os = "linux")]
mod endings;
#[cfg(target_os = "linux")]
mod ipv6;
#[cfg(target_os = "linux")]
mod meeting;
#[cfg(target_os = "linux")]
mod neighbours;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod ratio;
mod space;
#[cfg(target_os = "linux")]
mod tracing;
#[cfg(target_os = "linux")]
mod waterfall;

#[cfg(not(target_os = "linux"))]
#[test]
fn the_linux_kernel_is_the_peer() {
    if !space::left_out() {
        panic!("these tests need Linux, for its TCP is the peer; to go without them: ROUNDTRIP_WITHOUT=tun tests/run");
    }
}
