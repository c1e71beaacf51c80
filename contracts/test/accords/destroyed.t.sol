// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Breach, Destroyed, Nda} from "../../src/types/Nda.sol";
import {AccordsWorld} from "./AccordsWorld.sol";

/// destroyed
/// └── each side attests once
contract DestroyedTest is AccordsWorld {
    function test_each_side_attests_destruction_once() external {
        (Nda memory n, bytes32 id) = anchored();
        Destroyed memory d = Destroyed(id, sha256("attestation"));
        bytes memory signature = sign(alice, accords.destroyedDigest(d));
        vm.expectEmit(address(accords));
        emit IAccords.DestructionAttested(id, alice.addr, d.attestation);
        accords.destroyed(n, d, alice.addr, signature);
        vm.expectRevert(abi.encodeWithSelector(IAccords.AlreadyRecorded.selector, id, alice.addr));
        accords.destroyed(n, d, alice.addr, signature);
        accords.destroyed(n, d, bob.addr, sign(bob, accords.destroyedDigest(d)));
        (,,,,, bool byA, bool byB) = accords.record(id);
        assertTrue(byA && byB, "by both");
    }

    function test_only_a_party_attests_and_only_of_its_own_anchored_nda() external {
        Nda memory n = nda();
        bytes32 id = accords.ndaId(n);
        Destroyed memory d = Destroyed(id, 0);
        Account memory stranger = account("stranger");
        bytes32 digest = accords.destroyedDigest(d);
        bytes memory signature = sign(stranger, digest);
        vm.expectRevert(abi.encodeWithSelector(IAccords.NotAnchored.selector, id));
        accords.destroyed(n, d, alice.addr, signature);
        anchored();
        vm.expectRevert(abi.encodeWithSelector(IAccords.NotAParty.selector, stranger.addr));
        accords.destroyed(n, d, stranger.addr, signature);
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, digest));
        accords.destroyed(n, d, alice.addr, signature);
        d.nda = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(IAccords.WrongNda.selector, d.nda, id));
        accords.destroyed(n, d, alice.addr, signature);
    }

    function test_an_attestation_is_no_allegation() external {
        (Nda memory n, bytes32 id) = anchored();
        Destroyed memory d = Destroyed(id, sha256("same words"));
        bytes memory signature = sign(alice, accords.destroyedDigest(d));
        bytes32 digest = accords.breachDigest(Breach(id, sha256("same words")));
        Breach memory b = Breach(id, keccak256("x"));
        b.evidence = d.attestation;
        vm.expectRevert(abi.encodeWithSelector(IAccords.BadSignature.selector, alice.addr, digest));
        accords.breach(n, b, alice.addr, signature);
    }
}
