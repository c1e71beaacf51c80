// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Rating, Status} from "../../src/types/Deal.sol";
import {Tails} from "../../src/types/Tail.sol";
import {Encoding, EscrowCalls} from "./Calls.sol";
import {Tailed} from "./Tailed.sol";
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

    function closing() private returns (Deal memory d, bytes32 id) {
        (d, id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, false);
        }
    }

    /// @dev Both ratings, one signature long and one short: cut after every single byte.
    function test_a_tail_may_end_nowhere_but_at_its_end() external {
        (Deal memory d, bytes32 id) = closing();
        Rating memory r = Rating(id, 1, sha256("feedback"));
        Encoding.Piece memory p;
        uint256 marks = Encoding.ratings(p, r, signRating(buyer, r), r, signCompact(seller, ratingDigest(r)));
        uint256[10] memory brief = Encoding.brief(d);
        for (uint256 size = 0; size < p.data.length; ++size) {
            bytes memory cut = bytes.concat(p.data);
            assembly ("memory-safe") {
                mstore(cut, size)
            }
            (bool done, bytes memory reason) =
                address(escrow).call(Tailed.payoutAndRate(brief, marks | p.long << 8, cut));
            assertFalse(done, "a cut tail");
            assertEq(bytes32(bytes4(reason)), bytes32(Tails.TailTooShort.selector), "reason");
        }
        Tailed.sent(address(escrow), Tailed.payoutAndRate(brief, marks | p.long << 8, p.data));
        assertEq(slotOf(id).rated, 3, "rated");
    }

    function test_each_rating_is_read_for_its_own_side() external {
        (Deal memory d, bytes32 id) = closing();
        Rating memory byBuyer = Rating(id, -100, sha256("poor"));
        Rating memory bySeller = Rating(id, 90, sha256("fair"));
        bytes memory buyers = signRating(buyer, byBuyer);
        bytes memory sellers = signRating(seller, bySeller);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Closed(id, 180 * ONE | uint256(10 * ONE) << 64);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, uint128(int128(-100)), sha256("poor"));
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, 90 | uint256(1) << 128, sha256("fair"));
        escrow.payoutAndRate(d, byBuyer, buyers, bySeller, sellers);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 180 * ONE, "paid");
    }

    function test_a_rating_that_is_not_good_keeps_the_payout_back() external {
        (Deal memory d, bytes32 id) = closing();
        Rating memory r = Rating(id, 1, 0);
        bytes memory buyers = signRating(buyer, r);
        expectUnsigned(seller.addr, ratingDigest(r));
        escrow.payoutAndRate(d, r, buyers, r, buyers);
        assertEq(slotOf(id).held, 180 * ONE, "held");
        escrow.payout(d);
        assertEq(slotOf(id).rated, 0, "and without it it pays");
    }

    function test_only_an_open_deal_is_paid_out_and_rated() external {
        Deal memory d = terms();
        Rating memory r = Rating(escrow.dealId(d), 1, 0);
        bytes memory buyers = signRating(buyer, r);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Open));
        escrow.payoutAndRate(d, r, buyers, r, "");
    }
}
