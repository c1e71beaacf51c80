// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {
    Ballot,
    MARK_BUYER_CONSENTS,
    MARK_BUYER_RATES,
    MARK_SELLER_CONSENTS,
    MARK_SELLER_RATES
} from "../../src/types/Ballot.sol";
import {Cancel, Deal, Rating, Release, Status, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Claim, Encoding, EscrowCalls, Votes} from "./Calls.sol";
import {Tailed} from "./Tailed.sol";
import {World} from "./World.sol";

/// @title What the sender need not sign
/// An empty signature
/// ├── is the sender's, whatever it would have signed
/// ├── is nobody's when somebody else sends it
/// ├── is no juror's vote, whoever sends it
/// └── is nobody's in a batch, where the sender is the escrow itself
contract SenderTest is World {
    using EscrowCalls for DealEscrow;

    function test_a_party_opens_releases_and_rates_without_a_signature() external {
        Deal memory d = plainTerms();
        deposited(buyer.addr, 1000 * ONE);
        bytes memory accept = signDeal(seller, d);
        vm.prank(buyer.addr);
        bytes32 id = escrow.openFromCredit(d, "", accept);
        for (uint8 i = 0; i < 3; ++i) {
            vm.prank(buyer.addr);
            escrow.release(d, Release(id, i, 0), "", true);
        }
        assertStatus(id, Status.Closed);
        vm.prank(seller.addr);
        escrow.rate(d, Rating(id, 90, 0), seller.addr, "");
        assertEq(slotOf(id).rated, 2, "rated");
    }

    function test_a_seller_accepts_and_gives_up_what_it_sends() external {
        Deal memory d = terms();
        bytes memory fund = signFund(buyer, d);
        vm.prank(seller.addr);
        bytes32 id = escrow.openFromMandatedCredit(d, fund, "", "");
        vm.prank(seller.addr);
        escrow.cancel(d, Cancel(id, 0, NOW), "", "");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 190 * ONE, "all back");
    }

    function test_the_buyer_consents_to_the_verdict_that_it_sends() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes memory data = escrow.verdictConsented(d, v, votesOf(v, 7));
        vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
        this.send(data);
        vm.prank(buyer.addr);
        (bool done,) = address(escrow).call(data);
        assertTrue(done, "taken");
        assertEq(slotOf(id).done, 1, "settled at once");
    }

    function send(bytes calldata data) external {
        (bool done, bytes memory reason) = address(escrow).call(data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function test_nobody_else_sends_in_a_partys_name() external {
        (Deal memory d, bytes32 id) = openedTerms();
        address[3] memory others = [seller.addr, buyerPrincipal.addr, stranger.addr];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
            vm.prank(others[i]);
            escrow.release(d, Release(id, 0, 0), "", true);
        }
    }

    function test_a_batch_speaks_for_nobody() external {
        (Deal memory d, bytes32 id) = openedTerms();
        bytes[] memory calls = new bytes[](1);
        calls[0] = escrow.releaseCall(d, Release(id, 0, 0), "", true);
        vm.prank(buyer.addr);
        escrow.settleMany(calls);
        assertEq(slotOf(id).done, 0, "nothing settled");
    }

    // --- everything else that is signed ---

    /// @notice Takes the call from the account that it speaks for and from nobody else, and leaves all as it was.
    function onlyFrom(address who, bytes memory call_) private {
        address[3] memory others = [stranger.addr, address(escrow), address(this)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            (bool taken, bytes memory reason) = address(escrow).call(call_);
            assertFalse(taken, "from another");
            assertEq(bytes32(bytes4(reason)), bytes32(IDealEscrow.BadSignature.selector), "reason");
        }
        uint256 before = vm.snapshotState();
        vm.prank(who);
        (bool done,) = address(escrow).call(call_);
        assertTrue(done, "its own");
        assertTrue(vm.revertToState(before), "back");
    }

    function verdictSentBy(Deal memory d, Verdict memory v, uint256 who) private view returns (bytes memory) {
        Votes memory votes = votesOf(v, 7);
        votes.signatures[who] = "";
        return escrow.verdictCall(d, v, votes);
    }

    function test_a_juror_signs_even_the_verdict_that_it_sends() external {
        Deal memory d = terms();
        d.window = 0;
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        for (uint256 i = 0; i < 3; ++i) {
            nobodys(verdictSentBy(d, v, i), jurors[i].addr, v);
        }
        assertEq(slotOf(id).done, 0, "nothing is settled");
    }

    function test_a_juror_signs_even_what_it_cosigns_by_sending() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        Votes memory votes = Votes(panel(), 8, new bytes[](1));
        Encoding.Piece memory p = Encoding.roll(votes);
        Ballot b = Ballot.wrap(Encoding.head(v, votes, 0, p.long));
        nobodys(Tailed.cosign(Encoding.brief(d), b, v.evidence, v.votes, p.data), jurors[3].addr, v);
    }

    /// @notice Refuses the call, in which `juror` has an empty signature, from everybody and from the juror.
    function nobodys(bytes memory call_, address juror, Verdict memory v) private {
        address[3] memory senders = [juror, stranger.addr, address(escrow)];
        bytes32 digest = escrow.verdictDigest(v);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IDealEscrow.BadSignature.selector, juror, digest));
            vm.prank(senders[i]);
            this.send(call_);
        }
    }

    function test_either_party_consents_appeals_and_gives_notice_by_sending() external {
        Deal memory d = terms();
        uint256[10] memory brief = Encoding.brief(d);
        onlyFrom(buyer.addr, abi.encodeCall(IDealEscrow.voidDeal, (brief, buyer.addr, "")));
        onlyFrom(seller.addr, abi.encodeCall(IDealEscrow.voidDeal, (brief, seller.addr, "")));
        opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        Votes memory none;
        Ballot b = Ballot.wrap(Encoding.head(v, none, MARK_BUYER_CONSENTS, 1));
        onlyFrom(buyer.addr, Tailed.consent(brief, b, v.evidence, v.votes, hex"0000"));
        b = Ballot.wrap(Encoding.head(v, none, 0, 0));
        uint256 plea = uint256(uint160(buyer.addr)) | uint256(NOW) << 160;
        onlyFrom(buyer.addr, abi.encodeCall(IDealEscrow.appeal, (brief, b, v.evidence, v.votes, plea, "")));
    }

    function test_a_split_is_consented_to_by_the_sender_and_by_the_others_signature() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 5000);
        judged(d, v);
        Votes memory none;
        bytes memory tail = bytes.concat(hex"0000", signCompact(seller, consentDigest(v)));
        Ballot b = Ballot.wrap(Encoding.head(v, none, MARK_BUYER_CONSENTS | MARK_SELLER_CONSENTS, 1));
        bytes memory call_ = Tailed.consent(Encoding.brief(d), b, v.evidence, v.votes, tail);
        onlyFrom(buyer.addr, call_);
        vm.prank(buyer.addr);
        (bool done,) = address(escrow).call(call_);
        assertTrue(done, "taken");
        assertEq(slotOf(id).done, 1, "settled");
    }

    function test_a_vault_signs_the_claim_that_it_sends_by_sending_it() external {
        (Deal memory d,) = openedTerms();
        Claim memory c = claimOf(d, 0);
        for (uint256 i = 0; i < 2; ++i) {
            Encoding.Piece memory p;
            p.data = Encoding.packed(c.vaults);
            for (uint256 j = 0; j < 2; ++j) {
                p.data = bytes.concat(p.data, bytes5(c.storedAt[j]));
                Encoding.add(p, i == j ? bytes("") : c.signatures[j]);
            }
            uint256 head = 2 << 16 | 2 << 24 | 3 << 32 | uint256(c.size) << 64 | p.long << 128;
            bytes memory call_ = Tailed.claim(Encoding.whole(d), head, c.manifest, p.data);
            onlyFrom(c.vaults[i], call_);
        }
    }

    function test_an_owner_withdraws_everything_by_sending() external {
        Withdraw memory w = Withdraw(buyerPrincipal.addr, stranger.addr, 0, NOW);
        onlyFrom(buyerPrincipal.addr, abi.encodeCall(IDealEscrow.withdrawFor, (w, "")));
    }

    function test_each_side_opens_by_sending_and_never_for_the_other() external {
        Deal memory d = terms();
        uint256[17] memory whole = Encoding.whole(d);
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
        onlyFrom(seller.addr, abi.encodeCall(IDealEscrow.openFromMandatedCredit, (whole, fund, "", "")));
        onlyFrom(buyer.addr, abi.encodeCall(IDealEscrow.openFromMandatedCredit, (whole, "", accept, "")));
        address[3] memory others = [buyer.addr, seller.addr, stranger.addr];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
            vm.prank(others[i]);
            escrow.openFromMandatedCredit(d, "", "", "");
        }
    }

    function test_both_ratings_may_travel_with_the_payout_of_one_who_rates() external {
        (Deal memory d, bytes32 id) = openedTerms();
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, false);
        }
        Rating memory r = Rating(id, -7, sha256("feedback"));
        bytes memory tail = bytes.concat(bytes16(uint128(int128(-7))), r.feedbackHash, hex"0000");
        tail = bytes.concat(tail, bytes16(uint128(int128(-7))), r.feedbackHash);
        tail = bytes.concat(tail, signCompact(seller, ratingDigest(r)));
        uint256 head = uint256(MARK_BUYER_RATES | MARK_SELLER_RATES) | 1 << 8;
        bytes memory call_ = Tailed.payoutAndRate(Encoding.brief(d), head, tail);
        onlyFrom(buyer.addr, call_);
        vm.prank(buyer.addr);
        (bool done,) = address(escrow).call(call_);
        assertTrue(done, "taken");
        assertEq(slotOf(id).rated, 3, "both");
    }

    /// @dev Every call that a batch takes, with an empty signature in each place: the escrow, which then is the sender, is
    /// no party, juror or vault of any deal, and could not sign if it were.
    function test_a_batch_speaks_for_nobody_whatever_it_carries() external {
        Deal memory d = terms();
        d.window = 0;
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 10_000);
        uint256[10] memory brief = Encoding.brief(d);
        bytes[] memory calls = new bytes[](4);
        calls[0] = escrow.releaseCall(d, Release(id, 0, 0), "", true);
        calls[1] = abi.encodeCall(IDealEscrow.cancel, (brief, 5000, NOW, "", ""));
        calls[2] = verdictSentBy(d, v, 1);
        calls[3] = escrow.verdictConsented(d, v, votesOf(v, 7));
        address[4] memory senders = [buyer.addr, seller.addr, jurors[1].addr, address(escrow)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.recordLogs();
            vm.prank(senders[i]);
            escrow.settleMany(calls);
            assertEq(vm.getRecordedLogs().length, 4, "four items that failed");
            assertEq(slotOf(id).done, 0, "nothing is settled");
        }
    }
}
