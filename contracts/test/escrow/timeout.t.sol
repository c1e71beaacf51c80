// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cause, Claim, Deal, Fallback, Status, Verdict} from "../../src/types/Deal.sol";
import {World} from "./World.sol";

/// claim
/// ├── counts with receipts of all but one of the vaults, and at least two
/// └── when it is late, repeated, for other vaults, short of receipts, dated ahead, or a vault is a party
/// timeout
/// ├── unclaimed: refunds from due + grace on
/// ├── claimed: the fallback of the terms from the end on; for principals one window later
/// ├── a verdict is taken until a timeout has executed
/// └── when it is too early, or a verdict is pending
contract TimeoutTest is World {
    uint40 private constant DUE = NOW + 1 days;

    function refused(Deal memory d, Claim memory c, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.claim(d, c);
    }

    function early(Deal memory d, uint8 milestone, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.timeout(d, milestone);
    }

    // --- claim ---

    function test_a_claim_is_recorded_with_its_manifest() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(DUE + GRACE - 1);
        Claim memory c = claimOf(d, 0);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Claimed(id, 0, 0, sha256("manifest"), 1000, 3, c.storedAt);
        escrow.claim(d, c);
        assertEq(escrow.claims(id), 2 days, "seconds after the opening, from one up");
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

    // --- timeout ---

    function test_what_was_not_delivered_is_refunded() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(DUE + GRACE - 1);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.NotYet.selector, DUE + GRACE - 1, DUE + GRACE));
        vm.warp(DUE + GRACE);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Settled(id, 0, Cause.Undelivered, 0, 0, 0, 0, 54 * ONE, 0);
        vm.prank(stranger.addr);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "refunded");
        assertConserved(id);
    }

    function test_what_was_delivered_and_not_judged_falls_back_at_the_end() external {
        (Deal memory d, bytes32 id) = openedTerms();
        escrow.claim(d, claimOf(d, 0));
        vm.warp(d.end - 1);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.NotYet.selector, d.end - 1, d.end));
        vm.warp(d.end);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Settled(id, 0, Cause.Unjudged, 0, 0, 6000, 32_400_000, 21_600_000, 0);
        escrow.timeout(d, 0);
        assertConserved(id);
    }

    function test_principals_have_one_window_more() external {
        Deal memory d = terms();
        d.fallback_ = uint8(Fallback.Principals);
        opened(d);
        escrow.claim(d, claimOf(d, 0));
        vm.warp(d.end);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.NotYet.selector, d.end, d.end + WINDOW));
        vm.warp(d.end + WINDOW);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 32_400_000, "then as a split");
    }

    function test_a_refund_fallback_refunds() external {
        Deal memory d = terms();
        (d.fallback_, d.fallbackBps) = (uint8(Fallback.Refund), 0);
        opened(d);
        escrow.claim(d, claimOf(d, 0));
        vm.warp(d.end);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "refunded");
    }

    function test_a_verdict_is_taken_until_a_timeout_has_executed() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(d.end + 100 days);
        judged(d, verdictOn(d, 0, 10_000));
        early(d, 0, abi.encodeWithSelector(IDealEscrow.VerdictPending.selector, 0, block.timestamp + WINDOW));
        escrow.timeout(d, 1);
        Verdict memory v = verdictOn(d, 1, 10_000);
        bytes memory reason = abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 1);
        (bytes memory call_) = abi.encodeCall(escrow.verdict, (d, v, votesOf(v, 7), "", "", true));
        vm.expectRevert(reason);
        (bool ignored,) = address(escrow).call(call_);
        assertTrue(ignored, "expectRevert turns the outcome around");
        assertStatus(id, Status.Pending);
    }

    function test_either_party_alone_gets_a_silent_deal_to_its_end() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 4 days);
        for (uint8 i = 0; i < 3; ++i) {
            escrow.timeout(d, i);
        }
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 190 * ONE, "everything");
        assertConserved(id);
    }
}
