// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status} from "./Deal.sol";

/// A deal's storage word while a call works on it: a place in memory that holds it, and behind it what the call pays out.
/// What a field means is said at `IDealEscrow.dealOf`.
type Slot is uint256;

using DealSlot for Slot global;

/// @title The fields of a deal's word
library DealSlot {
    uint256 private constant U40 = type(uint40).max;
    uint256 private constant U64 = type(uint64).max;

    /// @dev The status, and everything that speaks of a pending verdict but its time: round, pendingMilestone, pendingBps,
    /// attempt, and which side appealed.
    uint256 private constant PENDING = 0xff | 63 << 18 | 7 << 232 | 0x3fff << 235 | 7 << 249 | 1 << 254;

    function hold(uint256 word_) internal pure returns (Slot s) {
        assembly ("memory-safe") {
            s := mload(0x40)
            mstore(0x40, add(s, 0x40))
            mstore(s, word_)
        }
    }

    /// @notice What the call takes out of the word for the payees: toSeller 64, toBuyer 64.
    /// @dev Nothing is there before `setPaid`.
    function paid(Slot s) internal pure returns (uint256 amounts) {
        assembly ("memory-safe") {
            amounts := mload(add(s, 0x20))
        }
    }

    function setPaid(Slot s, uint256 amounts) internal pure {
        assembly ("memory-safe") {
            mstore(add(s, 0x20), amounts)
        }
    }

    function word(Slot s) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(s)
        }
    }

    function status(Slot s) internal pure returns (Status value) {
        assembly ("memory-safe") {
            value := and(mload(s), 0xff)
        }
    }

    /// @notice The same as `status() == wanted`, without Solidity's check that the word holds a status at all.
    function isAt(Slot s, Status wanted) internal pure returns (bool yes) {
        assembly ("memory-safe") {
            yes := eq(and(mload(s), 0xff), wanted)
        }
    }

    /// @notice Open, Pending or Appealed: its milestones can still be settled.
    function isLive(Slot s) internal pure returns (bool yes) {
        assembly ("memory-safe") {
            yes := lt(sub(and(mload(s), 0xff), 1), 3)
        }
    }

    /// @notice Bit i: milestone i is settled.
    function done(Slot s) internal pure returns (uint256) {
        return _get(s, 8, 0xff);
    }

    /// @notice Bit 0: the buyer has rated, bit 1: the seller has.
    function rated(Slot s) internal pure returns (uint256) {
        return _get(s, 16, 3);
    }

    /// @notice Of the pending verdict.
    function round(Slot s) internal pure returns (uint256) {
        return _get(s, 18, 63);
    }

    /// @notice `Meta.start`, from which due times count: with it no later call needs the Meta for that.
    function start(Slot s) internal pure returns (uint256) {
        return _get(s, 24, U40);
    }

    function challengeUntil(Slot s) internal pure returns (uint256) {
        return _get(s, 64, U40);
    }

    /// @notice Micro-USDC settled for the seller and not yet paid.
    function held(Slot s) internal pure returns (uint256) {
        return _get(s, 104, U64);
    }

    /// @notice Micro-USDC of the deal besides `held`.
    function left(Slot s) internal pure returns (uint256) {
        return _get(s, 168, U64);
    }

    function pendingMilestone(Slot s) internal pure returns (uint256) {
        return _get(s, 232, 7);
    }

    function pendingBps(Slot s) internal pure returns (uint256) {
        return _get(s, 235, 0x3fff);
    }

    /// @notice Of the pending verdict.
    function attempt(Slot s) internal pure returns (uint256) {
        return _get(s, 249, 7);
    }

    /// @notice The buyer lost its appeal deposit.
    function reserveSpent(Slot s) internal pure returns (bool) {
        return _get(s, 252, 1) != 0;
    }

    /// @notice The seller's bond has paid for an appeal.
    function bondSpent(Slot s) internal pure returns (bool) {
        return _get(s, 253, 1) != 0;
    }

    /// @notice Who brought the appeal that is open.
    function sellerAppealed(Slot s) internal pure returns (bool) {
        return _get(s, 254, 1) != 0;
    }

    /// @notice Some milestone was claimed; of a deal in which none was, nobody needs to read the claims.
    function claimed(Slot s) internal pure returns (bool) {
        return _get(s, 255, 1) != 0;
    }

    function setStatus(Slot s, Status value) internal pure {
        _set(s, 0, 0xff, uint256(value));
    }

    function setRated(Slot s, uint256 value) internal pure {
        _set(s, 16, 3, value);
    }

    function setStart(Slot s, uint256 value) internal pure {
        _set(s, 24, U40, value);
    }

    function setChallengeUntil(Slot s, uint256 value) internal pure {
        _set(s, 64, U40, value);
    }

    function setHeld(Slot s, uint256 value) internal pure {
        _set(s, 104, U64, value);
    }

    function setLeft(Slot s, uint256 value) internal pure {
        _set(s, 168, U64, value);
    }

    /// @notice Nothing is held any more, and `stays` is left, a sum of amounts of the terms.
    function keep(Slot s, uint256 stays) internal pure {
        assert(stays <= U64);
        uint256 mask = U64 << 104 | U64 << 168;
        assembly ("memory-safe") {
            mstore(s, or(and(mload(s), not(mask)), shl(168, stays)))
        }
    }

    function setReserveSpent(Slot s, bool value) internal pure {
        _set(s, 252, 1, value ? 1 : 0);
    }

    function setBondSpent(Slot s, bool value) internal pure {
        _set(s, 253, 1, value ? 1 : 0);
    }

    function setSellerAppealed(Slot s, bool value) internal pure {
        _set(s, 254, 1, value ? 1 : 0);
    }

    function setClaimed(Slot s) internal pure {
        _set(s, 255, 1, 1);
    }

    /// @notice Milestone `milestone`, which was not, is settled, with `toSeller` of what is left for the seller.
    /// @dev One addition. No field overflows into the next: the bit was 0, `held` and `left` together never exceed what came
    /// in, which is a uint64, and the assertion keeps `left` from borrowing.
    function settle(Slot s, uint256 milestone, uint256 toSeller) internal pure {
        assert(toSeller <= left(s));
        assembly ("memory-safe") {
            // Yul names the distance first, as is meant here.
            // slither-disable-next-line incorrect-shift
            let settled := shl(add(milestone, 8), 1)
            mstore(s, add(mload(s), sub(add(settled, shl(104, toSeller)), shl(168, toSeller))))
        }
    }

    /// @notice A verdict of the first panel waits for its window.
    function setPending(Slot s, uint256 milestone, uint256 bps, uint256 attempt_, uint256 until)
        internal
        pure
    {
        _clear(s);
        setStatus(s, Status.Pending);
        setChallengeUntil(s, until);
        _set(s, 232, 7, milestone);
        _set(s, 235, 0x3fff, bps);
        _set(s, 249, 7, attempt_);
    }

    /// @notice Nothing is pending or under appeal any more, and the deal is open. Its time says until when something was: the
    /// end of the window, or `time`, which is now, where a window ends early or an appeal does.
    function clearPending(Slot s, uint256 time) internal pure {
        if (isAt(s, Status.Open)) return;
        if (isAt(s, Status.Appealed) || time < challengeUntil(s)) setChallengeUntil(s, time);
        _clear(s);
    }

    function _clear(Slot s) private pure {
        uint256 mask = PENDING;
        assembly ("memory-safe") {
            mstore(s, or(and(mload(s), not(mask)), 1))
        }
    }

    function _get(Slot s, uint256 shift, uint256 mask) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(shift, mload(s)), mask)
        }
    }

    /// @dev Times and amounts are bounded by the terms, which the opening checks; the assertion keeps it so.
    function _set(Slot s, uint256 shift, uint256 mask, uint256 value) private pure {
        assert(value <= mask);
        assembly ("memory-safe") {
            mstore(s, or(and(mload(s), not(shl(shift, mask))), shl(shift, value)))
        }
    }
}
