// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AppealEnd, Cause, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Core} from "../types/Packing.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Terms} from "../types/Terms.sol";
import {Ratings} from "./Ratings.sol";

/// @title How milestones are settled and paid without jurors
/// @notice Every settlement is `_share` (once per milestone, whatever the cause) and ends in `_push` or in the deal's word.
/// The seller's share rounds down, so the last micro-USDC stays with the payer.
abstract contract Settling is Ratings {
    function release(
        uint256[10] calldata terms,
        uint256 head,
        bytes32 evidence,
        bytes calldata buyerSignature
    ) external unlocked {
        (Core c, bytes32 id, Slot s) = _live(terms);
        uint256 milestone = head & 0xff;
        _finaliseIfOver(c, id, s);
        _requireUnsettled(c, s, milestone);
        _requireSigned(c.buyer(), Hashes.release(id, milestone, evidence), buyerSignature);

        _dropPending(c, id, s, milestone);
        uint256 outcome = _share(c, s, _outcome(milestone, Cause.Released, 0, 0, Terms.BPS));
        if (head >> 8 & 1 == 0) {
            emit Released(id, outcome, evidence);
            _store(id, s);
        } else {
            _book(c, id, s);
            emit Released(id, outcome | _alone(s, outcome >> 48) << 176, evidence);
            _payAll(c, id, s, outcome >> 48);
        }
    }

    function cancel(
        uint256[10] calldata terms,
        uint16 sellerBps,
        uint40 until,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external unlocked {
        (Core c, bytes32 id, Slot s) = _live(terms);
        require(sellerBps <= Terms.BPS, BpsTooHigh(sellerBps, Terms.BPS));
        require(block.timestamp <= until, SignatureExpired(until, block.timestamp));
        bytes32 structHash = Hashes.cancel(id, sellerBps, until);
        if (sellerBps != 0) _requireSigned(c.buyer(), structHash, buyerSignature);
        if (sellerBps != Terms.BPS) _requireSigned(c.seller(), structHash, sellerSignature);

        _cancel(c, id, s, sellerBps);
    }

    function payout(uint256[10] calldata terms) external unlocked {
        (Core c, bytes32 id, Slot s) = _live(terms);
        _payout(c, id, s, 0, Tail.wrap(0));
    }

    function payoutAndRate(uint256 head, uint256[10] calldata terms) external unlocked {
        Tail t = Tails.behind(terms, head >> 8);
        (Core c, bytes32 id, Slot s) = _live(terms);
        _payout(c, id, s, head, t);
    }

    function _cancel(Core c, bytes32 id, Slot s, uint256 sellerBps) private {
        _finaliseIfOver(c, id, s);
        _dropPending(c, id, s, s.pendingMilestone());
        uint256 milestones = c.count();
        for (uint256 i = 0; i < milestones; ++i) {
            if (s.done() >> i & 1 == 0) _settle(c, id, s, _outcome(i, Cause.Cancelled, 0, 0, sellerBps));
        }
        _pay(c, id, s);
    }

    // --- for all that settle ---

    /// @dev What a settlement says, in one word: milestone 8, cause 8, round 8, attempt 8, sellerBps 16.
    function _outcome(uint256 milestone, Cause cause, uint256 round, uint256 attempt, uint256 sellerBps)
        internal
        pure
        returns (uint256)
    {
        return milestone | uint256(cause) << 8 | round << 16 | attempt << 24 | sellerBps << 32;
    }

    /// @dev Settles the milestone in the deal's word; adds toSeller 64, toBuyer 64 to the outcome.
    function _share(Core c, Slot s, uint256 outcome) internal pure returns (uint256) {
        (uint256 toSeller, uint256 toBuyer) = _split(c, s, outcome & 0xff, outcome >> 32);
        return outcome | toSeller << 48 | toBuyer << 112;
    }

    /// @dev The two shares of a milestone, a uint64, by at most 10000 basis points.
    function _split(Core c, Slot s, uint256 milestone, uint256 bps)
        internal
        pure
        returns (uint256 toSeller, uint256 toBuyer)
    {
        unchecked {
            uint256 amount = c.amount(milestone);
            toSeller = amount * bps / Terms.BPS;
            toBuyer = amount - toSeller;
        }
        s.settle(milestone, toSeller);
    }

    function _settle(Core c, bytes32 id, Slot s, uint256 outcome) internal {
        emit Settled(id, _share(c, s, outcome));
    }

    /// @dev Settles one milestone and pays.
    function _settleAndPay(Core c, bytes32 id, Slot s, uint256 outcome) internal {
        outcome = _share(c, s, outcome);
        _book(c, id, s);
        emit Settled(id, outcome | _alone(s, outcome >> 48) << 176);
        _payAll(c, id, s, outcome >> 48);
    }

    /// @dev A pending verdict whose window is over is final, whoever notices.
    function _finaliseIfOver(Core c, bytes32 id, Slot s) internal {
        if (s.isAt(Status.Pending) && block.timestamp >= s.challengeUntil()) _finalise(c, id, s);
    }

    /// @dev The pending verdict becomes the outcome.
    function _finalise(Core c, bytes32 id, Slot s) internal {
        _settle(
            c, id, s, _outcome(s.pendingMilestone(), Cause.Judged, s.round(), s.attempt(), s.pendingBps())
        );
        s.clearPending(block.timestamp);
    }

    /// @dev The parties settle `milestone` themselves: a verdict or an appeal on it has no object any more.
    function _dropPending(Core c, bytes32 id, Slot s, uint256 milestone) private {
        if (s.isAt(Status.Open) || s.pendingMilestone() != milestone) return;
        if (s.isAt(Status.Appealed)) {
            if (s.sellerAppealed()) {
                s.setLeft(s.left() - c.appealFee());
                s.setHeld(s.held() + c.appealFee());
            }
            _emitAppealClosed(id, s, AppealEnd.Settled, 0, c.appealFee(), 0);
        }
        s.clearPending(block.timestamp);
    }

    function _emitAppealClosed(
        bytes32 id,
        Slot s,
        AppealEnd end,
        uint256 toJurors,
        uint256 toAppellant,
        uint256 toOther
    ) internal {
        uint8 milestone = uint8(s.pendingMilestone());
        emit AppealClosed(id, milestone, end, uint64(toJurors), uint64(toAppellant), uint64(toOther));
    }

    /// @dev Pays everything that can be paid now, or reverts when there is nothing; takes the ratings that are marked.
    function _payout(Core c, bytes32 id, Slot s, uint256 marks, Tail t) private {
        _finaliseIfOver(c, id, s);
        _book(c, id, s);
        require(s.paid() != 0 || s.isAt(Status.Closed), NothingToSettle());
        _tell(id, s, 0);
        _rateFrom(c, id, s, marks, t);
        _store(id, s);
        _push(c, id, s);
    }

    /// @dev Pays what is settled, and stores the deal's word before it does.
    function _pay(Core c, bytes32 id, Slot s) internal {
        _book(c, id, s);
        _payAll(c, id, s, 0);
    }

    function _payAll(Core c, bytes32 id, Slot s, uint256 shares) private {
        _tell(id, s, shares);
        _store(id, s);
        _push(c, id, s);
    }

    /// @dev 1 where what is paid is just the shares of the settlement at hand, which then says so itself.
    function _alone(Slot s, uint256 shares) internal pure returns (uint256 mark) {
        (bool closed, uint256 paid) = (s.isAt(Status.Closed), s.paid());
        assembly ("memory-safe") {
            // Sums of this deal's own shares, and which event tells of them; nobody can send any.
            // slither-disable-next-line incorrect-equality
            mark := gt(eq(paid, shares), closed)
        }
    }

    /// @dev What is being paid, unless the settlement of these shares has told it; and the close.
    function _tell(bytes32 id, Slot s, uint256 shares) internal {
        if (s.isAt(Status.Closed)) emit Closed(id, s.paid() | s.left() << 128);
        else if (s.paid() != shares) emit Paid(id, s.paid());
    }

    /// @dev Takes what is settled out of the deal's word, for the caller to store and to push; after the last milestone
    /// also reserve and bond, and closes. What the jurors earned stays. The buyer's part is what nothing else has a claim
    /// on: unsettled milestones, the jury's fee, the buyer's reserve, the seller's bond and its appeal deposit.
    function _book(Core c, bytes32 id, Slot s) internal view {
        (uint256 toSeller, uint256 left) = (s.held(), s.left());
        uint256 stays = c.unsettled(s.done());
        // No milestone is worth nothing.
        if (stays != 0) {
            stays = _bound(c, s, stays);
        } else {
            stays = c.juryFee() == 0 ? 0 : _juryFeeEarned(c, id);
            uint256 bond = _bondLeft(c, s);
            toSeller += bond;
            left -= bond;
            s.setStatus(Status.Closed);
            s.setChallengeUntil(block.timestamp + GRACE);
        }
        s.setPaid(toSeller | (left - stays) << 64);
        s.keep(stays);
    }

    /// @dev What an open deal keeps, of whose milestones `unsettled` is left. A few sums of uint64.
    function _bound(Core c, Slot s, uint256 unsettled) private pure returns (uint256 bound) {
        unchecked {
            bound = unsettled + c.juryFee() + _bondLeft(c, s);
            uint256 fee = c.appealFee();
            if (fee != 0) {
                if (!s.reserveSpent()) bound += fee;
                if (s.isAt(Status.Appealed) && s.sellerAppealed()) bound += fee;
            }
        }
    }

    function _bondLeft(Core c, Slot s) private pure returns (uint256) {
        uint256 bond = c.sellerBond();
        if (bond == 0 || !s.bondSpent()) return bond;
        uint256 fee = c.appealFee();
        return bond > fee ? bond - fee : 0;
    }

    /// @dev The fee of each milestone whose accepted verdict was not overturned.
    function _juryFeeEarned(Core c, bytes32 id) private view returns (uint256 earned) {
        uint256 milestones = c.count();
        for (uint256 i = 0; i < milestones; ++i) {
            if (uint32(signed[id][i]) != 0) earned += c.juryFeeOf(i, milestones);
        }
    }

    function _requireUnsettled(Core c, Slot s, uint256 milestone) internal pure {
        // Counted only for the error: amounts have no gaps.
        if (!c.has(milestone)) revert NoSuchMilestone(milestone, c.count());
        require(s.done() >> milestone & 1 == 0, MilestoneSettled(milestone));
    }

    function _requireAscending(address[] memory list) internal pure {
        for (uint256 i = 1; i < list.length; ++i) {
            require(list[i - 1] < list[i], UnsortedAddresses(list[i - 1], list[i]));
        }
    }
}
