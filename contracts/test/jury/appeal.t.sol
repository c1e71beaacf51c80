// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {Appeal} from "../../src/types/Jury.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// appeal
/// ├── is what the escrow's `appeal` and `request` are, in one call, on the party's signature
/// └── when either of them would refuse: and then neither has happened
contract JuryAppealTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function setUp() public override {
        super.setUp();
        deposited(sellerPrincipal.addr, 100 * ONE);
    }

    function refused(Deal memory d, Verdict memory v, bytes memory plea, uint40 seats, bytes memory reason)
        private
    {
        vm.expectRevert(reason);
        jury.appeal(d, v, uint40(block.timestamp), seller.addr, plea, seats);
    }

    function test_one_call_leaves_what_two_leave() external {
        (Deal memory d, Verdict memory v) = pending(0);
        uint40 until = uint40(block.timestamp);
        bytes memory plea = signAppeal(seller, v, until);
        uint256 before = vm.snapshotState();
        escrow.appeal(d, v, until, seller.addr, plea);
        requested(d);
        (uint256 word, Appeal memory two) = (escrow.dealOf(v.deal), jury.appealOf(v.deal, 0));
        vm.revertToState(before);
        vm.prank(stranger.addr);
        jury.appeal(d, v, until, seller.addr, plea, SEATS);
        assertEq(escrow.dealOf(v.deal), word, "the deal");
        assertEq(keccak256(abi.encode(jury.appealOf(v.deal, 0))), keccak256(abi.encode(two)), "the appeal");
        ruled(d, 10_000);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "and it is heard");
    }

    function ruled(Deal memory d, uint16 bps) private {
        proven(d);
        Verdict memory ruling = courtVerdict(d, bps, 1);
        jury.rule(d, ruling, votesOfCourt(d, ruling, 31));
    }

    function test_who_was_overtaken_by_the_escrows_appeal_still_requests() external {
        (Deal memory d, Verdict memory v) = pending(0);
        uint40 until = uint40(block.timestamp);
        bytes memory plea = signAppeal(seller, v, until);
        escrow.appeal(d, v, until, seller.addr, plea); // whoever saw the plea sends it on its own
        bytes memory pendingNoMore =
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Appealed, Status.Pending);
        refused(d, v, plea, SEATS, pendingNoMore);
        requested(d);
        assertEq(jury.appealOf(v.deal, 0).seats, SEATS, "requested all the same");
    }

    function test_what_the_escrow_refuses_is_not_requested() external {
        (Deal memory d, Verdict memory v) = pending(0);
        bytes memory forged = signAppeal(buyer, v, uint40(block.timestamp));
        bytes32 digest = appealDigest(v, uint40(block.timestamp));
        bytes memory bad = abi.encodeWithSelector(IDealEscrow.BadSignature.selector, seller.addr, digest);
        refused(d, v, forged, SEATS, bad);
        assertEq(uint256(jury.appealOf(v.deal, 0).status), 0, "no appeal");
    }

    function test_a_party_that_sends_it_here_signs_all_the_same() external {
        (Deal memory d, Verdict memory v) = pending(0);
        bytes32 digest = appealDigest(v, uint40(block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.BadSignature.selector, seller.addr, digest));
        vm.prank(seller.addr);
        jury.appeal(d, v, uint40(block.timestamp), seller.addr, "", SEATS);
    }

    function test_what_the_jury_refuses_is_not_appealed() external {
        (Deal memory d, Verdict memory v) = pending(0);
        bytes memory plea = signAppeal(seller, v, uint40(block.timestamp));
        refused(d, v, plea, 16, abi.encodeWithSelector(IJuryPool.WrongSeats.selector, 16, SEATS));
        d.jury = address(0xbad);
        bytes memory elsewhere =
            abi.encodeWithSelector(IJuryPool.WrongJury.selector, address(0xbad), address(jury));
        refused(d, v, plea, SEATS, elsewhere);
        (d.jury, d.appealFee) = (address(jury), 5 * ONE - 1);
        bytes memory cheap = abi.encodeWithSelector(IJuryPool.AppealFeeTooLow.selector, 5 * ONE - 1, 5 * ONE);
        refused(d, v, plea, SEATS, cheap);
        assertStatus(v.deal, Status.Pending);
    }
}
