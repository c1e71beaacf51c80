// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {Mandates} from "../../src/Mandates.sol";
import {IAccords} from "../../src/interfaces/IAccords.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Approve, Mandate, Revoke, SCOPE_BUY} from "../../src/types/Mandate.sol";
import {Agreement, Breach, Destroyed, Nda} from "../../src/types/Nda.sol";
import {Test} from "../base/Test.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";

/// @notice Attack: a mandate, revocation, approval, NDA, agreement, allegation or attestation is shown before another contract
/// with the same code, on another chain, or with the roles exchanged.
/// Rule: every digest holds chain and contract, and names its two sides in order.
contract AuthorityReplayAttack is Test {
    using MandateCalls for Mandates;

    uint40 private constant NOW = 1_800_000_000;

    Mandates private mandates;
    Accords private accords;
    Account private agent = account("agent");
    Account private principal = account("principal");
    Account private spender = account("spender");

    /// @notice One of everything that is signed about authority and accords.
    struct Signed {
        bytes mandateByPrincipal;
        bytes mandateByAgent;
        bytes revocation;
        bytes approval;
        bytes ndaByA;
        bytes ndaByB;
        bytes agreementByA;
        bytes agreementByB;
        bytes breach;
        bytes destroyed;
    }

    function setUp() external {
        vm.warp(NOW);
        mandates = Mandates(created("Mandates.sol:Mandates", ""));
        accords = Accords(created("Accords.sol:Accords", ""));
    }

    // --- what is replayed ---

    function mandate(uint16 serial) private view returns (Mandate memory m) {
        (m.agent, m.principal, m.spender) = (agent.addr, principal.addr, spender.addr);
        (m.humanAbove, m.perPeriod, m.period, m.scopes) = (60, 100, 1000, SCOPE_BUY);
        (m.validFrom, m.validUntil, m.serial) = (NOW, NOW + 10_000, serial);
    }

    function nda() private view returns (Nda memory n) {
        (n.a, n.b, n.terms) = (agent.addr, principal.addr, keccak256("terms"));
        (n.from, n.until, n.destroyBy, n.anchorBy) = (NOW, NOW + 100, NOW + 200, NOW + 50);
    }

    function agreement() private view returns (Agreement memory) {
        return Agreement(agent.addr, principal.addr, keccak256("agreement"), 0, NOW + 50, 1);
    }

    function signAll(Account memory first, Account memory second) private view returns (Signed memory all) {
        bytes32 digest = mandates.mandateDigest(mandate(1));
        (all.mandateByPrincipal, all.mandateByAgent) = (sign(second, digest), sign(first, digest));
        all.revocation = sign(second, mandates.revokeDigest(Revoke(agent.addr, spender.addr, 1)));
        all.approval = abi.encode(NOW, sign(second, mandates.approveDigest(Approve(keccak256("deal"), NOW))));
        digest = accords.ndaId(nda());
        (all.ndaByA, all.ndaByB) = (sign(first, digest), sign(second, digest));
        all.breach = sign(first, accords.breachDigest(Breach(digest, keccak256("leak"))));
        all.destroyed = sign(first, accords.destroyedDigest(Destroyed(digest, keccak256("gone"))));
        digest = accords.agreementDigest(agreement());
        (all.agreementByA, all.agreementByB) = (sign(first, digest), sign(second, digest));
    }

    function badMandates(address signer, bytes32 digest) private {
        vm.expectRevert(abi.encodeWithSelector(IMandates.BadSignature.selector, signer, digest));
    }

    function badAccords(address signer, bytes32 digest) private {
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, signer, digest));
    }

    function refusedEverywhere(Signed memory old) private {
        Signed memory good = signAll(agent, principal);
        refusedByMandates(old, good);
        refusedByAccords(old, good);
    }

    function refusedByMandates(Signed memory old, Signed memory good) private {
        bytes32 digest = mandates.mandateDigest(mandate(1));
        badMandates(principal.addr, digest);
        mandates.grant(mandate(1), old.mandateByPrincipal, good.mandateByAgent);
        badMandates(agent.addr, digest);
        mandates.grant(mandate(1), good.mandateByPrincipal, old.mandateByAgent);
        mandates.grant(mandate(1), good.mandateByPrincipal, good.mandateByAgent);

        badMandates(principal.addr, mandates.approveDigest(Approve(keccak256("deal"), NOW)));
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), 61, old.approval);
        vm.prank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), 61, good.approval);

        Revoke memory r = Revoke(agent.addr, spender.addr, 1);
        badMandates(principal.addr, mandates.revokeDigest(r));
        mandates.revoke(r, principal.addr, old.revocation);
        mandates.revoke(r, principal.addr, good.revocation);
        assertEq(
            mandates.burntSerial(principal.addr, agent.addr, spender.addr), 1, "the good ones were taken"
        );
    }

    function refusedByAccords(Signed memory old, Signed memory good) private {
        bytes32 id = accords.ndaId(nda());
        badAccords(agent.addr, id);
        accords.anchor(nda(), old.ndaByA, good.ndaByB);
        badAccords(principal.addr, id);
        accords.anchor(nda(), good.ndaByA, old.ndaByB);
        accords.anchor(nda(), good.ndaByA, good.ndaByB);

        badAccords(agent.addr, accords.breachDigest(Breach(id, keccak256("leak"))));
        accords.breach(nda(), Breach(id, keccak256("leak")), agent.addr, old.breach);
        accords.breach(nda(), Breach(id, keccak256("leak")), agent.addr, good.breach);
        badAccords(agent.addr, accords.destroyedDigest(Destroyed(id, keccak256("gone"))));
        accords.destroyed(nda(), Destroyed(id, keccak256("gone")), agent.addr, old.destroyed);
        accords.destroyed(nda(), Destroyed(id, keccak256("gone")), agent.addr, good.destroyed);

        bytes32 digest = accords.agreementDigest(agreement());
        badAccords(agent.addr, digest);
        accords.anchorAgreement(agreement(), old.agreementByA, good.agreementByB);
        badAccords(principal.addr, digest);
        accords.anchorAgreement(agreement(), good.agreementByA, old.agreementByB);
        accords.anchorAgreement(agreement(), good.agreementByA, good.agreementByB);
        assertEq(accords.agreementAnchoredAt(digest), NOW, "the good ones were taken");
    }

    // --- where it is replayed ---

    function test_nothing_signed_for_one_contract_counts_in_another_with_the_same_code() external {
        Signed memory old = signAll(agent, principal);
        mandates = Mandates(created("Mandates.sol:Mandates", ""));
        accords = Accords(created("Accords.sol:Accords", ""));
        refusedEverywhere(old);
    }

    function test_nothing_signed_on_one_chain_counts_on_another() external {
        Signed memory old = signAll(agent, principal);
        vm.chainId(block.chainid + 1);
        refusedEverywhere(old);
    }

    function test_the_two_sides_of_a_signature_are_not_exchangeable() external {
        refusedEverywhere(signAll(principal, agent));
    }

    function test_the_spender_signs_for_neither() external {
        refusedEverywhere(signAll(spender, spender));
    }

    function test_a_mandate_before_one_spender_is_none_before_another() external {
        Signed memory good = signAll(agent, principal);
        mandates.grant(mandate(1), good.mandateByPrincipal, good.mandateByAgent);
        Account memory other = account("another spender");
        vm.prank(other.addr);
        vm.expectRevert(abi.encodeWithSelector(IMandates.NoMandate.selector, agent.addr, other.addr));
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), 1, "");
        Mandate memory m = mandate(1);
        m.spender = other.addr;
        badMandates(principal.addr, mandates.mandateDigest(m));
        mandates.grant(m, good.mandateByPrincipal, good.mandateByAgent);
    }

    function test_an_approval_is_for_one_deal_until_one_second() external {
        Signed memory good = signAll(agent, principal);
        mandates.grant(mandate(1), good.mandateByPrincipal, good.mandateByAgent);
        vm.startPrank(spender.addr);
        badMandates(principal.addr, mandates.approveDigest(Approve(keccak256("other"), NOW)));
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("other"), 61, good.approval);
        bytes memory later = bytes.concat(good.approval);
        assembly ("memory-safe") {
            mstore(add(later, 0x20), add(mload(add(later, 0x20)), 1))
        }
        badMandates(principal.addr, mandates.approveDigest(Approve(keccak256("deal"), NOW + 1)));
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, keccak256("deal"), 61, later);
        vm.stopPrank();
    }
}
