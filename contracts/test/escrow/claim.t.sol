// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal} from "../../src/types/Deal.sol";
import {Claim, EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// claim
/// ├── counts with receipts of all but one of the vaults, and at least two
/// └── when it is late, repeated, for other vaults, short of receipts, dated ahead, or a vault is a party
contract ClaimTest is World {
    using EscrowCalls for DealEscrow;

    uint40 private constant DUE = NOW + 1 days;

    function refused(Deal memory d, Claim memory c, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.claim(d, c);
    }

    function test_a_claim_is_recorded_with_its_manifest() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(DUE + GRACE - 1);
        Claim memory c = claimOf(d, 0);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Claimed(id, 0, 0, sha256("manifest"), 1000, 3, c.storedAt);
        escrow.claim(d, c);
        assertEq(escrow.claims(id), DUE + GRACE - 1, "when");
        refused(d, c, abi.encodeWithSelector(IDealEscrow.AlreadyClaimed.selector, 0));
    }

    function test_a_claim_after_grace_is_late() external {
        (Deal memory d,) = openedTerms();
        vm.warp(DUE + GRACE);
        bytes memory reason =
            abi.encodeWithSelector(IDealEscrow.ClaimTooLate.selector, DUE + GRACE, DUE + GRACE);
        refused(d, claimOf(d, 0), reason);
    }

    function test_one_receipt_is_too_few() external {
        (Deal memory d,) = openedTerms();
        Claim memory c = claimOf(d, 0);
        bytes[] memory one = new bytes[](1);
        one[0] = c.signatures[0];
        (c.receipts, c.signatures, c.storedAt) = (1, one, new uint40[](1));
        refused(d, c, abi.encodeWithSelector(IDealEscrow.TooFewReceipts.selector, 1, 2));
    }

    function test_receipts_are_by_the_vaults_of_the_terms_and_not_dated_ahead() external {
        (Deal memory d,) = openedTerms();
        Claim memory c = claimOf(d, 0);
        c.storedAt[0] = NOW + 1;
        refused(d, c, abi.encodeWithSelector(IDealEscrow.StoredInFuture.selector, NOW + 1, NOW));
        c = claimOf(d, 0);
        c.signatures[1] = c.signatures[0];
        vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
        escrow.claim(d, c);
        c = claimOf(d, 0);
        c.size = 999;
        vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
        escrow.claim(d, c);
        c.vaults[0] = stranger.addr;
        vm.expectPartialRevert(IDealEscrow.WrongVaults.selector);
        escrow.claim(d, c);
    }

    function test_a_party_is_no_vault() external {
        vaults[0] = buyerPrincipal.addr < vaults[1].addr ? buyerPrincipal : vaults[0];
        vaults[1] = buyerPrincipal.addr < vaults[1].addr ? vaults[1] : buyerPrincipal;
        (Deal memory d,) = openedTerms();
        refused(
            d, claimOf(d, 0), abi.encodeWithSelector(IDealEscrow.VaultIsParty.selector, buyerPrincipal.addr)
        );
    }
}
