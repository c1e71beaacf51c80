// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {Mandates} from "../../src/Mandates.sol";
import {Mandate} from "../../src/types/Mandate.sol";
import {Nda} from "../../src/types/Nda.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";
import {Meter} from "./Meter.sol";

/// @notice What comes before a deal: an NDA, and an agent's authority.
contract AccordsGasTest is Meter {
    using MandateCalls for Mandates;

    uint40 private constant NOW = 1_800_000_000;

    Account private alice = account("alice");
    Account private bob = account("bob");

    function setUp() external {
        vm.warp(NOW);
    }

    function test_nda() external {
        Accords accords = Accords(created("Accords.sol:Accords", ""));
        Nda memory n = Nda({
            a: alice.addr,
            b: bob.addr,
            terms: sha256("terms"),
            scopes: 0x3f,
            from: NOW,
            until: NOW + 30 days,
            destroyBy: NOW + 60 days,
            anchorBy: NOW + 600,
            jurisdiction: 276,
            salt: uint256(sha256("salt"))
        });
        bytes32 id = accords.ndaId(n);
        (bytes memory byA, bytes memory byB) = (signCompact(alice, id), signCompact(bob, id));
        accords.anchor(n, byA, byB);
        measured("nda anchored");
    }

    function test_mandate() external {
        Mandates mandates = Mandates(created("Mandates.sol:Mandates", ""));
        Mandate memory m = Mandate({
            agent: alice.addr,
            principal: bob.addr,
            spender: account("escrow").addr,
            card: sha256("card"),
            agentId: 7,
            humanAbove: 500e6,
            perPeriod: 1000e6,
            period: 1 days,
            scopes: 3,
            validFrom: NOW,
            validUntil: NOW + 365 days,
            policy: sha256("policy"),
            serial: 1
        });
        bytes32 digest = mandates.mandateDigest(m);
        (bytes memory byPrincipal, bytes memory byAgent) =
            (signCompact(bob, digest), signCompact(alice, digest));
        uint256 before = vm.snapshotState();
        mandates.grant(m, byPrincipal, byAgent);
        measured("agent anchored with limits");
        vm.revertToState(before);
        vm.prank(alice.addr);
        mandates.grant(m, byPrincipal, "");
        measured("agent anchored with limits, sent by the agent");
    }
}
