// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Rating, Release, Status, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {Mandate, Revoke, SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {Agreement, Breach, Destroyed, Nda} from "../../src/types/Nda.sol";
import {Vm} from "../base/Vm.sol";
import {Claim, EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {World} from "../escrow/World.sol";
import {AuthorityLogs} from "./AuthorityLogs.sol";

/// @notice A rich scene in all five contracts, and a third party that saw nothing but the logs and the time of each block: it must
/// end with every word of storage that the contracts have.
contract RebuildTest is Court, AuthorityLogs {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    Accords private accords;
    DealEscrow private younger; // the next version, before which the same agents act
    uint256 private salts;

    /// @dev Everything happens in the test itself, where logs and writes are watched.
    function setUp() public override {}

    function begin() private {
        vm.record();
        vm.recordLogs();
        World.setUp();
        accords = Accords(created("Accords", ""));
        bytes memory arguments = abi.encode(address(usdc), address(mandates), GRACE, APPEAL_LIMIT);
        younger = DealEscrow(created("DealEscrow", arguments));
        startEscrowLogs(escrow.grace());
        startJuryLogs(address(jury), address(beacon), jury.stake());
        mandated(buyer, buyerPrincipal, SCOPE_BUY, 100_000 * ONE, 500 * ONE, 2);
        mandated(seller, sellerPrincipal, SCOPE_SELL, 100_000 * ONE, 500 * ONE, 2);
        deposited(buyerPrincipal.addr, 50_000 * ONE);
        deposited(sellerPrincipal.addr, 5000 * ONE);
        for (uint256 i = 0; i < 45; ++i) {
            seated(i < 5 ? jurors[i] : seatHolder(i - 5), i);
        }
        pass(10 days);
    }

    /// @notice What the third party does after each block.
    function seen() private {
        time = block.timestamp;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            address from = logs[i].emitter;
            if (from == address(escrow) || from == address(younger)) readEscrow(logs[i]);
            else if (from == address(jury)) readJury(logs[i]);
            else if (from == address(mandates)) readMandates(logs[i]);
            else if (from == address(accords)) readAccords(logs[i]);
            else if (from == address(beacon)) readBeacon(logs[i]);
            else assertEq(from, address(usdc), "who speaks");
        }
    }

    function pass(uint256 span) private {
        seen();
        vm.warp(block.timestamp + span);
    }

    function fresh() private returns (Deal memory d) {
        d = terms();
        uint40 now_ = uint40(block.timestamp);
        (d.meta.start, d.meta.fundBy, d.end, d.meta.salt) = (now_, now_ + 300, now_ + 10 days, ++salts);
    }

    function begun() private returns (Deal memory d) {
        d = fresh();
        opened(d);
    }

    /// @dev A full pass waits for its window, anything less also for the due time.
    function judgedOn(Deal memory d, uint8 milestone, uint16 bps) private returns (Verdict memory v) {
        v = verdictOn(d, milestone, bps);
        judged(d, v);
    }

    function appealedOn(Deal memory d, uint8 milestone, uint16 bps, Account memory by)
        private
        returns (Verdict memory v)
    {
        pass(3 days);
        v = judgedOn(d, milestone, bps);
        pass(1 hours);
        appealed(d, v, by);
        jury.request(d, jury.seatsAt(uint40(block.timestamp) - SEAT_AGE));
        seen();
    }

    function ruledOn(Deal memory d, uint8 milestone, uint16 bps) private {
        bytes32 id = escrow.dealId(d);
        uint40 round = jury.appealOf(id, milestone).round;
        pass(3 hours);
        beacon.prove(round, abi.encode(round));
        Verdict memory v = verdictOn(d, milestone, bps);
        v.round = 1;
        Votes memory votes = votesOfCourt(d, v, 0x5d); // five of seven
        jury.rule(d, v, votes);
        uint40[] memory seats = jury.drawn(d, milestone, panel());
        address[] memory court = new address[](5);
        uint256 n;
        for (uint256 i = 0; i < 7; ++i) {
            if (0x5d >> i & 1 != 0) court[n++] = holderOf(seats[i]).addr;
        }
        pass(1 hours);
        escrow.rule(d, court);
        seen();
    }

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

    // --- the scene ---

    function money() private {
        minted(seller.addr, 5 * ONE);
        bytes32 nonce = keccak256(abi.encode(keccak256("Deposit"), seller.addr, bytes32(0)));
        bytes memory given = authorization(seller, address(escrow), 5 * ONE, block.timestamp + 60, nonce);
        escrow.depositWithAuthorization(seller.addr, 5 * ONE, 0, block.timestamp + 60, 0, given);
        vm.prank(seller.addr);
        escrow.withdraw(stranger.addr, 2 * ONE);
        for (uint256 i = 0; i < 2; ++i) {
            Withdraw memory w = Withdraw(seller.addr, stranger.addr, i, uint40(block.timestamp));
            bytes32 typeHash = keccak256("Withdraw(address from,address to,uint256 nonce,uint40 until)");
            bytes32 digest = inEscrow(keccak256(abi.encode(typeHash, w.from, w.to, w.nonce, w.until)));
            escrow.withdrawFor(w, sign(seller, digest));
            deposited(seller.addr, uint64(7 + i));
        }
        vm.prank(seller.addr);
        escrow.withdraw(seller.addr, 8); // everything, by its own call: no nonce is used
        pass(1 hours);
    }

    function authority() private {
        // Above the threshold, by approval.
        Deal memory d = fresh();
        d.amounts = 900 * ONE;
        d.due = 0;
        bytes memory approval = approvalOf(buyerPrincipal, escrow.dealId(d), uint40(block.timestamp));
        escrow.openFromMandate(d, signFund(buyer, d), signDeal(seller, d), approval);
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

    function revoke(Account memory agent, Account memory principal, uint16 serial) private {
        Revoke memory r = Revoke(agent.addr, address(escrow), serial);
        mandates.revoke(r, principal.addr, sign(principal, mandates.revokeDigest(r)));
    }

    function accord() private {
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

    function notices() private {
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

    function rated(Deal memory d) private {
        Rating memory r = Rating(escrow.dealId(d), -1, keccak256("feedback"));
        escrow.rate(d, r, seller.addr, signRating(seller, r));
        r.value = 5;
        escrow.rate(d, r, buyer.addr, signRating(buyer, r));
    }

    function deliveries() private {
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

    function verdicts() private {
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

    function refusedPushes() private {
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

    function fees() private {
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

    function batches() private {
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

    function sellersAppeals() private {
        Deal memory d = begun();
        appealedOn(d, 0, 0, seller);
        ruledOn(d, 0, 9000); // wins, the reserve pays
        appealedOn(d, 1, 0, seller);
        ruledOn(d, 1, 5000); // wins, with the reserve spent
        appealedOn(d, 2, 5000, seller);
        ruledOn(d, 2, 4000); // loses, and that closes it
        d = begun();
        appealedOn(d, 0, 5000, seller);
        ruledOn(d, 0, 5000); // confirmed
        escrow.cancel(d, Cancel(escrow.dealId(d), 0, d.end + 10 days), "", cancelled(d, d.end + 10 days));
        seen();
    }

    function cancelled(Deal memory d, uint40 until) private view returns (bytes memory) {
        return signCancel(seller, Cancel(escrow.dealId(d), 0, until));
    }

    function buyersAppeals() private {
        Deal memory d = begun();
        appealedOn(d, 0, 10_000, buyer);
        ruledOn(d, 0, 10_000); // loses its reserve
        appealedOn(d, 1, 10_000, buyer); // from its principal's credit
        ruledOn(d, 1, 2000); // wins, without a bond: its own deposit pays
        appealedOn(d, 2, 10_000, buyer);
        pass(APPEAL_LIMIT);
        escrow.rule(d, new address[](0)); // the jury was asked and did not answer in time
        seen();
    }

    function bonds() private {
        for (uint64 bond = 4 * ONE; bond <= 20 * ONE; bond += 8 * ONE) {
            Deal memory d = fresh();
            d.sellerBond = bond;
            opened(d);
            appealedOn(d, 0, 10_000, buyer);
            ruledOn(d, 0, 0); // wins: the bond pays, as far as it goes
            appealedOn(d, 1, 10_000, buyer);
            ruledOn(d, 1, 0); // wins again: the bond has paid
            released(d, 2, true);
            seen();
        }
    }

    function silence() private {
        for (uint256 i = 0; i < 2; ++i) {
            Deal memory d = begun();
            appealedOn(d, 0, i == 0 ? 10_000 : 0, i == 0 ? buyer : seller);
            proven(d);
            uint40[] memory first = jury.drawn(d, 0, panel());
            Verdict memory v = courtVerdict(d, 2500, 1);
            jury.testify(d, panel(), v, 3, sign(holderOf(first[3]), escrow.verdictDigest(v)));
            jury.testify(d, panel(), v, 6, sign(holderOf(first[6]), escrow.verdictDigest(v)));
            vm.prank(holderOf(first[1]).addr);
            jury.vacate(first[1]); // too late to escape
            seen();
            silent(d);
            seen();
            if (i == 0) silent(d);
            else ruled(d, 2000, 2);
            seen();
            address[] memory court = new address[](i == 0 ? 0 : 5);
            if (i == 1) {
                uint40[] memory second = jury.drawn(d, 0, panel());
                for (uint256 k = 0; k < 5; ++k) {
                    court[k] = holderOf(second[k]).addr;
                }
            }
            escrow.rule(d, court);
            // Never brought before the jury: the deposit goes to the other side.
            d = begun();
            pass(3 days);
            v = judgedOn(d, 0, i == 0 ? 10_000 : 0);
            appealed(d, v, i == 0 ? buyer : seller);
            pass(APPEAL_LIMIT);
            escrow.rule(d, new address[](0));
            seen();
        }
        // A beacon that stands still: nobody was drawn, so nobody is passed over.
        Deal memory late = begun();
        appealedOn(late, 0, 0, seller);
        pass(RULING_TIME + 3 hours);
        jury.redraw(late, 0, panel());
        seen();
        jury.collect(holderOf(courtOwed()).addr);
        seen();
    }

    /// @dev Some juror to whom the last ruling's share of the pot is owed.
    function courtOwed() private returns (uint40 seat) {
        for (seat = 5; seat < 45; ++seat) {
            if (jury.owed(holderOf(seat).addr) != 0) return seat;
        }
        revert NotTrue("somebody is owed");
    }

    function settledUnderAppeal() private {
        for (uint256 i = 0; i < 2; ++i) {
            Deal memory d = begun();
            appealedOn(d, 0, i == 0 ? 0 : 10_000, i == 0 ? seller : buyer);
            if (i == 0) released(d, 0, true);
            Cancel memory c = Cancel(escrow.dealId(d), 5000, d.end + 10 days);
            escrow.cancel(d, c, signCancel(buyer, c), signCancel(seller, c));
            pass(3 days);
            jury.redraw(d, 0, panel());
            seen();
        }
        // A release of what is pending.
        Deal memory q = begun();
        judgedOn(q, 0, 10_000);
        released(q, 0, true);
        pass(1 hours);
    }

    function seatsThatGo() private {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        jury.slash(2, a, byA, b, sign(jurors[2], escrow.verdictDigest(b)));
        vm.prank(jurors[3].addr);
        jury.vacate(3);
        Account memory joiner = account("joiner");
        minted(joiner.addr, STAKE);
        bytes32 nonce = keccak256(abi.encode(keccak256("Join"), stranger.addr, uint16(3), bytes32(0)));
        bytes memory given = authorization(joiner, address(jury), STAKE, block.timestamp + 1, nonce);
        jury.joinWithAuthorization(joiner.addr, stranger.addr, 3, 0, block.timestamp + 1, 0, given);
        pass(EXIT_DELAY);
        jury.withdrawStake(3);
        jury.collect(address(this));
    }
}
