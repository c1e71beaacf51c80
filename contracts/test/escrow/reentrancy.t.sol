// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {Locked} from "../../src/law/Locked.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// @notice A token that calls back into the escrow while it moves money, as an upgraded USDC could.
contract ReenteringToken {
    DealEscrow public escrow;
    bytes public reentry;
    bytes public answer;

    function aim(DealEscrow at_, bytes calldata reentry_) external {
        (escrow, reentry) = (at_, reentry_);
    }

    function transfer(address, uint256) external returns (bool) {
        (, answer) = address(escrow).call(reentry);
        return true;
    }

    function transferFrom(address, address, uint256) external returns (bool) {
        (, answer) = address(escrow).call(reentry);
        return true;
    }

    function isBlacklisted(address) external pure returns (bool) {
        return false;
    }
}

/// @notice A token that answers false, or nothing at all.
contract RefusingToken {
    bool public silent;

    function silence() external {
        silent = true;
    }

    function transfer(address, uint256) external view returns (bool) {
        if (silent) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return false;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }

    function isBlacklisted(address) external pure returns (bool) {
        return false;
    }
}

contract ReentrancyTest is World {
    using EscrowCalls for DealEscrow;

    function escrowOf(address token) private returns (DealEscrow) {
        bytes memory arguments = abi.encode(token, address(mandates), GRACE, APPEAL_LIMIT);
        return DealEscrow(created("DealEscrow.sol:DealEscrow", arguments));
    }

    function test_a_token_that_calls_back_finds_the_escrow_locked() external {
        ReenteringToken token = new ReenteringToken();
        DealEscrow target = escrowOf(address(token));
        bytes memory locked = abi.encodeWithSelector(Locked.Reentered.selector);
        token.aim(target, abi.encodeCall(target.deposit, (address(this), 1)));
        target.deposit(address(this), 10);
        assertEq(token.answer(), locked, "answer to a deposit");
        token.aim(target, abi.encodeCall(target.withdraw, (address(this), 5)));
        target.withdraw(address(this), 5);
        assertEq(token.answer(), locked, "answer to a withdrawal");
        assertEq(target.credit(address(this)), 5, "credit");
    }

    function test_a_transfer_that_answers_false_or_nothing_has_failed() external {
        RefusingToken token = new RefusingToken();
        DealEscrow target = escrowOf(address(token));
        target.deposit(address(this), 10);
        vm.expectRevert();
        target.withdraw(address(this), 5);
        token.silence();
        vm.expectRevert();
        target.withdraw(address(this), 5);
        assertEq(target.credit(address(this)), 10, "credit");
    }
}
