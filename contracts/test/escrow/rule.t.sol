// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {AppealEnd, Cause, Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {Hostile} from "../attacks/Hostile.sol";
import {EscrowCalls, JuryCalls} from "./Calls.sol";
import {Court} from "./Court.sol";
import {Slot} from "./Slots.sol";

/// rule
/// ├── a ruling settles: the loser's deposit pays the jurors, an overturned panel loses its fee
/// ├── silence, also of the jury contract: the earlier verdict stands and the deposit returns
/// ├── an appeal that nobody pursued: the verdict stands and the deposit goes to the other side
/// └── when there is no ruling yet, or the jurors are not the ruling's
contract RuleTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

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
        uint256 ruling = uint256(keccak256(abi.encodePacked(court))) >> 32;
        court[0] = stranger.addr;
        uint256 given = uint256(keccak256(abi.encodePacked(court))) >> 32;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongSigners.selector, given, ruling));
        escrow.rule(d, court);
        (court[0], court[1]) = (court[1], court[0]);
        given = uint256(keccak256(abi.encodePacked(court))) >> 32;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongSigners.selector, given, ruling));
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

    function test_only_a_deal_under_appeal_is_ruled_on() external {
        (Deal memory d,) = pending(0);
        address[] memory nobody = new address[](0);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Pending, Status.Appealed)
        );
        escrow.rule(d, nobody);
        d.meta.salt = 2;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Open));
        escrow.rule(d, nobody);
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

    function test_a_ruling_that_was_made_counts_whenever_it_is_brought() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        address[] memory court = ruled(d, 10_000, 1);
        vm.warp(block.timestamp + APPEAL_LIMIT);
        uint256 ruling = uint256(keccak256(abi.encodePacked(court))) >> 32;
        uint256 nobody = uint256(keccak256("")) >> 32;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongSigners.selector, nobody, ruling));
        escrow.rule(d, new address[](0)); // the earlier verdict does not stand any more
        escrow.rule(d, court);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "as it was ruled");
        assertConserved(v.deal);
    }

    function test_an_appeal_that_nobody_pursues_costs_its_deposit() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        uint256 standsFrom = block.timestamp + APPEAL_LIMIT;
        vm.warp(standsFrom - 1);
        address[] memory nobody = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 0, standsFrom));
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
        uint256 standsFrom = block.timestamp + APPEAL_LIMIT;
        address[] memory nobody = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 0, standsFrom));
        escrow.rule(d, nobody);
        vm.warp(standsFrom);
        escrow.rule(d, nobody);
        assertEq(slotOf(v.deal).done, 1, "done");
        assertConserved(v.deal);
    }

    /// @notice A jury that rules at once, for nobody's pay.
    function ruledByAnother(uint16 verdict_, uint16 ruling_, Account memory by, uint64 bond)
        private
        returns (Deal memory d, bytes32 id)
    {
        uint256 nobody = uint256(keccak256("")) >> 32 << 32;
        Hostile court = new Hostile(bytes32(nobody | uint256(ruling_) << 8 | uint256(AppealStatus.Ruled)));
        d = terms();
        (d.jury, d.appealFee, d.juryFee, d.sellerBond) = (address(court), 0, 0, bond);
        id = opened(d);
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, verdict_);
        judged(d, v);
        appealed(d, v, by);
        escrow.rule(d, new address[](0));
    }

    function test_where_an_appeal_costs_nothing_neither_reserve_nor_bond_is_spent() external {
        (, bytes32 id) = ruledByAnother(0, 10_000, seller, 10 * ONE);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "the milestone");
        assertTrue(!slotOf(id).reserveSpent && !slotOf(id).bondSpent, "nothing is spent");
        assertConserved(id);
        vm.warp(NOW);
        (, id) = ruledByAnother(10_000, 0, buyer, 10 * ONE);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "the milestone");
        assertTrue(!slotOf(id).reserveSpent && !slotOf(id).bondSpent, "nothing is spent");
        vm.warp(NOW);
        (, id) = ruledByAnother(10_000, 10_000, buyer, 0);
        assertTrue(!slotOf(id).reserveSpent, "nothing is spent");
    }

    function test_a_buyer_whose_bond_has_paid_once_pays_from_its_own_deposit() external {
        Deal memory d = terms();
        d.sellerBond = 30 * ONE;
        opened(d);
        vm.warp(NOW + 1 days);
        for (uint8 i = 0; i < 2; ++i) {
            Verdict memory v = verdictOn(d, i, 10_000);
            judged(d, v);
            appealed(d, v, buyer);
            requestedOn(d, i);
            Verdict memory ruling = verdictOn(d, i, 0);
            ruling.round = 1;
            jury.rule(d, ruling, votesOfCourt(d, ruling, 31));
            escrow.rule(d, courtOf(d, i));
            Slot memory s = slotOf(v.deal);
            assertTrue(s.bondSpent && s.reserveSpent == (i == 1), "the bond once, then the reserve");
            assertConserved(v.deal);
        }
        released(d, 2, true);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 86 * ONE, "63 and what is left of the bond");
    }

    function requestedOn(Deal memory d, uint8 milestone) private {
        requested(d);
        uint64 round = uint64(jury.appealOf(escrow.dealId(d), milestone).round);
        vm.warp(block.timestamp + 3 hours);
        beacon.prove(round, abi.encode(round));
    }

    function courtOf(Deal memory d, uint8 milestone) private returns (address[] memory court) {
        uint40[] memory seats = jury.drawn(d, milestone, panel());
        court = new address[](5);
        for (uint256 i = 0; i < 5; ++i) {
            court[i] = holderOf(seats[i]).addr;
        }
    }
}

/// @notice A jury that burns all the gas it is given.
contract HostileJury {
    function ruling(bytes32, uint8) external pure returns (uint256) {
        while (true) {}
        return 0;
    }
}
