//! A node's key in its two spellings: the 32 bytes that the rest of Nuncio knows, and libp2p's id.
//!
//! An Ed25519 key is short enough that its libp2p id *is* the key, wrapped in protobuf and an
//! identity multihash, so the conversion loses nothing either way. Ids of other key kinds are
//! hashes; nobody on this network has one. Deliberately absent: secrets.

use libp2p::{Multiaddr, PeerId, identity, multiaddr::Protocol};
use nuncio_protocol::ids::PeerKey;

use super::{config::Reach, error::NetError};

/// The code of multihash's identity function, under which an id carries its key whole.
const IDENTITY_HASH: u64 = 0;

/// The libp2p id of a node key.
pub(super) fn to_peer_id(peer: PeerKey) -> Result<PeerId, NetError> {
    let key =
        identity::ed25519::PublicKey::try_from_bytes(peer.as_bytes()).map_err(|_| NetError::NotAKey(peer))?;
    Ok(identity::PublicKey::from(key).to_peer_id())
}

/// The node key of a libp2p id, if it is an Ed25519 one.
pub(super) fn to_peer_key(id: &PeerId) -> Option<PeerKey> {
    let hash = id.as_ref();
    if hash.code() != IDENTITY_HASH {
        return None;
    }
    let key = identity::PublicKey::try_decode_protobuf(hash.digest()).ok()?;
    Some(PeerKey(key.try_into_ed25519().ok()?.to_bytes()))
}

/// Reads a node key in libp2p's spelling (`12D3Koo…`).
#[must_use]
pub fn parse_peer_id(text: &str) -> Option<PeerKey> {
    to_peer_key(&text.parse().ok()?)
}

/// Prints a node key in libp2p's spelling, as it stands after `/p2p/` in an address.
///
/// # Errors
/// The bytes are no Ed25519 public key.
pub fn print_peer_id(peer: PeerKey) -> Result<String, NetError> {
    Ok(to_peer_id(peer)?.to_base58())
}

/// Reads a multiaddr and takes the peer off its end, if it names one.
pub(super) fn parse_address(addr: &str) -> Result<(Multiaddr, Option<PeerId>), NetError> {
    let mut address: Multiaddr = addr.parse().map_err(|e: libp2p::multiaddr::Error| NetError::Address {
        addr: addr.to_owned(),
        reason: e.to_string(),
    })?;
    let peer = take_peer(&mut address);
    Ok((address, peer))
}

/// Takes a final `/p2p/…` off an address.
pub(super) fn take_peer(address: &mut Multiaddr) -> Option<PeerId> {
    let Some(Protocol::P2p(peer)) = address.iter().last() else { return None };
    address.pop();
    Some(peer)
}

/// Whether an address that somebody spreads is worth remembering.
///
/// The transport refuses to dial private ranges anyway where the reach is public; this keeps them
/// out of the books.
pub(super) fn is_worth_keeping(address: &Multiaddr, reach: Reach) -> bool {
    let Some(first) = address.iter().next() else { return false };
    match (first, reach) {
        (Protocol::Ip4(ip), Reach::Local) => !ip.is_unspecified(),
        (Protocol::Ip6(ip), Reach::Local) => !ip.is_unspecified(),
        (Protocol::Ip4(ip), Reach::Public) => {
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast())
        }
        (Protocol::Ip6(ip), Reach::Public) => {
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local())
        }
        (first, _) => matches!(first, Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_key_and_its_libp2p_id_are_the_same_thing() {
        let key = identity::Keypair::generate_ed25519();
        let id = key.public().to_peer_id();
        let peer = to_peer_key(&id).unwrap();
        assert_eq!(peer.0, key.public().try_into_ed25519().unwrap().to_bytes());
        assert_eq!(to_peer_id(peer).unwrap(), id);
        assert_eq!(parse_peer_id(&print_peer_id(peer).unwrap()), Some(peer));
    }

    #[test]
    fn ids_of_other_key_kinds_are_no_node_keys() {
        assert_eq!(parse_peer_id("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"), None);
        assert_eq!(parse_peer_id("hello"), None);
    }

    #[test]
    fn a_public_node_keeps_no_address_inside_its_own_network() {
        for private in [
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/10.1.2.3/tcp/1",
            "/ip4/169.254.169.254/tcp/80",
            "/ip6/::1/tcp/1",
            "/ip6/fd00::1/tcp/1",
        ] {
            assert!(!is_worth_keeping(&private.parse().unwrap(), Reach::Public), "{private}");
            assert!(is_worth_keeping(&private.parse().unwrap(), Reach::Local), "{private}");
        }
        for public in ["/ip4/1.1.1.1/tcp/1", "/ip6/2606:4700::1/tcp/1", "/dns4/example.org/tcp/1"] {
            assert!(is_worth_keeping(&public.parse().unwrap(), Reach::Public), "{public}");
        }
        assert!(!is_worth_keeping(&"/ip4/0.0.0.0/tcp/1".parse().unwrap(), Reach::Local));
    }
}
