// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Fallback, Rating, Release, Status, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Claim, Encoding, EscrowCalls, Votes} from "./Calls.sol";
import {Court} from "./Court.sol";
import {Tailed} from "./Tailed.sol";

/// @notice The table of intervals in IDealEscrow, row by row: the second before, the second at, the second after each limit.
/// Intervals are half open: at the limit itself the next thing may happen and the former may not. `fundBy` and
/// `until` of a signature include their last second.
contract WindowsTest is Court {
    using EscrowCalls for DealEscrow;
    using Encoding for Deal;

    uint40 private constant DUE = NOW + 1 days;

    function setUp() public override {
        super.setUp();
        deposited(sellerPrincipal.addr, 100 * ONE);
    }

    /// @notice Runs the call in the second before `limit`, at it and after it, each from the same state.
    function check(bytes memory call_, uint256 limit, bool[3] memory taken, bytes4 otherwise) private {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = vm.snapshotState();
            vm.warp(limit - 1 + i);
            (bool done, bytes memory reason) = address(escrow).call(call_);
            assertEq(done, taken[i], string.concat("taken, second ", vm.toString(i)));
            if (!done) assertEq(bytes32(bytes4(reason)), bytes32(otherwise), "reason");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function until(bytes memory call_, uint256 limit, bytes4 otherwise) private {
        check(call_, limit, [true, false, false], otherwise);
    }

    function from(bytes memory call_, uint256 limit, bytes4 otherwise) private {
        check(call_, limit, [false, true, true], otherwise);
    }

    function including(bytes memory call_, uint256 limit, bytes4 otherwise) private {
        check(call_, limit, [true, true, false], otherwise);
    }

    function failCall(Deal memory d) private view returns (bytes memory) {
        Verdict memory v = verdictOn(d, 0, 0);
        return escrow.verdictCall(d, v, votesOf(v, 7));
    }

    function appealCall(Deal memory d, Verdict memory v, uint40 last) private view returns (bytes memory) {
        Votes memory none;
        uint256 plea = uint256(uint160(seller.addr)) | uint256(last) << 160;
        return abi.encodeWithSelector(
            IDealEscrow.appeal.selector,
            d.brief(),
            Encoding.head(v, none, 0, 0),
            v.evidence,
            v.votes,
            plea,
            signAppeal(seller, v, last)
        );
    }

    function test_an_opening_until_fundBy_included() external {
        Deal memory d = terms();
        bytes memory call_ = abi.encodeCall(
            IDealEscrow.openFromMandatedCredit, (d.whole(), signFund(buyer, d), signDeal(seller, d), "")
        );
        including(call_, d.meta.fundBy, IDealEscrow.FundByPassed.selector);
    }

    function test_a_verdict_below_a_full_pass_from_the_due_time_on() external {
        (Deal memory d,) = openedTerms();
        from(failCall(d), DUE, IDealEscrow.TooEarlyToFail.selector);
    }

    function test_a_claim_until_due_and_grace() external {
        (Deal memory d,) = openedTerms();
        Claim memory c = claimOf(d, 0);
        Encoding.Piece memory p;
        p.data = Encoding.packed(c.vaults);
        for (uint256 i = 0; i < 2; ++i) {
            p.data = bytes.concat(p.data, bytes5(c.storedAt[i]));
            Encoding.add(p, c.signatures[i]);
        }
        uint256 head = 2 << 16 | 2 << 24 | 3 << 32 | uint256(c.size) << 64 | p.long << 128;
        bytes memory call_ = Tailed.claim(d.whole(), head, c.manifest, p.data);
        until(call_, DUE + GRACE, IDealEscrow.ClaimTooLate.selector);
    }

    function test_a_timeout_of_what_was_not_claimed_from_due_and_grace() external {
        (Deal memory d,) = openedTerms();
        from(abi.encodeCall(IDealEscrow.timeout, (d.brief(), 0)), DUE + GRACE, IDealEscrow.NotYet.selector);
    }

    function test_a_timeout_of_what_was_claimed_from_the_end() external {
        (Deal memory d,) = openedTerms();
        escrow.claim(d, claimOf(d, 0));
        from(abi.encodeCall(IDealEscrow.timeout, (d.brief(), 0)), d.end, IDealEscrow.NotYet.selector);
    }

    function test_a_timeout_for_principals_one_window_later_also_where_it_is_zero() external {
        for (uint256 i = 0; i < 2; ++i) {
            Deal memory d = terms();
            (d.fallback_, d.window, d.meta.salt) = (uint8(Fallback.Principals), i == 0 ? WINDOW : 0, i);
            opened(d);
            escrow.claim(d, claimOf(d, 0));
            uint256 limit = d.end + (i == 0 ? WINDOW : GRACE);
            from(abi.encodeCall(IDealEscrow.timeout, (d.brief(), 0)), limit, IDealEscrow.NotYet.selector);
        }
    }

    function test_an_appeal_until_the_window_is_over() external {
        (Deal memory d, Verdict memory v) = pending(0);
        until(appealCall(d, v, d.end), DUE + WINDOW, IDealEscrow.WindowOver.selector);
    }

    function test_a_replacement_until_the_window_is_over() external {
        (Deal memory d,) = pending(0);
        Verdict memory v = verdictOn(d, 0, 10_000);
        v.attempt = 1;
        until(escrow.verdictCall(d, v, votesOf(v, 7)), DUE + WINDOW, IDealEscrow.MilestoneSettled.selector);
    }

    function test_a_payout_from_the_end_of_the_window_on() external {
        (Deal memory d,) = pending(5000);
        from(
            abi.encodeCall(IDealEscrow.payout, (d.brief())),
            DUE + WINDOW,
            IDealEscrow.NothingToSettle.selector
        );
    }

    function test_a_release_of_what_is_pending_until_the_window_is_over() external {
        (Deal memory d, Verdict memory v) = pending(0);
        bytes memory signature = signRelease(buyer, Release(v.deal, 0, 0));
        bytes memory call_ =
            abi.encodeWithSelector(IDealEscrow.release.selector, d.brief(), 256, bytes32(0), signature);
        until(call_, DUE + WINDOW, IDealEscrow.MilestoneSettled.selector);
    }

    function test_another_milestones_verdict_from_the_end_of_the_window_on() external {
        (Deal memory d,) = pending(0);
        Verdict memory v = verdictOn(d, 1, 10_000);
        from(escrow.verdictCall(d, v, votesOf(v, 7)), DUE + WINDOW, IDealEscrow.VerdictPending.selector);
    }

    function test_the_earlier_verdict_stands_from_the_appeals_limit_on() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        from(abi.encodeCall(IDealEscrow.rule, (d.brief())), DUE + APPEAL_LIMIT, IDealEscrow.NoRuling.selector);
    }

    function test_jurors_are_paid_from_close_and_grace_on() external {
        Deal memory d = terms();
        d.window = 0;
        opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            judged(d, verdictOn(d, i, 10_000));
        }
        bytes memory call_ = abi.encodeCall(IDealEscrow.payJurors, (d.brief(), Encoding.packed(panel())));
        from(call_, NOW + GRACE, IDealEscrow.NotYet.selector);
    }

    function test_a_cancel_an_appeal_and_a_withdrawal_until_their_last_second_included() external {
        (Deal memory d, Verdict memory v) = pending(0);
        uint40 last = DUE + 100;
        Cancel memory c = Cancel(v.deal, 0, last);
        bytes memory call_ =
            abi.encodeCall(IDealEscrow.cancel, (d.brief(), 0, last, "", signCancel(seller, c)));
        including(call_, last, IDealEscrow.SignatureExpired.selector);

        including(appealCall(d, v, last), last, IDealEscrow.SignatureExpired.selector);

        Withdraw memory w = Withdraw(buyerPrincipal.addr, stranger.addr, 0, last);
        bytes memory signature = signWithdrawal(buyerPrincipal, w);
        including(
            abi.encodeCall(IDealEscrow.withdrawFor, (w, signature)),
            last,
            IDealEscrow.SignatureExpired.selector
        );
    }

    function test_a_rating_from_the_close_on_for_ever() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Rating memory r = Rating(id, 1, 0);
        bytes memory call_ = escrow.rateCall(d, r, buyer.addr, signRating(buyer, r));
        (bool done, bytes memory reason) = address(escrow).call(call_);
        assertFalse(done, "before the close");
        bytes memory open =
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Closed);
        assertEq(reason, open, "reason");
        escrow.cancel(d, Cancel(id, 0, NOW), "", signCancel(seller, Cancel(id, 0, NOW)));
        vm.warp(NOW + 36_500 days);
        (done,) = address(escrow).call(call_);
        assertTrue(done, "a century later");
    }
}
