// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot, MARK_PUSH} from "../../src/types/Ballot.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {Tails} from "../../src/types/Tail.sol";
import {Encoding, EscrowCalls, Votes} from "./Calls.sol";
import {Tailed} from "./Tailed.sol";
import {OwnedWallet} from "./Wallets.sol";
import {World} from "./World.sol";

/// The panel as a verdict brings it: of each member that signs its signature, of each other its address
/// ├── a party is no member, in any role, in any place, whether it signs or not
/// ├── members ascend in either way of reading: all at once where all sign by key, one by one where one does not
/// ├── a wallet has no vote in any place
/// └── nobody is no panel
contract PanelMembersTest is World {
    using EscrowCalls for DealEscrow;

    uint256 private salt;

    function refused(Deal memory d, Verdict memory v, Votes memory votes, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.verdict(d, v, votes, "", "", true);
    }

    function openedWith(address[] memory members, uint8 quorum) private returns (Deal memory d) {
        d = terms();
        (d.window, d.quorum, d.amounts, d.due) = (0, quorum, ONE, 0);
        d.panel = keccak256(abi.encodePacked(members));
        d.meta.salt = ++salt;
        opened(d);
    }

    function sorted(Account[] memory who) private pure returns (Account[] memory) {
        for (uint256 i = 1; i < who.length; ++i) {
            for (uint256 j = i; j > 0 && who[j - 1].addr > who[j].addr; --j) {
                (who[j - 1], who[j]) = (who[j], who[j - 1]);
            }
        }
        return who;
    }

    function addresses(Account[] memory who) private pure returns (address[] memory list) {
        list = new address[](who.length);
        for (uint256 i = 0; i < who.length; ++i) {
            list[i] = who[i].addr;
        }
    }

    /// @notice Signatures of those in `signers`; in 65 bytes of those in `long`.
    function votesBy(Account[] memory who, Verdict memory v, uint256 signers, uint256 long)
        private
        view
        returns (Votes memory votes)
    {
        uint256 n;
        for (uint256 i = 0; i < who.length; ++i) {
            n += signers >> i & 1;
        }
        votes = Votes(addresses(who), signers, new bytes[](n));
        bytes32 digest = escrow.verdictDigest(v);
        n = 0;
        for (uint256 i = 0; i < who.length; ++i) {
            if (signers >> i & 1 == 0) continue;
            votes.signatures[n++] = long >> i & 1 != 0 ? sign(who[i], digest) : signCompact(who[i], digest);
        }
    }

    // --- parties ---

    function test_a_party_that_does_not_sign_is_no_member_either() external {
        Account[4] memory parties = [buyer, seller, buyerPrincipal, sellerPrincipal];
        for (uint256 role = 0; role < 4; ++role) {
            Account[] memory who = new Account[](4);
            (who[0], who[1], who[2], who[3]) = (parties[role], jurors[0], jurors[1], jurors[2]);
            who = sorted(who);
            Deal memory d = openedWith(addresses(who), 3);
            Verdict memory v = verdictOn(d, 0, 10_000);
            uint256 others;
            for (uint256 i = 0; i < 4; ++i) {
                if (who[i].addr != parties[role].addr) others |= uint256(1) << i;
            }
            bytes memory reason =
                abi.encodeWithSelector(IDealEscrow.JurorIsParty.selector, parties[role].addr);
            refused(d, v, votesBy(who, v, others, 0), reason);
            refused(d, v, votesBy(who, v, 15, 0), reason);
            refused(d, v, votesBy(who, v, others, others & (others - 1)), reason);
        }
    }

    // --- order ---

    /// @dev Each pair of neighbours in the wrong order, each way of signing.
    function test_members_ascend_at_every_place_however_they_sign() external {
        for (uint256 place = 0; place < 4; ++place) {
            Account[] memory who = new Account[](5);
            for (uint256 i = 0; i < 5; ++i) {
                who[i] = jurors[i];
            }
            (who[place], who[place + 1]) = (who[place + 1], who[place]);
            Deal memory d = openedWith(addresses(who), 3);
            Verdict memory v = verdictOn(d, 0, 10_000);
            bytes memory reason = abi.encodeWithSelector(
                IDealEscrow.UnsortedAddresses.selector, who[place].addr, who[place + 1].addr
            );
            refused(d, v, votesBy(who, v, 31, 0), reason);
            refused(d, v, votesBy(who, v, 7, 0), reason);
            refused(d, v, votesBy(who, v, 28, 0), reason);
            refused(d, v, votesBy(who, v, 31, 4), reason);
        }
    }

    function test_the_first_member_may_be_the_lowest_account_there_is() external {
        for (uint160 lowest = 1; lowest < 5; ++lowest) {
            Account[] memory who = new Account[](3);
            (who[0].addr, who[1], who[2]) = (address(lowest), jurors[0], jurors[1]);
            Deal memory d = openedWith(addresses(who), 2);
            Verdict memory v = verdictOn(d, 0, 10_000);
            escrow.verdict(d, v, votesBy(who, v, 6, 0), "", "", true);
            assertEq(slotOf(v.deal).done, 1, "judged");
        }
    }

    function test_every_way_of_signing_gives_the_same_verdict(uint8 signers, uint8 long) external {
        signers = uint8(bound(signers, 0, 31));
        Account[] memory who = new Account[](5);
        for (uint256 i = 0; i < 5; ++i) {
            who[i] = jurors[i];
        }
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesBy(who, v, signers, long);
        if (votes.signatures.length < 3) {
            uint256 few = votes.signatures.length;
            refused(d, v, votes, abi.encodeWithSelector(IDealEscrow.TooFewSigners.selector, few, 3));
            return;
        }
        escrow.verdict(d, v, votes, "", "", true);
        (uint32 kept,) = escrow.signersOf(id, 0);
        assertEq(kept, signers, "who signed");
    }

    // --- by wallet ---

    function test_a_wallet_of_any_place_has_no_vote_whoever_its_owner_is() external {
        address wallet = address(new OwnedWallet(stranger.addr));
        Account[] memory who = new Account[](3);
        (who[0], who[1], who[2]) = (Account(wallet, stranger.key), jurors[0], jurors[1]);
        who = sorted(who);
        uint256 its;
        for (uint256 i = 0; i < 3; ++i) {
            if (who[i].addr == wallet) its = uint256(1) << i;
        }
        Deal memory d = openedWith(addresses(who), 2);
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes32 digest = escrow.verdictDigest(v);
        Votes memory votes = votesBy(who, v, 7, its);
        refused(d, v, votes, abi.encodeWithSelector(IDealEscrow.BadSignature.selector, wallet, digest));
        escrow.verdict(d, v, votesBy(who, v, 7 ^ its, 0), "", "", true);
        assertEq(escrow.credit(wallet), 0, "and no fee");
    }

    // --- nobody ---

    function test_an_empty_panel_never_judges() external {
        Account[] memory who = new Account[](0);
        Deal memory d = openedWith(addresses(who), 1);
        Verdict memory v = verdictOn(d, 0, 10_000);
        refused(
            d,
            v,
            votesBy(who, v, 0, 0),
            abi.encodeWithSelector(IDealEscrow.TooFewSigners.selector, uint256(0), uint256(1))
        );
        Votes memory votes = Votes(addresses(who), 1, new bytes[](0));
        refused(d, v, votes, abi.encodeWithSelector(IDealEscrow.SignerOutOfPanel.selector, 1, 0));
    }

    // --- the tail of thirty-two ---

    /// @dev All sign by key but the last, whose signature is long: what the bits of `long` tell is read to the last one.
    function test_the_thirty_second_signature_may_be_the_long_one() external {
        Account[] memory who = new Account[](32);
        for (uint256 i = 0; i < 32; ++i) {
            who[i] = account(string.concat("member ", vm.toString(i)));
        }
        who = sorted(who);
        Deal memory d = openedWith(addresses(who), 17);
        Verdict memory v = verdictOn(d, 0, 10_000);
        Votes memory votes = votesBy(who, v, type(uint32).max, uint256(1) << 31);
        Encoding.Piece memory p = Encoding.roll(votes);
        assertEq(p.long, uint256(1) << 31, "long");
        uint256 head = Encoding.head(v, votes, MARK_PUSH, p.long);
        bytes memory cut = bytes.concat(p.data);
        assembly ("memory-safe") {
            mstore(cut, sub(mload(cut), 1))
        }
        uint256[10] memory brief = Encoding.brief(d);
        vm.expectRevert(abi.encodeWithSelector(Tails.TailTooShort.selector, 64, 65));
        Tailed.sent(address(escrow), Tailed.verdict(brief, Ballot.wrap(head), v.evidence, v.votes, cut));
        Tailed.sent(address(escrow), Tailed.verdict(brief, Ballot.wrap(head), v.evidence, v.votes, p.data));
        (uint32 signers,) = escrow.signersOf(v.deal, 0);
        assertEq(signers, type(uint32).max, "all have signed");
        assertEq(escrow.credit(who[31].addr), 3 * ONE / 32, "its part of the fee");
    }
}
