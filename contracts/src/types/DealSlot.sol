// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status} from "./Deal.sol";

/// A deal's storage word, taken apart. What a field means is said at `IDealEscrow.slot`.
struct Slot {
    Status status;
    uint8 done; // bit i: milestone i is settled
    uint8 rated; // bit 0: the buyer has rated, bit 1: the seller has
    uint8 round; // of the pending verdict
    uint40 openedAt;
    uint40 challengeUntil;
    uint64 held; // micro-USDC settled for the seller and not yet paid
    uint64 left; // micro-USDC of the deal besides `held`
    uint8 pendingMilestone;
    uint16 pendingBps;
    uint8 attempt; // of the pending verdict
    bool reserveSpent; // the buyer lost its appeal deposit
    bool bondSpent; // the seller's bond has paid for an appeal
    bool sellerAppealed; // who brought the appeal that is open
}

/// @title The packing of a deal's word
library DealSlot {
    function unpack(uint256 word) internal pure returns (Slot memory s) {
        s.status = Status(uint8(word));
        s.done = uint8(word >> 8);
        s.rated = uint8(word >> 16) & 3;
        s.round = uint8(word >> 18) & 63;
        s.openedAt = uint40(word >> 24);
        s.challengeUntil = uint40(word >> 64);
        s.held = uint64(word >> 104);
        s.left = uint64(word >> 168);
        s.pendingMilestone = uint8(word >> 232) & 7;
        s.pendingBps = uint16(word >> 235) & 0x3fff;
        s.attempt = uint8(word >> 249) & 7;
        s.reserveSpent = word & (1 << 252) != 0;
        s.bondSpent = word & (1 << 253) != 0;
        s.sellerAppealed = word & (1 << 254) != 0;
    }

    function pack(Slot memory s) internal pure returns (uint256 word) {
        word =
            uint256(uint8(s.status)) | uint256(s.done) << 8 | uint256(s.rated) << 16 | uint256(s.round) << 18;
        word |= uint256(s.openedAt) << 24 | uint256(s.challengeUntil) << 64;
        word |= uint256(s.held) << 104 | uint256(s.left) << 168;
        word |= uint256(s.pendingMilestone) << 232 | uint256(s.pendingBps) << 235 | uint256(s.attempt) << 249;
        if (s.reserveSpent) word |= 1 << 252;
        if (s.bondSpent) word |= 1 << 253;
        if (s.sellerAppealed) word |= 1 << 254;
    }
}
