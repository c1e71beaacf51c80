// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cancel, Deal, Fallback, Rating, Release, Status} from "../../src/types/Deal.sol";
import {Claim} from "../escrow/Calls.sol";
import {Dice, Side} from "./Cast.sol";
import {Desk} from "./Desk.sol";
import {Leave} from "./Leaky.sol";
import {Openings} from "./Openings.sol";
import {Page, Reached} from "./Page.sol";

/// @title Milestones are settled by the parties or by time, and paid
abstract contract Settlements is Openings {
    uint256 internal constant LIVE =
        1 << uint256(Status.Open) | 1 << uint256(Status.Pending) | 1 << uint256(Status.Appealed);
    uint256 internal constant CLOSED = 1 << uint256(Status.Closed);

    function release(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, LIVE);
        if (p.status != Status.Appealed && roll(dice, 2) == 0) return _open(dice); // the panel should get some
        bool push = roll(dice, 2) == 0;
        bool forged = faulty(dice, 4);
        Release memory r = Release(p.id, milestoneOf(dice, p), sha256("evidence"));
        if (roll(dice, 4) == 0 && p.status == Status.Appealed) r.milestone = p.milestone;
        bytes memory signature = releaseOf(forged ? sellerOf(p).signer : buyerOf(p).signer, r);
        Leave may = either(!forged && _canRelease(p, r.milestone));
        bytes memory call_ = abi.encodeCall(Desk.release, (p.terms, r, signature, push));
        if (tried(call_, may, "E06 a buyer's own signature releases, and nobody else's")) {
            _released(p, r.milestone, push);
        }
    }

    /// @notice Two releases in one call; either may fail without the other.
    function releaseMany(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (roll(dice, 2) == 0) return _open(dice);
        Deal[] memory deals = new Deal[](2);
        Release[] memory releases = new Release[](2);
        bytes[] memory signatures = new bytes[](2);
        Page[] storage all = pages;
        touched = ALL;
        uint256[2] memory which = [roll(dice, all.length), roll(dice, all.length)];
        bool[2] memory forged;
        for (uint256 i = 0; i < 2; ++i) {
            Page storage p = all[which[i]];
            forged[i] = roll(dice, 4) == 0;
            releases[i] = Release(p.id, milestoneOf(dice, p), bytes32(i));
            deals[i] = p.terms;
            signatures[i] = releaseOf(forged[i] ? nobody : buyerOf(p).signer, releases[i]);
        }
        bool push = roll(dice, 2) == 0;
        bytes memory call_ = abi.encodeCall(Desk.releaseMany, (deals, releases, signatures, push));
        tried(call_, Leave.Granted, "E22 one item of a batch does not stop another");
        for (uint256 i = 0; i < 2; ++i) {
            Page storage p = all[which[i]];
            if (!forged[i] && _canRelease(p, releases[i].milestone)) {
                _released(p, releases[i].milestone, push);
            } else {
                count(Reached.BatchItemFailed);
            }
        }
    }

    function cancel(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, LIVE);
        if (roll(dice, 2) == 0) return _open(dice); // deals should grow old
        uint16 bps = [uint16(0), 10_000, 5000, 3333, 10_001][roll(dice, strict ? 4 : 5)];
        bool late = faulty(dice, 5);
        Cancel memory c = Cancel(p.id, bps, uint40(block.timestamp - (late ? 1 : 0)));
        (bool byBuyer, bool bySeller) = (bps != 0, bps != 10_000);
        if (faulty(dice, 4)) byBuyer = false;
        if (faulty(dice, 4)) bySeller = false;
        bytes memory buyers = byBuyer ? cancelOf(buyerOf(p).signer, c) : bytes("");
        bytes memory sellers = bySeller ? cancelOf(sellerOf(p).signer, c) : bytes("");
        bool agreed = (bps == 0 || (byBuyer && honest(buyerOf(p))))
            && (bps == 10_000 || (bySeller && honest(sellerOf(p))));
        Leave may = either(isLive(p) && bps <= BPS && !late && agreed);
        bytes memory call_ = abi.encodeCall(Desk.cancel, (p.terms, c, buyers, sellers));
        if (!tried(call_, may, "E07 a cancellation needs whoever gives something up")) return;
        finaliseIfOver(p);
        drop(p, p.milestone);
        for (uint256 i = 0; i < p.count; ++i) {
            if (!isDone(p, i)) settle(p, i, bps);
        }
        pay(p);
        count(Reached.Cancelled);
        if (bps != 0 && bps != BPS) count(Reached.ReleasedPartly);
    }

    function claim(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, LIVE);
        (uint8 m, uint256 flaw) = (milestoneOf(dice, p), faulty(dice, 3) ? roll(dice, 3) : 3);
        Claim memory c = claimOf(p.terms, m); // the deal's own vaults sign it
        if (flaw == 0) (c.receipts, c.signatures) = (1, _first(c.signatures));
        if (flaw == 1) c.signatures[1] = c.signatures[0];
        if (flaw == 2) c.storedAt[0] = uint40(block.timestamp + 1);
        // Claims are of what is not settled yet; a verdict that nobody has made final still takes one.
        bool inTime = m < p.count && block.timestamp < dueOf(p, m) + GRACE;
        bool room = inTime && p.done >> m & 1 == 0 && p.claimed >> m & 1 == 0;
        bytes memory call_ = abi.encodeCall(Desk.claim, (p.terms, c));
        if (tried(call_, either(isLive(p) && room && flaw == 3), "E15 claims are taken until due and grace"))
        {
            p.claimed |= uint8(1 << m);
        }
    }

    function timeout(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, LIVE);
        uint8 m = milestoneOf(dice, p);
        if (roll(dice, 2) == 0) (p, m) = _claimed(p, m);
        if (roll(dice, 2) == 0) waitUntil(_timeoutFrom(p, m) - roll(dice, 2));
        _timeout(p, m);
    }

    /// @dev A milestone of any deal that waits for its fallback, if there is one: they are rare.
    function _claimed(Page storage p, uint8 m) private returns (Page storage, uint8) {
        touched = ALL;
        for (uint256 k = 0; k < pages.length; ++k) {
            Page storage other = pages[k];
            for (uint8 i = 0; isLive(other) && i < other.count; ++i) {
                bool judged = other.status != Status.Open && other.milestone == i;
                if (other.claimed >> i & 1 != 0 && !isDone(other, i) && !judged) return (other, i);
            }
        }
        return (p, m);
    }

    function payout(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, roll(dice, 2) == 0 ? 1 << uint256(Status.Pending) : LIVE);
        _payout(p);
    }

    function payoutMany(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (roll(dice, 4) != 0) return _open(dice);
        Deal[] memory deals = new Deal[](pages.length);
        touched = ALL;
        for (uint256 i = 0; i < deals.length; ++i) {
            deals[i] = pages[i].terms;
        }
        tried(abi.encodeCall(Desk.payoutMany, (deals)), Leave.Granted, "E22 one payout does not stop another");
        for (uint256 i = 0; i < deals.length; ++i) {
            if (_canPayOut(pages[i])) _paidOut(pages[i]);
            else count(Reached.BatchItemFailed);
        }
    }

    function rate(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, CLOSED);
        (bool bySeller, bool forged) = (roll(dice, 2) == 0, faulty(dice, 4));
        Side storage side = bySeller ? sellerOf(p) : buyerOf(p);
        Rating memory r = Rating(p.id, int128(int256(seed)), bytes32(seed));
        uint8 bit = bySeller ? 2 : 1;
        bytes memory signature = ratingOf(forged ? nobody : side.signer, r);
        Leave may = either(p.status == Status.Closed && p.rated & bit == 0 && !forged && honest(side));
        bytes memory call_ = abi.encodeCall(Desk.rate, (p.terms, r, side.signer.addr, signature));
        if (tried(call_, may, "E11 one rating per side, after the close")) p.rated |= bit;
    }

    // --- rules and books ---

    function _canRelease(Page storage p, uint256 m) private view returns (bool) {
        return isLive(p) && m < p.count && !isDone(p, m) && honest(buyerOf(p));
    }

    function _released(Page storage p, uint256 m, bool push) private {
        finaliseIfOver(p);
        drop(p, m);
        settle(p, m, BPS);
        if (push) pay(p);
        count(Reached.Released);
    }

    function _canPayOut(Page storage p) internal view returns (bool) {
        return isLive(p) && (isOver(p) || p.forSeller + p.forBuyer != 0);
    }

    function _payout(Page storage p) internal {
        bytes memory call_ = abi.encodeCall(Desk.payout, (p.terms));
        if (tried(call_, either(_canPayOut(p)), "E15 nothing is paid before its window is over")) {
            _paidOut(p);
        }
    }

    function _paidOut(Page storage p) private {
        finaliseIfOver(p);
        pay(p);
    }

    function _timeout(Page storage p, uint8 m) internal {
        bool claimed = p.claimed >> m & 1 != 0;
        bool waits = p.status == Status.Appealed || (p.status == Status.Pending && !isOver(p));
        bool free = isLive(p) && m < p.count && !isDone(p, m) && !(waits && (claimed || p.milestone == m));
        uint256 from = _timeoutFrom(p, m);
        bytes memory call_ = abi.encodeCall(Desk.timeout, (p.terms, m));
        if (!tried(
                call_,
                either(free && block.timestamp >= from),
                "E07 time settles what nobody did, in its time"
            )) {
            return;
        }
        finaliseIfOver(p);
        settle(p, m, claimed ? p.terms.fallbackBps : 0);
        pay(p);
        count(claimed ? Reached.FellBack : Reached.TimedOut);
    }

    function _timeoutFrom(Page storage p, uint256 m) private view returns (uint256) {
        if (p.claimed >> m & 1 == 0) return dueOf(p, m) + GRACE;
        uint256 from = p.terms.end + (p.terms.fallback_ == uint8(Fallback.Principals) ? windowOf(p) : 0);
        return from < p.until + GRACE ? p.until + GRACE : from;
    }

    function _first(bytes[] memory list) private pure returns (bytes[] memory one) {
        one = new bytes[](1);
        one[0] = list[0];
    }
}
