// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// amounts
/// ├── one micro-USDC, whatever the share, goes to one side and never to none or both
/// ├── all the money that a uint64 can count goes in and comes out
/// └── one micro-USDC more is refused, as is a schedule that does not add up
contract AmountsTest is World {
    using EscrowCalls for DealEscrow;

    uint64 private constant MOST = type(uint64).max;

    function fails(Deal memory d, bytes memory reason) private {
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
        vm.expectRevert(reason);
        escrow.openFromMandatedCredit(d, fund, accept, "");
    }

    function bare(uint256 amounts, uint256 amounts2) private view returns (Deal memory d) {
        d = terms();
        (d.amounts, d.amounts2, d.due, d.juryFee, d.appealFee) = (amounts, amounts2, 0, 0, 0);
    }

    function settled(Deal memory d, uint16 bps) private returns (uint256 toSeller, uint256 toBuyer) {
        (toSeller, toBuyer) = (usdc.balanceOf(sellerPrincipal.addr), usdc.balanceOf(buyerPrincipal.addr));
        Verdict memory v = verdictOn(d, 0, bps);
        escrow.verdict(d, v, votesOf(v, 7), signConsent(buyer, v), signConsent(seller, v), true);
        toSeller = usdc.balanceOf(sellerPrincipal.addr) - toSeller;
        toBuyer = usdc.balanceOf(buyerPrincipal.addr) - toBuyer;
    }

    function test_one_micro_usdc_goes_whole_to_one_side() external {
        uint16[6] memory shares = [0, 1, 5000, 9999, 10_000, 3333];
        for (uint256 i = 0; i < shares.length; ++i) {
            Deal memory d = bare(1, 0);
            d.meta.salt = i;
            bytes32 id = opened(d);
            (uint256 toSeller, uint256 toBuyer) = settled(d, shares[i]);
            assertEq(toSeller, shares[i] == 10_000 ? 1 : 0, "rounded down for the seller");
            assertEq(toBuyer, shares[i] == 10_000 ? 0 : 1, "the payer keeps the rest");
            assertStatus(id, Status.Closed);
            assertConserved(id);
        }
    }

    function test_every_share_of_every_amount_adds_up(uint64 amount, uint16 bps) external {
        amount = uint64(bound(amount, 1, 400 * ONE));
        bps = uint16(bound(bps, 0, 10_000));
        Deal memory d = bare(amount, 0);
        bytes32 id = opened(d);
        (uint256 toSeller, uint256 toBuyer) = settled(d, bps);
        assertEq(toSeller, uint256(amount) * bps / 10_000, "seller");
        assertEq(toSeller + toBuyer, amount, "both");
        assertConserved(id);
    }

    function test_a_fee_of_a_few_micro_usdc_is_divided_without_loss(uint64 fee, uint8 signers) external {
        fee = uint64(bound(fee, 1, 50));
        Deal memory d = terms();
        (d.juryFee, d.window) = (fee, 0);
        bytes32 id = opened(d);
        uint256 mask = 7 | uint256(signers) & 31;
        for (uint8 i = 0; i < 3; ++i) {
            Verdict memory v = verdictOn(d, i, 10_000);
            escrow.verdict(d, v, votesOf(v, mask), "", "", true);
        }
        if (slotOf(id).left != 0) {
            vm.warp(NOW + GRACE);
            escrow.payJurors(d, panel());
        }
        assertEq(slotOf(id).left, 0, "nothing stays");
        assertConserved(id);
    }

    function test_all_that_a_uint64_counts_goes_in_and_comes_out() external {
        mandated(buyer, buyerPrincipal, 1, MOST, MOST, 2);
        vm.prank(buyerPrincipal.addr);
        escrow.withdraw(stranger.addr, 1000 * ONE);
        deposited(buyerPrincipal.addr, MOST);
        Deal memory d = bare(0, 0);
        uint64 part = MOST / 10;
        for (uint256 i = 0; i < 4; ++i) {
            d.amounts |= uint256(part) << i * 64;
            d.amounts2 |= uint256(part) << i * 64;
        }
        (d.juryFee, d.appealFee) = (part, 0);
        d.juryFee += MOST - part * 9;
        bytes32 id = opened(d);
        assertEq(slotOf(id).left, MOST, "everything");
        assertEq(escrow.buyerTotal(d), MOST, "the total");
        Cancel memory c = Cancel(id, 10_000, NOW);
        escrow.cancel(d, c, signCancel(buyer, c), "");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), uint256(part) * 8, "seller");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), d.juryFee, "buyer");
        assertStatus(id, Status.Closed);
    }

    function test_a_split_of_the_largest_milestone_does_not_overflow() external {
        mandated(buyer, buyerPrincipal, 1, MOST, MOST, 2);
        vm.prank(buyerPrincipal.addr);
        escrow.withdraw(stranger.addr, 1000 * ONE);
        deposited(buyerPrincipal.addr, MOST);
        Deal memory d = bare(MOST, 0);
        opened(d);
        (uint256 toSeller, uint256 toBuyer) = settled(d, 9999);
        assertEq(toSeller, uint256(MOST) * 9999 / 10_000, "seller");
        assertEq(toSeller + toBuyer, MOST, "both");
    }

    function test_one_micro_usdc_above_a_uint64_is_refused_wherever_it_comes_from() external {
        bytes memory reason =
            abi.encodeWithSelector(IDealEscrow.TooManyFunds.selector, uint256(MOST) + 1, MOST);
        fails(bare(uint256(MOST) | uint256(1) << 64, 0), reason);
        Deal memory d = bare(MOST, 0);
        d.juryFee = 1;
        fails(d, reason);
        d = bare(MOST, 0);
        d.sellerBond = 1;
        fails(d, reason);
        d = bare(MOST - 1, 0);
        d.appealFee = 1; // twice: the reserve, and the seller's deposit on top
        fails(d, reason);
    }

    function test_a_gap_before_the_last_milestone_is_refused_wherever_it_is() external {
        for (uint256 gap = 1; gap < 7; ++gap) {
            uint256[2] memory words;
            for (uint256 i = 0; i < 8; ++i) {
                if (i != gap) words[i / 4] |= uint256(5) << i % 4 * 64;
            }
            fails(bare(words[0], words[1]), abi.encodeWithSelector(IDealEscrow.GapInAmounts.selector, gap));
        }
        fails(bare(0, 5), abi.encodeWithSelector(IDealEscrow.NoMilestone.selector));
        fails(bare(uint256(5) << 64, 0), abi.encodeWithSelector(IDealEscrow.NoMilestone.selector));
        fails(bare(5, 5), abi.encodeWithSelector(IDealEscrow.GapInAmounts.selector, 1));
    }

    function test_a_due_time_without_its_milestone_is_refused_at_every_length() external {
        for (uint256 n = 1; n < 8; ++n) {
            uint256[2] memory words;
            for (uint256 i = 0; i < n; ++i) {
                words[i / 4] |= uint256(5) << i % 4 * 64;
            }
            Deal memory d = bare(words[0], words[1]);
            d.due = uint256(1) << n * 32;
            fails(d, abi.encodeWithSelector(IDealEscrow.DueWithoutAmount.selector, n));
            d.due = uint256(1) << (n - 1) * 32;
            opened(d);
        }
    }

    function test_there_is_no_ninth_milestone() external {
        Deal memory d = bare(0, 0);
        for (uint256 i = 0; i < 4; ++i) {
            d.amounts |= uint256(5) << i * 64;
            d.amounts2 |= uint256(5) << i * 64;
        }
        d.due = type(uint256).max; // every due time as late as can be
        d.end = type(uint40).max;
        opened(d);
        Verdict memory v = verdictOn(d, 8, 10_000);
        bytes memory call_ = escrow.verdictCall(d, v, votesOf(v, 7));
        (bool done, bytes memory reason) = address(escrow).call(call_);
        assertFalse(done, "a ninth");
        assertEq(reason, abi.encodeWithSelector(IDealEscrow.NoSuchMilestone.selector, 8, 8), "reason");
    }
}
