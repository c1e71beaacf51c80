// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Balances} from "../../../src/testing/usdc/Balances.sol";
import {Minting} from "../../../src/testing/usdc/Minting.sol";
import {Usdc} from "./Usdc.sol";

contract PowersTest is Usdc {
    function test_each_power_is_in_its_own_hand(uint160 seed) external {
        address other = address(seed);
        vm.assume(other != owner.addr && other != pauser.addr && other != blacklister.addr);
        vm.assume(other != masterMinter.addr && other != minter.addr && other != proxyAdmin.addr);
        vm.startPrank(other);
        vm.expectRevert("Pausable: caller is not the pauser");
        usdc.pause();
        vm.expectRevert("Blacklistable: caller is not the blacklister");
        usdc.blacklist(alice.addr);
        vm.expectRevert("FiatToken: caller is not the masterMinter");
        usdc.configureMinter(other, 1);
        vm.expectRevert("FiatToken: caller is not a minter");
        usdc.mint(other, 1);
        vm.expectRevert("Ownable: caller is not the owner");
        usdc.updatePauser(other);
    }

    function test_the_owner_names_the_others() external {
        vm.startPrank(owner.addr);
        usdc.updatePauser(alice.addr);
        usdc.updateBlacklister(alice.addr);
        usdc.updateMasterMinter(alice.addr);
        usdc.transferOwnership(alice.addr);
        assertEq(usdc.pauser(), alice.addr, "pauser");
        assertEq(usdc.blacklister(), alice.addr, "blacklister");
        assertEq(usdc.masterMinter(), alice.addr, "master minter");
        assertEq(usdc.owner(), alice.addr, "owner");
    }

    function test_barring_leaves_the_balance_and_lifting_gives_it_back() external {
        vm.expectEmit(address(usdc));
        emit Balances.Blacklisted(alice.addr);
        barred(alice.addr);
        assertTrue(usdc.isBlacklisted(alice.addr), "barred");
        assertEq(usdc.balanceOf(alice.addr), 1000 * USDC, "balance");
        vm.prank(blacklister.addr);
        usdc.unBlacklist(alice.addr);
        assertFalse(usdc.isBlacklisted(alice.addr), "barred");
        vm.prank(alice.addr);
        usdc.transfer(bob.addr, 1000 * USDC);
        assertEq(usdc.balanceOf(bob.addr), 1000 * USDC, "moved");
    }

    function test_a_pause_ends() external {
        paused();
        vm.prank(pauser.addr);
        usdc.unpause();
        vm.prank(alice.addr);
        usdc.transfer(bob.addr, 1);
        assertEq(usdc.balanceOf(bob.addr), 1, "moved");
    }
}

contract MintTest is Usdc {
    function refused(address by, address to, uint256 amount, string memory refusal) private {
        vm.prank(by);
        vm.expectRevert(bytes(refusal));
        usdc.mint(to, amount);
    }

    function test_a_minter_creates_within_its_allowance() external {
        uint256 supply = usdc.totalSupply();
        uint256 allowed = usdc.minterAllowance(minter.addr);
        vm.expectEmit(address(usdc));
        emit Minting.Mint(minter.addr, bob.addr, 5 * USDC);
        vm.prank(minter.addr);
        usdc.mint(bob.addr, 5 * USDC);
        assertEq(usdc.totalSupply(), supply + 5 * USDC, "supply");
        assertEq(usdc.minterAllowance(minter.addr), allowed - 5 * USDC, "allowance");
        refused(minter.addr, bob.addr, allowed, "FiatToken: mint amount exceeds minterAllowance");
    }

    function test_what_cannot_be_minted() external {
        refused(minter.addr, address(0), 1, "FiatToken: mint to the zero address");
        refused(minter.addr, bob.addr, 0, "FiatToken: mint amount not greater than 0");
        barred(bob.addr);
        refused(minter.addr, bob.addr, 1, "Blacklistable: account is blacklisted");
        vm.prank(masterMinter.addr);
        usdc.removeMinter(minter.addr);
        refused(minter.addr, alice.addr, 1, "FiatToken: caller is not a minter");
    }

    function test_a_minter_destroys_only_its_own() external {
        vm.prank(minter.addr);
        vm.expectRevert("FiatToken: burn amount exceeds balance");
        usdc.burn(1);
        vm.prank(alice.addr);
        usdc.transfer(minter.addr, 5);
        uint256 supply = usdc.totalSupply();
        vm.prank(minter.addr);
        usdc.burn(5);
        assertEq(usdc.totalSupply(), supply - 5, "supply");
    }
}
