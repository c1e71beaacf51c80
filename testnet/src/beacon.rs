//! A local beacon that speaks drand's HTTP format with a key of its own.
//!
//! Nodes verify its rounds with the code that verifies quicknet's; only the public key, the genesis
//! and the period differ. It answers `/info`, `/public/{round}` and `/public/latest`, each also under
//! `/{chain hash}`, and `/chains`. A round that lies ahead is answered `425 Too Early`, round 0 and
//! anything else `404`: as with the real beacon, nobody learns a round before its time.
//!
//! Deliberately absent: storage. A round is signed again whenever it is asked for.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub use nuncio_sim::beacon::{BeaconKey, Round};

/// The scheme that every node of this project verifies.
pub const SCHEME: &str = "bls-unchained-g1-rfc9380";
/// The beacon's name in its own information.
pub const BEACON_ID: &str = "nuncio-testnet";

/// What the key of the local network's beacon is made of. Everybody knows it, as everybody knows the key that mints
/// there: the contracts of that network then stand at the same addresses wherever it is raised.
pub const LOCAL_SEED: &str = "everybody knows this beacon";

/// When rounds happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The time of round 1, in Unix seconds.
    pub genesis: u64,
    /// Seconds between two rounds, at least 1.
    pub period: u32,
}

impl Schedule {
    /// The newest round at a time, 0 before genesis.
    #[must_use]
    pub fn round_at(self, unix_secs: u64) -> u64 {
        unix_secs.checked_sub(self.genesis).map_or(0, |passed| passed / u64::from(self.period) + 1)
    }
}

/// What a beacon says of itself, in drand's field names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Compressed, hexadecimal.
    pub public_key: String,
    /// Seconds between two rounds.
    pub period: u32,
    /// The time of round 1, in Unix seconds.
    pub genesis_time: u64,
    /// The chain hash, which names the beacon.
    pub hash: String,
    /// The hash of the signers' group; a single signer has its key's.
    #[serde(rename = "groupHash")]
    pub group_hash: String,
    /// Always [`SCHEME`].
    #[serde(rename = "schemeID")]
    pub scheme: String,
    /// The beacon's name.
    pub metadata: Metadata,
}

/// The beacon's name, as drand nests it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Always [`BEACON_ID`].
    #[serde(rename = "beaconID")]
    pub beacon: String,
}

/// One round as drand publishes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its number.
    pub round: u64,
    /// SHA-256 of the signature, hexadecimal.
    pub randomness: String,
    /// Compressed, hexadecimal.
    pub signature: String,
}

/// A beacon: its key and its schedule.
#[derive(Debug)]
pub struct Beacon {
    key: BeaconKey,
    schedule: Schedule,
}

impl Beacon {
    /// A beacon with the key of a seed.
    #[must_use]
    pub fn new(seed: &[u8], schedule: Schedule) -> Self {
        Self { key: BeaconKey::from_seed(seed), schedule }
    }

    /// What it says of itself.
    #[must_use]
    pub fn info(&self) -> Info {
        let public = self.key.public();
        let group = Sha256::digest(public);
        // drand's chain hash: period, genesis, key, group, and the name where it is not "default".
        let hash = Sha256::new()
            .chain_update(self.schedule.period.to_be_bytes())
            .chain_update(self.schedule.genesis.to_be_bytes())
            .chain_update(public)
            .chain_update(group)
            .chain_update(BEACON_ID)
            .finalize();
        Info {
            public_key: hex::encode(public),
            period: self.schedule.period,
            genesis_time: self.schedule.genesis,
            hash: hex::encode(hash),
            group_hash: hex::encode(group),
            scheme: SCHEME.to_owned(),
            metadata: Metadata { beacon: BEACON_ID.to_owned() },
        }
    }

    /// A round, if its time has come.
    #[must_use]
    pub fn round(&self, number: u64, unix_secs: u64) -> Option<Published> {
        if number == 0 || number > self.schedule.round_at(unix_secs) {
            return None;
        }
        let Round { number, signature, randomness } = self.key.sign(number);
        Some(Published {
            round: number,
            randomness: hex::encode(randomness),
            signature: hex::encode(signature),
        })
    }

    /// Answers until the task is dropped.
    ///
    /// # Errors
    /// What the listener reports.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, router(Arc::new(self))).await
    }
}

/// The address that a listener was given.
///
/// # Errors
/// What the system reports.
pub async fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

fn router(beacon: Arc<Beacon>) -> Router {
    let rounds = Router::new()
        .route("/info", get(async |State(beacon): State<Arc<Beacon>>| Json(beacon.info())))
        .route("/public/latest", get(latest))
        .route("/public/{round}", get(numbered));
    let named = format!("/{}", beacon.info().hash);
    Router::new()
        .route("/chains", get(async |State(beacon): State<Arc<Beacon>>| Json([beacon.info().hash])))
        .merge(rounds.clone())
        .nest(&named, rounds)
        .with_state(beacon)
}

async fn latest(State(beacon): State<Arc<Beacon>>) -> Result<Json<Published>, StatusCode> {
    let now = unix_secs();
    beacon.round(beacon.schedule.round_at(now), now).map(Json).ok_or(StatusCode::TOO_EARLY)
}

async fn numbered(
    Path(number): Path<u64>,
    State(beacon): State<Arc<Beacon>>,
) -> Result<Json<Published>, StatusCode> {
    if number == 0 {
        return Err(StatusCode::NOT_FOUND);
    }
    beacon.round(number, unix_secs()).map(Json).ok_or(StatusCode::TOO_EARLY)
}

fn unix_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule { genesis: 1_000, period: 3 };

    #[test]
    fn rounds_are_counted_from_one_at_genesis() {
        for (secs, round) in [(0, 0), (999, 0), (1_000, 1), (1_002, 1), (1_003, 2), (1_300, 101)] {
            assert_eq!(SCHEDULE.round_at(secs), round, "at {secs}");
        }
    }

    #[test]
    fn no_round_is_told_before_its_time() {
        let beacon = Beacon::new(b"seed", SCHEDULE);
        assert_eq!(beacon.round(2, 1_002), None);
        assert_eq!(beacon.round(2, 1_003).map(|round| round.round), Some(2));
        assert_eq!(beacon.round(0, 1_003), None);
    }

    #[tokio::test]
    async fn it_answers_over_http_as_drand_does() {
        let beacon = Beacon::new(b"seed", Schedule { genesis: unix_secs() - 5, period: 1 });
        let info = beacon.info();
        let (listener, address) = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let server = tokio::spawn(beacon.serve(listener));
        let get = async |path: &str| reqwest::get(format!("http://{address}{path}")).await.unwrap();
        assert_eq!(get("/info").await.json::<Info>().await.unwrap(), info);
        let chains: [String; 1] = get("/chains").await.json().await.unwrap();
        assert_eq!(chains, std::slice::from_ref(&info.hash));
        let third: Published = get("/public/3").await.json().await.unwrap();
        let named: Published = get(&format!("/{}/public/3", info.hash)).await.json().await.unwrap();
        assert_eq!((third.round, third.signature.len()), (3, 96));
        assert_eq!(third, named);
        assert!(get("/public/latest").await.json::<Published>().await.unwrap().round >= 6);
        assert_eq!(get("/public/1000000").await.status(), 425);
        assert_eq!(get("/public/0").await.status(), 404);
        assert_eq!(get("/public/x").await.status(), 400);
        server.abort();
    }
}
