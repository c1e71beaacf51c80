// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Breach, Nda} from "../../src/types/Nda.sol";
import {Test} from "../base/Test.sol";

/// breach
/// ├── each side records an allegation once
/// └── when the NDA was never anchored, is another, or the signer is no party
contract BreachTest is Test {
    uint40 private constant NOW = 1_800_000_000;
    Accords private accords;

    Account private alice = account("alice");
    Account private bob = account("bob");

    Account private stranger = account("stranger");

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
}
