//! How bytes travel: TCP with Noise and yamux, and QUIC, both under one key.
//!
//! TCP sends at once (no Nagle): a negotiation is ping-pong, and a frame that waits for company
//! costs its whole round trip. Windows and stream counts are far below the libraries' defaults,
//! under which one peer could make this node hold gigabytes. A node with public reach never dials
//! an address inside its own network, whoever spread it.
//!
//! Deliberately absent: relays and hole punching.

use std::{
    io,
    net::{IpAddr, TcpListener},
};

use libp2p::{
    Multiaddr, PeerId, Transport,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, global_only},
        upgrade::Version,
    },
    dns, identity,
    multiaddr::Protocol,
    noise, quic, tcp, yamux,
};

use super::{
    config::{HANDSHAKE, Reach, SUBSTREAMS_MAX},
    error::NetError,
};

/// Most unread bytes of one QUIC stream.
const QUIC_STREAM_WINDOW: u32 = 256 * 1024;
/// Most unread bytes of one QUIC connection.
const QUIC_CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Builds the transport of a node with this key.
#[expect(
    clippy::unwrap_in_result,
    reason = "what is expected cannot fail; the invariant is named where it stands"
)]
pub(super) fn build(
    key: &identity::Keypair,
    reach: Reach,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetError> {
    let noise = noise::Config::new(key).map_err(|e| NetError::Start(e.to_string()))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(SUBSTREAMS_MAX);
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux)
        .timeout(HANDSHAKE)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)));

    let mut limits = quic::Config::new(key);
    limits.handshake_timeout = HANDSHAKE;
    limits.max_concurrent_stream_limit = u32::try_from(SUBSTREAMS_MAX).expect("invariant: a small constant");
    limits.max_stream_data = QUIC_STREAM_WINDOW;
    limits.max_connection_data = QUIC_CONNECTION_WINDOW;
    let quic = quic::tokio::Transport::new(limits)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)));

    let both = tcp.or_transport(quic).map(|either, _| either.into_inner());
    // The check stands below name resolution, so that a name for a private address is refused too.
    let no_dns = |e: io::Error| NetError::Start(format!("name resolution: {e}"));
    Ok(match reach {
        Reach::Local => dns::tokio::Transport::system(both).map_err(no_dns)?.boxed(),
        Reach::Public => {
            dns::tokio::Transport::system(global_only::Transport::new(both)).map_err(no_dns)?.boxed()
        }
    })
}

/// Finds out whether somebody else listens at a TCP address.
///
/// Libp2p listens with `SO_REUSEPORT`, under which a second node of the same user would get the
/// same port without an error, and half of the other's connections with it.
pub(super) fn check_free(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => IpAddr::V4(ip),
        Some(Protocol::Ip6(ip)) => IpAddr::V6(ip),
        Some(_) | None => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind((ip, port)).map(drop),
        Some(_) | None => Ok(()),
    }
}
