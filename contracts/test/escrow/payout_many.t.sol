// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// payoutMany
/// └── pays each deal that has something, and names those that have not
contract PayoutManyTest is World {
    using EscrowCalls for DealEscrow;

    function test_payoutMany_pays_each_deal_that_has_something() external {
        (Deal memory d,) = openedTerms();
        released(d, 0, false);
        Deal memory nothing = terms();
        nothing.meta.salt = 1;
        opened(nothing);
        Deal[] memory deals = new Deal[](2);
        (deals[0], deals[1]) = (nothing, d);
        bytes memory reason = abi.encodeWithSelector(IDealEscrow.NothingToSettle.selector);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.ItemFailed(0, IDealEscrow.payout.selector, reason);
        escrow.payoutMany(deals);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "paid");
    }
}
