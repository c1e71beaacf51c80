// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "../law/Signatures.sol";
import {Ballot} from "../types/Ballot.sol";
import {Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Appeal, AppealStatus, AppealWord, AppealWords} from "../types/Jury.sol";
import {Core, Packing} from "../types/Packing.sol";
import {Roll} from "../types/Seat.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Terms} from "../types/Terms.sol";
import {Bench} from "./Bench.sol";
import {Courts} from "./Courts.sol";

/// @title Appeals: which seats hear them, and what they rule
/// @notice An appeal is kept under the id of its deal, which is computed from the terms as the escrow does.
abstract contract Hearings is Courts {
    uint256 internal constant QUORUM = 5;
    uint40 private constant EVERY_SEAT = type(uint40).max;
    uint256 private constant RULING = type(uint72).max; // what RulingMade says of a Ballot

    mapping(bytes32 deal => mapping(uint256 milestone => AppealWord)) private appeals;

    function request(uint256[10] calldata terms, uint40 count) external unlocked {
        (Core c, bytes32 id) = _brief(terms);
        _requireHere(c);
        (bool waiting, Slot s) = _waiting(id);
        require(waiting, NotAppealed(id));
        uint256 draw = _fix(id, s.pendingMilestone(), s.attempt(), uint40(s.challengeUntil()), count);
        emit AppealRequested(id, draw);
    }

    function appeal(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        uint256 plea,
        bytes calldata signature
    ) external locked {
        (Core c, bytes32 id) = _brief(terms);
        _requireHere(c);
        uint256 draw = _fix(id, b.milestone(), b.attempt(), uint40(block.timestamp), uint40(plea >> 200));
        // The escrow is known code, and refuses unless this is the verdict that waits. Its event comes first: whoever reads
        // the logs learns of the appeal before its draw.
        ESCROW.appeal(terms, b, evidence, votes, plea, signature);
        emit AppealRequested(id, draw);
    }

    function testify(Ballot b, bytes32 evidence, bytes32 votes, uint8 index, uint256[10] calldata terms)
        external
        unlocked
    {
        Case memory k = _case(terms, b.milestone(), b.size(), Tails.behind(terms, b.long()));
        _testify(k, b, index, _escrowDigest(b.structHash(k.id, evidence, votes)));
    }

    function rule(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external locked {
        Case memory k = _case(terms, b.milestone(), b.size(), Tails.behind(terms, b.long()));
        address[] memory jurors = _ruled(k, b, evidence, votes);
        _sharePot(jurors);
        ESCROW.settleRuling(terms, jurors, b);
    }

    function redraw(uint256 head, uint256[10] calldata terms) external unlocked {
        Case memory k = _case(terms, head & 0xff, head >> 8 & 0xff, Tails.behind(terms, 0));
        AppealWord a = k.a;
        _requireOpen(k);
        require(block.timestamp >= a.deadline(), DeadlineNotPassed(block.timestamp, a.deadline()));
        (bool waiting, Slot s) = _waiting(k.id);
        waiting = waiting && s.pendingMilestone() == k.milestone
            && block.timestamp < s.challengeUntil() + APPEAL_LIMIT;
        bool drawn_ = BEACON.randomness(a.round()) != 0;
        if (waiting && drawn_) _suspendSilent(k);
        if (!waiting || a.isAt(AppealStatus.Redrawn)) {
            appeals[k.id][k.milestone] = a.becomes(AppealStatus.Silent);
            emit AppealSilent(k.id, uint8(k.milestone));
            return;
        }
        uint64 round = roundFor(block.timestamp);
        uint40 deadline = _deadline(round);
        appeals[k.id][k.milestone] = a.redrawn(round, deadline, drawn_ ? a.round() : 0);
        emit Redrawn(k.id, uint8(k.milestone), round, deadline);
    }

    // --- views ---

    function ruling(bytes32 deal, uint8 milestone) external view returns (uint256) {
        return AppealWord.unwrap(appeals[deal][milestone]) & 0xff;
    }

    function appealOf(bytes32 deal, uint8 milestone) external view returns (Appeal memory) {
        return appeals[deal][milestone].fields();
    }

    function drawn(uint256 head, uint256[10] calldata terms) external view returns (uint40[] memory chosen) {
        Case memory k = _case(terms, head & 0xff, head >> 8 & 0xff, Tails.behind(terms, 0));
        Bench bench = _drawn(k, ALL);
        chosen = new uint40[](bench.size());
        for (uint256 i = 0; i < chosen.length; ++i) {
            chosen[i] = bench.seat(i);
        }
    }

    /// @dev The first round of the first full `roundGrid` that is at least `roundDelay` ahead. A sequencer may lag behind the
    /// beacon; the delay is how far it would have to lag for the round to be known.
    function roundFor(uint256 timestamp) public view returns (uint64) {
        uint256 grid = roundGrid;
        uint256 earliest = timestamp + roundDelay;
        unchecked {
            // Up to a whole grid: the rounding is what is wanted.
            // slither-disable-next-line divide-before-multiply
            uint256 from = (earliest + grid - 1) / grid * grid;
            return from <= GENESIS ? 1 : uint64((from - GENESIS + PERIOD - 1) / PERIOD + 1);
        }
    }

    // --- conditions ---

    function _brief(uint256[10] calldata terms) private view returns (Core c, bytes32 id) {
        bytes32 hash;
        (c, hash) = Packing.brief(terms);
        id = _escrowDigest(hash);
    }

    /// @param members how many addresses of the first panel the tail begins with.
    function _case(uint256[10] calldata terms, uint256 milestone, uint256 members, Tail t)
        private
        view
        returns (Case memory k)
    {
        (k.c, k.id) = _brief(terms);
        k.milestone = milestone;
        k.a = appeals[k.id][k.milestone];
        (k.panel, k.tail) = (t.addresses(members), t);
    }

    /// @dev Whether this jury may hear it at all.
    function _requireHere(Core c) private view {
        require(c.jury() == address(this), WrongJury(c.jury(), address(this)));
        require(c.appealFee() >= stake / 10, AppealFeeTooLow(c.appealFee(), stake / 10));
    }

    /// @dev An appeal that can be ruled on now, by this verdict.
    function _requireRipe(Case memory k, Ballot b) private view {
        _requireOpen(k);
        require(block.timestamp < k.a.deadline(), DeadlinePassed(block.timestamp, k.a.deadline()));
        require(b.round() == k.a.draw(), WrongRound(b.round(), k.a.draw()));
        require(b.attempt() == k.a.attempt(), WrongAttempt(b.attempt(), k.a.attempt()));
        require(b.sellerBps() <= Terms.BPS, BpsTooHigh(b.sellerBps(), Terms.BPS));
    }

    function _requireOpen(Case memory k) private pure {
        bool open = k.a.isAt(AppealStatus.Requested) || k.a.isAt(AppealStatus.Redrawn);
        require(open, NotRequested(k.id, uint8(k.milestone)));
    }

    /// @dev Fixes round and seats of an appeal that was brought at `appealedAt`; says what AppealRequested does.
    function _fix(bytes32 id, uint256 milestone, uint256 attempt, uint40 appealedAt, uint40 count)
        private
        returns (uint256 draw)
    {
        mapping(uint256 milestone => AppealWord) storage kept = appeals[id];
        bool first = kept[milestone].isAt(AppealStatus.None);
        require(first, AlreadyRequested(id, uint8(milestone)));
        count = _eligible(count, appealedAt);
        uint64 round = roundFor(block.timestamp);
        uint40 deadline = _deadline(round);
        uint256 limit = appealedAt + APPEAL_LIMIT;
        require(deadline <= limit, RequestTooLate(deadline, limit));
        kept[milestone] = AppealWords.requested(appealedAt, count, round, deadline, attempt);
        draw = milestone | attempt << 8 | uint256(count) << 16 | uint256(appealedAt) << 56;
        draw |= uint256(deadline) << 96 | uint256(round) << 136;
    }

    function _testify(Case memory k, Ballot b, uint256 index, bytes32 digest) private {
        _requireRipe(k, b);
        Bench bench = _drawn(k, index < SIZE ? 1 << index : ALL);
        require(index < bench.size(), SignerOutOfPanel(index, bench.size()));
        uint40 seat = bench.seat(index);
        require(!k.a.hasHeard(index), AlreadyTestified(seat));
        _requireSigned(bench.holder(index), digest, k.tail.signature());
        appeals[k.id][k.milestone] = k.a.heard(index);
        emit Testified(k.id, uint8(k.milestone), seat, uint8(index), digest, uint16(b.sellerBps()));
    }

    /// @dev Checks a ruling. The draw is walked no further than to the last who signed.
    function _ruled(Case memory k, Ballot b, bytes32 evidence, bytes32 votes)
        private
        returns (address[] memory jurors)
    {
        bytes32 digest = _escrowDigest(b.structHash(k.id, evidence, votes));
        _requireRipe(k, b);
        Bench bench = _drawn(k, b.signers() < ALL ? b.signers() : ALL);
        jurors = _requireVotes(bench, b, k.tail, digest);
        appeals[k.id][k.milestone] = k.a.becomes(AppealStatus.Ruled);
        emit RulingMade(k.id, Ballot.unwrap(b) & RULING, evidence, votes);
    }

    /// @dev How many seats had joined `seatAge` before the appeal: `count`, or all where it is EVERY_SEAT.
    function _eligible(uint40 count, uint40 appealedAt) private view returns (uint40) {
        if (count == EVERY_SEAT) {
            Roll memory all = roll;
            require(all.newest + seatAge <= appealedAt, WrongSeats(count, all.count));
            return all.count;
        }
        // Behind the last seat there is none, which joined at 0.
        uint40 next = _known(count).joinedAt();
        uint40 last = count == 0 ? 0 : _known(uint256(count) - 1).joinedAt();
        bool enough = next == 0 || next + seatAge > appealedAt;
        bool old = count == 0 || (last != 0 && last + seatAge <= appealedAt);
        // A `require` would read the number of seats in any case.
        if (!enough || !old) revert WrongSeats(count, roll.count);
        return count;
    }

    /// @dev Where all signed with keys and nothing is wrong, in one go; else one by one, which finds out what is wrong.
    function _requireVotes(Bench bench, Ballot b, Tail t, bytes32 digest)
        private
        view
        returns (address[] memory jurors)
    {
        (uint256 signers, uint256 end, bool flawed) = (b.signers(), 0, b.long() != 0);
        require(signers >> bench.size() == 0, SignerOutOfPanel(signers, bench.size()));
        if (!flawed) (jurors, end, flawed) = bench.voters(signers, t.offset(), digest);
        if (flawed || !t.goTo(end)) jurors = _oneByOne(bench, signers, t, digest);
        require(jurors.length >= QUORUM, TooFewSigners(jurors.length, QUORUM));
    }

    function _oneByOne(Bench bench, uint256 signers, Tail t, bytes32 digest)
        private
        view
        returns (address[] memory jurors)
    {
        jurors = new address[](bench.size());
        uint256 given = 0;
        for (uint256 i = 0; i < bench.size(); ++i) {
            if (signers >> i & 1 == 0) continue;
            _requireSigned(bench.holder(i), digest, t.signature());
            jurors[given++] = bench.holder(i);
        }
        assembly ("memory-safe") {
            mstore(jurors, given)
        }
    }

    /// @dev With its key, so that two votes of one seat can be shown by anybody.
    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) internal view {
        require(Signatures.byKey(signer, digest, signature), BadSignature(signer, digest));
    }

    /// @dev The escrow is known code, fixed at construction. Whether it waits for a ruling, and on what.
    function _waiting(bytes32 id) private view returns (bool, Slot s) {
        s = DealSlot.hold(ESCROW.dealOf(id));
        return (s.status() == Status.Appealed, s);
    }

    // --- money ---

    function _suspendSilent(Case memory k) private {
        Bench bench = _drawn(k, ALL);
        for (uint256 i = 0; i < bench.size(); ++i) {
            if (!k.a.hasHeard(i)) _suspend(bench.seat(i));
        }
    }

    function _sharePot(address[] memory jurors) private {
        // What does not divide stays in the pot.
        // slither-disable-next-line divide-before-multiply
        uint64 share = pot / uint64(jurors.length);
        if (share == 0) return;
        pot -= share * uint64(jurors.length);
        for (uint256 i = 0; i < jurors.length; ++i) {
            _owe(jurors[i], share);
        }
        emit PotChanged(pot);
    }

    /// @dev The ruling is due `rulingTime` after the round's own time.
    function _deadline(uint64 round) private view returns (uint40) {
        return uint40(GENESIS + uint256(round - 1) * PERIOD) + rulingTime;
    }
}
