// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {AnsweringToken, FeeToken} from "./Tokens.sol";
import {World} from "./World.sol";

/// @notice Tokens that are not USDC, or that USDC could become: what the escrow takes for a transfer, and what it does otherwise.
/// One token is fixed at construction, so none of these can be brought by a party.
contract TokensTest is World {
    using EscrowCalls for DealEscrow;

    AnsweringToken private token;

    function escrowWith(address token_) private {
        bytes memory arguments = abi.encode(token_, address(mandates), GRACE, APPEAL_LIMIT);
        escrow = DealEscrow(created("DealEscrow.sol:DealEscrow", arguments));
    }

    function credited(uint64 amount) private {
        token = new AnsweringToken(1, false);
        escrowWith(address(token));
        escrow.deposit(buyer.addr, amount);
    }

    function test_a_deposit_that_answers_false_is_none() external {
        credited(10);
        token.turn(0, false);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.TransferFailed.selector, address(escrow), 5));
        escrow.deposit(buyer.addr, 5);
        assertEq(escrow.credit(buyer.addr), 10, "credit");
    }

    function test_a_deposit_that_answers_nothing_or_another_word_is_none() external {
        credited(10);
        token.turn(0, true);
        vm.expectRevert();
        escrow.deposit(buyer.addr, 5);
        token.turn(2, false); // no bool
        vm.expectRevert();
        escrow.deposit(buyer.addr, 5);
        assertEq(escrow.credit(buyer.addr), 10, "credit");
    }

    function test_a_withdrawal_that_answers_false_nothing_or_another_word_has_failed() external {
        credited(10);
        bytes memory failed = abi.encodeWithSelector(IDealEscrow.TransferFailed.selector, buyer.addr, 5);
        for (uint256 i = 0; i < 3; ++i) {
            token.turn(i == 2 ? 2 : 0, i == 1);
            vm.prank(buyer.addr);
            vm.expectRevert(failed);
            escrow.withdraw(buyer.addr, 5);
        }
        assertEq(escrow.credit(buyer.addr), 10, "credit");
    }

    function test_a_push_that_answers_false_nothing_or_another_word_becomes_credit() external {
        credited(1000 * ONE);
        for (uint256 i = 0; i < 3; ++i) {
            Deal memory d = plainTerms();
            d.meta.salt = i;
            bytes32 id = escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
            token.turn(i == 2 ? 2 : 0, i == 1);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.Credited(sellerPrincipal.addr, id, 54 * ONE | uint256(1) << 64);
            released(d, 0, true);
            token.turn(1, false);
        }
        assertEq(escrow.credit(sellerPrincipal.addr), 3 * 54 * ONE, "credit");
    }

    function test_a_token_without_code_pays_nobody() external {
        credited(1000 * ONE);
        Deal memory d = plainTerms();
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        vm.etch(address(token), "");
        released(d, 0, true);
        assertEq(escrow.credit(sellerPrincipal.addr), 54 * ONE, "credit, not lost");
    }

    /// @dev Accounting by balance would shift such a loss to somebody at random; here it shows at the last withdrawal,
    /// as a transfer that fails, and never as another's money.
    function test_a_token_that_takes_a_fee_costs_the_last_one_and_shows() external {
        FeeToken fee = new FeeToken();
        escrowWith(address(fee));
        fee.mint(address(this), 200 * ONE);
        escrow.deposit(buyer.addr, 100 * ONE);
        escrow.deposit(seller.addr, 100 * ONE);
        assertEq(fee.balanceOf(address(escrow)), 198 * ONE, "less came in than was said");
        vm.prank(buyer.addr);
        escrow.withdraw(buyer.addr, 100 * ONE);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.TransferFailed.selector, seller.addr, 100 * ONE));
        vm.prank(seller.addr);
        escrow.withdraw(seller.addr, 100 * ONE);
        vm.prank(seller.addr);
        escrow.withdraw(seller.addr, 98 * ONE);
        assertEq(escrow.credit(seller.addr), 2 * ONE, "the rest stays owed");
    }

    function test_money_that_is_sent_without_a_call_belongs_to_no_deal() external {
        minted(address(escrow), 77);
        (Deal memory d, bytes32 id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, true);
        }
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 180 * ONE, "the seller gets its own");
        assertEq(usdc.balanceOf(address(escrow)), 810 * ONE + 77, "and the stray stays");
    }
}
