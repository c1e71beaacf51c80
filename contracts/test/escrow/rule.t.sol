// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {AppealEnd, Cause, Deal, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {Court} from "./Court.sol";
import {Slot} from "./Slots.sol";

/// rule
/// ├── a ruling settles: the loser's deposit pays the jurors, an overturned panel loses its fee
/// ├── silence, also of the jury contract: the earlier verdict stands and the deposit returns
/// ├── an appeal that nobody pursued: the verdict stands and the deposit goes to the other side
/// └── when there is no ruling yet, or the jurors are not the ruling's
contract RuleTest is Court {
    using EscrowCalls for DealEscrow;

    function setUp() public override {
        super.setUp();
        deposited(sellerPrincipal.addr, 100 * ONE);
    }

    function test_a_seller_that_wins_is_paid_and_the_buyers_reserve_pays_the_jurors() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        address[] memory court = ruled(d, 10_000, 1);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(v.deal, 0, AppealEnd.Ruled, 7 * ONE, 7 * ONE, 0);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Settled(v.deal, outcome(0, Cause.Ruled, 1, 0, 10_000, [54 * ONE, 0]));
        escrow.rule(d, court);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "milestone and deposit");
        for (uint256 i = 0; i < court.length; ++i) {
            assertEq(escrow.credit(court[i]), 1_400_000, "a fifth of seven");
        }
        (uint32 signers,) = escrow.signersOf(v.deal, 0);
        assertEq(signers, 0, "the overturned panel lost that fee");
        assertEq(slotOf(v.deal).left, 129 * ONE, "the reserve is gone");
        assertConserved(v.deal);
    }

    function test_a_seller_that_loses_pays_the_jurors() external {
        (Deal memory d, Verdict memory v) = pending(5000);
        appealed(d, v, seller);
        escrow.rule(d, ruled(d, 5000, 1));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 27 * ONE, "half, and no deposit");
        (uint32 signers,) = escrow.signersOf(v.deal, 0);
        assertEq(signers, 7, "a confirmed panel keeps its fee");
        assertConserved(v.deal);
    }

    function test_a_buyer_that_loses_has_no_reserve_left_and_pays_the_next_deposit_from_credit() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        escrow.rule(d, ruled(d, 10_000, 1));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "paid");
        assertEq(slotOf(v.deal).left, 129 * ONE, "the reserve is gone");
        Verdict memory second = verdictOn(d, 1, 10_000);
        judged(d, second);
        appealed(d, second, buyer);
        assertEq(escrow.credit(buyerPrincipal.addr), 803 * ONE, "credit");
        assertEq(slotOf(v.deal).left, 136 * ONE, "refilled");
        assertConserved(v.deal);
    }

    function test_a_buyer_that_wins_is_refunded_and_the_bond_pays_the_jurors() external {
        Deal memory d = terms();
        d.sellerBond = 10 * ONE;
        opened(d);
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        appealed(d, v, buyer);
        escrow.rule(d, ruled(d, 0, 1));
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "refunded");
        Slot memory s = slotOf(v.deal);
        assertEq(s.left, 139 * ONE, "two milestones, both fees, three of the bond");
        assertTrue(s.bondSpent && !s.reserveSpent, "the bond paid");
        assertConserved(v.deal);
    }

    function test_without_a_bond_the_winning_buyers_deposit_pays_the_jurors() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        address[] memory court = ruled(d, 0, 1);
        escrow.rule(d, court);
        assertEq(escrow.credit(court[0]), 1_400_000, "jurors are paid");
        assertTrue(slotOf(v.deal).reserveSpent, "by the appellant");
        assertConserved(v.deal);
    }

    function test_there_is_no_ruling_before_there_is_one() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        uint256 stands = block.timestamp + APPEAL_LIMIT;
        address[] memory nobody = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 0, stands));
        escrow.rule(d, nobody);
        requested(d);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 1, stands));
        escrow.rule(d, nobody);
    }

    function test_the_jurors_are_the_ones_of_the_ruling() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        address[] memory court = ruled(d, 10_000, 1);
        court[0] = stranger.addr;
        vm.expectPartialRevert(IDealEscrow.WrongSigners.selector);
        escrow.rule(d, court);
    }

    function test_silence_never_beats_the_verdict() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        requested(d);
        silent(d);
        silent(d);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(v.deal, 0, AppealEnd.Silent, 0, 7 * ONE, 0);
        escrow.rule(d, new address[](0));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "the verdict stood");
        assertTrue(!slotOf(v.deal).reserveSpent, "the deposit returned");
        assertConserved(v.deal);
    }

    function test_after_the_limit_the_verdict_stands_whatever_the_jury_says() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        requested(d);
        vm.warp(block.timestamp + APPEAL_LIMIT);
        escrow.rule(d, new address[](0));
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "the fail stood");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 7 * ONE, "the deposit returned");
        assertConserved(v.deal);
    }

    function test_an_appeal_that_nobody_pursues_costs_its_deposit() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        vm.warp(block.timestamp + APPEAL_LIMIT - 1);
        address[] memory nobody = new address[](0);
        vm.expectPartialRevert(IDealEscrow.NoRuling.selector);
        escrow.rule(d, nobody);
        vm.warp(block.timestamp + 1);
        escrow.rule(d, nobody);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "milestone and the buyer's deposit");
        assertConserved(v.deal);
    }

    function test_a_hostile_jury_only_delays_until_the_limit() external {
        Deal memory d = terms();
        d.jury = address(new HostileJury());
        opened(d);
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        address[] memory nobody = new address[](0);
        vm.expectPartialRevert(IDealEscrow.NoRuling.selector);
        escrow.rule(d, nobody);
        vm.warp(block.timestamp + APPEAL_LIMIT);
        escrow.rule(d, nobody);
        assertEq(slotOf(v.deal).done, 1, "done");
        assertConserved(v.deal);
    }
}

/// @notice A jury that burns all the gas it is given.
contract HostileJury {
    function ruling(bytes32, uint8) external pure returns (uint256) {
        while (true) {}
        return 0;
    }
}
