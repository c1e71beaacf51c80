// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Deal, Rating, Status, Verdict} from "../../src/types/Deal.sol";
import {Tails} from "../../src/types/Tail.sol";
import {Encoding, EscrowCalls, Votes} from "./Calls.sol";
import {Slot} from "./Slots.sol";
import {Tailed} from "./Tailed.sol";
import {World} from "./World.sol";

/// verdict
/// ├── at once: a full pass with window 0, a pass with the buyer's consent, a fail with the seller's, a split with both
/// ├── else pending: neither share moves until the window is over, then anyone pays it out
/// ├── below a full pass: from the due time on, or with the seller's consent
/// ├── while one is pending: a higher attempt replaces a fail and nothing else does; another milestone waits
/// ├── when the panel is another, unsorted, too small a quorum, or has a party in it
/// └── when a signature is missing, doubled, another's, or for another round
contract VerdictTest is World {
    using EscrowCalls for DealEscrow;

    function passAtOnce() private view returns (Deal memory d) {
        d = terms();
        d.window = 0;
    }

    function refused(Deal memory d, Verdict memory v, bytes memory reason) private {
        Votes memory votes = votesOf(v, 7);
        vm.expectRevert(reason);
        escrow.verdict(d, v, votes, "", "", true);
    }

    // --- at once ---

    function test_a_full_pass_without_a_window_pays_at_once() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Judged(id, judgement(v, 7, 0, [54 * ONE, 0]) | PAID_AT_ONCE, v.evidence, v.votes);
        judged(d, v);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "paid");
        assertConserved(id);
    }

    function test_a_payment_of_more_than_the_verdict_gave_is_told_apart() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        escrow.verdict(d, verdictOn(d, 0, 10_000), votesOf(verdictOn(d, 0, 10_000), 7), "", "", false);
        Verdict memory v = verdictOn(d, 1, 10_000);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Judged(id, judgement(v, 7, 0, [63 * ONE, 0]), v.evidence, v.votes);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Paid(id, 117 * ONE);
        judged(d, v);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 117 * ONE, "paid");
    }

    function test_three_verdicts_close_the_deal_and_pay_everybody_to_the_micro_usdc() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            Verdict memory v = verdictOn(d, i, 10_000);
            escrow.verdict(d, v, votesOf(v, 31), "", "", true);
        }
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 180 * ONE, "seller's payee");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 7 * ONE, "the unused appeal fee");
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(escrow.credit(jurors[i].addr), 600_000, "a fifth of three USDC");
        }
        assertEq(slotOf(id).left, 0, "left");
        assertConserved(id);
    }

    function test_held_verdicts_are_paid_once() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        escrow.verdict(d, v, votesOf(v, 7), "", "", false);
        assertEq(slotOf(id).held, 54 * ONE, "held");
        escrow.payout(d);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "paid");
    }

    function test_consent_of_whoever_loses_settles_at_once() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        escrow.verdict(d, v, votesOf(v, 7), signConsent(buyer, v), "", true);
        v = verdictOn(d, 1, 0);
        escrow.verdict(d, v, votesOf(v, 7), "", signConsent(seller, v), true);
        v = verdictOn(d, 2, 2500);
        escrow.verdict(d, v, votesOf(v, 7), signConsent(buyer, v), signConsent(seller, v), true);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 69_750_000, "54 + 0 + 15.75");
        assertStatus(id, Status.Closed);
        assertConserved(id);
    }

    function test_the_winners_consent_settles_nothing() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        escrow.verdict(d, v, votesOf(v, 7), "", signConsent(seller, v), true);
        assertStatus(id, Status.Pending);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 0, "nothing moved");
    }

    function test_a_consent_that_is_given_has_to_be_good() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 7);
        bytes memory forged = signConsent(stranger, v);
        expectUnsigned(buyer.addr, consentDigest(v));
        escrow.verdict(d, v, votes, forged, "", true);
    }

    function test_a_split_rounds_to_the_payer() external {
        Deal memory d = terms();
        d.amounts = 3;
        d.due = 1 days;
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 5000);
        escrow.verdict(d, v, votesOf(v, 7), signConsent(buyer, v), signConsent(seller, v), true);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 1, "half of three, rounded down");
        assertConserved(id);
    }

    // --- pending ---

    function test_while_pending_neither_share_moves() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 4000));
        Slot memory s = slotOf(id);
        assertStatus(id, Status.Pending);
        assertEq(s.pendingBps, 4000, "pending bps");
        assertEq(s.challengeUntil, NOW + 1 days + WINDOW, "challenge until");
        vm.warp(NOW + 1 days + WINDOW - 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NothingToSettle.selector));
        escrow.payout(d);
        vm.warp(NOW + 1 days + WINDOW);
        vm.prank(stranger.addr);
        escrow.payout(d);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 21_600_000, "seller's share");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 32_400_000, "buyer's share");
        assertConserved(id);
    }

    function test_a_fail_waits_for_grace_where_the_window_is_zero() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 0));
        assertEq(slotOf(id).challengeUntil, NOW + 1 days + GRACE, "challenge until");
    }

    function test_a_fail_before_the_due_time_needs_the_sellers_consent() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days - 1);
        Verdict memory v = verdictOn(d, 0, 9999);
        refused(
            d, v, abi.encodeWithSelector(IDealEscrow.TooEarlyToFail.selector, NOW + 1 days - 1, NOW + 1 days)
        );
        Votes memory votes = votesOf(v, 7);
        escrow.verdict(d, v, votes, "", signConsent(seller, v), true);
        assertStatus(id, Status.Pending);
    }

    function test_a_higher_attempt_replaces_a_pending_fail() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 0));
        Verdict memory corrected = verdictOn(d, 0, 10_000);
        refused(d, corrected, abi.encodeWithSelector(IDealEscrow.AttemptNotHigher.selector, 0, 0));
        corrected.attempt = 1;
        judged(d, corrected);
        Slot memory s = slotOf(id);
        assertEq(s.pendingBps, 10_000, "pending bps");
        assertEq(s.attempt, 1, "attempt");
    }

    function test_a_pending_pass_is_not_replaced() external {
        (Deal memory d,) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 10_000));
        Verdict memory later = verdictOn(d, 0, 0);
        later.attempt = 1;
        refused(d, later, abi.encodeWithSelector(IDealEscrow.PassIsNotReplaced.selector, 0));
    }

    function test_a_replacement_after_the_window_comes_too_late() external {
        (Deal memory d,) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 0));
        vm.warp(NOW + 1 days + WINDOW);
        Verdict memory corrected = verdictOn(d, 0, 10_000);
        corrected.attempt = 1;
        refused(d, corrected, abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
    }

    function test_another_milestones_verdict_waits_and_then_finalises_the_first() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 2 days);
        judged(d, verdictOn(d, 0, 4000));
        uint40 until = NOW + 2 days + WINDOW;
        refused(
            d, verdictOn(d, 1, 10_000), abi.encodeWithSelector(IDealEscrow.VerdictPending.selector, 0, until)
        );
        vm.warp(until);
        judged(d, verdictOn(d, 1, 10_000));
        Slot memory s = slotOf(id);
        assertEq(s.done, 1, "the first is final");
        assertEq(s.pendingMilestone, 1, "the second is pending");
        assertEq(s.held, 21_600_000, "and nothing of it moved");
    }

    // --- the panel ---

    function test_a_panel_is_the_one_of_the_terms_sorted_and_without_parties() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 7);
        (votes.panel[3], votes.panel[4]) = (votes.panel[4], votes.panel[3]);
        bytes32 other = keccak256(abi.encodePacked(votes.panel));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongPanel.selector, other, d.panel));
        escrow.verdict(d, v, votes, "", "", true);

        d.panel = keccak256(abi.encodePacked(votes.panel));
        opened(d);
        v = verdictOn(d, 0, 10_000);
        votes.signatures = votesOf(v, 7).signatures;
        bytes memory unsorted =
            abi.encodeWithSelector(IDealEscrow.UnsortedAddresses.selector, votes.panel[3], votes.panel[4]);
        vm.expectRevert(unsorted);
        escrow.verdict(d, v, votes, "", "", true);

        votes.panel = new address[](1);
        votes.panel[0] = seller.addr;
        d.panel = keccak256(abi.encodePacked(votes.panel));
        opened(d);
        v = verdictOn(d, 0, 10_000);
        (votes.signers, votes.signatures) = (1, new bytes[](1));
        votes.signatures[0] = signCompact(seller, escrow.verdictDigest(v));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.JurorIsParty.selector, seller.addr));
        escrow.verdict(d, v, votes, "", "", true);
    }

    function test_a_panel_has_at_most_thirty_two_members() external {
        Deal memory d = terms();
        Votes memory votes = Votes(new address[](33), 0, new bytes[](3));
        for (uint160 i = 0; i < 33; ++i) {
            votes.panel[i] = address(i + 1);
        }
        (d.panel, d.quorum) = (keccak256(abi.encodePacked(votes.panel)), 17);
        opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.PanelTooLarge.selector, 33, 32));
        escrow.verdict(d, v, votes, "", "", true);
    }

    function test_a_quorum_is_more_than_half() external {
        Deal memory d = terms();
        d.quorum = 2;
        opened(d);
        refused(d, verdictOn(d, 0, 10_000), abi.encodeWithSelector(IDealEscrow.NoMajority.selector, 2, 5));
    }

    function test_two_of_five_are_too_few() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 3);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.TooFewSigners.selector, 2, 3));
        escrow.verdict(d, v, votes, "", "", true);
    }

    function test_each_bit_has_one_good_signature() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 7);
        votes.signers = 15;
        // A bit without its signature: the two addresses that are left are read as one.
        vm.expectRevert(abi.encodeWithSelector(Tails.TailTooShort.selector, 40, 64));
        escrow.verdict(d, v, votes, "", "", true);
        votes.signers = 3;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.TooFewSigners.selector, 2, 3));
        escrow.verdict(d, v, votes, "", "", true);
        votes.signers = 32 | 3;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.SignerOutOfPanel.selector, 35, 5));
        escrow.verdict(d, v, votes, "", "", true);
        votes.signers = 7;
        votes.signatures[2] = votes.signatures[1];
        expectOtherPanel(d, v, votes);
        escrow.verdict(d, v, votes, "", "", true);
    }

    function test_a_verdict_counts_for_its_deal_milestone_and_round_only() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 7);
        v.milestone = 1;
        expectOtherPanel(d, v, votes);
        escrow.verdict(d, v, votes, "", "", true);
        v.milestone = 3;
        refused(d, v, abi.encodeWithSelector(IDealEscrow.NoSuchMilestone.selector, 3, 3));
        v = verdictOn(d, 0, 10_001);
        refused(d, v, abi.encodeWithSelector(IDealEscrow.BpsTooHigh.selector, 10_001, 10_000));
        v = verdictOn(d, 0, 10_000);
        v.round = 1;
        refused(d, v, abi.encodeWithSelector(IDealEscrow.WrongRound.selector, 1, 0));
        v.round = 0;
        v.attempt = 8;
        refused(d, v, abi.encodeWithSelector(IDealEscrow.AttemptOutOfRange.selector, 8, 7));
        v = verdictOn(d, 0, 10_000);
        v.deal = keccak256("other");
        votes = votesOf(v, 7);
        expectOtherPanel(d, verdictOn(d, 0, 10_000), votes);
        escrow.verdict(d, v, votes, "", "", true);
        assertEq(slotOf(id).done, 0, "nothing settled");
    }

    // --- the encoding ---

    function test_a_juror_that_signed_something_else_is_another_panel() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 7);
        votes.signatures[1] = signCompact(jurors[1], escrow.verdictDigest(verdictOn(d, 1, 10_000)));
        expectOtherPanel(d, v, votes);
        escrow.verdict(d, v, votes, "", "", true);
        votes.signatures[1] = signCompact(stranger, escrow.verdictDigest(v));
        expectOtherPanel(d, v, votes);
        escrow.verdict(d, v, votes, "", "", true);
    }

    function test_a_jurors_malleable_signature_is_refused() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 7);
        bytes32 digest = escrow.verdictDigest(v);
        (bytes32 r, uint256 vs) = abi.decode(votes.signatures[1], (bytes32, uint256));
        uint256 n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        uint256 high = n - (vs & type(uint256).max >> 1); // has its own highest bit, which EIP-2098 takes for the parity
        votes.signatures[1] = abi.encode(r, high);
        expectOtherPanel(d, v, votes);
        escrow.verdict(d, v, votes, "", "", true);
        votes.signatures[1] = abi.encode(r, n / 2 + 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.BadSignature.selector, address(0), digest));
        escrow.verdict(d, v, votes, "", "", true);
    }

    function test_a_tail_that_ends_early_is_refused() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Encoding.Piece memory p = Encoding.roll(votesOf(v, 7));
        uint256 head = Encoding.head(v, votesOf(v, 7), 0, p.long);
        bytes memory cut = p.data;
        assembly ("memory-safe") {
            mstore(cut, sub(mload(cut), 1))
        }
        uint256[10] memory brief = Encoding.brief(d);
        vm.expectRevert(abi.encodeWithSelector(Tails.TailTooShort.selector, 19, 20));
        Tailed.sent(address(escrow), Tailed.verdict(brief, Ballot.wrap(head), v.evidence, v.votes, cut));
    }

    function test_bits_that_belong_to_no_field_change_nothing() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        Encoding.Piece memory p = Encoding.roll(votesOf(v, 7));
        uint256 head = Encoding.head(v, votesOf(v, 7), 0, p.long) | uint256(1) << 255;
        uint256[10] memory brief = Encoding.brief(d);
        brief[1] |= uint256(1) << 255;
        brief[4] |= uint256(1) << 255;
        Tailed.sent(address(escrow), Tailed.verdict(brief, Ballot.wrap(head), v.evidence, v.votes, p.data));
        assertEq(slotOf(id).held, 54 * ONE, "held");
    }

    function test_the_closing_verdict_takes_both_ratings_along() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        Verdict memory v;
        for (uint8 i = 0; i < 2; ++i) {
            v = verdictOn(d, i, 10_000);
            escrow.verdict(d, v, votesOf(v, 7), "", "", false);
        }
        Rating[2] memory ratings = [Rating(id, 100, sha256("good")), Rating(id, -90, sha256("fair"))];
        bytes[4] memory signed;
        (signed[2], signed[3]) = (signRating(buyer, ratings[0]), signRating(seller, ratings[1]));
        v = verdictOn(d, 2, 10_000);
        Votes memory votes = votesOf(v, 7);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, 100, sha256("good"));
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, uint128(int128(-90)) | uint256(1) << 128, sha256("fair"));
        escrow.verdictAndRate(d, v, votes, signed, ratings, true);
        assertStatus(id, Status.Closed);
        assertEq(slotOf(id).rated, 3, "rated");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 180 * ONE, "paid");
    }

    function test_a_verdict_that_does_not_close_takes_no_ratings() external {
        Deal memory d = passAtOnce();
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        Rating[2] memory ratings = [Rating(id, 100, 0), Rating(id, 90, 0)];
        bytes[4] memory signed;
        (signed[2], signed[3]) = (signRating(buyer, ratings[0]), signRating(seller, ratings[1]));
        Votes memory votes = votesOf(v, 7);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Closed));
        escrow.verdictAndRate(d, v, votes, signed, ratings, true);
    }

    function test_a_split_by_any_share_pays_everything_out(uint16 bps) external {
        bps = uint16(bound(bps, 0, 10_000));
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 1, bps);
        escrow.verdict(d, v, votesOf(v, 7), signConsent(buyer, v), signConsent(seller, v), true);
        uint256 paid = usdc.balanceOf(sellerPrincipal.addr) + usdc.balanceOf(buyerPrincipal.addr);
        assertEq(paid, 63 * ONE, "paid");
        assertConserved(id);
    }
}
