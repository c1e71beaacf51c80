// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "./Hashes.sol";

/// The head of a call that brings a verdict. From the lowest bit up: milestone 8, round 8, attempt 8, sellerBps 16,
/// signers 32 (bit i: the i-th member has signed), size 8 (members of the panel), nothing 8, marks 8, long 64 (bit k: the
/// k-th signature of the tail has its length before it).
///
/// The tail of a verdict holds, each only where the head says so: the panel, the buyer's consent, the seller's consent, the
/// buyer's rating, the seller's rating. The panel is one piece per member, in order: of a member that signed with its key
/// the 64 bytes of the signature, from which its address is recovered; of one whose signature is long, its address and the
/// signature; of any other its address. The tail of a ruling holds all addresses of the first panel and then the
/// signatures in the order of their bits.
type Ballot is uint256;

using Ballots for Ballot global;

// Pay what is settled now; otherwise it is held for the next payout.
uint256 constant MARK_PUSH = 1;
uint256 constant MARK_BUYER_CONSENTS = 4;
uint256 constant MARK_SELLER_CONSENTS = 8;
// The tail ends with a rating of this side: value 16 bytes, feedback hash 32, signature.
uint256 constant MARK_BUYER_RATES = 16;
uint256 constant MARK_SELLER_RATES = 32;

/// @title The fields of a Ballot
library Ballots {
    function milestone(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) & 0xff;
    }

    function round(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) >> 8 & 0xff;
    }

    function attempt(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) >> 16 & 0xff;
    }

    function sellerBps(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) >> 24 & 0xffff;
    }

    function signers(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) >> 40 & 0xffffffff;
    }

    function size(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) >> 72 & 0xff;
    }

    function marks(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) >> 88 & 0xff;
    }

    function long(Ballot b) internal pure returns (uint256) {
        return Ballot.unwrap(b) >> 96 & type(uint64).max;
    }

    /// @notice The struct hash of the EIP-712 type `Verdict`.
    function structHash(Ballot b, bytes32 deal, bytes32 evidence, bytes32 votes)
        internal
        pure
        returns (bytes32 hash)
    {
        bytes32 typeHash = Hashes.VERDICT;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 0x20), deal)
            mstore(add(m, 0x40), and(b, 0xff))
            mstore(add(m, 0x60), and(shr(8, b), 0xff))
            mstore(add(m, 0x80), and(shr(16, b), 0xff))
            mstore(add(m, 0xa0), and(shr(24, b), 0xffff))
            mstore(add(m, 0xc0), evidence)
            mstore(add(m, 0xe0), votes)
            hash := keccak256(m, 0x100)
        }
    }
}
