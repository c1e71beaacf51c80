// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {
    AppealEnd,
    BUYER_MANDATED,
    Cancel,
    Cause,
    Deal,
    SELLER_MANDATED,
    Status,
    Verdict
} from "../../src/types/Deal.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {Hostile} from "../attacks/Hostile.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// What an appeal costs, and whom. The jury of these deals is an account that both parties named.
/// ├── the loser's bond or reserve pays the jurors as far as it goes, the appellant the rest
/// ├── whoever asks for one basis point and gets it has won, and who gets what there was has not
/// ├── what does not divide among the jurors is the buyer's
/// ├── each side's own flag decides whose credit a deposit is
/// └── where nobody rules: the deposit returns, or is the other side's if nobody ever asked
contract AppealCostsTest is World {
    using EscrowCalls for DealEscrow;

    uint64 private constant FEE = 7 * ONE;
    uint256 private salt;

    function setUp() public override {
        super.setUp();
        deposited(sellerPrincipal.addr, 300 * ONE);
    }

    function newTerms(uint64 bond) private returns (Deal memory d) {
        d = terms();
        (d.jury, d.sellerBond, d.meta.salt) = (stranger.addr, bond, ++salt);
    }

    function broughtOn(Deal memory d, uint8 milestone, uint16 bps, Account memory by)
        private
        returns (Verdict memory v)
    {
        if (block.timestamp < NOW + 2 days) vm.warp(NOW + 2 days);
        v = verdictOn(d, milestone, bps);
        judged(d, v);
        appealed(d, v, by);
    }

    /// @notice The jury rules, and as many jurors as that share the fee.
    function ruledTo(Deal memory d, uint8 milestone, uint16 bps, uint256 count) private {
        Verdict memory v = verdictOn(d, milestone, bps);
        v.round = 1;
        address[] memory court = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            court[i] = address(uint160(0xc0de00 + i));
        }
        vm.prank(stranger.addr);
        escrow.settleRuling(d, v, court);
    }

    function jurorsHave(uint256 count) private view returns (uint256 sum) {
        for (uint256 i = 0; i < count; ++i) {
            sum += escrow.credit(address(uint160(0xc0de00 + i)));
        }
    }

    /// @notice The seller gives up the rest, and the deal closes.
    function givenUp(Deal memory d, bytes32 id) private {
        Cancel memory c = Cancel(id, 0, uint40(block.timestamp));
        escrow.cancel(d, c, "", signCancel(seller, c));
        assertStatus(id, Status.Closed);
    }

    // --- who pays the jurors ---

    /// @dev Of a bond below, at and above the fee: what it has, up to the fee, comes back to the buyer that won.
    function test_a_winning_buyer_gets_back_what_the_bond_can_pay() external {
        uint64[6] memory bonds = [0, 1, FEE - 1, FEE, FEE + 1, 20 * ONE];
        for (uint256 i = 0; i < bonds.length; ++i) {
            uint256 before = vm.snapshotState();
            uint64 byLoser = bonds[i] < FEE ? bonds[i] : FEE;
            Deal memory d = newTerms(bonds[i]);
            bytes32 id = opened(d);
            broughtOn(d, 0, 10_000, buyer);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Ruled, FEE, byLoser, 0);
            ruledTo(d, 0, 0, 5);
            assertEq(slotOf(id).bondSpent, byLoser != 0, "the bond has paid");
            assertEq(slotOf(id).reserveSpent, byLoser != FEE, "the reserve has paid");
            givenUp(d, id);
            assertEq(jurorsHave(5), FEE, "jurors");
            assertEq(usdc.balanceOf(buyerPrincipal.addr), 183 * ONE + byLoser, "all but what the bond lacked");
            assertEq(usdc.balanceOf(sellerPrincipal.addr), bonds[i] - byLoser, "what is left of the bond");
            assertEq(slotOf(id).left, 0, "nothing stays: the panel was overturned");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_a_losing_buyer_pays_from_its_reserve_whatever_the_bond() external {
        for (uint64 bond = 0; bond <= 20 * ONE; bond += 10 * ONE) {
            uint256 before = vm.snapshotState();
            Deal memory d = newTerms(bond);
            bytes32 id = opened(d);
            broughtOn(d, 0, 10_000, buyer);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Ruled, FEE, 0, 0);
            ruledTo(d, 0, 10_000, 5);
            assertTrue(slotOf(id).reserveSpent && !slotOf(id).bondSpent, "the reserve has paid");
            givenUp(d, id);
            assertEq(jurorsHave(5), FEE, "jurors");
            assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE + bond, "milestone and whole bond");
            assertEq(
                usdc.balanceOf(buyerPrincipal.addr), 128 * ONE, "the rest but for a confirmed panel's fee"
            );
            assertEq(slotOf(id).left, ONE, "which waits");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_a_winning_seller_gets_its_deposit_and_the_reserve_pays() external {
        Deal memory d = newTerms(10 * ONE);
        bytes32 id = opened(d);
        broughtOn(d, 0, 0, seller);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Ruled, FEE, FEE, 0);
        ruledTo(d, 0, 10_000, 5);
        assertTrue(slotOf(id).reserveSpent && !slotOf(id).bondSpent, "the reserve has paid");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "milestone and deposit");
        givenUp(d, id);
        assertEq(jurorsHave(5), FEE, "jurors");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 71 * ONE, "and the whole bond");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 129 * ONE, "two milestones and the panel's fee");
    }

    function test_a_losing_seller_pays_with_its_deposit_and_neither_reserve_nor_bond() external {
        Deal memory d = newTerms(10 * ONE);
        bytes32 id = opened(d);
        broughtOn(d, 0, 0, seller);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Ruled, FEE, 0, 0);
        ruledTo(d, 0, 0, 5);
        assertTrue(!slotOf(id).reserveSpent && !slotOf(id).bondSpent, "neither has paid");
        givenUp(d, id);
        assertEq(jurorsHave(5), FEE, "jurors");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 10 * ONE, "the whole bond");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 189 * ONE, "all but a confirmed panel's fee");
    }

    /// @dev The reserve has paid for the buyer's own appeal; then the seller's is won, and nobody else can pay.
    function test_a_winning_seller_pays_itself_where_the_reserve_is_gone() external {
        Deal memory d = newTerms(10 * ONE);
        bytes32 id = opened(d);
        broughtOn(d, 0, 10_000, buyer);
        ruledTo(d, 0, 10_000, 5);
        broughtOn(d, 1, 0, seller);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(id, 1, AppealEnd.Ruled, FEE, 0, 0);
        ruledTo(d, 1, 10_000, 5);
        assertTrue(slotOf(id).reserveSpent && !slotOf(id).bondSpent, "as before");
        givenUp(d, id);
        assertEq(jurorsHave(5), 2 * FEE, "jurors of both");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 127 * ONE, "two milestones and the bond");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 65 * ONE, "the third, and two panels' fees");
    }

    /// @dev The bond pays once: a second appeal that the buyer wins costs the buyer.
    function test_the_bond_pays_once_however_large_it_is() external {
        Deal memory d = newTerms(100 * ONE);
        bytes32 id = opened(d);
        broughtOn(d, 0, 10_000, buyer);
        ruledTo(d, 0, 0, 5);
        broughtOn(d, 1, 10_000, buyer);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(id, 1, AppealEnd.Ruled, FEE, 0, 0);
        ruledTo(d, 1, 0, 5);
        assertTrue(slotOf(id).reserveSpent && slotOf(id).bondSpent, "both have paid");
        givenUp(d, id);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 93 * ONE, "the bond without one fee");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 183 * ONE, "all without one fee");
    }

    // --- what is a win ---

    function test_one_basis_point_is_a_win_and_none_is_not() external {
        uint16[3] memory rulings = [3999, 4000, 4001];
        for (uint256 i = 0; i < 6; ++i) {
            uint256 before = vm.snapshotState();
            Deal memory d = newTerms(10 * ONE);
            bytes32 id = opened(d);
            (bool bySeller, uint16 ruling) = (i < 3, rulings[i % 3]);
            broughtOn(d, 0, 4000, bySeller ? seller : buyer);
            bool won = bySeller ? ruling == 4001 : ruling == 3999;
            vm.expectEmit(address(escrow));
            emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Ruled, FEE, won ? FEE : 0, 0);
            ruledTo(d, 0, ruling, 5);
            (uint32 signers,) = escrow.signersOf(id, 0);
            assertEq(signers, ruling == 4000 ? 7 : 0, "a confirmed panel alone keeps its fee");
            uint256 share = 54 * ONE * uint256(ruling) / 10_000;
            uint256 back = bySeller && won ? FEE : 0;
            assertEq(usdc.balanceOf(sellerPrincipal.addr), share + back, "as it was ruled");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    // --- among the jurors ---

    function test_what_does_not_divide_among_the_jurors_is_the_buyers() external {
        for (uint256 count = 0; count < 8; ++count) {
            uint256 before = vm.snapshotState();
            Deal memory d = newTerms(0);
            bytes32 id = opened(d);
            broughtOn(d, 0, 0, seller);
            uint64 shared = count == 0 ? 0 : FEE / uint64(count) * uint64(count);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Ruled, shared, 0, 0);
            ruledTo(d, 0, 0, count);
            assertEq(jurorsHave(count), shared, "jurors");
            assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE + FEE - shared, "milestone and the rest");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_a_fee_of_less_than_a_micro_usdc_each_is_the_buyers() external {
        Deal memory d = newTerms(0);
        d.appealFee = 4;
        bytes32 id = opened(d);
        broughtOn(d, 0, 0, seller);
        ruledTo(d, 0, 0, 5);
        assertEq(jurorsHave(5), 0, "jurors");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE + 4, "the buyer");
        givenUp(d, id);
        assertEq(slotOf(id).left, ONE, "the panel's fee alone");
    }

    function test_a_ruling_is_told_with_its_round_and_the_appealed_attempt() external {
        Deal memory d = newTerms(0);
        bytes32 id = opened(d);
        vm.warp(NOW + 2 days);
        Verdict memory v = verdictOn(d, 1, 0);
        v.attempt = 5;
        judged(d, v);
        appealed(d, v, seller);
        v.round = 2;
        v.sellerBps = 2500;
        uint64[2] memory shares = [uint64(15_750_000), 47_250_000];
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Settled(id, outcome(1, Cause.Ruled, 2, 5, 2500, shares));
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Paid(id, 15_750_000 + FEE | uint256(47_250_000 + FEE) << 64);
        vm.prank(stranger.addr);
        escrow.settleRuling(d, v, new address[](0));
        assertStatus(id, Status.Open);
        assertEq(slotOf(id).challengeUntil, block.timestamp, "nothing waits from now on");
    }

    // --- whose credit ---

    function test_each_sides_own_flag_decides_whose_credit_its_deposit_is() external {
        deposited(buyer.addr, 300 * ONE);
        deposited(seller.addr, 300 * ONE);
        for (uint8 flags = 0; flags < 4; ++flags) {
            uint256 before = vm.snapshotState();
            Deal memory d = newTerms(0);
            (d.flags, d.meta.mandates) = (flags, flags == 0 ? address(0) : address(mandates));
            bool buyerMandated = flags & BUYER_MANDATED != 0;
            if (buyerMandated) opened(d);
            else escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
            broughtOn(d, 0, 10_000, buyer);
            ruledTo(d, 0, 10_000, 5); // the reserve is gone
            debitedBy(d, 1, 10_000, buyer, buyerMandated ? buyerPrincipal : buyer);
            ruledTo(d, 1, 10_000, 5);
            debitedBy(d, 2, 0, seller, flags & SELLER_MANDATED != 0 ? sellerPrincipal : seller);
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function debitedBy(Deal memory d, uint8 milestone, uint16 bps, Account memory by, Account memory payer)
        private
    {
        vm.warp(NOW + 3 days);
        Verdict memory v = verdictOn(d, milestone, bps);
        judged(d, v);
        uint64 had = escrow.credit(payer.addr);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Appealed(v.deal, milestone, by.addr, escrow.verdictDigest(v), FEE);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Debited(payer.addr, v.deal, FEE);
        appealed(d, v, by);
        assertEq(escrow.credit(payer.addr), had - FEE, "debited");
    }

    // --- nobody rules ---

    /// @dev An account answers nothing: nobody ever asked it.
    function test_a_deposit_for_nothing_is_the_other_sides() external {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            Account memory by = i == 0 ? seller : buyer;
            Deal memory d = newTerms(0);
            bytes32 id = opened(d);
            broughtOn(d, 0, 5000, by);
            vm.warp(block.timestamp + APPEAL_LIMIT);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Abandoned, 0, 0, FEE);
            escrow.rule(d);
            assertEq(slotOf(id).reserveSpent, i == 1, "the reserve");
            assertEq(usdc.balanceOf(sellerPrincipal.addr), 27 * ONE + (i == 0 ? 0 : FEE), "seller");
            assertEq(usdc.balanceOf(buyerPrincipal.addr), 27 * ONE + (i == 0 ? FEE : 0), "buyer");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_a_deposit_before_a_silent_court_returns_at_once() external {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            Deal memory d = newTerms(0);
            d.jury = address(new Hostile(bytes32(uint256(AppealStatus.Silent))));
            bytes32 id = opened(d);
            broughtOn(d, 0, 5000, i == 0 ? seller : buyer);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Silent, 0, FEE, 0);
            escrow.rule(d);
            assertTrue(!slotOf(id).reserveSpent, "the reserve");
            assertEq(usdc.balanceOf(sellerPrincipal.addr), 27 * ONE + (i == 0 ? FEE : 0), "seller");
            assertEq(usdc.balanceOf(buyerPrincipal.addr), 27 * ONE, "buyer");
            givenUp(d, id);
            assertEq(usdc.balanceOf(buyerPrincipal.addr), 162 * ONE, "with reserve and two panels' fees");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    /// @dev Whatever else a jury says, only time ends the appeal, and then as silence. Of its word the lowest byte counts.
    function test_any_other_answer_is_silence_once_the_limit_is_over() external {
        uint256[6] memory answers = [uint256(1), 2, 3, 5, 255, type(uint256).max << 8 | 1];
        for (uint256 i = 0; i < answers.length; ++i) {
            uint256 before = vm.snapshotState();
            Deal memory d = newTerms(0);
            d.jury = address(new Hostile(bytes32(answers[i])));
            bytes32 id = opened(d);
            broughtOn(d, 0, 5000, seller);
            uint256 limit = block.timestamp + APPEAL_LIMIT;
            vm.warp(limit - 1);
            vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, answers[i] & 0xff, limit));
            escrow.rule(d);
            vm.warp(limit);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Silent, 0, FEE, 0);
            escrow.rule(d);
            assertTrue(vm.revertToState(before), "back");
        }
    }
}
