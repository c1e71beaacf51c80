// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "../law/Signatures.sol";
import {Ballot} from "../types/Ballot.sol";
import {Status, Verdict} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Appeal, AppealStatus, Seat} from "../types/Jury.sol";
import {Core, Packing} from "../types/Packing.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Terms} from "../types/Terms.sol";
import {Draw} from "./Draw.sol";
import {Seats} from "./Seats.sol";

/// @title Appeals: which seats hear them, and what they rule
/// @notice An appeal is kept under the id of its deal, which is computed from the terms as the escrow does. A draw is never stored:
/// whoever needs it recomputes it.
abstract contract Hearings is Seats {
    using Draw for Draw.Walk;

    uint256 internal constant SIZE = 7;
    uint256 internal constant QUORUM = 5;

    mapping(bytes32 deal => mapping(uint8 milestone => Appeal)) private appeals;
    mapping(bytes32 deal => mapping(uint8 milestone => uint256)) private rulings; // as in `ruling`, without the status

    function request(uint256[10] calldata terms, uint40 count) external locked {
        (Core c, bytes32 id) = _brief(terms);
        require(c.jury() == address(this), WrongJury(c.jury(), address(this)));
        require(c.appealFee() >= stake / 10, AppealFeeTooLow(c.appealFee(), stake / 10));
        (bool waiting, Slot s) = _waiting(id);
        require(waiting, NotAppealed(id));
        uint8 milestone = uint8(s.pendingMilestone());
        require(appeals[id][milestone].status == AppealStatus.None, AlreadyRequested(id, milestone));
        uint40 appealedAt = uint40(s.challengeUntil());
        _requireEligible(count, appealedAt);

        uint64 round = roundFor(block.timestamp);
        uint40 deadline = _deadline(round);
        uint256 limit = appealedAt + APPEAL_LIMIT;
        require(deadline <= limit, RequestTooLate(deadline, limit));
        // Memory begins as zero, and so do the fields that are not set here.
        // slither-disable-next-line uninitialized-local
        Appeal memory a;
        (a.status, a.draw, a.attempt) = (AppealStatus.Requested, 1, uint8(s.attempt()));
        (a.appealedAt, a.seats, a.round, a.deadline) = (appealedAt, count, uint40(round), deadline);
        appeals[id][milestone] = a;
        emit AppealRequested(id, milestone, round, count, deadline);
    }

    function testify(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        uint8 index,
        bytes calldata tail
    ) external locked {
        Tail t = Tails.open(tail, b.long());
        (Core c, bytes32 id) = _brief(terms);
        bytes32 digest = _escrowDigest(b.structHash(id, evidence, votes));
        _testify(c, id, b, t, index, digest);
    }

    function rule(uint256[10] calldata terms, Ballot b, bytes32 evidence, bytes32 votes, bytes calldata tail)
        external
        locked
    {
        Tail t = Tails.open(tail, b.long());
        (Core c, bytes32 id) = _brief(terms);
        Verdict memory v = Verdict({
            deal: id,
            milestone: uint8(b.milestone()),
            round: uint8(b.round()),
            attempt: uint8(b.attempt()),
            sellerBps: uint16(b.sellerBps()),
            evidence: evidence,
            votes: votes
        });
        _rule(c, v, b, t);
    }

    function redraw(uint256[10] calldata terms, uint8 milestone, bytes calldata panel) external locked {
        (Core c, bytes32 id) = _brief(terms);
        Appeal memory a = appeals[id][milestone];
        _requireOpen(id, milestone, a);
        require(block.timestamp >= a.deadline, DeadlineNotPassed(block.timestamp, a.deadline));
        (bool waiting, Slot s) = _waiting(id);
        waiting = waiting && s.pendingMilestone() == milestone
            && block.timestamp < s.challengeUntil() + APPEAL_LIMIT;
        bool drawn_ = BEACON.randomness(a.round) != 0;
        if (waiting && drawn_) _suspendSilent(c, id, milestone, a, _members(panel));
        if (!waiting || a.status == AppealStatus.Redrawn) {
            appeals[id][milestone].status = AppealStatus.Silent;
            emit AppealSilent(id, milestone);
            return;
        }
        a.firstRound = drawn_ ? a.round : 0;
        uint64 round = roundFor(block.timestamp);
        (a.status, a.draw, a.testified) = (AppealStatus.Redrawn, 2, 0);
        (a.round, a.deadline) = (uint40(round), _deadline(round));
        appeals[id][milestone] = a;
        emit Redrawn(id, milestone, round, a.deadline);
    }

    // --- views ---

    function ruling(bytes32 deal, uint8 milestone) external view returns (uint256) {
        return rulings[deal][milestone] | uint8(appeals[deal][milestone].status);
    }

    function appealOf(bytes32 deal, uint8 milestone) external view returns (Appeal memory) {
        return appeals[deal][milestone];
    }

    function drawn(uint256[10] calldata terms, uint8 milestone, bytes calldata panel)
        external
        view
        returns (uint40[] memory chosen)
    {
        (Core c, bytes32 id) = _brief(terms);
        (chosen,) = _drawn(c, id, milestone, appeals[id][milestone], _members(panel));
    }

    /// @dev The first round of the first full `roundGrid` that is at least `roundDelay` ahead. A sequencer may lag behind the
    /// beacon; the delay is how far it would have to lag for the round to be known.
    function roundFor(uint256 timestamp) public view returns (uint64) {
        uint256 grid = roundGrid;
        // Up to a whole grid: the rounding is what is wanted.
        // slither-disable-next-line divide-before-multiply
        uint256 from = (timestamp + roundDelay + grid - 1) / grid * grid;
        return from <= GENESIS ? 1 : uint64((from - GENESIS + PERIOD - 1) / PERIOD + 1);
    }

    // --- the draw ---

    /// @dev Seats and their holders, at most SIZE, for the draw that the appeal is at.
    function _drawn(Core c, bytes32 id, uint256 milestone, Appeal memory a, address[] memory panel)
        private
        view
        returns (uint40[] memory chosen, address[] memory holders)
    {
        bytes32 given = Hashes.addresses(panel);
        require(given == c.panel(), WrongPanel(given, c.panel()));
        require(a.status != AppealStatus.None, NotRequested(id, uint8(milestone)));
        uint40[] memory none = new uint40[](0);
        if (a.firstRound != 0) {
            (none,) = _walk(_seed(a.firstRound, id, milestone, 1), a, c, panel, none);
        }
        return _walk(_seed(a.round, id, milestone, a.draw), a, c, panel, none);
    }

    function _seed(uint64 round, bytes32 id, uint256 milestone, uint8 draw) private view returns (bytes32) {
        bytes32 randomness = BEACON.randomness(round);
        require(randomness != 0, RoundNotProven(round));
        return keccak256(abi.encode(randomness, id, milestone, draw));
    }

    function _walk(bytes32 seed, Appeal memory a, Core c, address[] memory panel, uint40[] memory before)
        private
        view
        returns (uint40[] memory chosen, address[] memory holders)
    {
        chosen = new uint40[](SIZE);
        holders = new address[](SIZE);
        address[] memory principals = new address[](SIZE);
        Draw.Walk memory walk = Draw.start(seed, a.seats);
        uint256 n;
        while (n < SIZE && walk.more()) {
            uint40 number = walk.next();
            if (_among(number, before)) continue;
            Seat storage seat = _known(number);
            (address holder, uint40 leftAt) = (seat.holder, seat.leftAt);
            if (leftAt != 0 && leftAt <= a.appealedAt) continue;
            if (_among(holder, panel) || _among(holder, holders)) continue;
            address principal = seat.principal;
            if (c.isParty(holder) || c.isParty(principal) || _among(principal, principals)) continue;
            (chosen[n], holders[n], principals[n]) = (number, holder, principal);
            ++n;
        }
        assembly ("memory-safe") {
            mstore(chosen, n)
            mstore(holders, n)
        }
    }

    /// @dev Places that are not taken yet are zero, which nobody is.
    function _among(address account, address[] memory list) private pure returns (bool found) {
        assembly ("memory-safe") {
            let at := add(list, 0x20)
            for { let end := add(at, shl(5, mload(list))) } lt(at, end) { at := add(at, 0x20) } {
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

    function _members(bytes calldata panel) private pure returns (address[] memory) {
        return Tails.addresses(Tails.open(panel, 0), panel.length / 20);
    }

    /// @dev An appeal that can be ruled on now, by this verdict.
    function _open(bytes32 id, Ballot b) private view returns (Appeal memory a) {
        a = appeals[id][uint8(b.milestone())];
        _requireOpen(id, uint8(b.milestone()), a);
        require(block.timestamp < a.deadline, DeadlinePassed(block.timestamp, a.deadline));
        require(b.round() == a.draw, WrongRound(b.round(), a.draw));
        require(b.attempt() == a.attempt, WrongAttempt(b.attempt(), a.attempt));
        require(b.sellerBps() <= Terms.BPS, BpsTooHigh(b.sellerBps(), Terms.BPS));
    }

    function _requireOpen(bytes32 id, uint8 milestone, Appeal memory a) private pure {
        bool open = a.status == AppealStatus.Requested || a.status == AppealStatus.Redrawn;
        require(open, NotRequested(id, milestone));
    }

    function _testify(Core c, bytes32 id, Ballot b, Tail t, uint256 index, bytes32 digest) private {
        Appeal memory a = _open(id, b);
        (uint40[] memory chosen, address[] memory holders) =
            _drawn(c, id, b.milestone(), a, t.addresses(b.size()));
        require(index < chosen.length, SignerOutOfPanel(index, chosen.length));
        require(a.testified & (uint256(1) << index) == 0, AlreadyTestified(chosen[index]));
        _requireSigned(holders[index], digest, t.signature());
        appeals[id][uint8(b.milestone())].testified = a.testified | uint8(uint256(1) << index);
        emit Testified(id, uint8(b.milestone()), chosen[index], uint8(index), digest, uint16(b.sellerBps()));
    }

    function _rule(Core c, Verdict memory v, Ballot b, Tail t) private {
        bytes32 digest = _escrowDigest(b.structHash(v.deal, v.evidence, v.votes));
        (uint40[] memory chosen, address[] memory jurors) = _ruled(c, v.deal, b, t, digest);
        emit RulingMade(v.deal, v.milestone, v, chosen, b.signers(), jurors);
        _sharePot(jurors);
    }

    /// @dev Checks a ruling and keeps what the escrow reads of it.
    function _ruled(Core c, bytes32 id, Ballot b, Tail t, bytes32 digest)
        private
        returns (uint40[] memory chosen, address[] memory jurors)
    {
        Appeal memory a = _open(id, b);
        address[] memory holders;
        (chosen, holders) = _drawn(c, id, b.milestone(), a, t.addresses(b.size()));
        jurors = _requireVotes(holders, b, t, digest);
        uint8 milestone = uint8(b.milestone());
        (a.status, a.sellerBps) = (AppealStatus.Ruled, uint16(b.sellerBps()));
        appeals[id][milestone] = a;
        uint256 hash = uint256(Hashes.addresses(jurors)) >> 32 << 32;
        rulings[id][milestone] = hash | b.round() << 24 | b.sellerBps() << 8;
    }

    /// @dev `count` is exactly the seats that had joined `seatAge` before the appeal.
    function _requireEligible(uint40 count, uint40 appealedAt) private view {
        uint40 all = uint40(seats.length);
        // A number of seats, which nobody can send.
        // slither-disable-next-line incorrect-equality
        bool enough = count == all || (count < all && seats[count].joinedAt + seatAge > appealedAt);
        bool old = count == 0 || (count <= all && seats[count - 1].joinedAt + seatAge <= appealedAt);
        require(enough && old, WrongSeats(count, all));
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
        s = DealSlot.hold(ESCROW.slot(id));
        return (s.status() == Status.Appealed, s);
    }

    // --- money ---

    function _suspendSilent(Core c, bytes32 id, uint8 milestone, Appeal memory a, address[] memory panel)
        private
    {
        (uint40[] memory chosen,) = _drawn(c, id, milestone, a, panel);
        for (uint256 i = 0; i < chosen.length; ++i) {
            if (a.testified & (uint256(1) << i) == 0) _suspend(chosen[i]);
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
