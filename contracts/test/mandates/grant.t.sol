// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandates} from "../../src/Mandates.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {Mandate, MandateWords, SCOPE_BUY} from "../../src/types/Mandate.sol";
import {OwnedWallet} from "../escrow/Wallets.sol";
import {MandateCalls} from "./MandateCalls.sol";
import {MandateWorld} from "./MandateWorld.sol";

/// grant
/// ├── puts limits in force on both signatures, a contract wallet's too
/// ├── a re-grant carries over what was spent
/// ├── takes the sender at its word, without its signature
/// └── when the serial is old, the time wrong, a signature another's, or the agent serves another
contract GrantTest is MandateWorld {
    using MandateCalls for Mandates;
    using MandateWords for uint256[6];

    function refused(Mandate memory m, bytes memory reason) private {
        bytes32 digest = mandates.mandateDigest(m);
        (bytes memory byPrincipal, bytes memory byAgent) = (sign(principal, digest), sign(agent, digest));
        vm.expectRevert(reason);
        mandates.grant(m, byPrincipal, byAgent);
    }

    function test_a_mandate_is_in_force_when_both_have_signed() external {
        Mandate memory m = mandate(1);
        vm.expectEmit(address(mandates));
        emit IMandates.Granted(agent.addr, principal.addr, spender.addr, MandateCalls.words(m), 0);
        granted(m);
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), principal.addr, "principal");
        assertEq(mandates.principalOf(agent.addr, spender.addr, 2), address(0), "not for what it is not");
        assertEq(mandates.available(agent.addr, spender.addr), 100, "available");
    }

    function test_the_digest_is_that_of_the_typed_data() external view {
        Mandate memory m = mandate(1);
        bytes32 typeHash = keccak256(
            "Mandate(address agent,address principal,address spender,bytes32 card,uint256 agentId,uint64 humanAbove,uint64 perPeriod,uint32 period,uint32 scopes,uint40 validFrom,uint40 validUntil,bytes32 policy,uint16 serial)"
        );
        bytes32 hash = keccak256(bytes.concat(abi.encode(typeHash), abi.encode(m)));
        bytes32 domain = domainSeparator("Mandates", "1", address(mandates));
        assertEq(mandates.mandateDigest(m), typedDigest(domain, hash), "digest");
    }

    function test_a_principal_that_is_a_contract_signs_by_its_wallet() external {
        Mandate memory m = mandate(1);
        m.principal = address(new OwnedWallet(principal.addr));
        granted(m);
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), m.principal, "principal");
    }

    function test_an_old_mandate_does_not_undo_a_lower_limit() external {
        Mandate memory m = mandate(1);
        granted(m);
        Mandate memory lower = mandate(2);
        lower.perPeriod = 10;
        granted(lower);
        refused(m, abi.encodeWithSelector(IMandates.SerialTooLow.selector, 1, 2));
    }

    function test_a_new_grant_is_no_new_period() external {
        granted(mandate(1));
        spent(80);
        granted(mandate(2));
        assertEq(mandates.available(agent.addr, spender.addr), 20, "carried over");
    }

    function test_an_agent_serves_one_principal_at_a_time() external {
        granted(mandate(1));
        Account memory other = account("other principal");
        Mandate memory m = mandate(2);
        m.principal = other.addr;
        bytes32 digest = mandates.mandateDigest(m);
        (bytes memory byOther, bytes memory byAgent) = (sign(other, digest), sign(agent, digest));
        vm.expectRevert(abi.encodeWithSelector(IMandates.ServesAnother.selector, agent.addr, principal.addr));
        mandates.grant(m, byOther, byAgent);
        revoked(principal, 1);
        mandates.grant(m, byOther, byAgent);
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), other.addr, "other");
    }

    function test_both_signatures_and_sensible_terms_are_needed() external {
        Mandate memory m = mandate(1);
        bytes32 digest = mandates.mandateDigest(m);
        (bytes memory byPrincipal, bytes memory byAgent) = (sign(principal, digest), sign(agent, digest));
        vm.expectRevert(abi.encodeWithSelector(IMandates.BadSignature.selector, principal.addr, digest));
        mandates.grant(m, byAgent, byAgent);
        vm.expectRevert(abi.encodeWithSelector(IMandates.BadSignature.selector, agent.addr, digest));
        mandates.grant(m, byPrincipal, byPrincipal);
        m.agent = principal.addr;
        refused(m, abi.encodeWithSelector(IMandates.AgentIsPrincipal.selector, principal.addr));
        m = mandate(1);
        m.spender = address(0);
        refused(m, abi.encodeWithSelector(IMandates.ZeroAddress.selector));
        m = mandate(1);
        m.period = 0;
        refused(m, abi.encodeWithSelector(IMandates.NoPeriod.selector));
        m = mandate(1);
        m.validFrom = NOW + 1;
        refused(m, abi.encodeWithSelector(IMandates.NotYetValid.selector, NOW + 1, NOW));
        m = mandate(1);
        m.validUntil = NOW;
        refused(m, abi.encodeWithSelector(IMandates.Expired.selector, NOW, NOW));
        refused(mandate(0), abi.encodeWithSelector(IMandates.SerialTooLow.selector, 0, 0));
    }

    function test_whoever_of_the_two_sends_need_not_sign_and_nobody_else_sends_in_its_name() external {
        Mandate memory m = mandate(1);
        bytes32 digest = mandates.mandateDigest(m);
        bytes[2] memory byPrincipal = [bytes(""), sign(principal, digest)];
        bytes[2] memory byAgent = [sign(agent, digest), bytes("")];
        address[2] memory senders = [principal.addr, agent.addr];
        for (uint256 i = 0; i < 2; ++i) {
            address[2] memory others = [senders[1 - i], spender.addr];
            for (uint256 j = 0; j < 2; ++j) {
                vm.expectRevert(abi.encodeWithSelector(IMandates.BadSignature.selector, senders[i], digest));
                vm.prank(others[j]);
                mandates.grant(m, byPrincipal[i], byAgent[i]);
            }
            uint256 before = vm.snapshotState();
            vm.prank(senders[i]);
            mandates.grant(m, byPrincipal[i], byAgent[i]);
            assertEq(mandates.available(agent.addr, spender.addr), 100, "available");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_all_three_are_somebody() external {
        for (uint256 i = 0; i < 3; ++i) {
            Mandate memory m = mandate(1);
            if (i == 0) m.agent = address(0);
            if (i == 1) m.principal = address(0);
            if (i == 2) m.spender = address(0);
            refused(m, abi.encodeWithSelector(IMandates.ZeroAddress.selector));
        }
    }

    function test_a_mandate_is_granted_from_its_first_second_to_its_last() external {
        Mandate memory m = mandate(1);
        vm.warp(NOW - 1);
        refused(m, abi.encodeWithSelector(IMandates.NotYetValid.selector, NOW, NOW - 1));
        vm.warp(m.validUntil);
        refused(m, abi.encodeWithSelector(IMandates.Expired.selector, m.validUntil, m.validUntil));
        vm.warp(m.validUntil - 1);
        granted(m);
        assertEq(
            mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), principal.addr, "in its last second"
        );
        vm.warp(m.validUntil);
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), address(0), "and no longer");
        assertEq(mandates.available(agent.addr, spender.addr), 0, "nothing is available");
    }

    function test_after_a_mandate_has_run_out_the_agent_may_serve_another() external {
        Mandate memory m = mandate(1);
        granted(m);
        vm.warp(m.validUntil);
        Account memory other = account("other principal");
        m.principal = other.addr;
        (m.validFrom, m.validUntil) = (m.validUntil, m.validUntil + 1);
        bytes32 digest = mandates.mandateDigest(m);
        (bytes memory byOther, bytes memory byAgent) = (sign(other, digest), sign(agent, digest));
        vm.expectRevert(abi.encodeWithSelector(IMandates.SerialTooLow.selector, 1, 1));
        mandates.grant(m, byOther, byAgent);
        m.serial = 2;
        digest = mandates.mandateDigest(m);
        mandates.grant(m, sign(other, digest), sign(agent, digest));
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), other.addr, "other");
    }

    function test_everything_that_was_granted_can_be_read() external {
        Mandate memory m = mandate(7);
        granted(m);
        spent(40);
        (address who, uint40 validUntil, uint32 scopes, uint16 serial,,,,,) =
            mandates.mandateOf(agent.addr, spender.addr);
        assertEq(who, principal.addr, "principal");
        assertEq(validUntil, m.validUntil, "valid until");
        assertEq(scopes, SCOPE_BUY, "scopes");
        assertEq(serial, 7, "serial");
        limitsAreKept();
    }

    function limitsAreKept() private view {
        (,,,, uint64 humanAbove, uint64 perPeriod, uint32 period, uint64 spent_, uint40 spentAt) =
            mandates.mandateOf(agent.addr, spender.addr);
        assertEq(humanAbove, 60, "human above");
        assertEq(perPeriod, 100, "per period");
        assertEq(period, 1000, "period");
        assertEq(spent_, 40, "spent");
        assertEq(spentAt, NOW, "spent at");
    }

    function test_the_largest_limit_and_the_shortest_period_do_not_overflow() external {
        Mandate memory m = mandate(1);
        (m.perPeriod, m.humanAbove, m.period) = (type(uint64).max, type(uint64).max, 1);
        granted(m);
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, type(uint64).max, "");
        assertEq(mandates.available(agent.addr, spender.addr), 0, "all is spent");
        vm.warp(NOW + 1);
        assertEq(mandates.available(agent.addr, spender.addr), type(uint64).max, "and all is back");
        vm.warp(m.validUntil - 1);
        assertEq(mandates.available(agent.addr, spender.addr), type(uint64).max, "and stays");
    }

    function test_a_lower_limit_may_be_below_what_was_spent() external {
        granted(mandate(1));
        spent(100);
        Mandate memory m = mandate(2);
        m.perPeriod = 10;
        granted(m);
        assertEq(mandates.available(agent.addr, spender.addr), 0, "nothing");
        vm.warp(NOW + 9000);
        assertEq(mandates.available(agent.addr, spender.addr), 0, "at the new, slower rate");
        vm.warp(NOW + 9500);
        assertEq(mandates.available(agent.addr, spender.addr), 5, "half a period after the last of it");
    }

    function unpacked(uint256[6] calldata words) external pure returns (Mandate memory m, bytes32 hash) {
        (m.agent, m.principal, m.spender) = (words.agent(), words.principal(), words.spender());
        (m.card, m.agentId, m.policy) = (bytes32(words[3]), words[4], bytes32(words[5]));
        (m.humanAbove, m.perPeriod, m.period) = (words.humanAbove(), words.perPeriod(), words.period());
        (m.scopes, m.serial) = (words.scopes(), words.serial());
        (m.validFrom, m.validUntil) = (words.validFrom(), words.validUntil());
        hash = words.structHash();
    }

    function test_a_mandate_travels_in_six_words(Mandate memory m) external view {
        (Mandate memory read, bytes32 hash) = this.unpacked(MandateCalls.words(m));
        assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(m)), "every field");
        assertEq(hash, keccak256(bytes.concat(abi.encode(Hashes.MANDATE), abi.encode(m))), "as it is signed");
    }
}
