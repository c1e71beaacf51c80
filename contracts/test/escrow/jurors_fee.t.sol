// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status, Verdict, Votes} from "../../src/types/Deal.sol";
import {World} from "./World.sol";

/// cosign
/// ├── adds members to an accepted verdict, also after the close
/// └── when it is another verdict, or the fee is paid
/// payJurors
/// ├── pays each milestone's fee to those who signed its verdict, when nobody is missing or grace is over
/// ├── leaves the fee of milestones without a verdict to the buyer
/// └── when the deal is open, the panel another, or there is nothing
contract JurorsFeeTest is World {
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

    function test_the_sender_of_a_verdict_does_not_choose_who_is_paid() external {
        (Deal memory d, bytes32 id) = closedByThree();
        for (uint8 i = 0; i < 3; ++i) {
            Verdict memory v = verdictOn(d, i, 10_000);
            escrow.cosign(d, v, votesOf(v, 24));
        }
        (uint32 signers,) = escrow.signersOf(id, 0);
        assertEq(signers, 31, "signers");
        escrow.payJurors(d, panel());
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(escrow.credit(jurors[i].addr), 600_000, "a fifth");
        }
    }

    function test_a_cosignature_is_for_the_accepted_verdict() external {
        (Deal memory d,) = closedByThree();
        Verdict memory v = verdictOn(d, 0, 10_000);
        v.votes = sha256("other votes");
        Votes memory votes = votesOf(v, 24);
        bytes32 digest = escrow.verdictDigest(v);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotThePendingVerdict.selector, digest));
        escrow.cosign(d, v, votes);
        v = verdictOn(d, 0, 10_000);
        votes = votesOf(v, 24);
        votes.signatures[1] = votes.signatures[0];
        vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
        escrow.cosign(d, v, votes);
    }

    function test_after_the_fee_is_paid_nobody_signs_any_more() external {
        (Deal memory d, bytes32 id) = closedByThree();
        vm.warp(NOW + GRACE);
        escrow.payJurors(d, panel());
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 24);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NothingForJurors.selector, id));
        escrow.cosign(d, v, votes);
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
        vm.expectPartialRevert(IDealEscrow.WrongPanel.selector);
        escrow.payJurors(d, new address[](5));
    }
}
