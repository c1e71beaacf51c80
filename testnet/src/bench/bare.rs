//! The yardstick: two processes and one libp2p stream that carries the same bytes and nothing else.
//!
//! Transport, encryption and multiplexing are the daemon's (TCP without delay, Noise, Yamux); there is
//! no session, no rule, no record. One round is a message there and a message back, each of a fixed
//! length, one at a time.
//!
//! Deliberately absent: pipelining. A negotiation cannot do it either.

use std::{
    io,
    process::Command,
    time::{Duration, Instant},
};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, multiaddr::Protocol, noise,
    swarm::SwarmEvent, tcp, yamux,
};
use libp2p_stream as stream;

use crate::process::{Process, ProcessError};

const PROTOCOL: StreamProtocol = StreamProtocol::new("/nuncio-testnet/echo/1");

/// The lengths of one round's two messages, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Of the message there.
    pub there: usize,
    /// Of the message back.
    pub back: usize,
}

/// Says why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BareError {
    /// The other process is not there.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The transport cannot be built.
    #[error("libp2p: {0}")]
    Transport(String),
    /// The stream broke.
    #[error("the stream broke: {0}")]
    Stream(#[from] io::Error),
}

/// Answers every message of `there` bytes with one of `back` bytes, until dropped.
///
/// # Errors
/// [`BareError::Transport`].
pub async fn answer(lengths: Lengths, announce: impl FnOnce(&Multiaddr)) -> Result<(), BareError> {
    let mut swarm = swarm()?;
    let mut incoming = swarm.behaviour().new_control().accept(PROTOCOL).map_err(transport)?;
    let any = "/ip4/127.0.0.1/tcp/0".parse().expect("invariant: a literal address");
    swarm.listen_on(any).map_err(transport)?;
    let mut announce = Some(announce);
    loop {
        tokio::select! {
            event = swarm.select_next_some() => {
                if let SwarmEvent::NewListenAddr { address, .. } = event
                    && let Some(announce) = announce.take()
                {
                    announce(&address.with(Protocol::P2p(*swarm.local_peer_id())));
                }
            }
            Some((_, stream)) = incoming.next() => {
                // The asker hangs up when it has enough; that is no error here.
                tokio::spawn(async move { drop(reply(stream, lengths).await) });
            }
        }
    }
}

async fn reply(mut stream: Stream, lengths: Lengths) -> io::Result<()> {
    let (mut there, back) = (vec![0; lengths.there], vec![1; lengths.back]);
    loop {
        stream.read_exact(&mut there).await?;
        stream.write_all(&back).await?;
        stream.flush().await?;
    }
}

/// One open stream to an answering process of its own.
#[derive(Debug)]
pub struct Bare {
    stream: Stream,
    lengths: Lengths,
    driver: tokio::task::JoinHandle<()>,
    _other: Process,
}

impl Bare {
    /// Starts the other process and opens the stream.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn start(lengths: Lengths, log: &std::path::Path) -> Result<Self, BareError> {
        let mut command = Command::new(std::env::current_exe()?);
        let (there, back) = (lengths.there.to_string(), lengths.back.to_string());
        command.args(["echo", "--there", &there, "--back", &back]);
        let mut other = Process::spawn("echo", command, log)?;
        let address: Multiaddr = other
            .line("listens", Duration::from_secs(10), |line| line.strip_prefix("echo ")?.parse().ok())
            .await?;
        let peer = peer(&address)?;
        let mut swarm = swarm()?;
        let mut control = swarm.behaviour().new_control();
        swarm.dial(address).map_err(transport)?;
        let driver = tokio::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
        let stream = control.open_stream(peer, PROTOCOL).await.map_err(transport)?;
        Ok(Self { stream, lengths, driver, _other: other })
    }

    /// Rounds a second, over a time.
    ///
    /// # Errors
    /// [`BareError::Stream`].
    pub async fn measure(&mut self, time: Duration) -> Result<f64, BareError> {
        let (there, mut back) = (vec![1; self.lengths.there], vec![0; self.lengths.back]);
        let start = Instant::now();
        let mut rounds = 0_u32;
        while start.elapsed() < time {
            self.stream.write_all(&there).await?;
            self.stream.flush().await?;
            self.stream.read_exact(&mut back).await?;
            rounds += 1;
        }
        Ok(f64::from(rounds) / start.elapsed().as_secs_f64())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn peer(address: &Multiaddr) -> Result<PeerId, BareError> {
    let found =
        address.iter().find_map(|part| if let Protocol::P2p(peer) = part { Some(peer) } else { None });
    found.ok_or_else(|| BareError::Transport(format!("{address} names no peer")))
}

fn swarm() -> Result<Swarm<stream::Behaviour>, BareError> {
    let builder = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(transport)?;
    let builder = builder.with_behaviour(|_| stream::Behaviour::new()).map_err(transport)?;
    Ok(builder
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build())
}

fn transport(error: impl ToString) -> BareError {
    BareError::Transport(error.to_string())
}
