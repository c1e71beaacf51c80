// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Verdict} from "../../src/types/Deal.sol";
import {SeatStatus} from "../../src/types/Seat.sol";
import {Sitters} from "../escrow/Sitters.sol";
import {Dice} from "./Cast.sol";
import {Desk} from "./Desk.sol";
import {Judgements} from "./Judgements.sol";
import {Leave} from "./Leaky.sol";
import {Reached} from "./Page.sol";

/// @title Seats are taken and left, stakes lost and paid back
abstract contract Seating is Judgements {
    uint256 internal constant SEATS_MAX = 28;

    // by the seat's number
    Account[] internal holders;
    address[] internal owners;
    uint40[] internal joinedAt;
    uint40[] internal leftAt;
    uint64[] internal stakes;
    SeatStatus[] internal seatStatus;
    uint64 internal pot;
    mapping(address to => uint64) internal owed;
    uint256 internal owedTotal;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < SEATS; ++i) {
            _kept(
                i < 5 ? jurors[i] : seatHolder(i - 5),
                seatPrincipal(i).addr,
                uint40(block.timestamp - 10 days)
            );
        }
        _seatParties(block.timestamp);
    }

    /// @dev Each side has a seat, or sits on one, that no court of its own deals may have.
    function _seatParties(uint256 time) private {
        vm.warp(time - 9 days);
        for (uint256 i = 0; i < 3; ++i) {
            _seatOf(account(string.concat("clerk ", vm.toString(i))), buying[i].payee.addr);
        }
        for (uint256 i = 0; i < 2; ++i) {
            _seatOf(selling[i].signer, account(string.concat("bank ", vm.toString(i))).addr);
        }
        vm.warp(time);
    }

    function _seatOf(Account memory holder, address principal) private {
        know(holder.addr);
        know(principal);
        minted(principal, STAKE);
        vm.prank(principal);
        usdc.approve(address(jury), STAKE);
        vm.prank(principal);
        jury.join(holder.addr, 0);
        _kept(holder, principal, uint40(block.timestamp));
    }

    function join(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (holders.length >= SEATS_MAX) return;
        Account storage holder = holders[roll(dice, holders.length)];
        address principal = roll(dice, 4) == 0 ? holder.addr : buying[roll(dice, 3)].payee.addr;
        bool rich = canPull(principal, STAKE) && canReceive(address(jury));
        bool may = rich && principal != holder.addr;
        if (strict && !may) return;
        if (rich) {
            vm.prank(principal);
            usdc.approve(address(jury), STAKE);
        }
        vm.prank(principal);
        bool done = _asks(abi.encodeCall(IJuryPool.join, (holder.addr, uint16(seed))));
        if (done != may) revert Broken("E20 a seat is taken with a stake", done);
        if (!done) return;
        cash[principal] -= STAKE;
        _kept(holder, principal, uint40(block.timestamp));
    }

    function vacate(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (roll(dice, 3) != 0) return _open(dice); // courts need seats
        uint40 seat = uint40(5 + roll(dice, holders.length - 5));
        address by = [holders[seat].addr, owners[seat], nobody.addr][roll(dice, 3)];
        bool may = by != nobody.addr && seatStatus[seat] == SeatStatus.Active;
        if (strict && !may) return;
        vm.prank(by);
        bool done = _asks(abi.encodeCall(IJuryPool.vacate, (seat, Sitters.who(jury, seat))));
        if (done != may) revert Broken("E05 an active seat is left by its holder or principal", done);
        if (done) (seatStatus[seat], leftAt[seat]) = (SeatStatus.Left, uint40(block.timestamp));
    }

    function withdrawStake(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint40 seat = uint40(roll(dice, holders.length));
        for (uint256 i = 0; i < holders.length && leftAt[seat] == 0; ++i) {
            seat = uint40((seat + 1) % holders.length);
        }
        bool out = seatStatus[seat] == SeatStatus.Left || seatStatus[seat] == SeatStatus.Suspended;
        if (out && roll(dice, 4) == 0 && block.timestamp < leftAt[seat] + EXIT_DELAY) {
            vm.warp(leftAt[seat] + EXIT_DELAY - roll(dice, 2));
        }
        bool ripe = out && stakes[seat] != 0 && block.timestamp >= leftAt[seat] + EXIT_DELAY;
        bytes memory call_ = abi.encodeCall(Desk.withdrawStake, (seat));
        if (!tried(
                call_, either(ripe && canReceive(owners[seat])), "E15 a stake outlasts the seat by the delay"
            )) {
            return;
        }
        cash[owners[seat]] += stakes[seat];
        (stakes[seat], seatStatus[seat]) = (0, SeatStatus.Withdrawn);
    }

    /// @notice A seat that signed twice for one slot loses all; one that did not loses nothing.
    function slash(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (roll(dice, 3) != 0) return _open(dice);
        uint40 seat = uint40(5 + roll(dice, holders.length - 5));
        Verdict memory a = verdictFor(pages[0], 0, 1, 0, 0);
        Verdict memory b = verdictFor(pages[0], 0, 1, 0, BPS);
        uint256 flaw = faulty(dice, 2) ? roll(dice, 3) : 3;
        if (flaw == 0) b = verdictFor(pages[0], 0, 1, 0, 0); // the same twice is no offence
        if (flaw == 1) b.attempt = 1; // nor are two attempts
        bytes memory first = sign(holders[seat], verdictDigest(a));
        bytes memory second = sign(flaw == 2 ? nobody : holders[seat], verdictDigest(b));
        bytes memory call_ = abi.encodeCall(Desk.slash, (seat, a, first, b, second));
        if (!tried(
                call_,
                either(flaw == 3 && stakes[seat] != 0),
                "E11 only two signatures for one slot cost a stake"
            )) {
            return;
        }
        uint64 lost = stakes[seat];
        (stakes[seat], seatStatus[seat]) = (0, SeatStatus.Slashed);
        if (leftAt[seat] == 0) leftAt[seat] = uint40(block.timestamp);
        _owe(address(desk), lost / 10);
        pot += lost - lost / 10;
        count(Reached.Slashed);
    }

    function collect(uint256 seed) external {
        Dice memory dice = Dice(seed);
        address to = roll(dice, 3) == 0 ? address(desk) : holders[roll(dice, holders.length)].addr;
        Leave may = either(owed[to] != 0 && canReceive(to));
        if (!tried(abi.encodeCall(Desk.collect, (to)), may, "E09 what is owed goes to whom it is owed")) {
            return;
        }
        cash[to] += owed[to];
        owedTotal -= owed[to];
        owed[to] = 0;
    }

    // --- books ---

    function _kept(Account memory holder, address owner, uint40 joined) private {
        Sitters.noted(holder.addr, owner);
        holders.push(holder);
        owners.push(owner);
        joinedAt.push(joined);
        leftAt.push(0);
        stakes.push(STAKE);
        seatStatus.push(SeatStatus.Active);
    }

    function _asks(bytes memory call_) private returns (bool done) {
        (done,) = address(jury).call(call_);
        if (!done) count(Reached.Refused);
    }

    function _owe(address to, uint64 amount) private {
        owed[to] += amount;
        owedTotal += amount;
    }

    /// @dev Leading seats that had been there for `SEAT_AGE` at `time`.
    function seatedBefore(uint40 time) internal view returns (uint40 n) {
        while (n < joinedAt.length && joinedAt[n] + SEAT_AGE <= time) ++n;
    }

    function suspended(uint40 seat) internal {
        uint64 lost = stakes[seat] / 10;
        stakes[seat] -= lost;
        pot += lost;
        if (leftAt[seat] == 0) leftAt[seat] = uint40(block.timestamp);
        bool here = seatStatus[seat] == SeatStatus.Active || seatStatus[seat] == SeatStatus.Left;
        if (here) seatStatus[seat] = SeatStatus.Suspended;
        count(Reached.Suspended);
    }

    function sharePot(address[] memory court) internal {
        uint64 share = pot / uint64(court.length);
        pot -= share * uint64(court.length);
        for (uint256 i = 0; i < court.length; ++i) {
            _owe(court[i], share);
        }
    }

    function stakeTotal() internal view returns (uint256 sum) {
        for (uint256 i = 0; i < stakes.length; ++i) {
            sum += stakes[i];
        }
    }
}
