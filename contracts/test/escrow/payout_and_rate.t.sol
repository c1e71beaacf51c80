// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
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
}
