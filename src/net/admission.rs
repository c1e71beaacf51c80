//! How many inbound connections one stretch of public addresses may hold.
//!
//! Libp2p counts connections and peers, but a peer id costs nothing: whoever rents one server could
//! fill every slot under fresh ids. So at most eight inbound connections come from one IPv4 /24 or
//! IPv6 /56. Loopback and private ranges are not counted: who is inside the operator's own network
//! is the operator's choice.
//!
//! Deliberately absent: any limit on connections that this node opens itself.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::IpAddr,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};

use super::config::PER_SUBNET_MAX;

/// A /24 of IPv4 or a /56 of IPv6, as its leading bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subnet {
    V4([u8; 3]),
    V6([u8; 7]),
}

impl Subnet {
    /// The subnet that an address counts against, if it is a public one.
    fn of(address: &Multiaddr) -> Option<Self> {
        let first = address.iter().next()?;
        let ip = if let Protocol::Ip4(ip) = first {
            IpAddr::V4(ip)
        } else if let Protocol::Ip6(ip) = first {
            ip.to_canonical()
        } else {
            return None;
        };
        match ip {
            IpAddr::V4(ip) if ip.is_private() || ip.is_loopback() || ip.is_link_local() => None,
            IpAddr::V4(ip) => ip.octets().first_chunk().copied().map(Self::V4),
            IpAddr::V6(ip) if ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() => None,
            IpAddr::V6(ip) => ip.octets().first_chunk().copied().map(Self::V6),
        }
    }
}

/// A subnet holds as many inbound connections as it may.
#[derive(Debug, thiserror::Error)]
#[error("{subnet:?} already holds {PER_SUBNET_MAX} inbound connections")]
struct Crowded {
    subnet: Subnet,
}

/// Counts inbound connections by subnet; holds one entry per established inbound connection.
#[derive(Debug, Default)]
pub(super) struct Behaviour {
    held: BTreeMap<ConnectionId, Subnet>,
}

impl Behaviour {
    fn admit(&mut self, connection: ConnectionId, from: &Multiaddr) -> Result<(), Crowded> {
        let Some(subnet) = Subnet::of(from) else { return Ok(()) };
        if self.held.values().filter(|held| **held == subnet).count() >= PER_SUBNET_MAX {
            return Err(Crowded { subnet });
        }
        self.held.insert(connection, subnet);
        Ok(())
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(connection, remote).map_err(ConnectionDenied::new)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum is open; two of its cases matter here")]
    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.held.remove(&closed.connection_id),
            // Another protocol may have refused the connection after this one admitted it.
            FromSwarm::ListenFailure(failed) => self.held.remove(&failed.connection_id),
            _ => None,
        };
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ninth_connection_from_one_public_subnet_is_refused_until_one_of_them_ends() {
        let mut admission = Behaviour::default();
        let from = |host: usize| format!("/ip4/203.0.113.{host}/tcp/1").parse::<Multiaddr>().unwrap();
        for host in 0..PER_SUBNET_MAX {
            admission.admit(ConnectionId::new_unchecked(host), &from(host)).unwrap();
        }
        let ninth = ConnectionId::new_unchecked(99);
        assert!(admission.admit(ninth, &from(99)).is_err());
        assert!(admission.admit(ninth, &"/ip4/203.0.114.1/tcp/1".parse().unwrap()).is_ok());
        admission.held.remove(&ConnectionId::new_unchecked(0));
        assert!(admission.admit(ninth, &from(99)).is_ok());
    }

    #[test]
    fn loopback_and_private_addresses_are_not_counted() {
        let mut admission = Behaviour::default();
        for (i, addr) in ["/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip6/::1/tcp/1"]
            .iter()
            .cycle()
            .take(60)
            .enumerate()
        {
            admission.admit(ConnectionId::new_unchecked(i), &addr.parse().unwrap()).unwrap();
        }
    }
}
