// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "../law/Signatures.sol";
import {
    Ballot,
    MARK_BUYER_CONSENTS,
    MARK_BUYER_RATES,
    MARK_META,
    MARK_PUSH,
    MARK_SELLER_CONSENTS,
    MARK_SELLER_RATES
} from "../types/Ballot.sol";
import {Cause, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Core, Packing} from "../types/Packing.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Terms} from "../types/Terms.sol";
import {Deliveries} from "./Deliveries.sol";

/// @title Verdicts of the first panel, their windows, and the jurors' fee
/// @notice While a verdict is pending neither share moves and no other verdict is taken. The fee of a milestone belongs to
/// the members whose signature is on its verdict; who signed is kept only when there is a fee.
abstract contract Verdicts is Deliveries {
    uint256 private constant PANEL_MAX = 32;
    uint256 private constant ATTEMPT_MAX = 7;
    uint256 private constant META_BYTES = 256;

    function verdict(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        bytes calldata tail
    ) external locked {
        _verdict(terms, b, evidence, votes, Tails.open(tail, b.long()));
    }

    function cosign(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        bytes calldata tail
    ) external locked {
        (Core c, bytes32 id) = _brief(terms);
        bytes32 digest = _digest(b.structHash(id, evidence, votes));
        _cosign(c, id, b, Tails.open(tail, b.long()), digest);
    }

    function consent(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        bytes calldata tail
    ) external locked {
        (Core c, bytes32 id, Slot s) = _live(terms);
        bytes32 digest = _digest(b.structHash(id, evidence, votes));
        _requirePending(c, id, s, b, digest);
        require(_consented(c, b, Tails.open(tail, b.long()), digest), ConsentMissing(b.sellerBps()));
        _finalise(c, id, s);
        _pay(c, id, s);
    }

    function payJurors(uint256[10] calldata terms, bytes calldata panel) external locked {
        (Core c, bytes32 id) = _brief(terms);
        Slot s = DealSlot.hold(slot[id]);
        require(s.status() == Status.Closed, WrongStatus(s.status(), Status.Closed));
        require(s.left() != 0, NothingForJurors(id));
        address[] memory members = _requirePanel(c, panel.length / 20, Tails.open(panel, 0));
        if (block.timestamp < s.challengeUntil()) {
            require(_complete(c, id, members.length), NotYet(block.timestamp, s.challengeUntil()));
        }
        _payJurors(c, id, s, members);
        _store(id, s);
    }

    function _verdict(uint256[10] calldata terms, Ballot b, bytes32 evidence, bytes32 votes, Tail t) private {
        (Core c, bytes32 id, Slot s) = _live(terms);
        _requireTakeable(c, id, s, b);
        bytes32 digest = _digest(b.structHash(id, evidence, votes));
        (uint256 word, address[] memory panel) = _judged(c, id, s, b, t, digest);
        emit Judged(id, word, evidence, votes);
        if (s.status() == Status.Open && b.marks() & MARK_PUSH != 0) {
            _payJudged(c, id, s, panel, b.marks(), t);
        } else {
            _store(id, s);
        }
    }

    /// @dev Settles the milestone or lets the verdict wait, in the deal's word; and says so, as the event does.
    function _word(Core c, Slot s, Ballot b, bool atOnce) private view returns (uint256 word) {
        (uint256 milestone, uint256 attempt, uint256 bps) = (b.milestone(), b.attempt(), b.sellerBps());
        word = milestone | attempt << 8 | bps << 16 | b.signers() << 32;
        if (atOnce) {
            s.clearPending();
            return word | _share(c, s, _outcome(milestone, Cause.Judged, 0, attempt, bps)) >> 48 << 104;
        }
        uint256 until = block.timestamp + _window(c);
        s.setPending(milestone, bps, attempt, until);
        return word | until << 64;
    }

    function _cosign(Core c, bytes32 id, Ballot b, Tail t, bytes32 digest) private {
        uint256 word = signed[id][b.milestone()];
        require(uint32(word) != 0 && word >> 32 == uint224(uint256(digest)), NotThePendingVerdict(digest));
        Slot s = DealSlot.hold(slot[id]);
        require(s.status() != Status.Closed || s.left() != 0, NothingForJurors(id));
        _requireVotes(_requirePanel(c, b.size(), t), b, t, digest);
        signed[id][b.milestone()] = word | b.signers();
        emit Cosigned(id, uint8(b.milestone()), uint32(word | b.signers()));
    }

    // --- for consent and appeal ---

    /// @dev The verdict that is pending, as far as the word tells, and to the bit where signers are kept.
    function _requirePending(Core c, bytes32 id, Slot s, Ballot b, bytes32 digest) internal view {
        require(s.status() == Status.Pending, WrongStatus(s.status(), Status.Pending));
        bool same = b.milestone() == s.pendingMilestone() && b.round() == s.round()
            && b.attempt() == s.attempt() && b.sellerBps() == s.pendingBps();
        if (c.juryFee() != 0) same = same && signed[id][b.milestone()] >> 32 == uint224(uint256(digest));
        require(same, NotThePendingVerdict(digest));
    }

    // --- conditions ---

    /// @dev A verdict on a milestone that has none or has room for this one.
    function _requireTakeable(Core c, bytes32 id, Slot s, Ballot b) private {
        require(b.round() == 0, WrongRound(b.round(), 0));
        require(b.attempt() <= ATTEMPT_MAX, AttemptOutOfRange(b.attempt(), ATTEMPT_MAX));
        require(b.sellerBps() <= Terms.BPS, BpsTooHigh(b.sellerBps(), Terms.BPS));
        _finaliseIfOver(c, id, s);
        _requireUnsettled(c, s, b.milestone());
        _requireRoom(s, b);
    }

    /// @dev A pending verdict makes room only for a later attempt at the same milestone, and never once it is a pass.
    function _requireRoom(Slot s, Ballot b) private pure {
        if (s.status() == Status.Open) return;
        require(s.status() != Status.Appealed, WrongStatus(s.status(), Status.Open));
        require(
            s.pendingMilestone() == b.milestone(), VerdictPending(s.pendingMilestone(), s.challengeUntil())
        );
        require(s.pendingBps() != Terms.BPS, PassIsNotReplaced(b.milestone()));
        require(b.attempt() > s.attempt(), AttemptNotHigher(b.attempt(), s.attempt()));
    }

    /// @dev A quorum signed; keeps who did where there is a fee. If the verdict does not settle at once, and is below a full
    /// pass, its time must have come.
    function _judged(Core c, bytes32 id, Slot s, Ballot b, Tail t, bytes32 digest)
        private
        returns (uint256 word, address[] memory panel)
    {
        uint256 start = b.marks() & MARK_META == 0 ? 0 : _start(c, t);
        panel = _requireQuorum(c, b, t, digest);
        bool pass = b.sellerBps() == Terms.BPS;
        bool atOnce = _consented(c, b, t, digest) || (pass && c.window() == 0);
        if (!atOnce && !pass && b.marks() & MARK_SELLER_CONSENTS == 0) {
            require(b.marks() & MARK_META != 0, MetaMissing());
            uint256 due = start + c.dueAfter(b.milestone());
            require(block.timestamp >= due, TooEarlyToFail(block.timestamp, due));
        }
        if (c.juryFee() != 0) signed[id][b.milestone()] = uint256(digest) << 32 | b.signers();
        word = _word(c, s, b, atOnce);
    }

    /// @dev The time from which due offsets count, out of the tail's Meta, which must be the deal's.
    function _start(Core c, Tail t) private pure returns (uint256) {
        uint256 from = t.take(META_BYTES);
        bytes32 given = Packing.meta(from);
        require(given == c.meta(), WrongMeta(given, c.meta()));
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(add(from, 0xa0))
        }
        return Packing.startIn(word);
    }

    /// @dev Whether whoever loses by it consents: the seller below 10000, the buyer above 0. A consent that is given must
    /// be good even where none is needed.
    function _consented(Core c, Ballot b, Tail t, bytes32 digest) private view returns (bool) {
        bool byBuyer = b.marks() & MARK_BUYER_CONSENTS != 0;
        bool bySeller = b.marks() & MARK_SELLER_CONSENTS != 0;
        if (byBuyer) _requireSigned(c.buyer(), Hashes.consent(digest), t.signature());
        if (bySeller) _requireSigned(c.seller(), Hashes.consent(digest), t.signature());
        return (b.sellerBps() == 0 || byBuyer) && (b.sellerBps() == Terms.BPS || bySeller);
    }

    function _requireQuorum(Core c, Ballot b, Tail t, bytes32 digest)
        private
        view
        returns (address[] memory panel)
    {
        panel = _requirePanel(c, b.size(), t);
        uint256 quorum = c.quorum();
        require(quorum * 2 > b.size(), NoMajority(quorum, b.size()));
        require(b.count() >= quorum, TooFewSigners(b.count(), quorum));
        _requireVotes(panel, b, t, digest);
    }

    /// @dev The panel of the terms, strictly ascending, none of them a party. The loop only notices; what is wrong, if
    /// anything, is found out afterwards.
    function _requirePanel(Core c, uint256 size, Tail t) private pure returns (address[] memory panel) {
        require(size <= PANEL_MAX, PanelTooLarge(size, PANEL_MAX));
        bool flawed;
        (panel, flawed) = c.members(t.take(size * 20), size);
        bytes32 given = Hashes.addresses(panel);
        require(given == c.panel(), WrongPanel(given, c.panel()));
        if (!flawed) return panel;
        _requireAscending(panel);
        for (uint256 i = 0; i < size; ++i) {
            require(!c.isParty(panel[i]), JurorIsParty(panel[i]));
        }
    }

    /// @dev One good signature per bit, in order, and no more. Signatures by keys, all of 64 bytes, are checked in one go;
    /// any other, and whatever is wrong, one by one.
    function _requireVotes(address[] memory panel, Ballot b, Tail t, bytes32 digest) private view {
        uint256 signers = b.signers();
        require(signers >> panel.length == 0, SignerOutOfPanel(signers, panel.length));
        (uint256 given, uint256 wanted) = (b.count(), _ones(signers));
        require(given == wanted, SignatureCount(given, given < wanted ? given + 1 : wanted));
        if (b.long() == 0 && Signatures.allSigned(panel, signers, digest, t.peek(given << 6))) {
            // Only to go past them: where they lie, `peek` has said.
            // slither-disable-next-line unused-return
            t.take(given << 6);
            return;
        }
        for (uint256 i = 0; i < panel.length; ++i) {
            if (signers >> i & 1 != 0) _requireSignedDigest(panel[i], digest, t.signature());
        }
    }

    // --- the fee ---

    /// @dev Pays what is settled, and the jurors too when this closes the deal and no signature is missing; takes ratings.
    function _payJudged(Core c, bytes32 id, Slot s, address[] memory panel, uint256 marks, Tail t) private {
        (uint256 toSeller, uint256 toBuyer) = _book(c, id, s);
        if (marks & (MARK_BUYER_RATES | MARK_SELLER_RATES) != 0) _rateFrom(c, id, s, marks, t);
        if (s.status() == Status.Closed && s.left() != 0 && _complete(c, id, panel.length)) {
            _payJurors(c, id, s, panel);
        }
        _store(id, s);
        _push(c, id, toSeller, toBuyer);
    }

    /// @dev Nobody can be missing: wherever somebody signed, everybody did.
    function _complete(Core c, bytes32 id, uint256 size) private view returns (bool) {
        uint256 everybody = (uint256(1) << size) - 1;
        uint256 milestones = c.count();
        for (uint256 i = 0; i < milestones; ++i) {
            uint32 signers = uint32(signed[id][i]);
            if (signers != 0 && signers != everybody) return false;
        }
        return true;
    }

    /// @dev Equal parts per milestone; what does not divide goes back to the buyer. The caller stores the word.
    function _payJurors(Core c, bytes32 id, Slot s, address[] memory panel) private {
        uint256[] memory shares = new uint256[](panel.length);
        uint256 milestones = c.count();
        for (uint256 i = 0; i < milestones; ++i) {
            uint32 signers = uint32(signed[id][i]);
            if (signers == 0) continue;
            uint256 share = c.juryFeeOf(i, milestones) / _ones(signers);
            for (uint256 j = 0; j < panel.length; ++j) {
                if (signers >> j & 1 != 0) shares[j] += share;
            }
        }
        uint256 rest = s.left();
        s.setLeft(0);
        for (uint256 j = 0; j < panel.length; ++j) {
            rest -= shares[j];
            _credit(panel[j], id, shares[j]);
        }
        _credit(c.buyerPay(), id, rest);
    }

    function _ones(uint256 bits) private pure returns (uint256 n) {
        unchecked {
            for (; bits != 0; bits &= bits - 1) {
                ++n;
            }
        }
    }
}
