// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Agreement, Nda} from "../../src/types/Nda.sol";
import {Test} from "../base/Test.sol";

/// anchorAgreement
/// └── the same for an agreement without money
contract AnchorAgreementTest is Test {
    uint40 private constant NOW = 1_800_000_000;
    Accords private accords;

    Account private alice = account("alice");
    Account private bob = account("bob");

    function setUp() external {
        vm.warp(NOW);
        accords = Accords(created("Accords.sol:Accords", ""));
    }

    function nda() private view returns (Nda memory n) {
        (n.a, n.b, n.terms, n.scopes) = (alice.addr, bob.addr, sha256("terms"), 7);
        (n.from, n.until, n.destroyBy, n.anchorBy) = (NOW, NOW + 100, NOW + 200, NOW);
        (n.jurisdiction, n.salt) = (276, 1);
    }

    function anchored() private returns (Nda memory n, bytes32 id) {
        n = nda();
        id = accords.ndaId(n);
        accords.anchor(n, sign(alice, id), signCompact(bob, id));
    }

    function test_an_agreement_without_money_is_anchored_once() external {
        Agreement memory a = Agreement(alice.addr, bob.addr, sha256("agreement"), 0, NOW, 1);
        bytes32 id = accords.agreementDigest(a);
        (bytes memory byA, bytes memory byB) = (sign(alice, id), sign(bob, id));
        vm.expectEmit(address(accords));
        emit IAccords.AgreementAnchored(id, alice.addr, bob.addr, a);
        accords.anchorAgreement(a, byA, byB);
        assertEq(accords.agreementAnchoredAt(id), NOW, "anchored at");
        vm.expectRevert(abi.encodeWithSelector(IAccords.AlreadyAnchored.selector, id, NOW));
        accords.anchorAgreement(a, byA, byB);
        a.salt = 2;
        vm.expectPartialRevert(IAccords.BadSignature.selector);
        accords.anchorAgreement(a, byA, byB);
        vm.warp(NOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IAccords.AnchorByPassed.selector, NOW, NOW + 1));
        accords.anchorAgreement(a, byA, byB);
    }
}
