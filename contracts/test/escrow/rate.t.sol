// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Rating, Status} from "../../src/types/Deal.sol";
import {Encoding, EscrowCalls} from "./Calls.sol";
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

    function test_the_best_and_the_worst_that_can_be_said_are_told_as_they_are() external {
        int128[5] memory values = [type(int128).min, -1, int128(0), 1, type(int128).max];
        for (uint256 i = 0; i < 5; ++i) {
            uint256 before = vm.snapshotState();
            (Deal memory d, bytes32 id) = closed();
            Rating memory r = Rating(id, values[i], sha256("feedback"));
            vm.expectEmit(address(escrow));
            emit IDealEscrow.Rated(id, uint256(uint128(values[i])) | uint256(1) << 128, r.feedbackHash);
            escrow.rate(d, r, seller.addr, signRating(seller, r));
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_bits_above_the_side_are_not_read_and_not_told() external {
        (Deal memory d, bytes32 id) = closed();
        Rating memory r = Rating(id, 5, 0);
        bytes memory signature = signRating(buyer, r);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, 5, 0);
        escrow.rate(Encoding.brief(d), 0, 5 | type(uint256).max << 129, signature);
        assertEq(slotOf(id).rated, 1, "the buyer's");
    }

    function test_a_rating_leaves_the_rest_of_the_deal_alone() external {
        Deal memory d = terms();
        d.window = 0;
        bytes32 id = opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            judged(d, verdictOn(d, i, 10_000));
        }
        uint256 word = escrow.dealOf(id);
        Rating memory r = Rating(id, 5, 0);
        escrow.rate(d, r, seller.addr, signRating(seller, r));
        assertEq(escrow.dealOf(id), word | 2 << 16, "one bit more");
        bytes memory again = signRating(seller, r);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.AlreadyRated.selector, id, seller.addr));
        escrow.rate(d, r, seller.addr, again);
        escrow.rate(d, r, buyer.addr, signRating(buyer, r));
        assertEq(escrow.dealOf(id), word | 3 << 16, "and another");
        vm.warp(NOW + GRACE);
        escrow.payJurors(d, panel());
        assertEq(slotOf(id).rated, 3, "which the jurors' pay leaves alone");
    }

    function test_a_deal_that_never_opened_is_not_rated() external {
        Deal memory d = terms();
        Rating memory r = Rating(escrow.dealId(d), 1, 0);
        bytes memory signature = signRating(buyer, r);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Closed));
        escrow.rate(d, r, buyer.addr, signature);
        escrow.voidDeal(d, buyer.addr, signVoid(buyer, d));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Void, Status.Closed));
        escrow.rate(d, r, buyer.addr, signature);
    }
}
