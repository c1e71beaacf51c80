// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgentToken} from "../../../src/testing/erc8004/AgentToken.sol";
import {TestIdentityRegistry} from "../../../src/testing/erc8004/TestIdentityRegistry.sol";
import {TestReputationRegistry} from "../../../src/testing/erc8004/TestReputationRegistry.sol";
import {Test} from "../../base/Test.sol";

contract ReputationRegistryTest is Test {
    TestIdentityRegistry private identities = new TestIdentityRegistry();
    TestReputationRegistry private registry = new TestReputationRegistry(address(identities));
    Account private principal = account("principal");
    Account private client = account("client");
    uint256 private agentId;

    function setUp() external {
        vm.prank(principal.addr);
        agentId = identities.register();
    }

    function give(address by, int128 value, uint8 decimals) private {
        vm.prank(by);
        registry.giveFeedback(
            agentId, value, decimals, "nuncio", "summary", "", "data:,why", keccak256("why")
        );
    }

    function test_its_functions_are_those_of_the_registry_on_base() external pure {
        assertEq(
            abi.encodePacked(
                TestReputationRegistry.giveFeedback.selector,
                TestReputationRegistry.revokeFeedback.selector,
                TestReputationRegistry.appendResponse.selector,
                TestReputationRegistry.readFeedback.selector,
                TestReputationRegistry.getLastIndex.selector,
                TestReputationRegistry.getClients.selector,
                TestReputationRegistry.getIdentityRegistry.selector
            ),
            hex"3c036a7e4ab3ca99c2349ab2232b0810f2d8175942dd519cbc4d861b",
            "functions"
        );
        assertEq(
            TestReputationRegistry.NewFeedback.selector,
            0x6a4a61743519c9d648a14e6493f47dbe3ff1aa29e7785c96c8326a205e58febc,
            "NewFeedback"
        );
    }

    function test_feedback_is_kept_by_client_and_index() external {
        vm.expectEmit(address(registry));
        emit TestReputationRegistry.NewFeedback(
            agentId, client.addr, 1, -97, 2, "nuncio", "nuncio", "summary", "", "data:,why", keccak256("why")
        );
        give(client.addr, -97, 2);
        give(client.addr, 100, 0);
        assertEq(registry.getLastIndex(agentId, client.addr), 2, "last index");
        assertEq(registry.getClients(agentId).length, 1, "clients");
        (int128 value, uint8 decimals, string memory tag1, string memory tag2, bool revoked) =
            registry.readFeedback(agentId, client.addr, 1);
        assertEq(value, -97, "value");
        assertEq(decimals, 2, "decimals");
        assertEq(tag1, "nuncio", "first tag");
        assertEq(tag2, "summary", "second tag");
        assertFalse(revoked, "revoked");
    }

    function test_an_agents_own_side_cannot_rate_it() external {
        vm.expectRevert("Self-feedback not allowed");
        give(principal.addr, 100, 0);
        vm.prank(principal.addr);
        identities.setApprovalForAll(client.addr, true);
        vm.expectRevert("Self-feedback not allowed");
        give(client.addr, 100, 0);
    }

    function test_values_out_of_range_and_unknown_agents_are_refused() external {
        vm.expectRevert("too many decimals");
        give(client.addr, 1, 19);
        vm.expectRevert("value too large");
        give(client.addr, 1e38 + 1, 0);
        vm.expectRevert("value too large");
        give(client.addr, -1e38 - 1, 0);
        ++agentId;
        vm.expectRevert(abi.encodeWithSelector(AgentToken.ERC721NonexistentToken.selector, agentId));
        give(client.addr, 1, 0);
    }

    function test_feedback_is_taken_back_once_and_by_its_giver() external {
        give(client.addr, 1, 0);
        vm.expectRevert("index out of bounds");
        registry.revokeFeedback(agentId, 1);
        vm.startPrank(client.addr);
        registry.revokeFeedback(agentId, 1);
        (,,,, bool revoked) = registry.readFeedback(agentId, client.addr, 1);
        assertTrue(revoked, "revoked");
        vm.expectRevert("Already revoked");
        registry.revokeFeedback(agentId, 1);
    }

    function test_a_response_names_what_it_answers() external {
        give(client.addr, 1, 0);
        vm.expectEmit(address(registry));
        emit TestReputationRegistry.ResponseAppended(
            agentId, client.addr, 1, principal.addr, "data:,no", bytes32(0)
        );
        vm.prank(principal.addr);
        registry.appendResponse(agentId, client.addr, 1, "data:,no", bytes32(0));
    }
}
