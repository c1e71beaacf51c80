// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// payJurors
/// ├── pays each milestone's fee to those who signed its verdict, when nobody is missing or grace is over
/// ├── leaves the fee of milestones without a verdict to the buyer
/// └── when the deal is open, the panel another, or there is nothing
contract PayJurorsTest is World {
    using EscrowCalls for DealEscrow;

    function closedByThree() private returns (Deal memory d, bytes32 id) {
        d = terms();
        d.window = 0;
        id = opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            judged(d, verdictOn(d, i, 10_000));
        }
    }

    function test_the_fee_waits_while_members_may_still_sign() external {
        (Deal memory d, bytes32 id) = closedByThree();
        assertStatus(id, Status.Closed);
        assertEq(slotOf(id).left, 3 * ONE, "the fee");
        uint40 from = NOW + GRACE;
        address[] memory members = panel();
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotYet.selector, NOW, from));
        escrow.payJurors(d, members);

        vm.warp(from);
        escrow.payJurors(d, members);
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(escrow.credit(jurors[i].addr), i < 3 ? ONE - 1 : 0, "a third of each milestone");
        }
        assertEq(escrow.credit(buyerPrincipal.addr), 810 * ONE + 3, "what does not divide");
        assertConserved(id);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NothingForJurors.selector, id));
        escrow.payJurors(d, members);
    }

    function test_milestones_without_a_verdict_earn_nothing() external {
        Deal memory d = terms();
        d.window = 0;
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        escrow.verdict(d, v, votesOf(v, 31), "", "", true);
        released(d, 1, true);
        released(d, 2, true);
        assertEq(slotOf(id).left, ONE, "one milestone's fee");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 9 * ONE, "the rest went back");
        escrow.payJurors(d, panel());
        assertEq(escrow.credit(jurors[4].addr), 200_000, "a fifth of one");
        assertConserved(id);
    }

    function test_jurors_are_not_paid_before_the_close_or_by_another_panel() external {
        (Deal memory d,) = openedTerms();
        address[] memory members = panel();
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Closed));
        escrow.payJurors(d, members);
        (d,) = closedByThree();
        bytes32 nobody = keccak256(new bytes(160));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongPanel.selector, nobody, d.panel));
        escrow.payJurors(d, new address[](5));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.PanelTooLarge.selector, 33, 32));
        escrow.payJurors(d, new address[](33));
    }
}
