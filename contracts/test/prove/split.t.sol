// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {Cause} from "../../src/types/Deal.sol";
import {DealSlot, Slot} from "../../src/types/DealSlot.sol";
import {Core} from "../../src/types/Packing.sol";
import {Proof} from "./Proof.sol";

/// @notice The one place where a milestone's amount is shared, with nothing before and behind it.
contract Shares is DealEscrow {
    constructor() DealEscrow(address(1), address(1), 1, 1) {}

    function share(uint64 amount, uint256 word, uint256 bps)
        external
        pure
        returns (uint256 toSeller, uint256 toBuyer, uint256 then)
    {
        Core c;
        assembly ("memory-safe") {
            c := mload(0x40)
            mstore(0x40, add(c, 0x260))
            mstore(add(c, 0x80), amount)
        }
        Slot s = DealSlot.hold(word);
        uint256 outcome = _share(c, s, _outcome(0, Cause.Judged, 0, 0, bps));
        return (outcome >> 48 & type(uint64).max, outcome >> 112, s.word());
    }
}

/// @notice A split by basis points, for every amount and every state of the deal.
contract SplitProof is Proof {
    Shares private shares;

    function setUp() public {
        shares = new Shares();
    }

    /// @dev What whoever settles has seen to: at most the whole, a milestone that is not settled, and in the deal no more than
    /// came in, which the opening bounds. Then the one addition that settles cannot carry from one field into the next. That
    /// such a share is no more than the amount is a product of two unknowns, beyond the solver and plain to the reader:
    /// it is taken as given, and the tests try it.
    function check_both_shares_are_the_amount_and_the_deal_keeps_what_it_had(
        uint64 amount,
        uint256 word,
        uint16 bps
    ) external view {
        vm.assume(bps <= 10_000 && field(word, 8, 1) == 0);
        vm.assume(field(word, 104, 64) + field(word, 168, 64) <= type(uint64).max);
        try shares.share(amount, word, bps) returns (uint256 toSeller, uint256 toBuyer, uint256 then) {
            vm.assume(toSeller <= amount);
            assert(toSeller + toBuyer == amount);
            assert(field(then, 104, 64) == field(word, 104, 64) + toSeller);
            assert(field(then, 104, 64) + field(then, 168, 64) == field(word, 104, 64) + field(word, 168, 64));
            assert(field(then, 8, 8) == field(word, 8, 8) | 1);
        } catch {}
    }
}
