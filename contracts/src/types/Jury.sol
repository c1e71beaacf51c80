// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Where an appeal stands.
enum AppealStatus {
    None,
    Requested, // first seven drawn from `round`
    Redrawn, // second seven drawn from `round`, without the first
    Ruled, // and settled in the escrow, in the same call
    Silent // nobody ruled, the earlier verdict stands
}

/// One appeal against the verdict on one milestone. One storage word.
struct Appeal {
    AppealStatus status;
    uint40 appealedAt; // seats must have joined `seatAge` before
    uint40 seats; // draw over the seats 0 .. seats-1
    uint40 round; // beacon round of the current draw
    uint40 deadline; // first second at which a ruling comes too late
    uint8 attempt; // of the verdict under appeal
    uint8 testified; // bit i: the i-th seat of the current draw has put its verdict on chain
    uint8 draw; // 1, or 2 after the redraw
    uint40 firstRound; // beacon round of the first draw if it was drawn before the redraw, else 0
}

/// The word itself, as a call reads it once and works with it. From the lowest bit up the fields of Appeal: status 8,
/// appealedAt 40, seats 40, round 40, deadline 40, attempt 8, testified 8, draw 8, firstRound 40.
type AppealWord is uint256;

using AppealWords for AppealWord global;

/// @title The fields of an appeal's word
library AppealWords {
    uint256 private constant FROM_SECOND_DRAW =
        ~(uint256(type(uint80).max) << 88 | uint256(type(uint56).max) << 176);

    /// @notice The first draw of an appeal.
    function requested(
        uint256 appealedAt_,
        uint256 seats_,
        uint256 round_,
        uint256 deadline_,
        uint256 attempt_
    ) internal pure returns (AppealWord) {
        uint256 word = uint256(AppealStatus.Requested) | appealedAt_ << 8 | seats_ << 48 | round_ << 88;
        return AppealWord.wrap(word | deadline_ << 128 | attempt_ << 168 | 1 << 184);
    }

    /// @notice The second draw, for which nobody has testified yet. `firstRound_` is 0 where the first was never drawn.
    function redrawn(AppealWord w, uint256 round_, uint256 deadline_, uint256 firstRound_)
        internal
        pure
        returns (AppealWord)
    {
        uint256 kept = AppealWord.unwrap(becomes(w, AppealStatus.Redrawn)) & FROM_SECOND_DRAW;
        return AppealWord.wrap(kept | round_ << 88 | deadline_ << 128 | 2 << 184 | firstRound_ << 192);
    }

    function becomes(AppealWord w, AppealStatus next) internal pure returns (AppealWord) {
        return AppealWord.wrap(AppealWord.unwrap(w) >> 8 << 8 | uint256(next));
    }

    /// @notice The same after the seat at `index` of the draw has testified.
    function heard(AppealWord w, uint256 index) internal pure returns (AppealWord) {
        return AppealWord.wrap(AppealWord.unwrap(w) | 1 << 176 + index);
    }

    function isAt(AppealWord w, AppealStatus wanted) internal pure returns (bool) {
        return AppealWord.unwrap(w) & 0xff == uint256(wanted);
    }

    function appealedAt(AppealWord w) internal pure returns (uint256) {
        return AppealWord.unwrap(w) >> 8 & type(uint40).max;
    }

    function seats(AppealWord w) internal pure returns (uint256) {
        return AppealWord.unwrap(w) >> 48 & type(uint40).max;
    }

    function round(AppealWord w) internal pure returns (uint64) {
        return uint40(AppealWord.unwrap(w) >> 88);
    }

    function deadline(AppealWord w) internal pure returns (uint40) {
        return uint40(AppealWord.unwrap(w) >> 128);
    }

    function attempt(AppealWord w) internal pure returns (uint256) {
        return AppealWord.unwrap(w) >> 168 & 0xff;
    }

    /// @notice Whether the seat at `index` of the draw has testified.
    function hasHeard(AppealWord w, uint256 index) internal pure returns (bool) {
        return AppealWord.unwrap(w) >> 176 + index & 1 != 0;
    }

    function draw(AppealWord w) internal pure returns (uint256) {
        return AppealWord.unwrap(w) >> 184 & 0xff;
    }

    function firstRound(AppealWord w) internal pure returns (uint64) {
        return uint40(AppealWord.unwrap(w) >> 192);
    }

    function fields(AppealWord w) internal pure returns (Appeal memory) {
        return Appeal({
            status: AppealStatus(AppealWord.unwrap(w) & 0xff),
            appealedAt: uint40(appealedAt(w)),
            seats: uint40(seats(w)),
            round: uint40(round(w)),
            deadline: deadline(w),
            attempt: uint8(attempt(w)),
            testified: uint8(AppealWord.unwrap(w) >> 176),
            draw: uint8(draw(w)),
            firstRound: uint40(firstRound(w))
        });
    }
}
