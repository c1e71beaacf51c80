// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Approve, Mandate, SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
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

    function test_what_needs_an_approval_is_told_to_the_last_bit() external {
        uint64 most = type(uint64).max;
        Mandate memory m = mandate(2);
        (m.humanAbove, m.perPeriod) = (most - 1, most);
        granted(m);
        refused(most, "", abi.encodeWithSelector(IMandates.ApprovalMissing.selector, most, most - 1));
        spent(most - 1);
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

    // --- the approval ---

    function approvedBy(address by, bytes memory given) private returns (bool done) {
        bytes memory call_ = abi.encodeCall(
            IMandates.spend, (agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), 61, given)
        );
        uint256 before = vm.snapshotState();
        vm.prank(by);
        (done,) = address(mandates).call(call_);
        assertTrue(vm.revertToState(before), "back");
    }

    function test_an_approval_is_good_with_either_form_of_a_key_and_with_nothing_behind_it() external {
        bytes32 digest = mandates.approveDigest(Approve(keccak256("deal"), NOW));
        assertTrue(
            approvedBy(spender.addr, abi.encode(NOW, signCompact(principal, digest))), "without padding"
        );
        assertTrue(approvedBy(spender.addr, abi.encode(NOW, sign(principal, digest))), "with padding");
        bytes memory bare = bytes.concat(abi.encode(NOW, uint256(64), uint256(65)), sign(principal, digest));
        assertTrue(approvedBy(spender.addr, bare), "65 bytes and no padding");
        assertFalse(approvedBy(spender.addr, abi.encode(NOW, sign(agent, digest))), "the agent's own");
        assertFalse(approvedBy(spender.addr, abi.encode(NOW, "")), "nobody's, the spender being the sender");
    }

    function test_an_approval_of_later_is_good_now() external {
        assertTrue(approvedBy(spender.addr, approval(keccak256("deal"), NOW + 1)), "until later");
        assertTrue(approvedBy(spender.addr, approval(keccak256("deal"), type(uint40).max)), "for ever");
        assertFalse(approvedBy(spender.addr, approval(keccak256("another"), NOW)), "another deal's");
    }

    function test_the_digest_of_an_approval_is_that_of_the_typed_data() external view {
        bytes32 hash = keccak256(
            abi.encode(keccak256("Approve(bytes32 deal,uint40 until)"), keccak256("deal"), uint256(NOW))
        );
        bytes32 domain = domainSeparator("Mandates", "1", address(mandates));
        assertEq(mandates.domainSeparator(), domain, "domain");
        assertEq(mandates.approveDigest(Approve(keccak256("deal"), NOW)), typedDigest(domain, hash), "digest");
    }

    /// @dev A principal that is itself the spender sends the spend, and so need not sign for it.
    function test_a_principal_that_spends_itself_approves_by_sending() external {
        Mandate memory m = mandate(1);
        m.spender = principal.addr;
        granted(m);
        assertTrue(approvedBy(principal.addr, abi.encode(NOW, "")), "its own");
        assertFalse(approvedBy(principal.addr, ""), "but it says until when");
    }

    // --- the limit ---

    function test_a_mandate_for_both_scopes_covers_each_and_both_and_no_third() external {
        Mandate memory m = mandate(2);
        m.scopes = SCOPE_BUY | SCOPE_SELL | 1 << 31;
        granted(m);
        uint32[5] memory covered = [SCOPE_BUY, SCOPE_SELL, SCOPE_BUY | SCOPE_SELL, uint32(1) << 31, 0];
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(spender.addr);
            mandates.spend(agent.addr, principal.addr, covered[i], 0, 1, "");
            assertEq(
                mandates.principalOf(agent.addr, spender.addr, covered[i]), principal.addr, "speaks for it"
            );
        }
        vm.expectRevert(abi.encodeWithSelector(IMandates.OutOfScope.selector, 5, m.scopes));
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, 5, 0, 1, "");
        assertEq(mandates.principalOf(agent.addr, spender.addr, 5), address(0), "nobody");
    }

    /// @dev What is left decays from the moment of the last spend, and is rounded against the agent.
    function test_what_has_decayed_is_rounded_against_the_agent() external {
        spent(100);
        vm.warp(NOW + 19);
        assertEq(mandates.available(agent.addr, spender.addr), 1, "one and nine tenths have decayed");
        spent(1);
        vm.warp(NOW + 28);
        assertEq(mandates.available(agent.addr, spender.addr), 0, "nine tenths since");
        vm.warp(NOW + 29);
        assertEq(mandates.available(agent.addr, spender.addr), 1, "a whole one since");
        vm.warp(NOW + 29 + 980);
        assertEq(mandates.available(agent.addr, spender.addr), 99, "all but the last");
        vm.warp(NOW + 29 + 990);
        assertEq(mandates.available(agent.addr, spender.addr), 100, "all of it");
    }

    function test_a_spend_leaves_the_limits_as_they_are_and_says_when() external {
        spent(40);
        vm.warp(NOW + 7);
        vm.expectEmit(address(mandates));
        emit IMandates.Spent(agent.addr, principal.addr, keccak256("deal"), 5 | uint256(45) << 64);
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), 5, "");
        (,,,, uint64 humanAbove, uint64 perPeriod, uint32 period, uint64 counted, uint40 spentAt) =
            mandates.mandateOf(agent.addr, spender.addr);
        assertEq(humanAbove, 60, "human above");
        assertEq(perPeriod, 100, "per period");
        assertEq(period, 1000, "period");
        assertEq(counted, 45, "counted");
        assertEq(spentAt, NOW + 7, "spent at");
    }
}
