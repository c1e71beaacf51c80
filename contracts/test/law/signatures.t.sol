// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RollCall} from "../../src/escrow/RollCall.sol";
import {Signatures} from "../../src/law/Signatures.sol";
import {Core} from "../../src/types/Packing.sol";
import {Hostile, Mood} from "../attacks/Hostile.sol";
import {Test} from "../base/Test.sol";
import {OwnedWallet} from "../escrow/Wallets.sol";

/// @notice Asks the library what a contract would ask it.
contract Verifier {
    function signed(address signer, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return Signatures.signed(signer, digest, signature);
    }

    function recover(bytes32 digest, bytes calldata signature) external view returns (address) {
        return Signatures.recover(digest, signature);
    }

    /// @dev Nobody is a party here.
    function roll(uint256 signers, uint256 size, bytes32 digest, bytes calldata data)
        external
        view
        returns (address[] memory panel, uint256 votes, bool read, bool flawed)
    {
        Core c;
        uint256 from;
        assembly ("memory-safe") {
            c := mload(0x40)
            mstore(0x40, add(c, 0x80))
            calldatacopy(c, calldatasize(), 0x80)
            from := data.offset
        }
        uint256 end;
        (panel, votes, end, flawed) = RollCall.byKeys(c, signers, size, from, digest);
        read = end == from + data.length;
    }
}

/// Signatures
/// ├── a key's signature in 65 bytes or in 64, one form each
/// ├── a wallet's, in any length, by its one word under a gas cap
/// └── nobody's: another length, a high s, another parity, zero
contract SignaturesTest is Test {
    bytes32 private constant MAGIC = bytes32(bytes4(0x1626ba7e));
    bytes32 private constant DIGEST = keccak256("digest");

    Account private alice = account("alice");
    Account private bob = account("bob");
    Verifier private verifier = new Verifier();

    function test_both_forms_of_a_keys_signature_count_for_its_account_only(uint256 key, bytes32 digest)
        external
        view
    {
        key = bound(key, 1, SECP256K1_N - 1);
        Account memory who = Account(vm.addr(key), key);
        assertTrue(verifier.signed(who.addr, digest, sign(who, digest)), "65 bytes");
        assertTrue(verifier.signed(who.addr, digest, signCompact(who, digest)), "64 bytes");
        assertFalse(verifier.signed(bob.addr, digest, sign(who, digest)), "another account");
        assertFalse(verifier.signed(who.addr, ~digest, sign(who, digest)), "another digest");
    }

    function test_the_other_s_is_refused_in_either_form(bytes32 digest) external view {
        bytes memory other = malleated(sign(alice, digest));
        assertEq(verifier.recover(digest, other), address(0), "65 bytes");
        bytes memory compact = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            compact[i] = other[i];
        }
        assertTrue(verifier.recover(digest, compact) != alice.addr, "64 bytes");
    }

    function test_every_other_length_is_nobodys(bytes32 digest) external view {
        bytes memory long = bytes.concat(sign(alice, digest), new bytes(70));
        for (uint256 size = 0; size <= 130; ++size) {
            if (size == 65) continue;
            bytes memory cut = bytes.concat(long);
            assembly ("memory-safe") {
                mstore(cut, size)
            }
            // 64 bytes of the long form have the parity of the compact one only where v is 27.
            if (size == 64) continue;
            assertEq(verifier.recover(digest, cut), address(0), "another length");
        }
    }

    function test_every_other_v_is_nobodys() external view {
        bytes memory signature = sign(alice, DIGEST);
        uint8 v = uint8(signature[64]);
        for (uint256 i = 0; i < 256; ++i) {
            signature[64] = bytes1(uint8(i));
            address by = verifier.recover(DIGEST, signature);
            if (i == v) assertEq(by, alice.addr, "the right one");
            else if (i == 55 - v) assertTrue(by != alice.addr, "the other parity is another account");
            else assertEq(by, address(0), "no parity");
        }
    }

    function test_nobody_is_never_a_signer() external view {
        assertFalse(verifier.signed(address(0), DIGEST, new bytes(65)), "zeros");
        assertFalse(verifier.signed(address(0), DIGEST, ""), "nothing");
        assertFalse(verifier.signed(address(0), DIGEST, sign(alice, DIGEST)), "somebody's");
    }

    function test_the_largest_s_that_is_low_is_a_signature_and_the_next_is_none() external view {
        uint256 half = SECP256K1_N / 2;
        bytes32 r = bytes32(uint256(0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798));
        assertTrue(
            verifier.recover(DIGEST, abi.encodePacked(r, half, uint8(27))) != address(0), "half of the order"
        );
        assertEq(verifier.recover(DIGEST, abi.encodePacked(r, half + 1, uint8(27))), address(0), "one more");
        assertEq(verifier.recover(DIGEST, abi.encodePacked(r, uint256(0), uint8(27))), address(0), "zero");
    }

    // --- wallets ---

    function test_a_wallet_signs_in_its_own_way() external {
        OwnedWallet wallet = new OwnedWallet(alice.addr);
        assertTrue(verifier.signed(address(wallet), DIGEST, sign(alice, DIGEST)), "its owner");
        assertFalse(verifier.signed(address(wallet), DIGEST, sign(bob, DIGEST)), "another");
        assertFalse(
            verifier.signed(alice.addr, DIGEST, bytes.concat(sign(alice, DIGEST), hex"00")), "not the owner"
        );
    }

    function test_a_hostile_wallet_signs_only_by_the_right_word_in_time() external {
        Hostile wallet = new Hostile(MAGIC);
        for (uint256 m = 0; m <= uint256(type(Mood).max); ++m) {
            wallet.turn(Mood(m));
            bool agrees = Mood(m) == Mood.Agreeing || Mood(m) == Mood.Flooding;
            uint256 gas = gasleft();
            assertEq(verifier.signed(address(wallet), DIGEST, ""), agrees, "answer");
            assertLe(gas - gasleft(), 260_000, "what it can cost");
        }
    }

    function test_the_magic_word_with_anything_behind_it_in_the_word_is_another_word() external {
        Hostile wallet = new Hostile(MAGIC | bytes32(uint256(1)));
        assertFalse(verifier.signed(address(wallet), DIGEST, ""), "dirty");
        wallet = new Hostile(bytes32(uint256(0x1626ba7e)));
        assertFalse(verifier.signed(address(wallet), DIGEST, ""), "at the other end");
    }

    function test_an_account_with_a_key_and_code_may_sign_with_either() external {
        Hostile wallet = new Hostile(MAGIC);
        vm.etch(alice.addr, address(wallet).code); // as EIP-7702 does; its storage says nothing, so it answers 0
        assertTrue(verifier.signed(alice.addr, DIGEST, sign(alice, DIGEST)), "its key");
        assertFalse(verifier.signed(alice.addr, DIGEST, ""), "its code, which does not agree");
    }

    // --- the sender ---

    function test_an_empty_signature_is_the_senders_and_nobody_elses() external {
        vm.prank(alice.addr);
        assertTrue(verifier.signed(alice.addr, DIGEST, ""), "its own");
        vm.prank(alice.addr);
        assertFalse(verifier.signed(bob.addr, DIGEST, ""), "another's");
        vm.prank(alice.addr);
        assertFalse(verifier.signed(alice.addr, DIGEST, hex"00"), "something that is no signature");
        vm.prank(address(verifier));
        assertFalse(verifier.signed(address(verifier), DIGEST, ""), "what it calls on itself");
        vm.prank(address(0));
        assertFalse(verifier.signed(address(0), DIGEST, ""), "nobody");
    }

    // --- many at once ---

    /// @dev Eight members in ascending order; of those whose bit is set the signature, of the others the address.
    function test_a_roll_has_each_signer_in_its_place(uint8 bits, uint8 wrong) external {
        Account[8] memory people;
        for (uint256 i = 0; i < 8; ++i) {
            people[i] = account(string.concat("person ", vm.toString(i)));
            for (uint256 j = i; j > 0 && people[j - 1].addr > people[j].addr; --j) {
                (people[j - 1], people[j]) = (people[j], people[j - 1]);
            }
        }
        bytes memory all;
        uint256 ones;
        for (uint256 i = 0; i < 8; ++i) {
            bool signs = bits >> i & 1 != 0;
            Account memory signer = wrong >> i & 1 == 0 ? people[i] : bob;
            all = bytes.concat(all, signs ? signCompact(signer, DIGEST) : abi.encodePacked(people[i].addr));
            if (signs) ++ones;
        }
        (address[] memory panel, uint256 votes, bool read,) = verifier.roll(bits, 8, DIGEST, all);
        assertEq(votes, ones, "votes");
        assertTrue(read, "all of it and no more");
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(panel[i], bits & wrong & uint8(1 << i) == 0 ? people[i].addr : bob.addr, "in its place");
        }
    }

    function test_a_roll_is_flawed_by_a_high_s_by_nobody_and_by_a_wrong_order() external view {
        bytes memory other = malleated(sign(alice, DIGEST));
        bytes memory high = abi.encodePacked(bytes32(other), bytes32(SECP256K1_N / 2 + 1));
        (,,, bool flawed) = verifier.roll(1, 1, DIGEST, high);
        assertTrue(flawed, "a high s");
        (,,, flawed) = verifier.roll(1, 1, DIGEST, new bytes(64));
        assertTrue(flawed, "nobody's");
        (,,, flawed) = verifier.roll(1, 1, DIGEST, signCompact(alice, DIGEST));
        assertFalse(flawed, "a key's");
        (,,, flawed) = verifier.roll(0, 2, DIGEST, abi.encodePacked(address(0x222), address(0x111)));
        assertTrue(flawed, "not ascending");
        (,,, flawed) = verifier.roll(0, 2, DIGEST, abi.encodePacked(address(0x222), address(0x222)));
        assertTrue(flawed, "twice");
    }
}
