// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Rating, Status} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// rate
/// ├── each side rates the other once
/// └── when the deal is not closed, the rater no party, the signature another's
contract RateTest is World {
    using EscrowCalls for DealEscrow;

    function closed() private returns (Deal memory d, bytes32 id) {
        (d, id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, true);
        }
    }

    function test_each_side_rates_the_other_once() external {
        (Deal memory d, bytes32 id) = closed();
        Rating memory r = Rating(id, -5, sha256("feedback"));
        bytes memory signature = signRating(buyer, r);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, uint128(int128(-5)), sha256("feedback"));
        escrow.rate(d, r, buyer.addr, signature);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.AlreadyRated.selector, id, buyer.addr));
        escrow.rate(d, r, buyer.addr, signature);
        escrow.rate(d, r, seller.addr, signRating(seller, r));
        assertEq(slotOf(id).rated, 3, "rated");
    }

    function test_a_deal_that_is_not_closed_is_not_rated() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Rating memory r = Rating(id, 1, 0);
        bytes memory signature = signRating(buyer, r);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Closed));
        escrow.rate(d, r, buyer.addr, signature);
    }

    function test_only_the_parties_rate_and_only_their_own_deal() external {
        (Deal memory d, bytes32 id) = closed();
        Rating memory r = Rating(id, 1, 0);
        bytes memory strangers = signRating(stranger, r);
        bytes memory buyers = signRating(buyer, r);
        expectUnsigned(seller.addr, ratingDigest(r));
        escrow.rate(d, r, seller.addr, strangers);
        expectUnsigned(buyer.addr, ratingDigest(r));
        escrow.rate(d, r, buyer.addr, strangers);
        expectUnsigned(seller.addr, ratingDigest(r));
        escrow.rate(d, r, seller.addr, buyers);
        r.deal = keccak256("other");
        buyers = signRating(buyer, r);
        expectUnsigned(buyer.addr, ratingDigest(Rating(id, 1, 0)));
        escrow.rate(d, r, buyer.addr, buyers);
    }
}
