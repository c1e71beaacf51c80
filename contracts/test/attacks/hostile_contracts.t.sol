// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Cancel, Deal, Rating, Release, Status, Verdict} from "../../src/types/Deal.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {Encoding, EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Tailed} from "../escrow/Tailed.sol";
import {Hostile, Mood} from "./Hostile.sol";

/// @notice Attack: a wallet or jury that terms name eats gas, returns bombs, reverts, calls back or writes, wherever it stands: as buyer,
/// seller, juror, vault or court, alone and in every position of a batch.
/// Rule: as a juror it is not asked at all. Else it is asked by STATICCALL under a gas cap and one word of its answer is read; an item of a batch has a gas cap of its
/// own. So it can spoil its own deal only, and no longer than the terms' own time boxes.
contract HostileContractsAttack is Court {
    using EscrowCalls for DealEscrow;
    using Encoding for Deal;
    using JuryCalls for JuryPool;

    bytes32 private constant MAGIC = bytes32(bytes4(0x1626ba7e));
    uint256 private constant BATCH_GAS = 16_777_216; // EIP-7825

    Hostile private wallet;

    function setUp() public override {
        super.setUp();
        wallet = new Hostile(MAGIC);
        wallet.aim(abi.encodeCall(IDealEscrow.payout, (plainTerms().brief())));
    }

    function moodAt(uint256 i) private pure returns (Mood) {
        return Mood(i);
    }

    /// @notice Every mood in which a wallet does not sign.
    function refusing(Mood mood) private pure returns (bool) {
        return mood != Mood.Agreeing && mood != Mood.Flooding;
    }

    // --- as a party, in every position of a batch ---

    function walletDeal(uint256 salt) private view returns (Deal memory d) {
        d = plainTerms();
        d.buyer = address(wallet);
        d.meta.salt = salt;
    }

    function releaseCall(Deal memory d, uint8 milestone) private view returns (bytes memory) {
        Release memory r = Release(escrow.dealId(d), milestone, 0);
        return escrow.releaseCall(d, r, d.buyer == address(wallet) ? bytes("") : signRelease(buyer, r), true);
    }

    function test_a_hostile_buyer_spoils_its_own_item_only_in_every_mood_and_position() external {
        deposited(address(wallet), 190 * ONE);
        Deal memory bad = walletDeal(1);
        bytes32 badId = escrow.openFromCredit(bad, "", signDeal(seller, bad));
        (Deal memory good, bytes32 id) = openedTerms();
        uint256 before = vm.snapshotState();
        for (uint256 m = 0; m <= uint256(type(Mood).max); ++m) {
            for (uint256 position = 0; position < 4; ++position) {
                batchWith(good, bad, position, moodAt(m));
                assertEq(slotOf(id).done, 7, "the others are done");
                assertEq(slotOf(badId).done, refusing(moodAt(m)) ? 0 : 1, "the hostile one");
                assertTrue(vm.revertToState(before), "back");
            }
        }
    }

    function batchWith(Deal memory good, Deal memory bad, uint256 position, Mood mood) private {
        bytes[] memory calls = new bytes[](4);
        uint8 next;
        for (uint256 i = 0; i < 4; ++i) {
            calls[i] = i == position ? releaseCall(bad, 0) : releaseCall(good, next++);
        }
        wallet.turn(mood);
        bytes memory data = abi.encodeCall(escrow.settleMany, (calls));
        (bool done,) = address(escrow).call{gas: BATCH_GAS}(data);
        assertTrue(done, "the batch went through");
    }

    function test_a_batch_of_nothing_but_gas_eaters_stays_under_the_cap_of_a_transaction() external {
        deposited(address(wallet), 190 * ONE);
        Deal memory bad = walletDeal(1);
        escrow.openFromCredit(bad, "", signDeal(seller, bad));
        wallet.turn(Mood.BurningGas);
        bytes[] memory calls = new bytes[](20);
        for (uint256 i = 0; i < 20; ++i) {
            calls[i] = releaseCall(bad, 0);
        }
        uint256 gas = gasleft();
        escrow.settleMany(calls);
        assertLe(gas - gasleft(), 20 * 725_000, "each at most its own cap");
    }

    function test_the_reason_of_a_bomb_is_cut() external {
        deposited(address(wallet), 190 * ONE);
        Deal memory bad = walletDeal(1);
        bytes32 id = escrow.openFromCredit(bad, "", signDeal(seller, bad));
        wallet.turn(Mood.Bombing);
        bytes[] memory calls = new bytes[](1);
        calls[0] = releaseCall(bad, 0);
        bytes32 typeHash = keccak256("Release(bytes32 deal,uint8 milestone,bytes32 evidence)");
        bytes memory reason = abi.encodeWithSelector(
            IDealEscrow.BadSignature.selector, wallet, inEscrow(keccak256(abi.encode(typeHash, id, 0, 0)))
        );
        vm.expectEmit(address(escrow));
        emit IDealEscrow.ItemFailed(0, IDealEscrow.release.selector, reason);
        escrow.settleMany(calls);
    }

    function test_a_hostile_payee_deal_in_payoutMany_stops_nobody() external {
        Deal[] memory deals = new Deal[](3);
        deposited(sellerPrincipal.addr, 100 * ONE);
        for (uint256 i = 0; i < 3; ++i) {
            deals[i] = terms();
            deals[i].meta.salt = i;
            deals[i].sellerPay = sellerPrincipal.addr;
            opened(deals[i]);
            released(deals[i], 0, false);
        }
        escrow.payout(deals[1]); // nothing is left to pay in the second
        escrow.payoutMany(deals);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 3 * 54 * ONE, "all three are paid");
    }

    // --- as every other signer ---

    function refusedOrTaken(bytes memory call_, bool taken) private {
        (bool done,) = address(escrow).call{gas: 3_000_000}(call_);
        assertEq(done, taken, "taken");
    }

    function test_a_hostile_seller_signs_or_does_not_and_nothing_else() external {
        Deal memory d = terms();
        (d.seller, d.sellerPay, d.flags) = (address(wallet), address(wallet), 1);
        d.meta.mandates = address(mandates);
        bytes memory open =
            abi.encodeCall(IDealEscrow.openFromMandatedCredit, (d.whole(), signFund(buyer, d), "", ""));
        uint256 before = vm.snapshotState();
        for (uint256 m = 0; m <= uint256(type(Mood).max); ++m) {
            wallet.turn(moodAt(m));
            refusedOrTaken(open, !refusing(moodAt(m)));
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_a_contract_has_no_vote_and_takes_nobody_elses_away() external {
        Deal memory d = terms();
        d.window = 0;
        address[] memory members = new address[](3);
        (members[0], members[1], members[2]) = (jurors[0].addr, jurors[1].addr, address(wallet));
        members = ascending(members);
        d.panel = keccak256(abi.encodePacked(members));
        d.quorum = 2;
        bytes32 id = opened(d);
        uint256 before = vm.snapshotState();
        for (uint256 m = 0; m <= uint256(type(Mood).max); ++m) {
            wallet.turn(moodAt(m));
            refusedOrTaken(votesOfThree(d, members, 7), false);
            refusedOrTaken(votesOfThree(d, members, withoutWallet(members)), true);
            assertEq(slotOf(id).done, 1, "the milestone is judged");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function votesOfThree(Deal memory d, address[] memory members, uint256 signers)
        private
        view
        returns (bytes memory)
    {
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes32 digest = escrow.verdictDigest(v);
        Votes memory votes = Votes(members, signers, new bytes[](signers == 7 ? 3 : 2));
        uint256 next;
        for (uint256 i = 0; i < 3; ++i) {
            if (signers >> i & 1 == 0) continue;
            bool is0 = members[i] == jurors[0].addr;
            bytes memory byKey = signCompact(is0 ? jurors[0] : jurors[1], digest);
            // A contract's signature has its length before it, and so the contract's address too.
            votes.signatures[next++] = members[i] == address(wallet) ? new bytes(63) : byKey;
        }
        return escrow.verdictCall(d, v, votes);
    }

    function withoutWallet(address[] memory members) private view returns (uint256 signers) {
        for (uint256 i = 0; i < 3; ++i) {
            if (members[i] != address(wallet)) signers |= uint256(1) << i;
        }
    }

    function ascending(address[] memory list) private pure returns (address[] memory) {
        for (uint256 i = 1; i < list.length; ++i) {
            for (uint256 j = i; j > 0 && list[j - 1] > list[j]; --j) {
                (list[j - 1], list[j]) = (list[j], list[j - 1]);
            }
        }
        return list;
    }

    function test_a_hostile_party_rates_consents_and_cancels_only_while_it_agrees() external {
        deposited(address(wallet), 190 * ONE);
        Deal memory d = walletDeal(1);
        bytes32 id = escrow.openFromCredit(d, "", signDeal(seller, d));
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        Cancel memory c = Cancel(id, 10_000, NOW);
        uint256 before = vm.snapshotState();
        for (uint256 m = 0; m <= uint256(type(Mood).max); ++m) {
            bool taken = !refusing(moodAt(m));
            wallet.turn(moodAt(m));
            refusedOrTaken(consentCall(d, v), taken);
            refusedOrTaken(abi.encodeCall(IDealEscrow.cancel, (d.brief(), 10_000, NOW, "", "")), taken);
            wallet.turn(Mood.Agreeing);
            if (!taken) escrow.cancel(d, c, "", "");
            wallet.turn(moodAt(m));
            Rating memory r = Rating(id, 1, 0);
            refusedOrTaken(escrow.rateCall(d, r, address(wallet), ""), taken);
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function consentCall(Deal memory d, Verdict memory v) private pure returns (bytes memory) {
        Encoding.Piece memory p;
        uint256 marks = Encoding.consents(p, hex"00", "");
        Votes memory none;
        uint256 head = Encoding.head(v, none, marks, p.long);
        return Tailed.consent(d.brief(), Ballot.wrap(head), v.evidence, v.votes, p.data);
    }

    // --- as the jury ---

    function juryDeal(Hostile court) private returns (Deal memory d, Verdict memory v) {
        d = terms();
        d.jury = address(court);
        deposited(sellerPrincipal.addr, 10 * ONE);
        opened(d);
        vm.warp(NOW + 1 days);
        v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
    }

    function test_a_hostile_jury_delays_its_own_deal_until_the_limit_and_no_longer() external {
        Hostile court = new Hostile(bytes32(uint256(AppealStatus.Requested)));
        (Deal memory d, Verdict memory v) = juryDeal(court);
        court.aim(abi.encodeCall(IDealEscrow.rule, (d.brief())));
        uint256 limit = block.timestamp + APPEAL_LIMIT;
        uint256 before = vm.snapshotState();
        for (uint256 m = 0; m <= uint256(type(Mood).max); ++m) {
            court.turn(moodAt(m));
            vm.warp(limit - 1);
            refusedOrTaken(abi.encodeCall(IDealEscrow.rule, (d.brief())), false);
            vm.warp(limit);
            refusedOrTaken(abi.encodeCall(IDealEscrow.rule, (d.brief())), true);
            assertEq(usdc.balanceOf(buyerPrincipal.addr) >= 54 * ONE, true, "the earlier verdict stood");
            assertEq(slotOf(v.deal).done, 1, "settled");
            assertConserved(v.deal);
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function test_a_jury_that_is_asked_does_not_rule_meanwhile() external {
        Hostile court = new Hostile(bytes32(uint256(AppealStatus.Silent)));
        (Deal memory d, Verdict memory v) = juryDeal(court);
        Votes memory none;
        Ballot b = Ballot.wrap(Encoding.head(verdictOn(d, 0, 10_000), none, 0, 0));
        court.aim(abi.encodeCall(IDealEscrow.settleRuling, (d.brief(), new address[](0), b)));
        court.turn(Mood.Reentering);
        refusedOrTaken(abi.encodeCall(IDealEscrow.rule, (d.brief())), false);
        assertStatus(v.deal, Status.Appealed);
        court.turn(Mood.Agreeing);
        refusedOrTaken(abi.encodeCall(IDealEscrow.rule, (d.brief())), true);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "its silence, and no ruling");
    }

    function test_what_a_jury_says_of_its_ruling_is_none() external {
        // It only says that it has ruled: no ruling at all.
        Hostile court = new Hostile(bytes32(uint256(AppealStatus.Ruled) | uint256(10_000) << 8));
        (Deal memory d, Verdict memory v) = juryDeal(court);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDealEscrow.NoRuling.selector, AppealStatus.Ruled, block.timestamp + APPEAL_LIMIT
            )
        );
        escrow.rule(d);
        assertStatus(v.deal, Status.Appealed);
    }

    function test_a_jury_that_pays_nobody_leaves_its_fee_to_the_buyer() external {
        Hostile court = new Hostile(0);
        (Deal memory d, Verdict memory v) = juryDeal(court);
        Verdict memory ruling = verdictOn(d, 0, 10_000);
        vm.prank(address(court));
        escrow.settleRuling(d, ruling, new address[](0));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "milestone and deposit");
        assertConserved(v.deal);
        escrow.cancel(d, Cancel(v.deal, 0, d.end), "", signCancel(seller, Cancel(v.deal, 0, d.end)));
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 136 * ONE, "the rest, its reserve and the jury's fee");
    }

    function test_a_ruling_is_not_asked_with_too_little_gas() external {
        Hostile court = new Hostile(0);
        (Deal memory d,) = juryDeal(court);
        vm.warp(block.timestamp + APPEAL_LIMIT);
        bytes memory call_ = abi.encodeCall(IDealEscrow.rule, (d.brief()));
        vm.expectPartialRevert(IDealEscrow.GasTooLow.selector);
        (bool ignored,) = address(escrow).call{gas: 110_000}(call_);
        assertTrue(ignored, "expectPartialRevert turns the outcome around");
    }

    /// @dev Whoever sends the call sets its gas, and a jury that runs out of it would say nothing: the appeal as good as
    /// abandoned.
    function test_a_jury_is_asked_with_all_the_gas_it_may_have_or_not_at_all() external {
        address court = address(new ThoroughJury(99_900));
        (Deal memory d,) = juryDeal(Hostile(court));
        bytes memory call_ = abi.encodeCall(IDealEscrow.rule, (d.brief()));
        uint256 refused;
        for (uint256 gas_ = 100_000; gas_ < 125_000; gas_ += 100) {
            uint256 before = vm.snapshotState();
            (bool done, bytes memory reason) = address(escrow).call{gas: gas_}(call_);
            assertTrue(done || bytes4(reason) != IDealEscrow.NoRuling.selector, "never taken for silence");
            if (bytes4(reason) == IDealEscrow.GasTooLow.selector) ++refused;
            assertTrue(vm.revertToState(before), "back");
        }
        assertTrue(refused > 50, "where it is too little it is said");
    }
}

/// @notice A jury whose answer takes nearly all the gas that it is promised.
contract ThoroughJury {
    uint256 private immutable NEEDS;

    constructor(uint256 needs) {
        NEEDS = needs;
    }

    fallback() external {
        uint256 needs = NEEDS;
        assembly ("memory-safe") {
            if lt(gas(), needs) { invalid() }
            mstore(0x00, 4) // silent
            return(0x00, 0x20)
        }
    }
}
