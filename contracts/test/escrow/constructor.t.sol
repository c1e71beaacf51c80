// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {World} from "./World.sol";

/// constructor
/// ├── keeps token, mandates, grace and limit for ever
/// └── when the token or the mandates are nobody
contract EscrowConstructorTest is World {
    function refused(address token, address authority) private {
        bytes memory arguments = abi.encode(token, authority, GRACE, APPEAL_LIMIT);
        bytes memory code = bytes.concat(creationCode("DealEscrow.sol:DealEscrow"), arguments);
        address made;
        bytes memory reason;
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0, returndatasize())
            mstore(0x40, add(reason, 0x60))
        }
        assertEq(made, address(0), "nothing is made");
        assertEq(reason, abi.encodeWithSelector(IDealEscrow.ZeroAddress.selector), "reason");
    }

    function test_the_constants_are_those_of_the_constructor() external view {
        assertEq(escrow.usdc(), address(usdc), "usdc");
        assertEq(escrow.mandates(), address(mandates), "mandates");
        assertEq(escrow.grace(), GRACE, "grace");
        assertEq(escrow.appealLimit(), APPEAL_LIMIT, "appeal limit");
        assertEq(escrow.domainSeparator(), domainSeparator("DealEscrow", "1", address(escrow)), "domain");
    }

    function test_there_is_no_escrow_without_a_token_or_mandates() external {
        refused(address(0), address(mandates));
        refused(address(usdc), address(0));
        refused(address(0), address(0));
    }
}
