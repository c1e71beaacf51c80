// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {Tails} from "../../src/types/Tail.sol";
import {Claim, Encoding, EscrowCalls} from "./Calls.sol";
import {Tailed} from "./Tailed.sol";
import {OwnedWallet} from "./Wallets.sol";
import {World} from "./World.sol";

/// claim
/// ├── counts with receipts of all but one of the vaults, and at least two
/// └── when it is late, repeated, for other vaults, short of receipts, dated ahead, or a vault is a party
contract ClaimTest is World {
    using EscrowCalls for DealEscrow;

    uint40 private constant DUE = NOW + 1 days;

    function refused(Deal memory d, Claim memory c, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.claim(d, c);
    }

    function test_a_claim_is_recorded_with_its_manifest() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(DUE + GRACE - 1);
        Claim memory c = claimOf(d, 0);
        assertFalse(slotOf(id).claimed, "not yet");
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Claimed(id, 0, 0, sha256("manifest"), 1000, 3, c.storedAt);
        escrow.claim(d, c);
        assertEq(escrow.claims(id), DUE + GRACE - 1, "when");
        assertTrue(slotOf(id).claimed, "in the deal's word too");
        refused(d, c, abi.encodeWithSelector(IDealEscrow.AlreadyClaimed.selector, 0));
    }

    function test_a_claim_after_grace_is_late() external {
        (Deal memory d,) = openedTerms();
        vm.warp(DUE + GRACE);
        bytes memory reason =
            abi.encodeWithSelector(IDealEscrow.ClaimTooLate.selector, DUE + GRACE, DUE + GRACE);
        refused(d, claimOf(d, 0), reason);
    }

    function test_one_receipt_is_too_few() external {
        (Deal memory d,) = openedTerms();
        Claim memory c = claimOf(d, 0);
        bytes[] memory one = new bytes[](1);
        one[0] = c.signatures[0];
        (c.receipts, c.signatures, c.storedAt) = (1, one, new uint40[](1));
        refused(d, c, abi.encodeWithSelector(IDealEscrow.TooFewReceipts.selector, 1, 2));
    }

    function test_receipts_are_by_the_vaults_of_the_terms_and_not_dated_ahead() external {
        (Deal memory d,) = openedTerms();
        Claim memory c = claimOf(d, 0);
        c.storedAt[0] = NOW + 1;
        refused(d, c, abi.encodeWithSelector(IDealEscrow.StoredInFuture.selector, NOW + 1, NOW));
        c = claimOf(d, 0);
        c.signatures[1] = c.signatures[0];
        expectUnsigned(vaults[1].addr, receiptDigest(d, c, c.storedAt[1]));
        escrow.claim(d, c);
        c = claimOf(d, 0);
        c.size = 999;
        expectUnsigned(vaults[0].addr, receiptDigest(d, c, c.storedAt[0]));
        escrow.claim(d, c);
        c.vaults[0] = stranger.addr;
        bytes32 given = keccak256(abi.encodePacked(c.vaults));
        refused(d, c, abi.encodeWithSelector(IDealEscrow.WrongVaults.selector, given, d.meta.vaults));
    }

    function test_a_party_is_no_vault() external {
        vaults[0] = buyerPrincipal.addr < vaults[1].addr ? buyerPrincipal : vaults[0];
        vaults[1] = buyerPrincipal.addr < vaults[1].addr ? vaults[1] : buyerPrincipal;
        (Deal memory d,) = openedTerms();
        refused(
            d, claimOf(d, 0), abi.encodeWithSelector(IDealEscrow.VaultIsParty.selector, buyerPrincipal.addr)
        );
    }

    function with(uint256 count, uint256 bits, uint256 signatures)
        private
        returns (Deal memory d, Claim memory c)
    {
        delete vaults;
        for (uint256 i = 0; i < count; ++i) {
            _insert(vaults, account(string.concat("vault ", vm.toString(i))));
        }
        d = terms();
        (d.amounts, d.due, d.meta.salt) =
        (ONE, 1 days, uint256(keccak256(abi.encode(count, bits, signatures))));
        opened(d);
        (c.manifest, c.size, c.vaults, c.receipts) = (sha256("manifest"), 1000, vaultList(), bits);
        (c.storedAt, c.signatures) = (new uint40[](signatures), new bytes[](signatures));
        uint256 next;
        for (uint256 i = 0; i < count && next < signatures; ++i) {
            if (bits >> i & 1 == 0) continue;
            c.storedAt[next] = NOW - 1;
            c.signatures[next++] = signCompact(vaults[i], receiptDigest(d, c, NOW - 1));
        }
    }

    function test_all_but_one_vault_and_at_least_two() external {
        uint256[4] memory counts = [uint256(2), 3, 4, 6];
        uint256[4] memory wanted = [uint256(2), 2, 3, 5];
        for (uint256 i = 0; i < 4; ++i) {
            (Deal memory d, Claim memory c) = with(counts[i], (1 << wanted[i]) - 1, wanted[i]);
            escrow.claim(d, c);
            assertEq(escrow.claims(escrow.dealId(d)), NOW, "claimed in the second of the opening");
            (d, c) = with(counts[i], (1 << wanted[i] - 1) - 1, wanted[i] - 1);
            refused(
                d, c, abi.encodeWithSelector(IDealEscrow.TooFewReceipts.selector, wanted[i] - 1, wanted[i])
            );
        }
    }

    function test_a_single_vault_is_never_enough() external {
        (Deal memory d, Claim memory c) = with(1, 1, 1);
        refused(d, c, abi.encodeWithSelector(IDealEscrow.TooFewReceipts.selector, 1, 2));
    }

    function test_each_bit_has_one_receipt() external {
        (Deal memory d, Claim memory c) = with(3, 7, 2);
        refused(d, c, abi.encodeWithSelector(IDealEscrow.SignatureCount.selector, 2, 3));
        (d, c) = with(3, 7, 3);
        c.receipts = 3;
        refused(d, c, abi.encodeWithSelector(IDealEscrow.SignatureCount.selector, 3, 2));
        c.receipts = 15;
        refused(d, c, abi.encodeWithSelector(IDealEscrow.SignerOutOfPanel.selector, 15, 3));
    }

    function test_vaults_ascend_and_none_comes_twice() external {
        vaults[1] = vaults[0];
        (Deal memory d,) = openedTerms();
        bytes memory reason =
            abi.encodeWithSelector(IDealEscrow.UnsortedAddresses.selector, vaults[0].addr, vaults[0].addr);
        refused(d, claimOf(d, 0), reason);
        (Account memory a, Account memory b) = (account("vault a"), account("vault b"));
        vaults[0] = a.addr < b.addr ? b : a;
        vaults[1] = a.addr < b.addr ? a : b;
        d = terms();
        opened(d);
        reason =
            abi.encodeWithSelector(IDealEscrow.UnsortedAddresses.selector, vaults[0].addr, vaults[1].addr);
        refused(d, claimOf(d, 0), reason);
    }

    function test_no_party_is_a_vault_in_any_role() external {
        Account[4] memory parties = [buyer, seller, buyerPrincipal, sellerPrincipal];
        for (uint256 i = 0; i < 4; ++i) {
            delete vaults;
            _insert(vaults, account("vault a"));
            _insert(vaults, parties[i]);
            Deal memory d = terms();
            d.meta.salt = i;
            opened(d);
            refused(
                d, claimOf(d, 0), abi.encodeWithSelector(IDealEscrow.VaultIsParty.selector, parties[i].addr)
            );
        }
    }

    function test_a_claim_is_of_an_unsettled_milestone_of_an_open_deal() external {
        Deal memory d = terms();
        Claim memory c = claimOf(d, 0);
        refused(d, c, abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Open));
        opened(d);
        c.milestone = 3;
        refused(d, c, abi.encodeWithSelector(IDealEscrow.NoSuchMilestone.selector, 3, 3));
        released(d, 0, true);
        c.milestone = 0;
        refused(d, c, abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
    }

    function test_a_vault_may_be_a_contract() external {
        OwnedWallet wallet = new OwnedWallet(vaults[0].addr);
        (Account memory a, Account memory b) = (Account(address(wallet), vaults[0].key), vaults[1]);
        delete vaults;
        _insert(vaults, a);
        _insert(vaults, b);
        (Deal memory d, bytes32 id) = openedTerms();
        escrow.claim(d, claimOf(d, 0));
        assertEq(escrow.claims(id), NOW, "claimed");
    }

    function test_the_claims_of_eight_milestones_do_not_touch_each_other() external {
        Deal memory d = terms();
        for (uint256 i = 0; i < 4; ++i) {
            d.amounts |= uint256(ONE) << i * 64;
            d.amounts2 |= uint256(ONE) << i * 64;
        }
        d.amounts = d.amounts2;
        d.due = type(uint256).max;
        d.end = type(uint40).max;
        bytes32 id = opened(d);
        uint256 expected;
        for (uint8 i = 8; i > 0; --i) {
            vm.warp(block.timestamp + 1 days);
            escrow.claim(d, claimOf(d, i - 1));
            expected |= block.timestamp << (i - 1) * 32;
        }
        assertEq(escrow.claims(id), expected, "eight fields");
    }

    // --- the head and the tail ---

    function headOf(Claim memory c, uint256 long) private pure returns (uint256 head) {
        head = uint256(c.milestone) | uint256(c.attempt) << 8 | c.vaults.length << 16;
        head |= c.signatures.length << 24 | c.receipts << 32 | uint256(c.size) << 64 | long << 128;
    }

    function tailOf(Claim memory c) private pure returns (Encoding.Piece memory p) {
        p.data = Encoding.packed(c.vaults);
        for (uint256 i = 0; i < c.signatures.length; ++i) {
            p.data = bytes.concat(p.data, bytes5(c.storedAt[i]));
            Encoding.add(p, c.signatures[i]);
        }
    }

    function signedBy(Deal memory d, Claim memory c, uint40 storedAt) private view {
        for (uint256 i = 0; i < 2; ++i) {
            c.storedAt[i] = storedAt;
            c.signatures[i] = signReceipt(vaults[i], d, c, storedAt);
        }
    }

    /// @dev Every field of the head as large as it can be, and none reaches into the next.
    function test_the_largest_delivery_of_the_last_attempt_is_claimed() external {
        Deal memory d = terms();
        for (uint256 i = 0; i < 4; ++i) {
            d.amounts2 |= uint256(ONE) << i * 64;
        }
        (d.amounts, d.due) = (d.amounts2, uint256(1 days) << 224);
        bytes32 id = opened(d);
        Claim memory c = claimOf(d, 7);
        (c.attempt, c.size, c.manifest) = (type(uint8).max, type(uint64).max, bytes32(type(uint256).max));
        signedBy(d, c, NOW);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Claimed(id, 7, type(uint8).max, c.manifest, type(uint64).max, 3, c.storedAt);
        escrow.claim(d, c);
        assertEq(escrow.claims(id), uint256(NOW) << 224, "the last field alone");
    }

    function test_a_receipt_may_be_of_any_second_up_to_this_one() external {
        uint40[4] memory times = [0, 1, NOW - 1, NOW];
        for (uint256 i = 0; i < 4; ++i) {
            Deal memory d = terms();
            d.meta.salt = i;
            bytes32 id = opened(d);
            Claim memory c = claimOf(d, 0);
            signedBy(d, c, times[i]);
            vm.expectEmit(address(escrow));
            emit IDealEscrow.Claimed(id, 0, 0, c.manifest, 1000, 3, c.storedAt);
            escrow.claim(d, c);
        }
        Deal memory last = terms();
        last.meta.salt = 9;
        opened(last);
        Claim memory never = claimOf(last, 0);
        signedBy(last, never, type(uint40).max);
        refused(
            last, never, abi.encodeWithSelector(IDealEscrow.StoredInFuture.selector, type(uint40).max, NOW)
        );
    }

    /// @dev A bit for each of thirty-two: all but one of thirty-three can sign, and of thirty-four nobody could say so.
    function test_thirty_three_vaults_are_the_most_that_can_ever_be_claimed_with() external {
        (Deal memory d, Claim memory c) = with(33, type(uint32).max, 32);
        escrow.claim(d, c);
        assertEq(escrow.claims(escrow.dealId(d)), NOW, "claimed");
        (d, c) = with(34, type(uint32).max, 32);
        refused(d, c, abi.encodeWithSelector(IDealEscrow.TooFewReceipts.selector, 32, 33));
    }

    function test_more_receipts_than_all_but_one_may_come() external {
        (Deal memory d, Claim memory c) = with(4, 15, 4);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Claimed(escrow.dealId(d), 0, 0, c.manifest, 1000, 15, c.storedAt);
        escrow.claim(d, c);
    }

    function test_which_of_the_vaults_signed_is_told() external {
        (Deal memory d, Claim memory c) = with(4, 11, 3);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Claimed(escrow.dealId(d), 0, 0, c.manifest, 1000, 11, c.storedAt);
        escrow.claim(d, c);
        (d, c) = with(4, 14, 3);
        c.receipts = 7;
        expectUnsigned(vaults[0].addr, receiptDigest(d, c, NOW - 1));
        escrow.claim(d, c);
    }

    function test_receipts_in_either_form_of_a_key_may_come_together() external {
        (Deal memory d, bytes32 id) = openedTerms();
        for (uint256 form = 0; form < 4; ++form) {
            uint256 before = vm.snapshotState();
            Claim memory c = claimOf(d, 0);
            for (uint256 i = 0; i < 2; ++i) {
                bytes32 digest = receiptDigest(d, c, c.storedAt[i]);
                bool compact = form >> i & 1 != 0;
                c.signatures[i] = compact ? signCompact(vaults[i], digest) : sign(vaults[i], digest);
            }
            escrow.claim(d, c);
            assertEq(escrow.claims(id), NOW, "claimed");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    /// @dev Vaults, a long and a short receipt: cut after every single byte.
    function test_a_tail_may_end_nowhere_but_at_its_end() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Claim memory c = claimOf(d, 0);
        c.signatures[1] = signCompact(vaults[1], receiptDigest(d, c, c.storedAt[1]));
        Encoding.Piece memory p = tailOf(c);
        uint256 head = headOf(c, p.long);
        uint256[17] memory whole = Encoding.whole(d);
        for (uint256 size = 0; size < p.data.length; ++size) {
            bytes memory cut = bytes.concat(p.data);
            assembly ("memory-safe") {
                mstore(cut, size)
            }
            (bool done, bytes memory reason) =
                address(escrow).call(Tailed.claim(whole, head, c.manifest, cut));
            assertFalse(done, "a cut tail");
            assertEq(bytes32(bytes4(reason)), bytes32(Tails.TailTooShort.selector), "reason");
        }
        bytes memory longer = bytes.concat(p.data, hex"ff");
        Tailed.sent(address(escrow), Tailed.claim(whole, head, c.manifest, longer));
        assertEq(escrow.claims(id), NOW, "what follows the tail changes nothing");
    }

    // --- in what state ---

    function test_a_delivery_is_claimed_whatever_is_pending() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        escrow.claim(d, claimOf(d, 0));
        appealed(d, v, buyer);
        escrow.claim(d, claimOf(d, 1));
        assertEq(escrow.claims(id), uint256(NOW) | uint256(NOW) << 32, "both");
        assertStatus(id, Status.Appealed);
    }

    function test_a_late_claim_is_late_for_its_own_milestone_only() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(DUE + GRACE);
        escrow.claim(d, claimOf(d, 1));
        assertEq(escrow.claims(id), block.timestamp << 32, "the second");
    }

    function test_a_deal_that_was_given_up_takes_no_claim() external {
        Deal memory d = terms();
        d.meta.salt = 7;
        escrow.voidDeal(d, buyer.addr, signVoid(buyer, d));
        refused(
            d,
            claimOf(d, 0),
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Void, Status.Open)
        );
    }
}
