// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Rating, Release, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// @title What the sender need not sign
/// An empty signature
/// ├── is the sender's, whatever it would have signed
/// ├── is nobody's when somebody else sends it
/// └── is nobody's in a batch, where the sender is the escrow itself
contract SenderTest is World {
    using EscrowCalls for DealEscrow;

    function test_a_party_opens_releases_and_rates_without_a_signature() external {
        Deal memory d = plainTerms();
        deposited(buyer.addr, 1000 * ONE);
        bytes memory accept = signDeal(seller, d);
        vm.prank(buyer.addr);
        bytes32 id = escrow.openFromCredit(d, "", accept);
        for (uint8 i = 0; i < 3; ++i) {
            vm.prank(buyer.addr);
            escrow.release(d, Release(id, i, 0), "", true);
        }
        assertStatus(id, Status.Closed);
        vm.prank(seller.addr);
        escrow.rate(d, Rating(id, 90, 0), seller.addr, "");
        assertEq(slotOf(id).rated, 2, "rated");
    }

    function test_a_seller_accepts_and_gives_up_what_it_sends() external {
        Deal memory d = terms();
        bytes memory fund = signFund(buyer, d);
        vm.prank(seller.addr);
        bytes32 id = escrow.openFromMandate(d, fund, "", "");
        vm.prank(seller.addr);
        escrow.cancel(d, Cancel(id, 0, NOW), "", "");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 190 * ONE, "all back");
    }

    function test_the_buyer_consents_to_the_verdict_that_it_sends() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes memory data = escrow.verdictConsented(d, v, votesOf(v, 7));
        vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
        this.send(data);
        vm.prank(buyer.addr);
        (bool done,) = address(escrow).call(data);
        assertTrue(done, "taken");
        assertEq(slotOf(id).done, 1, "settled at once");
    }

    function send(bytes calldata data) external {
        (bool done, bytes memory reason) = address(escrow).call(data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function test_nobody_else_sends_in_a_partys_name() external {
        (Deal memory d, bytes32 id) = openedTerms();
        address[3] memory others = [seller.addr, buyerPrincipal.addr, stranger.addr];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
            vm.prank(others[i]);
            escrow.release(d, Release(id, 0, 0), "", true);
        }
    }

    function test_a_batch_speaks_for_nobody() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](1);
        calls[0] = escrow.releaseCall(d, Release(id, 0, 0), "", true);
        vm.prank(buyer.addr);
        escrow.settleMany(calls);
        assertEq(slotOf(id).done, 0, "nothing settled");
    }
}
