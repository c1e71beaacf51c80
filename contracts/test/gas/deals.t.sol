// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {Deal, Rating, Release, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "../escrow/Calls.sol";
import {World} from "../escrow/World.sol";
import {Meter} from "./Meter.sol";

/// @notice The worked example in every way it can go, in the steady state: payees hold a little USDC already, and so
/// does the escrow. 180 USDC as 54 / 63 / 63, a panel of five of which three sign. Without fees for jurors, except
/// where the operation says so.
contract DealGasTest is World, Meter {
    using EscrowCalls for DealEscrow;

    function setUp() public override {
        super.setUp();
        minted(sellerPrincipal.addr, 1);
        minted(buyerPrincipal.addr, 1);
        deposited(stranger.addr, 1000 * ONE);
    }

    // --- terms ---

    /// @dev Both act for themselves and are paid elsewhere; a full pass pays at once.
    function own() private view returns (Deal memory d) {
        d = plainTerms();
        (d.juryFee, d.appealFee, d.window) = (0, 0, 0);
    }

    function mandated_() private view returns (Deal memory d) {
        d = terms();
        (d.juryFee, d.appealFee, d.window) = (0, 0, 0);
    }

    // --- acts, each measured ---

    function openedByAuthorization(Deal memory d) private returns (uint256) {
        uint256 total = escrow.buyerTotal(d);
        minted(d.buyer, uint64(total) + 1);
        bytes memory money =
            authorization(buyer, address(escrow), total, uint256(d.meta.fundBy) + 1, escrow.dealId(d));
        escrow.openWithAuthorization(d, money, signCompact(seller, escrow.dealId(d)));
        return lastGas();
    }

    /// @dev The seller sends it, and so accepts without a signature.
    function openedBySeller(Deal memory d) private returns (uint256) {
        uint256 total = escrow.buyerTotal(d);
        minted(d.buyer, uint64(total) + 1);
        bytes memory money =
            authorization(buyer, address(escrow), total, uint256(d.meta.fundBy) + 1, escrow.dealId(d));
        vm.prank(d.seller);
        escrow.openWithAuthorization(d, money, "");
        return lastGas();
    }

    /// @dev The buyer sends it, and so funds without a signature.
    function openedByBuyer(Deal memory d) private returns (uint256) {
        bytes memory accept = signCompact(seller, escrow.dealId(d));
        vm.prank(d.buyer);
        escrow.openFromMandatedCredit(d, "", accept, "");
        return lastGas();
    }

    function openedFromMandate(Deal memory d) private returns (uint256) {
        escrow.openFromMandatedCredit(d, compactFund(d), signCompact(seller, escrow.dealId(d)), "");
        return lastGas();
    }

    function compactFund(Deal memory d) private view returns (bytes memory) {
        bytes32 hash = keccak256(abi.encode(keccak256("Fund(bytes32 deal)"), escrow.dealId(d)));
        return signCompact(buyer, inEscrow(hash));
    }

    function verdictGiven(Deal memory d, uint8 milestone, bool push) private returns (uint256) {
        Verdict memory v = verdictOn(d, milestone, 10_000);
        escrow.verdict(d, v, votesOf(v, 7), "", "", push);
        return lastGas();
    }

    function releaseOf(Deal memory d, uint8 milestone) private view returns (Release memory, bytes memory) {
        Release memory r = Release(escrow.dealId(d), milestone, sha256("evidence"));
        bytes32 typeHash = keccak256("Release(bytes32 deal,uint8 milestone,bytes32 evidence)");
        bytes32 hash = keccak256(abi.encode(typeHash, r.deal, r.milestone, r.evidence));
        return (r, signCompact(buyer, inEscrow(hash)));
    }

    function releaseGiven(Deal memory d, uint8 milestone, bool push) private returns (uint256) {
        (Release memory r, bytes memory signature) = releaseOf(d, milestone);
        escrow.release(d, r, signature, push);
        return lastGas();
    }

    function ratingOf(Deal memory d, Account memory by) private view returns (Rating memory r, bytes memory) {
        r = Rating(escrow.dealId(d), 9500, sha256(abi.encode(by.addr)));
        bytes32 typeHash = keccak256("Rating(bytes32 deal,int128 value,bytes32 feedbackHash)");
        bytes32 hash = keccak256(abi.encode(typeHash, r.deal, r.value, r.feedbackHash));
        return (r, signCompact(by, inEscrow(hash)));
    }

    function paidAndRated(Deal memory d) private returns (uint256) {
        (Rating memory byBuyer, bytes memory buyers) = ratingOf(d, buyer);
        (Rating memory bySeller, bytes memory sellers) = ratingOf(d, seller);
        escrow.payoutAndRate(d, byBuyer, buyers, bySeller, sellers);
        return lastGas();
    }

    function payoutGiven(Deal memory d) private returns (uint256) {
        escrow.payout(d);
        return lastGas();
    }

    function consentOf(Account memory who, Verdict memory v) private view returns (bytes memory) {
        bytes32 hash = keccak256(abi.encode(keccak256("Consent(bytes32 verdict)"), escrow.verdictDigest(v)));
        return signCompact(who, inEscrow(hash));
    }

    // --- opening ---

    function test_open_by_authorization() external {
        uint256 before = vm.snapshotState();
        noted("open, EIP-3009", openedByAuthorization(own()));
        vm.revertToState(before);
        noted("open, EIP-3009, sent by the seller", openedBySeller(own()));
    }

    function test_open_by_authorization_mandated() external {
        noted("open, EIP-3009, both sides mandated", openedByAuthorization(mandated_()));
    }

    function test_open_from_credit() external {
        Deal memory d = own();
        deposited(d.buyer, 1000 * ONE);
        escrow.openFromCredit(d, compactFund(d), signCompact(seller, escrow.dealId(d)));
        measured("open, own credit");
    }

    function test_open_from_mandate() external {
        Deal memory d = mandated_();
        (d.flags, d.meta.salt) = (1, 7);
        openedFromMandate(d);
        d.meta.salt = 8;
        uint256 before = vm.snapshotState();
        noted("open, credit through the mandate", openedFromMandate(d));
        vm.revertToState(before);
        noted("open, credit through the mandate, sent by the buyer", openedByBuyer(d));
        d = mandated_();
        noted("open, credit through the mandate, seller mandated", openedFromMandate(d));
    }

    // --- verdicts ---

    function test_verdict() external {
        Deal memory d = own();
        openedByAuthorization(d);
        noted("verdict 3 of 5, pushed", verdictGiven(d, 0, true));
        noted("verdict 3 of 5, held", verdictGiven(d, 1, false));
        noted("verdict 3 of 5, held before", verdictGiven(d, 2, false));
    }

    function test_verdict_with_fee() external {
        Deal memory d = own();
        d.juryFee = 3 * ONE;
        openedByAuthorization(d);
        noted("verdict 3 of 5, pushed, jurors paid, no claim", verdictGiven(d, 0, true));
        escrow.claim(d, claimOf(d, 1));
        measured("claim with two receipts, first of the deal");
        noted("verdict 3 of 5, pushed, jurors paid, claimed", verdictGiven(d, 1, true));
        escrow.claim(d, claimOf(d, 2));
        measured("claim with two receipts, later");
    }

    function test_verdict_with_consent() external {
        Deal memory d = own();
        openedByAuthorization(d);
        vm.warp(NOW + 3 days);
        Verdict memory v = verdictOn(d, 0, 5000);
        escrow.verdict(d, v, votesOf(v, 7), consentOf(buyer, v), consentOf(seller, v), true);
        measured("split verdict with both consents, pushed to both");
        d = own();
        d.window = WINDOW;
        d.meta.start = d.meta.fundBy = uint40(block.timestamp);
        openedByAuthorization(d);
        v = verdictOn(d, 0, 10_000);
        escrow.verdict(d, v, votesOf(v, 7), consentOf(buyer, v), "", true);
        measured("verdict 3 of 5 with consent, pushed");
        v = verdictOn(d, 1, 10_000);
        escrow.verdict(d, v, votesOf(v, 7), "", "", true);
        measured("verdict 3 of 5, pending");
        vm.warp(block.timestamp + WINDOW);
        noted("payout of a pending verdict", payoutGiven(d));
    }

    // --- without jurors ---

    function test_release() external {
        Deal memory d = own();
        openedByAuthorization(d);
        noted("release, pushed", releaseGiven(d, 0, true));
        noted("release, held", releaseGiven(d, 1, false));
    }

    function test_refund() external {
        Deal memory d = own();
        openedByAuthorization(d);
        vm.warp(NOW + 1 days + GRACE);
        escrow.timeout(d, 0);
        measured("refund after a timeout");
    }

    function test_ten_releases() external {
        bytes[] memory calls = new bytes[](10);
        for (uint256 i = 0; i < 10; ++i) {
            Deal memory d = own();
            d.sellerPay = account(string.concat("payee ", vm.toString(i))).addr;
            minted(d.sellerPay, 1);
            d.meta.salt = i + 1000;
            openedByAuthorization(d);
            (Release memory r, bytes memory signature) = releaseOf(d, 0);
            calls[i] = escrow.releaseCall(d, r, signature, true);
        }
        escrow.settleMany(calls);
        noted("batch of 10 releases to 10 sellers, each", lastGas() / 10);
    }

    // --- whole deals ---

    function test_deal_verdicts_pushed() external {
        Deal memory d = own();
        uint256 sum = openedBySeller(d);
        for (uint8 i = 0; i < 3; ++i) {
            sum += verdictGiven(d, i, true);
        }
        noted("deal: three verdicts pushed", sum);
    }

    function test_deal_one_payout_and_ratings() external {
        Deal memory d = own();
        uint256 sum = openedBySeller(d);
        sum += verdictGiven(d, 0, false) + verdictGiven(d, 1, false);
        uint256 before = vm.snapshotState();
        uint256 alone = verdictGiven(d, 2, true);
        vm.revertToState(before);
        uint256 rated = verdictRated(d, 2);
        noted("verdict 3 of 5, pushed, which closes", alone);
        noted("rating in the closing transaction, each", (rated - alone) / 2);
        noted("deal: three verdicts, one payout, both ratings", sum + rated);
        vm.revertToState(before);
        verdictGiven(d, 2, false);
        before = vm.snapshotState();
        noted("payout that closes", payoutGiven(d));
        vm.revertToState(before);
        noted("payout that closes, with both ratings", paidAndRated(d));
    }

    function verdictRated(Deal memory d, uint8 milestone) private returns (uint256) {
        Verdict memory v = verdictOn(d, milestone, 10_000);
        bytes[4] memory signed;
        Rating[2] memory ratings;
        (ratings[0], signed[2]) = ratingOf(d, buyer);
        (ratings[1], signed[3]) = ratingOf(d, seller);
        escrow.verdictAndRate(d, v, votesOf(v, 7), signed, ratings, true);
        return lastGas();
    }

    function test_deal_released_once() external {
        Deal memory d = own();
        uint256 sum = openedBySeller(d);
        for (uint8 i = 0; i < 3; ++i) {
            sum += releaseGiven(d, i, i == 2);
        }
        noted("deal: three releases, one payout", sum);
    }

    function test_deal_from_credit() external {
        Deal memory d = mandated_();
        (d.flags, d.meta.salt) = (1, 7);
        openedFromMandate(d);
        d.meta.salt = 8;
        uint256 sum = openedByBuyer(d);
        for (uint8 i = 0; i < 3; ++i) {
            sum += verdictGiven(d, i, i == 2);
        }
        noted("deal: from credit, three verdicts, one payout", sum);
    }

    function test_rating_alone() external {
        Deal memory d = own();
        openedByAuthorization(d);
        for (uint8 i = 0; i < 3; ++i) {
            releaseGiven(d, i, true);
        }
        (Rating memory r,) = ratingOf(d, buyer);
        vm.prank(buyer.addr);
        escrow.rate(d, r, buyer.addr, "");
        measured("rating alone, sent by the rater");
        bytes memory signature;
        (r, signature) = ratingOf(d, seller);
        escrow.rate(d, r, seller.addr, signature);
        measured("rating alone, sent by anybody");
    }

    function test_deal_with_everything() external {
        Deal memory d = terms();
        d.window = 0;
        openedFromMandate(d);
        d.meta.salt = 8;
        uint256 sum = openedFromMandate(d);
        for (uint8 i = 0; i < 3; ++i) {
            escrow.claim(d, claimOf(d, i));
            sum += lastGas() + (i < 2 ? verdictGiven(d, i, false) : verdictRated(d, i));
        }
        vm.warp(NOW + GRACE);
        escrow.payJurors(d, panel());
        measured("jurors paid, three for the first time");
        noted("deal: mandates, claims, verdicts, payout, ratings, jurors paid", sum + lastGas());
    }
}
