// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cause, Deal, Status, Verdict, Votes} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Terms} from "../types/Terms.sol";
import {Settling} from "./Settling.sol";

/// @title Verdicts of the first panel, their windows, and the jurors' fee
/// @notice While a verdict is pending neither share moves and no other verdict is taken. The fee of a milestone belongs to
/// the members whose signature is on its verdict; who signed is kept only when there is a fee.
abstract contract Verdicts is Settling {
    using DealSlot for Slot;
    using DealSlot for uint256;
    using Terms for Deal;

    uint256 private constant PANEL_MAX = 32;
    uint256 private constant ATTEMPT_MAX = 7;

    function verdict(
        Deal calldata deal,
        Verdict calldata v,
        Votes calldata votes,
        bytes calldata buyerConsent,
        bytes calldata sellerConsent,
        bool push
    ) external locked {
        (bytes32 id, Slot memory s) = _live(deal);
        bytes32 digest = _requireTakeable(id, deal, s, v, votes);
        bool atOnce = _atOnce(deal, v, digest, buyerConsent, sellerConsent);
        if (deal.juryFee != 0) signed[id][v.milestone] = uint256(digest) << 32 | votes.signers;
        _clearPending(s);
        if (atOnce) {
            emit Judged(id, digest, v, votes.signers, 0);
            _settleJudged(id, deal, s, v);
            if (push) _payJudged(id, deal, s, votes.panel);
            else _store(id, s);
        } else {
            s.status = Status.Pending;
            (s.pendingMilestone, s.pendingBps, s.attempt) = (v.milestone, v.sellerBps, v.attempt);
            s.challengeUntil = block.timestamp + _window(deal);
            emit Judged(id, digest, v, votes.signers, uint40(s.challengeUntil));
            _store(id, s);
        }
    }

    function cosign(Deal calldata deal, Verdict calldata v, Votes calldata votes) external locked {
        bytes32 id = dealId(deal);
        bytes32 digest = verdictDigest(v);
        uint256 word = signed[id][v.milestone];
        require(uint32(word) != 0 && word >> 32 == uint224(uint256(digest)), NotThePendingVerdict(digest));
        Slot memory s = slot[id].unpack();
        require(s.status != Status.Closed || s.left != 0, NothingForJurors(id));
        _requirePanel(deal, votes.panel);
        _requireVotes(votes, digest);
        signed[id][v.milestone] = word | votes.signers;
        emit Cosigned(id, v.milestone, uint32(word | votes.signers));
    }

    function consent(
        Deal calldata deal,
        Verdict calldata v,
        bytes calldata buyerConsent,
        bytes calldata sellerConsent
    ) external locked {
        (bytes32 id, Slot memory s) = _live(deal);
        bytes32 digest = _requirePending(id, deal, s, v);
        bool enough = _consented(deal, v.sellerBps, digest, buyerConsent, sellerConsent);
        require(enough, ConsentMissing(v.sellerBps));
        _finalise(id, deal, s);
        _finish(id, deal, s, true);
    }

    function payJurors(Deal calldata deal, address[] calldata panel) external locked {
        bytes32 id = dealId(deal);
        Slot memory s = slot[id].unpack();
        require(s.status == Status.Closed, WrongStatus(s.status, Status.Closed));
        require(s.left != 0, NothingForJurors(id));
        _requirePanel(deal, panel);
        if (block.timestamp < s.challengeUntil) {
            require(_complete(id, deal, panel.length), NotYet(block.timestamp, s.challengeUntil));
        }
        _payJurors(id, deal, s, panel);
    }

    // --- for consent and appeal ---

    /// @dev The verdict that is pending, as far as the word tells, and to the bit where signers are kept.
    function _requirePending(bytes32 id, Deal calldata deal, Slot memory s, Verdict calldata v)
        internal
        view
        returns (bytes32 digest)
    {
        _requireDeal(v.deal, id);
        require(s.status == Status.Pending, WrongStatus(s.status, Status.Pending));
        digest = verdictDigest(v);
        bool same = v.milestone == s.pendingMilestone && v.round == s.round && v.attempt == s.attempt
            && v.sellerBps == s.pendingBps;
        if (deal.juryFee != 0) same = same && signed[id][v.milestone] >> 32 == uint224(uint256(digest));
        require(same, NotThePendingVerdict(digest));
    }

    // --- conditions ---

    /// @dev A verdict by a quorum of the panel, on a milestone that has none or has room for this one.
    function _requireTakeable(
        bytes32 id,
        Deal calldata deal,
        Slot memory s,
        Verdict calldata v,
        Votes calldata votes
    ) private returns (bytes32 digest) {
        _requireDeal(v.deal, id);
        require(v.round == 0, WrongRound(v.round, 0));
        require(v.attempt <= ATTEMPT_MAX, AttemptOutOfRange(v.attempt, ATTEMPT_MAX));
        require(v.sellerBps <= Terms.BPS, BpsTooHigh(v.sellerBps, Terms.BPS));
        _finaliseIfOver(id, deal, s);
        _requireUnsettled(deal, s, v.milestone);
        _requireRoom(s, v);
        digest = verdictDigest(v);
        _requireQuorum(deal, votes, digest);
    }

    /// @dev Whether the verdict settles at once. If not, and below a full pass, its time must have come.
    function _atOnce(
        Deal calldata deal,
        Verdict calldata v,
        bytes32 digest,
        bytes calldata buyerConsent,
        bytes calldata sellerConsent
    ) private view returns (bool) {
        bool pass = v.sellerBps == Terms.BPS;
        if (_consented(deal, v.sellerBps, digest, buyerConsent, sellerConsent)) return true;
        if (!pass && sellerConsent.length == 0) {
            uint256 due = deal.dueAt(v.milestone);
            require(block.timestamp >= due, TooEarlyToFail(block.timestamp, due));
        }
        return pass && deal.window == 0;
    }

    /// @dev A pending verdict makes room only for a later attempt at the same milestone, and never once it is a pass.
    function _requireRoom(Slot memory s, Verdict calldata v) private pure {
        require(s.status != Status.Appealed, WrongStatus(s.status, Status.Open));
        if (s.status != Status.Pending) return;
        require(s.pendingMilestone == v.milestone, VerdictPending(s.pendingMilestone, s.challengeUntil));
        require(s.pendingBps != Terms.BPS, PassIsNotReplaced(v.milestone));
        require(v.attempt > s.attempt, AttemptNotHigher(v.attempt, s.attempt));
    }

    /// @dev Whether whoever loses by it consents: the seller below 10000, the buyer above 0. A consent that is given must
    /// be good even where none is needed.
    function _consented(
        Deal calldata deal,
        uint256 sellerBps,
        bytes32 digest,
        bytes calldata buyerConsent,
        bytes calldata sellerConsent
    ) private view returns (bool) {
        bytes32 structHash = Hashes.consent(digest);
        bool byBuyer = buyerConsent.length != 0;
        bool bySeller = sellerConsent.length != 0;
        if (byBuyer) _requireSigned(deal.buyer, structHash, buyerConsent);
        if (bySeller) _requireSigned(deal.seller, structHash, sellerConsent);
        return (sellerBps == 0 || byBuyer) && (sellerBps == Terms.BPS || bySeller);
    }

    function _requireQuorum(Deal calldata deal, Votes calldata votes, bytes32 digest) private view {
        _requirePanel(deal, votes.panel);
        uint256 size = votes.panel.length;
        require(uint256(deal.quorum) * 2 > size, NoMajority(deal.quorum, size));
        uint256 given = votes.signatures.length;
        require(given >= deal.quorum, TooFewSigners(given, deal.quorum));
        _requireVotes(votes, digest);
    }

    function _requirePanel(Deal calldata deal, address[] calldata panel) private pure {
        require(panel.length <= PANEL_MAX, PanelTooLarge(panel.length, PANEL_MAX));
        bytes32 given = Hashes.addresses(panel);
        require(given == deal.panel, WrongPanel(given, deal.panel));
        _requireAscending(panel);
        for (uint256 i = 0; i < panel.length; ++i) {
            require(!_isParty(deal, panel[i]), JurorIsParty(panel[i]));
        }
    }

    /// @dev One good signature per bit, in order, and no more.
    function _requireVotes(Votes calldata votes, bytes32 digest) private view {
        uint256 size = votes.panel.length;
        require(votes.signers >> size == 0, SignerOutOfPanel(votes.signers, size));
        uint256 given = votes.signatures.length;
        uint256 next;
        for (uint256 i = 0; i < size; ++i) {
            if (votes.signers >> i & 1 == 0) continue;
            require(next < given, SignatureCount(given, next + 1));
            _requireSignedDigest(votes.panel[i], digest, votes.signatures[next++]);
        }
        require(next == given, SignatureCount(given, next));
    }

    // --- the fee ---

    function _settleJudged(bytes32 id, Deal calldata deal, Slot memory s, Verdict calldata v) private {
        _settle(id, deal, s, Outcome(v.milestone, Cause.Judged, 0, v.attempt, v.sellerBps, 0));
    }

    /// @dev Pays what is settled, and the jurors too when this closes the deal and no signature is missing.
    function _payJudged(bytes32 id, Deal calldata deal, Slot memory s, address[] calldata panel) private {
        (uint256 toSeller, uint256 toBuyer) = _book(id, deal, s);
        if (s.status == Status.Closed && s.left != 0 && _complete(id, deal, panel.length)) {
            _payJurors(id, deal, s, panel);
        }
        _push(deal.sellerPay, id, toSeller);
        _push(deal.buyerPay, id, toBuyer);
    }

    /// @dev Nobody can be missing: wherever somebody signed, everybody did.
    function _complete(bytes32 id, Deal calldata deal, uint256 size) private view returns (bool) {
        uint256 everybody = (uint256(1) << size) - 1;
        uint256 milestones = deal.count();
        for (uint256 i = 0; i < milestones; ++i) {
            uint32 signers = uint32(signed[id][i]);
            if (signers != 0 && signers != everybody) return false;
        }
        return true;
    }

    /// @dev Equal parts per milestone; what does not divide goes back to the buyer.
    function _payJurors(bytes32 id, Deal calldata deal, Slot memory s, address[] calldata panel) private {
        uint256[] memory shares = new uint256[](panel.length);
        uint256 milestones = deal.count();
        for (uint256 i = 0; i < milestones; ++i) {
            uint32 signers = uint32(signed[id][i]);
            if (signers == 0) continue;
            uint256 share = deal.juryFeeOf(i, milestones) / _ones(signers);
            for (uint256 j = 0; j < panel.length; ++j) {
                if (signers >> j & 1 != 0) shares[j] += share;
            }
        }
        uint256 rest = s.left;
        for (uint256 j = 0; j < panel.length; ++j) {
            rest -= shares[j];
        }
        s.left = 0;
        _store(id, s);
        for (uint256 j = 0; j < panel.length; ++j) {
            _credit(panel[j], id, shares[j]);
        }
        _credit(deal.buyerPay, id, rest);
    }

    function _ones(uint32 bits) private pure returns (uint256 n) {
        for (; bits != 0; bits &= bits - 1) {
            ++n;
        }
    }
}
