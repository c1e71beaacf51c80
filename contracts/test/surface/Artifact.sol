// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";

/// @notice The committed description of a contract, abi/<Name>.json: what its ABI says and what its code is.
/// @dev Reading one value out of JSON copies the whole text, so every reader gives that memory back.
abstract contract Artifact is Test {
    /// @notice The ABI alone, without the bytecode behind it, which is most of the file.
    function abiOf(string memory name) internal view returns (string memory json) {
        json = vm.readFile(string.concat("abi/", name, ".json"));
        uint256 cut = _find(bytes(json), bytes(",\n\"bytecode\""));
        assembly ("memory-safe") {
            mstore(json, cut)
        }
        json = string.concat(json, "}");
    }

    /// @notice The runtime code that is committed, immutables being zeros.
    function codeOf(string memory name) internal view returns (bytes memory) {
        string memory json = vm.readFile(string.concat("abi/", name, ".json"));
        return vm.parseJsonBytes(json, ".deployedBytecode");
    }

    function has(string memory json, string memory key) internal view returns (bool yes) {
        uint256 free = _free();
        yes = vm.keyExistsJson(json, key);
        _release(free);
    }

    /// @notice The text at `key`, moved to where the copies were made.
    function text(string memory json, string memory key) internal pure returns (string memory value) {
        uint256 free = _free();
        string memory found = vm.parseJsonString(json, key);
        assembly ("memory-safe") {
            let size := add(mload(found), 0x20)
            mcopy(free, found, size)
            value := free
            mstore(0x40, and(add(add(free, size), 0x1f), not(0x1f)))
        }
    }

    function entry(uint256 i) internal pure returns (string memory) {
        return string.concat(".abi[", vm.toString(i), "]");
    }

    /// @notice The signature of entry `i`, tuples written out, as its selector is computed.
    function signatureOf(string memory json, uint256 i) internal view returns (string memory) {
        return string.concat(
            text(json, string.concat(entry(i), ".name")), _types(json, string.concat(entry(i), ".inputs"))
        );
    }

    function _types(string memory json, string memory list) private view returns (string memory all) {
        all = "(";
        for (uint256 i = 0;; ++i) {
            string memory one = string.concat(list, "[", vm.toString(i), "]");
            if (!has(json, one)) break;
            string memory named = text(json, string.concat(one, ".type"));
            string memory parts = string.concat(one, ".components");
            if (has(json, parts)) named = string.concat(_types(json, parts), _behind(named, 5)); // "tuple"
            all = i == 0 ? string.concat(all, named) : string.concat(all, ",", named);
        }
        return string.concat(all, ")");
    }

    function _behind(string memory word, uint256 from) private pure returns (string memory rest) {
        bytes memory cut = new bytes(bytes(word).length - from);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = bytes(word)[from + i];
        }
        return string(cut);
    }

    function _find(bytes memory hay, bytes memory needle) private pure returns (uint256) {
        for (uint256 i = 0; i + needle.length <= hay.length; ++i) {
            if (hay[i] != needle[0]) continue;
            uint256 same = 1;
            while (same < needle.length && hay[i + same] == needle[same]) ++same;
            if (same == needle.length) return i;
        }
        revert NotTrue("the file has no bytecode");
    }

    function _free() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    function _release(uint256 free) private pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }
}
