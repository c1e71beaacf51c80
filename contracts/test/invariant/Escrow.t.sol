// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";
import {FuzzSelector} from "./Campaign.sol";
import {Town} from "./Town.sol";

/// @notice One town, its acts, and its sentences after each of them.
abstract contract TownCampaign is Test {
    Town internal town;

    function found(bool strict) internal {
        town = new Town(strict);
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(town);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(town), acts());
    }

    /// @dev By nouns: deals, verdicts, appeals, seats, credit, mandates, time and weather.
    function acts() internal view returns (bytes4[] memory list) {
        bytes4[31] memory all = [
            town.openDeal.selector,
            town.openAgain.selector,
            town.giveUp.selector,
            town.release.selector,
            town.releaseMany.selector,
            town.cancel.selector,
            town.claim.selector,
            town.timeout.selector,
            town.payout.selector,
            town.payoutMany.selector,
            town.rate.selector,
            town.judge.selector,
            town.judgeAgain.selector,
            town.consent.selector,
            town.cosign.selector,
            town.payJurors.selector,
            town.appeal.selector,
            town.request.selector,
            town.testify.selector,
            town.hear.selector,
            town.redraw.selector,
            town.settleAppeal.selector,
            town.join.selector,
            town.vacate.selector,
            town.withdrawStake.selector,
            town.slash.selector,
            town.collect.selector,
            town.deposit.selector,
            town.withdraw.selector,
            town.pass.selector,
            town.turn.selector
        ];
        list = new bytes4[](34);
        for (uint256 i = 0; i < 31; ++i) {
            list[i] = all[i];
        }
        (list[31], list[32], list[33]) =
        (town.withdrawFor.selector, town.grant.selector, town.revoke.selector);
    }

    function sentences() internal view {
        town.E01_the_escrow_has_what_it_owes();
        town.E02_to_E18_deals_are_as_the_books_say();
    }

    /// @notice At the end of each run.
    function afterInvariant() external {
        town.E04_ended_deals_never_move();
        town.E13_E22_every_deal_is_as_the_books_say();
        town.E09_E12_E13_everybody_has_its_own();
        town.E11_nobody_spends_beyond_its_mandate();
        town.E16_E17_nothing_about_the_contracts_changes();
        town.E08_nothing_is_stuck();
    }
}

/// @notice Everybody tries everything, also what the rules refuse: what goes through is what they allow.
contract EscrowInvariants is TownCampaign {
    function setUp() public {
        found(false);
    }

    /// forge-config: default.isolate = false
    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: default.invariant.dictionary-weight = 0
    /// forge-config: default.invariant.include-storage = false
    /// forge-config: default.invariant.include-push-bytes = false
    /// forge-config: quick.isolate = false
    /// forge-config: quick.invariant.fail-on-revert = true
    /// forge-config: quick.invariant.dictionary-weight = 0
    /// forge-config: quick.invariant.include-storage = false
    /// forge-config: quick.invariant.include-push-bytes = false
    function invariant_E01_to_E22_whatever_anybody_tries() external view {
        sentences();
    }
}

/// @notice Everybody does only what the rules allow: whatever reverts is a fault.
contract EscrowStrictInvariants is TownCampaign {
    function setUp() public {
        found(true);
    }

    /// forge-config: default.isolate = false
    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: default.invariant.dictionary-weight = 0
    /// forge-config: default.invariant.include-storage = false
    /// forge-config: default.invariant.include-push-bytes = false
    /// forge-config: quick.isolate = false
    /// forge-config: quick.invariant.fail-on-revert = true
    /// forge-config: quick.invariant.dictionary-weight = 0
    /// forge-config: quick.invariant.include-storage = false
    /// forge-config: quick.invariant.include-push-bytes = false
    function invariant_E01_to_E22_nothing_that_is_allowed_reverts() external view {
        sentences();
    }
}
