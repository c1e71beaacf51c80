// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Where a seat stands. A seat never returns to Active; whoever wants back takes a new one.
enum SeatStatus {
    None,
    Active,
    Left, // by notice of its holder or principal
    Suspended, // was silent in an appeal, lost a tenth of its stake
    Slashed, // signed two digests for one slot, lost all of it
    Withdrawn // stake paid back
}

/// One juror's seat. Two storage words.
struct Seat {
    address holder; // signs verdicts
    uint40 joinedAt; // never decreases from one seat to the next
    uint40 leftAt; // when it left, was suspended or slashed; 0 while active
    uint16 provider; // declared model provider, an enum kept off chain
    address principal; // pays the stake in and gets it back
    uint64 stake; // micro-USDC that can still be lost
    SeatStatus status;
}

/// Where an appeal stands.
enum AppealStatus {
    None,
    Requested, // first seven drawn from `round`
    Redrawn, // second seven drawn from `round`, without the first
    Ruled,
    Silent // nobody ruled, the earlier verdict stands
}

/// One appeal against the verdict on one milestone. One storage word.
struct Appeal {
    AppealStatus status;
    uint40 appealedAt; // seats must have joined `seatAge` before
    uint40 seats; // draw over the seats 0 .. seats-1
    uint40 round; // beacon round of the current draw
    uint40 deadline; // first second at which a ruling comes too late
    uint16 sellerBps; // once ruled
    uint8 attempt; // of the verdict under appeal
    uint8 testified; // bit i: the i-th seat of the current draw has put its verdict on chain
    uint8 draw; // 1, or 2 after the redraw
    uint40 firstRound; // beacon round of the first draw if it was drawn before the redraw, else 0
}
