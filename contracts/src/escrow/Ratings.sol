// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MARK_BUYER_RATES, MARK_SELLER_RATES} from "../types/Ballot.sol";
import {Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Core} from "../types/Packing.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title Ratings: one per side, against a deal that was settled here
/// @notice Without a settled deal there is no rating, so a reputation costs at least a deal. Whatever call closes a deal
/// takes both ratings along for a few thousand gas.
abstract contract Ratings is EscrowState {
    uint256 private constant BUYER = 1;
    uint256 private constant SELLER = 2;

    function rate(uint256[10] calldata terms, bytes32 feedbackHash, uint256 rating, bytes calldata signature)
        external
        unlocked
    {
        (Core c, bytes32 id) = _brief(terms);
        Slot s = DealSlot.hold(slot[id]);
        uint256 side = rating >> 128 & 1 == 0 ? BUYER : SELLER;
        int128 value = int128(uint128(rating));
        _rate(c, id, s, side, value, feedbackHash, signature);
        _store(id, s);
    }

    /// @dev The ratings that the marks announce; the caller stores the word.
    function _rateFrom(Core c, bytes32 id, Slot s, uint256 marks, Tail t) internal {
        if (marks & MARK_BUYER_RATES != 0) _rateNext(c, id, s, BUYER, t);
        if (marks & MARK_SELLER_RATES != 0) _rateNext(c, id, s, SELLER, t);
    }

    function _rateNext(Core c, bytes32 id, Slot s, uint256 side, Tail t) private {
        int128 value = int128(uint128(t.word(16)));
        bytes32 feedbackHash = bytes32(t.word(32));
        _rate(c, id, s, side, value, feedbackHash, t.signature());
    }

    function _rate(
        Core c,
        bytes32 id,
        Slot s,
        uint256 side,
        int128 value,
        bytes32 feedbackHash,
        bytes calldata signature
    ) private {
        address by = side == BUYER ? c.buyer() : c.seller();
        require(s.isAt(Status.Closed), WrongStatus(s.status(), Status.Closed));
        require(s.rated() & side == 0, AlreadyRated(id, by));
        _requireSigned(by, Hashes.rating(id, value, feedbackHash), signature);
        s.setRated(s.rated() | side);
        emit Rated(id, uint256(uint128(value)) | (side - 1) << 128, feedbackHash);
    }
}
