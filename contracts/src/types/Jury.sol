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
