//! What name servers are told of the clients that a resolver asks for (RFC 7871 §7.1.1), and whom an answer is for.
use hickory_proto::op::Message;
use hickory_proto::rr::Name;

use super::Resolver;
use super::nearby::nobody;
use super::walk::Work;
use crate::net::Net;
use crate::services::dns::{Subnet, subnet};

impl<N: Net> Resolver<N> {
    /// The client's subnet, no longer than the options allow; `None` when there is no client, or nothing is to be told of
    /// it. Who is asked about a server's address is told of no client.
    pub(super) fn client(&self, work: &Work) -> Option<Subnet> {
        let (most, client) = (self.0.options.tells?, work.client?);
        let told = client.widened(most.of(client.address()).prefix());
        (work.depth() == 0 && told.prefix() > 0).then_some(told)
    }

    /// What the servers of a zone are told. RFC 7871 §12.1: those of the root and of top-level domains refer everybody
    /// to the same servers, and are told nothing.
    pub(super) fn tells(&self, work: &Work, zone: &Name) -> Option<Subnet> {
        self.client(work).filter(|_| zone.num_labels() >= 2)
    }

    /// Whom the answer is for; `None` for everybody. What a server that would be told of a client was asked for nobody
    /// is for nobody else (RFC 7871 §7.3.1).
    pub(super) fn whose(&self, work: &Work, zone: &Name, query: &Message, reply: &Message) -> Option<Subnet> {
        let could = self.0.options.tells.is_some() && zone.num_labels() >= 2;
        if could && self.client(work).is_none() { Some(nobody()) } else { subnet::scope(query, reply).ok().flatten() }
    }
}
