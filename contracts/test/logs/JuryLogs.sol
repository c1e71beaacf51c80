// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDrandBeacon} from "../../src/IDrandBeacon.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {SeatStatus} from "../../src/types/Seat.sol";
import {Vm} from "../base/Vm.sol";
import {EscrowLogs} from "./EscrowLogs.sol";

/// @notice What a JuryPool and the beacon keep, rebuilt from what they say.
/// Slot 0: how many seats and since when the newest; behind its hash a word each. 1: what is owed. 2: the pot. 3: appeals. The beacon's slot 0: rounds.
abstract contract JuryLogs is EscrowLogs {
    address private pool;
    address private drand;
    uint64 private stakeOfASeat;

    function startJuryLogs(address pool_, address drand_, uint64 stake) internal {
        (pool, drand, stakeOfASeat) = (pool_, drand_, stake);
    }

    function readBeacon(Vm.Log memory l) internal {
        assertEq(l.topics[0], IDrandBeacon.Proven.selector, "an event of the beacon");
        put(l.emitter, under(l.topics[1], bytes32(0)), uint256(abi.decode(l.data, (bytes32))));
    }

    function readJury(Vm.Log memory l) internal {
        bytes32 topic = l.topics[0];
        if (topic == IJuryPool.Seated.selector) {
            _seated(l);
        } else if (topic == IJuryPool.SeatVacated.selector) {
            _out(uint256(l.topics[1]), SeatStatus.Left);
        } else if (topic == IJuryPool.SeatSuspended.selector) {
            _suspended(l);
        } else if (topic == IJuryPool.SeatSlashed.selector) {
            _out(uint256(l.topics[1]), SeatStatus.Slashed);
        } else if (topic == IJuryPool.StakeWithdrawn.selector) {
            _out(uint256(l.topics[1]), SeatStatus.Withdrawn);
        } else if (topic == IJuryPool.PotChanged.selector) {
            put(pool, bytes32(uint256(2)), abi.decode(l.data, (uint64)));
        } else if (topic == IJuryPool.Owed.selector) {
            _owed(l);
        } else if (topic == IJuryPool.Collected.selector) {
            put(pool, under(topicAddress(l, 1), 1), 0);
        } else if (topic == IJuryPool.AppealRequested.selector) {
            _requested(l);
        } else if (topic == IJuryPool.Redrawn.selector) {
            _redrawn(l);
        } else if (topic == IJuryPool.Testified.selector) {
            _testified(l);
        } else if (topic == IJuryPool.RulingMade.selector) {
            _ruled(l);
        } else if (topic == IJuryPool.AppealSilent.selector) {
            _set(l, 0, 8, uint256(AppealStatus.Silent));
        } else {
            revert NotTrue("an event of the jury");
        }
    }

    // --- seats: sitter 160, joinedAt 40, leftAt 40, status 3, silences 13 ---

    function _seatAt(uint256 seat) private pure returns (bytes32) {
        return bytes32(uint256(keccak256(abi.encode(uint256(0)))) + seat);
    }

    function _seated(Vm.Log memory l) private {
        uint256 seat = uint256(l.topics[1]);
        put(pool, bytes32(0), (seat + 1) | time << 40);
        bytes32 sitter = keccak256(abi.encodePacked(topicAddress(l, 2), topicAddress(l, 3)));
        uint256 word = with(uint256(sitter) >> 96, 160, 40, time);
        put(pool, _seatAt(seat), with(word, 240, 3, uint256(SeatStatus.Active)));
    }

    /// @dev The time at which a seat first left stays.
    function _out(uint256 seat, SeatStatus status) private {
        uint256 word = get(pool, _seatAt(seat));
        if (field(word, 200, 40) == 0) word = with(word, 200, 40, time);
        put(pool, _seatAt(seat), with(word, 240, 3, uint256(status)));
    }

    function _suspended(Vm.Log memory l) private {
        uint256 seat = uint256(l.topics[1]);
        (uint64 lost, uint64 stake) = abi.decode(l.data, (uint64, uint64));
        uint256 word = get(pool, _seatAt(seat));
        SeatStatus was = SeatStatus(field(word, 240, 3));
        if (was != SeatStatus.Slashed && was != SeatStatus.Withdrawn) {
            assertEq(stake, stakeAfter(field(word, 243, 13)) - lost, "what a silence leaves");
        }
        if (lost != 0) put(pool, _seatAt(seat), with(word, 243, 13, field(word, 243, 13) + 1));
        bool seated = was == SeatStatus.Active || was == SeatStatus.Left;
        _out(seat, seated ? SeatStatus.Suspended : was);
    }

    function stakeAfter(uint256 silences) private view returns (uint64 left) {
        left = stakeOfASeat;
        for (; silences != 0; --silences) {
            left -= left / 10;
        }
    }

    function _owed(Vm.Log memory l) private {
        bytes32 place = under(topicAddress(l, 1), 1);
        put(pool, place, get(pool, place) + abi.decode(l.data, (uint64)));
    }

    // --- appeals: status 8, appealedAt 40, seats 40, round 40, deadline 40, attempt 8, testified 8, draw 8,
    // firstRound 40 ---

    function _appealAt(Vm.Log memory l) private pure returns (bytes32) {
        return _appealAt(l.topics[1], l.topics[2]);
    }

    function _appealAt(bytes32 deal, bytes32 milestone) private pure returns (bytes32) {
        return under(milestone, under(deal, bytes32(uint256(3))));
    }

    function _set(Vm.Log memory l, uint256 shift, uint256 bits, uint256 value) private {
        put(pool, _appealAt(l), with(get(pool, _appealAt(l)), shift, bits, value));
    }

    function _requested(Vm.Log memory l) private {
        uint256 draw = abi.decode(l.data, (uint256));
        uint256 word = uint256(AppealStatus.Requested) | field(draw, 56, 40) << 8;
        word = with(with(word, 48, 40, field(draw, 16, 40)), 88, 40, field(draw, 136, 64));
        word = with(with(word, 128, 40, field(draw, 96, 40)), 168, 8, field(draw, 8, 8));
        put(pool, _appealAt(l.topics[1], bytes32(field(draw, 0, 8))), with(word, 184, 8, 1));
    }

    /// @dev The first seven are passed over only if they had been drawn: if their round was proven.
    function _redrawn(Vm.Log memory l) private {
        (uint64 round, uint40 deadline) = abi.decode(l.data, (uint64, uint40));
        uint256 word = get(pool, _appealAt(l));
        uint256 first = field(word, 88, 40);
        if (get(drand, under(bytes32(first), bytes32(0))) == 0) first = 0;
        word = with(with(word, 0, 8, uint256(AppealStatus.Redrawn)), 192, 40, first);
        word = with(with(with(word, 88, 40, round), 128, 40, deadline), 176, 8, 0);
        put(pool, _appealAt(l), with(word, 184, 8, 2));
    }

    function _testified(Vm.Log memory l) private {
        (uint8 index,,) = abi.decode(l.data, (uint8, bytes32, uint16));
        uint256 said = field(get(pool, _appealAt(l)), 176, 8);
        _set(l, 176, 8, said | uint256(1) << index);
    }

    function _ruled(Vm.Log memory l) private {
        (uint256 ruling,,) = abi.decode(l.data, (uint256, bytes32, bytes32));
        bytes32 place = _appealAt(l.topics[1], bytes32(field(ruling, 0, 8)));
        put(pool, place, with(get(pool, place), 0, 8, uint256(AppealStatus.Ruled)));
    }
}
