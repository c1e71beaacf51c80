// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandates} from "../../src/Mandates.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Mandate, Revoke, SCOPE_BUY} from "../../src/types/Mandate.sol";
import {MandateCalls} from "./MandateCalls.sol";
import {MandateWorld} from "./MandateWorld.sol";

/// revoke
/// ├── burns the serial, also before any grant, and only the signer's own
/// └── when it is not above what is burnt
contract RevokeTest is MandateWorld {
    using MandateCalls for Mandates;

    function refused(Mandate memory m, bytes memory reason) private {
        bytes32 digest = mandates.mandateDigest(m);
        (bytes memory byPrincipal, bytes memory byAgent) = (sign(principal, digest), sign(agent, digest));
        vm.expectRevert(reason);
        mandates.grant(m, byPrincipal, byAgent);
    }

    function test_an_old_mandate_does_not_undo_a_revocation() external {
        granted(mandate(1));
        revoked(principal, 5);
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), address(0), "nobody");
        refused(mandate(1), abi.encodeWithSelector(IMandates.SerialTooLow.selector, 1, 5));
        refused(mandate(5), abi.encodeWithSelector(IMandates.SerialTooLow.selector, 5, 5));
        granted(mandate(6));
    }

    function test_a_mandate_can_be_revoked_before_it_is_granted() external {
        revoked(principal, 1);
        refused(mandate(1), abi.encodeWithSelector(IMandates.SerialTooLow.selector, 1, 1));
    }

    function test_a_stranger_burns_only_its_own_serials() external {
        granted(mandate(1));
        revoked(account("stranger"), type(uint16).max);
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), principal.addr, "still");
        granted(mandate(2));
    }

    function test_a_revocation_of_an_older_serial_leaves_the_newer_grant() external {
        granted(mandate(4));
        revoked(principal, 3);
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), principal.addr, "still");
        Revoke memory r = Revoke(agent.addr, spender.addr, 3);
        bytes memory signature = sign(principal, mandates.revokeDigest(r));
        vm.expectRevert(abi.encodeWithSelector(IMandates.SerialTooLow.selector, 3, 3));
        mandates.revoke(r, principal.addr, signature);
    }

    function test_the_agent_does_not_revoke() external {
        granted(mandate(1));
        Revoke memory r = Revoke(agent.addr, spender.addr, 1);
        bytes32 digest = mandates.revokeDigest(r);
        bytes memory signature = sign(agent, digest);
        vm.expectRevert(abi.encodeWithSelector(IMandates.BadSignature.selector, principal.addr, digest));
        mandates.revoke(r, principal.addr, signature);
    }

    function test_the_digest_is_that_of_the_typed_data() external view {
        Revoke memory r = Revoke(agent.addr, spender.addr, 7);
        bytes32 typeHash = keccak256("Revoke(address agent,address spender,uint16 serial)");
        bytes32 hash = keccak256(bytes.concat(abi.encode(typeHash), abi.encode(r)));
        bytes32 domain = domainSeparator("Mandates", "1", address(mandates));
        assertEq(mandates.revokeDigest(r), typedDigest(domain, hash), "digest");
    }

    function test_a_principal_revokes_by_sending_and_for_itself_only() external {
        granted(mandate(1));
        Revoke memory r = Revoke(agent.addr, spender.addr, 1);
        address[3] memory others = [agent.addr, spender.addr, address(mandates)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectPartialRevert(IMandates.BadSignature.selector);
            vm.prank(others[i]);
            mandates.revoke(r, principal.addr, "");
        }
        vm.expectEmit(address(mandates));
        emit IMandates.Revoked(agent.addr, principal.addr, spender.addr, 1);
        vm.prank(principal.addr);
        mandates.revoke(r, principal.addr, "");
        assertEq(mandates.principalOf(agent.addr, spender.addr, SCOPE_BUY), address(0), "nobody");
        assertEq(mandates.burntSerial(principal.addr, agent.addr, spender.addr), 1, "burnt");
    }

    function test_what_is_revoked_keeps_its_limits_and_its_spending_but_not_its_term() external {
        granted(mandate(3));
        spent(40);
        revoked(principal, 4);
        (address who, uint40 validUntil, uint32 scopes, uint16 serial,,,, uint64 counted,) =
            mandates.mandateOf(agent.addr, spender.addr);
        assertEq(who, principal.addr, "principal");
        assertEq(validUntil, 0, "revoked");
        assertEq(scopes, SCOPE_BUY, "scopes");
        assertEq(serial, 4, "the burnt serial");
        assertEq(counted, 40, "what was spent");
        granted(mandate(5));
        assertEq(mandates.available(agent.addr, spender.addr), 60, "a new grant is no new period");
    }

    function test_the_last_serial_of_all_ends_it_for_ever() external {
        granted(mandate(1));
        revoked(principal, type(uint16).max);
        refused(
            mandate(type(uint16).max),
            abi.encodeWithSelector(IMandates.SerialTooLow.selector, type(uint16).max, type(uint16).max)
        );
    }
}
