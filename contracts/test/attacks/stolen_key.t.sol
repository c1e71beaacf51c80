// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {BUYER_MANDATED, Cancel, Deal, Verdict} from "../../src/types/Deal.sol";
import {Approve, Revoke} from "../../src/types/Mandate.sol";
import {EscrowCalls} from "../escrow/Calls.sol";
import {World} from "../escrow/World.sol";

/// @notice Attack: somebody holds the buyer's agent key, and the seller and all five jurors are its accomplices. It opens as many deals
/// as it can from the principal's credit and pays them out to itself at once.
/// Rule: it takes at most the limit at once and what has decayed since, never a deal above the human threshold, never by
/// a withdrawal, and nothing after the revocation.
contract StolenKeyAttack is World {
    using EscrowCalls for DealEscrow;

    uint64 private constant LIMIT = 1000 * ONE;
    uint64 private constant HUMAN_ABOVE = 500 * ONE;

    Account private thief = account("thief");
    uint256 private salt;

    function setUp() public override {
        super.setUp();
        deposited(buyerPrincipal.addr, 99_000 * ONE); // far more than the mandate covers
    }

    /// @notice Terms that pay the thief everything.
    function loot(uint64 amount) private returns (Deal memory d) {
        d = terms();
        (d.seller, d.sellerPay, d.flags) = (thief.addr, thief.addr, BUYER_MANDATED);
        (d.amounts, d.due, d.juryFee, d.appealFee) = (amount, 0, 0, 0);
        (d.meta.start, d.meta.fundBy) = (uint40(block.timestamp), uint40(block.timestamp));
        d.end = uint40(block.timestamp) + GRACE;
        d.meta.salt = ++salt;
    }

    function open(Deal memory d) private {
        escrow.openFromMandatedCredit(d, signFund(buyer, d), signDeal(thief, d), "");
    }

    function openRefused(Deal memory d, bytes memory reason) private {
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(thief, d));
        vm.expectRevert(reason);
        escrow.openFromMandatedCredit(d, fund, accept, "");
    }

    function taken(uint64 amount) private {
        Deal memory d = loot(amount);
        open(d);
        released(d, 0, true);
    }

    function stolen() private view returns (uint256) {
        return usdc.balanceOf(thief.addr);
    }

    function test_at_once_it_takes_the_limit_and_not_one_micro_usdc_more() external {
        taken(HUMAN_ABOVE);
        taken(HUMAN_ABOVE);
        openRefused(loot(1), abi.encodeWithSelector(IMandates.OverPeriod.selector, LIMIT + 1, LIMIT));
        assertEq(stolen(), LIMIT, "stolen");
        assertEq(escrow.credit(buyerPrincipal.addr), 99_000 * ONE, "the rest is where it was");
    }

    function test_no_deal_is_above_the_human_threshold() external {
        openRefused(
            loot(HUMAN_ABOVE + 1),
            abi.encodeWithSelector(IMandates.ApprovalMissing.selector, HUMAN_ABOVE + 1, HUMAN_ABOVE)
        );
        Deal memory d = loot(HUMAN_ABOVE + 1);
        bytes32 id = escrow.dealId(d);
        bytes memory own = approvalOf(thief, id, uint40(block.timestamp));
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(thief, d));
        bytes32 digest = mandates.approveDigest(Approve(id, uint40(block.timestamp)));
        bytes memory unsigned =
            abi.encodeWithSelector(IMandates.BadSignature.selector, buyerPrincipal.addr, digest);
        vm.expectRevert(unsigned);
        escrow.openFromMandatedCredit(d, fund, accept, own);
        own = approvalOf(buyer, id, uint40(block.timestamp));
        vm.expectRevert(unsigned);
        escrow.openFromMandatedCredit(d, fund, accept, own);
        assertEq(stolen(), 0, "stolen");
    }

    function test_fees_and_deposits_do_not_go_around_the_threshold_or_the_limit() external {
        Deal memory d = loot(HUMAN_ABOVE);
        d.juryFee = 1; // to jurors who are accomplices
        openRefused(
            d, abi.encodeWithSelector(IMandates.ApprovalMissing.selector, HUMAN_ABOVE + 1, HUMAN_ABOVE)
        );
        d = loot(1);
        d.appealFee = HUMAN_ABOVE; // to a jury that is an accomplice
        openRefused(
            d, abi.encodeWithSelector(IMandates.ApprovalMissing.selector, HUMAN_ABOVE + 1, HUMAN_ABOVE)
        );
    }

    /// @dev The worst that it can do: whatever is free, at whatever times, for two periods and over their edge.
    function test_over_time_it_takes_the_limit_and_what_has_decayed_since(uint256 seed) external {
        uint256 elapsed;
        for (uint256 i = 0; i < 6; ++i) {
            uint64 free = mandates.available(buyer.addr, address(escrow));
            if (free > HUMAN_ABOVE) free = HUMAN_ABOVE;
            if (free != 0) taken(free);
            assertLe(stolen(), LIMIT + uint256(LIMIT) * elapsed / 1 days, "the limit and the decay");
            seed = uint256(keccak256(abi.encode(seed)));
            elapsed += seed % 12 hours;
            vm.warp(NOW + elapsed);
        }
    }

    function test_over_the_edge_of_a_period_there_is_no_second_limit() external {
        vm.warp(NOW + 1 days - 1);
        taken(HUMAN_ABOVE);
        taken(HUMAN_ABOVE);
        vm.warp(NOW + 1 days);
        uint64 decayed = LIMIT / 1 days; // a second's worth
        assertEq(mandates.available(buyer.addr, address(escrow)), decayed, "available");
        openRefused(
            loot(decayed + 1),
            abi.encodeWithSelector(IMandates.OverPeriod.selector, uint256(LIMIT) + 1, LIMIT)
        );
        taken(decayed);
        assertEq(stolen(), LIMIT + decayed, "stolen");
    }

    function test_giving_money_back_and_taking_it_again_frees_no_limit() external {
        Deal memory d = loot(HUMAN_ABOVE);
        open(d);
        Cancel memory c = Cancel(escrow.dealId(d), 0, d.end);
        escrow.cancel(d, c, "", signCancel(thief, c));
        assertEq(usdc.balanceOf(buyerPrincipal.addr), HUMAN_ABOVE, "back to the principal, not to the agent");
        taken(HUMAN_ABOVE);
        openRefused(loot(1), abi.encodeWithSelector(IMandates.OverPeriod.selector, LIMIT + 1, LIMIT));
    }

    function test_refunds_cannot_be_directed_to_the_thief() external {
        Deal memory d = loot(1);
        d.buyerPay = account("another pocket").addr;
        openRefused(d, abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 0, 1));
        deposited(d.buyerPay, ONE);
        openRefused(
            d, abi.encodeWithSelector(IMandates.WrongPrincipal.selector, d.buyerPay, buyerPrincipal.addr)
        );
    }

    function test_the_credit_of_another_principal_is_out_of_reach() external {
        deposited(sellerPrincipal.addr, 100 * ONE);
        Deal memory d = loot(ONE);
        d.buyerPay = sellerPrincipal.addr;
        openRefused(
            d,
            abi.encodeWithSelector(
                IMandates.WrongPrincipal.selector, sellerPrincipal.addr, buyerPrincipal.addr
            )
        );
    }

    function test_the_agent_withdraws_nothing() external {
        vm.prank(buyer.addr);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 0, ONE));
        escrow.withdraw(thief.addr, ONE);
    }

    function test_after_the_revocation_it_opens_nothing_although_credit_and_limit_are_left() external {
        taken(ONE);
        Revoke memory r = Revoke(buyer.addr, address(escrow), 1);
        mandates.revoke(r, buyerPrincipal.addr, sign(buyerPrincipal, mandates.revokeDigest(r)));
        openRefused(loot(1), abi.encodeWithSelector(IMandates.Expired.selector, 0, NOW));
        assertEq(stolen(), ONE, "stolen");
    }

    function test_an_appeals_deposit_counts_against_the_limit_too() external {
        Deal memory d = loot(ONE);
        (d.appealFee, d.window, d.juryFee) = (150 * ONE, 1 days, 0);
        d.amounts = uint256(ONE) | uint256(ONE) << 64;
        open(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        appealed(d, v, buyer); // the reserve
        vm.warp(block.timestamp + APPEAL_LIMIT);
        escrow.rule(d); // abandoned: the reserve is gone
        taken(HUMAN_ABOVE);
        taken(HUMAN_ABOVE);
        v = verdictOn(d, 1, 10_000);
        judged(d, v);
        bytes memory plea = signAppeal(buyer, v, uint40(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(IMandates.OverPeriod.selector, 1150 * ONE, LIMIT));
        escrow.appeal(d, v, uint40(block.timestamp), buyer.addr, plea);
    }
}
