// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Balances} from "../../../src/testing/usdc/Balances.sol";
import {Usdc} from "./Usdc.sol";

contract TransferTest is Usdc {
    function check(address from, address to, uint256 value, string memory refusal) private {
        vm.prank(from);
        vm.expectRevert(bytes(refusal));
        usdc.transfer(to, value);
    }

    function test_a_transfer_moves_exactly_its_value(uint256 seed) external {
        uint256 value = bound(seed, 0, usdc.balanceOf(alice.addr));
        uint256 supply = usdc.totalSupply();
        vm.expectEmit(address(usdc));
        emit Balances.Transfer(alice.addr, bob.addr, value);
        vm.prank(alice.addr);
        assertTrue(usdc.transfer(bob.addr, value), "answer");
        assertEq(usdc.balanceOf(alice.addr), 1000 * USDC - value, "sender");
        assertEq(usdc.balanceOf(bob.addr), value, "recipient");
        assertEq(usdc.totalSupply(), supply, "supply");
    }

    function test_a_transfer_to_oneself_changes_nothing() external {
        vm.prank(alice.addr);
        usdc.transfer(alice.addr, 400 * USDC);
        assertEq(usdc.balanceOf(alice.addr), 1000 * USDC, "balance");
    }

    function test_more_than_the_balance_is_refused() external {
        check(alice.addr, bob.addr, 1000 * USDC + MICRO, "ERC20: transfer amount exceeds balance");
    }

    function test_nobody_pays_the_zero_address() external {
        check(alice.addr, address(0), 1, "ERC20: transfer to the zero address");
    }

    function test_a_barred_sender_or_recipient_is_refused() external {
        barred(bob.addr);
        check(alice.addr, bob.addr, 1, "Blacklistable: account is blacklisted");
        check(bob.addr, alice.addr, 0, "Blacklistable: account is blacklisted");
    }

    function test_nothing_moves_while_paused() external {
        paused();
        check(alice.addr, bob.addr, 1, "Pausable: paused");
    }
}

contract TransferFromTest is Usdc {
    function check(uint256 value, string memory refusal) private {
        vm.prank(relayer.addr);
        vm.expectRevert(bytes(refusal));
        usdc.transferFrom(alice.addr, bob.addr, value);
    }

    function allow(uint256 value) private {
        vm.prank(alice.addr);
        usdc.approve(relayer.addr, value);
    }

    function test_an_allowance_shrinks_by_what_is_taken() external {
        allow(10 * USDC);
        vm.prank(relayer.addr);
        usdc.transferFrom(alice.addr, bob.addr, 4 * USDC);
        assertEq(usdc.allowance(alice.addr, relayer.addr), 6 * USDC, "allowance");
        assertEq(usdc.balanceOf(bob.addr), 4 * USDC, "recipient");
        check(6 * USDC + MICRO, "ERC20: transfer amount exceeds allowance");
    }

    function test_even_the_largest_allowance_shrinks() external {
        allow(type(uint256).max);
        vm.prank(relayer.addr);
        usdc.transferFrom(alice.addr, bob.addr, 1);
        assertEq(usdc.allowance(alice.addr, relayer.addr), type(uint256).max - 1, "allowance");
    }

    function test_a_barred_spender_owner_or_recipient_is_refused() external {
        allow(10 * USDC);
        address[3] memory roles = [relayer.addr, alice.addr, bob.addr];
        for (uint256 i = 0; i < roles.length; ++i) {
            barred(roles[i]);
            check(1, "Blacklistable: account is blacklisted");
            vm.prank(blacklister.addr);
            usdc.unBlacklist(roles[i]);
        }
    }

    function test_an_allowance_grows_and_shrinks_by_steps() external {
        allow(10);
        vm.prank(alice.addr);
        usdc.increaseAllowance(relayer.addr, 5);
        assertEq(usdc.allowance(alice.addr, relayer.addr), 15, "grown");
        vm.prank(alice.addr);
        usdc.decreaseAllowance(relayer.addr, 15);
        assertEq(usdc.allowance(alice.addr, relayer.addr), 0, "shrunk");
        vm.prank(alice.addr);
        vm.expectRevert("ERC20: decreased allowance below zero");
        usdc.decreaseAllowance(relayer.addr, 1);
    }
}
