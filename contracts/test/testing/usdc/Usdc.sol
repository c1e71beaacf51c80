// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestUsdc} from "../../../src/testing/usdc/TestUsdc.sol";
import {TestUsdcProxy} from "../../../src/testing/usdc/TestUsdcProxy.sol";
import {Test} from "../../base/Test.sol";

/// @notice A contract account whose one owner signs for it: EIP-1271.
contract Wallet {
    address private immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bool signed = ecrecover(
            digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64])
        ) == owner;
        return signed ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice The test USDC behind its proxy, as on Base, with each of its powers in another hand.
abstract contract Usdc is Test {
    uint256 internal constant MICRO = 1;
    uint256 internal constant USDC = 1_000_000;

    TestUsdc internal usdc;
    Account internal proxyAdmin = account("proxy admin");
    Account internal owner = account("owner");
    Account internal masterMinter = account("master minter");
    Account internal minter = account("minter");
    Account internal pauser = account("pauser");
    Account internal blacklister = account("blacklister");
    Account internal alice = account("alice");
    Account internal bob = account("bob");
    Account internal relayer = account("relayer");
    address internal wallet;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        address code = created("TestUsdc.sol:TestUsdc", "");
        usdc = TestUsdc(created("TestUsdcProxy.sol:TestUsdcProxy", abi.encode(code, proxyAdmin.addr)));
        usdc.initialize(
            "USDC", "USDC", "USD", 6, masterMinter.addr, pauser.addr, blacklister.addr, owner.addr
        );
        vm.prank(masterMinter.addr);
        usdc.configureMinter(minter.addr, 1_000_000 * USDC);
        vm.prank(minter.addr);
        usdc.mint(alice.addr, 1000 * USDC);

        wallet = address(new Wallet(alice.addr));
        vm.prank(minter.addr);
        usdc.mint(wallet, 1000 * USDC);
    }

    function barred(address who) internal {
        vm.prank(blacklister.addr);
        usdc.blacklist(who);
    }

    function paused() internal {
        vm.prank(pauser.addr);
        usdc.pause();
    }

    function digest(bytes32 structHash) internal view returns (bytes32) {
        return typedDigest(usdc.DOMAIN_SEPARATOR(), structHash);
    }

    function split(bytes memory signature) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }
}
