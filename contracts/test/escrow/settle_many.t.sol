// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Rating, Release, Status} from "../../src/types/Deal.sol";
import {Vm} from "../base/Vm.sol";
import {Encoding, EscrowCalls} from "./Calls.sol";
import {TurncoatWallet} from "./Wallets.sol";
import {World} from "./World.sol";

/// settleMany
/// ├── runs every item, whatever the others do
/// ├── an item that fails is an event with its reason
/// ├── a hostile wallet costs the others nothing, wherever it stands
/// └── when an item is a call for which the sender matters, or the gas is too low
contract SettleManyTest is World {
    using EscrowCalls for DealEscrow;

    function releaseCall(Deal memory d, uint8 milestone) private view returns (bytes memory) {
        Release memory r = Release(escrow.dealId(d), milestone, 0);
        return escrow.releaseCall(d, r, signRelease(buyer, r), true);
    }

    function hostileAt(uint256 position, TurncoatWallet.Mood mood) private {
        TurncoatWallet wallet = new TurncoatWallet();
        Deal memory bad = plainTerms();
        bad.buyer = address(wallet);
        deposited(bad.buyer, 190 * ONE);
        bytes32 badId = escrow.openFromCredit(bad, "", signDeal(seller, bad));
        (Deal memory good, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](3);
        for (uint8 i = 0; i < 3; ++i) {
            calls[i] = releaseCall(good, i);
        }
        calls[position] = releaseCall(bad, 0);
        wallet.turn(mood);
        escrow.settleMany(calls);
        assertEq(slotOf(id).done, 7 & ~(uint256(1) << position), "the others are done");
        assertEq(slotOf(badId).done, 0, "the hostile one is not");
    }

    function test_every_item_runs() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](4);
        for (uint8 i = 0; i < 3; ++i) {
            calls[i] = releaseCall(d, i);
        }
        Rating memory r = Rating(id, 1, 0);
        calls[3] = escrow.rateCall(d, r, buyer.addr, signRating(buyer, r));
        vm.recordLogs();
        escrow.settleMany(calls);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            assertTrue(logs[i].topics[0] != IDealEscrow.ItemFailed.selector, "no item is told to have failed");
        }
        assertStatus(id, Status.Closed);
        assertEq(slotOf(id).rated, 1, "rated");
    }

    function test_a_failing_item_is_an_event_and_the_others_are_paid() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](3);
        calls[0] = releaseCall(d, 0);
        calls[1] = calls[0];
        calls[2] = releaseCall(d, 1);
        bytes memory reason = abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.ItemFailed(1, IDealEscrow.release.selector, reason);
        escrow.settleMany(calls);
        assertEq(slotOf(id).done, 3, "two are done");
    }

    function test_a_hostile_wallet_costs_the_others_nothing_wherever_it_stands() external {
        for (uint256 mood = 1; mood < 4; ++mood) {
            for (uint256 position = 0; position < 3; ++position) {
                uint256 before = vm.snapshotState();
                hostileAt(position, TurncoatWallet.Mood(mood));
                vm.revertToState(before);
            }
        }
    }

    function test_calls_for_which_the_sender_matters_are_not_batched() external {
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(escrow.withdraw, (stranger.addr, 1));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotBatchable.selector, escrow.withdraw.selector));
        escrow.settleMany(calls);
    }

    function test_a_batch_without_gas_for_its_items_reverts_instead_of_failing_them() external {
        (Deal memory d,) = openedTerms();
        bytes[] memory calls = new bytes[](1);
        calls[0] = releaseCall(d, 0);
        bytes memory data = abi.encodeCall(escrow.settleMany, (calls));
        vm.expectPartialRevert(IDealEscrow.GasTooLow.selector);
        (bool ignored,) = address(escrow).call{gas: 600_000}(data);
        assertTrue(ignored, "expectPartialRevert turns the outcome around");
    }

    function test_every_function_to_which_the_sender_does_not_matter_is_batched_and_no_other() external {
        bytes4[12] memory may = [
            IDealEscrow.release.selector,
            IDealEscrow.cancel.selector,
            IDealEscrow.claim.selector,
            IDealEscrow.verdict.selector,
            IDealEscrow.cosign.selector,
            IDealEscrow.consent.selector,
            IDealEscrow.payout.selector,
            IDealEscrow.rule.selector,
            IDealEscrow.timeout.selector,
            IDealEscrow.payJurors.selector,
            IDealEscrow.rate.selector,
            IDealEscrow.payoutAndRate.selector
        ];
        bytes[] memory calls = new bytes[](1);
        for (uint256 i = 0; i < may.length; ++i) {
            calls[0] = bytes.concat(may[i]);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.ItemFailed(0, may[i], "");
            escrow.settleMany(calls);
        }
        bytes4[12] memory mayNot = [
            IDealEscrow.deposit.selector,
            IDealEscrow.depositWithAuthorization.selector,
            IDealEscrow.withdraw.selector,
            IDealEscrow.withdrawFor.selector,
            IDealEscrow.openWithAuthorization.selector,
            IDealEscrow.openFromCredit.selector,
            IDealEscrow.openFromMandatedCredit.selector,
            IDealEscrow.voidDeal.selector,
            IDealEscrow.appeal.selector,
            IDealEscrow.settleRuling.selector,
            IDealEscrow.payoutMany.selector,
            IDealEscrow.settleMany.selector
        ];
        for (uint256 i = 0; i < mayNot.length; ++i) {
            calls[0] = bytes.concat(mayNot[i]);
            vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotBatchable.selector, mayNot[i]));
            escrow.settleMany(calls);
        }
    }

    function test_an_item_that_is_no_call_at_all_is_refused() external {
        bytes[] memory calls = new bytes[](1);
        for (uint256 size = 0; size < 4; ++size) {
            calls[0] = new bytes(size);
            vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotBatchable.selector, bytes4(0)));
            escrow.settleMany(calls);
        }
    }

    function test_an_empty_batch_does_nothing() external {
        vm.recordLogs();
        escrow.settleMany(new bytes[](0));
        escrow.payoutMany(new Deal[](0));
        assertEq(vm.getRecordedLogs().length, 0, "events");
    }

    // --- the gas and the reason of an item ---

    /// @dev Each item has its whole share before it begins, or the batch reverts: nobody makes an item fail by sending less.
    function test_an_item_begins_with_its_whole_share_of_gas_or_the_batch_reverts() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](1);
        calls[0] = releaseCall(d, 0);
        bytes memory data = abi.encodeCall(escrow.settleMany, (calls));
        (bool done, bytes memory reason) = address(escrow).call{gas: 715_000}(data);
        assertFalse(done, "with less than the share and what the call itself takes");
        assertEq(bytes32(bytes4(reason)), bytes32(IDealEscrow.GasTooLow.selector), "reason");
        (uint256 gas, uint256 wanted) = valuesOf(reason);
        assertEq(wanted, 721_875, "what it wants");
        assertTrue(gas < 715_000 && gas > 650_000, "what there was");
        (done,) = address(escrow).call{gas: 800_000}(data);
        assertTrue(done, "with more");
        assertEq(slotOf(id).done, 1, "settled");
    }

    function valuesOf(bytes memory reason) private pure returns (uint256 first, uint256 second) {
        assertEq(reason.length, 68, "two values");
        assembly ("memory-safe") {
            first := mload(add(reason, 0x24))
            second := mload(add(reason, 0x44))
        }
    }

    /// @dev The gas is asked for before each item: a batch that runs dry half-way has done nothing.
    function test_a_batch_that_runs_dry_half_way_has_done_nothing() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](3);
        for (uint8 i = 0; i < 3; ++i) {
            calls[i] = releaseCall(d, i);
        }
        bytes memory data = abi.encodeCall(escrow.settleMany, (calls));
        (bool done, bytes memory reason) = address(escrow).call{gas: 760_000}(data);
        assertFalse(done, "enough for the first");
        assertEq(bytes32(bytes4(reason)), bytes32(IDealEscrow.GasTooLow.selector), "reason");
        assertEq(slotOf(id).done, 0, "nothing is settled");
    }

    /// @dev What an item could revert with: whatever it is, the event keeps its first 128 bytes.
    function test_of_a_reason_the_first_128_bytes_are_told() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(IDealEscrow.payout, (Encoding.brief(d)));
        calls[1] = calls[0];
        calls[2] = releaseCall(d, 0);
        uint256[6] memory sizes = [uint256(0), 1, 127, 128, 129, 5000];
        for (uint256 i = 0; i < sizes.length; ++i) {
            bytes memory reason = new bytes(sizes[i]);
            for (uint256 j = 0; j < reason.length; ++j) {
                reason[j] = bytes1(uint8(j + 1));
            }
            uint256 before = vm.snapshotState();
            vm.mockCallRevert(address(escrow), calls[0], reason);
            if (reason.length > 128) {
                assembly ("memory-safe") {
                    mstore(reason, 128)
                }
            }
            vm.expectEmit(address(escrow));
            emit IDealEscrow.ItemFailed(0, IDealEscrow.payout.selector, reason);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.ItemFailed(1, IDealEscrow.payout.selector, reason);
            escrow.settleMany(calls);
            assertEq(slotOf(id).done, 1, "the item behind them is done");
            vm.clearMockedCalls();
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_every_item_that_fails_is_named_by_its_place() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Deal[] memory deals = new Deal[](4);
        for (uint256 i = 0; i < 4; ++i) {
            deals[i] = d;
        }
        released(d, 0, false);
        bytes memory nothing = abi.encodeWithSelector(IDealEscrow.NothingToSettle.selector);
        for (uint256 i = 1; i < 4; ++i) {
            vm.expectEmit(address(escrow));
            emit IDealEscrow.ItemFailed(i, IDealEscrow.payout.selector, nothing);
        }
        escrow.payoutMany(deals);
        assertEq(slotOf(id).held, 0, "the first is paid");
    }

    function test_a_batch_is_itself_not_locked_and_its_items_are_one_by_one() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](2);
        calls[0] = releaseCall(d, 0);
        calls[1] = releaseCall(d, 1);
        vm.prank(stranger.addr);
        escrow.settleMany(calls);
        vm.prank(stranger.addr);
        escrow.settleMany(calls);
        assertEq(slotOf(id).done, 3, "both, once");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 117 * ONE, "both, once");
    }
}
