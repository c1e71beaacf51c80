// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";
import {Agents} from "./Agents.sol";
import {FuzzSelector} from "./Campaign.sol";

/// @notice Mandates are granted, revoked and spent, for as long as one likes.
abstract contract AgentsCampaign is Test {
    Agents internal agents;

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(agents);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(agents), acts());
    }

    function acts() internal view returns (bytes4[] memory list) {
        list = new bytes4[](4);
        (list[0], list[1]) = (agents.grant.selector, agents.revoke.selector);
        (list[2], list[3]) = (agents.spend.selector, agents.pass.selector);
    }

    function sentences() internal view {
        agents.E11_the_limit_is_as_the_books_say();
    }

    /// @notice At the end of each run.
    function afterInvariant() external view {
        agents.E11_every_limit_is_as_the_books_say();
        agents.E11_burnt_serials_stay_burnt();
    }

    /// @dev Draws acts as forge does; how often each thing happened.
    function lived(uint256 acts_, uint256 seed) internal returns (uint256[5] memory) {
        bytes4[] memory all = acts();
        for (uint256 i = 0; i < acts_; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 which = seed % 8; // half of them spends
            (bool done,) = address(agents).call(abi.encodeWithSelector(all[which > 3 ? 2 : which], seed));
            assertTrue(done, "every act goes through");
            sentences();
        }
        return agents.reachedSoFar();
    }
}

/// @notice Everybody tries everything.
contract MandatesInvariants is AgentsCampaign {
    function setUp() public {
        agents = new Agents(false);
    }

    /// forge-config: default.isolate = false
    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: default.invariant.dictionary-weight = 0
    /// forge-config: default.invariant.include-storage = false
    /// forge-config: default.invariant.include-push-bytes = false
    /// forge-config: quick.isolate = false
    /// forge-config: quick.invariant.fail-on-revert = true
    /// forge-config: quick.invariant.dictionary-weight = 0
    /// forge-config: quick.invariant.include-storage = false
    /// forge-config: quick.invariant.include-push-bytes = false
    function invariant_E11_whatever_agents_try() external view {
        sentences();
    }

    function test_agents_spend_are_refused_are_granted_again_and_revoked() external {
        uint256[5] memory n = lived(2000, 1);
        assertGe(n[0], 150, "spends");
        assertGe(n[1], 300, "refused spends");
        assertGe(n[2], 8, "spends that a person approved");
        assertGe(n[3], 30, "grants over an earlier one");
        assertGe(n[4], 30, "revocations");
    }
}

/// @notice Everybody does only what the rules allow.
contract MandatesStrictInvariants is AgentsCampaign {
    function setUp() public {
        agents = new Agents(true);
    }

    /// forge-config: default.isolate = false
    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: default.invariant.dictionary-weight = 0
    /// forge-config: default.invariant.include-storage = false
    /// forge-config: default.invariant.include-push-bytes = false
    /// forge-config: quick.isolate = false
    /// forge-config: quick.invariant.fail-on-revert = true
    /// forge-config: quick.invariant.dictionary-weight = 0
    /// forge-config: quick.invariant.include-storage = false
    /// forge-config: quick.invariant.include-push-bytes = false
    function invariant_E11_nothing_that_is_allowed_reverts() external view {
        sentences();
    }

    function test_agents_that_keep_to_the_rules_spend() external {
        uint256[5] memory n = lived(2000, 1);
        assertGe(n[0], 150, "spends");
        assertGe(n[2], 8, "spends that a person approved");
        assertGe(n[3], 30, "grants over an earlier one");
        assertGe(n[4], 30, "revocations");
    }
}
