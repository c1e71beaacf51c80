// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AppealScene} from "./AppealScene.sol";
import {DealScene} from "./DealScene.sol";

/// @notice A rich scene in all five contracts, and a third party that saw nothing but the logs and the time of each block: it must
/// end with every word of storage that the contracts have.
contract RebuildTest is DealScene, AppealScene {
    function test_every_word_of_every_contract_is_told_by_the_logs() external {
        begin();
        money();
        authority();
        accord();
        notices();
        deliveries();
        verdicts();
        refusedPushes();
        fees();
        batches();
        sellersAppeals();
        buyersAppeals();
        bonds();
        silence();
        settledUnderAppeal();
        seatsThatGo();
        seen();
        assertRebuilt(address(escrow), "DealEscrow");
        assertRebuilt(address(younger), "the younger DealEscrow");
        assertRebuilt(address(jury), "JuryPool");
        assertRebuilt(address(mandates), "Mandates");
        assertRebuilt(address(accords), "Accords");
        assertRebuilt(address(beacon), "beacon");
    }

    /// @dev The check itself: it must notice a word that differs, and a word that was written and never told of.
    function test_the_comparison_finds_what_no_log_told() external {
        begin();
        seen();
        assertRebuilt(address(escrow), "DealEscrow");
        bytes32 place = under(buyerPrincipal.addr, 1);
        bytes32 was = vm.load(address(escrow), place);
        vm.store(address(escrow), place, bytes32(uint256(was) + 1));
        vm.expectRevert(
            abi.encodeWithSelector(Differs.selector, "DealEscrow's word", bytes32(uint256(was) + 1), was)
        );
        this.compare();
        vm.store(address(escrow), place, was);
        deposited(stranger.addr, 1); // and nobody reads the log
        vm.expectRevert(
            abi.encodeWithSelector(NotTrue.selector, "DealEscrow keeps a word of which no log tells")
        );
        this.compare();
    }

    function compare() external {
        assertRebuilt(address(escrow), "DealEscrow");
    }
}
