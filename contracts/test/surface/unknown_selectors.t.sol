// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Artifact} from "./Artifact.sol";

/// @notice The lists of the surface are of the committed ABI. This asks the committed code itself: it answers to nothing that its
/// ABI does not name, and takes no ether.
contract UnknownSelectorsTest is Artifact {
    string[5] private names = ["Accords", "DealEscrow", "DrandBeacon", "JuryPool", "Mandates"];
    mapping(uint256 contract_ => mapping(bytes4 => bool)) private known;

    function setUp() external {
        for (uint256 n = 0; n < names.length; ++n) {
            vm.etch(where(n), codeOf(names[n]));
            string memory json = abiOf(names[n]);
            for (uint256 i = 0; has(json, entry(i)); ++i) {
                if (keccak256(bytes(text(json, string.concat(entry(i), ".type")))) != keccak256("function")) {
                    continue;
                }
                known[n][bytes4(keccak256(bytes(signatureOf(json, i))))] = true;
            }
        }
    }

    function where(uint256 n) private pure returns (address) {
        return address(uint160(0x10000 + n));
    }

    function test_any_other_selector_is_refused(bytes4 selector, bytes calldata data) external {
        for (uint256 n = 0; n < names.length; ++n) {
            if (known[n][selector]) continue;
            (bool done, bytes memory answer) = where(n).call(bytes.concat(selector, data));
            assertTrue(
                !done && answer.length == 0, string.concat(names[n], " answers to an unknown selector")
            );
        }
    }

    function test_selectors_of_administered_contracts_are_refused() external {
        string[14] memory calls = [
            "owner()",
            "admin()",
            "transferOwnership(address)",
            "renounceOwnership()",
            "upgradeTo(address)",
            "upgradeToAndCall(address,bytes)",
            "implementation()",
            "proxiableUUID()",
            "pause()",
            "unpause()",
            "initialize(address)",
            "setFee(uint256)",
            "grantRole(bytes32,address)",
            "multicall(bytes[])"
        ];
        for (uint256 n = 0; n < names.length; ++n) {
            for (uint256 i = 0; i < calls.length; ++i) {
                (bool done,) =
                    where(n).call(abi.encodePacked(bytes4(keccak256(bytes(calls[i]))), new bytes(128)));
                assertFalse(done, string.concat(names[n], " answers to ", calls[i]));
            }
        }
    }

    function test_calls_without_a_selector_and_ether_are_refused() external {
        vm.deal(address(this), 1 ether);
        for (uint256 n = 0; n < names.length; ++n) {
            for (uint256 size = 0; size < 4; ++size) {
                (bool taken,) = where(n).call(new bytes(size));
                assertFalse(taken, "a call without a selector");
            }
            (bool done,) = where(n).call{value: 1}("");
            assertFalse(done, "ether");
        }
    }
}
