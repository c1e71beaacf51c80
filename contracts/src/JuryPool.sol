// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hearings} from "./jury/Hearings.sol";
import {Seats} from "./jury/Seats.sol";
import {Verdict} from "./types/Deal.sol";
import {Hashes} from "./types/Hashes.sol";
import {SeatStatus, SeatWord, Sitter} from "./types/Seat.sol";

/// @title JuryPool
/// @notice See IJuryPool. Here is only the slashing of a double signature; seats and appeals are inherited.
contract JuryPool is Hearings {
    constructor(
        address usdc_,
        address beacon_,
        address escrow_,
        uint64 stake_,
        uint40 seatAge_,
        uint40 roundGrid_,
        uint40 roundDelay_,
        uint40 rulingTime_,
        uint40 exitDelay_
    ) Seats(usdc_, beacon_, escrow_, stake_, seatAge_, roundGrid_, roundDelay_, rulingTime_, exitDelay_) {}

    function slash(
        uint40 seat,
        Sitter calldata who,
        Verdict calldata a,
        bytes calldata signatureA,
        Verdict calldata b,
        bytes calldata signatureB
    ) external unlocked {
        SeatWord kept = _of(seat, who);
        uint64 lost = kept.stake(stake);
        require(lost != 0, NothingStaked(seat));
        bytes32 slotA = keccak256(abi.encode(a.deal, a.milestone, a.round, a.attempt));
        bytes32 slotB = keccak256(abi.encode(b.deal, b.milestone, b.round, b.attempt));
        require(slotA == slotB, NotTheSameSlot(slotA, slotB));
        bytes32 digestA = _escrowDigest(Hashes.verdict(a));
        bytes32 digestB = _escrowDigest(Hashes.verdict(b));
        require(digestA != digestB, SameDigest(digestA));
        _requireSigned(who.holder, digestA, signatureA);
        _requireSigned(who.holder, digestB, signatureB);

        _keep(seat, kept.gone(SeatStatus.Slashed));
        emit SeatSlashed(seat, lost, digestA, digestB);
        _owe(msg.sender, lost / 10);
        _fillPot(lost - lost / 10);
    }
}
