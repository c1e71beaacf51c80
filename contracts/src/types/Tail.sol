// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What is still unread of the bytes behind the fixed words of a call: a place in memory with three words. The offset in
/// calldata of what comes next, the end, and a bit for each signature to come, the next one in bit 0: whether it begins
/// with its length in two bytes; otherwise it has 64 (EIP-2098).
type Tail is uint256;

using Tails for Tail global;

/// @title Addresses and signatures without padding, read one after the other
/// @notice An address takes 20 bytes and a signature 64, unless its bit says that its length is written before it: so do
/// signatures with a separate `v`, and those of contract wallets, which have any length. The tail of a call lies behind
/// its arguments, without the offset, the length and the padding of `bytes`, and goes to the end of the calldata; what is
/// not read of it changes nothing.
library Tails {
    error TailTooShort(uint256 has, uint256 wanted);

    /// @notice Addresses without signatures.
    function open(bytes calldata data) internal pure returns (Tail t) {
        uint256 from;
        uint256 size;
        assembly ("memory-safe") {
            from := data.offset
            size := data.length
        }
        unchecked {
            return _hold(from, from + size, 0); // the decoder has found both within the calldata
        }
    }

    /// @notice What a call has behind its last fixed words, which are the terms: up to the end of the calldata.
    function behind(uint256[10] calldata terms, uint256 long) internal pure returns (Tail t) {
        uint256 from;
        uint256 end;
        assembly ("memory-safe") {
            from := add(terms, 0x140)
            end := calldatasize()
        }
        return _hold(from, end, long);
    }

    /// @notice The same behind the whole terms.
    function behindWhole(uint256[17] calldata terms, uint256 long) internal pure returns (Tail t) {
        uint256 from;
        uint256 end;
        assembly ("memory-safe") {
            from := add(terms, 0x220)
            end := calldatasize()
        }
        return _hold(from, end, long);
    }

    /// @notice The offset in calldata of the next `size` bytes, which are then read.
    function take(Tail t, uint256 size) internal pure returns (uint256 from) {
        uint256 has;
        assembly ("memory-safe") {
            from := mload(t)
            has := sub(mload(add(t, 0x20)), from)
        }
        require(size <= has, TailTooShort(has, size));
        assembly ("memory-safe") {
            mstore(t, add(from, size))
        }
    }

    function addresses(Tail t, uint256 count) internal pure returns (address[] memory list) {
        uint256 from = take(t, count * 20);
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(list, count)
            let to := add(list, 0x20)
            for { let end := add(to, shl(5, count)) } lt(to, end) { to := add(to, 0x20) } {
                mstore(to, shr(96, calldataload(from)))
                from := add(from, 20)
            }
            mstore(0x40, to)
        }
    }

    /// @notice The two addresses that lie at `from` in calldata.
    function pair(uint256 from) internal pure returns (address one, address other) {
        assembly ("memory-safe") {
            one := shr(96, calldataload(from))
            other := shr(96, calldataload(add(from, 20)))
        }
    }

    /// @dev Offset and length of `given` are two words of one value.
    // slither-disable-next-line write-after-write
    function signature(Tail t) internal pure returns (bytes calldata given) {
        uint256 size = 64;
        uint256 long;
        assembly ("memory-safe") {
            long := mload(add(t, 0x40))
            mstore(add(t, 0x40), shr(1, long))
        }
        if (long & 1 != 0) size = word(t, 2);
        uint256 from = take(t, size);
        assembly ("memory-safe") {
            given.offset := from
            given.length := size
        }
    }

    /// @notice Whether the next signature has its length before it.
    function isLong(Tail t) internal pure returns (bool long) {
        assembly ("memory-safe") {
            long := and(mload(add(t, 0x40)), 1)
        }
    }

    /// @notice Goes on at the offset `to`, unless that is beyond the end.
    function goTo(Tail t, uint256 to) internal pure returns (bool there) {
        assembly ("memory-safe") {
            there := iszero(gt(to, mload(add(t, 0x20))))
            if there { mstore(t, to) }
        }
    }

    /// @notice The offset in calldata of what comes next.
    function offset(Tail t) internal pure returns (uint256 from) {
        assembly ("memory-safe") {
            from := mload(t)
        }
    }

    /// @notice The next `size` bytes, at most 32, as a number.
    function word(Tail t, uint256 size) internal pure returns (uint256 value) {
        uint256 from = take(t, size);
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, size)), calldataload(from))
        }
    }

    function _hold(uint256 from, uint256 end, uint256 long) private pure returns (Tail t) {
        assembly ("memory-safe") {
            t := mload(0x40)
            mstore(0x40, add(t, 0x60))
            mstore(t, from)
            mstore(add(t, 0x20), end)
            mstore(add(t, 0x40), long)
        }
    }
}
