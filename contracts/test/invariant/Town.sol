// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status} from "../../src/types/Deal.sol";
import {Seat} from "../../src/types/Seat.sol";
import {DealSlot, Slot} from "../escrow/Slots.sol";
import {Dice} from "./Cast.sol";
import {Leaky, Warrant} from "./Leaky.sol";
import {Page} from "./Page.sol";
import {Weather} from "./Weather.sol";

/// @title A town in which everything happens, and the sentences that stay true in it
/// @notice The escrow's invariants E1 to E22. Some hold at every act, where what the rules allow and what the contract does
/// are compared; the others are here, over what the contracts keep. Where the rules of a deal go further than the
/// first wording, the sentence is theirs:
///
/// | | as it is checked |
/// |--:|---|
/// | E1 | equality: what was sent without a word is known and never counts |
/// | E2 | the pots of a deal and all it ever paid are what was ever brought, appeal deposits included |
/// | E3 | milestones, ratings and payments only grow; an opening happens once |
/// | E4 | a closed deal keeps only the first panel's fee, a void one nothing, and neither moves on |
/// | E5 | None to Open or Void; Open, Pending, Appealed among each other; then Closed |
/// | E6 | a share goes to the seller by the buyer's signature, a verdict whose window is over or that its loser accepts, or a ruling |
/// | E7 | a share goes back by the seller's signature, a verdict or ruling, or by time, which waits while no jury could be heard; silence never beats a verdict |
/// | E8 | a stranger alone brings every deal to its end, with one call per milestone, one for an appeal and one for the jurors |
/// | E9 | money reaches payees of the terms, jurors, and whom a withdrawal names; the stranger who calls gets nothing |
/// | E10 | an id is the EIP-712 digest worked out apart, opens at most once and never after notice |
/// | E11 | a rating, a withdrawal, a serial, a double signature count once |
/// | E12 | an account's credit changes only by its own acts and payments to it |
/// | E13 | the blacklist turns payments to the barred into credit, and nothing else |
/// | E14 | shares add up to the milestone, rounded to the payer; jurors get no more than the fee |
/// | E15 | every limit to the second: windows, claims, rounds, deadlines; nothing extends a window |
/// | E16 | code and constants do not change (selectors are searched elsewhere) |
/// | E17 | the token is the one of the constructor, and what is booked is what came |
/// | E18 | the word is what the calls that went through make of it; that events say the same is tested elsewhere |
/// | E19 | eight milestones, at most 32 members; gas is bounded |
/// | E20 | a quorum of distinct members; courts are old enough, distinct, nobody's party, and different after a redraw |
/// | E21 | a hostile token: its own world, `HostileToken` |
/// | E22 | every call comes from a stranger, and batches never couple deals |
contract Town is Weather {
    using DealSlot for uint256;
    using Leaky for Warrant;

    bytes32 private codes;

    constructor(bool strict_) {
        strict = strict_;
        setUp();
        codes = _codes();
        for (uint256 i = 0; i < 3; ++i) {
            _open(Dice(i + (strict_ ? 100 : 200)));
        }
        assertTrue(pages.length != 0, "the first deals opened");
    }

    function reachedSoFar() external view returns (uint256[34] memory) {
        return reached;
    }

    // --- over everything, after each act ---

    function E01_the_escrow_has_what_it_owes() public view {
        uint256 locked;
        for (uint256 i = 0; i < pages.length; ++i) {
            locked += lockedIn(pages[i]);
        }
        uint256 has = usdc.balanceOf(address(escrow));
        assertEq(has, locked + creditTotal + donated, "E01 the escrow has what it owes");
    }

    /// @notice Of the deals that the last act touched and one other; at the end of a run of all.
    function E02_to_E18_deals_are_as_the_books_say() external view {
        _looked(touched);
    }

    function E13_E22_every_deal_is_as_the_books_say() public view {
        _looked(ALL);
    }

    function _looked(uint256 which) private view {
        for (uint256 i = 0; i < pages.length; ++i) {
            if (which >> i & 1 == 0) continue;
            Page storage p = pages[i];
            Slot memory s = escrow.dealOf(p.id).unpack();
            _E02_what_came_is_there_or_paid(p, s);
            _E03_what_is_done_stays_done(p, s);
            _E04_an_ended_deal_holds_nothing(p, s);
            _E05_a_deal_is_where_its_acts_brought_it(p, s);
            _E15_windows_are_to_the_second(p, s);
        }
    }

    function _E02_what_came_is_there_or_paid(Page storage p, Slot memory s) private view {
        assertEq(s.held, p.forSeller, "E02 settled for the seller and not paid");
        assertEq(s.held + s.left, lockedIn(p), "E02 all that the deal holds");
        uint256 paid = uint256(p.toSeller) + p.toBuyer + p.toJurors;
        assertEq(lockedIn(p) + paid, p.brought, "E02 brought is locked or paid");
    }

    function _E03_what_is_done_stays_done(Page storage p, Slot memory s) private view {
        assertEq(s.done, p.done, "E03 settled milestones");
        assertEq(s.rated, p.rated, "E03 ratings");
        assertEq(s.start, p.start, "E03 opened once");
        assertEq(s.claimed, p.claimed != 0, "E03 claimed");
    }

    function _E04_an_ended_deal_holds_nothing(Page storage p, Slot memory s) private view {
        if (p.status != Status.Closed && p.status != Status.Void) return;
        assertEq(s.held, 0, "E04 nothing waits for the seller of an ended deal");
        assertEq(s.left, p.fees, "E04 only the first panel's fee waits in an ended deal");
        assertLe(p.fees, p.terms.juryFee, "E14 jurors get no more than the fee");
    }

    function _E05_a_deal_is_where_its_acts_brought_it(Page storage p, Slot memory s) private view {
        assertEq(uint256(s.status), uint256(p.status), "E05 status");
        assertEq(s.pendingMilestone, p.milestone, "E05 pending milestone");
        assertEq(s.pendingBps, p.bps, "E05 pending share");
        assertEq(s.attempt, p.attempt, "E05 pending attempt");
        assertEq(s.sellerAppealed, p.bySeller, "E05 appellant");
    }

    function _E15_windows_are_to_the_second(Page storage p, Slot memory s) private view {
        uint256 until = p.until;
        if (p.status == Status.Appealed) until = p.appealedAt;
        if (p.status == Status.Closed) until = p.closedAt + GRACE;
        assertEq(s.challengeUntil, until, "E15 the window");
    }

    // --- over everybody, once per run ---

    function E04_ended_deals_never_move() external view {
        for (uint256 i = 0; i < ended.length; ++i) {
            assertEq(escrow.dealOf(ended[i]), endedWord[ended[i]], "E04 an ended deal never moves");
        }
    }

    function E09_E12_E13_everybody_has_its_own() public view {
        for (uint256 i = 0; i < known.length; ++i) {
            address who = known[i];
            assertEq(usdc.balanceOf(who), cash[who], "E09 USDC went where it was owed");
            assertEq(escrow.credit(who), credits[who], "E12 credit is its owner's");
            assertEq(jury.owed(who), owed[who], "E09 the jury owes whom it said");
        }
        assertEq(
            usdc.balanceOf(address(jury)), stakeTotal() + owedTotal + pot, "E01 the jury has what it owes"
        );
        assertEq(jury.pot(), pot, "E02 the pot");
        assertEq(jury.seatCount(), holders.length, "E03 seats are only added");
        for (uint40 i = 0; i < holders.length; ++i) {
            Seat memory seat = jury.seatOf(i);
            assertEq(seat.stake, stakes[i], "E03 stakes");
            assertEq(uint256(seat.status), uint256(seatStatus[i]), "E05 seats");
            assertEq(seat.leftAt, leftAt[i], "E03 a seat leaves once");
        }
    }

    function E11_nobody_spends_beyond_its_mandate() public view {
        for (uint256 i = 0; i < 2; ++i) {
            address agent = i == 0 ? buyer.addr : seller.addr;
            Warrant storage w = warrants[agent];
            (, uint40 validUntil,, uint16 serial,, uint64 perPeriod,,,) =
                mandates.mandateOf(agent, address(escrow));
            assertEq(serial, w.serial, "E11 the highest serial");
            assertEq(validUntil, w.validUntil, "E11 a revoked mandate stays revoked");
            assertEq(perPeriod, w.perPeriod, "E11 the limit in force");
            uint256 left = mandates.available(agent, address(escrow));
            if (block.timestamp >= w.validUntil) {
                assertEq(left, 0, "E11 nothing without a mandate");
            } else {
                uint256 counted = w.counted();
                uint256 room = uint256(w.perPeriod) * Leaky.PERIOD;
                room = counted > room ? 0 : room - counted;
                assertLe(left * Leaky.PERIOD, room, "E11 no more than the period leaves");
                assertLe(room, (left + w.rounded + 1) * Leaky.PERIOD, "E11 and no less");
            }
        }
    }

    function E16_E17_nothing_about_the_contracts_changes() public view {
        assertEq(_codes(), codes, "E16 code");
        assertEq(escrow.usdc(), address(usdc), "E17 the token");
        assertEq(escrow.mandates(), address(mandates), "E16 the mandates");
        assertEq(jury.escrow(), address(escrow), "E16 the jury's escrow");
    }

    function _codes() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(address(escrow).codehash, address(jury).codehash, address(mandates).codehash)
            );
    }

    /// @notice Time passes and a stranger acts, whatever the weather. Then everybody takes its credit home.
    function E08_nothing_is_stuck() external {
        for (uint256 i = 0; i < pages.length; ++i) {
            if (isLive(pages[i])) _end(pages[i]);
        }
        E01_the_escrow_has_what_it_owes();
        E13_E22_every_deal_is_as_the_books_say();
        for (uint256 i = 0; i < pages.length; ++i) {
            Page storage p = pages[i];
            if (p.status != Status.Closed || p.fees == 0) continue;
            if (block.timestamp < p.closedAt + GRACE) vm.warp(p.closedAt + GRACE);
            _payJurors(p, panel(), true);
            assertEq(lockedIn(p), 0, "E08 jurors are paid");
        }
        _clearUp();
        for (uint256 i = 0; i < known.length; ++i) {
            address who = known[i];
            uint64 amount = uint64(credits[who]);
            if (amount == 0) continue;
            vm.prank(who);
            escrow.withdraw(who, amount);
            _withdrawn(who, who, amount);
        }
        assertEq(usdc.balanceOf(address(escrow)), donated, "E08 in the end the escrow is empty");
        E09_E12_E13_everybody_has_its_own();
    }

    /// @dev At the latest moment that the terms and the limits know of.
    function _end(Page storage p) private {
        uint256 latest = p.terms.end + windowOf(p);
        if (p.status == Status.Pending && p.until > latest) latest = p.until;
        if (p.status == Status.Appealed && p.appealedAt + APPEAL_LIMIT > latest) {
            latest = p.appealedAt + APPEAL_LIMIT;
        }
        if (block.timestamp < latest) vm.warp(latest);
        if (p.status == Status.Appealed) _settleAppeal(p);
        if (isLive(p) && _canPayOut(p)) _payout(p);
        if (block.timestamp < p.until + GRACE) vm.warp(p.until + GRACE);
        for (uint8 m = 0; m < p.count && isLive(p); ++m) {
            if (!isDone(p, m)) _timeout(p, m);
        }
        assertTrue(p.status == Status.Closed, "E08 a stranger brings every deal to its end");
    }
}
