// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Destroyed, Nda} from "../../src/types/Nda.sol";
import {Test} from "../base/Test.sol";

/// destroyed
/// └── each side attests once
contract DestroyedTest is Test {
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
}
