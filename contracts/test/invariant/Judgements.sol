// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status, Verdict} from "../../src/types/Deal.sol";
import {Votes} from "../escrow/Calls.sol";
import {Dice, Side} from "./Cast.sol";
import {Desk} from "./Desk.sol";
import {Leave} from "./Leaky.sol";
import {Page, Reached} from "./Page.sol";
import {Settlements} from "./Settlements.sol";

/// @title The first panel judges, verdicts wait, members are paid
abstract contract Judgements is Settlements {
    uint256 internal constant TAKING = 1 << uint256(Status.Open) | 1 << uint256(Status.Pending);
    uint256 private constant EVERYBODY = 31;

    /// A verdict on its way to the escrow.
    struct Brief {
        Verdict v;
        Votes votes;
        bytes buyers; // consents
        bytes sellers;
        bool votesGood;
        bool buyerConsents;
        bool sellerConsents;
        bool consentsGood;
        bool push;
    }

    enum VoteFlaw {
        NoQuorum,
        StrangerVotes,
        TwiceTheSame,
        OtherPanel,
        OtherVerdict,
        MissingSignature,
        None
    }

    function judge(uint256 seed) external {
        Dice memory dice = Dice(seed);
        _judge(dice, find(dice, TAKING));
    }

    /// @notice A later attempt at what is pending; also one that is not later, or after a pass.
    function judgeAgain(uint256 seed) external {
        Dice memory dice = Dice(seed);
        _judge(dice, find(dice, 1 << uint256(Status.Pending)));
    }

    function consent(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, 1 << uint256(Status.Pending));
        Verdict memory v = verdictFor(p, p.milestone, 0, p.attempt, p.bps);
        bool other = faulty(dice, 6);
        if (other) v.attempt += 1;
        (bool byBuyer, bool bySeller) = (p.bps != 0, p.bps != BPS);
        if (faulty(dice, 4)) byBuyer = false;
        if (faulty(dice, 4)) bySeller = false;
        bytes32 digest = verdictDigest(v);
        bytes memory buyers = byBuyer ? consentOf(buyerOf(p), digest) : bytes("");
        bytes memory sellers = bySeller ? consentOf(sellerOf(p), digest) : bytes("");
        bool good = (!byBuyer || honest(buyerOf(p))) && (!bySeller || honest(sellerOf(p)));
        bool enough = (p.bps == 0 || byBuyer) && (p.bps == BPS || bySeller);
        Leave may = either(p.status == Status.Pending && !other && good && enough);
        bytes memory call_ = abi.encodeCall(Desk.consent, (p.terms, v, buyers, sellers));
        if (!tried(call_, may, "E06 a window ends early only by consent of whoever loses by the verdict")) {
            return;
        }
        finalise(p);
        pay(p);
        count(Reached.Consented);
    }

    function cosign(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Page storage p, uint256 m) = _signedFor(dice);
        Verdict memory v = verdictFor(p, m, 0, p.judgedAttempt[m], p.judgedBps[m]);
        VoteFlaw flaw = faulty(dice, 4) ? VoteFlaw(1 + roll(dice, 5)) : VoteFlaw.None;
        Votes memory votes = _votes(v, 1 + roll(dice, EVERYBODY), flaw);
        bool open_ = p.signers[m] != 0 && (p.status != Status.Closed || p.fees != 0);
        bytes memory call_ = abi.encodeCall(Desk.cosign, (p.terms, v, votes));
        if (tried(
                call_,
                either(open_ && flaw == VoteFlaw.None),
                "E20 members add their names until they are paid"
            )) {
            p.signers[m] |= uint32(votes.signers);
            count(Reached.Cosigned);
        }
    }

    function payJurors(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, CLOSED);
        for (uint256 i = 0; i < pages.length && (p.status != Status.Closed || p.fees == 0); ++i) {
            p = pages[i];
        }
        touched = ALL;
        if (p.status == Status.Closed && roll(dice, 2) == 0) waitUntil(p.closedAt + GRACE - roll(dice, 2));
        address[] memory members = panel();
        bool other = faulty(dice, 5);
        if (other) members[0] = address(uint160(members[0]) - 1);
        _payJurors(p, members, !other);
    }

    function _payJurors(Page storage p, address[] memory members, bool panelGood) internal {
        bool ripe = block.timestamp >= p.closedAt + GRACE || isComplete(p);
        Leave may = either(p.status == Status.Closed && p.fees != 0 && ripe && panelGood);
        bytes memory call_ = abi.encodeCall(Desk.payJurors, (p.terms, members));
        if (tried(call_, may, "E15 members have the grace to sign before the fee is shared")) payFees(p);
    }

    // --- a verdict ---

    /// @dev A deal and a milestone that somebody signed for, if there is any.
    function _signedFor(Dice memory dice) private returns (Page storage p, uint256 m) {
        p = find(dice, LIVE | CLOSED);
        touched = ALL;
        uint256 from = roll(dice, pages.length);
        for (uint256 i = 0; i < pages.length; ++i) {
            Page storage other = pages[(from + i) % pages.length];
            for (m = 0; m < other.count; ++m) {
                if (other.signers[m] != 0) return (other, m);
            }
        }
        return (p, roll(dice, p.count));
    }

    function _judge(Dice memory dice, Page storage p) internal {
        Brief memory b;
        if (roll(dice, 4) == 0) waitUntil(dueOf(p, roll(dice, p.count)));
        b.v = _verdict(dice, p);
        VoteFlaw flaw = faulty(dice, 5) ? VoteFlaw(roll(dice, 6)) : VoteFlaw.None;
        b.votes = _votes(b.v, [uint256(7), 31, 22, 27][roll(dice, 4)], flaw);
        b.votesGood = flaw == VoteFlaw.None;
        _consents(dice, p, b);
        b.push = roll(dice, 2) == 0;
        bytes memory call_ =
            abi.encodeCall(Desk.verdict, (p.terms, b.v, b.votes, b.buyers, b.sellers, b.push));
        Leave may = either(_canTake(p, b.v) && b.votesGood && b.consentsGood && _inTime(p, b));
        if (tried(call_, may, "E06 a verdict is a quorum's, in its time, and one is pending at most")) {
            _judged(p, b);
        }
    }

    function _verdict(Dice memory dice, Page storage p) private view returns (Verdict memory) {
        bool same = p.status == Status.Pending && roll(dice, 4) != 0;
        uint256 m = same ? p.milestone : milestoneOf(dice, p);
        uint256 attempt = same ? p.attempt + roll(dice, 3) : roll(dice, 2);
        uint256 bps = [BPS, BPS, 0, 0, 5000, 3333, 9999][roll(dice, 7)];
        if (m < p.count && block.timestamp < dueOf(p, m) && roll(dice, 3) != 0) bps = BPS; // fails come later
        return verdictFor(p, m, faulty(dice, 12) ? 1 : 0, attempt, bps);
    }

    /// @dev A consent that is given must be good even where none is needed.
    function _consents(Dice memory dice, Page storage p, Brief memory b) private view {
        (Side storage buying_, Side storage selling_) = (buyerOf(p), sellerOf(p));
        bytes32 digest = verdictDigest(b.v);
        (b.buyerConsents, b.sellerConsents) = (roll(dice, 4) == 0, roll(dice, 4) == 0);
        bool forged = faulty(dice, 4);
        if (b.buyerConsents) b.buyers = consentOf(forged ? selling_ : buying_, digest);
        if (b.sellerConsents) b.sellers = consentOf(forged ? buying_ : selling_, digest);
        b.consentsGood = (!b.buyerConsents || (!forged && honest(buying_)))
            && (!b.sellerConsents || (!forged && honest(selling_)));
    }

    function _votes(Verdict memory v, uint256 signers, VoteFlaw flaw)
        private
        view
        returns (Votes memory votes)
    {
        if (flaw == VoteFlaw.NoQuorum) signers = 9;
        if (flaw == VoteFlaw.OtherPanel) signers &= 15; // who signs is no address that could be another
        votes = Votes(panel(), signers, new bytes[](onesIn(signers)));
        bytes32 digest = flaw == VoteFlaw.OtherVerdict ? keccak256(abi.encode(v)) : verdictDigest(v);
        uint256 n;
        for (uint256 i = 0; i < 5; ++i) {
            if (signers >> i & 1 != 0) votes.signatures[n++] = signCompact(jurors[i], digest);
        }
        if (flaw == VoteFlaw.StrangerVotes) votes.signatures[0] = signCompact(nobody, digest);
        if (flaw == VoteFlaw.TwiceTheSame) (votes.signatures, votes.signers) = _twice(votes.signatures[0]);
        if (flaw == VoteFlaw.OtherPanel) votes.panel[4] = address(uint160(votes.panel[4]) + 1);
        if (flaw == VoteFlaw.MissingSignature) votes.signatures = _allBut(votes.signatures);
    }

    /// @dev One member's signature in the places of three.
    function _twice(bytes memory signature) private pure returns (bytes[] memory list, uint256 signers) {
        list = new bytes[](3);
        (list[0], list[1], list[2]) = (signature, signature, signature);
        signers = 7;
    }

    function _allBut(bytes[] memory list) private pure returns (bytes[] memory fewer) {
        fewer = new bytes[](list.length - 1);
        for (uint256 i = 0; i < fewer.length; ++i) {
            fewer[i] = list[i];
        }
    }

    // --- rules and books ---

    function _canTake(Page storage p, Verdict memory v) private view returns (bool) {
        if (!isLive(p) || v.round != 0 || v.attempt > 7) return false;
        if (v.milestone >= p.count || isDone(p, v.milestone)) return false;
        if (p.status == Status.Open || isOver(p)) return true;
        return
            p.status == Status.Pending && p.milestone == v.milestone && p.bps != BPS && v.attempt > p.attempt;
    }

    function _atOnce(Page storage p, Brief memory b) private view returns (bool) {
        uint256 bps = b.v.sellerBps;
        if ((bps == 0 || b.buyerConsents) && (bps == BPS || b.sellerConsents)) return true;
        return bps == BPS && p.terms.window == 0;
    }

    function _inTime(Page storage p, Brief memory b) private view returns (bool) {
        if (b.v.sellerBps == BPS || b.sellerConsents) return true;
        return _atOnce(p, b) || block.timestamp >= dueOf(p, b.v.milestone);
    }

    function _judged(Page storage p, Brief memory b) private {
        finaliseIfOver(p);
        uint8 m = b.v.milestone;
        if (p.status == Status.Pending) count(Reached.Replaced);
        if (p.terms.juryFee != 0) p.signers[m] = uint32(b.votes.signers);
        (p.judgedAttempt[m], p.judgedBps[m]) = (b.v.attempt, b.v.sellerBps);
        if (_atOnce(p, b)) {
            if (p.status == Status.Pending) clear(p);
            settle(p, m, b.v.sellerBps);
            count(Reached.AtOnce);
            if (b.v.sellerBps != 0 && b.v.sellerBps != BPS) count(Reached.ReleasedPartly);
        } else {
            (p.status, p.milestone, p.attempt, p.bps) = (Status.Pending, m, b.v.attempt, b.v.sellerBps);
            p.until = uint40(block.timestamp) + windowOf(p);
            count(Reached.Pending);
        }
        if (!b.push || p.status != Status.Open) return;
        pay(p);
        if (p.status == Status.Closed && p.fees != 0 && isComplete(p)) payFees(p);
    }
}
