// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Vm} from "../base/Vm.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// deposit, depositWithAuthorization
/// └── credit the named owner, and no other than the one who authorised
contract DepositTest is World {
    using EscrowCalls for DealEscrow;

    function test_anybody_may_deposit_for_anybody() external {
        minted(stranger.addr, 5 * ONE);
        vm.prank(stranger.addr);
        usdc.approve(address(escrow), 5 * ONE);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Credited(seller.addr, 0, 5 * ONE);
        vm.prank(stranger.addr);
        escrow.deposit(seller.addr, 5 * ONE);
        assertEq(escrow.credit(seller.addr), 5 * ONE, "credit");
    }

    function test_a_deposit_that_usdc_refuses_credits_nothing() external {
        vm.expectRevert(bytes("ERC20: transfer amount exceeds allowance"));
        escrow.deposit(seller.addr, 5 * ONE);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.ZeroAddress.selector));
        escrow.deposit(address(0), 5 * ONE);
        assertEq(escrow.credit(seller.addr), 0, "credit");
    }

    function test_a_deposit_by_authorization_credits_who_authorised() external {
        minted(seller.addr, 5 * ONE);
        bytes32 salt = keccak256("salt");
        bytes32 nonce = keccak256(abi.encode(keccak256("Deposit"), seller.addr, salt));
        bytes memory given = authorization(seller, address(escrow), 5 * ONE, NOW + 60, nonce);
        vm.prank(stranger.addr);
        escrow.depositWithAuthorization(seller.addr, 5 * ONE, 0, NOW + 60, salt, given);
        assertEq(escrow.credit(seller.addr), 5 * ONE, "credit");
        vm.expectRevert(bytes("FiatTokenV2: authorization is used or canceled"));
        escrow.depositWithAuthorization(seller.addr, 5 * ONE, 0, NOW + 60, salt, given);
    }

    function test_a_deposit_of_nothing_says_nothing() external {
        vm.recordLogs();
        escrow.deposit(seller.addr, 0);
        assertEq(escrow.credit(seller.addr), 0, "credit");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            assertTrue(logs[i].emitter != address(escrow), "an event of the escrow");
        }
    }
}
