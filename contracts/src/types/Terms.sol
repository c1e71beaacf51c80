// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Core} from "./Packing.sol";

/// @title Reading the packed numbers of a deal's terms
/// @notice Amounts are without gaps, which the opening checks, so the first zero ends the list.
library Terms {
    uint256 internal constant BPS = 10_000;

    /// @notice Micro-USDC of milestone `i`, 0 to 7.
    function amount(Core c, uint256 i) internal pure returns (uint256) {
        return (i < 4 ? c.amounts() : c.amounts2()) >> ((i & 3) << 6) & type(uint64).max;
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

    /// @notice Micro-USDC of the milestones whose bit is not in `done`.
    function unsettled(Core c, uint256 done) internal pure returns (uint256 sum) {
        (uint256 low, uint256 high) = (c.amounts(), c.amounts2());
        assembly ("memory-safe") {
            for {} low { low := shr(64, low) } {
                sum := add(sum, mul(and(low, 0xffffffffffffffff), iszero(and(done, 1))))
                done := shr(1, done)
            }
            for {} high { high := shr(64, high) } {
                sum := add(sum, mul(and(high, 0xffffffffffffffff), iszero(and(done, 1))))
                done := shr(1, done)
            }
        }
    }

    /// @notice Micro-USDC of all milestones, and whether a milestone before the last is worth nothing.
    function total(Core c, uint256 milestones) internal pure returns (uint256 all, bool gap) {
        (uint256 low, uint256 high) = (c.amounts(), c.amounts2());
        assembly ("memory-safe") {
            for {} milestones { milestones := sub(milestones, 1) } {
                let one := and(low, 0xffffffffffffffff)
                all := add(all, one)
                gap := or(gap, iszero(one))
                low := or(shr(64, low), shl(192, high))
                high := shr(64, high)
            }
        }
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
}
