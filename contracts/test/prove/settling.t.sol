// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Status} from "../../src/types/Deal.sol";
import {DealProof} from "./DealProof.sol";

/// @notice For every state in which the deal can be settled, every signature, every time: money leaves a deal only to its
/// payees, to the last micro-USDC, and only when the right accounts signed or the time has come.
contract SettlingProof is DealProof {
    /// @dev What is in a live deal's word, as far as it decides. The second milestone is settled already when `last`; what
    /// is pending or under appeal is about the first.
    struct Live {
        Status status;
        bool last;
        bool sellerAppealed;
        bool reserveSpent;
        uint40 until;
        uint64 held;
        uint64 left;
        uint16 bps;
    }

    function wordOf(Live calldata l) private pure returns (uint256 word) {
        vm.assume(l.status == Status.Open || l.status == Status.Pending || l.status == Status.Appealed);
        // An appeal is remembered only while it is open; that the other milestone is settled makes no difference to it.
        vm.assume(!l.sellerAppealed || l.status == Status.Appealed);
        vm.assume(!l.last || l.status == Status.Open);
        vm.assume(l.bps <= 10_000 && uint256(l.held) + l.left <= type(uint64).max);
        word = uint256(l.status) | uint256(l.until) << 64 | uint256(l.held) << 104 | uint256(l.left) << 168;
        word |= uint256(l.bps) << 235;
        word |= (l.last ? 2 << 8 : 0) | (l.reserveSpent ? uint256(1) << 252 : 0);
        word |= l.sellerAppealed ? uint256(1) << 254 : 0;
    }

    function called(bytes memory data) private returns (bool ok) {
        (ok,) = address(escrow).call(data);
    }

    function check_a_release_needs_the_buyers_signature_and_moves_each_micro_usdc_to_a_payee(
        Live calldata l,
        uint40 time,
        bytes32 evidence,
        bytes32 r,
        bytes32 vs
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, wordOf(l));
        if (!called(abi.encodeCall(IDealEscrow.release, (brief(), 0x100, evidence, signature(r, vs))))) {
            return;
        }
        assert(signedBy(BUYER, releaseDigest(id, 0, evidence), r, vs));
        stillCovered(id, uint256(l.held) + l.left);
    }

    /// @dev USDC refuses the seller: its share becomes its credit, and the buyer is not held up.
    function check_a_refused_payee_is_credited_and_nothing_is_lost(
        bool last,
        uint64 held,
        uint64 left,
        bytes32 r,
        bytes32 vs
    ) external {
        vm.assume(uint256(held) + left <= type(uint64).max);
        bytes32 id = dealId();
        vm.warp(START);
        uint256 open = uint256(Status.Open) | (last ? 2 << 8 : 0);
        covered(id, open | uint256(held) << 104 | uint256(left) << 168);
        usdc.refuse(SELLER_PAY);
        if (!called(abi.encodeCall(IDealEscrow.release, (brief(), 0x100, 0, signature(r, vs))))) return;
        stillCovered(id, uint256(held) + left);
        assert(usdc.balanceOf(SELLER_PAY) == 0 && escrow.credit(SELLER_PAY) >= FIRST);
    }

    function check_a_signed_release_of_an_open_deal_succeeds(bytes32 evidence, bytes32 r, bytes32 vs)
        external
    {
        bytes32 id = dealId();
        vm.warp(START);
        covered(id, uint256(Status.Open) | (FIRST + SECOND + APPEAL_FEE + BOND) << 168);
        vm.assume(signedBy(BUYER, releaseDigest(id, 0, evidence), r, vs));
        assert(called(abi.encodeCall(IDealEscrow.release, (brief(), 0x100, evidence, signature(r, vs)))));
        assert(usdc.balanceOf(SELLER_PAY) == FIRST);
    }

    function check_a_payout_moves_each_micro_usdc_to_a_payee_or_leaves_it(Live calldata l, uint40 time)
        external
    {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, wordOf(l));
        if (!called(abi.encodeCall(IDealEscrow.payout, (brief())))) return;
        stillCovered(id, uint256(l.held) + l.left);
    }

    function check_a_timeout_moves_each_micro_usdc_to_a_payee_or_leaves_it(
        Live calldata l,
        bool claimed,
        uint40 time
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, wordOf(l) | (claimed ? uint256(1) << 255 : 0));
        putClaims(id, claimed ? 1 : 0);
        if (!called(abi.encodeCall(IDealEscrow.timeout, (brief(), 0)))) return;
        stillCovered(id, uint256(l.held) + l.left);
    }
}
