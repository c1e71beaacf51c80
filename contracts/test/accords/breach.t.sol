// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Breach, Destroyed, Nda} from "../../src/types/Nda.sol";
import {AccordsWorld} from "./AccordsWorld.sol";

/// breach
/// ├── each side records an allegation once
/// └── when the NDA was never anchored, is another, or the signer is no party
contract BreachTest is AccordsWorld {
    function test_each_side_alleges_a_breach_once() external {
        (Nda memory n, bytes32 id) = anchored();
        Breach memory b = Breach(id, sha256("evidence"));
        bytes memory signature = sign(bob, accords.breachDigest(b));
        vm.expectEmit(address(accords));
        emit IAccords.BreachAlleged(id, bob.addr, b.evidence);
        accords.breach(n, b, bob.addr, signature);
        (,,, bool byA, bool byB,,) = accords.record(id);
        assertTrue(!byA && byB, "by b");
        vm.expectRevert(abi.encodeWithSelector(IAccords.AlreadyRecorded.selector, id, bob.addr));
        accords.breach(n, b, bob.addr, signature);
        accords.breach(n, b, alice.addr, sign(alice, accords.breachDigest(b)));
    }

    function test_only_a_party_speaks_and_only_of_its_own_anchored_nda() external {
        Nda memory n = nda();
        bytes32 id = accords.ndaId(n);
        Breach memory b = Breach(id, 0);
        bytes memory signature = sign(stranger, accords.breachDigest(b));
        vm.expectRevert(abi.encodeWithSelector(IAccords.NotAnchored.selector, id));
        accords.breach(n, b, alice.addr, signature);
        anchored();
        vm.expectRevert(abi.encodeWithSelector(IAccords.NotAParty.selector, stranger.addr));
        accords.breach(n, b, stranger.addr, signature);
        bytes32 digest = accords.breachDigest(b);
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, digest));
        accords.breach(n, b, alice.addr, signature);
        b.nda = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(IAccords.WrongNda.selector, b.nda, id));
        accords.breach(n, b, alice.addr, signature);
    }

    function recordIs(bytes32 id, bool[4] memory marks) private view {
        (uint40 anchoredAt, uint40 until, uint40 destroyBy, bool ba, bool bb, bool da, bool db) =
            accords.record(id);
        assertEq(anchoredAt, NOW, "anchored at");
        assertEq(until, NOW + 100, "until");
        assertEq(destroyBy, NOW + 200, "destroy by");
        assertTrue(ba == marks[0] && bb == marks[1], "allegations");
        assertTrue(da == marks[2] && db == marks[3], "attestations");
    }

    function alleged(Nda memory n, bytes32 id, Account memory by) private {
        Breach memory b = Breach(id, sha256("evidence"));
        accords.breach(n, b, by.addr, sign(by, accords.breachDigest(b)));
    }

    function attested(Nda memory n, bytes32 id, Account memory by) private {
        Destroyed memory d = Destroyed(id, sha256("attestation"));
        accords.destroyed(n, d, by.addr, sign(by, accords.destroyedDigest(d)));
    }

    function test_each_sides_words_are_its_own_in_whatever_order_they_come() external {
        (Nda memory n, bytes32 id) = anchored();
        recordIs(id, [false, false, false, false]);
        uint256 before = vm.snapshotState();
        alleged(n, id, alice);
        recordIs(id, [true, false, false, false]);
        attested(n, id, bob);
        recordIs(id, [true, false, false, true]);
        alleged(n, id, bob);
        recordIs(id, [true, true, false, true]);
        attested(n, id, alice);
        recordIs(id, [true, true, true, true]);
        assertTrue(vm.revertToState(before), "back");
        attested(n, id, alice);
        recordIs(id, [false, false, true, false]);
        alleged(n, id, bob);
        recordIs(id, [false, true, true, false]);
    }

    function test_neither_side_says_it_twice() external {
        (Nda memory n, bytes32 id) = anchored();
        Account[2] memory sides = [alice, bob];
        for (uint256 i = 0; i < 2; ++i) {
            alleged(n, id, sides[i]);
            Breach memory b = Breach(id, sha256("other evidence"));
            bytes memory signature = sign(sides[i], accords.breachDigest(b));
            vm.expectRevert(abi.encodeWithSelector(IAccords.AlreadyRecorded.selector, id, sides[i].addr));
            accords.breach(n, b, sides[i].addr, signature);
            attested(n, id, sides[i]);
            Destroyed memory d = Destroyed(id, sha256("other attestation"));
            signature = sign(sides[i], accords.destroyedDigest(d));
            vm.expectRevert(abi.encodeWithSelector(IAccords.AlreadyRecorded.selector, id, sides[i].addr));
            accords.destroyed(n, d, sides[i].addr, signature);
        }
    }

    function test_a_party_speaks_by_sending_and_for_itself_only() external {
        (Nda memory n, bytes32 id) = anchored();
        Breach memory b = Breach(id, sha256("evidence"));
        Destroyed memory d = Destroyed(id, sha256("attestation"));
        vm.expectPartialRevert(IAccords.BadSignature.selector);
        vm.prank(bob.addr);
        accords.breach(n, b, alice.addr, "");
        vm.expectPartialRevert(IAccords.BadSignature.selector);
        vm.prank(alice.addr);
        accords.destroyed(n, d, bob.addr, "");
        vm.prank(alice.addr);
        accords.breach(n, b, alice.addr, "");
        vm.prank(bob.addr);
        accords.destroyed(n, d, bob.addr, "");
        recordIs(id, [true, false, false, true]);
    }

    function test_the_digests_are_those_of_the_typed_data() external view {
        bytes32 domain = domainSeparator("Accords", "1", address(accords));
        Breach memory b = Breach(sha256("nda"), sha256("evidence"));
        bytes32 typeHash = keccak256("Breach(bytes32 nda,bytes32 evidence)");
        bytes32 hash = keccak256(abi.encode(typeHash, b.nda, b.evidence));
        assertEq(accords.breachDigest(b), typedDigest(domain, hash), "breach");
        typeHash = keccak256("Destroyed(bytes32 nda,bytes32 attestation)");
        hash = keccak256(abi.encode(typeHash, b.nda, b.evidence));
        assertEq(
            accords.destroyedDigest(Destroyed(b.nda, b.evidence)), typedDigest(domain, hash), "destroyed"
        );
    }
}
