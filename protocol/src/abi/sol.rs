//! The contracts as the EVM sees them: structs, events, errors and the calls that a node makes.
//!
//! The macro has to see every struct that a signature names, so those that are signed stand here
//! once more, as mere shapes: outside of this folder they are the types of [`crate::typed`]. A test
//! holds all of it against the ABI that the contracts' build commits: same selectors, same topics.
//! What each call does and when it reverts is written in the contracts' own interfaces.
//!
//! Deliberately absent: views that only tests and wallets read, and bytecode.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives = true)]

    enum Fallback { Refund, Split, Principals }

    enum Status { None, Open, Pending, Appealed, Closed, Void }

    enum Source { Authorization, Credit, Mandate }

    enum Cause { Released, Judged, Ruled, Cancelled, Undelivered, Unjudged }

    enum AppealEnd { Ruled, Silent, Abandoned, Settled }

    struct Verdict {
        bytes32 deal;
        uint8 milestone;
        uint8 round;
        uint8 attempt;
        uint16 sellerBps;
        bytes32 evidence;
        bytes32 votes;
    }

    struct Withdraw {
        address from;
        address to;
        uint256 nonce;
        uint40 until;
    }

    /// Signatures of panel members over one verdict, before they are packed.
    struct Votes {
        /// All members, ascending.
        address[] panel;
        /// Bit i: the i-th member signed.
        uint256 signers;
        /// In the order of the bits.
        bytes[] signatures;
    }

    /// A delivery as the vaults hold it, before it is packed.
    struct Claim {
        uint8 milestone;
        uint8 attempt;
        bytes32 manifest;
        uint64 size;
        /// All named vaults, ascending.
        address[] vaults;
        /// Bit i: the i-th vault signed.
        uint256 receipts;
        /// One per receipt, in the order of the bits.
        uint40[] storedAt;
        /// Likewise.
        bytes[] signatures;
    }

    /// Who has a seat of the jury pool, which keeps only a hash of it.
    struct Sitter {
        /// Signs verdicts.
        address holder;
        /// Paid the stake.
        address principal;
    }

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

    struct Revoke {
        address agent;
        address spender;
        uint16 serial;
    }

    struct Approve {
        bytes32 deal;
        uint40 until;
    }

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

    struct Agreement {
        address a;
        address b;
        bytes32 agreement;
        bytes32 nda;
        uint40 anchorBy;
        uint256 salt;
    }

    struct Breach {
        bytes32 nda;
        bytes32 evidence;
    }

    struct Destroyed {
        bytes32 nda;
        bytes32 attestation;
    }

    interface IMandates {
        event Granted(
            address indexed agent, address indexed principal, address indexed spender,
            uint256[6] mandate, uint64 spent
        );
        event Revoked(
            address indexed agent, address indexed principal, address indexed spender, uint16 serial
        );
        event Spent(
            address indexed agent, address indexed principal, bytes32 indexed deal, uint256 spend
        );
        error ZeroAddress();
        error AgentIsPrincipal(address account);
        error NoPeriod();
        error SerialTooLow(uint16 serial, uint16 highest);
        error NotYetValid(uint40 validFrom, uint256 timestamp);
        error Expired(uint40 validUntil, uint256 timestamp);
        error BadSignature(address signer, bytes32 digest);
        error ServesAnother(address agent, address principal);
        error NoMandate(address agent, address spender);
        error WrongPrincipal(address named, address mandated);
        error OutOfScope(uint32 wanted, uint32 scopes);
        error OverPeriod(uint256 spent, uint64 perPeriod);
        error ApprovalMissing(uint64 amount, uint64 humanAbove);
        error ApprovalExpired(uint40 until, uint256 timestamp);
        function grant(
            bytes calldata principalSignature, bytes calldata agentSignature,
            uint256[6] calldata mandate
        ) external;
        function revoke(Revoke calldata r, address principal, bytes calldata signature) external;
        function spend(
            address agent, address principal, uint32 scope, bytes32 deal, uint64 amount,
            bytes calldata approval
        ) external;
        function principalOf(address agent, address spender, uint32 scope) external view returns (address);
        function mandateOf(
            address agent, address spender
        ) external view returns (
            address principal, uint40 validUntil, uint32 scopes, uint16 serial, uint64 humanAbove,
            uint64 perPeriod, uint32 period, uint64 spent, uint40 spentAt
        );
        function available(address agent, address spender) external view returns (uint64);
        function burntSerial(
            address principal, address agent, address spender
        ) external view returns (uint16);
    }

    interface IAccords {
        event Anchored(bytes32 indexed nda, address indexed a, address indexed b, Nda terms);
        event AgreementAnchored(
            bytes32 indexed agreement, address indexed a, address indexed b, Agreement terms
        );
        event BreachAlleged(bytes32 indexed nda, address indexed by, bytes32 evidence);
        event DestructionAttested(bytes32 indexed nda, address indexed by, bytes32 attestation);
        error ZeroAddress();
        error SameParty(address party);
        error AlreadyAnchored(bytes32 id, uint40 anchoredAt);
        error NotAnchored(bytes32 id);
        error AnchorByPassed(uint40 anchorBy, uint256 timestamp);
        error EmptyTerm(uint40 from, uint40 until);
        error DestroyByTooEarly(uint40 destroyBy, uint40 until);
        error WrongNda(bytes32 named, bytes32 computed);
        error NotAParty(address account);
        error AlreadyRecorded(bytes32 nda, address by);
        error BadSignature(address signer, bytes32 digest);
        function anchor(
            Nda calldata nda, bytes calldata signatureA, bytes calldata signatureB
        ) external returns (bytes32 id);
        function anchorAgreement(
            Agreement calldata agreement, bytes calldata signatureA, bytes calldata signatureB
        ) external returns (bytes32 id);
        function breach(Nda calldata nda, Breach calldata b, address by, bytes calldata signature) external;
        function destroyed(
            Nda calldata nda, Destroyed calldata d, address by, bytes calldata signature
        ) external;
        function record(
            bytes32 nda
        ) external view returns (
            uint40 anchoredAt, uint40 until, uint40 destroyBy, bool breachByA, bool breachByB,
            bool destroyedByA, bool destroyedByB
        );
    }

    interface IDealEscrow {
        event Opened(
            bytes32 indexed deal, address indexed buyer, address indexed seller, uint256[17] terms
        );
        event Voided(bytes32 indexed deal, address indexed by);
        event Claimed(
            bytes32 indexed deal, uint8 indexed milestone, uint8 attempt, bytes32 manifest, uint64 size,
            uint256 vaults, uint40[] storedAt
        );
        event Judged(bytes32 indexed deal, uint256 judgement, bytes32 evidence, bytes32 votes);
        event Cosigned(bytes32 indexed deal, uint8 indexed milestone, uint256 signers);
        event Settled(bytes32 indexed deal, uint256 outcome);
        event Released(bytes32 indexed deal, uint256 outcome, bytes32 evidence);
        event Appealed(
            bytes32 indexed deal, uint8 indexed milestone, address indexed by, bytes32 verdict,
            uint64 deposit
        );
        event AppealClosed(
            bytes32 indexed deal, uint8 indexed milestone, AppealEnd end, uint64 toJurors,
            uint64 toAppellant, uint64 toOther
        );
        event Paid(bytes32 indexed deal, uint256 amounts);
        event Credited(address indexed owner, bytes32 indexed deal, uint256 amount);
        event JurorsCredited(bytes32 indexed deal, uint256[] shares);
        event Debited(address indexed owner, bytes32 indexed deal, uint64 amount);
        event Withdrawn(address indexed owner, address indexed to, uint256 withdrawal);
        event Closed(bytes32 indexed deal, uint256 amounts);
        event Rated(bytes32 indexed deal, uint256 rating, bytes32 feedbackHash);
        event ItemFailed(uint256 indexed index, bytes4 selector, bytes reason);
        error ZeroAddress();
        error BuyerIsSeller(address account);
        error JurorIsParty(address account);
        error VaultIsParty(address account);
        error NoMilestone();
        error TooManyFunds(uint256 total, uint256 max);
        error GapInAmounts(uint256 milestone);
        error DueWithoutAmount(uint256 milestone);
        error NoPanel();
        error BadFallback(uint256 fallback_, uint256 fallbackBps);
        error BpsTooHigh(uint256 bps, uint256 max);
        error UnknownFlags(uint256 flags, uint256 known);
        error StartAfterFundBy(uint256 start, uint256 fundBy);
        error FundByPassed(uint256 fundBy, uint256 timestamp);
        error EndTooEarly(uint256 end, uint256 earliest);
        error WrongStatus(Status is_, Status wanted);
        error WrongSource(uint256 flags, Source source);
        error WrongMandates(address named, address known);
        error WrongPrincipal(address named, address mandated);
        error TailTooShort(uint256 has, uint256 wanted);
        error NoSuchMilestone(uint256 milestone, uint256 count);
        error MilestoneSettled(uint256 milestone);
        error BadSignature(address signer, bytes32 digest);
        error WrongPanel(bytes32 given, bytes32 terms);
        error PanelTooLarge(uint256 size, uint256 max);
        error UnsortedAddresses(address before, address after_);
        error NoMajority(uint256 quorum, uint256 size);
        error TooFewSigners(uint256 signers, uint256 wanted);
        error SignerOutOfPanel(uint256 signers, uint256 size);
        error SignatureCount(uint256 given, uint256 wanted);
        error WrongRound(uint256 round, uint256 wanted);
        error AttemptOutOfRange(uint256 attempt, uint256 max);
        error AttemptNotHigher(uint256 attempt, uint256 pending);
        error PassIsNotReplaced(uint256 milestone);
        error TooEarlyToFail(uint256 timestamp, uint256 due);
        error VerdictPending(uint256 milestone, uint256 challengeUntil);
        error NotThePendingVerdict(bytes32 given);
        error WindowOver(uint256 timestamp, uint256 challengeUntil);
        error ConsentMissing(uint256 sellerBps);
        error SignatureExpired(uint256 until, uint256 timestamp);
        error NotAParty(address account);
        error NothingToSettle();
        error NotYet(uint256 timestamp, uint256 from);
        error ClaimTooLate(uint256 timestamp, uint256 until);
        error AlreadyClaimed(uint256 milestone);
        error WrongVaults(bytes32 given, bytes32 terms);
        error TooFewReceipts(uint256 receipts, uint256 wanted);
        error StoredInFuture(uint256 storedAt, uint256 timestamp);
        error NoRuling(uint256 status, uint256 standsFrom);
        error NotTheJury(address sender, address jury);
        error WrongMilestone(uint256 ruled, uint256 appealed);
        error NothingForJurors(bytes32 deal);
        error AlreadyRated(bytes32 deal, address rater);
        error CreditTooLow(uint256 credit, uint256 wanted);
        error WrongNonce(uint256 nonce, uint256 next);
        error Blacklisted(address account);
        error TransferFailed(address to, uint256 amount);
        error NotBatchable(bytes4 selector);
        error GasTooLow(uint256 gas, uint256 wanted);
        error Reentered();
        function deposit(address owner, uint64 amount) external;
        function depositWithAuthorization(
            address owner, uint64 amount, uint256 validAfter, uint256 validBefore, bytes32 salt,
            bytes calldata signature
        ) external;
        function withdraw(address to, uint64 amount) external;
        function withdrawFor(Withdraw calldata w, bytes calldata signature) external;
        function openWithAuthorization(
            bytes calldata buyerAuthorization, uint256[17] calldata terms, bytes calldata sellerSignature
        ) external returns (bytes32 id);
        function openFromCredit(
            uint256[17] calldata terms, bytes calldata buyerSignature, bytes calldata sellerSignature
        ) external returns (bytes32 id);
        function openFromMandatedCredit(
            uint256[17] calldata terms, bytes calldata buyerSignature, bytes calldata sellerSignature,
            bytes calldata approval
        ) external returns (bytes32 id);
        function voidDeal(uint256[10] calldata terms, address by, bytes calldata signature) external;
        function release(
            uint256[10] calldata terms, uint256 head, bytes32 evidence, bytes calldata buyerSignature
        ) external;
        function cancel(
            uint256[10] calldata terms, uint16 sellerBps, uint40 until, bytes calldata buyerSignature,
            bytes calldata sellerSignature
        ) external;
        // Calls with the terms last have a tail behind them.
        function claim(uint256 head, bytes32 manifest, uint256[17] calldata terms) external;
        function verdict(
            uint256 head, bytes32 evidence, bytes32 votes, uint256[10] calldata terms
        ) external;
        function cosign(uint256 head, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external;
        function consent(
            uint256 head, bytes32 evidence, bytes32 votes, uint256[10] calldata terms
        ) external;
        function payout(uint256[10] calldata terms) external;
        function appeal(
            uint256[10] calldata terms, uint256 head, bytes32 evidence, bytes32 votes, uint256 plea,
            bytes calldata signature
        ) external;
        function settleRuling(
            uint256[10] calldata terms, address[] calldata jurors, uint256 head
        ) external;
        function rule(uint256[10] calldata terms) external;
        function timeout(uint256[10] calldata terms, uint8 milestone) external;
        function payJurors(uint256[10] calldata terms, bytes calldata panel) external;
        function rate(
            uint256[10] calldata terms, bytes32 feedbackHash, uint256 rating, bytes calldata signature
        ) external;
        function payoutAndRate(uint256 head, uint256[10] calldata terms) external;
        function payoutMany(uint256[10][] calldata deals) external;
        function settleMany(bytes[] calldata calls) external;
        function dealOf(bytes32 deal) external view returns (uint256);
        function credit(address owner) external view returns (uint64);
        function nonce(address owner) external view returns (uint256);
        function claims(bytes32 deal) external view returns (uint256);
    }

    interface IJuryPool {
        event Seated(
            uint40 indexed seat, address indexed holder, address indexed principal, uint16 provider
        );
        event SeatVacated(uint40 indexed seat);
        event SeatSuspended(uint40 indexed seat, uint64 lost, uint64 stake);
        event SeatSlashed(uint40 indexed seat, uint64 lost, bytes32 digestA, bytes32 digestB);
        event StakeWithdrawn(uint40 indexed seat, address indexed principal, uint64 amount);
        event AppealRequested(bytes32 indexed deal, uint256 draw);
        event Redrawn(bytes32 indexed deal, uint8 indexed milestone, uint64 round, uint40 deadline);
        event Testified(
            bytes32 indexed deal, uint8 indexed milestone, uint40 indexed seat, uint8 index,
            bytes32 digest, uint16 sellerBps
        );
        event RulingMade(bytes32 indexed deal, uint256 ruling, bytes32 evidence, bytes32 votes);
        event AppealSilent(bytes32 indexed deal, uint8 indexed milestone);
        event PotChanged(uint64 pot);
        event Owed(address indexed to, uint64 amount);
        event Collected(address indexed to, uint64 amount);
        error ZeroAddress();
        error ZeroConstant();
        error HolderIsPrincipal(address account);
        error NoSuchSeat(uint40 seat, uint40 count);
        error WrongSitter(uint40 seat, bytes20 given, bytes20 sitter);
        error SeatNotActive(uint40 seat);
        error NotSeatOwner(address sender, uint40 seat);
        error StillLocked(uint256 timestamp, uint40 until);
        error NothingStaked(uint40 seat);
        error NothingOwed(address to);
        error WrongJury(address named, address here);
        error WrongPanel(bytes32 given, bytes32 terms);
        error NotAppealed(bytes32 deal);
        error AppealFeeTooLow(uint256 fee, uint256 min);
        error AlreadyRequested(bytes32 deal, uint8 milestone);
        error RequestTooLate(uint256 deadline, uint256 limit);
        error NotRequested(bytes32 deal, uint8 milestone);
        error WrongSeats(uint40 given, uint40 eligible);
        error RoundNotProven(uint64 round);
        error DeadlinePassed(uint256 timestamp, uint40 deadline);
        error DeadlineNotPassed(uint256 timestamp, uint40 deadline);
        error WrongRound(uint256 round, uint256 wanted);
        error WrongAttempt(uint256 attempt, uint256 appealed);
        error TailTooShort(uint256 has, uint256 wanted);
        error BpsTooHigh(uint256 bps, uint256 max);
        error TooFewSigners(uint256 signers, uint256 wanted);
        error SignerOutOfPanel(uint256 signers, uint256 size);
        error AlreadyTestified(uint40 seat);
        error BadSignature(address signer, bytes32 digest);
        error Reentered();
        error SameDigest(bytes32 digest);
        error NotTheSameSlot(bytes32 slotA, bytes32 slotB);
        error TransferFailed(address to, uint64 amount);
        function join(address holder, uint16 provider) external returns (uint40 seat);
        function joinWithAuthorization(
            address principal, address holder, uint16 provider, uint256 validAfter, uint256 validBefore,
            bytes32 salt, bytes calldata signature
        ) external returns (uint40 seat);
        function vacate(uint40 seat, Sitter calldata who) external;
        function withdrawStake(uint40 seat, Sitter calldata who) external;
        function request(uint256[10] calldata terms, uint40 seats) external;
        function appeal(
            uint256[10] calldata terms, uint256 head, bytes32 evidence, bytes32 votes, uint256 plea,
            bytes calldata signature
        ) external;
        // Calls with the terms last have a tail behind them.
        function testify(
            uint256 head, bytes32 evidence, bytes32 votes, uint8 index, uint256[10] calldata terms
        ) external;
        function rule(uint256 head, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external;
        function redraw(uint256 head, uint256[10] calldata terms) external;
        function slash(
            uint40 seat, Sitter calldata who, Verdict calldata a, bytes calldata signatureA, Verdict calldata b,
            bytes calldata signatureB
        ) external;
        function collect(address to) external;
        function ruling(bytes32 deal, uint8 milestone) external view returns (uint256);
        function seatCount() external view returns (uint40);
    }

    interface IDrandBeacon {
        event Proven(uint64 indexed round, bytes32 randomness);
        error CompressedSignature();
        error PeriodZero();
        error PublicKeyInvalid();
        error PublicKeyLength(uint256 actual, uint256 expected);
        error RoundTooLarge(uint256 round, uint256 largest);
        error SignatureInvalid(uint64 round);
        error SignatureLength(uint256 actual, uint256 expected);
        function prove(uint64 round, bytes calldata signature) external returns (bytes32 randomness);
        function randomness(uint64 round) external view returns (bytes32);
        function roundAt(uint256 timestamp) external view returns (uint64);
    }

    interface IUsdc {
        function approve(address spender, uint256 value) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
    }
}
