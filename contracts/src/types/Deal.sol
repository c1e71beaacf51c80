// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// The part of a deal's terms that is fixed for the record and rarely read after the opening.
/// Field order and widths are the EIP-712 type `Meta`; every hash is over a paper that carries a random salt.
struct Meta {
    bytes32 agreement; // SHA-256 id of the signed agreement
    bytes32 nda; // NdaId, the digest under which the parties spoke
    bytes32 pact; // the clauses that jurors judge by
    bytes32 panelRequest; // digest of the PanelRequest that both sides signed before the beacon round existed
    bytes32 vaults; // hash of the sorted vault addresses, see Hashes.addresses
    address mandates; // the Mandates contract that speaks for mandated sides; must be the escrow's own
    address reviewer; // a person named for review outside the chain; has no power here
    uint40 start; // unix seconds; due offsets count from here
    uint40 fundBy; // last second at which the deal may be opened
    uint16 kind;
    uint16 jurisdiction;
    uint64 beaconRound;
    uint8 attempt; // which of the request's draws (0, 1, 2) gave the panel
    uint256 salt;
}

/// All terms of a deal, as both sides sign them. The EIP-712 digest of this struct is the deal's id.
/// The EIP-712 name of `fallback_` is `fallback`, which Solidity reserves.
struct Deal {
    address buyer; // account that signs for the buying side
    address seller; // account that signs for the selling side
    address buyerPay; // where refunds go; the principal when the buyer is mandated
    address sellerPay; // where payments go; the principal when the seller is mandated
    uint256 amounts; // micro-USDC of milestones 0-3, four uint64, milestone 0 in the lowest bits
    uint256 amounts2; // milestones 4-7
    uint256 due; // eight uint32 second offsets from `meta.start`, milestone 0 in the lowest bits
    bytes32 panel; // hash of the sorted juror addresses, see Hashes.addresses
    address jury; // the JuryPool that hears appeals
    uint40 end; // unix seconds; from here on delivered but unjudged milestones fall back
    uint32 window; // seconds in which a verdict may be appealed; 0: a full pass pays at once
    uint8 quorum; // juror signatures that make a verdict; more than half of the panel
    uint8 fallback_; // Fallback
    uint16 fallbackBps; // the seller's share when Fallback.Split or Fallback.Principals applies
    uint64 juryFee; // micro-USDC for the first panel, shared over the milestones, paid by the buyer
    uint64 appealFee; // micro-USDC deposit of one appeal; the buyer's reserve holds as much
    uint64 sellerBond; // micro-USDC the seller puts down at opening, returned at close
    uint8 flags; // BUYER_MANDATED, SELLER_MANDATED
    Meta meta;
}

// The buyer is an agent; `buyerPay` is its principal in `meta.mandates`.
uint8 constant BUYER_MANDATED = 1;
// The seller is an agent; `sellerPay` is its principal in `meta.mandates`.
uint8 constant SELLER_MANDATED = 2;

/// What happens to a milestone that was delivered and that no quorum ever judged, from `end` on.
enum Fallback {
    Refund, // all to the buyer
    Split, // `fallbackBps` to the seller
    Principals // both sides have one more window to sign a Cancel, then as Split
}

/// Where a deal stands. Only forward: None to Open or Void; Open, Pending and Appealed among each other; then Closed.
enum Status {
    None,
    Open,
    Pending, // a verdict waits for the end of its window
    Appealed, // the pending verdict is before the appeal panel
    Closed,
    Void // a party gave notice before the opening; the id can never open
}

/// Where the opening money came from.
enum Source {
    Authorization, // EIP-3009, the buyer's own balance
    Credit, // the buyer's own credit in the escrow
    Mandate // the credit of the buyer's principal
}

/// Why a milestone was settled.
enum Cause {
    Released, // the buyer signed
    Judged, // a first-panel verdict became final
    Ruled, // the appeal panel decided
    Cancelled, // signed by whoever gave something up
    Undelivered, // no claim by the due date and grace
    Unjudged // claimed, no quorum, the fallback of the terms
}

/// How an appeal ended.
enum AppealEnd {
    Ruled, // a panel of the jury decided
    Silent, // drawn, redrawn, nobody ruled: the earlier verdict stands
    Abandoned, // never brought before the jury in time: the earlier verdict stands and the deposit goes to the other side
    Settled // the parties settled the milestone while it was under appeal
}

struct Release {
    bytes32 deal;
    uint8 milestone;
    bytes32 evidence;
}

struct Cancel {
    bytes32 deal;
    uint16 sellerBps;
    uint40 until;
}

struct Receipt {
    bytes32 deal;
    uint8 milestone;
    uint8 attempt;
    bytes32 manifest;
    uint64 size;
    uint40 storedAt;
}

/// `round` 0 is the first panel; 1 the appeal panel; 2 the appeal panel after the one redraw.
struct Verdict {
    bytes32 deal;
    uint8 milestone;
    uint8 round;
    uint8 attempt; // 0 to 7
    uint16 sellerBps;
    bytes32 evidence;
    bytes32 votes; // hash of the commit and reveal transcript
}

struct Rating {
    bytes32 deal;
    int128 value;
    bytes32 feedbackHash;
}

struct Withdraw {
    address from;
    address to;
    uint256 nonce;
    uint40 until;
}
