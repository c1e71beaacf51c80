// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {Cancel, Deal, Rating, Release, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Revoke, SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {Agreement, Breach, Destroyed, Nda} from "../../src/types/Nda.sol";
import {EscrowCalls} from "../escrow/Calls.sol";
import {Scene} from "./Scene.sol";

/// @notice Money, authority, accords, and deals that end without an appeal, in every way in which they can.
abstract contract DealScene is Scene {
    using EscrowCalls for DealEscrow;

    function money() internal {
        minted(seller.addr, 5 * ONE);
        bytes32 nonce = keccak256(abi.encode(keccak256("Deposit"), seller.addr, bytes32(0)));
        bytes memory given = authorization(seller, address(escrow), 5 * ONE, block.timestamp + 60, nonce);
        escrow.depositWithAuthorization(seller.addr, 5 * ONE, 0, block.timestamp + 60, 0, given);
        vm.prank(seller.addr);
        escrow.withdraw(stranger.addr, 2 * ONE);
        for (uint256 i = 0; i < 2; ++i) {
            Withdraw memory w = Withdraw(seller.addr, stranger.addr, i, uint40(block.timestamp));
            escrow.withdrawFor(w, signWithdrawal(seller, w));
            deposited(seller.addr, uint64(7 + i));
        }
        vm.prank(seller.addr);
        escrow.withdraw(seller.addr, 8); // everything, by its own call: no nonce is used
        pass(1 hours);
    }

    function authority() internal {
        // Above the threshold, by approval.
        Deal memory d = fresh();
        d.amounts = 900 * ONE;
        d.due = 0;
        bytes memory approval = approvalOf(buyerPrincipal, escrow.dealId(d), uint40(block.timestamp));
        escrow.openFromMandatedCredit(d, signFund(buyer, d), signDeal(seller, d), approval);
        pass(2 hours);
        // A new mandate carries over what was spent; an older serial is burnt beside it; the next one is revoked.
        mandated(buyer, buyerPrincipal, SCOPE_BUY | SCOPE_SELL, 90_000 * ONE, 500 * ONE, 5);
        revoke(buyer, buyerPrincipal, 3);
        revoke(stranger, sellerPrincipal, 9); // before any grant
        mandated(stranger, buyerPrincipal, SCOPE_BUY, 5, 5, 1);
        revoke(stranger, buyerPrincipal, 4);
        pass(1 hours);
        // The same agent before the next version of the escrow.
        DealEscrow older = escrow;
        escrow = younger;
        mandated(buyer, buyerPrincipal, SCOPE_BUY, 1000 * ONE, 500 * ONE, 1);
        mandated(seller, sellerPrincipal, SCOPE_SELL, 1000 * ONE, 500 * ONE, 1);
        deposited(buyerPrincipal.addr, 500 * ONE);
        d = begun();
        pass(1 hours);
        released(d, 0, true);
        escrow = older;
        seen();
    }

    function accord() internal {
        for (uint256 i = 0; i < 2; ++i) {
            Nda memory n;
            (n.a, n.b, n.salt, n.from) = (buyer.addr, seller.addr, i, uint40(block.timestamp));
            (n.until, n.destroyBy, n.anchorBy) = (n.from + 1000, n.from + 2000, n.from);
            bytes32 id = accords.ndaId(n);
            accords.anchor(n, sign(buyer, id), sign(seller, id));
            pass(10);
            Breach memory b = Breach(id, keccak256("leak"));
            Account memory who = i == 0 ? buyer : seller;
            accords.breach(n, b, who.addr, sign(who, accords.breachDigest(b)));
            Destroyed memory x = Destroyed(id, keccak256("gone"));
            who = i == 0 ? seller : buyer;
            accords.destroyed(n, x, who.addr, sign(who, accords.destroyedDigest(x)));
            Agreement memory a =
                Agreement(buyer.addr, seller.addr, keccak256("agreement"), id, n.destroyBy, i);
            id = accords.agreementDigest(a);
            accords.anchorAgreement(a, sign(buyer, id), sign(seller, id));
            pass(10);
        }
    }

    function notices() internal {
        Deal memory d = fresh();
        escrow.voidDeal(d, seller.addr, signVoid(seller, d));
        // A deal of two who act for themselves, opened with EIP-3009, and one from own credit with a bond.
        for (uint256 i = 0; i < 2; ++i) {
            d = fresh();
            (d.flags, d.sellerBond) = (0, uint64(i * 5 * ONE));
            minted(buyer.addr, 190 * ONE);
            if (i == 0) {
                uint256 before = block.timestamp + 301;
                bytes memory given =
                    authorization(buyer, address(escrow), 190 * ONE, before, escrow.dealId(d));
                escrow.openWithAuthorization(d, given, signDeal(seller, d));
            } else {
                deposited(buyer.addr, 200 * ONE);
                deposited(seller.addr, 9 * ONE);
                escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
            }
            pass(1 hours);
            Cancel memory c = Cancel(escrow.dealId(d), 2500, d.end);
            escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c));
            rated(d);
        }
        seen();
    }

    function deliveries() internal {
        Deal memory d = begun();
        escrow.claim(d, claimOf(d, 1));
        pass(1 days);
        escrow.claim(d, claimOf(d, 2));
        pass(1 days);
        escrow.timeout(d, 0); // undelivered
        pass(8 days);
        escrow.timeout(d, 1); // unjudged: the fallback's split
        escrow.timeout(d, 2);
        seen();
    }

    function verdicts() internal {
        Deal memory d = begun();
        Verdict memory v = judgedOn(d, 0, 10_000); // waits
        pass(WINDOW);
        v = verdictOn(d, 1, 10_000); // finalises it, pays it with its own
        escrow.verdict(d, v, votesOf(v, 7), signConsent(buyer, v), "", true);
        pass(2 days);
        v = judgedOn(d, 2, 1000);
        pass(1 hours);
        v.attempt = 1;
        v.sellerBps = 5000;
        judged(d, v); // replaces it
        escrow.cosign(d, v, votesOf(v, 24));
        pass(1 hours);
        escrow.consent(d, v, signConsent(buyer, v), signConsent(seller, v));
        rated(d);
        pass(GRACE);
        escrow.payJurors(d, panel());
        seen();
    }

    function refusedPushes() internal {
        blacklisted(sellerPrincipal.addr);
        Deal memory d = begun();
        released(d, 0, true); // credited, not closing
        Cancel memory c = Cancel(escrow.dealId(d), 5000, d.end);
        escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c)); // closing: one paid, one credited
        blacklisted(buyerPrincipal.addr);
        d = begun();
        Verdict memory v = verdictOn(d, 0, 5000);
        escrow.verdict(d, v, votesOf(v, 31), signConsent(buyer, v), signConsent(seller, v), true); // both credited
        c.deal = v.deal;
        escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c));
        seen();
        vm.startPrank(blacklister.addr);
        usdc.unBlacklist(sellerPrincipal.addr);
        usdc.unBlacklist(buyerPrincipal.addr);
        vm.stopPrank();
        escrow.payJurors(d, panel());
        pass(1 hours);
    }

    function fees() internal {
        Deal memory d = fresh();
        (d.window, d.juryFee) = (0, 3 * ONE + 7); // which does not divide
        opened(d);
        Verdict memory v;
        for (uint8 i = 0; i < 2; ++i) {
            v = verdictOn(d, i, 10_000);
            escrow.verdict(d, v, votesOf(v, 31), "", "", false);
        }
        Rating[2] memory ratings =
            [Rating(v.deal, 100, keccak256("good")), Rating(v.deal, -90, keccak256("fair"))];
        bytes[4] memory signed;
        (signed[2], signed[3]) = (signRating(buyer, ratings[0]), signRating(seller, ratings[1]));
        v = verdictOn(d, 2, 10_000);
        escrow.verdictAndRate(d, v, votesOf(v, 31), signed, ratings, true); // closes, rates, pays the jurors
        pass(1 hours);
        // The same with a deal that a payout closes and whose jurors are paid after grace.
        d = fresh();
        d.window = 0;
        opened(d);
        for (uint8 i = 0; i < 3; ++i) {
            v = verdictOn(d, i, 10_000);
            escrow.verdict(d, v, votesOf(v, i == 1 ? 14 : 7), "", "", false);
        }
        pass(1 hours);
        ratings[0].deal = ratings[1].deal = v.deal;
        escrow.payoutAndRate(
            d, ratings[0], signRating(buyer, ratings[0]), ratings[1], signRating(seller, ratings[1])
        );
        pass(1 hours);
        escrow.cosign(d, v, votesOf(v, 8));
        pass(GRACE);
        escrow.payJurors(d, panel());
        seen();
    }

    function batches() internal {
        Deal memory d = begun();
        bytes[] memory calls = new bytes[](3);
        Release memory r = Release(escrow.dealId(d), 0, keccak256("evidence"));
        calls[0] = escrow.releaseCall(d, r, signRelease(buyer, r), false);
        calls[1] = calls[0]; // fails
        r.milestone = 1;
        calls[2] = escrow.releaseCall(d, r, signRelease(buyer, r), true);
        escrow.settleMany(calls);
        Deal[] memory deals = new Deal[](2);
        (deals[0], deals[1]) = (d, begun());
        released(deals[1], 2, false);
        escrow.payoutMany(deals); // one fails: nothing is left in the first
        seen();
    }

    function revoke(Account memory agent, Account memory principal, uint16 serial) private {
        Revoke memory r = Revoke(agent.addr, address(escrow), serial);
        mandates.revoke(r, principal.addr, sign(principal, mandates.revokeDigest(r)));
    }
}
