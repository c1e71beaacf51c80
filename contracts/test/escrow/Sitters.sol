// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JuryPool} from "../../src/JuryPool.sol";
import {Draw} from "../../src/jury/Draw.sol";
import {Deal} from "../../src/types/Deal.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {Sitter} from "../../src/types/Seat.sol";
import {Vm} from "../base/Vm.sol";
import {Encoding} from "./Calls.sol";

/// @notice Who sits where, and whom a walk looks at: what an indexer of Seated would know, and brings to a jury's calls.
/// @dev What is noted lies in the storage of an account that nobody has, so that every contract of a test finds it; and a jury's
/// words are read from its storage. Nothing here is a call, so it may stand behind `expectRevert` and `prank`.
library Sitters {
    using Draw for Draw.Walk;

    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant REGISTER = address(uint160(uint256(keccak256("who sits where"))));
    uint256 private constant SIZE = 7;

    /// What a walk is over.
    struct Hearing {
        JuryPool jury;
        Deal d;
        address[] panel;
        uint256 appeal; // the storage word
        bytes32 id;
        uint256 milestone;
    }

    function noted(address holder, address principal) internal {
        uint256 hash = uint256(keccak256(abi.encodePacked(holder, principal))) >> 96;
        _put(hash, 0, holder);
        _put(hash, 1, principal);
    }

    /// @notice Before which escrow and beacon a jury sits.
    function court(JuryPool j, address escrow, address beacon) internal {
        _put(uint160(address(j)), 2, escrow);
        _put(uint160(address(j)), 3, beacon);
    }

    function who(JuryPool j, uint40 seat) internal view returns (Sitter memory) {
        uint256 hash = uint160(word(j, seat));
        return Sitter(_get(hash, 0), _get(hash, 1));
    }

    /// @notice The seat's storage word.
    function word(JuryPool j, uint256 seat) internal view returns (uint256) {
        uint256 place = uint256(keccak256(abi.encode(uint256(0)))) + seat;
        return uint256(vm.load(address(j), bytes32(place)));
    }

    /// @notice Holder and principal of every seat that the current draw looks at before it has found `wanted`.
    function walked(JuryPool j, Deal memory d, uint256 milestone, address[] memory panel, uint256 wanted)
        internal
        view
        returns (bytes memory all)
    {
        Hearing memory h;
        (h.jury, h.d, h.panel, h.milestone) = (j, d, panel, milestone);
        h.id = _dealId(_get(uint160(address(j)), 2), d);
        bytes32 place = keccak256(abi.encode(milestone, keccak256(abi.encode(h.id, uint256(3)))));
        h.appeal = uint256(vm.load(address(j), place));
        uint40[] memory before = new uint40[](0);
        uint256 first = h.appeal >> 192 & type(uint40).max;
        if (first != 0) (before, all) = _walk(h, first, 1, before, SIZE);
        (, bytes memory rest) =
            _walk(h, h.appeal >> 88 & type(uint40).max, h.appeal >> 184 & 0xff, before, wanted);
        return bytes.concat(all, rest);
    }

    function _walk(Hearing memory h, uint256 round, uint256 draw, uint40[] memory before, uint256 wanted)
        private
        view
        returns (uint40[] memory chosen, bytes memory all)
    {
        address beacon = _get(uint160(address(h.jury)), 3);
        bytes32 randomness = vm.load(beacon, keccak256(abi.encode(round, uint256(0))));
        if (randomness == 0) return (chosen, all);
        bytes32 seed = keccak256(abi.encode(randomness, h.id, h.milestone, draw));
        Draw.Walk memory walk = Draw.start(seed, h.appeal >> 48 & type(uint40).max);
        Sitter[] memory taken = new Sitter[](wanted);
        chosen = new uint40[](wanted);
        uint256 n;
        while (n < wanted && walk.moves()) {
            uint40 seat = walk.seat;
            if (_among(seat, before) || _hadLeft(h, seat)) continue;
            Sitter memory sitter = who(h.jury, seat);
            all = bytes.concat(all, bytes20(sitter.holder), bytes20(sitter.principal));
            if (_skipped(h, sitter, taken, n)) continue;
            (chosen[n], taken[n]) = (seat, sitter);
            ++n;
        }
        assembly ("memory-safe") {
            mstore(chosen, n)
        }
    }

    function _among(uint40 seat, uint40[] memory list) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == seat) return true;
        }
        return false;
    }

    function _hadLeft(Hearing memory h, uint40 seat) private view returns (bool) {
        uint256 leftAt = word(h.jury, seat) >> 200 & type(uint40).max;
        return leftAt != 0 && leftAt <= (h.appeal >> 8 & type(uint40).max);
    }

    function _skipped(Hearing memory h, Sitter memory sitter, Sitter[] memory taken, uint256 n)
        private
        pure
        returns (bool)
    {
        for (uint256 i = 0; i < n; ++i) {
            if (taken[i].holder == sitter.holder || taken[i].principal == sitter.principal) return true;
        }
        for (uint256 i = 0; i < h.panel.length; ++i) {
            if (h.panel[i] == sitter.holder) return true;
        }
        return _isParty(h.d, sitter.holder) || _isParty(h.d, sitter.principal);
    }

    function _isParty(Deal memory d, address a) private pure returns (bool) {
        return a == d.buyer || a == d.seller || a == d.buyerPay || a == d.sellerPay;
    }

    function _dealId(address escrow, Deal memory d) private view returns (bytes32) {
        bytes memory words = abi.encode(d);
        assembly ("memory-safe") {
            mstore(words, 576) // the eighteen fields before `meta`
        }
        bytes32 hash = keccak256(bytes.concat(Hashes.DEAL, words, Encoding.metaHash(d.meta)));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("DealEscrow"),
                keccak256("1"),
                block.chainid,
                escrow
            )
        );
        return keccak256(bytes.concat(hex"1901", domain, hash));
    }

    function _put(uint256 key, uint256 which, address value) private {
        vm.store(REGISTER, bytes32(key << 8 | which), bytes32(uint256(uint160(value))));
    }

    function _get(uint256 key, uint256 which) private view returns (address) {
        return address(uint160(uint256(vm.load(REGISTER, bytes32(key << 8 | which)))));
    }
}
