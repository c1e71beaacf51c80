// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Ballot, MARK_PUSH} from "../../src/types/Ballot.sol";
import {Cancel, Deal, Rating, Release, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Mandate, Revoke} from "../../src/types/Mandate.sol";
import {Agreement, Breach, Destroyed, Nda} from "../../src/types/Nda.sol";
import {Claim, Encoding, EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// @notice Attack: whoever sees a transaction on its way sends the signatures in it first, as they are or with everything changed that
/// is not signed, so that the owner's own transaction fails and something else has happened.
/// Rule: the sender never matters; what a signature does is in the signature. The owner may find its transaction failed,
/// and the world as if it had not.
contract FrontRunningAttack is Court {
    using EscrowCalls for DealEscrow;
    using Encoding for Deal;
    using JuryCalls for JuryPool;

    Accords private accords;
    bytes32[] private watched;

    function setUp() public override {
        super.setUp();
        accords = Accords(created("Accords.sol:Accords", ""));
        minted(buyer.addr, 1000 * ONE);
        deposited(buyer.addr, 1000 * ONE);
        deposited(sellerPrincipal.addr, 100 * ONE);
    }

    /// @notice Everything that these tests could change, in one hash.
    function world() private returns (bytes32 hash) {
        address[8] memory people = [
            buyer.addr,
            seller.addr,
            buyerPrincipal.addr,
            sellerPrincipal.addr,
            stranger.addr,
            jurors[0].addr,
            jurors[1].addr,
            seatPrincipal(60).addr
        ];
        for (uint256 i = 0; i < people.length; ++i) {
            hash = keccak256(
                abi.encode(hash, usdc.balanceOf(people[i]), escrow.credit(people[i]), escrow.nonce(people[i]))
            );
        }
        hash = keccak256(abi.encode(hash, mandates.available(buyer.addr, address(escrow))));
        hash = keccak256(
            abi.encode(hash, mandates.burntSerial(buyerPrincipal.addr, buyer.addr, address(escrow)))
        );
        hash = keccak256(abi.encode(hash, jury.seatCount(), jury.pot(), usdc.balanceOf(address(jury))));
        for (uint256 i = 0; i < watched.length; ++i) {
            bytes32 id = watched[i];
            hash = keccak256(abi.encode(hash, escrow.slot(id), escrow.claims(id), jury.ruling(id, 0)));
            hash = keccak256(abi.encode(hash, accords.agreementAnchoredAt(id), jury.appealOf(id, 0)));
            (uint32 signers, uint224 digest) = escrow.signersOf(id, 0);
            (uint40 at_,,, bool breach,, bool gone,) = accords.record(id);
            hash = keccak256(abi.encode(hash, signers, digest, at_, breach, gone));
        }
    }

    /// @notice The owner's call alone, and after a stranger has sent the same, must leave the same world.
    function sameWhoeverSends(address target, bytes memory data) private {
        sameAfter(target, data, data);
    }

    /// @notice The owner's call alone, and after a stranger's other one, must leave the same world.
    function sameAfter(address target, bytes memory data, bytes memory strangers) private {
        uint256 before = vm.snapshotState();
        bytes32 untouched = world();
        vm.prank(buyer.addr);
        (bool done,) = target.call(data);
        assertTrue(done, "the owner's call goes through alone");
        bytes32 alone = world();
        assertTrue(alone != untouched, "and does something");
        assertTrue(vm.revertToState(before), "back");
        vm.prank(stranger.addr);
        (done,) = target.call(strangers);
        assertTrue(done, "the stranger's call goes through");
        vm.prank(buyer.addr);
        (done,) = target.call(data);
        assertEq(world(), alone, "the same world");
    }

    function watch(bytes32 id) private returns (bytes32) {
        watched.push(id);
        return id;
    }

    // --- opening ---

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
        bytes memory own = abi.encodeCall(IDealEscrow.openFromMandate, (fund, accept, words, approval));
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

    // --- settling ---

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

    function claimCall(Deal memory d, Claim memory c) private view returns (bytes memory) {
        Encoding.Piece memory p;
        p.data = Encoding.packed(c.vaults);
        for (uint256 i = 0; i < c.signatures.length; ++i) {
            p.data = bytes.concat(p.data, bytes5(c.storedAt[i]));
            Encoding.add(p, c.signatures[i]);
        }
        uint256 head =
            c.vaults.length << 16 | c.signatures.length << 24 | c.receipts << 32 | uint256(c.size) << 64;
        return abi.encodeWithSelector(
            IDealEscrow.claim.selector, d.whole(), head | p.long << 128, c.manifest, p.data
        );
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
        return
            abi.encodeWithSelector(IDealEscrow.verdict.selector, d.brief(), head, p.data, v.evidence, v.votes);
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

    function test_an_appeal_is_the_same_whoever_sends_it() external {
        (Deal memory d, Verdict memory v) = pending(0);
        watch(v.deal);
        uint40 until = uint40(block.timestamp);
        Votes memory none;
        uint256 head = Encoding.head(v, none, 0, 0);
        uint256 plea = uint256(uint160(seller.addr)) | uint256(until) << 160;
        bytes memory data = abi.encodeWithSelector(
            IDealEscrow.appeal.selector,
            d.brief(),
            head,
            v.evidence,
            v.votes,
            plea,
            signAppeal(seller, v, until)
        );
        sameWhoeverSends(address(escrow), data);
        bytes memory request = abi.encodeWithSelector(IJuryPool.request.selector, d.brief(), SEATS);
        sameWhoeverSends(address(jury), request);
    }

    function test_a_rating_is_the_same_whoever_sends_it() external {
        (Deal memory d, bytes32 id) = openedTerms();
        watch(id);
        Cancel memory c = Cancel(id, 0, NOW);
        escrow.cancel(d, c, "", signCancel(seller, c));
        Rating memory r = Rating(id, -5, keccak256("feedback"));
        sameWhoeverSends(address(escrow), escrow.rateCall(d, r, buyer.addr, signRating(buyer, r)));
    }

    // --- money ---

    function test_a_withdrawal_goes_where_it_was_signed_to_whoever_sends_it() external {
        Withdraw memory w = Withdraw(buyer.addr, sellerPrincipal.addr, 0, NOW);
        bytes32 typeHash = keccak256("Withdraw(address from,address to,uint256 nonce,uint40 until)");
        bytes memory signature =
            sign(buyer, inEscrow(keccak256(abi.encode(typeHash, w.from, w.to, w.nonce, w.until))));
        sameWhoeverSends(address(escrow), abi.encodeCall(IDealEscrow.withdrawFor, (w, signature)));
    }

    function test_a_withdrawal_that_a_deposit_of_dust_overtakes_still_takes_everything() external {
        Withdraw memory w = Withdraw(buyer.addr, sellerPrincipal.addr, 0, NOW);
        bytes32 typeHash = keccak256("Withdraw(address from,address to,uint256 nonce,uint40 until)");
        bytes memory signature =
            sign(buyer, inEscrow(keccak256(abi.encode(typeHash, w.from, w.to, w.nonce, w.until))));
        deposited(buyer.addr, 1);
        escrow.withdrawFor(w, signature);
        assertEq(escrow.credit(buyer.addr), 0, "credit");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 1000 * ONE + 1, "everything");
    }

    function test_a_deposit_by_authorization_is_the_same_whoever_sends_it() external {
        bytes32 nonce = keccak256(abi.encode(keccak256("Deposit"), buyer.addr, bytes32(uint256(1))));
        bytes memory given = authorization(buyer, address(escrow), 7 * ONE, NOW + 1, nonce);
        sameWhoeverSends(
            address(escrow),
            abi.encodeCall(
                IDealEscrow.depositWithAuthorization,
                (buyer.addr, 7 * ONE, 0, NOW + 1, bytes32(uint256(1)), given)
            )
        );
    }

    function test_a_seat_is_the_same_whoever_sends_it() external {
        Account memory principal = seatPrincipal(60);
        minted(principal.addr, STAKE);
        bytes32 nonce = keccak256(abi.encode(keccak256("Join"), stranger.addr, uint16(3), bytes32(0)));
        bytes memory given = authorization(principal, address(jury), STAKE, NOW + 1, nonce);
        sameWhoeverSends(
            address(jury),
            abi.encodeCall(
                IJuryPool.joinWithAuthorization, (principal.addr, stranger.addr, 3, 0, NOW + 1, 0, given)
            )
        );
    }

    // --- authority and accords ---

    function test_a_grant_and_a_revocation_are_the_same_whoever_sends_them() external {
        Mandate memory m = mandateTerms(buyer, buyerPrincipal);
        (m.serial, m.perPeriod) = (2, 5 * ONE);
        bytes32 digest = mandates.mandateDigest(m);
        sameWhoeverSends(
            address(mandates),
            abi.encodeCall(mandates.grant, (m, sign(buyerPrincipal, digest), sign(buyer, digest)))
        );
        Revoke memory r = Revoke(buyer.addr, address(escrow), 9);
        sameWhoeverSends(
            address(mandates),
            abi.encodeCall(
                mandates.revoke, (r, buyerPrincipal.addr, sign(buyerPrincipal, mandates.revokeDigest(r)))
            )
        );
    }

    function test_accords_are_the_same_whoever_sends_them() external {
        Nda memory n;
        (n.a, n.b, n.from, n.until, n.destroyBy, n.anchorBy) =
        (buyer.addr, seller.addr, NOW, NOW + 1, NOW + 2, NOW);
        bytes32 id = watch(accords.ndaId(n));
        sameWhoeverSends(
            address(accords), abi.encodeCall(accords.anchor, (n, sign(buyer, id), sign(seller, id)))
        );
        Breach memory b = Breach(id, keccak256("leak"));
        bytes memory signature = sign(buyer, accords.breachDigest(b));
        sameWhoeverSends(address(accords), abi.encodeCall(accords.breach, (n, b, buyer.addr, signature)));
        Destroyed memory x = Destroyed(id, keccak256("gone"));
        signature = sign(buyer, accords.destroyedDigest(x));
        sameWhoeverSends(address(accords), abi.encodeCall(accords.destroyed, (n, x, buyer.addr, signature)));
        Agreement memory a = Agreement(buyer.addr, seller.addr, keccak256("agreement"), id, NOW, 1);
        id = watch(accords.agreementDigest(a));
        sameWhoeverSends(
            address(accords), abi.encodeCall(accords.anchorAgreement, (a, sign(buyer, id), sign(seller, id)))
        );
    }

    // --- the court ---

    function test_a_testimony_and_a_ruling_are_the_same_whoever_sends_them() external {
        (Deal memory d, Verdict memory v) = pending(0);
        watch(v.deal);
        appealed(d, v, seller);
        requested(d);
        proven(d);
        v = courtVerdict(d, 10_000, 1);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        Votes memory one = Votes(panel(), 0, new bytes[](1));
        one.signatures[0] = sign(holderOf(seats[0]), escrow.verdictDigest(v));
        Encoding.Piece memory p = Encoding.ruling(one);
        Ballot head = Ballot.wrap(Encoding.head(v, one, 0, p.long));
        sameWhoeverSends(
            address(jury),
            abi.encodeCall(IJuryPool.testify, (d.brief(), head, v.evidence, v.votes, 0, p.data))
        );
        Votes memory votes = votesOfCourt(d, v, 31);
        p = Encoding.ruling(votes);
        head = Ballot.wrap(Encoding.head(v, votes, 0, p.long));
        sameWhoeverSends(
            address(jury), abi.encodeCall(IJuryPool.rule, (d.brief(), head, v.evidence, v.votes, p.data))
        );
    }
}
