// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "../law/Signatures.sol";
import {Ballot} from "../types/Ballot.sol";
import {Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Appeal, AppealStatus} from "../types/Jury.sol";
import {Core, Packing} from "../types/Packing.sol";
import {Roll, SeatWord, SeatWords} from "../types/Seat.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Terms} from "../types/Terms.sol";
import {Draw} from "./Draw.sol";
import {Seats} from "./Seats.sol";

/// @title Appeals: which seats hear them, and what they rule
/// @notice An appeal is kept under the id of its deal, which is computed from the terms as the escrow does. A draw is never stored:
/// whoever needs it recomputes it, from the seats' words and from who sits there, which the call brings.
abstract contract Hearings is Seats {
    using Draw for Draw.Walk;

    /// An appeal before the court, and what a call brings to draw from: the first panel, and behind it in the tail the
    /// sitters of the seats that the walk looks at.
    struct Case {
        Core c;
        bytes32 id;
        uint8 milestone;
        Appeal a;
        address[] panel;
        Tail tail;
    }

    uint256 internal constant SIZE = 7;
    uint256 internal constant QUORUM = 5;
    uint40 private constant EVERY_SEAT = type(uint40).max;
    uint256 private constant RULING = type(uint72).max; // what RulingMade says of a Ballot

    mapping(bytes32 deal => mapping(uint8 milestone => Appeal)) private appeals;

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

    function testify(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        uint8 index,
        bytes calldata tail
    ) external unlocked {
        Case memory k = _case(terms, b.milestone(), b.size(), Tails.open(tail, b.long()));
        _testify(k, b, index, _escrowDigest(b.structHash(k.id, evidence, votes)));
    }

    function rule(uint256[10] calldata terms, Ballot b, bytes32 evidence, bytes32 votes, bytes calldata tail)
        external
        locked
    {
        Case memory k = _case(terms, b.milestone(), b.size(), Tails.open(tail, b.long()));
        address[] memory jurors = _ruled(k, b, evidence, votes);
        _sharePot(jurors);
        ESCROW.settleRuling(terms, jurors, b);
    }

    function redraw(uint256[10] calldata terms, uint256 head, bytes calldata tail) external unlocked {
        Case memory k = _case(terms, head & 0xff, head >> 8 & 0xff, Tails.open(tail, 0));
        Appeal memory a = k.a;
        _requireOpen(k);
        require(block.timestamp >= a.deadline, DeadlineNotPassed(block.timestamp, a.deadline));
        (bool waiting, Slot s) = _waiting(k.id);
        waiting = waiting && s.pendingMilestone() == k.milestone
            && block.timestamp < s.challengeUntil() + APPEAL_LIMIT;
        bool drawn_ = BEACON.randomness(a.round) != 0;
        if (waiting && drawn_) _suspendSilent(k);
        if (!waiting || a.status == AppealStatus.Redrawn) {
            appeals[k.id][k.milestone].status = AppealStatus.Silent;
            emit AppealSilent(k.id, k.milestone);
            return;
        }
        a.firstRound = drawn_ ? a.round : 0;
        uint64 round = roundFor(block.timestamp);
        (a.status, a.draw, a.testified) = (AppealStatus.Redrawn, 2, 0);
        (a.round, a.deadline) = (uint40(round), _deadline(round));
        appeals[k.id][k.milestone] = a;
        emit Redrawn(k.id, k.milestone, round, a.deadline);
    }

    // --- views ---

    function ruling(bytes32 deal, uint8 milestone) external view returns (uint256) {
        return uint256(appeals[deal][milestone].status);
    }

    function appealOf(bytes32 deal, uint8 milestone) external view returns (Appeal memory) {
        return appeals[deal][milestone];
    }

    function drawn(uint256[10] calldata terms, uint256 head, bytes calldata tail)
        external
        view
        returns (uint40[] memory chosen)
    {
        Case memory k = _case(terms, head & 0xff, head >> 8 & 0xff, Tails.open(tail, 0));
        (chosen,) = _drawn(k, SIZE);
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

    // --- the draw ---

    /// @dev The first `wanted` seats of the draw that the appeal is at, and their holders; fewer when there are not enough.
    function _drawn(Case memory k, uint256 wanted)
        private
        view
        returns (uint40[] memory chosen, address[] memory holders)
    {
        bytes32 given = Hashes.addresses(k.panel);
        require(given == k.c.panel(), WrongPanel(given, k.c.panel()));
        require(k.a.status != AppealStatus.None, NotRequested(k.id, k.milestone));
        uint40[] memory none = new uint40[](0);
        if (k.a.firstRound != 0) {
            (none,) = _walk(k, _seed(k, k.a.firstRound, 1), none, SIZE);
        }
        return _walk(k, _seed(k, k.a.round, k.a.draw), none, wanted);
    }

    function _seed(Case memory k, uint64 round, uint8 draw) private view returns (bytes32) {
        bytes32 randomness = BEACON.randomness(round);
        require(randomness != 0, RoundNotProven(round));
        return keccak256(abi.encode(randomness, k.id, k.milestone, draw));
    }

    function _walk(Case memory k, bytes32 seed, uint40[] memory before, uint256 wanted)
        private
        view
        returns (uint40[] memory chosen, address[] memory holders)
    {
        chosen = new uint40[](wanted);
        holders = new address[](wanted);
        address[] memory principals = new address[](wanted);
        Draw.Walk memory walk = Draw.start(seed, k.a.seats);
        uint256 met = _met(k);
        uint256 n;
        while (n < wanted && walk.more()) {
            uint40 seat = walk.next();
            if (_among(seat, before)) continue;
            SeatWord kept = _known(seat);
            if (kept.leftAt() != 0 && kept.leftAt() <= k.a.appealedAt) continue;
            (address holder, address principal) = _sitter(k.tail, seat, kept);
            if (met & (_bit(holder) | _bit(principal)) != 0) {
                if (_among(holder, holders, n) || _among(principal, principals, n)) continue;
                if (_barred(k, holder, principal)) continue;
            }
            met |= _bit(holder) | _bit(principal);
            assembly ("memory-safe") {
                n := add(n, 1) // at most `wanted`, the length of the three
                let at := shl(5, n)
                mstore(add(chosen, at), seat)
                mstore(add(holders, at), holder)
                mstore(add(principals, at), principal)
            }
        }
        assembly ("memory-safe") {
            mstore(chosen, n)
            mstore(holders, n)
        }
    }

    /// @dev The bits of all who cannot be drawn. Whoever has another bit is none of them, which is so for nearly everybody; of
    /// whoever has not, the lists tell.
    function _met(Case memory k) private pure returns (uint256 met) {
        (Core c, address[] memory panel) = (k.c, k.panel);
        met = _bit(c.buyer()) | _bit(c.seller()) | _bit(c.buyerPay()) | _bit(c.sellerPay());
        uint256 size = panel.length;
        for (uint256 i = 0; i < size; ++i) {
            met |= _bit(panel[i]);
        }
    }

    /// @dev One of 256, by the lowest byte of the account.
    function _bit(address account) private pure returns (uint256) {
        return uint256(1) << (uint160(account) & 0xff);
    }

    /// @dev Who sits there, as the tail says next and the seat's word confirms.
    function _sitter(Tail t, uint40 number, SeatWord kept)
        private
        pure
        returns (address holder, address principal)
    {
        uint256 from = t.take(40);
        assembly ("memory-safe") {
            holder := shr(96, calldataload(from))
            principal := shr(96, calldataload(add(from, 20)))
        }
        _requireSitter(number, SeatWords.hash(holder, principal), kept.sitter());
    }

    /// @dev Who has judged this deal already, or is a party to it.
    function _barred(Case memory k, address holder, address principal) private pure returns (bool) {
        return k.c.isParty(holder) || k.c.isParty(principal) || _among(holder, k.panel, k.panel.length);
    }

    function _among(address account, address[] memory list, uint256 count) private pure returns (bool found) {
        assembly ("memory-safe") {
            let at := add(list, 0x20)
            for { let end := add(at, shl(5, count)) } lt(at, end) { at := add(at, 0x20) } {
                found := or(found, eq(mload(at), account))
            }
        }
    }

    function _among(uint40 seat, uint40[] memory list) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == seat) return true;
        }
        return false;
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
        k.milestone = uint8(milestone);
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
        require(block.timestamp < k.a.deadline, DeadlinePassed(block.timestamp, k.a.deadline));
        require(b.round() == k.a.draw, WrongRound(b.round(), k.a.draw));
        require(b.attempt() == k.a.attempt, WrongAttempt(b.attempt(), k.a.attempt));
        require(b.sellerBps() <= Terms.BPS, BpsTooHigh(b.sellerBps(), Terms.BPS));
    }

    function _requireOpen(Case memory k) private pure {
        bool open = k.a.status == AppealStatus.Requested || k.a.status == AppealStatus.Redrawn;
        require(open, NotRequested(k.id, k.milestone));
    }

    /// @dev Fixes round and seats of an appeal that was brought at `appealedAt`; says what AppealRequested does.
    function _fix(bytes32 id, uint256 milestone, uint256 attempt, uint40 appealedAt, uint40 count)
        private
        returns (uint256 draw)
    {
        Appeal storage kept = appeals[id][uint8(milestone)];
        require(kept.status == AppealStatus.None, AlreadyRequested(id, uint8(milestone)));
        count = _eligible(count, appealedAt);
        uint64 round = roundFor(block.timestamp);
        uint40 deadline = _deadline(round);
        uint256 limit = appealedAt + APPEAL_LIMIT;
        require(deadline <= limit, RequestTooLate(deadline, limit));
        // In the layout of the struct: status 8, appealedAt 40, seats 40, round 40, deadline 40, attempt 8, testified 8,
        // draw 8. Solidity would read and write the word field by field.
        uint256 word = uint256(AppealStatus.Requested) | uint256(appealedAt) << 8 | uint256(count) << 48;
        word |= uint256(uint40(round)) << 88 | uint256(deadline) << 128 | uint256(uint8(attempt)) << 168 | 1
        << 184;
        assembly ("memory-safe") {
            sstore(kept.slot, word)
        }
        draw = milestone | attempt << 8 | uint256(count) << 16 | uint256(appealedAt) << 56;
        draw |= uint256(deadline) << 96 | uint256(round) << 136;
    }

    function _testify(Case memory k, Ballot b, uint256 index, bytes32 digest) private {
        _requireRipe(k, b);
        (uint40[] memory chosen, address[] memory holders) = _drawn(k, index < SIZE ? index + 1 : SIZE);
        require(index < chosen.length, SignerOutOfPanel(index, chosen.length));
        require(k.a.testified & (uint256(1) << index) == 0, AlreadyTestified(chosen[index]));
        _requireSigned(holders[index], digest, k.tail.signature());
        appeals[k.id][k.milestone].testified = k.a.testified | uint8(uint256(1) << index);
        emit Testified(k.id, k.milestone, chosen[index], uint8(index), digest, uint16(b.sellerBps()));
    }

    /// @dev Checks a ruling. The draw is walked no further than to the last who signed.
    function _ruled(Case memory k, Ballot b, bytes32 evidence, bytes32 votes)
        private
        returns (address[] memory jurors)
    {
        bytes32 digest = _escrowDigest(b.structHash(k.id, evidence, votes));
        _requireRipe(k, b);
        uint256 wanted = 0;
        while (wanted < SIZE && b.signers() >> wanted != 0) ++wanted;
        (, address[] memory holders) = _drawn(k, wanted);
        jurors = _requireVotes(holders, b, k.tail, digest);
        appeals[k.id][k.milestone].status = AppealStatus.Ruled;
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

    function _requireVotes(address[] memory holders, Ballot b, Tail t, bytes32 digest)
        private
        view
        returns (address[] memory jurors)
    {
        uint256 signers = b.signers();
        require(signers >> holders.length == 0, SignerOutOfPanel(signers, holders.length));
        jurors = new address[](holders.length);
        uint256 given = 0;
        for (uint256 i = 0; i < holders.length; ++i) {
            if (signers >> i & 1 == 0) continue;
            _requireSigned(holders[i], digest, t.signature());
            jurors[given++] = holders[i];
        }
        require(given >= QUORUM, TooFewSigners(given, QUORUM));
        assembly ("memory-safe") {
            mstore(jurors, given)
        }
    }

    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) internal view {
        require(Signatures.signed(signer, digest, signature), BadSignature(signer, digest));
    }

    /// @dev The escrow is known code, fixed at construction. Whether it waits for a ruling, and on what.
    function _waiting(bytes32 id) private view returns (bool, Slot s) {
        s = DealSlot.hold(ESCROW.dealOf(id));
        return (s.status() == Status.Appealed, s);
    }

    // --- money ---

    function _suspendSilent(Case memory k) private {
        (uint40[] memory chosen,) = _drawn(k, SIZE);
        for (uint256 i = 0; i < chosen.length; ++i) {
            if (k.a.testified & (uint256(1) << i) == 0) _suspend(chosen[i]);
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
