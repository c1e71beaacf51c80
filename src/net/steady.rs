//! Protocols of a connection that cost nothing while it carries frames of one of them.
//!
//! Libp2p asks a connection's handler two things at every wake of the connection: what it has to do,
//! and which protocols it listens for. Put together of nine protocols, both answers take longer than
//! to bring a frame of a session in or out, and hardly ever change. So the handler is polled only when
//! somebody has woken it, as every future is, or something has happened to it; and what it listens for
//! is asked anew only after that. A substream that comes in is still taken by the handler itself, as it
//! is then.
//!
//! A handler may change what it listens for when it is told something and when it is polled; a protocol
//! that is accepted at another time is not noticed, so all of ours are accepted before the first
//! connection.
//!
//! Deliberately absent: any protocol.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture, task::AtomicWaker};
use libp2p::{
    Multiaddr, PeerId, Stream,
    core::{
        Endpoint,
        transport::PortUse,
        upgrade::{InboundUpgrade, UpgradeInfo},
    },
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
        NetworkBehaviour, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
        handler::{
            ConnectionEvent, FullyNegotiatedInbound, InboundUpgradeSend, ListenUpgradeError, UpgradeInfoSend,
        },
    },
};

use super::guarded::Guarded;

/// Protocols whose connections have steady handlers.
pub(super) struct Steady<B>(pub(super) B);

impl<B> Deref for Steady<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.0
    }
}

impl<B> DerefMut for Steady<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.0
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Steady<B>
where
    Name<THandler<B>>: Sync,
{
    type ConnectionHandler = Handler<THandler<B>>;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.0.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.0.handle_established_inbound_connection(connection, peer, local, remote).map(Handler::new)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.0.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.0.handle_established_outbound_connection(connection, peer, address, role, port).map(Handler::new)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.0.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.0.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.0.poll(cx)
    }
}

/// What a protocol that a handler listens for is called.
type Name<H> = <<H as ConnectionHandler>::InboundProtocol as UpgradeInfoSend>::Info;

/// One connection's handler, polled when there is a reason.
pub(super) struct Handler<H: ConnectionHandler> {
    inner: Arc<Guarded<H>>,
    listens: Listens<Name<H>>,
    reason: Arc<Reason>,
    /// Wakes through the reason.
    waker: Waker,
}

/// What a handler listened for when it was asked last.
struct Listens<N> {
    names: Arc<[N]>,
    timeout: Duration,
}

/// Why to poll a handler: it was woken, or told something.
#[derive(Default)]
struct Reason {
    given: AtomicBool,
    connection: AtomicWaker,
}

impl Wake for Reason {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.given.store(true, Ordering::Release);
        self.connection.wake();
    }
}

impl<N> Listens<N> {
    fn of<H: ConnectionHandler>(handler: &H) -> Self
    where
        H::InboundProtocol: UpgradeInfoSend<Info = N>,
    {
        let protocol = handler.listen_protocol();
        Self { names: protocol.upgrade().protocol_info().collect(), timeout: *protocol.timeout() }
    }
}

impl<H: ConnectionHandler> Handler<H> {
    fn new(inner: H) -> Self {
        let reason = Arc::new(Reason { given: AtomicBool::new(true), ..Reason::default() });
        let (listens, waker) = (Listens::of(&inner), Waker::from(Arc::clone(&reason)));
        Self { inner: Arc::new(Guarded::new(inner)), listens, reason, waker }
    }

    /// Does something with the handler that may change what it has to do and listens for.
    fn tell<R>(&mut self, what: impl FnOnce(&mut H) -> R) -> R {
        let mut inner = self.inner.lock();
        let done = what(&mut inner);
        self.listens = Listens::of(&*inner);
        self.reason.given.store(true, Ordering::Release);
        done
    }
}

impl<H: ConnectionHandler> ConnectionHandler for Handler<H>
where
    Name<H>: Sync,
{
    type FromBehaviour = H::FromBehaviour;
    type ToBehaviour = H::ToBehaviour;
    type InboundProtocol = Inbound<H>;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Inbound<H>, ()> {
        let (handler, names) = (Arc::clone(&self.inner), Arc::clone(&self.listens.names));
        SubstreamProtocol::new(Inbound { handler, names }, ()).with_timeout(self.listens.timeout)
    }

    fn connection_keep_alive(&self) -> bool {
        self.inner.lock().connection_keep_alive()
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<H::OutboundProtocol, H::OutboundOpenInfo, H::ToBehaviour>> {
        // In this order, so that a reason that is given meanwhile wakes the connection.
        self.reason.connection.register(cx.waker());
        if !self.reason.given.swap(false, Ordering::Acquire) {
            return Poll::Pending;
        }
        let polled = self.inner.lock().poll(&mut Context::from_waker(&self.waker));
        match polled {
            Poll::Ready(event) => {
                self.tell(|_| ());
                Poll::Ready(event)
            }
            Poll::Pending => {
                self.listens = Listens::of(&*self.inner.lock());
                Poll::Pending
            }
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<H::ToBehaviour>> {
        self.inner.lock().poll_close(cx)
    }

    fn on_behaviour_event(&mut self, event: H::FromBehaviour) {
        self.tell(|inner| inner.on_behaviour_event(event));
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Inbound<H>, H::OutboundProtocol, (), H::OutboundOpenInfo>,
    ) {
        let event = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (protocol, info),
                info: (),
            }) => ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info }),
            ConnectionEvent::ListenUpgradeError(ListenUpgradeError { error: (error, info), info: () }) => {
                ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error })
            }
            ConnectionEvent::FullyNegotiatedOutbound(opened) => {
                ConnectionEvent::FullyNegotiatedOutbound(opened)
            }
            ConnectionEvent::DialUpgradeError(failed) => ConnectionEvent::DialUpgradeError(failed),
            ConnectionEvent::AddressChange(change) => ConnectionEvent::AddressChange(change),
            ConnectionEvent::LocalProtocolsChange(change) => ConnectionEvent::LocalProtocolsChange(change),
            ConnectionEvent::RemoteProtocolsChange(change) => ConnectionEvent::RemoteProtocolsChange(change),
            // Libp2p may add kinds, all of which a handler is free to ignore.
            _ => return,
        };
        self.tell(|inner| inner.on_connection_event(event));
    }
}

/// A substream that comes in, for the handler as it is once one is there.
pub(super) struct Inbound<H: ConnectionHandler> {
    handler: Arc<Guarded<H>>,
    names: Arc<[Name<H>]>,
}

/// The names of one moment, one after the other.
pub(super) struct Names<N> {
    names: Arc<[N]>,
    next: usize,
}

impl<N: Clone> Iterator for Names<N> {
    type Item = N;

    fn next(&mut self) -> Option<N> {
        let name = self.names.get(self.next)?.clone();
        self.next += 1;
        Some(name)
    }
}

impl<H: ConnectionHandler> UpgradeInfo for Inbound<H> {
    type Info = Name<H>;
    type InfoIter = Names<Name<H>>;

    fn protocol_info(&self) -> Self::InfoIter {
        Names { names: Arc::clone(&self.names), next: 0 }
    }
}

/// What the handler is to be told together with what became of the substream.
type Told<T, H> = (T, <H as ConnectionHandler>::InboundOpenInfo);

impl<H: ConnectionHandler> InboundUpgrade<Stream> for Inbound<H> {
    type Output = Told<<H::InboundProtocol as InboundUpgradeSend>::Output, H>;
    type Error = Told<<H::InboundProtocol as InboundUpgradeSend>::Error, H>;
    type Future = BoxFuture<'static, Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, name: Name<H>) -> Self::Future {
        let (upgrade, info) = self.handler.lock().listen_protocol().into_upgrade();
        let upgraded = upgrade.upgrade_inbound(stream, name);
        upgraded
            .map(|done| match done {
                Ok(protocol) => Ok((protocol, info)),
                Err(error) => Err((error, info)),
            })
            .boxed()
    }
}
