// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {Mandates} from "../../src/Mandates.sol";
import {Cancel, Deal, Rating, Release, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Mandate, Revoke} from "../../src/types/Mandate.sol";
import {Claim, EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";

/// @notice A stranger through whom every call goes to which the sender does not matter. It owns nothing and signs
/// nothing, so whatever it brings about, the signatures in its hands allowed.
contract Desk {
    using MandateCalls for Mandates;
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    DealEscrow private immutable escrow;
    JuryPool private immutable jury;
    Mandates private immutable mandates;

    constructor(DealEscrow escrow_, JuryPool jury_, Mandates mandates_) {
        (escrow, jury, mandates) = (escrow_, jury_, mandates_);
    }

    function openWithAuthorization(Deal memory d, bytes memory money, bytes memory sellers)
        external
        returns (bytes32)
    {
        return escrow.openWithAuthorization(d, money, sellers);
    }

    function openFromCredit(Deal memory d, bytes memory buyers, bytes memory sellers)
        external
        returns (bytes32)
    {
        return escrow.openFromCredit(d, buyers, sellers);
    }

    function openFromMandatedCredit(
        Deal memory d,
        bytes memory buyers,
        bytes memory sellers,
        bytes memory approval
    ) external returns (bytes32) {
        return escrow.openFromMandatedCredit(d, buyers, sellers, approval);
    }

    function voidDeal(Deal memory d, address by, bytes memory signature) external {
        escrow.voidDeal(d, by, signature);
    }

    function release(Deal memory d, Release memory r, bytes memory signature, bool push) external {
        escrow.release(d, r, signature, push);
    }

    function cancel(Deal memory d, Cancel memory c, bytes memory buyers, bytes memory sellers) external {
        escrow.cancel(d, c, buyers, sellers);
    }

    function claim(Deal memory d, Claim memory c) external {
        escrow.claim(d, c);
    }

    function verdict(
        Deal memory d,
        Verdict memory v,
        Votes memory votes,
        bytes memory buyers,
        bytes memory sellers,
        bool push
    ) external {
        escrow.verdict(d, v, votes, buyers, sellers, push);
    }

    function cosign(Deal memory d, Verdict memory v, Votes memory votes) external {
        escrow.cosign(d, v, votes);
    }

    function consent(Deal memory d, Verdict memory v, bytes memory buyers, bytes memory sellers) external {
        escrow.consent(d, v, buyers, sellers);
    }

    function payout(Deal memory d) external {
        escrow.payout(d);
    }

    function payoutMany(Deal[] memory deals) external {
        escrow.payoutMany(deals);
    }

    function releaseMany(Deal[] memory deals, Release[] memory r, bytes[] memory signatures, bool push)
        external
    {
        bytes[] memory calls = new bytes[](deals.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            calls[i] = escrow.releaseCall(deals[i], r[i], signatures[i], push);
        }
        escrow.settleMany(calls);
    }

    function timeout(Deal memory d, uint8 milestone) external {
        escrow.timeout(d, milestone);
    }

    function payJurors(Deal memory d, address[] memory panel) external {
        escrow.payJurors(d, panel);
    }

    function rate(Deal memory d, Rating memory r, address by, bytes memory signature) external {
        escrow.rate(d, r, by, signature);
    }

    function appeal(Deal memory d, Verdict memory v, uint40 until, address by, bytes memory signature)
        external
    {
        escrow.appeal(d, v, until, by, signature);
    }

    function ruleOn(Deal memory d) external {
        escrow.rule(d);
    }

    function withdrawFor(Withdraw memory w, bytes memory signature) external {
        escrow.withdrawFor(w, signature);
    }

    function request(Deal memory d, uint40 seats) external {
        jury.request(d, seats);
    }

    function appealAtJury(
        Deal memory d,
        Verdict memory v,
        uint40 until,
        address by,
        bytes memory signature,
        uint40 seats
    ) external {
        jury.appeal(d, v, until, by, signature, seats);
    }

    function testify(
        Deal memory d,
        address[] memory panel,
        Verdict memory v,
        uint8 index,
        bytes memory signature
    ) external {
        jury.testify(d, panel, v, index, signature);
    }

    function ruleAtJury(Deal memory d, Verdict memory v, Votes memory votes) external {
        jury.rule(d, v, votes);
    }

    function redraw(Deal memory d, uint8 milestone, address[] memory panel) external {
        jury.redraw(d, milestone, panel);
    }

    function slash(
        uint40 seat,
        Verdict memory a,
        bytes memory signatureA,
        Verdict memory b,
        bytes memory signatureB
    ) external {
        jury.slash(seat, a, signatureA, b, signatureB);
    }

    function withdrawStake(uint40 seat) external {
        jury.withdrawStake(seat);
    }

    function collect(address to) external {
        jury.collect(to);
    }

    function grant(Mandate memory m, bytes memory principals, bytes memory agents) external {
        mandates.grant(m, principals, agents);
    }

    function revoke(Revoke memory r, address principal, bytes memory signature) external {
        mandates.revoke(r, principal, signature);
    }
}
