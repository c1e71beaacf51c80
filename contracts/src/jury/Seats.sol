// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDrandBeacon} from "../IDrandBeacon.sol";
import {IDealEscrow} from "../interfaces/IDealEscrow.sol";
import {IJuryPool} from "../interfaces/IJuryPool.sol";
import {IUsdc} from "../interfaces/IUsdc.sol";
import {Eip712} from "../law/Eip712.sol";
import {Locked} from "../law/Locked.sol";
import {Roll, Rolls, Seat, SeatStatus, SeatWord, SeatWords, Sitter} from "../types/Seat.sol";

/// @title Seats and their stakes
/// @notice A seat costs one fixed stake, which weighs the same for everybody. Seats are only appended and their times of
/// joining never decrease, so "all that joined before t" is a number.
abstract contract Seats is IJuryPool, Eip712, Locked {
    bytes32 private constant JOIN = keccak256("Join");
    bytes32 private constant ESCROW_NAME = keccak256("DealEscrow");

    /// @dev Where the seats' words begin: keccak256 of a word of zeros, as those of an array in the slot of `roll` would.
    uint256 private constant FIRST_SEAT = 0x290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563;

    IUsdc internal immutable USDC;
    IDrandBeacon internal immutable BEACON;
    IDealEscrow internal immutable ESCROW;
    bytes32 private immutable ESCROW_DOMAIN; // on the chain of the construction
    uint256 internal immutable GENESIS; // of the beacon
    uint256 internal immutable PERIOD;
    uint256 internal immutable APPEAL_LIMIT; // of the escrow
    uint64 public immutable stake;
    uint40 public immutable seatAge;
    uint40 public immutable roundGrid;
    uint40 public immutable roundDelay;
    uint40 public immutable rulingTime;
    uint40 public immutable exitDelay;

    Roll internal roll;
    mapping(address to => uint64) public owed;
    uint64 public pot;

    constructor(
        address usdc_,
        address beacon_,
        address escrow_,
        uint64 stake_,
        uint40 seatAge_,
        uint40 roundGrid_,
        uint40 roundDelay_,
        uint40 rulingTime_,
        uint40 exitDelay_
    ) Eip712("JuryPool") {
        require(usdc_ != address(0) && beacon_ != address(0) && escrow_ != address(0), ZeroAddress());
        require(roundGrid_ != 0 && stake_ != 0 && rulingTime_ != 0, ZeroConstant());
        (USDC, BEACON, ESCROW) = (IUsdc(usdc_), IDrandBeacon(beacon_), IDealEscrow(escrow_));
        ESCROW_DOMAIN = _separator(ESCROW_NAME, escrow_);
        (GENESIS, PERIOD) = (BEACON.genesis(), BEACON.period());
        APPEAL_LIMIT = ESCROW.appealLimit();
        stake = stake_;
        (seatAge, roundGrid, roundDelay) = (seatAge_, roundGrid_, roundDelay_);
        (rulingTime, exitDelay) = (rulingTime_, exitDelay_);
    }

    function join(address holder, uint16 provider) external locked returns (uint40 seat) {
        seat = _seat(holder, msg.sender, provider);
        require(USDC.transferFrom(msg.sender, address(this), stake), TransferFailed(address(this), stake));
    }

    function joinWithAuthorization(
        address principal,
        address holder,
        uint16 provider,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external locked returns (uint40 seat) {
        seat = _seat(holder, principal, provider);
        bytes32 authorization = keccak256(abi.encode(JOIN, holder, provider, salt));
        USDC.receiveWithAuthorization(
            principal, address(this), stake, validAfter, validBefore, authorization, signature
        );
    }

    function vacate(uint40 seat, Sitter calldata who) external unlocked {
        SeatWord kept = _of(seat, who);
        bool owner = msg.sender == who.holder || msg.sender == who.principal;
        require(owner, NotSeatOwner(msg.sender, seat));
        require(kept.status() == SeatStatus.Active, SeatNotActive(seat));
        _keep(seat, kept.gone(SeatStatus.Left));
        emit SeatVacated(seat);
    }

    function withdrawStake(uint40 seat, Sitter calldata who) external locked {
        SeatWord kept = _of(seat, who);
        SeatStatus status = kept.status();
        bool out = status == SeatStatus.Left || status == SeatStatus.Suspended;
        require(out, NothingStaked(seat));
        uint40 until = kept.leftAt() + exitDelay;
        require(block.timestamp >= until, StillLocked(block.timestamp, until));
        (address principal, uint64 amount) = (who.principal, kept.stake(stake));
        _keep(seat, kept.gone(SeatStatus.Withdrawn));
        emit StakeWithdrawn(seat, principal, amount);
        require(USDC.transfer(principal, amount), TransferFailed(principal, amount));
    }

    function collect(address to) external locked {
        uint64 amount = owed[to];
        require(amount != 0, NothingOwed(to));
        owed[to] = 0;
        emit Collected(to, amount);
        require(USDC.transfer(to, amount), TransferFailed(to, amount));
    }

    // --- views ---

    function seatCount() external view returns (uint40) {
        return roll.count;
    }

    function seatOf(uint40 seat) external view returns (Seat memory) {
        SeatWord kept = _kept(seat);
        return Seat({
            sitter: bytes20(kept.sitter()),
            joinedAt: kept.joinedAt(),
            leftAt: kept.leftAt(),
            status: kept.status(),
            silences: kept.silences(),
            stake: kept.stake(stake)
        });
    }

    function seatsAt(uint40 time) external view returns (uint40) {
        (uint256 low, uint256 high) = (0, roll.count);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_known(middle).joinedAt() <= time) low = middle + 1;
            else high = middle;
        }
        return uint40(low);
    }

    function domainSeparator() external view returns (bytes32) {
        return _domain();
    }

    function usdc() external view returns (address) {
        return address(USDC);
    }

    function beacon() external view returns (address) {
        return address(BEACON);
    }

    function escrow() external view returns (address) {
        return address(ESCROW);
    }

    // --- for appeals and slashing ---

    function _kept(uint40 seat) internal view returns (SeatWord) {
        require(seat < roll.count, NoSuchSeat(seat, roll.count));
        return _known(seat);
    }

    /// @dev The seat of whom the caller says.
    function _of(uint40 seat, Sitter calldata who) internal view returns (SeatWord kept) {
        kept = _kept(seat);
        _requireSitter(seat, SeatWords.hash(who.holder, who.principal), kept.sitter());
    }

    function _requireSitter(uint40 seat, uint160 given, uint160 sitter) internal pure {
        require(given == sitter, WrongSitter(seat, bytes20(given), bytes20(sitter)));
    }

    /// @dev The word of a seat, 0 where there is none.
    function _known(uint256 seat) internal view returns (SeatWord kept) {
        uint256 first = FIRST_SEAT;
        assembly ("memory-safe") {
            kept := sload(add(first, seat))
        }
    }

    function _keep(uint256 seat, SeatWord word) internal {
        uint256 first = FIRST_SEAT;
        assembly ("memory-safe") {
            sstore(add(first, seat), word)
        }
    }

    /// @dev Deals and verdicts are signed in the escrow's domain.
    function _escrowDigest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = _atHome() ? ESCROW_DOMAIN : _separator(ESCROW_NAME, address(ESCROW));
        return _digestIn(domain, structHash);
    }

    /// @dev Takes a tenth of the stake of a seat that was silent, and the seat out of later draws.
    function _suspend(uint40 seat) internal {
        SeatWord kept = _known(seat);
        (SeatStatus status, uint64 left) = (kept.status(), kept.stake(stake));
        uint64 lost = left / 10;
        bool here = status == SeatStatus.Active || status == SeatStatus.Left;
        kept = kept.gone(here ? SeatStatus.Suspended : status);
        _keep(seat, lost == 0 ? kept : kept.silenced());
        emit SeatSuspended(seat, lost, left - lost);
        _fillPot(lost);
    }

    function _fillPot(uint64 amount) internal {
        if (amount == 0) return;
        pot += amount;
        emit PotChanged(pot);
    }

    function _owe(address to, uint64 amount) internal {
        if (amount == 0) return;
        owed[to] += amount;
        emit Owed(to, amount);
    }

    function _seat(address holder, address principal, uint16 provider) private returns (uint40 seat) {
        require(holder != address(0), ZeroAddress());
        require(holder != principal, HolderIsPrincipal(holder));
        seat = roll.count;
        roll = Rolls.grown(seat);
        _keep(seat, SeatWords.taken(holder, principal));
        emit Seated(seat, holder, principal, provider);
    }
}
