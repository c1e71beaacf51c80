// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "../law/Signatures.sol";
import {Deal, Status, Verdict, Votes} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Appeal, AppealStatus, Seat} from "../types/Jury.sol";
import {Terms} from "../types/Terms.sol";
import {Draw} from "./Draw.sol";
import {Seats} from "./Seats.sol";

/// @title Appeals: which seats hear them, and what they rule
/// @notice An appeal is kept under the id of its deal, which the escrow computes from the terms. A draw is never stored:
/// whoever needs it recomputes it.
abstract contract Hearings is Seats {
    using DealSlot for uint256;
    using Draw for Draw.Walk;

    uint256 internal constant SIZE = 7;
    uint256 internal constant QUORUM = 5;

    mapping(bytes32 deal => mapping(uint8 milestone => Appeal)) private appeals;
    mapping(bytes32 deal => mapping(uint8 milestone => uint256)) private rulings; // as in `ruling`, without the status

    function request(Deal calldata deal, uint40 count) external locked {
        bytes32 id = ESCROW.dealId(deal);
        require(deal.jury == address(this), WrongJury(deal.jury, address(this)));
        require(deal.appealFee >= stake / 10, AppealFeeTooLow(deal.appealFee, stake / 10));
        (bool waiting, Slot memory s) = _waiting(id);
        require(waiting, NotAppealed(id));
        uint8 milestone = uint8(s.pendingMilestone);
        Appeal storage kept = appeals[id][milestone];
        require(kept.status == AppealStatus.None, AlreadyRequested(id, milestone));
        _requireEligible(count, uint40(s.challengeUntil));

        uint64 round = roundFor(block.timestamp);
        (kept.status, kept.draw) = (AppealStatus.Requested, 1);
        kept.appealedAt = uint40(s.challengeUntil);
        kept.seats = count;
        kept.round = round;
        kept.deadline = _deadline(round);
        kept.attempt = uint8(s.attempt);
        emit AppealRequested(id, milestone, round, count, kept.deadline);
    }

    function testify(
        Deal calldata deal,
        address[] calldata panel,
        Verdict calldata v,
        uint8 index,
        bytes calldata signature
    ) external locked {
        (bytes32 id, Appeal storage kept) = _open(deal, v);
        (uint40[] memory chosen, address[] memory holders) = _drawn(id, v.milestone, deal, panel);
        require(index < chosen.length, SignerOutOfPanel(index, chosen.length));
        require(kept.testified & (uint256(1) << index) == 0, AlreadyTestified(chosen[index]));
        bytes32 digest = ESCROW.verdictDigest(v);
        _requireSigned(holders[index], digest, signature);
        kept.testified |= uint8(uint256(1) << index);
        emit Testified(id, v.milestone, chosen[index], digest, v.sellerBps);
    }

    function rule(Deal calldata deal, Verdict calldata v, Votes calldata votes) external locked {
        (bytes32 id, Appeal storage kept) = _open(deal, v);
        (uint40[] memory chosen, address[] memory holders) = _drawn(id, v.milestone, deal, votes.panel);
        address[] memory jurors = _requireVotes(holders, votes, ESCROW.verdictDigest(v));
        kept.status = AppealStatus.Ruled;
        kept.sellerBps = v.sellerBps;
        uint256 hash = uint256(keccak256(abi.encodePacked(jurors))) >> 32 << 32;
        rulings[id][v.milestone] = hash | uint256(v.round) << 24 | uint256(v.sellerBps) << 8;
        emit RulingMade(id, v.milestone, v, chosen, votes.signers, jurors);
        _sharePot(jurors);
    }

    function redraw(Deal calldata deal, uint8 milestone, address[] calldata panel) external locked {
        bytes32 id = ESCROW.dealId(deal);
        Appeal storage kept = appeals[id][milestone];
        _requireOpen(id, milestone, kept);
        require(block.timestamp >= kept.deadline, DeadlineNotPassed(block.timestamp, kept.deadline));
        (bool waiting, Slot memory s) = _waiting(id);
        waiting = waiting && s.pendingMilestone == milestone;
        bool drawn_ = BEACON.randomness(kept.round) != 0;
        if (waiting && drawn_) _suspendSilent(id, milestone, deal, panel, kept.testified);
        if (!waiting || kept.status == AppealStatus.Redrawn) {
            kept.status = AppealStatus.Silent;
            emit AppealSilent(id, milestone);
            return;
        }
        kept.firstRound = drawn_ ? kept.round : 0;
        uint64 round = roundFor(block.timestamp);
        (kept.status, kept.draw) = (AppealStatus.Redrawn, 2);
        kept.round = round;
        kept.deadline = _deadline(round);
        kept.testified = 0;
        emit Redrawn(id, milestone, round, kept.deadline);
    }

    // --- views ---

    function ruling(bytes32 deal, uint8 milestone) external view returns (uint256) {
        return rulings[deal][milestone] | uint8(appeals[deal][milestone].status);
    }

    function appealOf(bytes32 deal, uint8 milestone) external view returns (Appeal memory) {
        return appeals[deal][milestone];
    }

    function drawn(Deal calldata deal, uint8 milestone, address[] calldata panel)
        external
        view
        returns (uint40[] memory chosen)
    {
        (chosen,) = _drawn(ESCROW.dealId(deal), milestone, deal, panel);
    }

    /// @dev The first round of the first full `roundGrid` that is at least `roundDelay` ahead. A sequencer may lag behind the
    /// beacon; the delay is how far it would have to lag for the round to be known.
    function roundFor(uint256 timestamp) public view returns (uint64) {
        uint256 grid = roundGrid;
        uint256 from = (timestamp + roundDelay + grid - 1) / grid * grid;
        (uint256 genesis, uint256 period) = (BEACON.genesis(), BEACON.period());
        return from <= genesis ? 1 : uint64((from - genesis + period - 1) / period + 1);
    }

    // --- the draw ---

    /// @dev Seats and their holders, at most SIZE, for the draw that the appeal is at.
    function _drawn(bytes32 id, uint8 milestone, Deal calldata deal, address[] calldata panel)
        private
        view
        returns (uint40[] memory chosen, address[] memory holders)
    {
        bytes32 given = Hashes.addresses(panel);
        require(given == deal.panel, WrongPanel(given, deal.panel));
        Appeal memory a = appeals[id][milestone];
        require(a.status != AppealStatus.None, NotRequested(id, milestone));
        uint40[] memory none = new uint40[](0);
        if (a.firstRound != 0) {
            (none,) = _walk(_seed(a.firstRound, id, milestone, 1), a, deal, panel, none);
        }
        return _walk(_seed(a.round, id, milestone, a.draw), a, deal, panel, none);
    }

    function _seed(uint64 round, bytes32 id, uint8 milestone, uint8 draw) private view returns (bytes32) {
        bytes32 randomness = BEACON.randomness(round);
        require(randomness != 0, RoundNotProven(round));
        return keccak256(abi.encode(randomness, id, milestone, draw));
    }

    function _walk(
        bytes32 seed,
        Appeal memory a,
        Deal calldata deal,
        address[] calldata panel,
        uint40[] memory before
    ) private view returns (uint40[] memory chosen, address[] memory holders) {
        chosen = new uint40[](SIZE);
        holders = new address[](SIZE);
        address[] memory principals = new address[](SIZE);
        Draw.Walk memory walk = Draw.start(seed, a.seats);
        uint256 n;
        while (n < SIZE && walk.more()) {
            uint40 number = walk.next();
            if (_among(number, before)) continue;
            Seat storage seat = seats[number];
            (address holder, uint40 leftAt) = (seat.holder, seat.leftAt);
            if (leftAt != 0 && leftAt <= a.appealedAt) continue;
            if (_sits(holder, panel) || _among(holder, holders)) continue;
            address principal = seat.principal;
            if (_isParty(deal, holder) || _isParty(deal, principal) || _among(principal, principals)) {
                continue;
            }
            (chosen[n], holders[n], principals[n]) = (number, holder, principal);
            ++n;
        }
        assembly ("memory-safe") {
            mstore(chosen, n)
            mstore(holders, n)
        }
    }

    function _isParty(Deal calldata deal, address account) private pure returns (bool) {
        return account == deal.buyer || account == deal.seller || account == deal.buyerPay
            || account == deal.sellerPay;
    }

    function _sits(address holder, address[] calldata panel) private pure returns (bool) {
        for (uint256 i = 0; i < panel.length; ++i) {
            if (panel[i] == holder) return true;
        }
        return false;
    }

    function _among(address account, address[] memory list) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == account) return true;
        }
        return false;
    }

    function _among(uint40 seat, uint40[] memory list) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == seat) return true;
        }
        return false;
    }

    // --- conditions ---

    /// @dev An appeal that can be ruled on now, by this verdict.
    function _open(Deal calldata deal, Verdict calldata v)
        private
        view
        returns (bytes32 id, Appeal storage kept)
    {
        id = ESCROW.dealId(deal);
        require(v.deal == id, WrongDeal(v.deal, id));
        kept = appeals[id][v.milestone];
        _requireOpen(id, v.milestone, kept);
        require(block.timestamp < kept.deadline, DeadlinePassed(block.timestamp, kept.deadline));
        require(v.round == kept.draw, WrongRound(v.round, kept.draw));
        require(v.attempt == kept.attempt, WrongAttempt(v.attempt, kept.attempt));
        require(v.sellerBps <= Terms.BPS, BpsTooHigh(v.sellerBps, Terms.BPS));
    }

    function _requireOpen(bytes32 id, uint8 milestone, Appeal storage kept) private view {
        bool open = kept.status == AppealStatus.Requested || kept.status == AppealStatus.Redrawn;
        require(open, NotRequested(id, milestone));
    }

    /// @dev `count` is exactly the seats that had joined `seatAge` before the appeal.
    function _requireEligible(uint40 count, uint40 appealedAt) private view {
        uint40 all = uint40(seats.length);
        bool enough = count == all || (count < all && seats[count].joinedAt + seatAge > appealedAt);
        bool old = count == 0 || (count <= all && seats[count - 1].joinedAt + seatAge <= appealedAt);
        require(enough && old, WrongSeats(count, all));
    }

    function _requireVotes(address[] memory holders, Votes calldata votes, bytes32 digest)
        private
        view
        returns (address[] memory jurors)
    {
        uint256 given = votes.signatures.length;
        require(given >= QUORUM, TooFewSigners(given, QUORUM));
        require(votes.signers >> holders.length == 0, SignerOutOfPanel(votes.signers, holders.length));
        jurors = new address[](given);
        uint256 next;
        for (uint256 i = 0; i < holders.length; ++i) {
            if (votes.signers & (uint256(1) << i) == 0) continue;
            require(next < given, SignatureCount(given, next + 1));
            _requireSigned(holders[i], digest, votes.signatures[next]);
            jurors[next++] = holders[i];
        }
        require(next == given, SignatureCount(given, next));
    }

    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) internal view {
        require(Signatures.signed(signer, digest, signature), BadSignature(signer, digest));
    }

    /// @dev The escrow is known code, fixed at construction. Whether it waits for a ruling, and on what.
    function _waiting(bytes32 id) private view returns (bool, Slot memory s) {
        s = ESCROW.slot(id).unpack();
        return (s.status == Status.Appealed, s);
    }

    // --- money ---

    function _suspendSilent(
        bytes32 id,
        uint8 milestone,
        Deal calldata deal,
        address[] calldata panel,
        uint8 testified
    ) private {
        (uint40[] memory chosen,) = _drawn(id, milestone, deal, panel);
        for (uint256 i = 0; i < chosen.length; ++i) {
            if (testified & (uint256(1) << i) == 0) _suspend(chosen[i]);
        }
    }

    function _sharePot(address[] memory jurors) private {
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
        return uint40(BEACON.genesis() + uint256(round - 1) * BEACON.period()) + rulingTime;
    }
}
