// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Nda} from "../../src/types/Nda.sol";
import {OwnedWallet} from "../escrow/Wallets.sol";
import {AccordsWorld} from "./AccordsWorld.sol";

/// anchor
/// ├── keeps an NDA that both signed, once, with its whole terms in the event
/// └── when it is late, one-sided, self-made, or its dates make no sense
contract AnchorTest is AccordsWorld {
    function refused(Nda memory n, bytes memory reason) private {
        bytes32 id = accords.ndaId(n);
        (bytes memory byA, bytes memory byB) = (sign(alice, id), sign(bob, id));
        vm.expectRevert(reason);
        accords.anchor(n, byA, byB);
    }

    function test_an_nda_that_both_signed_is_anchored_with_its_terms() external {
        Nda memory n = nda();
        bytes32 id = accords.ndaId(n);
        vm.expectEmit(address(accords));
        emit IAccords.Anchored(id, alice.addr, bob.addr, n);
        anchored();
        (uint40 anchoredAt, uint40 until, uint40 destroyBy,,,,) = accords.record(id);
        assertEq(anchoredAt, NOW, "anchored at");
        assertEq(until, NOW + 100, "until");
        assertEq(destroyBy, NOW + 200, "destroy by");
        refused(n, abi.encodeWithSelector(IAccords.AlreadyAnchored.selector, id, NOW));
    }

    function test_the_id_is_the_digest_of_the_typed_data() external view {
        bytes32 typeHash = keccak256(
            "Nda(address a,address b,bytes32 terms,uint64 scopes,uint40 from,uint40 until,uint40 destroyBy,uint40 anchorBy,uint16 jurisdiction,uint256 salt)"
        );
        bytes32 hash = keccak256(bytes.concat(abi.encode(typeHash), abi.encode(nda())));
        bytes32 domain = domainSeparator("Accords", "1", address(accords));
        assertEq(accords.ndaId(nda()), typedDigest(domain, hash), "id");
    }

    function test_a_leaked_signature_ends_at_anchorBy() external {
        vm.warp(NOW + 1);
        refused(nda(), abi.encodeWithSelector(IAccords.AnchorByPassed.selector, NOW, NOW + 1));
    }

    function test_terms_that_make_no_sense_have_one_error_each() external {
        Nda memory n = nda();
        n.b = address(0);
        refused(n, abi.encodeWithSelector(IAccords.ZeroAddress.selector));
        n = nda();
        n.b = alice.addr;
        refused(n, abi.encodeWithSelector(IAccords.SameParty.selector, alice.addr));
        n = nda();
        n.until = n.from;
        refused(n, abi.encodeWithSelector(IAccords.EmptyTerm.selector, NOW, NOW));
        n = nda();
        n.destroyBy = NOW + 99;
        refused(n, abi.encodeWithSelector(IAccords.DestroyByTooEarly.selector, NOW + 99, NOW + 100));
    }

    function test_one_signature_is_not_enough() external {
        Nda memory n = nda();
        bytes32 id = accords.ndaId(n);
        (bytes memory byA, bytes memory byB) = (sign(alice, id), sign(bob, id));
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, bob.addr, id));
        accords.anchor(n, byA, byA);
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, id));
        accords.anchor(n, byB, byB);
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, id));
        accords.anchor(n, malleated(byA), byB);
    }

    function test_each_side_is_somebody() external {
        Nda memory n = nda();
        n.a = address(0);
        refused(n, abi.encodeWithSelector(IAccords.ZeroAddress.selector));
        n = nda();
        n.from = n.until + 1;
        refused(n, abi.encodeWithSelector(IAccords.EmptyTerm.selector, n.until + 1, n.until));
    }

    function test_what_has_to_be_destroyed_at_once_is_anchored_in_the_last_second() external {
        Nda memory n = nda();
        (n.from, n.until, n.destroyBy) = (NOW, NOW + 1, NOW + 1);
        bytes32 id = accords.ndaId(n);
        accords.anchor(n, sign(alice, id), sign(bob, id));
        (uint40 anchoredAt,,,,,,) = accords.record(id);
        assertEq(anchoredAt, NOW, "at anchorBy");
    }

    function test_a_contract_anchors_by_its_wallet() external {
        Nda memory n = nda();
        n.a = address(new OwnedWallet(alice.addr));
        bytes32 id = accords.ndaId(n);
        accords.anchor(n, sign(alice, id), sign(bob, id));
        (uint40 anchoredAt,,,,,,) = accords.record(id);
        assertEq(anchoredAt, NOW, "anchored");
    }

    function test_a_side_anchors_by_sending_and_never_for_the_other() external {
        Nda memory n = nda();
        bytes32 id = accords.ndaId(n);
        (bytes memory byA, bytes memory byB) = (sign(alice, id), sign(bob, id));
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, bob.addr, id));
        vm.prank(alice.addr);
        accords.anchor(n, byA, "");
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, id));
        vm.prank(bob.addr);
        accords.anchor(n, "", byB);
        uint256 before = vm.snapshotState();
        vm.prank(bob.addr);
        assertEq(accords.anchor(n, byA, ""), id, "by b");
        assertTrue(vm.revertToState(before), "back");
        vm.prank(alice.addr);
        assertEq(accords.anchor(n, "", byB), id, "by a");
    }

    function test_the_last_times_that_can_be_told_are_kept() external {
        Nda memory n = nda();
        (n.from, n.until, n.destroyBy) = (type(uint40).max - 1, type(uint40).max, type(uint40).max);
        n.anchorBy = type(uint40).max;
        bytes32 id = accords.ndaId(n);
        accords.anchor(n, sign(alice, id), sign(bob, id));
        (uint40 anchoredAt, uint40 until, uint40 destroyBy, bool ba, bool bb, bool da, bool db) =
            accords.record(id);
        assertEq(anchoredAt, NOW, "anchored at");
        assertEq(until, type(uint40).max, "until");
        assertEq(destroyBy, type(uint40).max, "destroy by");
        assertFalse(ba || bb || da || db, "and nothing else");
    }

    function test_what_nobody_anchored_has_no_record() external view {
        (uint40 anchoredAt, uint40 until, uint40 destroyBy,,,,) = accords.record(keccak256("none"));
        assertEq(uint256(anchoredAt) + until + destroyBy, 0, "nothing");
        assertEq(accords.agreementAnchoredAt(keccak256("none")), 0, "nothing");
    }
}
