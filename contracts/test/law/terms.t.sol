// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Core} from "../../src/types/Packing.sol";
import {Test} from "../base/Test.sol";

/// terms
/// ├── what is unsettled is the sum of the amounts whose bits are not set
/// ├── the total is the sum of all, and a gap is a milestone before the last that is worth nothing
/// └── the last due time is the greatest, wherever it stands
contract TermsTest is Test {
    /// @dev Terms in memory of which only the amounts and the due times are ever read.
    function core(uint64[8] memory a, uint256 due) private pure returns (Core c) {
        uint256[2] memory w;
        for (uint256 i = 0; i < 8; ++i) {
            w[i / 4] |= uint256(a[i]) << (64 * (i % 4));
        }
        assembly ("memory-safe") {
            c := mload(0x40)
            mstore(0x40, add(c, 0x260))
            mstore(add(c, 0x80), mload(w))
            mstore(add(c, 0xa0), mload(add(w, 0x20)))
            mstore(add(c, 0xc0), due)
        }
    }

    function test_what_is_unsettled_is_the_sum_of_the_others(uint64[8] memory a, uint8 n, uint8 done)
        external
        pure
    {
        n = uint8(bound(n, 1, 8));
        done &= uint8((uint256(1) << n) - 1);
        uint256 wanted = 0;
        for (uint256 i = 0; i < 8; ++i) {
            a[i] = i < n ? (a[i] >> 3 | 1) : 0;
            if (done >> i & 1 == 0) wanted += a[i];
        }
        Core c = core(a, 0);
        assertEq(c.unsettled(done), wanted, "of some");
        assertEq(c.unsettled((uint256(1) << n) - 1), 0, "of all");
    }

    function test_the_largest_amounts_add_up_without_touching_each_other() external pure {
        uint64[8] memory a;
        a[7] = type(uint64).max - 7;
        for (uint256 i = 0; i < 7; ++i) {
            a[i] = 1;
        }
        Core c = core(a, 0);
        assertEq(c.unsettled(0), type(uint64).max, "all that a uint64 counts");
        assertEq(c.unsettled(0x7f), type(uint64).max - 7, "the last");
        assertEq(c.unsettled(0x80), 7, "the others");
    }

    function test_the_total_is_the_sum_and_sees_every_gap(uint64[8] memory a, uint8 empty) external pure {
        (uint256 wanted, uint256 count) = (0, 0);
        for (uint256 i = 0; i < 8; ++i) {
            a[i] = empty >> i & 1 == 0 ? (a[i] == 0 ? type(uint64).max : a[i]) : 0;
            wanted += a[i];
            if (a[i] != 0) count = i + 1;
        }
        Core c = core(a, 0);
        (uint256 all, bool gap) = c.total(c.count());
        assertEq(all, wanted, "sum");
        assertEq(c.count(), count, "up to the last that is worth something");
        assertTrue(gap == (uint256(empty) & ((uint256(1) << count) - 1) != 0), "gap");
    }

    function test_the_last_due_time_is_the_greatest(uint32[8] memory times) external pure {
        (uint256 due, uint256 last) = (0, 0);
        for (uint256 i = 0; i < 8; ++i) {
            due |= uint256(times[i]) << (32 * i);
            if (times[i] > last) last = times[i];
        }
        uint64[8] memory none;
        assertEq(core(none, due).lastDueAfter(), last, "wherever it stands");
    }
}
