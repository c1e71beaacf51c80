// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {Cancel, Deal, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Sitters} from "../escrow/Sitters.sol";
import {Scene} from "./Scene.sol";

/// @notice Appeals that are won and lost by either side, with and without reserve and bond, silent, abandoned and settled; and what
/// becomes of seats.
abstract contract AppealScene is Scene {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function sellersAppeals() internal {
        Deal memory d = begun();
        appealedOn(d, 0, 0, seller);
        ruledOn(d, 0, 9000); // wins, the reserve pays
        pass(3 days);
        Verdict memory v = judgedOn(d, 1, 0);
        pass(1 hours);
        uint40 until = uint40(block.timestamp);
        uint40 seats = jury.seatsAt(until - SEAT_AGE);
        jury.appeal(d, v, until, seller.addr, signAppeal(seller, v, until), seats); // all in one call
        ruledOn(d, 1, 5000); // wins, with the reserve spent
        appealedOn(d, 2, 5000, seller);
        ruledOn(d, 2, 4000); // loses, and that closes it
        d = begun();
        appealedOn(d, 0, 5000, seller);
        ruledOn(d, 0, 5000); // confirmed
        escrow.cancel(d, Cancel(escrow.dealId(d), 0, d.end + 10 days), "", cancelled(d, d.end + 10 days));
        seen();
    }

    function buyersAppeals() internal {
        Deal memory d = begun();
        appealedOn(d, 0, 10_000, buyer);
        ruledOn(d, 0, 10_000); // loses its reserve
        appealedOn(d, 1, 10_000, buyer); // from its principal's credit
        ruledOn(d, 1, 2000); // wins, without a bond: its own deposit pays
        appealedOn(d, 2, 10_000, buyer);
        pass(APPEAL_LIMIT);
        escrow.rule(d); // the jury was asked and did not answer in time
        seen();
    }

    function bonds() internal {
        for (uint64 bond = 4 * ONE; bond <= 20 * ONE; bond += 8 * ONE) {
            Deal memory d = fresh();
            d.sellerBond = bond;
            opened(d);
            appealedOn(d, 0, 10_000, buyer);
            ruledOn(d, 0, 0); // wins: the bond pays, as far as it goes
            appealedOn(d, 1, 10_000, buyer);
            ruledOn(d, 1, 0); // wins again: the bond has paid
            released(d, 2, true);
            seen();
        }
    }

    function silence() internal {
        for (uint256 i = 0; i < 2; ++i) {
            Deal memory d = begun();
            appealedOn(d, 0, i == 0 ? 10_000 : 0, i == 0 ? buyer : seller);
            proven(d);
            uint40[] memory first = jury.drawn(d, 0, panel());
            Verdict memory v = courtVerdict(d, 2500, 1);
            jury.testify(d, panel(), v, 3, sign(holderOf(first[3]), escrow.verdictDigest(v)));
            jury.testify(d, panel(), v, 6, sign(holderOf(first[6]), escrow.verdictDigest(v)));
            vm.prank(holderOf(first[1]).addr);
            jury.vacate(first[1]); // too late to escape
            seen();
            silent(d);
            seen();
            if (i == 0) silent(d);
            else ruled(d, 2000, 2);
            seen();
            if (i == 0) escrow.rule(d);
            // Never brought before the jury: the deposit goes to the other side.
            d = begun();
            pass(3 days);
            v = judgedOn(d, 0, i == 0 ? 10_000 : 0);
            appealed(d, v, i == 0 ? buyer : seller);
            pass(APPEAL_LIMIT);
            escrow.rule(d);
            seen();
        }
        // A beacon that stands still: nobody was drawn, so nobody is passed over.
        Deal memory late = begun();
        appealedOn(late, 0, 0, seller);
        pass(RULING_TIME + 3 hours);
        jury.redraw(late, 0, panel());
        seen();
        jury.collect(holderOf(courtOwed()).addr);
        seen();
    }

    function settledUnderAppeal() internal {
        for (uint256 i = 0; i < 2; ++i) {
            Deal memory d = begun();
            appealedOn(d, 0, i == 0 ? 0 : 10_000, i == 0 ? seller : buyer);
            if (i == 0) released(d, 0, true);
            Cancel memory c = Cancel(escrow.dealId(d), 5000, d.end + 10 days);
            escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c));
            pass(3 days);
            jury.redraw(d, 0, panel());
            seen();
        }
        // A release of what is pending.
        Deal memory q = begun();
        judgedOn(q, 0, 10_000);
        released(q, 0, true);
        pass(1 hours);
    }

    function seatsThatGo() internal {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        jury.slash(2, a, byA, b, sign(jurors[2], escrow.verdictDigest(b)));
        vm.prank(jurors[3].addr);
        jury.vacate(3);
        Account memory joiner = account("joiner");
        minted(joiner.addr, STAKE);
        Sitters.noted(stranger.addr, joiner.addr);
        bytes32 nonce = keccak256(abi.encode(keccak256("Join"), stranger.addr, uint16(3), bytes32(0)));
        bytes memory given = authorization(joiner, address(jury), STAKE, block.timestamp + 1, nonce);
        jury.joinWithAuthorization(joiner.addr, stranger.addr, 3, 0, block.timestamp + 1, 0, given);
        pass(EXIT_DELAY);
        jury.withdrawStake(3);
        jury.collect(address(this));
    }

    function cancelled(Deal memory d, uint40 until) private view returns (bytes memory) {
        return signCancel(seller, Cancel(escrow.dealId(d), 0, until));
    }

    /// @dev Some juror to whom the last ruling's share of the pot is owed.
    function courtOwed() private returns (uint40 seat) {
        for (seat = 5; seat < 45; ++seat) {
            if (jury.owed(holderOf(seat).addr) != 0) return seat;
        }
        revert NotTrue("somebody is owed");
    }
}
