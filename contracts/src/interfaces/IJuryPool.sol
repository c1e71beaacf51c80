// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ballot} from "../types/Ballot.sol";
import {Verdict} from "../types/Deal.sol";
import {Appeal} from "../types/Jury.sol";
import {Seat, Sitter} from "../types/Seat.sol";

/// @title JuryPool: seats with a fixed stake, appeals, slashing
/// @notice Seats are appended and never move, so that anyone can recompute a draw from the events. The first panel of a
/// deal is drawn off chain from them; the appeal panel (5 of 7) is recomputed here in the same call that checks its
/// signatures, so a draw costs no transaction. A seat keeps one word, with a hash of who sits there: whoever acts on a
/// seat, or draws, brings its holder and principal, which Seated has told. EIP-712 domain: "JuryPool", "1" (PanelRequest and SeatAccept, both off
/// chain); verdicts are signed in the escrow's domain.
///
/// Constructor: (address usdc, address beacon, address escrow, uint64 stake, uint40 seatAge, uint40 roundGrid,
/// uint40 roundDelay, uint40 rulingTime, uint40 exitDelay). On Base: 24 h, 1 h, 10 min, 48 h, 8 days; `exitDelay` and the
/// escrow's `appealLimit` must outlast two draws. It serves one escrow, fixed at construction: a contract that anybody
/// could name would bring appeals that do not exist and have honest seats fined for their silence.
///
/// An appeal: `appeal` here brings it to the escrow and fixes the first beacon round of the next full `roundGrid` at
/// least `roundDelay` ahead (a round that a lagging sequencer could already know is never used), or DealEscrow.appeal
/// and then `request` do; once that round is proven, anyone brings the ruling, which settles in the escrow in the same
/// call. No ruling by the deadline: `redraw` once, without the first seven. Then silence, which the escrow reads from
/// `ruling` by STATICCALL.
///
/// Draw: seed = keccak256(abi.encode(randomness, deal, milestone, draw)), draw 1 or 2; look k = 0, 1 .. of the walk is at
/// seat uint256(keccak256(abi.encode(seed, k))) % seats. It ends when all have been looked at, or after 2048 looks. It passes
/// over seats that it has looked at before (of more than 65,536 seats also over those that share their low 16 bits with
/// one), that had left before the appeal, whose holder sits in the first panel or was drawn already, or whose holder or
/// principal is a party or a payee, or whose principal was drawn already; in draw 2 also over the first seven. Seats that
/// left so cost a walk some gas, and an appeal its court only where there are more than a hundred for each that stays.
///
/// Deliberately absent: owner, weights, delegation. Slashed stakes go to the signers of the next ruling (a tenth to the
/// reporter of a double signature, so that nobody saves a stake by reporting itself).
interface IJuryPool {
    event Seated(uint40 indexed seat, address indexed holder, address indexed principal, uint16 provider);
    event SeatVacated(uint40 indexed seat);
    event SeatSuspended(uint40 indexed seat, uint64 lost, uint64 stake);
    event SeatSlashed(uint40 indexed seat, uint64 lost, bytes32 digestA, bytes32 digestB);
    event StakeWithdrawn(uint40 indexed seat, address indexed principal, uint64 amount);
    /// @param draw from the lowest bit up: milestone 8, attempt 8, seats 40, appealedAt 40, deadline 40, round 64.
    event AppealRequested(bytes32 indexed deal, uint256 draw);
    event Redrawn(bytes32 indexed deal, uint8 indexed milestone, uint64 round, uint40 deadline);
    /// @param index of the seat in the current draw.
    event Testified(
        bytes32 indexed deal,
        uint8 indexed milestone,
        uint40 indexed seat,
        uint8 index,
        bytes32 digest,
        uint16 sellerBps
    );
    /// @notice The ruling. Who was drawn follows from the beacon's round and the seats; what it settles, and what the jurors
    /// get, the escrow's events say.
    /// @param ruling from the lowest bit up: milestone 8, round 8, attempt 8, sellerBps 16, signers 32 (bit i: the i-th
    /// drawn seat signed).
    event RulingMade(bytes32 indexed deal, uint256 ruling, bytes32 evidence, bytes32 votes);
    event AppealSilent(bytes32 indexed deal, uint8 indexed milestone);
    /// @notice Slashed money now waiting for the signers of the next ruling.
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
    error BpsTooHigh(uint256 bps, uint256 max);
    error TooFewSigners(uint256 signers, uint256 wanted);
    error SignerOutOfPanel(uint256 signers, uint256 size);
    error AlreadyTestified(uint40 seat);
    error BadSignature(address signer, bytes32 digest);
    error SameDigest(bytes32 digest);
    error NotTheSameSlot(bytes32 slotA, bytes32 slotB);
    error TransferFailed(address to, uint64 amount);

    /// @notice Takes a seat: the sender is the principal and pays the stake by transferFrom, `holder` will sign: with its
    /// key, since a vote must be there for anybody to show. A contract wallet cannot vote.
    function join(address holder, uint16 provider) external returns (uint40 seat);

    /// @notice The same by EIP-3009; anyone may send it.
    /// @dev The authorization's nonce is keccak256(abi.encode(keccak256("Join"), holder, provider, salt)), so that the
    /// sender chooses nothing.
    function joinWithAuthorization(
        address principal,
        address holder,
        uint16 provider,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external returns (uint40 seat);

    /// @notice Gives notice, by holder or principal. The seat is in no draw of a later appeal.
    function vacate(uint40 seat, Sitter calldata who) external;

    /// @notice Pays the stake of a seat that left or was suspended back to its principal after `exitDelay`. Anyone may send it.
    function withdrawStake(uint40 seat, Sitter calldata who) external;

    /// @notice Fixes beacon round and seats for the appeal that is open on `deal`. Anyone may send it.
    /// @dev The terms' appeal fee must be at least what one silent seat loses, so that seats are not called for nothing. A
    /// ruling must be due within the escrow's `appealLimit`: an appeal that is brought so late that none can come was
    /// only delay, and must not get its deposit back as if the jury had been silent.
    /// @param seats number of leading seats that joined at least `seatAge` before the appeal, see `seatsAt`; or the highest
    /// uint40 for all there are, which costs one word less to check and is refused when one of them is younger.
    function request(uint256[10] calldata terms, uint40 seats) external;

    /// @notice Brings the pending verdict before the escrow and this jury in one call: DealEscrow.appeal, and what `request`
    /// does. Anyone may send it.
    /// @param b, evidence, votes, signature as in DealEscrow.appeal; the signature may not be empty.
    /// @param plea as there, and above it the number of seats 40, as in `request`.
    function appeal(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        uint256 plea,
        bytes calldata signature
    ) external;

    /// @notice Records one drawn seat's signed verdict, so that it does not count as silent when no quorum is reached.
    /// @param index position in the draw.
    /// @param b, evidence, votes as in `rule`. @param terms and behind them the tail: the deal's first panel, the sitters as
    /// in `rule` up to this position, then the signature.
    function testify(Ballot b, bytes32 evidence, bytes32 votes, uint8 index, uint256[10] calldata terms)
        external;

    /// @notice Takes the ruling of the current draw: at least 5 of 7 signatures by keys over one Verdict with round 1 (2
    /// after a redraw) and the appealed attempt, before the deadline, after the round is proven. It settles in the escrow in the
    /// same call, so a deal that the parties have settled meanwhile takes none.
    /// @param b what Ballot says; signers bit i: the i-th drawn seat signed.
    /// @param terms and behind them the tail: the deal's first panel; then holder and principal, 20 bytes each, of every seat
    /// that the walk looks at and that had not left before the appeal, in the order of the walk, up to the last seat that
    /// signed (in draw 2 first those of draw 1, to its end, unless nobody was drawn then); then the signatures in the order
    /// of the bits.
    function rule(Ballot b, bytes32 evidence, bytes32 votes, uint256[10] calldata terms) external;

    /// @notice After the first deadline: suspends the silent of the first seven (a tenth of their stake) and draws again.
    /// After the second: suspends the silent again and ends the appeal as silent. When the escrow no longer waits (the
    /// parties settled, or its limit is over) the appeal ends and nobody is suspended.
    /// @param head milestone 8, members of the first panel 8.
    /// @param terms and behind them the tail: the first panel and the sitters of the whole walk, as in `rule`; not read when
    /// nobody can be suspended.
    function redraw(uint256 head, uint256[10] calldata terms) external;

    /// @notice Takes all of a seat's stake for two different signed verdicts for one (deal, milestone, round, attempt).
    /// A tenth goes to the sender.
    function slash(
        uint40 seat,
        Sitter calldata who,
        Verdict calldata a,
        bytes calldata signatureA,
        Verdict calldata b,
        bytes calldata signatureB
    ) external;

    /// @notice Pays out what is owed to `to`. Anyone may send it.
    function collect(address to) external;

    // --- views ---

    /// @notice What the escrow reads: the AppealStatus. 0 when there is no appeal.
    function ruling(bytes32 deal, uint8 milestone) external view returns (uint256);
    function appealOf(bytes32 deal, uint8 milestone) external view returns (Appeal memory);
    /// @notice The seats of the current draw, in order; fewer than 7 when there are not enough.
    /// @param head, terms and tail as in `redraw`.
    function drawn(uint256 head, uint256[10] calldata terms) external view returns (uint40[] memory);
    function seatCount() external view returns (uint40);
    function seatOf(uint40 seat) external view returns (Seat memory);
    /// @notice Number of seats that joined at or before `time`.
    function seatsAt(uint40 time) external view returns (uint40);
    function owed(address to) external view returns (uint64);
    function pot() external view returns (uint64);
    /// @notice The round an appeal requested at `timestamp` would use.
    function roundFor(uint256 timestamp) external view returns (uint64);
    function domainSeparator() external view returns (bytes32);
    function usdc() external view returns (address);
    function beacon() external view returns (address);
    function escrow() external view returns (address);
    function stake() external view returns (uint64);
    function seatAge() external view returns (uint40);
    function roundGrid() external view returns (uint40);
    function roundDelay() external view returns (uint40);
    function rulingTime() external view returns (uint40);
    function exitDelay() external view returns (uint40);
}
