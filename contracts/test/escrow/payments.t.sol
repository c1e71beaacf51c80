// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Cause, Deal, Release, Verdict} from "../../src/types/Deal.sol";
import {Vm} from "../base/Vm.sol";
import {Encoding, EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// What a call says of the money that it moves, all of it and in order
/// ├── a settlement whose two shares are all that is paid says so itself
/// ├── where anything else is paid with it, a Paid tells the whole
/// ├── the close tells everything at once
/// ├── what is held is told when it is paid
/// └── what USDC refuses is credited with a mark, and told as paid all the same
contract PaymentsTest is World {
    using EscrowCalls for DealEscrow;

    uint256 private constant REFUSED = 1 << 64;

    Deal private d;
    bytes32 private id;
    Vm.Log[] private logs;
    uint256 private next;

    function setUp() public override {
        super.setUp();
        (d, id) = openedTerms();
    }

    /// @dev One word in the data, or a word and hashes that other tests look at.
    function told(bytes32 topic, uint256 word) private {
        Vm.Log memory log = logs[next++];
        assertEq(log.topics[0], topic, "event");
        assertEq(uint256(bytes32(log.data)), word, "word");
    }

    function credited(address owner, uint256 amount) private {
        assertEq(address(uint160(uint256(logs[next].topics[1]))), owner, "owner");
        assertEq(logs[next].topics[2], id, "deal");
        told(IDealEscrow.Credited.selector, amount);
    }

    function nothingMore() private view {
        assertEq(next, logs.length, "events of the escrow");
    }

    /// @notice The escrow's own events since `vm.recordLogs`.
    function listen() private {
        delete logs;
        next = 0;
        Vm.Log[] memory all = vm.getRecordedLogs();
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i].emitter == address(escrow)) logs.push(all[i]);
        }
    }

    function paid(uint64 toSeller, uint64 toBuyer) private {
        told(IDealEscrow.Paid.selector, uint256(toSeller) | uint256(toBuyer) << 64);
    }

    function closed(uint64 toSeller, uint64 toBuyer, uint64 juryFee) private {
        uint256 amounts = uint256(toSeller) | uint256(toBuyer) << 64 | uint256(juryFee) << 128;
        told(IDealEscrow.Closed.selector, amounts);
    }

    function releasedWord(uint8 milestone, uint64 amount) private pure returns (uint256) {
        return outcome(milestone, Cause.Released, 0, 0, 10_000, [amount, 0]);
    }

    // --- release ---

    function test_a_release_that_is_paid_alone_says_so_itself() external {
        vm.recordLogs();
        released(d, 0, true);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(0, 54 * ONE) | PAID_OUT);
        nothingMore();
    }

    function test_a_held_release_is_told_as_paid_when_it_is() external {
        vm.recordLogs();
        released(d, 0, false);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(0, 54 * ONE));
        nothingMore();
        vm.recordLogs();
        escrow.payout(d);
        listen();
        paid(54 * ONE, 0);
        nothingMore();
    }

    function test_a_release_with_what_was_held_before_is_told_in_a_sum() external {
        released(d, 0, false);
        vm.recordLogs();
        released(d, 1, true);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(1, 63 * ONE));
        paid(117 * ONE, 0);
        nothingMore();
    }

    function test_a_release_that_makes_another_verdict_final_pays_both() external {
        judged(d, verdictOn(d, 1, 10_000));
        vm.warp(NOW + WINDOW);
        vm.recordLogs();
        released(d, 0, true);
        listen();
        told(IDealEscrow.Settled.selector, outcome(1, Cause.Judged, 0, 0, 10_000, [63 * ONE, 0]));
        told(IDealEscrow.Released.selector, releasedWord(0, 54 * ONE));
        paid(117 * ONE, 0);
        nothingMore();
    }

    function test_the_closing_release_tells_all_that_was_paid_at_the_close() external {
        released(d, 0, true);
        released(d, 1, true);
        vm.recordLogs();
        released(d, 2, true);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(2, 63 * ONE));
        closed(63 * ONE, 10 * ONE, 0);
        nothingMore();
    }

    /// @dev Where neither fee nor bond comes back, what is paid at the close is just the last share, and Closed tells it.
    function test_the_close_tells_its_payment_also_where_it_is_the_last_share_alone() external {
        d = terms();
        (d.amounts, d.due, d.juryFee, d.appealFee) = (5 * ONE, 0, 0, 0);
        id = opened(d);
        vm.recordLogs();
        released(d, 0, true);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(0, 5 * ONE));
        closed(5 * ONE, 0, 0);
        nothingMore();
    }

    function test_of_a_releases_head_only_milestone_and_push_are_read() external {
        Release memory r = Release(id, 0, 0);
        bytes memory signature = signRelease(buyer, r);
        uint256 others = type(uint256).max << 9;
        vm.recordLogs();
        escrow.release(Encoding.brief(d), others, 0, signature);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(0, 54 * ONE));
        nothingMore();
        assertEq(slotOf(id).held, 54 * ONE, "held");
    }

    // --- timeout ---

    function test_a_timeout_that_is_paid_alone_says_so_itself() external {
        vm.warp(NOW + 2 days);
        vm.recordLogs();
        escrow.timeout(d, 0);
        listen();
        uint256 refund = outcome(0, Cause.Undelivered, 0, 0, 0, [0, 54 * ONE]);
        told(IDealEscrow.Settled.selector, refund | PAID_OUT);
        nothingMore();
    }

    function test_a_timeout_with_what_was_held_before_is_told_in_a_sum() external {
        released(d, 1, false);
        vm.warp(NOW + 2 days);
        vm.recordLogs();
        escrow.timeout(d, 0);
        listen();
        told(IDealEscrow.Settled.selector, outcome(0, Cause.Undelivered, 0, 0, 0, [0, 54 * ONE]));
        paid(63 * ONE, 54 * ONE);
        nothingMore();
    }

    function test_the_closing_timeout_tells_all_at_the_close() external {
        released(d, 0, true);
        released(d, 1, true);
        vm.warp(NOW + 4 days);
        vm.recordLogs();
        escrow.timeout(d, 2);
        listen();
        told(IDealEscrow.Settled.selector, outcome(2, Cause.Undelivered, 0, 0, 0, [0, 63 * ONE]));
        closed(0, 73 * ONE, 0);
        nothingMore();
    }

    // --- verdict ---

    function consented(Verdict memory v, bool push) private {
        bytes memory buyers = signConsent(buyer, v);
        bytes memory sellers = signConsent(seller, v);
        vm.recordLogs();
        escrow.verdict(d, v, votesOf(v, 21), buyers, sellers, push);
        listen();
    }

    function test_a_verdict_that_waits_tells_until_when_and_no_money() external {
        vm.warp(NOW + 2 days);
        Verdict memory v = verdictOn(d, 1, 4000);
        v.attempt = 7;
        vm.recordLogs();
        escrow.verdict(d, v, votesOf(v, 21), "", "", true);
        listen();
        told(IDealEscrow.Judged.selector, judgement(v, 21, NOW + 2 days + WINDOW, [uint64(0), 0]));
        nothingMore();
    }

    function test_a_verdict_that_is_paid_alone_says_so_itself_with_both_shares() external {
        Verdict memory v = verdictOn(d, 1, 2500);
        v.attempt = 3;
        consented(v, true);
        uint64[2] memory shares = [uint64(15_750_000), 47_250_000];
        told(IDealEscrow.Judged.selector, judgement(v, 21, 0, shares) | PAID_AT_ONCE);
        nothingMore();
    }

    function test_a_verdict_for_the_buyer_alone_is_paid_alone() external {
        Verdict memory v = verdictOn(d, 1, 0);
        consented(v, true);
        told(IDealEscrow.Judged.selector, judgement(v, 21, 0, [0, 63 * ONE]) | PAID_AT_ONCE);
        nothingMore();
    }

    function test_a_held_verdict_is_told_as_paid_when_it_is() external {
        Verdict memory v = verdictOn(d, 1, 2500);
        consented(v, false);
        told(IDealEscrow.Judged.selector, judgement(v, 21, 0, [uint64(15_750_000), 47_250_000]));
        nothingMore();
        vm.recordLogs();
        escrow.payout(d);
        listen();
        paid(15_750_000, 47_250_000);
        nothingMore();
    }

    function test_a_verdict_that_makes_an_earlier_one_final_and_waits_itself_pays_nothing() external {
        judged(d, verdictOn(d, 0, 10_000));
        vm.warp(NOW + WINDOW);
        Verdict memory v = verdictOn(d, 1, 10_000);
        vm.recordLogs();
        judged(d, v);
        listen();
        told(IDealEscrow.Settled.selector, outcome(0, Cause.Judged, 0, 0, 10_000, [54 * ONE, 0]));
        told(IDealEscrow.Judged.selector, judgement(v, 7, NOW + 2 * uint40(WINDOW), [uint64(0), 0]));
        nothingMore();
        assertEq(slotOf(id).held, 54 * ONE, "held");
    }

    function test_the_closing_verdict_tells_the_close_and_then_each_jurors_part() external {
        released(d, 0, true);
        released(d, 1, true);
        Verdict memory v = verdictOn(d, 2, 10_000);
        bytes memory buyers = signConsent(buyer, v);
        vm.recordLogs();
        escrow.verdict(d, v, votesOf(v, 31), buyers, "", true);
        listen();
        told(IDealEscrow.Judged.selector, judgement(v, 31, 0, [63 * ONE, 0]));
        closed(63 * ONE, 9 * ONE, ONE);
        uint256[] memory shares = new uint256[](5);
        for (uint256 i = 0; i < 5; ++i) {
            shares[i] = uint256(uint160(jurors[i].addr)) | 200_000 << 160;
        }
        assertEq(logs[next].topics[0], IDealEscrow.JurorsCredited.selector, "all in one event");
        assertEq(logs[next].topics[1], id, "deal");
        assertEq(logs[next++].data, abi.encode(shares), "each one's part");
        nothingMore();
    }

    function test_a_consent_ends_the_window_and_pays() external {
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        bytes memory buyers = signConsent(buyer, v);
        vm.recordLogs();
        escrow.consent(d, v, buyers, "");
        listen();
        told(IDealEscrow.Settled.selector, outcome(0, Cause.Judged, 0, 0, 10_000, [54 * ONE, 0]));
        paid(54 * ONE, 0);
        nothingMore();
    }

    // --- cancel ---

    function test_a_cancel_tells_each_milestone_and_the_close() external {
        released(d, 1, true);
        Cancel memory c = Cancel(id, 5000, NOW);
        bytes memory buyers = signCancel(buyer, c);
        bytes memory sellers = signCancel(seller, c);
        vm.recordLogs();
        escrow.cancel(d, c, buyers, sellers);
        listen();
        uint64[2] memory shares = [27 * ONE, 27 * ONE];
        told(IDealEscrow.Settled.selector, outcome(0, Cause.Cancelled, 0, 0, 5000, shares));
        shares = [uint64(31_500_000), 31_500_000];
        told(IDealEscrow.Settled.selector, outcome(2, Cause.Cancelled, 0, 0, 5000, shares));
        closed(58_500_000, 68_500_000, 0);
        nothingMore();
    }

    // --- who gets nothing ---

    /// @dev A transfer of nothing would be refused to the barred, and told.
    function test_who_gets_nothing_is_sent_nothing() external {
        blacklisted(buyerPrincipal.addr);
        vm.recordLogs();
        released(d, 0, true);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(0, 54 * ONE) | PAID_OUT);
        nothingMore();
        vm.prank(blacklister.addr);
        usdc.unBlacklist(buyerPrincipal.addr);
        blacklisted(sellerPrincipal.addr);
        vm.warp(NOW + 3 days);
        vm.recordLogs();
        escrow.timeout(d, 1);
        listen();
        told(IDealEscrow.Settled.selector, outcome(1, Cause.Undelivered, 0, 0, 0, [0, 63 * ONE]) | PAID_OUT);
        nothingMore();
    }

    // --- what USDC refuses ---

    function test_what_is_refused_to_either_payee_is_credited_with_a_mark() external {
        blacklisted(sellerPrincipal.addr);
        blacklisted(buyerPrincipal.addr);
        uint64 before = escrow.credit(buyerPrincipal.addr);
        Verdict memory v = verdictOn(d, 1, 2500);
        consented(v, true);
        uint64[2] memory shares = [uint64(15_750_000), 47_250_000];
        told(IDealEscrow.Judged.selector, judgement(v, 21, 0, shares) | PAID_AT_ONCE);
        credited(sellerPrincipal.addr, 15_750_000 | REFUSED);
        credited(buyerPrincipal.addr, 47_250_000 | REFUSED);
        nothingMore();
        assertEq(escrow.credit(sellerPrincipal.addr), 15_750_000, "the seller's credit");
        assertEq(escrow.credit(buyerPrincipal.addr), before + 47_250_000, "the buyer's credit");
        assertConserved(id);
    }

    function test_what_is_refused_comes_to_what_was_refused_before() external {
        blacklisted(sellerPrincipal.addr);
        for (uint8 i = 0; i < 2; ++i) {
            vm.recordLogs();
            released(d, i, true);
            listen();
            uint64 amount = i == 0 ? 54 * ONE : 63 * ONE;
            told(IDealEscrow.Released.selector, releasedWord(i, amount) | PAID_OUT);
            credited(sellerPrincipal.addr, amount | REFUSED);
            nothingMore();
        }
        assertEq(escrow.credit(sellerPrincipal.addr), 117 * ONE, "both");
    }

    function test_what_is_refused_at_the_close_is_in_the_close_and_in_a_credit() external {
        blacklisted(buyerPrincipal.addr);
        released(d, 0, true);
        released(d, 1, true);
        vm.recordLogs();
        released(d, 2, true);
        listen();
        told(IDealEscrow.Released.selector, releasedWord(2, 63 * ONE));
        closed(63 * ONE, 10 * ONE, 0);
        credited(buyerPrincipal.addr, 10 * ONE | REFUSED);
        nothingMore();
    }
}
