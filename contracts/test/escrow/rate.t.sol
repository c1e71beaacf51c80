// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Rating, Status} from "../../src/types/Deal.sol";
import {World} from "./World.sol";

/// rate
/// ├── each side rates the other once
/// └── when the deal is not closed, the rater no party, the signature another's
contract RateTest is World {
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
        emit IDealEscrow.Rated(id, buyer.addr, seller.addr, -5, sha256("feedback"));
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
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotAParty.selector, stranger.addr));
        escrow.rate(d, r, stranger.addr, strangers);
        vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
        escrow.rate(d, r, buyer.addr, strangers);
        r.deal = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongDeal.selector, r.deal, id));
        escrow.rate(d, r, buyer.addr, strangers);
    }
}
