// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";
import {FuzzSelector} from "./Campaign.sol";
import {Till} from "./Till.sol";

/// @notice The token is hostile.
contract TokenInvariants is Test {
    Till internal till;

    function setUp() public {
        till = new Till();
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(till);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(till), acts());
    }

    function acts() internal view returns (bytes4[] memory list) {
        list = new bytes4[](6);
        (list[0], list[1]) = (till.turn.selector, till.deposit.selector);
        (list[2], list[3]) = (till.withdraw.selector, till.open.selector);
        (list[4], list[5]) = (till.release.selector, till.cancel.selector);
    }

    function sentences() internal view {
        till.E01_the_escrow_has_what_it_owes();
        till.E04_a_deal_holds_its_money_until_it_ends();
        till.E21_who_calls_back_finds_the_door_locked();
    }

    /// forge-config: default.isolate = false
    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: default.invariant.dictionary-weight = 0
    /// forge-config: default.invariant.include-storage = false
    /// forge-config: default.invariant.include-push-bytes = false
    /// forge-config: quick.isolate = false
    /// forge-config: quick.invariant.fail-on-revert = true
    /// forge-config: quick.invariant.dictionary-weight = 0
    /// forge-config: quick.invariant.include-storage = false
    /// forge-config: quick.invariant.include-push-bytes = false
    function invariant_E21_whatever_the_token_does() external view {
        sentences();
    }

    function test_the_token_calls_back_and_refuses_often_enough() external {
        uint256[5] memory n;
        uint256 before = vm.snapshotState();
        for (uint256 run = 0; run < 20; ++run) {
            uint256 seed = run;
            for (uint256 i = 0; i < 64; ++i) {
                seed = uint256(keccak256(abi.encode(seed)));
                (bool done,) = address(till).call(abi.encodeWithSelector(acts()[seed % 6], seed));
                assertTrue(done, "every act goes through");
                sentences();
            }
            for (uint256 i = 0; i < 5; ++i) {
                n[i] += till.reachedSoFar()[i];
            }
            assertTrue(vm.revertToState(before), "every run begins anew");
        }
        assertGe(n[0], 60, "deals opened");
        assertGe(n[1], 50, "deals ended");
        assertGe(n[2], 5, "payments that were refused and credited");
        assertGe(n[3], 100, "acts that were refused");
        assertGe(n[4], 60, "calls back into the escrow");
    }
}
