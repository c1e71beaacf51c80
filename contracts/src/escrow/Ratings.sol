// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal, Rating, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Appeals} from "./Appeals.sol";

/// @title Ratings: one per side, against a deal that was settled here
/// @notice Without a settled deal there is no rating, so a reputation costs at least a deal.
abstract contract Ratings is Appeals {
    using DealSlot for Slot;
    using DealSlot for uint256;

    function rate(Deal calldata deal, Rating calldata r, address by, bytes calldata signature)
        external
        locked
    {
        _rate(deal, r, by, signature);
    }

    function payoutAndRate(
        Deal calldata deal,
        Rating calldata byBuyer,
        bytes calldata buyerSignature,
        Rating calldata bySeller,
        bytes calldata sellerSignature
    ) external locked {
        _payout(deal);
        if (buyerSignature.length != 0) _rate(deal, byBuyer, deal.buyer, buyerSignature);
        if (sellerSignature.length != 0) _rate(deal, bySeller, deal.seller, sellerSignature);
    }

    function _rate(Deal calldata deal, Rating calldata r, address by, bytes calldata signature) private {
        bytes32 id = dealId(deal);
        _requireDeal(r.deal, id);
        _requireParty(deal, by);
        Slot memory s = slot[id].unpack();
        require(s.status == Status.Closed, WrongStatus(s.status, Status.Closed));
        uint256 side = by == deal.buyer ? 1 : 2;
        require(s.rated & side == 0, AlreadyRated(id, by));
        _requireSigned(by, Hashes.rating(r), signature);
        s.rated |= side;
        _store(id, s);
        emit Rated(id, by, side == 1 ? deal.seller : deal.buyer, r.value, r.feedbackHash);
    }
}
