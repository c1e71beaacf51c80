// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Approve, SCOPE_BUY} from "../../src/types/Mandate.sol";
import {MandateWorld} from "./MandateWorld.sol";

/// spend
/// ├── counts for the mandate of the sender, up to the period's limit
/// ├── what was spent decays linearly, so no edge lets two full limits meet
/// ├── above the human threshold with the principal's approval of this deal
/// └── when there is no mandate before this spender, or it names another principal, is over or out of scope
contract SpendTest is MandateWorld {
    function setUp() public override {
        super.setUp();
        granted(mandate(1));
    }

    function refused(uint64 amount, bytes memory given, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), amount, given);
    }

    function approval(bytes32 deal, uint40 until) private view returns (bytes memory) {
        return abi.encode(until, sign(principal, mandates.approveDigest(Approve(deal, until))));
    }

    function test_the_limit_holds_to_the_last_micro_usdc() external {
        spent(100);
        refused(1, "", abi.encodeWithSelector(IMandates.OverPeriod.selector, 101, 100));
    }

    function test_what_was_spent_decays_linearly() external {
        spent(100);
        vm.warp(NOW + 9);
        refused(1, "", abi.encodeWithSelector(IMandates.OverPeriod.selector, 101, 100));
        vm.warp(NOW + 10);
        spent(1);
        vm.warp(NOW + 510);
        assertEq(mandates.available(agent.addr, spender.addr), 50, "half a period later");
        vm.warp(NOW + 1010);
        assertEq(mandates.available(agent.addr, spender.addr), 100, "a period later");
    }

    function test_no_edge_lets_two_full_limits_meet(uint256 seed) external {
        uint256 total;
        uint256 elapsed;
        for (uint256 i = 0; i < 20; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            elapsed += seed % 100;
            vm.warp(NOW + elapsed);
            uint64 free = mandates.available(agent.addr, spender.addr);
            spent(free);
            total += free;
            assertLe(total, 100 + 100 * elapsed / 1000, "at most the limit and what has decayed since");
        }
    }

    function test_above_the_threshold_a_person_approves_this_deal() external {
        refused(61, "", abi.encodeWithSelector(IMandates.ApprovalMissing.selector, 61, 60));
        bytes memory good = approval(keccak256("deal"), NOW);
        refused(
            61,
            approval(keccak256("deal"), NOW - 1),
            abi.encodeWithSelector(IMandates.ApprovalExpired.selector, NOW - 1, NOW)
        );
        bytes memory cut = new bytes(97);
        cut[95] = 0x41;
        cut[0] = 0;
        cut[31] = 0xff;
        cut[27] = 0xff;
        refused(61, cut, abi.encodeWithSelector(IMandates.ApprovalMissing.selector, 61, 60));
        vm.expectEmit(address(mandates));
        emit IMandates.Spent(
            agent.addr, principal.addr, keccak256("deal"), 61 | uint256(61) << 64 | uint256(1) << 128
        );
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), 61, good);
    }

    function test_an_approval_does_not_lift_the_period_limit() external {
        refused(
            101,
            approval(keccak256("deal"), NOW),
            abi.encodeWithSelector(IMandates.OverPeriod.selector, 101, 100)
        );
    }

    function test_a_mandate_is_for_its_spender_only() external {
        vm.expectRevert(abi.encodeWithSelector(IMandates.NoMandate.selector, agent.addr, address(this)));
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 1, "");
    }

    function test_principal_scope_and_time_are_those_of_the_mandate() external {
        vm.startPrank(spender.addr);
        vm.expectRevert(abi.encodeWithSelector(IMandates.WrongPrincipal.selector, agent.addr, principal.addr));
        mandates.spend(agent.addr, agent.addr, SCOPE_BUY, 0, 1, "");
        vm.expectRevert(abi.encodeWithSelector(IMandates.OutOfScope.selector, 3, SCOPE_BUY));
        mandates.spend(agent.addr, principal.addr, 3, 0, 1, "");
        vm.warp(NOW + 10_000);
        vm.expectRevert(abi.encodeWithSelector(IMandates.Expired.selector, NOW + 10_000, NOW + 10_000));
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 1, "");
        vm.stopPrank();
        assertEq(mandates.available(agent.addr, spender.addr), 0, "available");
    }

    function test_an_approval_of_any_other_shape_is_none() external {
        bytes memory missing = abi.encodeWithSelector(IMandates.ApprovalMissing.selector, 61, 60);
        for (uint256 size = 0; size < 96; size += 19) {
            refused(61, new bytes(size), missing);
        }
        bytes memory good = approval(keccak256("deal"), NOW);
        bytes memory longer = bytes.concat(good);
        assembly ("memory-safe") {
            mstore(add(longer, 0x60), sub(mload(longer), 95)) // the length, one above what is there
        }
        refused(61, longer, missing);
        assembly ("memory-safe") {
            mstore(add(longer, 0x60), not(0))
        }
        refused(61, longer, missing);
    }

    function test_at_the_threshold_nobody_is_asked() external {
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 60, "");
        assertEq(mandates.available(agent.addr, spender.addr), 40, "available");
    }

    function test_nothing_is_spent_for_nothing() external {
        vm.expectEmit(address(mandates));
        emit IMandates.Spent(agent.addr, principal.addr, 0, 0);
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 0, "");
        assertEq(mandates.available(agent.addr, spender.addr), 100, "available");
    }

    function test_two_spends_in_one_second_count_as_one() external {
        vm.startPrank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 60, "");
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 40, "");
        vm.expectRevert(abi.encodeWithSelector(IMandates.OverPeriod.selector, 101, 100));
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 1, "");
        vm.stopPrank();
    }

    function test_the_last_second_of_a_mandate_is_its_own() external {
        vm.warp(NOW + 10_000 - 1);
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, 60, "");
    }
}
