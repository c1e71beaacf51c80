// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestUsdc} from "../../../src/testing/usdc/TestUsdc.sol";
import {TestUsdcProxy} from "../../../src/testing/usdc/TestUsdcProxy.sol";
import {Usdc} from "./Usdc.sol";

contract ProxyTest is Usdc {
    function proxy() private view returns (TestUsdcProxy) {
        return TestUsdcProxy(address(usdc));
    }

    function test_the_token_says_what_the_one_on_base_sepolia_says() external {
        vm.chainId(84_532);
        assertEq(usdc.name(), "USDC", "name");
        assertEq(usdc.version(), "2", "version");
        assertEq(usdc.decimals(), 6, "decimals");
        assertEq(usdc.DOMAIN_SEPARATOR(), domainSeparator("USDC", "2", address(usdc)), "separator");
    }

    function test_its_domain_is_that_of_the_real_token_at_the_real_address() external {
        address real = 0x036CbD53842c5426634e7929541eC2318f3dCF7e;
        vm.chainId(84_532);
        vm.etch(real, address(usdc).code);
        vm.store(
            real,
            keccak256("org.zeppelinos.proxy.implementation"),
            vm.load(address(usdc), keccak256("org.zeppelinos.proxy.implementation"))
        );
        TestUsdc(real)
            .initialize(
                "USDC", "USDC", "USD", 6, masterMinter.addr, pauser.addr, blacklister.addr, owner.addr
            );
        assertEq(
            TestUsdc(real).DOMAIN_SEPARATOR(),
            0x71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818,
            "separator"
        );
    }

    function test_it_is_initialized_once() external {
        vm.expectRevert("FiatToken: contract is already initialized");
        usdc.initialize("", "", "", 0, alice.addr, alice.addr, alice.addr, alice.addr);
    }

    function test_the_code_behind_it_belongs_to_nobody() external {
        TestUsdc code = new TestUsdc();
        vm.expectRevert("FiatToken: contract is already initialized");
        code.initialize("", "", "", 0, alice.addr, alice.addr, alice.addr, alice.addr);
    }

    function test_the_admin_exchanges_the_code_and_balances_stay() external {
        TestUsdc next = new TestUsdc();
        vm.startPrank(proxyAdmin.addr);
        proxy().upgradeTo(address(next));
        assertEq(proxy().implementation(), address(next), "implementation");
        vm.stopPrank();
        assertEq(usdc.balanceOf(alice.addr), 1000 * USDC, "balance");
    }

    function test_the_admin_cannot_use_the_token() external {
        vm.prank(proxyAdmin.addr);
        vm.expectRevert("Cannot call fallback function from the proxy admin");
        usdc.transfer(bob.addr, 0);
    }

    function test_nobody_else_sees_the_admins_functions() external {
        vm.prank(owner.addr);
        vm.expectRevert();
        proxy().upgradeTo(address(this));
        vm.prank(proxyAdmin.addr);
        vm.expectRevert("Cannot set a proxy implementation to a non-contract address");
        proxy().upgradeTo(alice.addr);
    }

    function test_the_admin_hands_over() external {
        vm.prank(proxyAdmin.addr);
        proxy().changeAdmin(alice.addr);
        vm.prank(alice.addr);
        assertEq(proxy().admin(), alice.addr, "admin");
    }
}
