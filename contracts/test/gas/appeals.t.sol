// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Meter} from "./Meter.sol";

/// @notice Seats and appeals in the steady state: a pool of 200 seats, the first panel's five among them, whose holders
/// have credit already. What a ruling costs depends on its draw, which passes over whoever judged before: it is measured
/// over many deals, and the table has the median and the costliest.
contract AppealGasTest is Court, Meter {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    uint40 private constant POOL = 200;
    uint256 private constant DRAWS = 101;

    struct Plea {
        Verdict verdict;
        bytes signature;
    }

    function setUp() public override {
        super.setUp();
        minted(buyerPrincipal.addr, 1);
        minted(sellerPrincipal.addr, 1);
        deposited(stranger.addr, 1000 * ONE);
        deposited(buyer.addr, 1000 * ONE);
        vm.warp(NOW - 9 days);
        for (uint256 i = 0; i < POOL - 5; ++i) {
            if (i + 5 >= SEATS) seated(seatHolder(i), i + 5);
            deposited(seatHolder(i).addr, 1);
        }
        vm.warp(NOW);
    }

    function test_join() external {
        address principal = seatPrincipal(POOL).addr;
        address holder = seatHolder(POOL).addr;
        minted(principal, STAKE + 1);
        bytes32 salt = sha256("salt");
        bytes32 nonce = keccak256(abi.encode(keccak256("Join"), holder, uint16(7), salt));
        bytes memory signature = authorization(seatPrincipal(POOL), address(jury), STAKE, NOW + 300, nonce);
        jury.joinWithAuthorization(principal, holder, 7, 0, NOW + 300, salt, signature);
        measured("juror joins");
    }

    function test_appeal() external {
        (Deal memory d, Plea memory p) = judgedDeal(0);
        uint256 before = vm.snapshotState();
        escrow.appeal(d, p.verdict, uint40(block.timestamp), d.buyer, p.signature);
        measured("appeal opened");
        uint256 opened_ = vm.snapshotState();
        jury.request(d, POOL);
        measured("appeal requested, seats counted");
        vm.revertToState(opened_);
        jury.request(d, EVERY_SEAT);
        measured("appeal requested");
        vm.revertToState(before);
        appealedAndRequested(d, p);
        measured("appeal opened and requested");
    }

    function test_rulings() external {
        uint256[] memory rulings = new uint256[](DRAWS);
        uint256[] memory whole = new uint256[](DRAWS);
        uint256 before = vm.snapshotState();
        for (uint256 i = 0; i < DRAWS; ++i) {
            vm.revertToState(before);
            (Deal memory d, Plea memory p) = judgedDeal(i);
            uint256 sum = appealedAndRequested(d, p);
            proven(d);
            rulings[i] = rulingGiven(d);
            whole[i] = sum + rulings[i];
        }
        sort(rulings);
        noted("appeal ruled and settled, 5 of 7", rulings[DRAWS / 2]);
        noted("appeal ruled and settled, 5 of 7, the costliest draw of 101", rulings[DRAWS - 1]);
        sort(whole);
        noted("appeal to ruling, without the beacon", whole[DRAWS / 2]);
    }

    // --- acts ---

    /// @dev Both parties act for themselves and are paid elsewhere. Which deal it is decides the draw.
    function judgedDeal(uint256 which) private returns (Deal memory d, Plea memory p) {
        d = plainTerms();
        (d.juryFee, d.appealFee, d.window) = (0, 7 * ONE, WINDOW);
        d.meta.salt = uint256(sha256(abi.encode(which)));
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        vm.warp(NOW + 1 days);
        p.verdict = verdictOn(d, 0, 10_000);
        judged(d, p.verdict);
        p.signature = signCompact(buyer, appealDigest(p.verdict, uint40(block.timestamp)));
    }

    function appealedAndRequested(Deal memory d, Plea memory p) private returns (uint256) {
        jury.appeal(d, p.verdict, uint40(block.timestamp), d.buyer, p.signature, EVERY_SEAT);
        return lastGas();
    }

    function rulingGiven(Deal memory d) private returns (uint256) {
        Verdict memory v = courtVerdict(d, 0, 1);
        Votes memory votes = votesOfCourt(d, v, 31);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        for (uint256 i = 0; i < 5; ++i) {
            votes.signatures[i] = signCompact(holderOf(seats[i]), escrow.verdictDigest(v));
        }
        jury.rule(d, v, votes);
        return lastGas();
    }

    /// @dev By insertion, in place.
    function sort(uint256[] memory values) private pure {
        for (uint256 i = 1; i < values.length; ++i) {
            for (uint256 j = i; j > 0 && values[j - 1] > values[j]; --j) {
                (values[j - 1], values[j]) = (values[j], values[j - 1]);
            }
        }
    }
}
