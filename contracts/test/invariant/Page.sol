// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal, Status} from "../../src/types/Deal.sol";

/// What is known of one deal from what was asked and allowed. Money is in pots, which only move into each other, to a
/// payee, or to jurors.
struct Page {
    bytes32 id;
    uint8 buyer; // which of the buying sides
    uint8 seller;
    uint8 count; // of milestones
    Status status;
    uint8 done; // bit i: milestone i is settled
    uint8 rated;
    uint8 claimed;
    uint8 milestone; // of the pending verdict, as the next five
    uint8 attempt;
    uint16 bps;
    bool bySeller; // who appealed
    uint40 until; // or until when the last one waited or was under appeal
    uint40 appealedAt;
    uint40 closedAt;
    uint40 start; // of Meta
    uint64 open; // pot: milestones that are not settled
    uint64 forSeller; // pot: settled and not paid
    uint64 forBuyer;
    uint64 fees; // pot: the first panel's
    uint64 reserve; // pot: the buyer's appeal deposit
    uint64 bond; // pot: the seller's
    uint64 deposit; // pot: of the seller's appeal that is open
    uint64 brought; // ever paid in
    uint64 toSeller; // ever paid out
    uint64 toBuyer;
    uint64 toJurors;
    uint32[8] signers; // of the accepted verdict, as the next two
    uint8[8] judgedAttempt;
    uint16[8] judgedBps;
    Deal terms;
}

/// States that a campaign must really get into.
enum Reached {
    Opened,
    OpenedByAuthorization,
    OpenedFromCredit,
    OpenedFromMandate,
    EightMilestones,
    Voided,
    Released,
    ReleasedPartly,
    Cancelled,
    Pending,
    Replaced,
    Final,
    AtOnce,
    Consented,
    Cosigned,
    TimedOut,
    FellBack,
    Appealed,
    Redrawn,
    Ruled,
    Overturned,
    Silent,
    Abandoned,
    SettledUnderAppeal,
    Closed,
    JurorsPaid,
    CreditedInsteadOfPaid,
    Slashed,
    Suspended,
    MandateSpent,
    MandateRefused,
    Withdrawn,
    BatchItemFailed,
    Refused
}
