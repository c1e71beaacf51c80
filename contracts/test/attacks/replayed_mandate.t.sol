// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {Mandates} from "../../src/Mandates.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Deal} from "../../src/types/Deal.sol";
import {Mandate, Revoke} from "../../src/types/Mandate.sol";
import {EscrowCalls} from "../escrow/Calls.sol";
import {World} from "../escrow/World.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";

/// @notice Attack: an agent that was dismissed, or whose limit was lowered, shows the mandate that both once signed again, and
/// opens a deal with its former principal's credit.
/// Rule: a grant needs a serial above every one that was granted or burnt, and what was spent is carried over.
contract ReplayedMandateAttack is World {
    using MandateCalls for Mandates;
    using EscrowCalls for DealEscrow;

    function grantAgain(Mandate memory m)
        private
        view
        returns (bytes memory byPrincipal, bytes memory byAgent)
    {
        bytes32 digest = mandates.mandateDigest(m);
        return (sign(buyerPrincipal, digest), sign(buyer, digest));
    }

    /// @notice The mandate of the world's buyer as it was granted.
    function old() private view returns (Mandate memory m) {
        m = mandateTerms(buyer, buyerPrincipal);
        (m.perPeriod, m.humanAbove) = (1000 * ONE, 500 * ONE);
    }

    function revoke(uint16 serial) private {
        Revoke memory r = Revoke(buyer.addr, address(escrow), serial);
        mandates.revoke(r, buyerPrincipal.addr, sign(buyerPrincipal, mandates.revokeDigest(r)));
    }

    function opensNothing(bytes memory reason) private {
        Deal memory d = terms();
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
        vm.expectRevert(reason);
        escrow.openFromMandatedCredit(d, fund, accept, "");
        assertEq(escrow.credit(buyerPrincipal.addr), 1000 * ONE, "credit");
    }

    function replayed(Mandate memory m, uint16 highest) private {
        (bytes memory byPrincipal, bytes memory byAgent) = grantAgain(m);
        vm.expectRevert(abi.encodeWithSelector(IMandates.SerialTooLow.selector, m.serial, highest));
        vm.prank(buyer.addr);
        mandates.grant(m, byPrincipal, byAgent);
    }

    function test_after_a_revocation_the_old_mandate_opens_nothing_any_more() external {
        revoke(1);
        replayed(old(), 1);
        opensNothing(abi.encodeWithSelector(IMandates.Expired.selector, 0, NOW));
    }

    function test_a_revocation_of_many_serials_burns_mandates_that_were_never_shown() external {
        Mandate memory hidden = old();
        hidden.serial = 7;
        revoke(9);
        replayed(hidden, 9);
        hidden.serial = 9;
        replayed(hidden, 9);
        opensNothing(abi.encodeWithSelector(IMandates.Expired.selector, 0, NOW));
    }

    function test_a_hidden_mandate_cannot_come_back_under_a_new_principal_either() external {
        Mandate memory hidden = old();
        hidden.serial = 2;
        revoke(2);
        Mandate memory next = mandateTerms(buyer, stranger);
        next.serial = 3;
        bytes32 digest = mandates.mandateDigest(next);
        mandates.grant(next, sign(stranger, digest), sign(buyer, digest));
        replayed(hidden, 3);
        opensNothing(
            abi.encodeWithSelector(IMandates.WrongPrincipal.selector, buyerPrincipal.addr, stranger.addr)
        );
    }

    function test_the_old_mandate_does_not_lift_a_lowered_limit() external {
        Mandate memory lower = old();
        (lower.serial, lower.perPeriod) = (2, 100 * ONE);
        bytes32 digest = mandates.mandateDigest(lower);
        mandates.grant(lower, sign(buyerPrincipal, digest), sign(buyer, digest));
        replayed(old(), 2);
        opensNothing(abi.encodeWithSelector(IMandates.OverPeriod.selector, 190 * ONE, 100 * ONE));
    }

    function test_a_replay_in_the_block_of_the_revocation_gains_no_second_period() external {
        opened(terms());
        Mandate memory next = old();
        next.serial = 2;
        bytes32 digest = mandates.mandateDigest(next);
        mandates.grant(next, sign(buyerPrincipal, digest), sign(buyer, digest));
        assertEq(mandates.available(buyer.addr, address(escrow)), 810 * ONE, "what was spent is carried over");
        revoke(2);
        assertEq(mandates.available(buyer.addr, address(escrow)), 0, "nothing");
        replayed(old(), 2);
    }

    function test_a_dismissed_agent_signs_openings_from_its_own_money_for_nobody_else() external {
        revoke(1);
        minted(buyer.addr, 1000 * ONE);
        Deal memory d = terms();
        uint256 before = uint256(d.meta.fundBy) + 1;
        bytes memory money = authorization(buyer, address(escrow), 190 * ONE, before, escrow.dealId(d));
        bytes memory accept = signDeal(seller, d);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongPrincipal.selector, buyerPrincipal.addr, address(0))
        );
        escrow.openWithAuthorization(d, money, accept);
    }
}
