// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status} from "../../src/types/Deal.sol";
import {DealSlot, Slot} from "../../src/types/DealSlot.sol";
import {Proof} from "./Proof.sol";

/// @notice For every word and every value that fits: a field keeps what is set, and nothing else in the word changes.
contract SlotProof is Proof {
    function keeps(uint256 word, Slot s, uint256 from, uint256 bits, uint256 value) private pure {
        uint256 mask = ((uint256(1) << bits) - 1) << from;
        assert(s.word() & mask == value << from);
        assert(s.word() & ~mask == word & ~mask);
    }

    function check_status_and_ratings_keep_what_is_set(uint256 word, uint8 rated) external pure {
        vm.assume(rated < 4);
        Slot s = DealSlot.hold(word);
        s.setStatus(Status.Closed);
        keeps(word, s, 0, 8, uint256(Status.Closed));
        assert(s.status() == Status.Closed);
        s = DealSlot.hold(word);
        s.setRated(rated);
        keeps(word, s, 16, 2, rated);
        assert(s.rated() == rated);
    }

    function check_a_settlement_moves_from_left_to_held_and_sets_its_bit(
        uint256 word,
        uint8 milestone,
        uint64 amount
    ) external pure {
        Slot s = DealSlot.hold(word);
        (uint256 held, uint256 left, uint256 done) = (s.held(), s.left(), s.done());
        vm.assume(milestone < 8 && done >> milestone & 1 == 0);
        vm.assume(amount <= left && held + amount <= type(uint64).max);
        s.settle(milestone, amount);
        assert(s.held() == held + amount && s.left() == left - amount);
        assert(s.done() == done | uint256(1) << milestone);
        uint256 moved = 0xff << 8 | uint256(type(uint128).max) << 104;
        assert(s.word() & ~moved == word & ~moved);
    }

    function check_times_and_money_keep_what_is_set(uint256 word, uint40 time, uint64 amount) external pure {
        Slot s = DealSlot.hold(word);
        s.setStart(time);
        keeps(word, s, 24, 40, time);
        assert(s.start() == time);
        s = DealSlot.hold(word);
        s.setChallengeUntil(time);
        keeps(word, s, 64, 40, time);
        assert(s.challengeUntil() == time);
        s = DealSlot.hold(word);
        s.setHeld(amount);
        keeps(word, s, 104, 64, amount);
        assert(s.held() == amount);
        s = DealSlot.hold(word);
        s.setLeft(amount);
        keeps(word, s, 168, 64, amount);
        assert(s.left() == amount);
    }

    function check_what_was_lost_at_appeals_keeps_what_is_set(uint256 word, bool value) external pure {
        uint256 bit = value ? 1 : 0;
        Slot s = DealSlot.hold(word);
        s.setReserveSpent(value);
        keeps(word, s, 252, 1, bit);
        assert(s.reserveSpent() == value);
        s = DealSlot.hold(word);
        s.setBondSpent(value);
        keeps(word, s, 253, 1, bit);
        assert(s.bondSpent() == value);
        s = DealSlot.hold(word);
        s.setSellerAppealed(value);
        keeps(word, s, 254, 1, bit);
        assert(s.sellerAppealed() == value);
    }

    function check_a_claim_marks_the_word_and_nothing_else_does(uint256 word) external pure {
        Slot s = DealSlot.hold(word);
        assert(s.claimed() == (word >> 255 != 0));
        s.setClaimed();
        keeps(word, s, 255, 1, 1);
        assert(s.claimed());
    }

    function check_a_pending_verdict_is_read_back_and_touches_no_money(
        uint256 word,
        uint8 milestone,
        uint16 bps,
        uint8 attempt,
        uint40 until,
        uint40 time
    ) external pure {
        vm.assume(milestone < 8 && bps <= 10_000 && attempt < 8);
        Slot s = DealSlot.hold(word);
        s.setPending(milestone, bps, attempt, until);
        assert(s.status() == Status.Pending && s.pendingMilestone() == milestone && s.pendingBps() == bps);
        assert(s.attempt() == attempt && s.challengeUntil() == until && s.round() == 0);
        assert(!s.sellerAppealed());
        // done, rated, start, held, left, reserveSpent, bondSpent and the highest bit
        uint256 others = 0x3ff << 8 | uint256(type(uint40).max) << 24 | uint256(type(uint128).max) << 104;
        others |= uint256(3) << 252 | uint256(1) << 255;
        assert(s.word() & others == word & others);
        s.clearPending(time);
        assert(s.status() == Status.Open && s.challengeUntil() == (time < until ? time : until));
        assert(s.word() & others == word & others);
    }

    /// @dev A value that does not fit is refused, never cut off.
    function check_nothing_is_cut_off(uint256 word, uint256 amount) external view {
        try this.setHeld(word, amount) {
            assert(amount <= type(uint64).max);
        } catch {
            assert(amount > type(uint64).max);
        }
    }

    function setHeld(uint256 word, uint256 amount) external pure returns (uint256) {
        Slot s = DealSlot.hold(word);
        s.setHeld(amount);
        return s.word();
    }
}
