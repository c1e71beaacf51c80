// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Withdraw} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {OwnedWallet} from "./Wallets.sol";
import {World} from "./World.sol";

/// withdraw, withdrawFor
/// ├── the owner takes any part of its credit, or signs for all of it
/// ├── a blacklisted owner cannot redirect, and waits
/// └── when it is more than the credit, late, repeated, or signed by another
contract WithdrawTest is World {
    using EscrowCalls for DealEscrow;

    function test_an_owner_withdraws_any_part_to_anywhere() external {
        vm.startPrank(buyerPrincipal.addr);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Withdrawn(buyerPrincipal.addr, stranger.addr, 400 * ONE);
        escrow.withdraw(stranger.addr, 400 * ONE);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 600 * ONE, 601 * ONE));
        escrow.withdraw(stranger.addr, 601 * ONE);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.ZeroAddress.selector));
        escrow.withdraw(address(0), 1);
        vm.stopPrank();
        assertEq(usdc.balanceOf(stranger.addr), 400 * ONE, "withdrawn");
    }

    function test_only_the_principal_withdraws_never_its_agent() external {
        Withdraw memory w = Withdraw(buyerPrincipal.addr, buyer.addr, 0, NOW);
        bytes memory agents = signWithdrawal(buyer, w);
        expectUnsigned(buyerPrincipal.addr, withdrawalDigest(w));
        escrow.withdrawFor(w, agents);
        vm.prank(buyer.addr);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 0, 1));
        escrow.withdraw(buyer.addr, 1);
    }

    function test_a_signed_withdrawal_takes_everything_once() external {
        Withdraw memory w = Withdraw(buyerPrincipal.addr, stranger.addr, 0, NOW);
        bytes memory signature = signWithdrawal(buyerPrincipal, w);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Withdrawn(buyerPrincipal.addr, stranger.addr, 1000 * ONE | uint256(1) << 64);
        escrow.withdrawFor(w, signature);
        assertEq(usdc.balanceOf(stranger.addr), 1000 * ONE, "withdrawn");
        deposited(buyerPrincipal.addr, ONE);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongNonce.selector, 0, 1));
        escrow.withdrawFor(w, signature);
        w.nonce = 1;
        w.until = NOW - 1;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.SignatureExpired.selector, NOW - 1, NOW));
        escrow.withdrawFor(w, signature);
    }

    function test_a_blacklisted_owner_cannot_redirect_and_keeps_its_credit() external {
        blacklisted(buyerPrincipal.addr);
        vm.startPrank(buyerPrincipal.addr);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.Blacklisted.selector, buyerPrincipal.addr));
        escrow.withdraw(stranger.addr, ONE);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.TransferFailed.selector, buyerPrincipal.addr, ONE));
        escrow.withdraw(buyerPrincipal.addr, ONE);
        vm.stopPrank();
        assertEq(escrow.credit(buyerPrincipal.addr), 1000 * ONE, "credit");
        vm.prank(blacklister.addr);
        usdc.unBlacklist(buyerPrincipal.addr);
        vm.prank(buyerPrincipal.addr);
        escrow.withdraw(stranger.addr, 1000 * ONE);
    }

    function test_nothing_is_not_withdrawn() external {
        vm.startPrank(buyerPrincipal.addr);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 1000 * ONE, 0));
        escrow.withdraw(stranger.addr, 0);
        vm.stopPrank();
        Withdraw memory w = Withdraw(stranger.addr, stranger.addr, 0, NOW);
        bytes memory signature = signWithdrawal(stranger, w);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 0, 0));
        escrow.withdrawFor(w, signature);
        w = Withdraw(buyerPrincipal.addr, address(0), 0, NOW);
        signature = signWithdrawal(buyerPrincipal, w);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.ZeroAddress.selector));
        escrow.withdrawFor(w, signature);
        assertEq(escrow.nonce(buyerPrincipal.addr), 0, "no nonce is used");
    }

    function test_a_nonce_ahead_is_refused_too() external {
        Withdraw memory w = Withdraw(buyerPrincipal.addr, stranger.addr, 1, NOW);
        bytes memory signature = signWithdrawal(buyerPrincipal, w);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongNonce.selector, 1, 0));
        escrow.withdrawFor(w, signature);
    }

    function test_a_contract_withdraws_by_its_wallets_signature() external {
        OwnedWallet wallet = new OwnedWallet(stranger.addr);
        deposited(address(wallet), 5 * ONE);
        Withdraw memory w = Withdraw(address(wallet), stranger.addr, 0, NOW);
        escrow.withdrawFor(w, signWithdrawal(stranger, w));
        assertEq(usdc.balanceOf(stranger.addr), 5 * ONE, "withdrawn");
    }
}
