// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandates} from "../../src/Mandates.sol";
import {Mandate, Revoke, SCOPE_BUY} from "../../src/types/Mandate.sol";
import {Test} from "../base/Test.sol";
import {MandateCalls} from "./MandateCalls.sol";

/// @notice One agent, its principal, and a spender: 100 per 1000 seconds, a person above 60.
abstract contract MandateWorld is Test {
    using MandateCalls for Mandates;

    uint40 internal constant NOW = 1_800_000_000;
    Mandates internal mandates;
    Account internal agent = account("agent");
    Account internal principal = account("principal");
    Account internal spender = account("spender");

    function setUp() public virtual {
        vm.warp(NOW);
        mandates = Mandates(created("Mandates.sol:Mandates", ""));
    }

    function mandate(uint16 serial) internal view returns (Mandate memory m) {
        (m.agent, m.principal, m.spender) = (agent.addr, principal.addr, spender.addr);
        (m.humanAbove, m.perPeriod, m.period, m.scopes) = (60, 100, 1000, SCOPE_BUY);
        (m.validFrom, m.validUntil, m.serial) = (NOW, NOW + 10_000, serial);
    }

    function granted(Mandate memory m) internal {
        bytes32 digest = mandates.mandateDigest(m);
        mandates.grant(m, sign(principal, digest), sign(agent, digest));
    }

    function revoked(Account memory by, uint16 serial) internal {
        Revoke memory r = Revoke(agent.addr, spender.addr, serial);
        mandates.revoke(r, by.addr, sign(by, mandates.revokeDigest(r)));
    }

    /// @notice In two halves, so that no part needs a person.
    function spent(uint64 amount) internal {
        vm.startPrank(spender.addr);
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, amount / 2, "");
        mandates.spend(agent.addr, principal.addr, SCOPE_BUY, 0, amount - amount / 2, "");
        vm.stopPrank();
    }
}
