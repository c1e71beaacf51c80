// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cause, Fallback, Receipt, Status} from "../types/Deal.sol";
import {Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Core, Packing} from "../types/Packing.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Terms} from "../types/Terms.sol";
import {Settling} from "./Settling.sol";

/// @title Claims of a delivery, and what happens to a milestone that nobody claimed or nobody judged
abstract contract Deliveries is Settling {
    using Packing for uint256[17];

    function claim(uint256 head, bytes32 manifest, uint256[17] calldata terms) external unlocked {
        Tail t = Tails.behindWhole(terms, head >> 128);
        (Core c, bytes32 id, Slot s) = _liveWhole(terms);
        _mark(c, id, s, head & 0xff);
        Receipt memory r = Receipt(id, uint8(head), uint8(head >> 8), manifest, uint64(head >> 64), 0);
        _claim(c, r, terms.vaults(), head, t);
    }

    function timeout(uint256[10] calldata terms, uint8 milestone) external unlocked {
        (Core c, bytes32 id, Slot s) = _live(terms);
        _finaliseIfOver(c, id, s);
        _requireUnsettled(c, s, milestone);
        (Cause cause, uint256 from) = _over(c, id, s, milestone);
        // A delivery must not end unjudged because a verdict on another was in the way of its own.
        bool waits = cause == Cause.Unjudged || s.pendingMilestone() == milestone;
        bool free = s.isAt(Status.Open) || !waits;
        require(free, VerdictPending(s.pendingMilestone(), s.challengeUntil()));
        require(block.timestamp >= from, NotYet(block.timestamp, from));
        uint256 bps = cause == Cause.Unjudged ? c.fallbackBps() : 0;
        _settleAndPay(c, id, s, _outcome(milestone, cause, 0, 0, bps));
    }

    /// @dev Keeps when it was claimed: seconds in 32 bits, which last until 2106.
    function _mark(Core c, bytes32 id, Slot s, uint256 milestone) private {
        _requireUnsettled(c, s, milestone);
        uint256 until = _claimsEnd(c, s, milestone);
        require(block.timestamp < until, ClaimTooLate(block.timestamp, until));
        uint256 word = claims[id];
        require(uint32(word >> (milestone << 5)) == 0, AlreadyClaimed(milestone));
        claims[id] = word | uint256(uint32(block.timestamp)) << (milestone << 5);
        if (word != 0) return;
        s.setClaimed();
        _store(id, s);
    }

    function _claim(Core c, Receipt memory r, bytes32 wanted, uint256 head, Tail t) private {
        address[] memory vaults = t.addresses(head >> 16 & 0xff);
        _requireVaults(c, wanted, vaults);
        uint40[] memory storedAt = _requireReceipts(r, vaults, head, t);
        emit Claimed(r.deal, r.milestone, r.attempt, r.manifest, r.size, uint32(head >> 32), storedAt);
    }

    /// @dev Why a milestone that nothing is pending on ends, and from when. A jury has `GRACE` for its verdict from when the
    /// last one on another milestone was out of the way.
    function _over(Core c, bytes32 id, Slot s, uint256 milestone) private view returns (Cause, uint256) {
        if (s.claimed() && uint32(claims[id] >> (milestone << 5)) != 0) {
            (uint256 from, uint256 room) = (_fallbackFrom(c), s.challengeUntil() + GRACE);
            return (Cause.Unjudged, from < room ? room : from);
        }
        return (Cause.Undelivered, _claimsEnd(c, s, milestone));
    }

    /// @dev Until then a delivery can be claimed; from then on a milestone without a claim is undelivered.
    function _claimsEnd(Core c, Slot s, uint256 milestone) private view returns (uint256) {
        return s.start() + c.dueAfter(milestone) + GRACE;
    }

    function _fallbackFrom(Core c) private view returns (uint256) {
        return c.fallback_() == uint256(Fallback.Principals) ? c.end() + _window(c) : c.end();
    }

    /// @dev Seconds that a verdict waits; a window of 0 is only for full passes.
    function _window(Core c) internal view returns (uint256) {
        return c.window() == 0 ? GRACE : c.window();
    }

    function _requireVaults(Core c, bytes32 wanted, address[] memory vaults) private pure {
        bytes32 given = Hashes.addresses(vaults);
        require(given == wanted, WrongVaults(given, wanted));
        _requireAscending(vaults);
        for (uint256 i = 0; i < vaults.length; ++i) {
            require(!c.isParty(vaults[i]), VaultIsParty(vaults[i]));
        }
    }

    /// @dev All but one of the vaults, and at least two. Each receipt is five bytes of time and a signature.
    function _requireReceipts(Receipt memory r, address[] memory vaults, uint256 head, Tail t)
        private
        view
        returns (uint40[] memory storedAt)
    {
        (uint256 given, uint256 bits) = (head >> 24 & 0xff, uint32(head >> 32));
        require(bits >> vaults.length == 0, SignerOutOfPanel(bits, vaults.length));
        uint256 wanted = vaults.length > 3 ? vaults.length - 1 : 2;
        require(given >= wanted, TooFewReceipts(given, wanted));
        storedAt = new uint40[](given);
        uint256 next = 0;
        for (uint256 i = 0; i < vaults.length; ++i) {
            if (bits >> i & 1 == 0) continue;
            require(next < given, SignatureCount(given, next + 1));
            r.storedAt = uint40(t.word(5));
            require(r.storedAt <= block.timestamp, StoredInFuture(r.storedAt, block.timestamp));
            _requireSigned(vaults[i], Hashes.receipt(r), t.signature());
            storedAt[next++] = r.storedAt;
        }
        require(next == given, SignatureCount(given, next));
    }
}
