// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot, MARK_PUSH} from "../../src/types/Ballot.sol";
import {Deal, Rating, Status, Verdict} from "../../src/types/Deal.sol";
import {Tails} from "../../src/types/Tail.sol";
import {Encoding, EscrowCalls, Votes} from "./Calls.sol";
import {Tailed} from "./Tailed.sol";
import {World} from "./World.sol";

/// verdict, its panel and its tail
/// ├── jurors sign with keys in either form
/// ├── a panel of one, of any odd or even size up to thirty-two, its majority to the member
/// ├── when a member is a party in any role, nobody, or doubled
/// └── when the tail ends before what the head announces, wherever that is
contract VerdictVotesTest is World {
    using EscrowCalls for DealEscrow;

    function refused(Deal memory d, Verdict memory v, Votes memory votes, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.verdict(d, v, votes, "", "", true);
    }

    function openedWith(address[] memory members, uint8 quorum) private returns (Deal memory d) {
        d = terms();
        (d.window, d.quorum, d.amounts, d.due) = (0, quorum, ONE, 0);
        d.panel = keccak256(abi.encodePacked(members));
        d.meta.salt = uint256(d.panel);
        opened(d);
    }

    /// @notice A panel of `size` members, replacing the world's five.
    function panelOf(uint256 size) private {
        delete jurors;
        for (uint256 i = 0; i < size; ++i) {
            _insert(jurors, account(string.concat("member ", vm.toString(i))));
        }
    }

    // --- who may be a member ---

    function test_no_party_judges_in_any_role() external {
        Account[4] memory parties = [buyer, seller, buyerPrincipal, sellerPrincipal];
        for (uint256 i = 0; i < 4; ++i) {
            address[] memory members = new address[](1);
            members[0] = parties[i].addr;
            Deal memory d = openedWith(members, 1);
            Verdict memory v = verdictOn(d, 0, 10_000);
            Votes memory votes = Votes(members, 1, new bytes[](1));
            votes.signatures[0] = signCompact(parties[i], escrow.verdictDigest(v));
            refused(d, v, votes, abi.encodeWithSelector(IDealEscrow.JurorIsParty.selector, parties[i].addr));
        }
    }

    function test_no_member_comes_twice() external {
        address[] memory members = new address[](3);
        (members[0], members[1], members[2]) = (jurors[0].addr, jurors[1].addr, jurors[1].addr);
        Deal memory d = openedWith(members, 2);
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = Votes(members, 6, new bytes[](2));
        votes.signatures[0] = votes.signatures[1] = signCompact(jurors[1], escrow.verdictDigest(v));
        bytes memory reason =
            abi.encodeWithSelector(IDealEscrow.UnsortedAddresses.selector, members[1], members[1]);
        refused(d, v, votes, reason);
    }

    function test_nobody_as_a_member_never_signs() external {
        address[] memory members = new address[](3);
        (members[1], members[2]) = (jurors[0].addr, jurors[1].addr);
        Deal memory d = openedWith(members, 2);
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = Votes(members, 3, new bytes[](2));
        bytes32 digest = escrow.verdictDigest(v);
        (votes.signatures[0], votes.signatures[1]) = (new bytes(64), signCompact(jurors[0], digest));
        refused(d, v, votes, abi.encodeWithSelector(IDealEscrow.BadSignature.selector, address(0), digest));
        votes.signers = 6;
        (votes.signatures[0], votes.signatures[1]) =
        (signCompact(jurors[0], digest), signCompact(jurors[1], digest));
        escrow.verdict(d, v, votes, "", "", true);
        assertEq(slotOf(v.deal).done, 1, "the other two are a majority of three");
    }

    function test_a_majority_is_more_than_half_at_every_size() external {
        uint256[6] memory sizes = [uint256(1), 2, 3, 4, 31, 32];
        for (uint256 i = 0; i < sizes.length; ++i) {
            panelOf(sizes[i]);
            uint8 majority = uint8(sizes[i] / 2 + 1);
            Deal memory d = openedWith(panel(), majority);
            Verdict memory v = verdictOn(d, 0, 10_000);
            if (majority > 1) {
                refused(
                    d,
                    v,
                    votesOf(v, (uint256(1) << majority - 1) - 1),
                    abi.encodeWithSelector(IDealEscrow.TooFewSigners.selector, majority - 1, majority)
                );
            }
            escrow.verdict(d, v, votesOf(v, (uint256(1) << majority) - 1), "", "", true);
            assertEq(slotOf(v.deal).done, 1, "judged");
            if (majority == 1) continue;
            d = openedWithQuorum(majority - 1);
            v = verdictOn(d, 0, 10_000);
            bytes memory reason =
                abi.encodeWithSelector(IDealEscrow.NoMajority.selector, majority - 1, sizes[i]);
            refused(d, v, votesOf(v, (uint256(1) << majority) - 1), reason);
        }
    }

    function openedWithQuorum(uint8 quorum) private returns (Deal memory d) {
        d = terms();
        (d.window, d.quorum, d.amounts, d.due) = (0, quorum, ONE, 0);
        d.panel = keccak256(abi.encodePacked(panel()));
        opened(d);
    }

    function test_a_quorum_above_the_panel_never_judges() external {
        Deal memory d = openedWith(panel(), 6);
        Verdict memory v = verdictOn(d, 0, 10_000);
        refused(d, v, votesOf(v, 31), abi.encodeWithSelector(IDealEscrow.TooFewSigners.selector, 5, 6));
    }

    // --- how they sign ---

    function test_both_forms_of_a_key_may_sign_together() external {
        Deal memory d = openedWith(panel(), 3);
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes32 digest = escrow.verdictDigest(v);
        Votes memory votes = votesOf(v, 7);
        (votes.signatures[0], votes.signatures[2]) = (sign(jurors[0], digest), sign(jurors[2], digest));
        votes.signatures[1] = signCompact(jurors[1], digest);
        escrow.verdict(d, v, votes, "", "", true);
        assertEq(slotOf(v.deal).done, 1, "judged");
    }

    function test_one_wrong_signature_among_good_ones_is_named() external {
        Deal memory d = openedWith(panel(), 3);
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes32 digest = escrow.verdictDigest(v);
        for (uint256 i = 0; i < 5; ++i) {
            Votes memory votes = votesOf(v, 31);
            votes.signatures[i] = signCompact(stranger, digest);
            expectOtherPanel(d, v, votes);
            escrow.verdict(d, v, votes, "", "", true);
            votes.signatures[i] = "";
            refused(
                d, v, votes, abi.encodeWithSelector(IDealEscrow.BadSignature.selector, jurors[i].addr, digest)
            );
        }
    }

    function test_a_key_that_signs_for_two_members_signs_for_one() external {
        Deal memory d = openedWith(panel(), 3);
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(v, 7);
        votes.signatures[1] = votes.signatures[0];
        expectOtherPanel(d, v, votes);
        escrow.verdict(d, v, votes, "", "", true);
    }

    // --- the tail ---

    function cutAt(Deal memory d, Verdict memory v, uint256 head, bytes memory tail, uint256 size) private {
        assembly ("memory-safe") {
            mstore(tail, size)
        }
        uint256[10] memory brief = Encoding.brief(d);
        (bool done, bytes memory reason) =
            address(escrow).call(Tailed.verdict(brief, Ballot.wrap(head), v.evidence, v.votes, tail));
        assertFalse(done, "a cut tail");
        assertEq(bytes32(bytes4(reason)), bytes32(Tails.TailTooShort.selector), "reason");
    }

    /// @dev Panel, short and long votes, both consents, both ratings: cut after every single byte but the last.
    function test_a_tail_may_end_nowhere_but_at_its_end() external {
        Deal memory d = terms();
        (d.amounts, d.due, d.juryFee, d.meta.salt) = (ONE, 0, 0, 5);
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 5000);
        Votes memory votes = votesOf(v, 7);
        votes.signatures[1] = sign(jurors[1], escrow.verdictDigest(v));
        Encoding.Piece memory p = Encoding.roll(votes);
        uint256 marks = MARK_PUSH | Encoding.consents(p, signConsent(buyer, v), signConsent(seller, v));
        Rating memory r = Rating(id, 1, 0);
        marks |= Encoding.ratings(p, r, signRating(buyer, r), r, signRating(seller, r));
        uint256 head = Encoding.head(v, votes, marks, p.long);
        bytes memory whole = p.data;
        for (uint256 size = 0; size < whole.length; size += size < 600 ? 37 : 1) {
            cutAt(d, v, head, bytes.concat(whole), size);
        }
        Tailed.sent(
            address(escrow), Tailed.verdict(Encoding.brief(d), Ballot.wrap(head), v.evidence, v.votes, whole)
        );
        assertStatus(id, Status.Closed);
        assertEq(slotOf(id).rated, 3, "rated");
    }

    /// @dev The panel is then read in one go, and what follows it from where it ended.
    function test_where_everybody_signs_in_64_bytes_consents_and_ratings_follow_the_panel() external {
        Deal memory d = terms();
        (d.amounts, d.due, d.meta.salt) = (ONE, 0, 6);
        bytes32 id = opened(d);
        Verdict memory v = verdictOn(d, 0, 5000);
        Votes memory votes = votesOf(v, 31);
        Encoding.Piece memory p = Encoding.roll(votes);
        uint256 marks = MARK_PUSH
            | Encoding.consents(
                p, signCompact(buyer, consentDigest(v)), signCompact(seller, consentDigest(v))
            );
        Rating memory byBuyer = Rating(id, 1, sha256("good"));
        Rating memory bySeller = Rating(id, -2, sha256("fair"));
        bytes memory buyers = signCompact(buyer, ratingDigest(byBuyer));
        marks |= Encoding.ratings(p, byBuyer, buyers, bySeller, signCompact(seller, ratingDigest(bySeller)));
        assertEq(p.long, 0, "no length is written");
        uint256 head = Encoding.head(v, votes, marks, 0);
        cutAt(d, v, head, bytes.concat(p.data), p.data.length - 1);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, 1, sha256("good"));
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Rated(id, uint128(int128(-2)) | uint256(1) << 128, sha256("fair"));
        Tailed.sent(
            address(escrow), Tailed.verdict(Encoding.brief(d), Ballot.wrap(head), v.evidence, v.votes, p.data)
        );
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), ONE / 2, "half");
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(escrow.credit(jurors[i].addr), 3 * ONE / 5, "a fifth of the fee");
        }
    }

    function test_what_follows_the_tail_changes_nothing() external {
        Deal memory d = openedWith(panel(), 3);
        Verdict memory v = verdictOn(d, 0, 10_000);
        Encoding.Piece memory p = Encoding.roll(votesOf(v, 7));
        uint256 head = Encoding.head(v, votesOf(v, 7), MARK_PUSH, p.long);
        bytes memory longer = bytes.concat(p.data, keccak256("what nobody announced"));
        Tailed.sent(
            address(escrow), Tailed.verdict(Encoding.brief(d), Ballot.wrap(head), v.evidence, v.votes, longer)
        );
        assertEq(slotOf(v.deal).done, 1, "judged");
    }

    // --- replacing ---

    function test_a_replacement_with_consent_settles_at_once() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 0));
        Verdict memory v = verdictOn(d, 0, 10_000);
        v.attempt = 1;
        escrow.verdict(d, v, votesOf(v, 7), signConsent(buyer, v), "", false);
        assertStatus(id, Status.Open);
        assertEq(slotOf(id).challengeUntil, NOW + 1 days, "until when the first waited");
        assertEq(slotOf(id).held, 54 * ONE, "held");
        assertConserved(id);
    }

    function test_a_replaced_panel_loses_that_fee_and_the_new_signers_have_it() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 0));
        Verdict memory v = verdictOn(d, 0, 10_000);
        v.attempt = 1;
        escrow.verdict(d, v, votesOf(v, 28), "", "", true);
        (uint32 signers, uint224 digest) = escrow.signersOf(id, 0);
        assertEq(signers, 28, "signers");
        assertEq(digest, uint224(uint256(escrow.verdictDigest(v))), "digest");
    }

    function test_a_partial_verdict_with_the_sellers_consent_waits_for_the_buyer_before_the_due_time()
        external
    {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 1);
        escrow.verdict(d, v, votesOf(v, 7), "", signConsent(seller, v), true);
        assertStatus(id, Status.Pending);
        escrow.consent(d, v, signConsent(buyer, v), signConsent(seller, v));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 5400, "one basis point of 54");
    }

    function test_a_deal_that_is_not_open_is_not_judged() external {
        Deal memory d = terms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes memory none = abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Open);
        refused(d, v, votesOf(v, 7), none);
        escrow.voidDeal(d, buyer.addr, signVoid(buyer, d));
        refused(
            d,
            v,
            votesOf(v, 7),
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Void, Status.Open)
        );
    }
}
