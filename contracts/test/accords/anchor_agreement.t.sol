// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Agreement} from "../../src/types/Nda.sol";
import {AccordsWorld} from "./AccordsWorld.sol";

/// anchorAgreement
/// ├── the same for an agreement without money
/// └── takes the side that sends it at its word, without its signature
contract AnchorAgreementTest is AccordsWorld {
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
        bytes32 other = accords.agreementDigest(a);
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, other));
        accords.anchorAgreement(a, byA, byB);
        vm.warp(NOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IAccords.AnchorByPassed.selector, NOW, NOW + 1));
        accords.anchorAgreement(a, byA, byB);
    }

    function test_both_are_somebody_and_not_the_same() external {
        Agreement memory a = Agreement(address(0), bob.addr, 0, 0, NOW, 1);
        vm.expectRevert(IAccords.ZeroAddress.selector);
        accords.anchorAgreement(a, "", "");
        a = Agreement(alice.addr, address(0), 0, 0, NOW, 1);
        vm.expectRevert(IAccords.ZeroAddress.selector);
        accords.anchorAgreement(a, "", "");
        a = Agreement(alice.addr, alice.addr, 0, 0, NOW, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccords.SameParty.selector, alice.addr));
        accords.anchorAgreement(a, "", "");
    }

    function test_the_digest_is_that_of_the_typed_data() external view {
        Agreement memory a = Agreement(alice.addr, bob.addr, sha256("agreement"), sha256("nda"), NOW, 1);
        bytes32 typeHash = keccak256(
            "Agreement(address a,address b,bytes32 agreement,bytes32 nda,uint40 anchorBy,uint256 salt)"
        );
        bytes32 hash = keccak256(bytes.concat(abi.encode(typeHash), abi.encode(a)));
        bytes32 domain = domainSeparator("Accords", "1", address(accords));
        assertEq(accords.agreementDigest(a), typedDigest(domain, hash), "digest");
        assertEq(accords.domainSeparator(), domain, "domain");
    }

    function test_a_side_that_sends_need_not_sign_and_nobody_else_sends_in_its_name() external {
        Agreement memory a = Agreement(alice.addr, bob.addr, sha256("agreement"), 0, NOW, 1);
        bytes32 id = accords.agreementDigest(a);
        (bytes memory byA, bytes memory byB) = (sign(alice, id), sign(bob, id));
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, id));
        vm.prank(bob.addr);
        accords.anchorAgreement(a, "", byB);
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, bob.addr, id));
        vm.prank(alice.addr);
        accords.anchorAgreement(a, byA, "");
        uint256 before = vm.snapshotState();
        vm.prank(alice.addr);
        accords.anchorAgreement(a, "", byB);
        assertEq(accords.agreementAnchoredAt(id), NOW, "by alice");
        assertTrue(vm.revertToState(before), "back");
        vm.prank(bob.addr);
        accords.anchorAgreement(a, byA, "");
        assertEq(accords.agreementAnchoredAt(id), NOW, "by bob");
    }

    function test_each_side_signs_with_any_good_form_and_no_other() external {
        Agreement memory a = Agreement(alice.addr, bob.addr, sha256("agreement"), 0, NOW, 1);
        bytes32 id = accords.agreementDigest(a);
        bytes memory byA = signCompact(alice, id);
        bytes memory bad = malleated(sign(bob, id));
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, bob.addr, id));
        accords.anchorAgreement(a, byA, bad);
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, id));
        accords.anchorAgreement(a, "", byA);
        assertEq(accords.anchorAgreement(a, byA, sign(bob, id)), id, "id");
    }
}
