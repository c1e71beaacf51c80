// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// voidDeal
/// ├── either party ends an unopened id for ever
/// └── when the deal is open, the signer is no party, or the signature is another's
contract VoidDealTest is World {
    using EscrowCalls for DealEscrow;

    function test_a_void_deal_never_opens() external {
        Deal memory d = terms();
        bytes memory fund = signFund(buyer, d);
        bytes memory accept = signDeal(seller, d);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Voided(escrow.dealId(d), seller.addr);
        escrow.voidDeal(d, seller.addr, signVoid(seller, d));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Void, Status.None));
        escrow.openFromMandatedCredit(d, fund, accept, "");
    }

    function test_the_buyer_may_void_too_and_only_once() external {
        Deal memory d = terms();
        bytes memory notice = signVoid(buyer, d);
        escrow.voidDeal(d, buyer.addr, notice);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Void, Status.None));
        escrow.voidDeal(d, buyer.addr, notice);
    }

    function test_an_open_deal_is_not_voided() external {
        (Deal memory d,) = openedTerms();
        bytes memory notice = signVoid(buyer, d);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.None));
        escrow.voidDeal(d, buyer.addr, notice);
    }

    function test_a_stranger_voids_nothing() external {
        Deal memory d = terms();
        bytes memory notice = signVoid(stranger, d);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotAParty.selector, stranger.addr));
        escrow.voidDeal(d, stranger.addr, notice);
        expectUnsigned(buyer.addr, voidDigest(d));
        escrow.voidDeal(d, buyer.addr, notice);
    }

    function test_a_payee_is_not_a_party_that_gives_notice() external {
        Deal memory d = terms();
        bytes memory notice = signVoid(buyerPrincipal, d);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotAParty.selector, buyerPrincipal.addr));
        escrow.voidDeal(d, buyerPrincipal.addr, notice);
    }

    function test_a_notice_needs_no_sensible_terms_and_opens_no_way_back() external {
        Deal memory d = terms();
        (d.amounts, d.panel, d.meta.fundBy) = (0, 0, 0);
        escrow.voidDeal(d, seller.addr, signVoid(seller, d));
        assertStatus(escrow.dealId(d), Status.Void);
    }
}
