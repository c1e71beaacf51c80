// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Status, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// @notice Attack: a party gets itself blacklisted by Circle (or the token is paused), so that the push to it reverts and with it
/// everybody else's pay.
/// Rule: each payee is tried alone; a refused share becomes its credit and waits, and nobody else is affected.
contract BlacklistAttack is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function freed(address who) private {
        vm.prank(blacklister.addr);
        usdc.unBlacklist(who);
    }

    function split() private returns (Deal memory d, bytes32 id) {
        (d, id) = openedTerms();
        Cancel memory c = Cancel(id, 5000, NOW);
        escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c));
    }

    function test_a_blacklisted_seller_does_not_keep_the_buyer_from_its_money() external {
        blacklisted(sellerPrincipal.addr);
        (, bytes32 id) = split();
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 100 * ONE, "half, and both fees");
        assertEq(escrow.credit(sellerPrincipal.addr), 90 * ONE, "the other half waits");
        assertConserved(id);
    }

    function test_a_blacklisted_buyer_does_not_keep_the_seller_from_its_money() external {
        blacklisted(buyerPrincipal.addr);
        (, bytes32 id) = split();
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 90 * ONE, "half");
        assertEq(escrow.credit(buyerPrincipal.addr), 910 * ONE, "the other half waits");
        assertConserved(id);
    }

    function test_with_both_blacklisted_the_deal_still_ends_and_both_are_credited() external {
        blacklisted(buyerPrincipal.addr);
        blacklisted(sellerPrincipal.addr);
        (, bytes32 id) = split();
        assertStatus(id, Status.Closed);
        assertEq(escrow.credit(sellerPrincipal.addr), 90 * ONE, "seller");
        assertEq(escrow.credit(buyerPrincipal.addr), 910 * ONE, "buyer");
        assertConserved(id);
    }

    function test_a_blacklisted_agent_changes_nothing_at_all() external {
        blacklisted(buyer.addr);
        blacklisted(seller.addr);
        (, bytes32 id) = split();
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 90 * ONE, "the payees are paid");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 100 * ONE, "the payees are paid");
    }

    function test_while_usdc_is_paused_everything_goes_on_as_credit() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.prank(pauser.addr);
        usdc.pause();
        released(d, 0, true);
        vm.warp(NOW + 4 days);
        escrow.timeout(d, 1);
        escrow.timeout(d, 2);
        assertStatus(id, Status.Closed);
        assertEq(escrow.credit(sellerPrincipal.addr), 54 * ONE, "seller");
        assertEq(escrow.credit(buyerPrincipal.addr), 946 * ONE, "buyer");
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.TransferFailed.selector, sellerPrincipal.addr, 54 * ONE)
        );
        vm.prank(sellerPrincipal.addr);
        escrow.withdraw(sellerPrincipal.addr, 54 * ONE);
        vm.prank(pauser.addr);
        usdc.unpause();
        vm.prank(sellerPrincipal.addr);
        escrow.withdraw(sellerPrincipal.addr, 54 * ONE);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "after the pause");
    }

    function test_what_waits_is_not_redirected_while_blacklisted_and_is_afterwards() external {
        blacklisted(sellerPrincipal.addr);
        split();
        Withdraw memory w = Withdraw(sellerPrincipal.addr, stranger.addr, 0, NOW + 10);
        bytes memory signature = signWithdrawal(sellerPrincipal, w);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.Blacklisted.selector, sellerPrincipal.addr));
        escrow.withdrawFor(w, signature);
        vm.prank(sellerPrincipal.addr);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.Blacklisted.selector, sellerPrincipal.addr));
        escrow.withdraw(stranger.addr, 1);
        freed(sellerPrincipal.addr);
        escrow.withdrawFor(w, signature);
        assertEq(usdc.balanceOf(stranger.addr), 90 * ONE, "redirected");
    }

    function test_nobody_withdraws_to_a_blacklisted_address() external {
        blacklisted(stranger.addr);
        vm.prank(buyerPrincipal.addr);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.TransferFailed.selector, stranger.addr, 1));
        escrow.withdraw(stranger.addr, 1);
        assertEq(escrow.credit(buyerPrincipal.addr), 1000 * ONE, "credit");
    }

    function test_a_blacklisted_juror_keeps_neither_parties_nor_jurors_from_theirs() external {
        blacklisted(jurors[0].addr);
        Deal memory d = terms();
        d.window = 0;
        bytes32 id = opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            Verdict memory v = verdictOn(d, i, 10_000);
            escrow.verdict(d, v, votesOf(v, 31), "", "", true);
        }
        assertStatus(id, Status.Closed);
        assertEq(escrow.credit(jurors[0].addr), 600_000, "its fee waits");
        vm.prank(jurors[1].addr);
        escrow.withdraw(jurors[1].addr, 600_000);
        assertEq(usdc.balanceOf(jurors[1].addr), 600_000, "another's does not");
    }

    function test_a_blacklisted_court_does_not_hold_up_a_ruling_and_its_stake_waits() external {
        deposited(sellerPrincipal.addr, 100 * ONE);
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        address[] memory court = heard(d, 1);
        for (uint256 i = 0; i < court.length; ++i) {
            blacklisted(court[i]);
        }
        v = courtVerdict(d, 10_000, 1);
        jury.rule(d, v, votesOfCourt(d, v, 31));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "paid");
        assertEq(escrow.credit(court[0]), 1_400_000, "the court's fee waits");
        assertConserved(v.deal);
    }

    function test_a_blacklisted_principals_stake_waits_until_it_is_free() external {
        blacklisted(seatPrincipal(5).addr);
        vm.prank(seatHolder(0).addr);
        jury.vacate(5);
        vm.warp(NOW + EXIT_DELAY);
        vm.expectRevert(bytes("Blacklistable: account is blacklisted"));
        jury.withdrawStake(5);
        assertEq(jury.seatOf(5).stake, STAKE, "still there");
        freed(seatPrincipal(5).addr);
        jury.withdrawStake(5);
        assertEq(usdc.balanceOf(seatPrincipal(5).addr), STAKE, "back");
    }

    function test_a_mandated_side_opens_although_its_agent_is_blacklisted() external {
        blacklisted(buyer.addr);
        (, bytes32 id) = openedTerms();
        assertStatus(id, Status.Open);
    }
}
