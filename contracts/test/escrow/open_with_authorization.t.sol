// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Source, Status} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {OwnedWallet} from "./Wallets.sol";
import {World} from "./World.sol";

/// openWithAuthorization
/// ├── pulls the total from the buyer by EIP-3009, the nonce being the deal's id
/// ├── accepts a contract wallet on either side
/// ├── when the buyer is mandated: checks its principal, leaves the period limit alone
/// └── when the authorization is for other terms, or was taken as a deposit first
contract OpenWithAuthorizationTest is World {
    using EscrowCalls for DealEscrow;

    function setUp() public override {
        super.setUp();
        minted(buyer.addr, 1000 * ONE);
    }

    function byAuthorization(Deal memory d) private returns (bytes32) {
        return escrow.openWithAuthorization(d, authorized(d), signDeal(seller, d));
    }

    function authorized(Deal memory d) private view returns (bytes memory) {
        uint256 before = uint256(d.meta.fundBy) + 1;
        return authorization(buyer, address(escrow), escrow.buyerTotal(d), before, escrow.dealId(d));
    }

    function walletAuthorization(Deal memory d) private view returns (bytes memory) {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        uint256 before = uint256(d.meta.fundBy) + 1;
        bytes32 hash =
            keccak256(abi.encode(typeHash, d.buyer, address(escrow), 190 * ONE, 0, before, escrow.dealId(d)));
        return sign(buyer, typedDigest(usdc.DOMAIN_SEPARATOR(), hash));
    }

    function test_an_authorization_moves_exactly_the_total() external {
        Deal memory d = plainTerms();
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Opened(
            escrow.dealId(d), buyer.addr, seller.addr, openedWords(d, Source.Authorization)
        );
        bytes32 id = byAuthorization(d);
        assertStatus(id, Status.Open);
        assertEq(usdc.balanceOf(buyer.addr), 810 * ONE, "buyer");
        assertConserved(id);
    }

    function test_an_authorization_for_other_terms_opens_nothing() external {
        Deal memory d = plainTerms();
        bytes memory given = authorized(d);
        d.fallbackBps = 0;
        bytes memory accept = signDeal(seller, d);
        vm.expectRevert(bytes("FiatTokenV2: invalid signature"));
        escrow.openWithAuthorization(d, given, accept);
    }

    function test_an_authorization_cannot_be_turned_into_a_deposit() external {
        Deal memory d = plainTerms();
        bytes memory given = authorized(d);
        uint256 before = uint256(d.meta.fundBy) + 1;
        bytes32 id = escrow.dealId(d);
        vm.expectRevert(bytes("FiatTokenV2: invalid signature"));
        escrow.depositWithAuthorization(buyer.addr, 190 * ONE, 0, before, id, given);
        byAuthorization(d);
    }

    function test_an_agents_float_is_not_counted_against_its_period_but_its_payee_is_checked() external {
        Deal memory d = terms();
        byAuthorization(d);
        assertEq(mandates.available(buyer.addr, address(escrow)), 1000 * ONE, "period");
        d.buyerPay = stranger.addr;
        bytes memory given = authorized(d);
        bytes memory accept = signDeal(seller, d);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongPrincipal.selector, stranger.addr, buyerPrincipal.addr)
        );
        escrow.openWithAuthorization(d, given, accept);
    }

    function test_both_opening_paths_give_one_deal() external {
        Deal memory d = terms();
        opened(d);
        bytes memory given = authorized(d);
        bytes memory accept = signDeal(seller, d);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.None));
        escrow.openWithAuthorization(d, given, accept);
    }

    function test_contract_wallets_open_on_both_sides() external {
        Deal memory d = plainTerms();
        d.buyer = address(new OwnedWallet(buyer.addr));
        d.seller = address(new OwnedWallet(seller.addr));
        minted(d.buyer, 190 * ONE);
        bytes memory given = walletAuthorization(d);
        bytes32 id = escrow.openWithAuthorization(d, given, signDeal(seller, d));
        assertStatus(id, Status.Open);
    }

    function test_a_wallets_signature_does_not_count_for_its_owner_or_a_twin() external {
        Deal memory d = plainTerms();
        d.seller = address(new OwnedWallet(seller.addr));
        address twin = address(new OwnedWallet(seller.addr));
        bytes memory accept = signDeal(seller, d);
        d.seller = twin;
        bytes memory given = authorized(d);
        expectUnsigned(twin, escrow.dealId(d));
        escrow.openWithAuthorization(d, given, accept);
    }
}
