//! The seam in the lab: virtual time, and packets that a [`crate::recording::Recording`] keeps.
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::lab::{LabDatagrams, LabListener, LabNet, LabStream};
use crate::net::{Clock, Configure, Datagrams, Listener, Net, SocketOptions, Stream, TcpInfo};
use crate::recording::Time;

impl Net for LabNet {
    type Stream = LabStream;
    type Listener = LabListener;
    type Datagrams = LabDatagrams;

    fn connect_with(&self, to: SocketAddr, options: SocketOptions) -> impl Future<Output = io::Result<LabStream>> {
        Self::connect_with(self, to, options)
    }

    async fn listen_with(&self, at: SocketAddr, options: SocketOptions) -> io::Result<LabListener> {
        self.open_listener(at, options)
    }

    async fn bind(&self, at: SocketAddr) -> io::Result<LabDatagrams> {
        self.open_datagrams(at)
    }

    fn now(&self) -> Time {
        Self::now(self)
    }

    fn clock(&self) -> Clock {
        Clock::Lab(self.hand())
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        Self::sleep(self, duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        Self::spawn(self, task);
    }

    fn note(&self, text: String) {
        Self::note(self, text);
    }
}

impl Configure for LabNet {
    fn mac(&self) -> [u8; 6] {
        Self::mac(self)
    }

    fn address(&self) -> Option<IpAddr> {
        Self::address(self)
    }

    fn add_address(&self, address: IpAddr, prefix: u8, check: bool) {
        Self::add_address(self, address, prefix, check);
    }

    fn remove_address(&self, address: IpAddr) {
        Self::remove_address(self, address);
    }

    fn may_use(&self, address: IpAddr) -> Option<bool> {
        Self::may_use(self, address)
    }

    fn set_gateway(&self, router: Option<IpAddr>) {
        Self::set_gateway(self, router);
    }

    fn state(&self, machine: &str, from: &str, to: &str) {
        Self::state(self, machine, from, to);
    }

    fn level(&self, what: &'static str, count: usize) {
        Self::level(self, what, count);
    }
}

impl Stream for LabStream {
    fn local(&self) -> io::Result<SocketAddr> {
        Ok(self.local_address())
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        Ok(self.peer_address())
    }

    fn info(&self) -> io::Result<TcpInfo> {
        Self::info(self)
    }

    fn abort(self) {
        Self::abort(self);
    }
}

impl Listener for LabListener {
    type Stream = LabStream;

    fn accept(&self) -> impl Future<Output = io::Result<(LabStream, SocketAddr)>> {
        Self::accept(self)
    }

    fn local(&self) -> io::Result<SocketAddr> {
        Ok(self.local_address())
    }
}

impl Datagrams for LabDatagrams {
    fn send_to(&self, bytes: &[u8], to: SocketAddr) -> impl Future<Output = io::Result<()>> {
        Self::send_to(self, bytes, to)
    }

    fn receive(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<(usize, SocketAddr)>> {
        Self::receive(self, buffer)
    }

    fn local(&self) -> io::Result<SocketAddr> {
        Ok(self.local_address())
    }
}
