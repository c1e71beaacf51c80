// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Cause, Deal, Release, Status, Verdict} from "../../src/types/Deal.sol";
import {Claim, EscrowCalls} from "./Calls.sol";
import {Slot} from "./Slots.sol";
import {World} from "./World.sol";

/// release
/// ├── pays one milestone at once, or holds it for one payout
/// ├── after the last milestone closes the deal and returns the fees to the buyer's payee
/// ├── takes precedence over a pending verdict and over an appeal, whose deposit goes back
/// ├── a blacklisted payee is credited, and blocks nobody
/// └── when the milestone is settled or does not exist, or the signature is another's
contract ReleaseTest is World {
    using EscrowCalls for DealEscrow;

    function test_a_release_pays_the_sellers_payee() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Released(
            id, outcome(0, Cause.Released, 0, 0, 10_000, [54 * ONE, 0]) | PAID_OUT, sha256("evidence")
        );
        released(d, 0, true);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "paid");
        assertEq(slotOf(id).left, 136 * ONE, "left");
        assertConserved(id);
    }

    function test_held_releases_are_paid_in_one_transfer_which_closes_the_deal() external {
        (Deal memory d, bytes32 id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, false);
        }
        assertEq(slotOf(id).held, 180 * ONE, "held");
        assertStatus(id, Status.Open);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Closed(id, 180 * ONE | uint256(10 * ONE) << 64);
        escrow.payout(d);
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 180 * ONE, "seller's payee");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 10 * ONE, "unused fees");
        assertEq(usdc.balanceOf(address(escrow)), 810 * ONE, "escrow");
    }

    function test_eight_milestones_in_any_order_come_out_to_the_micro_usdc() external {
        Deal memory d = terms();
        d.amounts = uint256(1) | uint256(2) << 64 | uint256(3) << 128 | uint256(4) << 192;
        d.amounts2 = uint256(5) | uint256(6) << 64 | uint256(7) << 128 | uint256(8) << 192;
        bytes32 id = opened(d);
        for (uint8 i = 8; i > 0; --i) {
            released(d, i - 1, true);
        }
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 36, "seller's payee");
    }

    function test_the_bond_goes_back_to_the_sellers_payee() external {
        deposited(sellerPrincipal.addr, 20 * ONE);
        Deal memory d = terms();
        d.sellerBond = 20 * ONE;
        bytes32 id = opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, true);
        }
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 200 * ONE, "with the bond");
        assertConserved(id);
    }

    function test_the_buyer_can_give_its_money_although_a_verdict_is_pending() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 0));
        released(d, 0, true);
        Slot memory s = slotOf(id);
        assertStatus(id, Status.Open);
        assertEq(s.done, 1, "done");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "paid");
    }

    function test_a_release_under_appeal_returns_the_sellers_deposit() external {
        deposited(sellerPrincipal.addr, 7 * ONE);
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        released(d, 0, true);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "milestone and deposit");
        assertStatus(id, Status.Open);
        assertConserved(id);
    }

    function test_a_final_fail_is_not_released_any_more() external {
        (Deal memory d,) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 0));
        vm.warp(NOW + 1 days + WINDOW);
        Release memory r = Release(escrow.dealId(d), 0, 0);
        bytes memory signature = signRelease(buyer, r);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
        escrow.release(d, r, signature, true);
    }

    function test_a_blacklisted_payee_is_credited_and_the_deal_goes_on() external {
        (Deal memory d, bytes32 id) = openedTerms();
        blacklisted(sellerPrincipal.addr);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Credited(sellerPrincipal.addr, id, 54 * ONE | uint256(1) << 64);
        released(d, 0, true);
        assertEq(escrow.credit(sellerPrincipal.addr), 54 * ONE, "credit");
        released(d, 1, true);
        released(d, 2, true);
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 10 * ONE, "the buyer is not affected");
        assertConserved(id);
    }

    function test_only_the_buyers_signature_for_this_deal_and_milestone_counts() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Release memory r = Release(id, 0, 0);
        bytes memory sellers = signRelease(seller, r);
        bytes memory buyers = signRelease(buyer, r);
        expectUnsigned(buyer.addr, releaseDigest(r));
        escrow.release(d, r, sellers, true);
        expectUnsigned(buyer.addr, releaseDigest(r));
        escrow.release(d, r, malleated(buyers), true);
        r.milestone = 1;
        expectUnsigned(buyer.addr, releaseDigest(r));
        escrow.release(d, r, buyers, true);
        r.milestone = 3;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoSuchMilestone.selector, 3, 3));
        escrow.release(d, r, buyers, true);
        r = Release(keccak256("other"), 0, 0);
        buyers = signRelease(buyer, r);
        expectUnsigned(buyer.addr, releaseDigest(Release(id, 0, 0)));
        escrow.release(d, r, buyers, true);
    }

    function test_a_milestone_is_released_once() external {
        (Deal memory d, bytes32 id) = openedTerms();
        released(d, 0, false);
        Release memory r = Release(id, 0, sha256("evidence"));
        bytes memory signature = signRelease(buyer, r);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
        escrow.release(d, r, signature, true);
    }

    function test_a_signature_counts_on_its_own_chain_only() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Release memory r = Release(id, 0, 0);
        bytes memory signature = signRelease(buyer, r);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Open));
        escrow.release(d, r, signature, true);
    }

    function test_a_closed_deal_takes_nothing_any_more() external {
        (Deal memory d, bytes32 id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, true);
        }
        bytes memory closed =
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Closed, Status.Open);
        bytes memory signature = signRelease(buyer, Release(id, 0, 0));
        vm.expectRevert(closed);
        escrow.release(d, Release(id, 0, 0), signature, true);
        Cancel memory c = Cancel(id, 0, NOW);
        signature = signCancel(seller, c);
        vm.expectRevert(closed);
        escrow.cancel(d, c, "", signature);
        vm.expectRevert(closed);
        escrow.payout(d);
        vm.expectRevert(closed);
        escrow.timeout(d, 0);
        vm.expectRevert(closed);
        escrow.rule(d);
        Claim memory claim = claimOf(d, 0);
        vm.expectRevert(closed);
        escrow.claim(d, claim);
    }

    function test_a_verdict_on_an_earlier_or_a_later_milestone_goes_on_waiting() external {
        (Deal memory d, bytes32 id) = openedTerms();
        judged(d, verdictOn(d, 1, 10_000));
        uint256 until = block.timestamp + WINDOW;
        uint8[2] memory others = [0, 2];
        for (uint256 i = 0; i < 2; ++i) {
            released(d, others[i], true);
            Slot memory s = slotOf(id);
            assertEq(uint256(s.status), uint256(Status.Pending), "pending");
            assertEq(s.pendingMilestone, 1, "milestone");
            assertEq(s.challengeUntil, until, "until when");
        }
    }
}
