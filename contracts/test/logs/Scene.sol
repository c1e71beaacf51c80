// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {Deal, Rating, Verdict} from "../../src/types/Deal.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {Vm} from "../base/Vm.sol";
import {EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {World} from "../escrow/World.sol";
import {AuthorityLogs} from "./AuthorityLogs.sol";

/// @notice A world with forty-five seats and much money, in which a third party reads every log, and what people do in it.
abstract contract Scene is Court, AuthorityLogs {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    Accords internal accords;
    DealEscrow internal younger; // the next version, before which the same agents act
    uint256 private salts;

    /// @dev Everything happens in the test itself, where logs and writes are watched.
    function setUp() public override {}

    function begin() internal {
        vm.record();
        vm.recordLogs();
        World.setUp();
        accords = Accords(created("Accords.sol:Accords", ""));
        bytes memory arguments = abi.encode(address(usdc), address(mandates), GRACE, APPEAL_LIMIT);
        younger = DealEscrow(created("DealEscrow.sol:DealEscrow", arguments));
        startEscrowLogs(escrow.grace());
        startJuryLogs(address(jury), address(beacon), jury.stake());
        mandated(buyer, buyerPrincipal, SCOPE_BUY, 100_000 * ONE, 500 * ONE, 2);
        mandated(seller, sellerPrincipal, SCOPE_SELL, 100_000 * ONE, 500 * ONE, 2);
        deposited(buyerPrincipal.addr, 50_000 * ONE);
        deposited(sellerPrincipal.addr, 5000 * ONE);
        for (uint256 i = 0; i < 45; ++i) {
            seated(i < 5 ? jurors[i] : seatHolder(i - 5), i);
        }
        pass(10 days);
    }

    /// @notice What the third party does after each block.
    function seen() internal {
        time = block.timestamp;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            address from = logs[i].emitter;
            if (from == address(escrow) || from == address(younger)) readEscrow(logs[i]);
            else if (from == address(jury)) readJury(logs[i]);
            else if (from == address(mandates)) readMandates(logs[i]);
            else if (from == address(accords)) readAccords(logs[i]);
            else if (from == address(beacon)) readBeacon(logs[i]);
            else assertEq(from, address(usdc), "who speaks");
        }
    }

    function pass(uint256 span) internal {
        seen();
        vm.warp(block.timestamp + span);
    }

    function fresh() internal returns (Deal memory d) {
        d = terms();
        uint40 now_ = uint40(block.timestamp);
        (d.meta.start, d.meta.fundBy, d.end, d.meta.salt) = (now_, now_ + 300, now_ + 10 days, ++salts);
    }

    function begun() internal returns (Deal memory d) {
        d = fresh();
        opened(d);
    }

    /// @dev A full pass waits for its window, anything less also for the due time.
    function judgedOn(Deal memory d, uint8 milestone, uint16 bps) internal returns (Verdict memory v) {
        v = verdictOn(d, milestone, bps);
        judged(d, v);
    }

    function appealedOn(Deal memory d, uint8 milestone, uint16 bps, Account memory by)
        internal
        returns (Verdict memory v)
    {
        pass(3 days);
        v = judgedOn(d, milestone, bps);
        pass(1 hours);
        appealed(d, v, by);
        jury.request(d, jury.seatsAt(uint40(block.timestamp) - SEAT_AGE));
        seen();
    }

    function ruledOn(Deal memory d, uint8 milestone, uint16 bps) internal {
        bytes32 id = escrow.dealId(d);
        uint40 round = jury.appealOf(id, milestone).round;
        pass(3 hours);
        beacon.prove(round, abi.encode(round));
        Verdict memory v = verdictOn(d, milestone, bps);
        v.round = 1;
        Votes memory votes = votesOfCourt(d, v, 0x5d); // five of seven
        jury.rule(d, v, votes);
        pass(1 hours);
    }

    function rated(Deal memory d) internal {
        Rating memory r = Rating(escrow.dealId(d), -1, keccak256("feedback"));
        escrow.rate(d, r, seller.addr, signRating(seller, r));
        r.value = 5;
        escrow.rate(d, r, buyer.addr, signRating(buyer, r));
    }
}
