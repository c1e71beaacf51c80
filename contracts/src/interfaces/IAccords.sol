// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Agreement, Breach, Destroyed, Nda} from "../types/Nda.sol";

/// @title Accords: NDAs and agreements without money
/// @notice Keeps when an accord was anchored and what became of it; the terms are in the event, as hashes and numbers.
/// EIP-712 domain: "Accords", "1". Anyone may send; signatures decide. Nothing said under an NDA is ever here.
interface IAccords {
    event Anchored(bytes32 indexed nda, address indexed a, address indexed b, Nda terms);
    event AgreementAnchored(bytes32 indexed agreement, address indexed a, address indexed b, Agreement terms);
    /// @notice `by` alleges that the other side broke the NDA. An allegation, nothing more.
    event BreachAlleged(bytes32 indexed nda, address indexed by, bytes32 evidence);
    /// @notice `by` attests that it has destroyed what it had to.
    event DestructionAttested(bytes32 indexed nda, address indexed by, bytes32 attestation);

    error ZeroAddress();
    error SameParty(address party);
    error AlreadyAnchored(bytes32 id, uint40 anchoredAt);
    error NotAnchored(bytes32 id);
    error AnchorByPassed(uint40 anchorBy, uint256 timestamp);
    error EmptyTerm(uint40 from, uint40 until);
    error DestroyByTooEarly(uint40 destroyBy, uint40 until);
    error WrongNda(bytes32 named, bytes32 computed);
    error NotAParty(address account);
    error AlreadyRecorded(bytes32 nda, address by);
    error BadSignature(address signer, bytes32 digest);

    /// @notice Anchors an NDA that both sides signed, once, no later than `anchorBy`, so that a leaked signature ends.
    /// @return id the NdaId, EIP-712 digest of `nda`.
    function anchor(Nda calldata nda, bytes calldata signatureA, bytes calldata signatureB)
        external
        returns (bytes32 id);

    /// @notice Anchors an agreement without escrow that both sides signed.
    function anchorAgreement(
        Agreement calldata agreement,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external returns (bytes32 id);

    /// @notice Records `by`'s allegation of a breach, once per side.
    function breach(Nda calldata nda, Breach calldata b, address by, bytes calldata signature) external;

    /// @notice Records `by`'s attestation of destruction, once per side.
    function destroyed(Nda calldata nda, Destroyed calldata d, address by, bytes calldata signature) external;

    /// @notice What is kept of an NDA; `anchoredAt` 0 when it was never anchored.
    function record(bytes32 nda)
        external
        view
        returns (
            uint40 anchoredAt,
            uint40 until,
            uint40 destroyBy,
            bool breachByA,
            bool breachByB,
            bool destroyedByA,
            bool destroyedByB
        );

    /// @notice When an agreement was anchored, 0 for never.
    function agreementAnchoredAt(bytes32 id) external view returns (uint40);

    /// @notice EIP-712 digests, for golden vectors.
    function ndaId(Nda calldata nda) external view returns (bytes32);
    function agreementDigest(Agreement calldata agreement) external view returns (bytes32);
    function breachDigest(Breach calldata b) external view returns (bytes32);
    function destroyedDigest(Destroyed calldata d) external view returns (bytes32);
    function domainSeparator() external view returns (bytes32);
}
