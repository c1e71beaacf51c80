// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Balances} from "../../../src/testing/usdc/Balances.sol";
import {Usdc} from "./Usdc.sol";

contract PermitTest is Usdc {
    uint256 private constant VALUE = 25_000_000;

    function permission(address holder, uint256 deadline) private view returns (bytes memory) {
        return sign(
            alice,
            digest(
                keccak256(
                    abi.encode(usdc.PERMIT_TYPEHASH(), holder, bob.addr, VALUE, usdc.nonces(holder), deadline)
                )
            )
        );
    }

    function test_both_forms_of_the_signature_give_the_allowance() external {
        (uint8 v, bytes32 r, bytes32 s) = split(permission(alice.addr, block.timestamp));
        vm.expectEmit(address(usdc));
        emit Balances.Approval(alice.addr, bob.addr, VALUE);
        usdc.permit(alice.addr, bob.addr, VALUE, block.timestamp, v, r, s);
        assertEq(usdc.allowance(alice.addr, bob.addr), VALUE, "allowance");
        assertEq(usdc.nonces(alice.addr), 1, "nonce");

        usdc.permit(alice.addr, bob.addr, VALUE, block.timestamp, permission(alice.addr, block.timestamp));
        assertEq(usdc.nonces(alice.addr), 2, "nonce");
    }

    function test_a_contract_wallet_permits_by_its_owners_signature() external {
        usdc.permit(wallet, bob.addr, VALUE, block.timestamp, permission(wallet, block.timestamp));
        assertEq(usdc.allowance(wallet, bob.addr), VALUE, "allowance");
    }

    function test_the_largest_deadline_never_passes() external {
        vm.warp(type(uint64).max);
        usdc.permit(alice.addr, bob.addr, VALUE, type(uint256).max, permission(alice.addr, type(uint256).max));
        assertEq(usdc.allowance(alice.addr, bob.addr), VALUE, "allowance");
    }

    function test_a_passed_deadline_is_refused() external {
        bytes memory signature = permission(alice.addr, block.timestamp - 1);
        vm.expectRevert("FiatTokenV2: permit is expired");
        usdc.permit(alice.addr, bob.addr, VALUE, block.timestamp - 1, signature);
    }

    function test_a_permission_serves_once() external {
        bytes memory signature = permission(alice.addr, block.timestamp);
        usdc.permit(alice.addr, bob.addr, VALUE, block.timestamp, signature);
        vm.expectRevert("EIP2612: invalid signature");
        usdc.permit(alice.addr, bob.addr, VALUE, block.timestamp, signature);
    }

    function test_a_barred_holder_or_spender_is_refused() external {
        bytes memory signature = permission(alice.addr, block.timestamp);
        barred(bob.addr);
        vm.expectRevert("Blacklistable: account is blacklisted");
        usdc.permit(alice.addr, bob.addr, VALUE, block.timestamp, signature);
    }
}
