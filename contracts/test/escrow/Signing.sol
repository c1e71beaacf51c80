// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {Mandates} from "../../src/Mandates.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {TestUsdc} from "../../src/testing/usdc/TestUsdc.sol";
import {Cancel, Deal, Rating, Release, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Test} from "../base/Test.sol";
import {Claim, EscrowCalls} from "./Calls.sol";

/// @notice What people sign before an escrow, its mandates and its token. The typed data is written out here a second time, so
/// that a changed type in the contracts is a failed test.
abstract contract Signing is Test {
    using EscrowCalls for DealEscrow;

    TestUsdc internal usdc;
    Mandates internal mandates;
    DealEscrow internal escrow;

    function inEscrow(bytes32 structHash) internal view returns (bytes32) {
        return typedDigest(domainSeparator("DealEscrow", "1", address(escrow)), structHash);
    }

    function signDeal(Account memory who, Deal memory d) internal view returns (bytes memory) {
        return sign(who, escrow.dealId(d));
    }

    function fundDigest(Deal memory d) internal view returns (bytes32) {
        return inEscrow(keccak256(abi.encode(keccak256("Fund(bytes32 deal)"), escrow.dealId(d))));
    }

    function signFund(Account memory who, Deal memory d) internal view returns (bytes memory) {
        return sign(who, fundDigest(d));
    }

    function voidDigest(Deal memory d) internal view returns (bytes32) {
        return inEscrow(keccak256(abi.encode(keccak256("Void(bytes32 deal)"), escrow.dealId(d))));
    }

    function signVoid(Account memory who, Deal memory d) internal view returns (bytes memory) {
        return sign(who, voidDigest(d));
    }

    function releaseDigest(Release memory r) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Release(bytes32 deal,uint8 milestone,bytes32 evidence)");
        return inEscrow(keccak256(abi.encode(typeHash, r.deal, r.milestone, r.evidence)));
    }

    function signRelease(Account memory who, Release memory r) internal view returns (bytes memory) {
        return sign(who, releaseDigest(r));
    }

    function cancelDigest(Cancel memory c) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Cancel(bytes32 deal,uint16 sellerBps,uint40 until)");
        return inEscrow(keccak256(abi.encode(typeHash, c.deal, c.sellerBps, c.until)));
    }

    function signCancel(Account memory who, Cancel memory c) internal view returns (bytes memory) {
        return sign(who, cancelDigest(c));
    }

    function receiptDigest(Deal memory d, Claim memory c, uint40 storedAt) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Receipt(bytes32 deal,uint8 milestone,uint8 attempt,bytes32 manifest,uint64 size,uint40 storedAt)"
        );
        bytes32 id = escrow.dealId(d);
        bytes32 hash =
            keccak256(abi.encode(typeHash, id, c.milestone, c.attempt, c.manifest, c.size, storedAt));
        return inEscrow(hash);
    }

    function signReceipt(Account memory who, Deal memory d, Claim memory c, uint40 storedAt)
        internal
        view
        returns (bytes memory)
    {
        return sign(who, receiptDigest(d, c, storedAt));
    }

    function consentDigest(Verdict memory v) internal view returns (bytes32) {
        return inEscrow(keccak256(abi.encode(keccak256("Consent(bytes32 verdict)"), escrow.verdictDigest(v))));
    }

    function signConsent(Account memory who, Verdict memory v) internal view returns (bytes memory) {
        return sign(who, consentDigest(v));
    }

    function appealDigest(Verdict memory v, uint40 until) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Appeal(bytes32 verdict,uint40 until)");
        return inEscrow(keccak256(abi.encode(typeHash, escrow.verdictDigest(v), until)));
    }

    function signAppeal(Account memory who, Verdict memory v, uint40 until)
        internal
        view
        returns (bytes memory)
    {
        return sign(who, appealDigest(v, until));
    }

    function ratingDigest(Rating memory r) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Rating(bytes32 deal,int128 value,bytes32 feedbackHash)");
        return inEscrow(keccak256(abi.encode(typeHash, r.deal, r.value, r.feedbackHash)));
    }

    function signRating(Account memory who, Rating memory r) internal view returns (bytes memory) {
        return sign(who, ratingDigest(r));
    }

    function withdrawalDigest(Withdraw memory w) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Withdraw(address from,address to,uint256 nonce,uint40 until)");
        return inEscrow(keccak256(abi.encode(typeHash, w.from, w.to, w.nonce, w.until)));
    }

    function signWithdrawal(Account memory who, Withdraw memory w) internal view returns (bytes memory) {
        return sign(who, withdrawalDigest(w));
    }

    /// @notice The next call must fail because `signer` has not signed `digest`.
    function expectUnsigned(address signer, bytes32 digest) internal {
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.BadSignature.selector, signer, digest));
    }

    function approvalOf(Account memory principal, bytes32 id, uint40 until)
        internal
        view
        returns (bytes memory)
    {
        bytes32 hash = keccak256(abi.encode(keccak256("Approve(bytes32 deal,uint40 until)"), id, until));
        bytes32 domain = domainSeparator("Mandates", "1", address(mandates));
        return abi.encode(until, sign(principal, typedDigest(domain, hash)));
    }

    /// @notice USDC's authorization for a contract of ours to take `amount` from `who`.
    function authorization(Account memory who, address to, uint256 amount, uint256 validBefore, bytes32 nonce)
        internal
        view
        returns (bytes memory)
    {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 hash = keccak256(abi.encode(typeHash, who.addr, to, amount, 0, validBefore, nonce));
        return sign(who, typedDigest(usdc.DOMAIN_SEPARATOR(), hash));
    }
}
