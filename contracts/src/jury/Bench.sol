// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Who hears an appeal, in the order in which the draw has chosen them: a place in memory that holds how many, and for each of
/// them three words: seat, holder, principal.
type Bench is uint256;

using Benches for Bench global;

/// @title The members of a bench, and who of them signed with a key
library Benches {
    /// @dev Half of the order of secp256k1: a signature with a higher `s` is a second form of a valid one (EIP-2).
    uint256 private constant HALF_N = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice An empty bench with room for `most` members.
    function empty(uint256 most) internal pure returns (Bench bench) {
        assembly ("memory-safe") {
            bench := mload(0x40)
            mstore(bench, 0)
            mstore(0x40, add(bench, add(0x20, mul(0x60, most))))
        }
    }

    function size(Bench bench) internal pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := mload(bench)
        }
    }

    /// @notice The seat of member `i`.
    function seat(Bench bench, uint256 i) internal pure returns (uint40 value) {
        assembly ("memory-safe") {
            value := mload(add(add(bench, 0x20), mul(0x60, i)))
        }
    }

    /// @notice Who signs for member `i`.
    function holder(Bench bench, uint256 i) internal pure returns (address account) {
        assembly ("memory-safe") {
            account := mload(add(add(bench, 0x40), mul(0x60, i)))
        }
    }

    /// @notice Seats whom `from` in calldata names: holder and principal, 20 bytes each. There is room, which the caller has
    /// seen to.
    function take(Bench bench, uint256 seat_, uint256 from) internal pure {
        assembly ("memory-safe") {
            let count := mload(bench)
            let at := add(bench, mul(0x60, count))
            mstore(add(at, 0x20), seat_)
            mstore(add(at, 0x40), shr(96, calldataload(from)))
            mstore(add(at, 0x60), shr(96, calldataload(add(from, 20))))
            mstore(bench, add(count, 1))
        }
    }

    /// @notice Whether the seat is on it.
    function hasSeat(Bench bench, uint256 seat_) internal pure returns (bool found) {
        for (uint256 i = 0; i < bench.size(); ++i) {
            if (bench.seat(i) == seat_) return true;
        }
    }

    /// @notice Whether somebody sits there for the same principal, or with the same holder.
    function hasEither(Bench bench, address holder_, address principal) internal pure returns (bool found) {
        assembly ("memory-safe") {
            let at := bench
            for { let end := add(at, mul(0x60, mload(bench))) } lt(at, end) { at := add(at, 0x60) } {
                found := or(found, eq(mload(add(at, 0x40)), holder_))
                found := or(found, eq(mload(add(at, 0x60)), principal))
            }
        }
    }

    /// @notice Whether each member whose bit is in `signers` signed with its key, the first of them with the 64 bytes
    /// (EIP-2098) at `from` in calldata, the next behind them. No bit of `signers` stands above the members'.
    /// @return given who they are.
    /// @return end the offset behind what was read.
    /// @return flawed that one did not: by mistake, or because it is a wallet, which the caller finds out.
    /// @dev ecrecover reads digest, v, r and s from the first four words of memory, where the third is the end of what is
    /// allocated and the fourth is zero for Solidity: both are so again afterwards. It answers into the list, and leaves
    /// the zero there when nobody could have signed, which no holder is.
    function voters(Bench bench, uint256 signers, uint256 from, bytes32 digest)
        internal
        view
        returns (address[] memory given, uint256 end, bool flawed)
    {
        uint256 most = HALF_N;
        assembly ("memory-safe") {
            given := mload(0x40)
            let to := given
            mstore(0x00, digest)
            end := from
            for { let at := add(bench, 0x40) } signers { signers := shr(1, signers) } {
                if and(signers, 1) {
                    to := add(to, 0x20)
                    let s := calldataload(add(end, 0x20))
                    mstore(0x20, add(27, shr(255, s)))
                    mstore(0x40, calldataload(end))
                    s := shr(1, shl(1, s))
                    mstore(0x60, s)
                    mstore(to, 0)
                    pop(staticcall(gas(), 0x01, 0x00, 0x80, to, 0x20))
                    flawed := or(flawed, or(gt(s, most), iszero(eq(mload(to), mload(at)))))
                    end := add(end, 64)
                }
                at := add(at, 0x60)
            }
            mstore(given, shr(5, sub(to, given)))
            mstore(0x40, add(to, 0x20))
            mstore(0x60, 0)
        }
    }
}
