// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ballot} from "../types/Ballot.sol";
import {AppealEnd, Source, Status, Verdict, Withdraw} from "../types/Deal.sol";

/// @title DealEscrow: money of a deal, milestone by milestone
/// @notice Both sides sign the whole `Deal`; its EIP-712 digest is the deal's id. One transaction by anyone opens it and
/// takes sum(amounts) + juryFee + appealFee from the buying side and sellerBond from the selling side. From then on a
/// milestone is settled by the buyer's signature, a quorum of jurors, an appeal panel, both sides' signatures, or a
/// timeout that anyone may run. Money goes to the two payees of the terms and to jurors, nowhere else.
///
/// Calls bring the terms packed, as Packing describes: all seventeen words, or ten where nothing of Meta is needed. A call
/// says what it wants in one word, the head, and brings addresses and signatures in one unpadded piece, the tail. Such a
/// call has the terms as its last argument and the tail right behind them, to the end of the calldata, where the ABI knows
/// nothing of it: whoever calls appends the bytes to the encoded call.
///
/// The sender of a call never matters, except in `deposit` and `withdraw`, and that nobody need sign what it sends itself:
/// an empty signature is the sender's. But a juror's vote is always signed with the juror's key, so that anybody can show
/// two of them; no contract wallet votes. The order of arguments is one that gives calls made often a low selector, since the
/// dispatch asks for one after the other. EIP-712 domain: "DealEscrow", "1".
/// Intervals are half open: a limit `t` is kept while block.timestamp < t, except `fundBy` and `until` of signed
/// messages, which include their last second.
///
/// | from | until | what |
/// |---|---|---|
/// | | fundBy (included) | opening; `start` may not be after `fundBy` |
/// | due | | a verdict below a full pass without the seller's consent |
/// | opening | due + grace | claims |
/// | due + grace | | timeout of an unclaimed milestone: refund |
/// | end (>= every due + grace) | | timeout of a claimed, unjudged milestone: fallback (one window later for Principals) |
/// | end of another's verdict + grace | | the same, where this is later: not while any verdict waits or is under appeal |
/// | verdict | verdict + window | consent, appeal, replacement by a higher attempt |
/// | verdict + window | | payout |
/// | appeal | appeal + appealLimit | ruling; afterwards anyone may let the earlier verdict stand |
/// | close | close + grace | jurors may still add signatures |
///
/// What is called: USDC (fixed at construction), the escrow's own Mandates (fixed too; terms of a mandated side must
/// name it), the jury and ERC-1271 wallets that terms name by STATICCALL with a gas cap, of which one word is read.
/// `Mandates.spend` is the one CALL outside USDC, because the limit it checks has to be counted: it goes to a contract
/// fixed at construction, not to one that a stolen agent key could name; it is made under the reentrancy lock; and
/// Mandates itself makes nothing but STATICCALLs. If the terms could choose that contract, an agent's key and an
/// accomplice could name one of their own that lets them debit anybody's credit.
///
/// Deliberately absent: owner, proxy, pause, fee, hooks, standing allowances, accounting by balance. If Circle
/// blacklists this contract itself, nothing here helps.
interface IDealEscrow {
    // --- events ---

    /// @notice A deal is open; the event carries the whole terms as Packing describes them, with the Source in bits
    /// 160-167 of word 4. The buying side's total has come in with EIP-3009 or left the credit of the buyer or of its
    /// principal, and the bond that of the seller or of its principal; no other event says so.
    event Opened(bytes32 indexed deal, address indexed buyer, address indexed seller, uint256[17] terms);
    /// @notice The id can never open.
    event Voided(bytes32 indexed deal, address indexed by);
    /// @notice A delivery is claimed and the vaults have it. `vaults` bit i: the i-th named vault signed.
    event Claimed(
        bytes32 indexed deal,
        uint8 indexed milestone,
        uint8 attempt,
        bytes32 manifest,
        uint64 size,
        uint256 vaults,
        uint40[] storedAt
    );
    /// @notice A verdict is accepted.
    /// @param judgement from the lowest bit up: milestone 8, attempt 8, sellerBps 16, signers 32 (bit i: the i-th panel
    /// member signed), challengeUntil 40, toSeller 64, toBuyer 64, paid 1. With challengeUntil 0 the milestone is settled for good
    /// by these amounts, which no Settled repeats; else both amounts are 0.
    event Judged(bytes32 indexed deal, uint256 judgement, bytes32 evidence, bytes32 votes);
    /// @notice Further members signed the accepted verdict.
    event Cosigned(bytes32 indexed deal, uint8 indexed milestone, uint256 signers);
    /// @notice A milestone is settled for good.
    /// @param outcome milestone 8, Cause 8, round 8, attempt 8, sellerBps 16, toSeller 64, toBuyer 64, paid 1.
    event Settled(bytes32 indexed deal, uint256 outcome);
    /// @notice The same by the buyer's signature.
    event Released(bytes32 indexed deal, uint256 outcome, bytes32 evidence);
    event Appealed(
        bytes32 indexed deal, uint8 indexed milestone, address indexed by, bytes32 verdict, uint64 deposit
    );
    /// @notice An appeal is over. `toJurors`, `toAppellant` and `toOther` say where deposits went.
    event AppealClosed(
        bytes32 indexed deal,
        uint8 indexed milestone,
        AppealEnd end,
        uint64 toJurors,
        uint64 toAppellant,
        uint64 toOther
    );
    /// @notice What was settled and not yet paid goes to the payees of the terms. Where that is just the two shares of one
    /// settlement, the mark `paid` in that settlement's event says so instead, and at the close Closed does.
    /// @param amounts toSeller 64, toBuyer 64. A share that USDC then refuses is in Credited too.
    event Paid(bytes32 indexed deal, uint256 amounts);
    /// @notice Credit grew. `deal` is zero for a deposit.
    /// @param amount 64, refused 1: USDC refused a payee its share, of which Paid, `paid` or Closed has told.
    event Credited(address indexed owner, bytes32 indexed deal, uint256 amount);
    /// @notice The credit of jurors grew.
    /// @param shares owner 160, amount 64 of each.
    event JurorsCredited(bytes32 indexed deal, uint256[] shares);
    /// @notice Credit shrank for an appeal's deposit.
    event Debited(address indexed owner, bytes32 indexed deal, uint64 amount);
    /// @notice Credit shrank for USDC that went to `to`.
    /// @param withdrawal amount 64; then the owner's next nonce if its signature was used, 0 if it sent the call itself.
    event Withdrawn(address indexed owner, address indexed to, uint256 withdrawal);
    /// @notice All milestones are settled and both payees are paid these amounts, or credited where Credited says so.
    /// `juryFee` stays until `payJurors`.
    /// @param amounts toSeller 64, toBuyer 64, juryFee 64.
    event Closed(bytes32 indexed deal, uint256 amounts);
    /// @param rating the value, an int128 in the low half; bit 128: 0 when the buyer rates the seller, 1 the other way.
    event Rated(bytes32 indexed deal, uint256 rating, bytes32 feedbackHash);
    /// @notice One item of a batch reverted with `reason` (at most its first 128 bytes); the others are not affected.
    event ItemFailed(uint256 indexed index, bytes4 selector, bytes reason);

    // --- errors ---

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

    // --- credit ---

    /// @notice Takes `amount` from the sender by transferFrom and credits `owner`.
    function deposit(address owner, uint64 amount) external;

    /// @notice Takes `amount` from `owner` by EIP-3009 and credits `owner`. Anyone may send it.
    /// @dev The authorization's nonce is keccak256(abi.encode(keccak256("Deposit"), owner, salt)), which is no deal id:
    /// otherwise anybody could turn the authorization for a deal into a deposit and so keep the deal from opening.
    function depositWithAuthorization(
        address owner,
        uint64 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external;

    /// @notice Sends `amount` of the sender's credit to `to`. To another address only while the sender is not blacklisted.
    function withdraw(address to, uint64 amount) external;

    /// @notice Sends the whole credit of `w.from` to `w.to`, on its signature. Nonces count up from 0.
    function withdrawFor(Withdraw calldata w, bytes calldata signature) external;

    // --- opening ---

    /// @notice Opens with the buyer's own USDC.
    /// @param buyerAuthorization signature of receiveWithAuthorization(buyer, escrow, total, 0, fundBy + 1, nonce = deal id),
    /// for USDC's overload with `bytes signature`. Binding the nonce to the id makes the authorization the acceptance.
    /// @param sellerSignature the seller's signature of the deal id. A mandated buyer or seller is checked to have its
    /// payee as principal; the limits of the buyer's mandate are for its principal's credit and do not apply here.
    function openWithAuthorization(
        bytes calldata buyerAuthorization,
        uint256[17] calldata terms,
        bytes calldata sellerSignature
    ) external returns (bytes32 id);

    /// @notice Opens with the buyer's own credit; the buyer signs Fund(deal). Not for a mandated buyer.
    function openFromCredit(
        uint256[17] calldata terms,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external returns (bytes32 id);

    /// @notice Opens with the credit of the buyer's principal, within its mandate; the buyer (agent) signs Fund(deal).
    /// @dev A mandated seller's bond, and a mandated side's appeal deposit, count against its mandate in the same way; they
    /// carry no approval and so must not be above `humanAbove`.
    /// @param approval empty, or abi.encode(uint40 until, bytes signature) of the principal's Approve, needed when the
    /// total is above the mandate's `humanAbove`.
    function openFromMandatedCredit(
        uint256[17] calldata terms,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        bytes calldata approval
    ) external returns (bytes32 id);

    /// @notice Gives notice for a deal that is not open: its id never opens.
    /// @param by buyer or seller, who signed Void(deal).
    function voidDeal(uint256[10] calldata terms, address by, bytes calldata signature) external;

    // --- settling ---

    /// @notice Settles a milestone in full on the buyer's signature; the buyer can always give its own money.
    /// @param head milestone in bits 0-7; bit 8: pay the payees now, otherwise the money is held for the next `payout`.
    function release(
        uint256[10] calldata terms,
        uint256 head,
        bytes32 evidence,
        bytes calldata buyerSignature
    ) external;

    /// @notice Settles all that is unsettled: `sellerBps` of each milestone to the seller, the rest to the buyer.
    /// @dev Whoever gives something up signs: the seller unless sellerBps is 10000, the buyer unless it is 0. So a
    /// seller alone can refund everything and a buyer alone can pay everything. Pass an empty signature for the other.
    function cancel(
        uint256[10] calldata terms,
        uint16 sellerBps,
        uint40 until,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external;

    /// @notice Records that a milestone's delivery is with the vaults: all but one of them signed, and at least two.
    /// Without it the milestone times out as undelivered. Whether it was in time, jurors judge by `storedAt`.
    /// @param head milestone 8, attempt 8, number of vaults 8, of receipts 8, receipts 32 (bit i: the i-th vault signed),
    /// size 64, long 64 (see Tails).
    /// @param manifest of the delivery. @param terms and behind them the tail: all addresses of `Meta.vaults`, strictly
    /// ascending, then for each receipt its `storedAt` in five bytes and the signature, in the order of the bits.
    function claim(uint256 head, bytes32 manifest, uint256[17] calldata terms) external;

    /// @notice Takes a first-panel verdict (round 0). A full pass settles at once when the window is 0 or the buyer
    /// consents; a fail when the seller consents; anything between when both do. Otherwise it waits for its window
    /// (`grace` when the terms say 0) and neither share moves.
    /// @dev Below 10000 only from the due time on or with the seller's consent. A pending verdict below 10000 is
    /// replaced by one with a higher attempt. A pending verdict on another milestone is finalised first when its
    /// window is over, else this call reverts. Nothing extends a window.
    /// @param b what Ballot says; at least `quorum` of at most 32 members, strictly ascending by address.
    /// @param evidence of the Verdict. @param votes of the Verdict.
    /// @param terms and behind them the tail: the panel with the members' signatures, consents (signatures of
    /// Consent(verdict digest)), and with the verdict that closes the deal both ratings. A signature of nobody on the panel
    /// gives another panel than the terms'.
    function verdict(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external;

    /// @notice Adds signatures of further members to the verdict that was accepted for a milestone, until the fee is paid,
    /// so that the sender of a verdict does not choose who is paid.
    function cosign(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external;

    /// @notice Ends the window of the pending verdict by the consent of whoever loses by it, as in `verdict`, and pays.
    function consent(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external;

    /// @notice Finalises a pending verdict whose window is over and pays all that is settled. Closes the deal after the
    /// last milestone.
    function payout(uint256[10] calldata terms) external;

    /// @notice Brings the pending verdict before the jury, on a party's signature of Appeal(verdict digest, until).
    /// @dev The buyer's deposit is its reserve; once that is lost, and for the seller, it is taken from credit (through
    /// the mandate of a mandated side). A ruling is final for both sides, so each side appeals at most once per
    /// milestone. The beacon round is fixed afterwards by `JuryPool.request`, which anyone may send;
    /// `JuryPool.appeal` does both. Where the terms' appeal fee is less than their jury hears an appeal for (JuryPool: a tenth
    /// of its stake) an appeal is only delay, until `appealLimit` is over, and costs no more than that fee.
    /// @param b, evidence, votes the verdict as it was brought; there is no tail.
    /// @param plea buyer or seller 160, until 40; the bits above are not read.
    function appeal(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        uint256 plea,
        bytes calldata signature
    ) external;

    /// @notice Takes the ruling on the verdict under appeal from the jury of the terms, which sends it; settles and pays.
    /// @dev The appellant wins when the ruling is better for it than the verdict; the losing side's deposit then pays
    /// the jurors: the buyer's reserve, the seller's deposit or bond, and the appellant's own deposit for what is
    /// missing. First-panel signers of an overturned verdict lose that milestone's fee. Any account can be a jury: it
    /// rules in deals whose parties both signed its name, and in no other. The escrow asks nothing of it here, and calls
    /// nothing that it names.
    /// @param b of which milestone, round and sellerBps count. @param jurors who share the fee.
    function settleRuling(uint256[10] calldata terms, address[] calldata jurors, Ballot b) external;

    /// @notice Ends an appeal in which nobody ruled: the earlier verdict settles the milestone. Pays.
    /// @dev At once when the jury says that it is silent, after `appealLimit` whatever it says.
    function rule(uint256[10] calldata terms) external;

    /// @notice Settles a milestone that was not delivered (refund) or not judged (fallback), once its time is over.
    function timeout(uint256[10] calldata terms, uint8 milestone) external;

    /// @notice Credits the first panel's fee to the members that signed, milestone by milestone in equal parts, after the
    /// close and once all members have signed or `grace` is over. The closing `verdict` does it by itself when all have.
    /// @param panel all members, 20 bytes each.
    function payJurors(uint256[10] calldata terms, bytes calldata panel) external;

    // --- rating ---

    /// @notice Records a party's rating of the other, once per side, after the close.
    /// @param rating as in Rated. @param signature the rater's, of Rating.
    function rate(uint256[10] calldata terms, bytes32 feedbackHash, uint256 rating, bytes calldata signature)
        external;

    /// @notice `payout` and ratings in one transaction.
    /// @param head marks of who rates in bits 0-7, then long 64 (see Ballot).
    /// @param terms and behind them the tail: the ratings that the head announces.
    function payoutAndRate(uint256 head, uint256[10] calldata terms) external;

    // --- batches ---

    /// @notice `payout` for each; one that fails is an ItemFailed event.
    function payoutMany(uint256[10][] calldata deals) external;

    /// @notice Runs encoded calls of release, cancel, claim, verdict, cosign, consent, payout, rule, timeout, payJurors,
    /// rate or payoutAndRate, each under its own gas cap; one that fails is an ItemFailed event.
    function settleMany(bytes[] calldata calls) external;

    // --- views ---

    /// @notice The deal's word: status 8, done 8, rated 2, round 6, start 40 (of Meta), challengeUntil 40, held 64, left 64,
    /// pendingMilestone 3, pendingBps 14, attempt 3, from the lowest bit up, then four marks: the buyer's reserve is
    /// spent, the bond is spent, the seller is the appellant, some milestone was claimed. While Appealed, challengeUntil is
    /// the time of the appeal; while Open, until when the last verdict waited or was under appeal, 0 before any; once Closed, the time from which `payJurors` no longer waits for signatures.
    function dealOf(bytes32 deal) external view returns (uint256);
    function credit(address owner) external view returns (uint64);
    function nonce(address owner) external view returns (uint256);
    /// @notice When each milestone was claimed, eight uint32 of unix seconds; 0 for not claimed.
    function claims(bytes32 deal) external view returns (uint256);
    /// @notice Who signed the accepted verdict on a milestone and the lowest 224 bits of its digest; only kept when
    /// there is a jury fee.
    function signersOf(bytes32 deal, uint8 milestone) external view returns (uint32 signers, uint224 digest);
    function dealId(uint256[10] calldata terms) external view returns (bytes32);
    /// @notice What opening takes from the buying side: sum(amounts) + juryFee + appealFee.
    function buyerTotal(uint256[10] calldata terms) external pure returns (uint64);
    function verdictDigest(Verdict calldata v) external view returns (bytes32);
    function domainSeparator() external view returns (bytes32);
    function usdc() external view returns (address);
    function mandates() external view returns (address);
    function grace() external view returns (uint40);
    function appealLimit() external view returns (uint40);
}
