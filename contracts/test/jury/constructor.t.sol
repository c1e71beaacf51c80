// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Court} from "../escrow/Court.sol";

/// constructor
/// ├── keeps token, beacon, escrow and every duration for ever
/// └── when an address is nobody, or a grid, stake or ruling time is zero
contract JuryConstructorTest is Court {
    function made(address[3] memory parts, uint256[3] memory numbers)
        private
        returns (address at_, bytes memory reason)
    {
        bytes memory arguments = bytes.concat(
            abi.encode(parts[0], parts[1], parts[2], numbers[0], SEAT_AGE, numbers[1]),
            abi.encode(uint256(10 minutes), numbers[2], EXIT_DELAY)
        );
        bytes memory code = bytes.concat(creationCode("JuryPool.sol:JuryPool"), arguments);
        assembly ("memory-safe") {
            at_ := create(0, add(code, 0x20), mload(code))
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0, returndatasize())
            mstore(0x40, add(reason, 0x60))
        }
    }

    function test_the_constants_are_those_of_the_constructor() external view {
        assertEq(jury.usdc(), address(usdc), "usdc");
        assertEq(jury.beacon(), address(beacon), "beacon");
        assertEq(jury.escrow(), address(escrow), "escrow");
        assertEq(jury.stake(), STAKE, "stake");
        assertEq(jury.seatAge(), SEAT_AGE, "seat age");
        assertEq(jury.roundGrid(), 1 hours, "grid");
        assertEq(jury.roundDelay(), 10 minutes, "delay");
        assertEq(jury.rulingTime(), RULING_TIME, "ruling time");
        assertEq(jury.exitDelay(), EXIT_DELAY, "exit delay");
        assertEq(jury.domainSeparator(), domainSeparator("JuryPool", "1", address(jury)), "domain");
    }

    function test_there_is_no_jury_without_a_token_a_beacon_or_an_escrow() external {
        for (uint256 i = 0; i < 3; ++i) {
            address[3] memory parts = [address(usdc), address(beacon), address(escrow)];
            parts[i] = address(0);
            (address at_, bytes memory reason) = made(parts, [uint256(STAKE), 1 hours, RULING_TIME]);
            assertEq(at_, address(0), "nothing is made");
            assertEq(reason, abi.encodeWithSelector(IJuryPool.ZeroAddress.selector), "reason");
        }
    }

    function test_a_stake_a_grid_and_a_ruling_time_are_something() external {
        for (uint256 i = 0; i < 3; ++i) {
            uint256[3] memory numbers = [uint256(STAKE), 1 hours, RULING_TIME];
            numbers[i] = 0;
            (address at_, bytes memory reason) =
                made([address(usdc), address(beacon), address(escrow)], numbers);
            assertEq(at_, address(0), "nothing is made");
            assertEq(reason, abi.encodeWithSelector(IJuryPool.ZeroConstant.selector), "reason");
        }
        (address good,) =
            made([address(usdc), address(beacon), address(escrow)], [uint256(STAKE), 1 hours, RULING_TIME]);
        assertTrue(good != address(0), "the same with all three is made");
    }

    function test_a_jury_for_an_escrow_that_is_not_there_is_not_made() external {
        (address at_,) =
            made([address(usdc), address(beacon), stranger.addr], [uint256(STAKE), 1 hours, RULING_TIME]);
        assertEq(at_, address(0), "nothing is made");
    }
}
