// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls, Votes} from "./Calls.sol";
import {World} from "./World.sol";

/// cosign
/// ├── adds members to an accepted verdict, also after the close
/// └── when it is another verdict, or the fee is paid
contract CosignTest is World {
    using EscrowCalls for DealEscrow;

    function closedByThree() private returns (Deal memory d, bytes32 id) {
        d = terms();
        d.window = 0;
        id = opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            judged(d, verdictOn(d, i, 10_000));
        }
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
        expectOtherPanel(d, v, votes);
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

    function test_a_cosignature_is_of_the_panel_and_each_bit_has_one() external {
        (Deal memory d,) = closedByThree();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 24);
        votes.signers = 32 | 8;
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.SignerOutOfPanel.selector, 40, 5));
        escrow.cosign(d, v, votes);
        votes = Votes(new address[](33), 0, new bytes[](0));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.PanelTooLarge.selector, 33, 32));
        escrow.cosign(d, v, votes);
        votes.panel = new address[](2);
        expectOtherPanel(d, v, votes);
        escrow.cosign(d, v, votes);
    }

    function test_signing_again_changes_nothing() external {
        (Deal memory d, bytes32 id) = closedByThree();
        Verdict memory v = verdictOn(d, 0, 10_000);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Cosigned(id, 0, 7);
        escrow.cosign(d, v, votesOf(v, 5));
        (uint32 signers,) = escrow.signersOf(id, 0);
        assertEq(signers, 7, "signers");
    }

    function test_a_milestone_without_a_verdict_or_a_fee_is_not_cosigned() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes32 digest = escrow.verdictDigest(v);
        Votes memory votes = votesOf(v, 7);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotThePendingVerdict.selector, digest));
        escrow.cosign(d, v, votes);
        d.juryFee = 0;
        opened(d);
        v = verdictOn(d, 0, 10_000);
        judged(d, v);
        digest = escrow.verdictDigest(v);
        votes = votesOf(v, 24);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotThePendingVerdict.selector, digest));
        escrow.cosign(d, v, votes);
    }

    function test_while_a_verdict_is_pending_it_can_be_cosigned() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        escrow.cosign(d, v, votesOf(v, 24));
        (uint32 signers,) = escrow.signersOf(id, 0);
        assertEq(signers, 31, "signers");
    }
}
