// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgentToken} from "../../../src/testing/erc8004/AgentToken.sol";
import {TestIdentityRegistry} from "../../../src/testing/erc8004/TestIdentityRegistry.sol";
import {Test} from "../../base/Test.sol";

contract IdentityRegistryTest is Test {
    TestIdentityRegistry private registry = new TestIdentityRegistry();
    Account private principal = account("principal");
    Account private agent = account("agent");
    Account private stranger = account("stranger");

    function setUp() external {
        vm.warp(1_800_000_000);
    }

    function registered() private returns (uint256) {
        vm.prank(principal.addr);
        return registry.register("data:,card");
    }

    function consent(uint256 agentId, uint256 deadline) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                0x678b53cd718d595370ab070ebf48edfdcd834beac116bf23e625fc7f4d5b7d32,
                agentId,
                agent.addr,
                registry.ownerOf(agentId),
                deadline
            )
        );
        return sign(
            agent, typedDigest(domainSeparator("ERC8004IdentityRegistry", "1", address(registry)), structHash)
        );
    }

    function test_its_functions_are_those_of_the_registry_on_base() external pure {
        assertEq(
            abi.encodePacked(bytes4(keccak256("register()")), bytes4(keccak256("register(string)"))),
            hex"1aa3a008f2c298be",
            "register"
        );
        assertEq(
            abi.encodePacked(
                TestIdentityRegistry.getAgentWallet.selector,
                TestIdentityRegistry.setAgentWallet.selector,
                TestIdentityRegistry.unsetAgentWallet.selector,
                TestIdentityRegistry.getMetadata.selector,
                TestIdentityRegistry.setMetadata.selector,
                TestIdentityRegistry.setAgentURI.selector
            ),
            hex"003395092d1ef5ae3fddcf19cb4799f2466648da0af28bd3",
            "wallet and metadata"
        );
        assertEq(
            TestIdentityRegistry.Registered.selector,
            0xca52e62c367d81bb2e328eb795f7c7ba24afb478408a26c0e201d155c449bc4a,
            "Registered"
        );
    }

    function test_ids_count_from_zero_and_the_registrant_is_the_first_wallet() external {
        vm.expectEmit(address(registry));
        emit TestIdentityRegistry.Registered(0, "data:,card", principal.addr);
        assertEq(registered(), 0, "first id");
        assertEq(registered(), 1, "second id");
        assertEq(registry.ownerOf(0), principal.addr, "owner");
        assertEq(registry.tokenURI(0), "data:,card", "URI");
        assertEq(registry.getAgentWallet(0), principal.addr, "wallet");
    }

    function test_entries_are_kept_but_never_under_the_wallets_key() external {
        TestIdentityRegistry.MetadataEntry[] memory entries = new TestIdentityRegistry.MetadataEntry[](1);
        entries[0] = TestIdentityRegistry.MetadataEntry("principal", hex"01");
        vm.prank(principal.addr);
        uint256 id = registry.register("", entries);
        assertEq(registry.getMetadata(id, "principal"), hex"01", "entry");

        entries[0].metadataKey = "agentWallet";
        vm.expectRevert("reserved key");
        registry.register("", entries);
        vm.prank(principal.addr);
        vm.expectRevert("reserved key");
        registry.setMetadata(id, "agentWallet", hex"01");
    }

    function test_a_wallet_becomes_the_agents_by_its_own_signature() external {
        uint256 id = registered();
        bytes memory signature = consent(id, block.timestamp);
        vm.prank(principal.addr);
        registry.setAgentWallet(id, agent.addr, block.timestamp, signature);
        assertEq(registry.getAgentWallet(id), agent.addr, "wallet");
    }

    function test_no_wallet_is_claimed_without_its_signature_or_out_of_time() external {
        uint256 id = registered();
        bytes memory signature = consent(id, block.timestamp);
        vm.startPrank(principal.addr);
        vm.expectRevert("invalid wallet sig");
        registry.setAgentWallet(id, stranger.addr, block.timestamp, signature);
        vm.expectRevert("expired");
        registry.setAgentWallet(id, agent.addr, block.timestamp - 1, signature);
        vm.expectRevert("deadline too far");
        registry.setAgentWallet(id, agent.addr, block.timestamp + 301, signature);
    }

    function test_a_sold_agent_has_no_wallet() external {
        uint256 id = registered();
        vm.prank(principal.addr);
        registry.transferFrom(principal.addr, stranger.addr, id);
        assertEq(registry.ownerOf(id), stranger.addr, "owner");
        assertEq(registry.getAgentWallet(id), address(0), "wallet");
    }

    function test_only_the_owners_side_speaks_for_an_agent() external {
        uint256 id = registered();
        vm.startPrank(stranger.addr);
        vm.expectRevert("Not authorized");
        registry.setAgentURI(id, "data:,other");
        vm.expectRevert(
            abi.encodeWithSelector(AgentToken.ERC721InsufficientApproval.selector, stranger.addr, id)
        );
        registry.transferFrom(principal.addr, stranger.addr, id);
        vm.stopPrank();

        vm.prank(principal.addr);
        registry.setApprovalForAll(stranger.addr, true);
        vm.prank(stranger.addr);
        registry.setAgentURI(id, "data:,other");
        assertEq(registry.tokenURI(id), "data:,other", "URI");
    }

    function test_an_unknown_agent_is_named_so() external {
        vm.expectRevert(abi.encodeWithSelector(AgentToken.ERC721NonexistentToken.selector, 7));
        registry.ownerOf(7);
    }

    function test_a_contract_that_cannot_hold_tokens_cannot_register() external {
        vm.expectRevert(abi.encodeWithSelector(AgentToken.ERC721InvalidReceiver.selector, address(this)));
        registry.register();
    }
}
