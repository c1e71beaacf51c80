// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A mutual NDA. Field order is the EIP-712 type `Nda`; its digest in the domain of Accords is the NdaId.
struct Nda {
    address a;
    address b;
    bytes32 terms; // SHA-256 id of the NDA paper
    uint64 scopes;
    uint40 from;
    uint40 until;
    uint40 destroyBy;
    uint40 anchorBy; // last second at which it may be anchored
    uint16 jurisdiction;
    uint256 salt;
}

/// An agreement that moves no money through an escrow. EIP-712 type
/// `Agreement(address a,address b,bytes32 agreement,bytes32 nda,uint40 anchorBy,uint256 salt)`, domain of Accords.
struct Agreement {
    address a;
    address b;
    bytes32 agreement; // SHA-256 id of the signed agreement
    bytes32 nda; // NdaId, zero when there is none
    uint40 anchorBy;
    uint256 salt;
}

struct Breach {
    bytes32 nda;
    bytes32 evidence;
}

struct Destroyed {
    bytes32 nda;
    bytes32 attestation;
}
