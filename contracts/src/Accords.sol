// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccords} from "./interfaces/IAccords.sol";
import {Eip712} from "./law/Eip712.sol";
import {Signatures} from "./law/Signatures.sol";
import {Hashes} from "./types/Hashes.sol";
import {Agreement, Breach, Destroyed, Nda} from "./types/Nda.sol";

/// @title Accords
/// @notice See IAccords. Holds no money and calls nothing but ERC-1271 wallets, by STATICCALL.
contract Accords is IAccords, Eip712 {
    /// @dev One word.
    struct Record {
        uint40 anchoredAt;
        uint40 until;
        uint40 destroyBy;
        bool breachByA; // alleged by a
        bool breachByB;
        bool destroyedByA; // attested by a
        bool destroyedByB;
    }

    mapping(bytes32 nda => Record) private records;
    mapping(bytes32 agreement => uint40) public agreementAnchoredAt;

    constructor() Eip712("Accords") {}

    function anchor(Nda calldata nda, bytes calldata signatureA, bytes calldata signatureB)
        external
        returns (bytes32 id)
    {
        _requireParties(nda.a, nda.b);
        require(nda.from < nda.until, EmptyTerm(nda.from, nda.until));
        require(nda.until <= nda.destroyBy, DestroyByTooEarly(nda.destroyBy, nda.until));
        require(block.timestamp <= nda.anchorBy, AnchorByPassed(nda.anchorBy, block.timestamp));
        id = ndaId(nda);
        uint40 anchoredAt = records[id].anchoredAt;
        require(anchoredAt == 0, AlreadyAnchored(id, anchoredAt));
        _requireSigned(nda.a, id, signatureA);
        _requireSigned(nda.b, id, signatureB);

        Record storage kept = records[id];
        (kept.anchoredAt, kept.until, kept.destroyBy) = (uint40(block.timestamp), nda.until, nda.destroyBy);
        emit Anchored(id, nda.a, nda.b, nda);
    }

    function anchorAgreement(
        Agreement calldata agreement,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external returns (bytes32 id) {
        _requireParties(agreement.a, agreement.b);
        require(block.timestamp <= agreement.anchorBy, AnchorByPassed(agreement.anchorBy, block.timestamp));
        id = agreementDigest(agreement);
        uint40 anchoredAt = agreementAnchoredAt[id];
        require(anchoredAt == 0, AlreadyAnchored(id, anchoredAt));
        _requireSigned(agreement.a, id, signatureA);
        _requireSigned(agreement.b, id, signatureB);

        agreementAnchoredAt[id] = uint40(block.timestamp);
        emit AgreementAnchored(id, agreement.a, agreement.b, agreement);
    }

    function breach(Nda calldata nda, Breach calldata b, address by, bytes calldata signature) external {
        Record storage kept = _anchored(nda, b.nda);
        bool byA = _isA(nda, by);
        require(!(byA ? kept.breachByA : kept.breachByB), AlreadyRecorded(b.nda, by));
        _requireSigned(by, breachDigest(b), signature);

        if (byA) kept.breachByA = true;
        else kept.breachByB = true;
        emit BreachAlleged(b.nda, by, b.evidence);
    }

    function destroyed(Nda calldata nda, Destroyed calldata d, address by, bytes calldata signature)
        external
    {
        Record storage kept = _anchored(nda, d.nda);
        bool byA = _isA(nda, by);
        require(!(byA ? kept.destroyedByA : kept.destroyedByB), AlreadyRecorded(d.nda, by));
        _requireSigned(by, destroyedDigest(d), signature);

        if (byA) kept.destroyedByA = true;
        else kept.destroyedByB = true;
        emit DestructionAttested(d.nda, by, d.attestation);
    }

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
        )
    {
        Record storage kept = records[nda];
        (anchoredAt, until, destroyBy) = (kept.anchoredAt, kept.until, kept.destroyBy);
        (breachByA, breachByB) = (kept.breachByA, kept.breachByB);
        (destroyedByA, destroyedByB) = (kept.destroyedByA, kept.destroyedByB);
    }

    function ndaId(Nda calldata nda) public view returns (bytes32) {
        return _digest(Hashes.nda(nda));
    }

    function agreementDigest(Agreement calldata agreement) public view returns (bytes32) {
        return _digest(Hashes.agreement(agreement));
    }

    function breachDigest(Breach calldata b) public view returns (bytes32) {
        return _digest(Hashes.breach(b));
    }

    function destroyedDigest(Destroyed calldata d) public view returns (bytes32) {
        return _digest(Hashes.destroyed(d));
    }

    function domainSeparator() external view returns (bytes32) {
        return _domain();
    }

    function _requireParties(address a, address b) private pure {
        require(a != address(0) && b != address(0), ZeroAddress());
        require(a != b, SameParty(a));
    }

    function _anchored(Nda calldata nda, bytes32 named) private view returns (Record storage kept) {
        bytes32 id = ndaId(nda);
        require(id == named, WrongNda(named, id));
        kept = records[id];
        require(kept.anchoredAt != 0, NotAnchored(id));
    }

    function _isA(Nda calldata nda, address by) private pure returns (bool) {
        require(by == nda.a || by == nda.b, NotAParty(by));
        return by == nda.a;
    }

    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) private view {
        require(Signatures.signed(signer, digest, signature), BadSignature(signer, digest));
    }
}
