// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {AppealEnd, Cause, Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls, JuryCalls, Votes} from "./Calls.sol";
import {Court} from "./Court.sol";
import {Slot} from "./Slots.sol";

/// settleRuling
/// ├── a ruling settles: the loser's deposit pays the jurors, an overturned panel loses its fee
/// ├── any account that both parties named may rule, in their deal alone
/// └── when another sends it, nothing is under appeal, or it is on another milestone or over the whole
/// rule
/// ├── silence, also of the jury contract: the earlier verdict stands and the deposit returns
/// ├── an appeal that nobody pursued: the verdict stands and the deposit goes to the other side
/// └── when there may still be a ruling
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
        address[] memory court = heard(d, 1);
        Verdict memory ruling = courtVerdict(d, 10_000, 1);
        Votes memory votes = votesOfCourt(d, ruling, 31);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(v.deal, 0, AppealEnd.Ruled, 7 * ONE, 7 * ONE, 0);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Settled(v.deal, outcome(0, Cause.Ruled, 1, 0, 10_000, [54 * ONE, 0]));
        jury.rule(d, ruling, votes);
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
        ruled(d, 5000, 1);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 27 * ONE, "half, and no deposit");
        (uint32 signers,) = escrow.signersOf(v.deal, 0);
        assertEq(signers, 7, "a confirmed panel keeps its fee");
        assertConserved(v.deal);
    }

    function test_a_buyer_that_loses_has_no_reserve_left_and_pays_the_next_deposit_from_credit() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        ruled(d, 10_000, 1);
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
        ruled(d, 0, 1);
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
        assertEq(escrow.credit(court[0]), 1_400_000, "jurors are paid");
        assertTrue(slotOf(v.deal).reserveSpent, "by the appellant");
        assertConserved(v.deal);
    }

    function test_there_is_no_ruling_before_there_is_one() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        uint256 stands = block.timestamp + APPEAL_LIMIT;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 0, stands));
        escrow.rule(d);
        requested(d);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 1, stands));
        escrow.rule(d);
    }

    function test_nobody_but_the_jury_of_the_terms_settles_a_ruling() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        Verdict memory ruling = courtVerdict(d, 10_000, 1);
        address[] memory nobody = new address[](0);
        address[4] memory others = [stranger.addr, seller.addr, jurors[0].addr, address(escrow)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotTheJury.selector, others[i], address(jury)));
            vm.prank(others[i]);
            escrow.settleRuling(d, ruling, nobody);
        }
    }

    function test_the_escrow_itself_as_the_jury_cannot_be_made_to_rule_by_a_batch() external {
        Deal memory d = terms();
        d.jury = address(escrow);
        opened(d);
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        bytes[] memory calls = new bytes[](1);
        calls[0] = bytes.concat(IDealEscrow.settleRuling.selector);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.NotBatchable.selector, IDealEscrow.settleRuling.selector)
        );
        escrow.settleMany(calls);
    }

    function test_a_ruling_is_on_the_milestone_under_appeal_and_at_most_everything() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        address[] memory nobody = new address[](0);
        Verdict memory ruling = courtVerdict(d, 10_001, 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.BpsTooHigh.selector, 10_001, 10_000));
        vm.prank(address(jury));
        escrow.settleRuling(d, ruling, nobody);
        (ruling.milestone, ruling.sellerBps) = (1, 10_000);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongMilestone.selector, 1, 0));
        vm.prank(address(jury));
        escrow.settleRuling(d, ruling, nobody);
    }

    function test_a_ruling_needs_an_appeal() external {
        (Deal memory d,) = pending(0);
        Verdict memory ruling = courtVerdict(d, 10_000, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Pending, Status.Appealed)
        );
        vm.prank(address(jury));
        escrow.settleRuling(d, ruling, new address[](0));
    }

    function test_a_ruling_on_a_milestone_that_was_settled_meanwhile_settles_no_other() external {
        Deal memory d = terms();
        opened(d);
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        heard(d, 1);
        Verdict memory ruling = courtVerdict(d, 10_000, 1);
        Votes memory votes = votesOfCourt(d, ruling, 31);
        released(d, 0, true);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Appealed)
        );
        jury.rule(d, ruling, votes);
        v = verdictOn(d, 1, 10_000);
        judged(d, v);
        appealed(d, v, buyer);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongMilestone.selector, 0, 1));
        jury.rule(d, ruling, votes);
    }

    function test_silence_never_beats_the_verdict() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        requested(d);
        silent(d);
        silent(d);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(v.deal, 0, AppealEnd.Silent, 0, 7 * ONE, 0);
        escrow.rule(d);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "the verdict stood");
        assertTrue(!slotOf(v.deal).reserveSpent, "the deposit returned");
        assertConserved(v.deal);
    }

    function test_only_a_deal_under_appeal_is_ruled_on() external {
        (Deal memory d,) = pending(0);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Pending, Status.Appealed)
        );
        escrow.rule(d);
        d.meta.salt = 2;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Open));
        escrow.rule(d);
    }

    function test_after_the_limit_the_verdict_stands_whatever_the_jury_says() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        requested(d);
        vm.warp(block.timestamp + APPEAL_LIMIT);
        escrow.rule(d);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "the fail stood");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 7 * ONE, "the deposit returned");
        assertConserved(v.deal);
    }

    function test_a_ruling_of_the_second_court_counts_until_the_verdict_stands() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        uint256 limit = block.timestamp + APPEAL_LIMIT;
        requested(d);
        proven(d);
        vm.warp(limit - 1);
        jury.redraw(d, 0, panel());
        heard(d, 2);
        assertGe(block.timestamp, limit, "anyone may let the verdict stand");
        Verdict memory ruling = courtVerdict(d, 10_000, 2);
        jury.rule(d, ruling, votesOfCourt(d, ruling, 31));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "as it was ruled");
        assertConserved(v.deal);
    }

    function test_an_appeal_that_nobody_pursues_costs_its_deposit() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        appealed(d, v, buyer);
        uint256 standsFrom = block.timestamp + APPEAL_LIMIT;
        vm.warp(standsFrom - 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 0, standsFrom));
        escrow.rule(d);
        vm.warp(block.timestamp + 1);
        escrow.rule(d);
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
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 0, standsFrom));
        escrow.rule(d);
        vm.warp(standsFrom);
        escrow.rule(d);
        assertEq(slotOf(v.deal).done, 1, "done");
        assertConserved(v.deal);
    }

    /// @notice A jury that is an account, and rules at once for nobody's pay.
    function ruledByAnother(uint16 verdict_, uint16 ruling_, Account memory by, uint64 bond)
        private
        returns (Deal memory d, bytes32 id)
    {
        d = terms();
        (d.jury, d.appealFee, d.juryFee, d.sellerBond) = (stranger.addr, 0, 0, bond);
        d.meta.salt = uint256(verdict_) << 16 | ruling_;
        id = opened(d);
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, verdict_);
        judged(d, v);
        appealed(d, v, by);
        v.sellerBps = ruling_;
        vm.prank(stranger.addr);
        escrow.settleRuling(d, v, new address[](0));
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
}

/// @notice A jury that burns all the gas it is given.
contract HostileJury {
    function ruling(bytes32, uint8) external pure returns (uint256) {
        while (true) {}
        return 0;
    }
}
