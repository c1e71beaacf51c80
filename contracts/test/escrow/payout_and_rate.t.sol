// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Rating, Status} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// payoutAndRate
/// └── closes the deal and takes both ratings
contract PayoutAndRateTest is World {
    using EscrowCalls for DealEscrow;

    function test_both_ratings_travel_with_the_closing_payout() external {
        (Deal memory d, bytes32 id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, false);
        }
        Rating memory byBuyer = Rating(id, 100, sha256("good"));
        Rating memory bySeller = Rating(id, 90, sha256("fair"));
        bytes memory buyers = signRating(buyer, byBuyer);
        bytes memory sellers = signRating(seller, bySeller);
        escrow.payoutAndRate(d, byBuyer, buyers, bySeller, sellers);
        assertStatus(id, Status.Closed);
        assertEq(slotOf(id).rated, 3, "rated");
    }

    function test_one_rating_may_travel_alone() external {
        (Deal memory d, bytes32 id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, false);
        }
        Rating memory r = Rating(id, -1, sha256("late"));
        Rating memory none;
        escrow.payoutAndRate(d, none, "", r, signRating(seller, r));
        assertEq(slotOf(id).rated, 2, "the seller's");
    }

    function test_a_payout_that_does_not_close_takes_no_rating() external {
        (Deal memory d, bytes32 id) = openedTerms();
        released(d, 0, false);
        Rating memory r = Rating(id, 1, 0);
        bytes memory signature = signRating(buyer, r);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Closed));
        escrow.payoutAndRate(d, r, signature, r, "");
        escrow.payoutAndRate(d, r, "", r, "");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "without one it pays");
    }
}
