// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Core} from "./Packing.sol";

/// @title Reading the packed numbers of a deal's terms
/// @notice Amounts are without gaps, which the opening checks, so the first zero ends the list.
library Terms {
    uint256 internal constant BPS = 10_000;
    uint256 private constant U64 = 0xffffffffffffffff;
    // Every other uint64 of a word, with room for the carry of a sum.
    uint256 private constant PAIRS = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
    // Bits 0, 63, 126 and 189. Times a number of four bits: bit i is where the i-th of four uint64 begins, among others
    // that `LANES` leaves out.
    uint256 private constant SPREAD = 0x0000000000000000200000000000000040000000000000008000000000000001;
    // Times four uint64 in a word: their sum is in the highest 64 bits.
    uint256 private constant LANES = 0x0000000000000001000000000000000100000000000000010000000000000001;

    /// @notice Micro-USDC of milestone `i`, 0 to 7.
    /// @dev `amounts2` lies behind `amounts`.
    function amount(Core c, uint256 i) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let four := mload(add(add(c, 0x80), shl(3, and(i, 4))))
            value := and(shr(shl(6, and(i, 3)), four), U64)
        }
    }

    /// @notice Whether milestone `i` is one of the deal's: it is worth something.
    function has(Core c, uint256 i) internal pure returns (bool) {
        return i < 8 && amount(c, i) != 0;
    }

    /// @notice Number of milestones.
    function count(Core c) internal pure returns (uint256 n) {
        (uint256 low, uint256 high) = (c.amounts(), c.amounts2());
        assembly ("memory-safe") {
            n := sub(
                4,
                add(add(iszero(shr(192, low)), iszero(shr(128, low))), add(iszero(shr(64, low)), iszero(low)))
            )
            if high {
                n := sub(8, add(iszero(shr(192, high)), add(iszero(shr(128, high)), iszero(shr(64, high)))))
            }
        }
    }

    /// @notice The second offset of milestone `i` from `Meta.start` at which it is due.
    function dueAfter(Core c, uint256 i) internal pure returns (uint256) {
        return c.due() >> (i << 5) & type(uint32).max;
    }

    /// @notice The greatest of these offsets.
    function lastDueAfter(Core c) internal pure returns (uint256 last) {
        uint256 due = c.due();
        assembly ("memory-safe") {
            for {} due { due := shr(32, due) } {
                let one := and(due, 0xffffffff)
                last := xor(last, mul(xor(last, one), gt(one, last)))
            }
        }
    }

    /// @notice Micro-USDC of the milestones whose bit is not in `done`, of terms whose sum is a uint64.
    function unsettled(Core c, uint256 done) internal pure returns (uint256 sum) {
        (uint256 low, uint256 high) = (c.amounts(), c.amounts2());
        assembly ("memory-safe") {
            let settled := mul(and(mul(and(done, 0xf), SPREAD), LANES), U64)
            sum := shr(192, mul(and(low, not(settled)), LANES))
            if high {
                settled := mul(and(mul(shr(4, done), SPREAD), LANES), U64)
                sum := add(sum, shr(192, mul(and(high, not(settled)), LANES)))
            }
        }
    }

    /// @notice Micro-USDC of all milestones, and whether one before the last of `milestones`, their count, is worth nothing.
    function total(Core c, uint256 milestones) internal pure returns (uint256 all, bool gap) {
        uint256 filled;
        (all, filled) = _sum(c.amounts());
        if (c.amounts2() != 0) {
            (uint256 more, uint256 others) = _sum(c.amounts2());
            unchecked {
                (all, filled) = (all + more, filled + others);
            }
        }
        gap = filled != milestones;
    }

    /// @notice The part of the jury's fee for milestone `i` of `n`; the parts add up to the fee.
    function juryFeeOf(Core c, uint256 i, uint256 n) internal pure returns (uint256) {
        uint256 fee = c.juryFee();
        return fee * (i + 1) / n - fee * i / n;
    }

    /// @notice Whether every account is named, and neither side signs or is paid for the other.
    function parts(Core c) internal pure returns (bool good) {
        (address buyer, address seller) = (c.buyer(), c.seller());
        (address buyerPay, address sellerPay, address jury) = (c.buyerPay(), c.sellerPay(), c.jury());
        assembly ("memory-safe") {
            let bad := or(or(iszero(buyer), iszero(seller)), or(iszero(buyerPay), iszero(sellerPay)))
            bad := or(bad, or(eq(buyer, seller), eq(buyer, sellerPay)))
            bad := or(bad, or(eq(buyerPay, seller), eq(buyerPay, sellerPay)))
            good := iszero(or(bad, iszero(jury)))
        }
    }

    /// @notice Whether the account signs for a side or is paid for one.
    function isParty(Core c, address account) internal pure returns (bool) {
        return
            account == c.buyer() || account == c.seller() || account == c.buyerPay()
                || account == c.sellerPay();
    }

    /// @dev The sum of the four uint64 in a word, and how many of them are not 0.
    function _sum(uint256 four) private pure returns (uint256 sum, uint256 filled) {
        assembly ("memory-safe") {
            let pairs := add(and(four, PAIRS), and(shr(64, four), PAIRS))
            sum := add(shr(128, pairs), and(pairs, 0xffffffffffffffffffffffffffffffff))
            let empty := add(iszero(and(four, U64)), iszero(and(shr(64, four), U64)))
            empty := add(empty, add(iszero(and(shr(128, four), U64)), iszero(shr(192, four))))
            filled := sub(4, empty)
        }
    }
}
