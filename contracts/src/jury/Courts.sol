// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "../types/Hashes.sol";
import {AppealStatus, AppealWord} from "../types/Jury.sol";
import {Core} from "../types/Packing.sol";
import {SeatWord} from "../types/Seat.sol";
import {Tail, Tails} from "../types/Tail.sol";
import {Bench, Benches} from "./Bench.sol";
import {Draw} from "./Draw.sol";
import {Seats} from "./Seats.sol";

/// @title Courts: which seats hear an appeal
/// @notice A draw is never stored: whoever needs it recomputes it, from the seats' words and from who sits there, which the
/// call brings.
abstract contract Courts is Seats {
    using Draw for Draw.Walk;

    /// An appeal before the court, and what a call brings to draw from: the first panel, and behind it in the tail the
    /// sitters of the seats that the walk looks at.
    struct Case {
        Core c;
        bytes32 id;
        uint256 milestone;
        AppealWord a;
        address[] panel;
        Tail tail;
    }

    uint256 internal constant SIZE = 7;
    uint256 internal constant ALL = (1 << SIZE) - 1;

    /// @dev The draw that the appeal is at, up to the highest of `indices`, a set of bits; fewer when there are not enough.
    function _drawn(Case memory k, uint256 indices) internal view returns (Bench bench) {
        bytes32 given = Hashes.addresses(k.panel);
        require(given == k.c.panel(), WrongPanel(given, k.c.panel()));
        require(!k.a.isAt(AppealStatus.None), NotRequested(k.id, uint8(k.milestone)));
        bench = Benches.empty(0);
        if (k.a.firstRound() != 0) bench = _walk(k, _seed(k, k.a.firstRound(), 1), bench, ALL);
        return _walk(k, _seed(k, k.a.round(), k.a.draw()), bench, indices);
    }

    function _seed(Case memory k, uint64 round, uint256 draw) private view returns (bytes32) {
        bytes32 randomness = BEACON.randomness(round);
        require(randomness != 0, RoundNotProven(round));
        return keccak256(abi.encode(randomness, k.id, k.milestone, draw));
    }

    function _walk(Case memory k, bytes32 seed, Bench before, uint256 indices)
        private
        view
        returns (Bench bench)
    {
        Draw.Walk memory walk = Draw.start(seed, k.a.seats());
        bench = Benches.empty(SIZE);
        uint256 met = _met(k);
        while (indices >> bench.size() != 0 && walk.moves()) {
            uint40 seat = walk.seat;
            SeatWord kept = _known(seat);
            if (kept.leftBy(k.a.appealedAt()) || before.hasSeat(seat)) continue;
            uint256 from = k.tail.take(40);
            (uint160 given, uint256 bits) = _sitter(from);
            require(given == kept.sitter(), WrongSitter(seat, bytes20(given), bytes20(kept.sitter())));
            if (met & bits != 0 && _barred(k, bench, from)) continue;
            met |= bits;
            bench.take(seat, from);
        }
    }

    /// @dev The bits of all who cannot be drawn. Whoever has another bit is none of them, which is so for nearly everybody; of
    /// whoever has not, the lists tell.
    function _met(Case memory k) private pure returns (uint256 met) {
        (Core c, address[] memory panel) = (k.c, k.panel);
        met = _bit(c.buyer()) | _bit(c.seller()) | _bit(c.buyerPay()) | _bit(c.sellerPay());
        assembly ("memory-safe") {
            let at := add(panel, 0x20)
            for { let end := add(at, shl(5, mload(panel))) } lt(at, end) { at := add(at, 0x20) } {
                // slither-disable-next-line incorrect-shift
                met := or(met, shl(shr(152, mload(at)), 1))
            }
        }
    }

    /// @dev One of 256, by the first byte of the account.
    function _bit(address account) private pure returns (uint256) {
        return uint256(1) << (uint160(account) >> 152);
    }

    /// @dev Of the holder and the principal that `from` in calldata names: their hash, see SeatWords, and their bits.
    function _sitter(uint256 from) private pure returns (uint160 hash, uint256 bits) {
        assembly ("memory-safe") {
            calldatacopy(0x00, from, 40)
            hash := shr(96, keccak256(0x00, 40))
            let both := mload(0x00)
            // slither-disable-next-line incorrect-shift
            bits := or(shl(byte(0, both), 1), shl(byte(20, both), 1))
        }
    }

    /// @dev Who has judged this deal already, or is a party to it, or sits on the bench.
    function _barred(Case memory k, Bench bench, uint256 from) private pure returns (bool) {
        (address holder, address principal) = Tails.pair(from);
        bool party = k.c.isParty(holder) || k.c.isParty(principal);
        return party || bench.hasEither(holder, principal) || _among(holder, k.panel);
    }

    function _among(address account, address[] memory list) private pure returns (bool found) {
        assembly ("memory-safe") {
            let at := add(list, 0x20)
            for { let end := add(at, shl(5, mload(list))) } lt(at, end) { at := add(at, 0x20) } {
                found := or(found, eq(mload(at), account))
            }
        }
    }
}
