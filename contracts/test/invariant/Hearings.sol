// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Status, Verdict} from "../../src/types/Deal.sol";
import {Appeal, AppealStatus} from "../../src/types/Jury.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {Encoding, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Dice, Side} from "./Cast.sol";
import {Desk} from "./Desk.sol";
import {FalseJury} from "./Hostiles.sol";
import {Leaky, Leave, Warrant} from "./Leaky.sol";
import {Page, Reached} from "./Page.sol";
import {Seating} from "./Seating.sol";

/// @title Verdicts are appealed, heard, ruled on; or there is silence
abstract contract Hearings is Seating {
    using JuryCalls for JuryPool;
    using Leaky for Warrant;

    uint256 private constant APPEALED = 1 << uint256(Status.Appealed);

    /// An appeal before the jury, as it was asked for.
    struct Hearing {
        AppealStatus status;
        uint8 testified;
        uint40 appealedAt;
        uint40 seats;
        uint40 round;
        uint40 deadline;
        uint8 attempt;
        uint40[] first; // the seats of the first draw
    }

    mapping(bytes32 deal => mapping(uint256 milestone => Hearing)) private hearings;

    function appeal(uint256 seed) external {
        _appeal(Dice(seed));
    }

    /// @dev Where nothing is pending, something is judged instead.
    function _appeal(Dice memory dice) private {
        Page storage p = find(dice, 1 << uint256(Status.Pending));
        if (p.status != Status.Pending && roll(dice, 4) != 0) return _judge(dice, find(dice, TAKING));
        bool bySeller = roll(dice, 2) == 0;
        Side storage by = bySeller ? sellerOf(p) : buyerOf(p);
        Verdict memory v = verdictFor(p, p.milestone, 0, p.attempt, p.bps);
        (bool other, bool forged, bool late) = (faulty(dice, 8), faulty(dice, 6), faulty(dice, 8));
        if (other) v.sellerBps ^= 1;
        uint40 until = uint40(block.timestamp) - (late ? 1 : 0);
        bytes32 typeHash = keccak256("Appeal(bytes32 verdict,uint40 until)");
        bytes32 digest = digestOf(keccak256(abi.encode(typeHash, verdictDigest(v), until)));
        bytes memory plea = signed(forged ? nobody : by.signer, digest);
        bool good = p.status == Status.Pending && block.timestamp < p.until && !other && !forged && !late;
        Leave may = good && honest(by) ? _deposit(p, by, bySeller) : Leave.Refused;
        if (roll(dice, 3) == 0) return _appealAtJury(dice, p, by, bySeller, v, until, plea, may);
        bytes memory call_ = abi.encodeCall(Desk.appeal, (p.terms, v, until, by.signer.addr, plea));
        if (!tried(call_, may, "E15 a party appeals within the window, with its deposit")) return;
        _appealed(p, by, bySeller);
    }

    /// @dev In one call with the request.
    function _appealAtJury(
        Dice memory dice,
        Page storage p,
        Side storage by,
        bool bySeller,
        Verdict memory v,
        uint40 until,
        bytes memory plea,
        Leave may
    ) private {
        uint40 now_ = uint40(block.timestamp);
        uint40 seats = seatedBefore(now_);
        uint40 said = roll(dice, 2) == 0 ? type(uint40).max : seats;
        if (!_hearable(p, now_) || !_counted(said, seats)) may = Leave.Refused;
        bytes memory call_ =
            abi.encodeCall(Desk.appealAtJury, (p.terms, v, until, by.signer.addr, plea, said));
        if (!tried(call_, may, "E15 an appeal and its request in one call")) return;
        _appealed(p, by, bySeller);
        _requested(p, seats);
    }

    function request(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, APPEALED);
        if (p.status != Status.Appealed && roll(dice, 4) != 0) return _appeal(dice);
        _request(dice, p);
    }

    function _request(Dice memory dice, Page storage p) private {
        uint40 seats = seatedBefore(p.appealedAt);
        uint40 said = roll(dice, 2) == 0 ? type(uint40).max : seats;
        if (faulty(dice, 5)) said = uint40(roll(dice, seats + 3));
        bool good = p.status == Status.Appealed && _hearable(p, p.appealedAt) && _counted(said, seats);
        bytes memory call_ = abi.encodeCall(Desk.request, (p.terms, said));
        if (!tried(call_, either(good), "E15 an appeal is requested once, over the seats that were there")) {
            return;
        }
        _requested(p, seats);
    }

    /// @dev Exactly, or by saying that all there are are old enough.
    function _counted(uint40 said, uint40 seats) private view returns (bool) {
        return said == seats || (said == type(uint40).max && seats == jury.seatCount());
    }

    /// @dev The jury of the terms, a deposit worth a fine, no request before, and time for a ruling.
    function _hearable(Page storage p, uint40 appealedAt) private view returns (bool) {
        return p.terms.jury == address(jury) && hearings[p.id][p.milestone].status == AppealStatus.None
            && p.terms.appealFee >= STAKE / 10 && _nextOut() + RULING_TIME <= appealedAt + APPEAL_LIMIT;
    }

    function _requested(Page storage p, uint40 seats) private {
        Hearing storage h = hearings[p.id][p.milestone];
        (h.status, h.appealedAt, h.seats) = (AppealStatus.Requested, p.appealedAt, seats);
        h.attempt = p.attempt;
        _drawFixed(p, h, p.milestone);
    }

    function testify(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Page storage p, uint8 m) = _heard(dice);
        Hearing storage h = hearings[p.id][m];
        if (!_isOpen(h)) return _next(dice, p);
        _out(dice, h);
        uint40[] memory drawn = _drawn(p, m);
        if (drawn.length == 0) return;
        uint8 index = uint8(roll(dice, drawn.length));
        bool forged = faulty(dice, 5);
        Verdict memory v = verdictFor(p, m, uint8(h.status), h.attempt, roll(dice, BPS + 1));
        bytes memory signature = sign(forged ? nobody : holders[drawn[index]], verdictDigest(v));
        bool good = !forged && block.timestamp < h.deadline && h.testified >> index & 1 == 0;
        bytes memory call_ = abi.encodeCall(Desk.testify, (p.terms, panel(), v, index, signature));
        if (tried(call_, either(good), "E20 a drawn seat testifies once")) h.testified |= uint8(1 << index);
    }

    /// @notice The court rules, which settles the milestone if it is still under appeal.
    function hear(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Page storage p, uint8 m) = _heard(dice);
        Hearing storage h = hearings[p.id][m];
        if (!_isOpen(h)) return _next(dice, p);
        _out(dice, h);
        uint40[] memory drawn = _drawn(p, m);
        uint256 signers = [uint256(31), 127, 124, 93][roll(dice, 4)];
        if (faulty(dice, 5)) signers = 15;
        if (signers >> drawn.length != 0) return;
        (bool forged, bool otherRound) = (faulty(dice, 6), faulty(dice, 8));
        uint256 bps = [p.bps, BPS, 0, 7777][roll(dice, 4)];
        Verdict memory v = verdictFor(p, m, uint8(h.status) ^ (otherRound ? 3 : 0), h.attempt, bps);
        Votes memory votes = _courtVotes(v, drawn, signers, forged);
        bool good = !forged && !otherRound && signers != 15 && block.timestamp < h.deadline
            && p.status == Status.Appealed && p.milestone == m;
        bytes memory call_ = abi.encodeCall(Desk.ruleAtJury, (p.terms, v, votes));
        if (!tried(call_, either(good), "E06 five of the drawn seven rule, in time")) return;
        h.status = AppealStatus.Ruled;
        address[] memory court = _courtOf(drawn, signers);
        sharePot(court);
        rulingMade(p, bps, court);
        count(Reached.Ruled);
        pay(p);
    }

    function _courtOf(uint40[] memory drawn, uint256 signers) private view returns (address[] memory court) {
        court = new address[](onesIn(signers));
        uint256 n;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (signers >> i & 1 != 0) court[n++] = holders[drawn[i]].addr;
        }
    }

    function redraw(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (Page storage p, uint8 m) = _heard(dice);
        Hearing storage h = hearings[p.id][m];
        if (!_isOpen(h) && roll(dice, 4) != 0) return _next(dice, p);
        if (_isOpen(h) && roll(dice, 4) != 0) _out(dice, h);
        if (_isOpen(h) && roll(dice, 2) == 0) waitUntil(h.deadline - roll(dice, 2));
        bool proven = beacon.randomness(h.round) != 0;
        bytes memory call_ = abi.encodeCall(Desk.redraw, (p.terms, m, panel()));
        bool due = _isOpen(h) && block.timestamp >= h.deadline;
        bool waiting =
            p.status == Status.Appealed && p.milestone == m && block.timestamp < p.appealedAt + APPEAL_LIMIT;
        uint40[] memory drawn = due && proven ? _drawn(p, m) : new uint40[](0);
        if (!tried(call_, either(due), "E15 silence is noticed from the deadline on")) return;
        for (uint256 i = 0; waiting && i < drawn.length; ++i) {
            if (h.testified >> i & 1 == 0) suspended(drawn[i]);
        }
        if (!waiting || h.status == AppealStatus.Redrawn) {
            h.status = AppealStatus.Silent;
            return;
        }
        (h.status, h.testified, h.first) = (AppealStatus.Redrawn, 0, drawn);
        _drawFixed(p, h, m);
        count(Reached.Redrawn);
    }

    /// @notice The escrow learns that there is no ruling.
    function settleAppeal(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, APPEALED);
        Hearing storage h = hearings[p.id][p.milestone];
        if (h.status == AppealStatus.None && roll(dice, 2) == 0) return _next(dice, p);
        if (p.status == Status.Appealed && roll(dice, 4) == 0) {
            waitUntil(p.appealedAt + APPEAL_LIMIT - roll(dice, 2));
        }
        bool alone = p.status == Status.Appealed && p.terms.jury == address(falseJury);
        if (alone && roll(dice, 3) == 0) return _ruleAlone(dice, p);
        _settleAppeal(p);
    }

    /// @dev A jury that is just an account rules as it likes, in the deals that name it.
    function _ruleAlone(Dice memory dice, Page storage p) private {
        uint256 bps = [p.bps, BPS, 0, 7777, BPS + 1][roll(dice, strict ? 4 : 5)];
        address[] memory court = new address[](1 + roll(dice, 3));
        for (uint256 i = 0; i < court.length; ++i) {
            court[i] = holders[roll(dice, holders.length)].addr;
        }
        Votes memory none;
        Ballot b = Ballot.wrap(Encoding.head(verdictFor(p, p.milestone, 1, 0, bps), none, 0, 0));
        bytes memory call_ = abi.encodeCall(IDealEscrow.settleRuling, (Encoding.brief(p.terms), court, b));
        vm.prank(address(falseJury));
        (bool done,) = address(escrow).call(call_);
        if (done != bps <= BPS) {
            revert Broken("E07 the jury of the terms rules, over no more than there is", done);
        }
        if (!done) return count(Reached.Refused);
        rulingMade(p, bps, court);
        count(Reached.Ruled);
        pay(p);
    }

    function _settleAppeal(Page storage p) internal {
        Hearing storage h = hearings[p.id][p.milestone];
        (bool silent, bool absent) = _answer(p, h);
        bool over = silent || block.timestamp >= p.appealedAt + APPEAL_LIMIT;
        Leave may = either(p.status == Status.Appealed && over);
        bytes memory call_ = abi.encodeCall(Desk.ruleOn, (p.terms));
        if (!tried(call_, may, "E07 only a ruling beats a verdict, and silence never does")) return;
        stands(p, absent);
        count(absent ? Reached.Abandoned : Reached.Silent);
        pay(p);
    }

    /// @dev What an appeal needs before it can be heard.
    function _next(Dice memory dice, Page storage p) private {
        if (p.status != Status.Appealed) return _appeal(dice);
        if (hearings[p.id][p.milestone].status == AppealStatus.None) _request(dice, p);
    }

    // --- rules and books ---

    function _deposit(Page storage p, Side storage by, bool bySeller) private view returns (Leave) {
        uint64 fee = p.terms.appealFee;
        if (!bySeller && p.reserve == fee) return Leave.Granted;
        if (credits[by.mandated ? by.payee.addr : by.signer.addr] < fee) return Leave.Refused;
        if (!by.mandated || fee == 0) return Leave.Granted;
        uint32 scope = bySeller ? SCOPE_SELL : SCOPE_BUY;
        return warrants[by.signer.addr].may(by.payee.addr, scope, fee, false);
    }

    function _appealed(Page storage p, Side storage by, bool bySeller) private {
        uint64 fee = p.terms.appealFee;
        if (fee != 0 && (bySeller || p.reserve != fee)) {
            debitFrom(by.mandated ? by.payee.addr : by.signer.addr, fee);
            if (by.mandated) _counted(by, fee);
            p.brought += fee;
            if (bySeller) p.deposit = fee;
            else p.reserve = fee;
        }
        (p.status, p.appealedAt, p.bySeller) = (Status.Appealed, uint40(block.timestamp), bySeller);
        count(Reached.Appealed);
    }

    function _answer(Page storage p, Hearing storage h) private view returns (bool silent, bool absent) {
        if (p.terms.jury == address(jury)) {
            return (h.status == AppealStatus.Silent, h.status == AppealStatus.None);
        }
        FalseJury.Mood mood = falseJury.mood();
        silent = mood == FalseJury.Mood.Silent;
        return (silent, !silent && mood != FalseJury.Mood.Boasting);
    }

    /// @dev A deal that is under appeal, or one whose appeal was overtaken, and the milestone.
    function _heard(Dice memory dice) private returns (Page storage p, uint8 m) {
        p = find(dice, APPEALED);
        m = p.milestone;
        if (p.status == Status.Appealed) return (p, m);
        for (uint8 i = 0; i < p.count; ++i) {
            if (hearings[p.id][i].status != AppealStatus.None) return (p, i);
        }
    }

    function _isOpen(Hearing storage h) private view returns (bool) {
        return h.status == AppealStatus.Requested || h.status == AppealStatus.Redrawn;
    }

    /// @dev When the round is out that an appeal requested now would use: the first of the next full hour that is at least
    /// ten minutes ahead.
    function _nextOut() private view returns (uint256 out) {
        out = (block.timestamp + 10 minutes + 1 hours - 1) / 1 hours * 1 hours;
        uint256 after_ = (out - beacon.genesis()) % beacon.period();
        if (after_ != 0) out += beacon.period() - after_;
    }

    function _drawFixed(Page storage p, Hearing storage h, uint256 m) private {
        Appeal memory a = jury.appealOf(p.id, uint8(m));
        uint256 out = uint256(beacon.genesis()) + uint256(a.round - 1) * beacon.period();
        assertEq(out, _nextOut(), "E15 nobody can know the round that is drawn from");
        assertEq(a.deadline, out + RULING_TIME, "E15 the court has its whole time");
        (h.round, h.deadline) = (a.round, a.deadline);
    }

    /// @dev Waits for the round if it is not out yet, and proves it.
    function _out(Dice memory dice, Hearing storage h) private {
        if (beacon.randomness(h.round) != 0) return;
        waitUntil(uint256(beacon.genesis()) + uint256(h.round - 1) * beacon.period());
        beacon.prove(h.round, abi.encode(h.round, roll(dice, type(uint256).max)));
    }

    /// @dev Whoever is drawn may be.
    function _drawn(Page storage p, uint8 m) private view returns (uint40[] memory seats) {
        Hearing storage h = hearings[p.id][m];
        seats = jury.drawn(p.terms, m, panel());
        for (uint256 i = 0; i < seats.length; ++i) {
            uint40 seat = seats[i];
            assertTrue(seat >= 5 && seat < h.seats, "E20 old enough, and not of the first panel");
            bool left = leftAt[seat] != 0 && leftAt[seat] <= h.appealedAt;
            assertFalse(left, "E20 a seat that left hears no later appeal");
            bool party = _isParty(p, holders[seat].addr) || _isParty(p, owners[seat]);
            assertFalse(party, "E20 no party hears its own deal");
            for (uint256 j = 0; j < i; ++j) {
                bool same = seats[j] == seat || holders[seats[j]].addr == holders[seat].addr;
                assertFalse(same || owners[seats[j]] == owners[seat], "E20 one seat of one principal");
            }
            for (uint256 j = 0; h.status == AppealStatus.Redrawn && j < h.first.length; ++j) {
                assertTrue(h.first[j] != seat, "E20 the second court has nobody of the first");
            }
        }
    }

    function _isParty(Page storage p, address who) private view returns (bool) {
        bool signs = who == p.terms.buyer || who == p.terms.seller;
        return signs || who == p.terms.buyerPay || who == p.terms.sellerPay;
    }

    function _courtVotes(Verdict memory v, uint40[] memory drawn, uint256 signers, bool forged)
        private
        view
        returns (Votes memory votes)
    {
        votes = Votes(panel(), signers, new bytes[](onesIn(signers)));
        bytes32 digest = verdictDigest(v);
        uint256 n;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (signers >> i & 1 == 0) continue;
            votes.signatures[n++] = signCompact(forged && n == 0 ? nobody : holders[drawn[i]], digest);
        }
    }
}
