// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Rating, Release, SELLER_MANDATED, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Claim, EscrowCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// @notice Attack: a good signature is kept and shown again: for another deal, before another escrow with the same code, on
/// another chain, or as somebody else's. Each of the signed types of a deal is shown where its like would be taken.
/// Rule: every digest holds chain, contract and deal, and names who must have signed it.
contract DealReplayAttack is Court {
    using EscrowCalls for DealEscrow;

    /// @notice One of everything that is signed in a deal, over its milestone 0, or the whole of it.
    struct Signed {
        bytes deal;
        bytes fund;
        bytes voided;
        bytes cancelByBuyer;
        bytes cancelBySeller;
        bytes release;
        bytes receipt;
        bytes verdict;
        bytes consent;
        bytes appeal;
        bytes rating;
        bytes withdrawal;
    }

    DealEscrow private twin; // the same code beside it

    function setUp() public override {
        super.setUp();
        bytes memory arguments = abi.encode(address(usdc), address(mandates), GRACE, APPEAL_LIMIT);
        twin = DealEscrow(created("DealEscrow.sol:DealEscrow", arguments));
    }

    // --- what is replayed ---

    function plain(uint256 salt) private view returns (Deal memory d) {
        d = plainTerms();
        d.meta.salt = salt;
    }

    function signAll(Deal memory d, Account memory b, Account memory s, Account memory third)
        private
        view
        returns (Signed memory all)
    {
        bytes32 id = escrow.dealId(d);
        Cancel memory c = Cancel(id, 5000, d.end);
        Verdict memory v = verdictOn(d, 0, 0);
        Claim memory c0 = claimOf(d, 0);
        all.deal = signDeal(s, d);
        all.fund = signFund(b, d);
        all.voided = signVoid(b, d);
        (all.cancelByBuyer, all.cancelBySeller) = (signCancel(b, c), signCancel(s, c));
        all.release = signRelease(b, Release(id, 0, keccak256("evidence")));
        all.receipt = signReceipt(third, d, c0, c0.storedAt[0]);
        all.verdict = sign(third, escrow.verdictDigest(v));
        all.consent = signConsent(s, v);
        all.appeal = signAppeal(s, v, d.end);
        all.rating = signRating(b, Rating(id, 1, 0));
        all.withdrawal = signWithdrawal(b, Withdraw(buyer.addr, stranger.addr, 0, d.end));
    }

    function bad(address signer, bytes32 structHash) private {
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.BadSignature.selector, signer, inEscrow(structHash))
        );
    }

    function badDigest(address signer, bytes32 digest) private {
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.BadSignature.selector, signer, digest));
    }

    /// @notice Shows each signature where a signature by the right account over `d`, here and now, would be taken, and in the
    /// end shows that such a one is.
    function refusedEverywhere(Deal memory d, Signed memory old) private {
        Signed memory good = signAll(d, buyer, seller, jurors[0]);
        bytes32 id = escrow.dealId(d);
        deposited(buyer.addr, 190 * ONE);

        bytes32 structHash = keccak256(abi.encode(keccak256("Void(bytes32 deal)"), id));
        bad(buyer.addr, structHash);
        escrow.voidDeal(d, buyer.addr, old.voided);
        badDigest(seller.addr, id);
        escrow.openFromCredit(d, good.fund, old.deal);
        structHash = keccak256(abi.encode(keccak256("Fund(bytes32 deal)"), id));
        bad(buyer.addr, structHash);
        escrow.openFromCredit(d, old.fund, good.deal);
        escrow.openFromCredit(d, good.fund, good.deal);

        refusedWhileOpen(d, id, old, good);
        refusedWhilePending(d, id, old, good);
        refusedAtTheEnd(d, id, old, good);
    }

    function refusedWhileOpen(Deal memory d, bytes32 id, Signed memory old, Signed memory good) private {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Release(bytes32 deal,uint8 milestone,bytes32 evidence)"),
                id,
                0,
                keccak256("evidence")
            )
        );
        bad(buyer.addr, structHash);
        escrow.release(d, Release(id, 0, keccak256("evidence")), old.release, true);

        Cancel memory c = Cancel(id, 5000, d.end);
        bytes32 typeHash = keccak256("Cancel(bytes32 deal,uint16 sellerBps,uint40 until)");
        structHash = keccak256(abi.encode(typeHash, id, c.sellerBps, c.until));
        bad(buyer.addr, structHash);
        escrow.cancel(d, c, old.cancelByBuyer, good.cancelBySeller);
        bad(seller.addr, structHash);
        escrow.cancel(d, c, good.cancelByBuyer, old.cancelBySeller);

        Claim memory claim = claimOf(d, 0);
        typeHash = keccak256(
            "Receipt(bytes32 deal,uint8 milestone,uint8 attempt,bytes32 manifest,uint64 size,uint40 storedAt)"
        );
        structHash = keccak256(abi.encode(typeHash, id, 0, 0, claim.manifest, claim.size, claim.storedAt[0]));
        claim.signatures[0] = old.receipt;
        bad(vaults[0].addr, structHash);
        escrow.claim(d, claim);
    }

    function refusedWhilePending(Deal memory d, bytes32 id, Signed memory old, Signed memory good) private {
        vm.warp(d.meta.start + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        Votes memory votes = votesOf(v, 7);
        votes.signatures[0] = old.verdict;
        // 64 bytes are by whom they recover to, which is another panel.
        if (old.verdict.length == 64) expectOtherPanel(d, v, votes);
        else badDigest(jurors[0].addr, escrow.verdictDigest(v));
        escrow.verdict(d, v, votes, "", "", true);
        votes.signatures[0] = good.verdict;
        bytes32 structHash =
            keccak256(abi.encode(keccak256("Consent(bytes32 verdict)"), escrow.verdictDigest(v)));
        bad(seller.addr, structHash);
        escrow.verdict(d, v, votes, "", old.consent, true);
        escrow.verdict(d, v, votes, "", "", true);

        bad(seller.addr, structHash);
        escrow.consent(d, v, "", old.consent);
        structHash = keccak256(
            abi.encode(keccak256("Appeal(bytes32 verdict,uint40 until)"), escrow.verdictDigest(v), d.end)
        );
        bad(seller.addr, structHash);
        escrow.appeal(d, v, d.end, seller.addr, old.appeal);
        escrow.consent(d, v, "", good.consent);
        assertEq(slotOf(id).done, 1, "the good ones were taken");
    }

    function refusedAtTheEnd(Deal memory d, bytes32 id, Signed memory old, Signed memory good) private {
        escrow.cancel(d, Cancel(id, 5000, d.end), good.cancelByBuyer, good.cancelBySeller);
        bytes32 typeHash = keccak256("Rating(bytes32 deal,int128 value,bytes32 feedbackHash)");
        bad(buyer.addr, keccak256(abi.encode(typeHash, id, int128(1), bytes32(0))));
        escrow.rate(d, Rating(id, 1, 0), buyer.addr, old.rating);
        escrow.rate(d, Rating(id, 1, 0), buyer.addr, good.rating);
    }

    function refusedWithdrawal(Deal memory d, bytes memory old) private {
        Withdraw memory w = Withdraw(buyer.addr, stranger.addr, 0, d.end);
        deposited(buyer.addr, 10 * ONE);
        badDigest(buyer.addr, withdrawalDigest(w));
        escrow.withdrawFor(w, old);
        escrow.withdrawFor(w, signWithdrawal(buyer, w));
        assertEq(usdc.balanceOf(stranger.addr), 10 * ONE, "the good one was taken");
    }

    // --- where it is replayed ---

    function test_nothing_signed_for_one_deal_counts_in_another_between_the_same_parties() external {
        Signed memory old = signAll(plain(1), buyer, seller, jurors[0]);
        old.receipt = signReceipt(vaults[0], plain(1), claimOf(plain(1), 0), NOW - 1);
        refusedEverywhere(plain(2), old);
    }

    function test_nothing_signed_for_one_escrow_counts_in_another_with_the_same_code() external {
        Deal memory d = plain(1);
        Signed memory old = signAll(d, buyer, seller, jurors[0]);
        old.receipt = signReceipt(vaults[0], d, claimOf(d, 0), NOW - 1);
        escrow = twin;
        refusedEverywhere(d, old);
        refusedWithdrawal(d, old.withdrawal);
    }

    function test_nothing_signed_on_one_chain_counts_on_another() external {
        Deal memory d = plain(1);
        Signed memory old = signAll(d, buyer, seller, jurors[0]);
        old.receipt = signReceipt(vaults[0], d, claimOf(d, 0), NOW - 1);
        vm.chainId(block.chainid + 1);
        refusedEverywhere(d, old);
        refusedWithdrawal(d, old.withdrawal);
    }

    function test_nobody_signs_for_the_other_side_or_as_a_stranger() external {
        Deal memory d = plain(1);
        uint256 before = vm.snapshotState();
        refusedEverywhere(d, signAll(d, seller, buyer, jurors[1]));
        refusedWithdrawal(d, signAll(d, seller, buyer, jurors[1]).withdrawal);
        assertTrue(vm.revertToState(before), "back");
        refusedEverywhere(d, signAll(d, stranger, stranger, stranger));
        refusedWithdrawal(d, signAll(d, stranger, stranger, stranger).withdrawal);
    }

    function test_nothing_is_taken_malleated_cut_or_lengthened() external {
        Deal memory d = plain(1);
        Signed memory good = signAll(d, buyer, seller, jurors[0]);
        good.receipt = signReceipt(vaults[0], d, claimOf(d, 0), NOW - 1);
        uint256 before = vm.snapshotState();
        for (uint256 how = 0; how < 7; ++how) {
            refusedEverywhere(d, spoilt(good, how));
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function spoilt(Signed memory good, uint256 how) private pure returns (Signed memory taken) {
        taken.deal = spoil(good.deal, how);
        taken.fund = spoil(good.fund, how);
        taken.voided = spoil(good.voided, how);
        (taken.cancelByBuyer, taken.cancelBySeller) =
        (spoil(good.cancelByBuyer, how), spoil(good.cancelBySeller, how));
        taken.release = spoil(good.release, how);
        taken.receipt = spoil(good.receipt, how);
        taken.verdict = spoil(good.verdict, how);
        taken.consent = spoil(good.consent, how);
        taken.appeal = spoil(good.appeal, how);
        taken.rating = spoil(good.rating, how);
    }

    /// @dev Malleated long and compact, cut by one, lengthened by one, `v` of 0 or 1, all zeros.
    function spoil(bytes memory good, uint256 how) private pure returns (bytes memory) {
        bytes memory other = malleated(good);
        (bytes32 r, bytes32 s) = (word(other, 0), word(other, 32));
        if (how == 0) return other;
        if (how == 1) return abi.encodePacked(r, s); // a high s takes the place of the parity bit
        if (how == 2) return abi.encodePacked(word(good, 0), bytes31(word(good, 32)));
        if (how == 3) return bytes.concat(good, hex"00");
        if (how == 4) return abi.encodePacked(word(good, 0), word(good, 32), uint8(good[64]) - 27);
        if (how == 5) return new bytes(65);
        return abi.encodePacked(r, s, uint8(good[64])); // a high s with the other parity
    }

    function word(bytes memory data, uint256 from) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 0x20), from))
        }
    }

    // --- inside one deal ---

    function test_a_verdict_counts_for_its_milestone_attempt_and_share_only() external {
        Deal memory d = plain(1);
        deposited(buyer.addr, 190 * ONE);
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        vm.warp(NOW + 3 days);
        Verdict memory v = verdictOn(d, 0, 5000);
        Votes memory votes = votesOf(v, 7);
        Verdict[4] memory others = [v, v, v, v];
        others[0] = Verdict(v.deal, 1, 0, 0, 5000, v.evidence, v.votes);
        others[1] = Verdict(v.deal, 0, 0, 1, 5000, v.evidence, v.votes);
        others[2] = Verdict(v.deal, 0, 0, 0, 5001, v.evidence, v.votes);
        others[3] = Verdict(v.deal, 0, 0, 0, 5000, v.votes, v.evidence);
        for (uint256 i = 0; i < 4; ++i) {
            expectOtherPanel(d, others[i], votes);
            escrow.verdict(d, others[i], votes, "", "", true);
        }
        escrow.verdict(d, v, votes, "", "", true);
        assertEq(slotOf(v.deal).pendingBps, 5000, "as it was signed");
    }

    function test_the_signature_of_one_type_is_none_of_another() external {
        Deal memory d = plain(1);
        Signed memory all = signAll(d, buyer, seller, jurors[0]);
        deposited(buyer.addr, 190 * ONE);
        bytes32 id = escrow.dealId(d);
        bytes32 wanted = keccak256(abi.encode(keccak256("Fund(bytes32 deal)"), id));
        bytes[4] memory others = [all.voided, all.release, all.cancelByBuyer, signDeal(buyer, d)];
        for (uint256 i = 0; i < 4; ++i) {
            bad(buyer.addr, wanted);
            escrow.openFromCredit(d, others[i], all.deal);
        }
        wanted = keccak256(abi.encode(keccak256("Void(bytes32 deal)"), id));
        bad(buyer.addr, wanted);
        escrow.voidDeal(d, buyer.addr, all.fund);
    }

    function test_a_mandated_account_does_not_reuse_its_signature_as_an_unmandated_one() external {
        Deal memory d = terms();
        bytes memory accept = signDeal(seller, d);
        d.flags -= SELLER_MANDATED;
        d.sellerPay = seller.addr;
        bytes memory fund = signFund(buyer, d);
        badDigest(seller.addr, escrow.dealId(d));
        escrow.openFromMandatedCredit(d, fund, accept, "");
    }
}
