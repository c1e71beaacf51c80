// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// consent
/// ├── ends the window of the pending verdict and pays
/// └── when a needed consent is missing, or it is for another verdict, or none is pending
contract ConsentTest is World {
    using EscrowCalls for DealEscrow;

    function test_the_losers_consent_ends_the_window() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        escrow.consent(d, v, "", signConsent(seller, v));
        assertStatus(id, Status.Open);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "refunded");
    }

    function test_a_split_needs_both() external {
        (Deal memory d,) = openedTerms();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 5000);
        judged(d, v);
        bytes memory sellers = signConsent(seller, v);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.ConsentMissing.selector, 5000));
        escrow.consent(d, v, "", sellers);
        escrow.consent(d, v, signConsent(buyer, v), sellers);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 27 * ONE, "half");
    }

    function test_consent_names_the_verdict_that_is_pending() external {
        (Deal memory d,) = openedTerms();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        bytes memory early = signConsent(seller, v);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Pending));
        escrow.consent(d, v, "", early);
        judged(d, v);
        v.evidence = sha256("other evidence");
        bytes memory other = signConsent(seller, v);
        bytes32 digest = escrow.verdictDigest(v);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotThePendingVerdict.selector, digest));
        escrow.consent(d, v, "", other);
    }

    function test_the_winner_alone_ends_no_window() external {
        (Deal memory d,) = openedTerms();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        bytes memory buyers = signConsent(buyer, v);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.ConsentMissing.selector, 0));
        escrow.consent(d, v, buyers, "");
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.ConsentMissing.selector, 0));
        escrow.consent(d, v, "", "");
    }

    function test_under_appeal_there_is_nothing_to_consent_to() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        appealed(d, v, buyer);
        bytes memory buyers = signConsent(buyer, v);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Appealed, Status.Pending)
        );
        escrow.consent(d, v, buyers, "");
    }

    function test_without_a_jury_fee_the_outcome_alone_is_compared() external {
        Deal memory d = terms();
        d.juryFee = 0;
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        v.sellerBps = 9999;
        bytes memory buyers = signConsent(buyer, v);
        bytes32 digest = escrow.verdictDigest(v);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotThePendingVerdict.selector, digest));
        escrow.consent(d, v, buyers, "");
        v.sellerBps = 10_000;
        escrow.consent(d, v, signConsent(buyer, v), "");
        assertEq(slotOf(id).done, 1, "done");
    }
}
