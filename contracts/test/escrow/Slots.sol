// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status} from "../../src/types/Deal.sol";

/// A deal's storage word, taken apart to be looked at. What a field means is said at `IDealEscrow.dealOf`.
struct Slot {
    Status status;
    uint256 done; // bit i: milestone i is settled
    uint256 rated; // bit 0: the buyer has rated, bit 1: the seller has
    uint256 round; // of the pending verdict
    uint256 start; // of Meta
    uint256 challengeUntil;
    uint256 held; // micro-USDC settled for the seller and not yet paid
    uint256 left; // micro-USDC of the deal besides `held`
    uint256 pendingMilestone;
    uint256 pendingBps;
    uint256 attempt; // of the pending verdict
    bool reserveSpent; // the buyer lost its appeal deposit
    bool bondSpent; // the seller's bond has paid for an appeal
    bool sellerAppealed; // who brought the appeal that is open
    bool claimed; // some milestone was
}

/// @title A second reading of a deal's word, by the interface alone
library DealSlot {
    function unpack(uint256 word) internal pure returns (Slot memory s) {
        s.status = Status(word & 0xff);
        s.done = word >> 8 & 0xff;
        s.rated = word >> 16 & 3;
        s.round = word >> 18 & 63;
        s.start = word >> 24 & type(uint40).max;
        s.challengeUntil = word >> 64 & type(uint40).max;
        s.held = word >> 104 & type(uint64).max;
        s.left = word >> 168 & type(uint64).max;
        s.pendingMilestone = word >> 232 & 7;
        s.pendingBps = word >> 235 & 0x3fff;
        s.attempt = word >> 249 & 7;
        s.reserveSpent = word >> 252 & 1 != 0;
        s.bondSpent = word >> 253 & 1 != 0;
        s.sellerAppealed = word >> 254 & 1 != 0;
        s.claimed = word >> 255 != 0;
    }
}
