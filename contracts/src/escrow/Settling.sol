// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AppealEnd, Cancel, Cause, Claim, Deal, Fallback, Receipt, Release, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Terms} from "../types/Terms.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title How milestones are settled and paid without jurors
/// @notice Every settlement is `_settle` (once per milestone, whatever the cause) and ends in `_pay` or in the deal's word.
/// The seller's share rounds down, so the last micro-USDC stays with the payer.
abstract contract Settling is EscrowState {
    using DealSlot for Slot;
    using Terms for Deal;

    function release(Deal calldata deal, Release calldata r, bytes calldata buyerSignature, bool push)
        external
        locked
    {
        (bytes32 id, Slot memory s) = _live(deal);
        _requireDeal(r.deal, id);
        _finaliseIfOver(id, deal, s);
        _requireUnsettled(deal, s, r.milestone);
        _requireSigned(deal.buyer, Hashes.release(r), buyerSignature);

        _dropPending(id, deal, s, r.milestone);
        _settle(id, deal, s, Outcome(r.milestone, Cause.Released, 0, 0, Terms.BPS, r.evidence));
        _finish(id, deal, s, push);
    }

    function cancel(
        Deal calldata deal,
        Cancel calldata c,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external locked {
        (bytes32 id, Slot memory s) = _live(deal);
        _requireDeal(c.deal, id);
        require(c.sellerBps <= Terms.BPS, BpsTooHigh(c.sellerBps, Terms.BPS));
        require(block.timestamp <= c.until, SignatureExpired(c.until, block.timestamp));
        bytes32 structHash = Hashes.cancel(c);
        if (c.sellerBps != 0) _requireSigned(deal.buyer, structHash, buyerSignature);
        if (c.sellerBps != Terms.BPS) _requireSigned(deal.seller, structHash, sellerSignature);

        _finaliseIfOver(id, deal, s);
        _dropPending(id, deal, s, s.pendingMilestone);
        uint256 milestones = deal.count();
        for (uint256 i = 0; i < milestones; ++i) {
            if (s.done >> i & 1 == 0) {
                _settle(id, deal, s, Outcome(i, Cause.Cancelled, 0, 0, c.sellerBps, 0));
            }
        }
        _finish(id, deal, s, true);
    }

    function claim(Deal calldata deal, Claim calldata c) external locked {
        (bytes32 id, Slot memory s) = _live(deal);
        _requireUnsettled(deal, s, c.milestone);
        uint256 until = deal.dueAt(c.milestone) + GRACE;
        require(block.timestamp < until, ClaimTooLate(block.timestamp, until));
        uint256 shift = uint256(c.milestone) * 32;
        uint256 word = claims[id];
        require(uint32(word >> shift) == 0, AlreadyClaimed(c.milestone));
        _requireVaults(deal, c);
        _requireReceipts(id, c);

        // From one up, so that a claim in the second of the opening is one too.
        claims[id] = word | (block.timestamp - s.openedAt + 1) << shift;
        emit Claimed(id, c.milestone, c.attempt, c.manifest, c.size, c.receipts, c.storedAt);
    }

    function payout(Deal calldata deal) external locked {
        _payout(deal);
    }

    function timeout(Deal calldata deal, uint8 milestone) external locked {
        (bytes32 id, Slot memory s) = _live(deal);
        _finaliseIfOver(id, deal, s);
        _requireUnsettled(deal, s, milestone);
        bool pending = s.status != Status.Open && s.pendingMilestone == milestone;
        require(!pending, VerdictPending(milestone, s.challengeUntil));

        bool claimed = uint32(claims[id] >> (uint256(milestone) * 32)) != 0;
        uint256 from = claimed ? _fallbackFrom(deal) : deal.dueAt(milestone) + GRACE;
        require(block.timestamp >= from, NotYet(block.timestamp, from));
        Cause cause = claimed ? Cause.Unjudged : Cause.Undelivered;
        uint256 bps = claimed ? deal.fallbackBps : 0;
        _settle(id, deal, s, Outcome(milestone, cause, 0, 0, bps, 0));
        _finish(id, deal, s, true);
    }

    // --- for all that settle ---

    struct Outcome {
        uint256 milestone;
        Cause cause;
        uint256 round;
        uint256 attempt;
        uint256 sellerBps;
        bytes32 evidence;
    }

    function _settle(bytes32 id, Deal calldata deal, Slot memory s, Outcome memory o) internal {
        uint256 amount = deal.amount(o.milestone);
        uint256 toSeller = amount * o.sellerBps / Terms.BPS;
        s.done |= uint256(1) << o.milestone;
        s.held += toSeller;
        s.left -= toSeller;
        emit Settled(
            id,
            uint8(o.milestone),
            o.cause,
            uint8(o.round),
            uint8(o.attempt),
            uint16(o.sellerBps),
            uint64(toSeller),
            uint64(amount - toSeller),
            o.evidence
        );
    }

    /// @dev A pending verdict whose window is over is final, whoever notices.
    function _finaliseIfOver(bytes32 id, Deal calldata deal, Slot memory s) internal {
        if (s.status == Status.Pending && block.timestamp >= s.challengeUntil) _finalise(id, deal, s);
    }

    /// @dev The pending verdict becomes the outcome.
    function _finalise(bytes32 id, Deal calldata deal, Slot memory s) internal {
        _settle(id, deal, s, Outcome(s.pendingMilestone, Cause.Judged, s.round, s.attempt, s.pendingBps, 0));
        _clearPending(s);
    }

    function _clearPending(Slot memory s) internal pure {
        s.status = Status.Open;
        s.pendingMilestone = 0;
        s.pendingBps = 0;
        s.round = 0;
        s.attempt = 0;
        s.challengeUntil = 0;
        s.sellerAppealed = false;
    }

    /// @dev The parties settle `milestone` themselves: a verdict or an appeal on it has no object any more.
    function _dropPending(bytes32 id, Deal calldata deal, Slot memory s, uint256 milestone) private {
        if (s.status == Status.Open || s.pendingMilestone != milestone) return;
        if (s.status == Status.Appealed) {
            if (s.sellerAppealed) {
                s.left -= deal.appealFee;
                s.held += deal.appealFee;
            }
            _emitAppealClosed(id, s, AppealEnd.Settled, 0, deal.appealFee, 0);
        }
        _clearPending(s);
    }

    function _emitAppealClosed(
        bytes32 id,
        Slot memory s,
        AppealEnd end,
        uint256 toJurors,
        uint256 toAppellant,
        uint256 toOther
    ) internal {
        uint8 milestone = uint8(s.pendingMilestone);
        emit AppealClosed(id, milestone, end, uint64(toJurors), uint64(toAppellant), uint64(toOther));
    }

    function _payout(Deal calldata deal) internal {
        (bytes32 id, Slot memory s) = _live(deal);
        _finaliseIfOver(id, deal, s);
        (uint256 toSeller, uint256 toBuyer) = _due(deal, s);
        require(toSeller != 0 || toBuyer != 0 || _allDone(deal, s), NothingToSettle());
        _pay(id, deal, s);
    }

    function _finish(bytes32 id, Deal calldata deal, Slot memory s, bool push) internal {
        if (push) _pay(id, deal, s);
        else _store(id, s);
    }

    function _pay(bytes32 id, Deal calldata deal, Slot memory s) private {
        (uint256 toSeller, uint256 toBuyer) = _book(id, deal, s);
        _push(deal.sellerPay, id, toSeller);
        _push(deal.buyerPay, id, toBuyer);
    }

    /// @dev Takes what is settled out of the deal's word, for the caller to push; after the last milestone also reserve and
    /// bond, and closes. What the jurors earned stays.
    function _book(bytes32 id, Deal calldata deal, Slot memory s)
        internal
        returns (uint256 toSeller, uint256 toBuyer)
    {
        (toSeller, toBuyer) = _due(deal, s);
        s.held = 0;
        if (_allDone(deal, s)) {
            uint256 fee = _juryFeeEarned(id, deal);
            uint256 bond = _bondLeft(deal, s);
            toSeller += bond;
            toBuyer = s.left - bond - fee;
            s.left = fee;
            s.status = Status.Closed;
            s.challengeUntil = block.timestamp + GRACE;
            emit Closed(id, uint64(toSeller), uint64(toBuyer), uint64(fee));
        } else {
            s.left -= toBuyer;
        }
        _store(id, s);
    }

    /// @dev What is settled and not yet paid. The buyer's part is what nothing else has a claim on: unsettled milestones,
    /// the jury's fee, the buyer's reserve, the seller's bond and its appeal deposit.
    function _due(Deal calldata deal, Slot memory s)
        private
        pure
        returns (uint256 toSeller, uint256 toBuyer)
    {
        uint256 bound = deal.unsettled(s.done) + deal.juryFee + _bondLeft(deal, s);
        if (!s.reserveSpent) bound += deal.appealFee;
        if (s.status == Status.Appealed && s.sellerAppealed) bound += deal.appealFee;
        (toSeller, toBuyer) = (s.held, s.left - bound);
    }

    function _bondLeft(Deal calldata deal, Slot memory s) private pure returns (uint256) {
        (uint256 bond, uint256 fee) = (deal.sellerBond, deal.appealFee);
        if (!s.bondSpent) return bond;
        return bond > fee ? bond - fee : 0;
    }

    /// @dev The fee of each milestone whose accepted verdict was not overturned.
    function _juryFeeEarned(bytes32 id, Deal calldata deal) private view returns (uint256 earned) {
        if (deal.juryFee == 0) return 0;
        uint256 milestones = deal.count();
        for (uint256 i = 0; i < milestones; ++i) {
            if (uint32(signed[id][i]) != 0) earned += deal.juryFeeOf(i, milestones);
        }
    }

    function _allDone(Deal calldata deal, Slot memory s) private pure returns (bool) {
        return s.done + 1 == uint256(1) << deal.count();
    }

    function _requireUnsettled(Deal calldata deal, Slot memory s, uint256 milestone) internal pure {
        uint256 milestones = deal.count();
        require(milestone < milestones, NoSuchMilestone(milestone, milestones));
        require(s.done >> milestone & 1 == 0, MilestoneSettled(milestone));
    }

    // --- times and vaults ---

    function _fallbackFrom(Deal calldata deal) private view returns (uint256) {
        return deal.fallback_ == uint256(Fallback.Principals) ? deal.end + _window(deal) : deal.end;
    }

    /// @dev Seconds that a verdict waits; a window of 0 is only for full passes.
    function _window(Deal calldata deal) internal view returns (uint256) {
        return deal.window == 0 ? GRACE : deal.window;
    }

    function _requireVaults(Deal calldata deal, Claim calldata c) private pure {
        bytes32 given = Hashes.addresses(c.vaults);
        require(given == deal.meta.vaults, WrongVaults(given, deal.meta.vaults));
        _requireAscending(c.vaults);
        for (uint256 i = 0; i < c.vaults.length; ++i) {
            require(!_isParty(deal, c.vaults[i]), VaultIsParty(c.vaults[i]));
        }
    }

    /// @dev All but one of the vaults, and at least two.
    function _requireReceipts(bytes32 id, Claim calldata c) private view {
        uint256 vaults = c.vaults.length;
        require(vaults < 256 && c.receipts >> vaults == 0, SignerOutOfPanel(c.receipts, vaults));
        uint256 given = c.signatures.length;
        uint256 wanted = vaults > 3 ? vaults - 1 : 2;
        require(given >= wanted, TooFewReceipts(given, wanted));
        require(c.storedAt.length == given, SignatureCount(c.storedAt.length, given));
        uint256 next;
        for (uint256 i = 0; i < vaults; ++i) {
            if (c.receipts >> i & 1 == 0) continue;
            require(next < given, SignatureCount(given, next + 1));
            uint256 storedAt = c.storedAt[next];
            require(storedAt <= block.timestamp, StoredInFuture(storedAt, block.timestamp));
            Receipt memory r = Receipt(id, c.milestone, c.attempt, c.manifest, c.size, uint40(storedAt));
            _requireSigned(c.vaults[i], Hashes.receipt(r), c.signatures[next++]);
        }
        require(next == given, SignatureCount(given, next));
    }

    function _requireAscending(address[] calldata list) internal pure {
        for (uint256 i = 1; i < list.length; ++i) {
            require(list[i - 1] < list[i], UnsortedAddresses(list[i - 1], list[i]));
        }
    }

    function _isParty(Deal calldata deal, address account) internal pure returns (bool) {
        return account == deal.buyer || account == deal.seller || account == deal.buyerPay
            || account == deal.sellerPay;
    }
}
