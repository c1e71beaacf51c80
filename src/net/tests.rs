//! The network's promises, kept over real sockets on loopback.
//!
//! Nodes listen on ports that the system chooses. [`Node::until`] waits for one event and keeps the
//! others for later, so tests do not depend on an order that is not promised. A [`Stranger`] speaks
//! libp2p but not by our rules.

mod blob;
mod direct;
mod lifecycle;
mod market;
mod session;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use nuncio_protocol::ids::PeerKey;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{Net, NetConfig, NetEvent, peer};

/// Long enough for a busy machine, short enough to fail in time.
const PATIENCE: Duration = Duration::from_secs(30);

struct Node {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
    passed: VecDeque<NetEvent>,
    addr: String,
}

impl Node {
    /// A node that knows those others from the start.
    async fn start(secret: u8, known: &[&Self]) -> Self {
        let bootstrap = known.iter().map(|node| node.addr.clone()).collect();
        Self::with(secret, NetConfig { bootstrap, ..NetConfig::local() }, 1024).await
    }

    async fn with(secret: u8, config: NetConfig, capacity: usize) -> Self {
        let (sender, events) = mpsc::channel(capacity);
        let net = Net::start(&config, [secret; 32], sender).unwrap();
        let mut node = Self { net, events, passed: VecDeque::new(), addr: String::new() };
        node.addr = node
            .until("an address", |event| {
                let NetEvent::Listening { addr } = event else { return None };
                Some(addr.clone())
            })
            .await;
        node
    }

    /// Two nodes that are connected.
    async fn pair() -> (Self, Self) {
        let mut a = Self::start(1, &[]).await;
        let mut b = Self::start(2, &[&a]).await;
        a.until_up(b.me()).await;
        b.until_up(a.me()).await;
        (a, b)
    }

    fn me(&self) -> PeerKey {
        self.net.me()
    }

    /// Waits for the first event, past or to come, that `pick` takes something from.
    async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&NetEvent) -> Option<T>) -> T {
        if let Some((place, found)) = self.passed.iter().enumerate().find_map(|(i, e)| Some((i, pick(e)?))) {
            self.passed.remove(place);
            return found;
        }
        let found = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the network has not stopped");
                match pick(&event) {
                    Some(found) => return found,
                    None => self.passed.push_back(event),
                }
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!("{:?} waited in vain for {what}; it saw {:?}", self.net, self.passed),
        }
    }

    async fn until_event(&mut self, wanted: &NetEvent) {
        self.until(&format!("{wanted:?}"), |event| (event == wanted).then_some(())).await;
    }

    async fn until_up(&mut self, peer: PeerKey) {
        self.until_event(&NetEvent::PeerUp { peer }).await;
    }

    async fn until_down(&mut self, peer: PeerKey) {
        self.until_event(&NetEvent::PeerDown { peer }).await;
    }

    async fn next_message(&mut self) -> (PeerKey, Bytes) {
        self.until("a message", |event| {
            let NetEvent::Message { from, bytes } = event else { return None };
            Some((*from, bytes.clone()))
        })
        .await
    }

    /// Whether nothing that `pick` takes comes for a while.
    async fn hears_nothing(&mut self, during: Duration, mut pick: impl FnMut(&NetEvent) -> bool) -> bool {
        let heard = async {
            while let Some(event) = self.events.recv().await {
                if pick(&event) {
                    return;
                }
                self.passed.push_back(event);
            }
        };
        timeout(during, heard).await.is_err() && !self.passed.iter().any(pick)
    }
}

/// Somebody who speaks libp2p and opens substreams, and keeps none of our rules.
struct Stranger {
    control: libp2p_stream::Control,
    key: PeerKey,
    addr: String,
    _swarm: JoinHandle<()>,
}

impl Stranger {
    async fn start() -> Self {
        let mut swarm: Swarm<libp2p_stream::Behaviour> = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| libp2p_stream::Behaviour::new())
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
            .build();
        swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let addr = loop {
            if let libp2p::swarm::SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        let (control, id) = (swarm.behaviour().new_control(), *swarm.local_peer_id());
        let key = peer::to_peer_key(&id).unwrap();
        let addr = addr.with_p2p(id).unwrap().to_string();
        let _swarm = tokio::spawn(async move { while swarm.next().await.is_some() {} });
        Self { control, key, addr, _swarm }
    }

    /// A substream to a node that the stranger is connected with, once the node has taken it.
    async fn open(&mut self, to: &Node, protocol: StreamProtocol) -> libp2p::Stream {
        let id: PeerId = peer::to_peer_id(to.me()).unwrap();
        // The stranger's own swarm may learn of the connection a little later than the node.
        let opened = timeout(PATIENCE, async {
            loop {
                match self.control.open_stream(id, protocol.clone()).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        let mut stream = opened.await.unwrap();
        let mut taken = [0];
        futures::AsyncReadExt::read_exact(&mut stream, &mut taken).await.unwrap();
        stream
    }
}

/// A node and a stranger that are connected.
async fn with_stranger() -> (Node, Stranger) {
    let mut node = Node::start(1, &[]).await;
    let stranger = Stranger::start().await;
    let _: Multiaddr = stranger.addr.parse().unwrap();
    node.net.dial(&stranger.addr).unwrap();
    node.until_up(stranger.key).await;
    (node, stranger)
}
