// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot, MARK_PUSH} from "../../src/types/Ballot.sol";
import {Cancel, Deal, Rating, Release, Verdict} from "../../src/types/Deal.sol";
import {Claim, Encoding, EscrowCalls} from "../escrow/Calls.sol";
import {Tailed} from "../escrow/Tailed.sol";
import {FrontRunning} from "./FrontRunning.sol";

/// @notice Front-running in the life of a deal, from its opening to its rating.
contract FrontRunDealAttack is FrontRunning {
    using EscrowCalls for DealEscrow;
    using Encoding for Deal;

    function test_an_opening_is_the_same_whoever_sends_it() external {
        Deal memory d = plainTerms();
        watch(escrow.dealId(d));
        sameWhoeverSends(
            address(escrow),
            abi.encodeCall(IDealEscrow.openFromCredit, (d.whole(), signFund(buyer, d), signDeal(seller, d)))
        );
        d.meta.salt = 2;
        watch(escrow.dealId(d));
        bytes memory money = authorization(buyer, address(escrow), 190 * ONE, NOW + 301, escrow.dealId(d));
        sameWhoeverSends(
            address(escrow),
            abi.encodeCall(IDealEscrow.openWithAuthorization, (money, d.whole(), signDeal(seller, d)))
        );
    }

    function test_an_opening_through_a_mandate_is_the_same_whoever_sends_it() external {
        Deal memory d = terms();
        d.amounts = 600 * ONE;
        d.due = 0;
        watch(escrow.dealId(d));
        bytes memory approval = approvalOf(buyerPrincipal, escrow.dealId(d), NOW + 300);
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
        uint256[17] memory words = d.whole();
        bytes memory own = abi.encodeCall(IDealEscrow.openFromMandatedCredit, (words, fund, accept, approval));
        sameWhoeverSends(address(escrow), own);
    }

    function test_bits_that_a_stranger_adds_to_an_opening_are_in_no_field() external {
        Deal memory d = plainTerms();
        watch(escrow.dealId(d));
        uint256[17] memory words = d.whole();
        bytes memory own =
            abi.encodeCall(IDealEscrow.openFromCredit, (words, signFund(buyer, d), signDeal(seller, d)));
        words[1] |= uint256(0xffff) << 240;
        words[2] |= uint256(0xffffffff) << 224;
        words[3] |= uint256(0xffffffff) << 224;
        words[4] |= uint256(type(uint96).max) << 160;
        words[15] |= uint256(0xff) << 248;
        bytes memory dirty =
            abi.encodeCall(IDealEscrow.openFromCredit, (words, signFund(buyer, d), signDeal(seller, d)));
        sameAfter(address(escrow), own, dirty);
    }

    function test_a_notice_is_the_same_whoever_sends_it() external {
        Deal memory d = plainTerms();
        watch(escrow.dealId(d));
        sameWhoeverSends(
            address(escrow),
            abi.encodeCall(IDealEscrow.voidDeal, (d.brief(), seller.addr, signVoid(seller, d)))
        );
    }

    function test_a_release_is_the_same_pushed_or_held() external {
        (Deal memory d, bytes32 id) = openedTerms();
        watch(id);
        bytes memory signature = signRelease(buyer, Release(id, 0, 0));
        bytes memory own = abi.encodeCall(IDealEscrow.release, (d.brief(), 256, 0, signature));
        sameWhoeverSends(address(escrow), own);
        // Held instead: the payee's next payout brings what the push would have brought.
        (d, id) = anotherDeal(3);
        signature = signRelease(buyer, Release(id, 0, 0));
        uint256 before = usdc.balanceOf(sellerPrincipal.addr);
        vm.prank(stranger.addr);
        escrow.release(d.brief(), 0, 0, signature);
        escrow.payout(d);
        assertEq(usdc.balanceOf(sellerPrincipal.addr) - before, 54 * ONE, "paid all the same");
    }

    function anotherDeal(uint256 salt) private returns (Deal memory d, bytes32 id) {
        d = terms();
        d.meta.salt = salt;
        id = watch(opened(d));
    }

    function test_a_cancel_is_the_same_whoever_sends_it() external {
        (Deal memory d, bytes32 id) = openedTerms();
        watch(id);
        Cancel memory c = Cancel(id, 5000, NOW + 10);
        sameWhoeverSends(
            address(escrow),
            abi.encodeCall(
                IDealEscrow.cancel, (d.brief(), 5000, NOW + 10, signCancel(buyer, c), signCancel(seller, c))
            )
        );
    }

    function claimCall(Deal memory d, Claim memory c) private pure returns (bytes memory) {
        Encoding.Piece memory p;
        p.data = Encoding.packed(c.vaults);
        for (uint256 i = 0; i < c.signatures.length; ++i) {
            p.data = bytes.concat(p.data, bytes5(c.storedAt[i]));
            Encoding.add(p, c.signatures[i]);
        }
        uint256 head =
            c.vaults.length << 16 | c.signatures.length << 24 | c.receipts << 32 | uint256(c.size) << 64;
        return Tailed.claim(d.whole(), head | p.long << 128, c.manifest, p.data);
    }

    function test_a_claim_is_the_same_whoever_sends_it() external {
        (Deal memory d, bytes32 id) = openedTerms();
        watch(id);
        sameWhoeverSends(address(escrow), claimCall(d, claimOf(d, 0)));
    }

    function ballotCall(
        Deal memory d,
        Verdict memory v,
        uint256 signers,
        uint256 marks,
        bytes memory consent_
    ) private view returns (bytes memory) {
        Encoding.Piece memory p = Encoding.roll(votesOf(v, signers));
        marks |= Encoding.consents(p, consent_, "");
        uint256 head = Encoding.head(v, votesOf(v, signers), marks, p.long);
        return Tailed.verdict(d.brief(), Ballot.wrap(head), v.evidence, v.votes, p.data);
    }

    function test_a_verdict_without_the_consent_that_came_with_it_only_waits_for_the_consent() external {
        (Deal memory d, bytes32 id) = openedTerms();
        watch(id);
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes memory consented = signConsent(buyer, v);
        uint256 before = vm.snapshotState();
        (bool done,) = address(escrow).call(ballotCall(d, v, 7, MARK_PUSH, consented));
        assertTrue(done, "alone");
        bytes32 alone = world();
        assertTrue(vm.revertToState(before), "back");
        (done,) = address(escrow).call(ballotCall(d, v, 7, 0, "")); // the stranger leaves the consent out
        assertTrue(done, "the stranger's");
        escrow.consent(d, v, consented, "");
        // Only that something has waited, until now, stands in the word.
        uint256 word = escrow.dealOf(id);
        bytes32 place = keccak256(abi.encode(id, uint256(0)));
        vm.store(address(escrow), place, bytes32(word & ~(uint256(type(uint40).max) << 64)));
        assertEq(world(), alone, "the same world");
    }

    function test_a_verdict_with_fewer_signatures_takes_nobodys_fee() external {
        (Deal memory d, bytes32 id) = openedTerms();
        watch(id);
        Verdict memory v = verdictOn(d, 0, 10_000);
        uint256 before = vm.snapshotState();
        (bool done,) = address(escrow).call(ballotCall(d, v, 31, 0, ""));
        assertTrue(done, "alone");
        bytes32 alone = world();
        assertTrue(vm.revertToState(before), "back");
        (done,) = address(escrow).call(ballotCall(d, v, 7, 0, ""));
        assertTrue(done, "the stranger names three of five");
        escrow.cosign(d, v, votesOf(v, 24));
        assertEq(world(), alone, "the others add theirs");
    }

    function test_a_rating_is_the_same_whoever_sends_it() external {
        (Deal memory d, bytes32 id) = openedTerms();
        watch(id);
        Cancel memory c = Cancel(id, 0, NOW);
        escrow.cancel(d, c, "", signCancel(seller, c));
        Rating memory r = Rating(id, -5, keccak256("feedback"));
        sameWhoeverSends(address(escrow), escrow.rateCall(d, r, buyer.addr, signRating(buyer, r)));
    }
}
