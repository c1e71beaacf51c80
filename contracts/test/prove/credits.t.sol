// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Status, Withdraw} from "../../src/types/Deal.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {DealProof} from "./DealProof.sol";

/// @notice Credit is its owner's: nobody else moves it, a signature moves it once, and it never becomes more or less.
contract CreditsProof is DealProof {
    function check_a_withdrawal_takes_from_the_caller_what_it_pays_out(
        address owner,
        address to,
        uint64 credit,
        uint64 amount
    ) external {
        vm.assume(to != address(escrow));
        putCredit(owner, credit);
        usdc.put(address(escrow), credit);
        vm.prank(owner);
        (bool ok,) = address(escrow).call(abi.encodeCall(IDealEscrow.withdraw, (to, amount)));
        if (!ok) return;
        assert(amount != 0 && amount <= credit && to != address(0));
        assert(escrow.credit(owner) == credit - amount && usdc.balanceOf(to) == amount);
        assert(usdc.balanceOf(address(escrow)) == escrow.credit(owner));
    }

    function check_a_withdrawal_by_signature_is_the_owners_and_happens_once(
        uint64 credit,
        uint64 later,
        uint256 nonce,
        uint40 until,
        uint40 time,
        bytes32 r,
        bytes32 vs
    ) external {
        vm.warp(time);
        putCredit(BUYER, credit);
        usdc.put(address(escrow), uint256(credit) + later);
        Withdraw memory w = Withdraw(BUYER, SELLER_PAY, nonce, until);
        bytes memory data = abi.encodeCall(IDealEscrow.withdrawFor, (w, signature(r, vs)));
        (bool ok,) = address(escrow).call(data);
        if (!ok) return;
        bytes32 hash = keccak256(abi.encode(Hashes.WITHDRAW, BUYER, SELLER_PAY, nonce, uint256(until)));
        assert(signedBy(BUYER, digestIn(domain, hash), r, vs) && time <= until);
        assert(escrow.credit(BUYER) == 0 && usdc.balanceOf(SELLER_PAY) == credit);
        putCredit(BUYER, later);
        (ok,) = address(escrow).call(data);
        assert(!ok && escrow.credit(BUYER) == later);
    }

    function check_a_deposit_is_credited_to_the_last_micro_usdc(
        address owner,
        uint64 credit,
        uint64 amount,
        uint64 balance
    ) external {
        vm.assume(owner != address(0));
        putCredit(owner, credit);
        usdc.put(address(escrow), credit);
        usdc.put(BUYER, balance);
        vm.prank(BUYER);
        (bool ok,) = address(escrow).call(abi.encodeCall(IDealEscrow.deposit, (owner, amount)));
        if (!ok) return;
        assert(escrow.credit(owner) == uint256(credit) + amount);
        assert(usdc.balanceOf(address(escrow)) == escrow.credit(owner));
        assert(usdc.balanceOf(BUYER) == balance - amount);
    }

    function check_a_side_rates_a_settled_deal_once(
        uint256 word,
        uint256 rating,
        bytes32 feedbackHash,
        bytes32 r,
        bytes32 vs
    ) external {
        bytes32 id = dealId();
        put(id, word);
        bytes memory data =
            abi.encodeCall(IDealEscrow.rate, (brief(), feedbackHash, rating, signature(r, vs)));
        (bool ok,) = address(escrow).call(data);
        if (!ok) return;
        assert(word & 0xff == uint256(Status.Closed));
        uint256 side = rating >> 128 & 1;
        bytes32 hash = keccak256(abi.encode(Hashes.RATING, id, int256(int128(uint128(rating))), feedbackHash));
        assert(signedBy(side == 0 ? BUYER : SELLER, digestIn(domain, hash), r, vs));
        assert(field(word, 16 + side, 1) == 0 && escrow.dealOf(id) == word | uint256(1) << (16 + side));
        (ok,) = address(escrow).call(data);
        assert(!ok);
    }
}
