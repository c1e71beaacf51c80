// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandates} from "../../src/Mandates.sol";
import {Mandate} from "../../src/types/Mandate.sol";

/// @notice The call that grants, in the type that people sign.
library MandateCalls {
    function grant(Mandates c, Mandate memory m, bytes memory byPrincipal, bytes memory byAgent) internal {
        c.grant(byPrincipal, byAgent, words(m));
    }

    /// @notice A mandate as it travels.
    function words(Mandate memory m) internal pure returns (uint256[6] memory w) {
        w[0] = uint160(m.agent) | uint256(m.validFrom) << 160 | uint256(m.validUntil) << 200;
        w[0] |= uint256(m.serial) << 240;
        w[1] = uint160(m.principal) | uint256(m.humanAbove) << 160 | uint256(m.period) << 224;
        w[2] = uint160(m.spender) | uint256(m.perPeriod) << 160 | uint256(m.scopes) << 224;
        (w[3], w[4], w[5]) = (uint256(m.card), m.agentId, uint256(m.policy));
    }
}
