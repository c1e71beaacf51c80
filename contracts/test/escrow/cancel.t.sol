// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// cancel
/// ├── both sides split all that is unsettled, and the deal closes
/// ├── the seller alone refunds everything, the buyer alone gives everything
/// ├── drops a pending verdict and an appeal; one whose window is over is final first
/// └── when a signature is missing, late, or for another deal
contract CancelTest is World {
    using EscrowCalls for DealEscrow;

    function cancelOf(bytes32 id, uint16 bps) private view returns (Cancel memory) {
        return Cancel(id, bps, uint40(block.timestamp));
    }

    function test_both_split_what_is_unsettled() external {
        (Deal memory d, bytes32 id) = openedTerms();
        released(d, 0, true);
        Cancel memory c = cancelOf(id, 5000);
        escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c));
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 117 * ONE, "54 + half of 126");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 73 * ONE, "half of 126 and both fees");
        assertConserved(id);
    }

    function test_a_seller_alone_refunds_and_a_buyer_alone_gives() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Cancel memory c = cancelOf(id, 0);
        escrow.cancel(d, c, "", signCancel(seller, c));
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 190 * ONE, "refunded");
        d.meta.salt = 2;
        c = cancelOf(opened(d), 10_000);
        escrow.cancel(d, c, signCancel(buyer, c), "");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 180 * ONE, "given");
    }

    function test_nobody_cancels_alone_at_the_others_cost() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Cancel memory c = cancelOf(id, 1);
        bytes memory sellers = signCancel(seller, c);
        bytes memory buyers = signCancel(buyer, c);
        expectUnsigned(buyer.addr, cancelDigest(c));
        escrow.cancel(d, c, "", sellers);
        expectUnsigned(seller.addr, cancelDigest(c));
        escrow.cancel(d, c, buyers, "");
    }

    function test_an_appeal_is_dropped_and_its_deposit_returned() external {
        deposited(sellerPrincipal.addr, 7 * ONE);
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        Cancel memory c = cancelOf(id, 5000);
        escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c));
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 97 * ONE, "half and the deposit");
        assertConserved(id);
    }

    function test_a_verdict_whose_window_is_over_is_not_cancelled() external {
        (Deal memory d, bytes32 id) = openedTerms();
        judged(d, verdictOn(d, 0, 10_000));
        vm.warp(NOW + WINDOW);
        Cancel memory c = cancelOf(id, 0);
        escrow.cancel(d, c, "", signCancel(seller, c));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "what was final");
    }

    function test_a_late_or_foreign_cancel_does_nothing() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Cancel memory c = Cancel(id, 0, NOW - 1);
        bytes memory signature = signCancel(seller, c);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.SignatureExpired.selector, NOW - 1, NOW));
        escrow.cancel(d, c, "", signature);
        c = Cancel(keccak256("other"), 0, NOW);
        signature = signCancel(seller, c);
        expectUnsigned(seller.addr, cancelDigest(Cancel(id, 0, NOW)));
        escrow.cancel(d, c, "", signature);
        c = Cancel(id, 10_001, NOW);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.BpsTooHigh.selector, 10_001, 10_000));
        escrow.cancel(d, c, "", signature);
    }
}
