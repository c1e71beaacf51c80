//! A bare libp2p stream ping-pong: what the transport alone can do.
//!
//! The yardstick for the negotiation benchmark. Two swarms with the node's transport settings (TCP
//! without delay, Noise, yamux) and one substream between them: the driver writes so many bytes, the
//! server answers with so many, and that is one cycle. The byte counts go ahead once, as two
//! big-endian `u32`.
//!
//! Deliberately absent: framing, sessions, rules and records; that is what is being measured.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{
    Multiaddr, StreamProtocol, Swarm, SwarmBuilder, multiaddr::Protocol, noise, swarm::SwarmEvent, tcp, yamux,
};
use tokio::task::JoinHandle;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/nuncio/bare/1");
/// As the node sets it.
const SUBSTREAMS_MAX: usize = 64;
/// Largest byte count of one direction.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Cycles before the clock starts.
const WARM_UP: u32 = 200;

fn swarm() -> anyhow::Result<Swarm<libp2p_stream::Behaviour>> {
    let yamux = || {
        let mut yamux = yamux::Config::default();
        yamux.set_max_num_streams(SUBSTREAMS_MAX);
        yamux
    };
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux)?
        .with_behaviour(|_| libp2p_stream::Behaviour::new())?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build())
}

fn run(mut swarm: Swarm<libp2p_stream::Behaviour>) -> JoinHandle<()> {
    tokio::spawn(async move { while swarm.next().await.is_some() {} })
}

/// Serves ping-pongs at `listen` (a multiaddr such as `/ip4/127.0.0.1/tcp/0`) for as long as the
/// returned task runs. Returns the address to drive.
///
/// # Errors
/// The address is none or cannot be listened on.
pub async fn serve(listen: &str) -> anyhow::Result<(String, JoinHandle<()>)> {
    let mut swarm = swarm()?;
    swarm.listen_on(listen.parse()?)?;
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address.with(Protocol::P2p(*swarm.local_peer_id()));
        }
    };
    let mut inbound = swarm.behaviour().new_control().accept(PROTOCOL).map_err(|e| anyhow!("{e}"))?;
    let swarm = run(swarm);
    let task = tokio::spawn(async move {
        while let Some((_, stream)) = inbound.next().await {
            tokio::spawn(answer(stream));
        }
        swarm.abort();
    });
    Ok((address.to_string(), task))
}

/// Answers until the driver ends the stream.
async fn answer(mut stream: libp2p::Stream) -> std::io::Result<()> {
    let mut counts = [0; 8];
    stream.read_exact(&mut counts).await?;
    let count =
        |half: &[u8]| half.iter().fold(0, |count, byte| count << 8 | usize::from(*byte)).min(BYTES_MAX);
    let (mut there, back) = (vec![0; count(&counts[..4])], vec![0x55; count(&counts[4..])]);
    loop {
        stream.read_exact(&mut there).await?;
        stream.write_all(&back).await?;
        stream.flush().await?;
    }
}

/// Plays ping-pong with the server at `addr` for about `duration` and returns cycles per second.
///
/// # Errors
/// The server cannot be reached, the connection breaks, or a byte count is zero or above 16 MiB.
pub async fn drive(
    addr: &str,
    bytes_there: usize,
    bytes_back: usize,
    duration: Duration,
) -> anyhow::Result<f64> {
    if [bytes_there, bytes_back].iter().any(|count| !(1..=BYTES_MAX).contains(count)) {
        bail!("byte counts must be 1 to {BYTES_MAX}: {bytes_there} there, {bytes_back} back");
    }
    let address: Multiaddr = addr.parse()?;
    let Some(Protocol::P2p(server)) = address.iter().last() else { bail!("{addr} names no peer") };
    let mut swarm = swarm()?;
    swarm.dial(address)?;
    loop {
        let event = swarm.select_next_some().await;
        if let SwarmEvent::OutgoingConnectionError { error, .. } = event {
            return Err(error.into());
        }
        if matches!(event, SwarmEvent::ConnectionEstablished { .. }) {
            break;
        }
    }
    let mut control = swarm.behaviour().new_control();
    let swarm = run(swarm);
    let mut stream = control.open_stream(server, PROTOCOL).await.context("no substream")?;

    stream.write_all(&u32::try_from(bytes_there)?.to_be_bytes()).await?;
    stream.write_all(&u32::try_from(bytes_back)?.to_be_bytes()).await?;
    let (there, mut back) = (vec![0xaa; bytes_there], vec![0; bytes_back]);
    for _ in 0..WARM_UP {
        cycle(&mut stream, &there, &mut back).await?;
    }
    let (start, mut cycles) = (Instant::now(), 0_u32);
    while start.elapsed() < duration {
        cycle(&mut stream, &there, &mut back).await?;
        cycles += 1;
    }
    let rate = f64::from(cycles) / start.elapsed().as_secs_f64();
    swarm.abort();
    Ok(rate)
}

async fn cycle(stream: &mut libp2p::Stream, there: &[u8], back: &mut [u8]) -> std::io::Result<()> {
    stream.write_all(there).await?;
    stream.flush().await?;
    stream.read_exact(back).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bare_ping_pong_counts_cycles() {
        let (addr, server) = serve("/ip4/127.0.0.1/tcp/0").await.unwrap();
        let rate = drive(&addr, 600, 700, Duration::from_millis(200)).await.unwrap();
        assert!(rate > 10.0, "{rate}");
        assert!(drive(&addr, 0, 1, Duration::from_millis(1)).await.is_err());
        server.abort();
    }
}
