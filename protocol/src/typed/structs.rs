//! The EIP-712 structs: order, names and widths of the fields are what the contracts hash.
//!
//! Deliberately absent: anything that computes.

alloy_sol_types::sol! {
    /// A principal's authority to one agent before one spender contract.
    #[derive(Debug, PartialEq, Eq)]
    struct Mandate {
        address agent;
        address principal;
        address spender;
        bytes32 card;
        uint256 agentId;
        uint64 humanAbove;
        uint64 perPeriod;
        uint32 period;
        uint32 scopes;
        uint40 validFrom;
        uint40 validUntil;
        bytes32 policy;
        uint16 serial;
    }

    /// Burns every serial up to and including this one.
    #[derive(Debug, PartialEq, Eq)]
    struct Revoke {
        address agent;
        address spender;
        uint16 serial;
    }

    /// The principal's yes to one deal above its mandate's threshold.
    #[derive(Debug, PartialEq, Eq)]
    struct Approve {
        bytes32 deal;
        uint40 until;
    }

    /// A mutual NDA; its digest is the NdaId.
    #[derive(Debug, PartialEq, Eq)]
    struct Nda {
        address a;
        address b;
        bytes32 terms;
        uint64 scopes;
        uint40 from;
        uint40 until;
        uint40 destroyBy;
        uint40 anchorBy;
        uint16 jurisdiction;
        uint256 salt;
    }

    /// An agreement that moves no money through the escrow.
    #[derive(Debug, PartialEq, Eq)]
    struct Agreement {
        address a;
        address b;
        bytes32 agreement;
        bytes32 nda;
        uint40 anchorBy;
        uint256 salt;
    }

    /// An allegation that the other side broke the NDA.
    #[derive(Debug, PartialEq, Eq)]
    struct Breach {
        bytes32 nda;
        bytes32 evidence;
    }

    /// An attestation that the signer destroyed what it had to.
    #[derive(Debug, PartialEq, Eq)]
    struct Destroyed {
        bytes32 nda;
        bytes32 attestation;
    }

    /// All terms of a deal; its digest is the DealId.
    #[derive(Debug, PartialEq, Eq)]
    struct Deal {
        address buyer;
        address seller;
        address buyerPay;
        address sellerPay;
        uint256 amounts;
        uint256 amounts2;
        uint256 due;
        bytes32 panel;
        address jury;
        uint40 end;
        uint32 window;
        uint8 quorum;
        uint8 fallback;
        uint16 fallbackBps;
        uint64 juryFee;
        uint64 appealFee;
        uint64 sellerBond;
        uint8 flags;
        Meta meta;
    }

    /// The part of a deal's terms that is fixed for the record.
    #[derive(Debug, PartialEq, Eq)]
    struct Meta {
        bytes32 agreement;
        bytes32 nda;
        bytes32 pact;
        bytes32 panelRequest;
        bytes32 vaults;
        address mandates;
        address reviewer;
        uint40 start;
        uint40 fundBy;
        uint16 kind;
        uint16 jurisdiction;
        uint64 beaconRound;
        uint8 attempt;
        uint256 salt;
    }

    /// The buyer's yes to opening from credit.
    #[derive(Debug, PartialEq, Eq)]
    struct Fund {
        bytes32 deal;
    }

    /// Notice that an unopened deal shall never open.
    #[derive(Debug, PartialEq, Eq)]
    struct Void {
        bytes32 deal;
    }

    /// Ends what is unsettled at a share both sides signed.
    #[derive(Debug, PartialEq, Eq)]
    struct Cancel {
        bytes32 deal;
        uint16 sellerBps;
        uint40 until;
    }

    /// The buyer releases one milestone.
    #[derive(Debug, PartialEq, Eq)]
    struct Release {
        bytes32 deal;
        uint8 milestone;
        bytes32 evidence;
    }

    /// A vault's word that it stores a delivery.
    #[derive(Debug, PartialEq, Eq)]
    struct Receipt {
        bytes32 deal;
        uint8 milestone;
        uint8 attempt;
        bytes32 manifest;
        uint64 size;
        uint40 storedAt;
    }

    /// The panel's judgement of one milestone.
    #[derive(Debug, PartialEq, Eq)]
    struct Verdict {
        bytes32 deal;
        uint8 milestone;
        uint8 round;
        uint8 attempt;
        uint16 sellerBps;
        bytes32 evidence;
        bytes32 votes;
    }

    /// The losing side accepts a verdict before its window ends.
    #[derive(Debug, PartialEq, Eq)]
    struct Consent {
        bytes32 verdict;
    }

    /// A party appeals against a verdict.
    #[derive(Debug, PartialEq, Eq)]
    struct Appeal {
        bytes32 verdict;
        uint40 until;
    }

    /// What one side of a settled deal thinks of the other.
    #[derive(Debug, PartialEq, Eq)]
    struct Rating {
        bytes32 deal;
        int128 value;
        bytes32 feedbackHash;
    }

    /// Takes credit out.
    #[derive(Debug, PartialEq, Eq)]
    struct Withdraw {
        address from;
        address to;
        uint256 nonce;
        uint40 until;
    }

    /// Both sides name the beacon round and the seats before the round exists.
    #[derive(Debug, PartialEq, Eq)]
    struct PanelRequest {
        bytes32 negotiation;
        address jury;
        uint64 beaconRound;
        uint40 seats;
        uint8 size;
        uint8 quorum;
        uint8 attempt;
    }

    /// A juror's yes to a seat on a drawn panel.
    #[derive(Debug, PartialEq, Eq)]
    struct SeatAccept {
        bytes32 request;
        bytes32 ageRecipient;
        uint64 fee;
        uint40 until;
    }

    /// A juror's commitment to a vote that it has not shown yet.
    #[derive(Debug, PartialEq, Eq)]
    struct VoteCommit {
        bytes32 deal;
        uint8 milestone;
        uint8 round;
        uint8 attempt;
        bytes32 commit;
    }

    /// EIP-3009, signed in the domain of USDC itself.
    #[derive(Debug, PartialEq, Eq)]
    struct ReceiveWithAuthorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }
}
