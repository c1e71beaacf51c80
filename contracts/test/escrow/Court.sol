// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {Appeal} from "../../src/types/Jury.sol";
import {EscrowCalls, JuryCalls, Votes} from "./Calls.sol";
import {Sitters} from "./Sitters.sol";
import {World} from "./World.sol";

/// @notice The world with twelve seats besides the first panel, each of its own principal, old enough to hear appeals.
abstract contract Court is World {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    uint40 internal constant SEATS = 17;
    uint40 internal constant EVERY_SEAT = type(uint40).max; // of a request: all there are

    function setUp() public virtual override {
        super.setUp();
        vm.warp(NOW - 10 days);
        for (uint256 i = 0; i < 5; ++i) {
            seated(jurors[i], i);
        }
        for (uint256 i = 0; i < 12; ++i) {
            seated(seatHolder(i), 5 + i);
        }
        vm.warp(NOW);
    }

    function seatHolder(uint256 i) internal returns (Account memory) {
        return account(string.concat("seat ", vm.toString(i)));
    }

    function seatPrincipal(uint256 i) internal returns (Account memory) {
        return account(string.concat("principal ", vm.toString(i)));
    }

    function seated(Account memory holder, uint256 i) internal returns (uint40) {
        address principal = seatPrincipal(i).addr;
        minted(principal, STAKE);
        vm.prank(principal);
        usdc.approve(address(jury), STAKE);
        Sitters.noted(holder.addr, principal);
        vm.prank(principal);
        return jury.join(holder.addr, uint16(i));
    }

    /// @notice An open deal with a pending verdict on milestone 0, a day after the opening.
    function pending(uint16 bps) internal returns (Deal memory d, Verdict memory v) {
        (d,) = openedTerms();
        vm.warp(NOW + 1 days);
        v = verdictOn(d, 0, bps);
        judged(d, v);
    }

    /// @notice The same, all of it for the buyer, which the seller has appealed against.
    function underAppeal() internal returns (Deal memory d) {
        deposited(sellerPrincipal.addr, 100 * ONE);
        Verdict memory v;
        (d, v) = pending(0);
        appealed(d, v, seller);
    }

    function requested(Deal memory d) internal {
        jury.request(d, SEATS);
    }

    /// @notice Time passes until the current round is out, and it is proven.
    function proven(Deal memory d) internal {
        Appeal memory a = jury.appealOf(escrow.dealId(d), 0);
        uint256 out = beacon.genesis() + uint256(a.round - 1) * beacon.period();
        if (block.timestamp < out) vm.warp(out);
        beacon.prove(a.round, abi.encode(a.round));
    }

    function holderOf(uint40 seat) internal returns (Account memory) {
        return seat < 5 ? jurors[seat] : seatHolder(seat - 5);
    }

    /// @notice The drawn seats' verdict with the signatures of those in `signers`.
    function votesOfCourt(Deal memory d, Verdict memory v, uint256 signers)
        internal
        returns (Votes memory votes)
    {
        uint40[] memory seats = jury.drawn(d, v.milestone, panel());
        uint256 n;
        for (uint256 i = 0; i < 7; ++i) {
            n += signers >> i & 1;
        }
        votes = Votes(panel(), signers, new bytes[](n));
        bytes32 digest = escrow.verdictDigest(v);
        n = 0;
        for (uint256 i = 0; i < 7; ++i) {
            if (signers >> i & 1 != 0) votes.signatures[n++] = sign(holderOf(seats[i]), digest);
        }
    }

    function courtVerdict(Deal memory d, uint16 bps, uint8 round) internal view returns (Verdict memory v) {
        v = verdictOn(d, 0, bps);
        v.round = round;
    }

    /// @notice Requested if it is the first draw, proven, and ruled by the first five drawn seats: which settles it.
    function ruled(Deal memory d, uint16 bps, uint8 round) internal returns (address[] memory court) {
        court = heard(d, round);
        Verdict memory v = courtVerdict(d, bps, round);
        jury.rule(d, v, votesOfCourt(d, v, 31));
    }

    /// @notice Requested if it is the first draw, and proven; the first five drawn seats' holders.
    function heard(Deal memory d, uint8 round) internal returns (address[] memory court) {
        if (round == 1) requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        court = new address[](5);
        for (uint256 i = 0; i < 5; ++i) {
            court[i] = holderOf(seats[i]).addr;
        }
    }

    /// @notice The round is proven, the deadline passes, nobody has ruled.
    function silent(Deal memory d) internal {
        proven(d);
        vm.warp(jury.appealOf(escrow.dealId(d), 0).deadline);
        jury.redraw(d, 0, panel());
    }
}
