// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "../law/Signatures.sol";
import {
    Ballot,
    MARK_BUYER_CONSENTS,
    MARK_BUYER_RATES,
    MARK_PUSH,
    MARK_SELLER_CONSENTS,
    MARK_SELLER_RATES
} from "../types/Ballot.sol";
import {Cause, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Core} from "../types/Packing.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Terms} from "../types/Terms.sol";
import {Deliveries} from "./Deliveries.sol";
import {RollCall} from "./RollCall.sol";

/// @title Verdicts of the first panel, their windows, and the jurors' fee
/// @notice While a verdict is pending neither share moves and no other verdict is taken. The fee of a milestone belongs to
/// the members whose signature is on its verdict; who signed is kept only when there is a fee.
abstract contract Verdicts is Deliveries {
    uint256 private constant PANEL_MAX = 32;
    uint256 private constant ATTEMPT_MAX = 7;
    uint256 private constant CONSENTS = MARK_BUYER_CONSENTS | MARK_SELLER_CONSENTS;
    uint256 private constant RATINGS = MARK_BUYER_RATES | MARK_SELLER_RATES;

    function verdict(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms)
        external
        unlocked
    {
        _verdict(terms, b, evidence, votes, Tails.behind(terms, b.long()));
    }

    function cosign(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external unlocked {
        (Core c, bytes32 id) = _brief(terms);
        bytes32 digest = _digest(b.structHash(id, evidence, votes));
        _cosign(c, id, b, Tails.behind(terms, b.long()), digest);
    }

    function consent(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms)
        external
        unlocked
    {
        (Core c, bytes32 id, Slot s) = _live(terms);
        bytes32 digest = _digest(b.structHash(id, evidence, votes));
        _requirePending(c, id, s, b, digest);
        require(_consented(c, b, Tails.behind(terms, b.long()), digest), ConsentMissing(b.sellerBps()));
        _finalise(c, id, s);
        _pay(c, id, s);
    }

    function payJurors(uint256[10] calldata terms, bytes calldata panel) external unlocked {
        (Core c, bytes32 id) = _brief(terms);
        Slot s = DealSlot.hold(slot[id]);
        require(s.isAt(Status.Closed), WrongStatus(s.status(), Status.Closed));
        require(s.left() != 0, NothingForJurors(id));
        (address[] memory members,) = _oneByOne(c, 0, panel.length / 20, Tails.open(panel), bytes32(0));
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
        if (b.marks() & MARK_PUSH == 0 || !s.isAt(Status.Open)) {
            emit Judged(id, word, evidence, votes);
            _store(id, s);
        } else {
            _book(c, id, s);
            emit Judged(id, word | _alone(s, word >> 104) << 232, evidence, votes);
            _tell(id, s, word >> 104);
            _payJudged(c, id, s, panel, b.marks(), t);
        }
    }

    /// @dev Settles the milestone or lets the verdict wait, in the deal's word; and says so, as the event does.
    function _word(Core c, Slot s, Ballot b, bool atOnce) private view returns (uint256 word) {
        (uint256 milestone, uint256 attempt, uint256 bps) = (b.milestone(), b.attempt(), b.sellerBps());
        word = milestone | attempt << 8 | bps << 16 | b.signers() << 32;
        if (atOnce) {
            s.clearPending(block.timestamp);
            (uint256 toSeller, uint256 toBuyer) = _split(c, s, milestone, bps);
            return word | toSeller << 104 | toBuyer << 168;
        }
        uint256 until = block.timestamp + _window(c);
        s.setPending(milestone, bps, attempt, until);
        return word | until << 64;
    }

    function _cosign(Core c, bytes32 id, Ballot b, Tail t, bytes32 digest) private {
        uint256 word = signed[id][b.milestone()];
        require(uint32(word) != 0 && word >> 32 == uint224(uint256(digest)), NotThePendingVerdict(digest));
        Slot s = DealSlot.hold(slot[id]);
        require(!s.isAt(Status.Closed) || s.left() != 0, NothingForJurors(id));
        _roll(c, b, t, digest);
        signed[id][b.milestone()] = word | b.signers();
        emit Cosigned(id, uint8(b.milestone()), uint32(word | b.signers()));
    }

    // --- for consent and appeal ---

    /// @dev The verdict that is pending, as far as the word tells, and to the bit where signers are kept.
    function _requirePending(Core c, bytes32 id, Slot s, Ballot b, bytes32 digest) internal view {
        require(s.isAt(Status.Pending), WrongStatus(s.status(), Status.Pending));
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
        bool open = s.isAt(Status.Open);
        if (!open) _finaliseIfOver(c, id, s);
        _requireUnsettled(c, s, b.milestone());
        if (!open) _requireRoom(s, b);
    }

    /// @dev A pending verdict makes room only for a later attempt at the same milestone, and never once it is a pass.
    function _requireRoom(Slot s, Ballot b) private pure {
        if (s.isAt(Status.Open)) return;
        require(!s.isAt(Status.Appealed), WrongStatus(s.status(), Status.Open));
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
        panel = _requireQuorum(c, b, t, digest);
        bool pass = b.sellerBps() == Terms.BPS;
        bool atOnce = pass && c.window() == 0;
        if (b.marks() & CONSENTS != 0) atOnce = _consented(c, b, t, digest) || atOnce;
        if (!pass && !atOnce && b.marks() & MARK_SELLER_CONSENTS == 0) {
            uint256 due = s.start() + c.dueAfter(b.milestone());
            require(block.timestamp >= due, TooEarlyToFail(block.timestamp, due));
        }
        if (c.juryFee() != 0) signed[id][b.milestone()] = uint256(digest) << 32 | b.signers();
        word = _word(c, s, b, atOnce);
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
        (uint256 quorum, uint256 votes) = (c.quorum(), 0);
        (panel, votes) = _roll(c, b, t, digest);
        unchecked {
            require(quorum * 2 > b.size(), NoMajority(quorum, b.size())); // both of 8 bits
        }
        require(votes >= quorum, TooFewSigners(votes, quorum));
    }

    /// @dev The panel of the terms, strictly ascending, none of them a party, and how many of them signed: all whose bit is
    /// set. Where all signed with keys and nothing is wrong, in one go; else one by one, which finds out what is wrong.
    function _roll(Core c, Ballot b, Tail t, bytes32 digest)
        private
        view
        returns (address[] memory panel, uint256 votes)
    {
        (uint256 signers, uint256 size) = (b.signers(), b.size());
        require(signers >> size == 0, SignerOutOfPanel(signers, size));
        if (b.long() == 0 && size <= PANEL_MAX) {
            uint256 end;
            bool flawed;
            (panel, votes, end, flawed) = RollCall.byKeys(c, signers, size, t.offset(), digest);
            if (!flawed && t.goTo(end)) {
                _requirePanel(c, panel);
                return (panel, votes);
            }
        }
        return _oneByOne(c, signers, size, t, digest);
    }

    function _oneByOne(Core c, uint256 signers, uint256 size, Tail t, bytes32 digest)
        private
        view
        returns (address[] memory panel, uint256 votes)
    {
        require(size <= PANEL_MAX, PanelTooLarge(size, PANEL_MAX));
        panel = new address[](size);
        for (uint256 i = 0; i < size; ++i) {
            bool signs = signers >> i & 1 != 0;
            panel[i] = signs ? _voter(t, digest) : address(uint160(t.word(20)));
            if (signs) ++votes;
        }
        _requirePanel(c, panel);
        _requireAscending(panel);
        for (uint256 i = 0; i < size; ++i) {
            require(!c.isParty(panel[i]), JurorIsParty(panel[i]));
        }
    }

    /// @dev The next member, which signed with its key: a vote that only its sender or its code answers for would prove
    /// nothing against a seat that gives two.
    function _voter(Tail t, bytes32 digest) private view returns (address by) {
        if (t.isLong()) {
            by = address(uint160(t.word(20)));
            require(Signatures.byKey(by, digest, t.signature()), BadSignature(by, digest));
        } else {
            by = Signatures.recover(digest, t.signature());
            require(by != address(0), BadSignature(by, digest));
        }
    }

    function _requirePanel(Core c, address[] memory panel) private pure {
        bytes32 given = Hashes.addresses(panel);
        require(given == c.panel(), WrongPanel(given, c.panel()));
    }

    // --- the fee ---

    /// @dev Pays what is settled, and the jurors too when this closes the deal and no signature is missing; takes ratings.
    function _payJudged(Core c, bytes32 id, Slot s, address[] memory panel, uint256 marks, Tail t) private {
        if (marks & RATINGS != 0) _rateFrom(c, id, s, marks, t);
        if (s.isAt(Status.Closed) && s.left() != 0 && _complete(c, id, panel.length)) {
            _payJurors(c, id, s, panel);
        }
        _store(id, s);
        _push(c, id, s);
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
        (uint256 rest, uint256 milestones) = (s.left(), c.count());
        s.setLeft(0);
        for (uint256 i = 0; i < milestones; ++i) {
            uint32 signers = uint32(signed[id][i]);
            if (signers == 0) continue;
            uint256 share = c.juryFeeOf(i, milestones) / _ones(signers);
            for (uint256 j = 0; j < panel.length; ++j) {
                if (signers >> j & 1 == 0) continue;
                shares[j] += share;
                rest -= share;
            }
        }
        _creditJurors(id, _named(panel, shares));
        _credit(c.buyerPay(), id, rest);
    }

    /// @dev Each share with whose it is, without those that are nothing.
    function _named(address[] memory panel, uint256[] memory shares) private pure returns (uint256[] memory) {
        uint256 n = 0;
        for (uint256 j = 0; j < panel.length; ++j) {
            if (shares[j] != 0) shares[n++] = shares[j] << 160 | uint160(panel[j]);
        }
        assembly ("memory-safe") {
            mstore(shares, n)
        }
        return shares;
    }

    function _ones(uint256 bits) private pure returns (uint256 n) {
        unchecked {
            for (; bits != 0; bits &= bits - 1) {
                ++n;
            }
        }
    }
}
