// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {Nda} from "../../src/types/Nda.sol";
import {Test} from "../base/Test.sol";

/// @notice Two who make an NDA, and somebody else.
abstract contract AccordsWorld is Test {
    uint40 internal constant NOW = 1_800_000_000;
    Accords internal accords;

    Account internal alice = account("alice");
    Account internal bob = account("bob");
    Account internal stranger = account("stranger");

    function setUp() external {
        vm.warp(NOW);
        accords = Accords(created("Accords.sol:Accords", ""));
    }

    function nda() internal view returns (Nda memory n) {
        (n.a, n.b, n.terms, n.scopes) = (alice.addr, bob.addr, sha256("terms"), 7);
        (n.from, n.until, n.destroyBy, n.anchorBy) = (NOW, NOW + 100, NOW + 200, NOW);
        (n.jurisdiction, n.salt) = (276, 1);
    }

    function anchored() internal returns (Nda memory n, bytes32 id) {
        n = nda();
        id = accords.ndaId(n);
        accords.anchor(n, sign(alice, id), signCompact(bob, id));
    }
}
