//! A client of a beacon in drand's HTTP form: rounds and the chain's description, as JSON.
//!
//! What comes back is claims: whoever asks verifies the signature against the public key that it
//! knows. Sizes and times are bounded, since a beacon's mirror is as much a stranger as a peer.
//!
//! Deliberately absent: verification, caching, and the newest round: rounds are named in advance.

use std::time::Duration;

use alloy_primitives::{B256, Bytes};
use reqwest::{Client, Url};
use serde::{Deserialize, de::DeserializeOwned};

use super::transport::{bounded_client, read_bounded};

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// How long one request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);

/// One round as a beacon publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeaconRound {
    /// Its number, from 1.
    pub round: u64,
    /// SHA-256 of the signature, says the beacon.
    pub randomness: B256,
    /// The compressed point of the group's signature, 48 bytes on G1 or 96 on G2.
    pub signature: Bytes,
}

/// A beacon chain as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeaconInfo {
    /// The compressed public key of the group.
    pub public_key: Bytes,
    /// Seconds between two rounds.
    pub period: u64,
    /// Unix time of round 1, in seconds.
    pub genesis_time: u64,
    /// The hash that names the chain.
    pub hash: B256,
    /// The signature scheme's name.
    pub scheme: String,
}

/// Why a beacon gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeaconError {
    /// The base URL is none.
    #[error("{0} is no URL for a beacon")]
    BadUrl(String),
    /// The round does not exist yet.
    #[error("round {0} is not published yet")]
    NotYet(u64),
    /// No answer, or one that breaks off or is too long.
    #[error("the beacon gives no answer: {0}")]
    Silent(String),
    /// An answer that is not what was asked for.
    #[error("the beacon answers something else: {0}")]
    Nonsense(String),
}

/// A client of one beacon.
#[derive(Clone, Debug)]
pub struct DrandClient {
    http: Client,
    base: Url,
}

impl DrandClient {
    /// A client for a base URL, with or without the chain's hash in its path; nothing is asked yet.
    ///
    /// # Errors
    /// [`BeaconError::BadUrl`].
    pub fn new(base: &str) -> Result<Self, BeaconError> {
        let bad = || BeaconError::BadUrl(base.to_owned());
        let slashed = format!("{}/", base.trim_end_matches('/'));
        let url: Url = slashed.parse().map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad());
        }
        let http = bounded_client().map_err(|error| BeaconError::Silent(error.to_string()))?;
        Ok(Self { http, base: url })
    }

    /// A round by its number. May be dropped half-way.
    ///
    /// # Errors
    /// [`BeaconError::NotYet`] for a round of the future, else what went wrong.
    pub async fn round(&self, round: u64) -> Result<BeaconRound, BeaconError> {
        let raw: RawRound = self.get(&format!("public/{round}"), Some(round)).await?;
        if raw.round != round {
            return Err(BeaconError::Nonsense(format!("round {} instead of {round}", raw.round)));
        }
        let signature = bytes(&raw.signature, "signature")?;
        if !matches!(signature.len(), 48 | 96) {
            return Err(BeaconError::Nonsense(format!("a signature of {} bytes", signature.len())));
        }
        Ok(BeaconRound { round, randomness: word(&raw.randomness, "randomness")?, signature })
    }

    /// How the chain describes itself. May be dropped half-way.
    ///
    /// # Errors
    /// [`BeaconError`].
    pub async fn info(&self) -> Result<BeaconInfo, BeaconError> {
        let raw: RawInfo = self.get("info", None).await?;
        Ok(BeaconInfo {
            public_key: bytes(&raw.public_key, "public key")?,
            period: raw.period,
            genesis_time: raw.genesis_time,
            hash: word(&raw.hash, "chain hash")?,
            scheme: raw.scheme_id,
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, round: Option<u64>) -> Result<T, BeaconError> {
        let url = self.base.join(path).map_err(|_| BeaconError::BadUrl(self.base.to_string()))?;
        let silent = |error: reqwest::Error| BeaconError::Silent(error.without_url().to_string());
        let answer = self.http.get(url).timeout(REQUEST_TIME_MAX).send().await.map_err(silent)?;
        match (answer.status().as_u16(), round) {
            (200, _) => {}
            // drand's relays answer 404, or 425 Too Early, for a round of the future.
            (404 | 425, Some(round)) => return Err(BeaconError::NotYet(round)),
            (status, _) => return Err(BeaconError::Silent(format!("HTTP status {status}"))),
        }
        let body = read_bounded(answer, ANSWER_BYTES_MAX).await;
        let body = body.map_err(|error| BeaconError::Silent(error.to_string()))?;
        serde_json::from_slice(&body).map_err(|error| BeaconError::Nonsense(error.to_string()))
    }
}

#[derive(Deserialize)]
struct RawRound {
    round: u64,
    randomness: String,
    signature: String,
}

#[derive(Deserialize)]
struct RawInfo {
    public_key: String,
    period: u64,
    genesis_time: u64,
    hash: String,
    #[serde(rename = "schemeID", default)]
    scheme_id: String,
}

fn bytes(hex: &str, name: &str) -> Result<Bytes, BeaconError> {
    let bytes = hex::decode(hex).map_err(|_| BeaconError::Nonsense(format!("a {name} that is no hex")))?;
    Ok(bytes.into())
}

fn word(hex: &str, name: &str) -> Result<B256, BeaconError> {
    let bytes = bytes(hex, name)?;
    B256::try_from(bytes.as_ref())
        .map_err(|_| BeaconError::Nonsense(format!("a {name} of {} bytes", bytes.len())))
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, routing::get};

    use super::*;

    /// A server on loopback that answers each path with a status and a body.
    async fn beacon(rows: &'static [(&'static str, u16, &'static str)]) -> DrandClient {
        let mut router = Router::new();
        for &(path, status, body) in rows {
            let status = StatusCode::from_u16(status).unwrap();
            router = router.route(path, get(move || async move { (status, body) }));
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        DrandClient::new(&base).unwrap()
    }

    /// Round 1000 of quicknet, as published.
    const ROUND: &str = r#"{"round":1000,"randomness":"fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd","signature":"b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"}"#;

    #[tokio::test]
    async fn a_round_and_the_description_are_read_as_drand_writes_them() {
        let info = r#"{"public_key":"83cf","period":3,"genesis_time":1692803367,"hash":"52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971","groupHash":"f4","schemeID":"bls-unchained-g1-rfc9380","metadata":{"beaconID":"quicknet"}}"#;
        let client = beacon(Box::leak(Box::new([("/public/1000", 200, ROUND), ("/info", 200, info)]))).await;
        let round = client.round(1000).await.unwrap();
        assert_eq!((round.round, round.signature.len()), (1000, 48));
        let info = client.info().await.unwrap();
        assert_eq!((info.period, info.genesis_time), (3, 1_692_803_367));
        assert_eq!(info.scheme, "bls-unchained-g1-rfc9380");
    }

    #[tokio::test]
    async fn a_round_of_the_future_is_not_an_error_of_the_beacon() {
        let client = beacon(&[("/public/7", 425, "too early")]).await;
        assert_eq!(client.round(7).await, Err(BeaconError::NotYet(7)));
        assert_eq!(client.round(8).await, Err(BeaconError::NotYet(8)));
    }

    #[tokio::test]
    async fn another_round_or_garbage_or_a_flood_is_refused() {
        let flood: &'static str = Box::leak("x".repeat(ANSWER_BYTES_MAX + 1).into_boxed_str());
        let rows = Box::leak(Box::new([
            ("/public/1", 200, ROUND),
            ("/public/2", 200, "{"),
            ("/public/3", 200, flood),
            ("/public/4", 500, ""),
        ]));
        let client = beacon(rows).await;
        assert!(matches!(client.round(1).await, Err(BeaconError::Nonsense(_))));
        assert!(matches!(client.round(2).await, Err(BeaconError::Nonsense(_))));
        assert!(matches!(client.round(3).await, Err(BeaconError::Silent(why)) if why.contains("longer")));
        assert!(matches!(client.round(4).await, Err(BeaconError::Silent(why)) if why.contains("500")));
    }

    #[test]
    fn only_http_is_a_beacon_s_address() {
        assert!(DrandClient::new("https://api.drand.sh/52db9ba7").is_ok());
        assert!(matches!(DrandClient::new("file:///etc/passwd"), Err(BeaconError::BadUrl(_))));
        assert!(matches!(DrandClient::new("no url"), Err(BeaconError::BadUrl(_))));
    }
}
