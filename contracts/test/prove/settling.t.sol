// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Status} from "../../src/types/Deal.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {DealProof} from "./DealProof.sol";

/// @notice For every state of the deal, every signature, every time: money leaves a deal only to its payees, to the last
/// micro-USDC, and only when the right accounts signed or the time has come.
contract SettlingProof is DealProof {
    function released(uint256 head, bytes32 evidence, bytes32 r, bytes32 vs) private returns (bool ok) {
        (ok,) = address(escrow)
            .call(abi.encodeCall(IDealEscrow.release, (brief(), head, evidence, signature(r, vs))));
    }

    function check_a_release_needs_the_buyers_signature(
        uint256 word,
        uint256 head,
        uint40 time,
        bytes32 evidence,
        bytes32 r,
        bytes32 vs
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        if (!released(head, evidence, r, vs)) return;
        assert(signedBy(BUYER, releaseDigest(id, head & 0xff, evidence), r, vs));
        assert(live(word) && head & 0xff < 2);
        assert(field(word, 8, 8) >> (head & 0xff) & 1 == 0);
    }

    function check_a_release_moves_each_micro_usdc_to_a_payee_or_leaves_it(
        uint256 word,
        uint256 head,
        uint40 time,
        bytes32 evidence,
        bytes32 r,
        bytes32 vs
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        if (!released(head, evidence, r, vs)) return;
        stillCovered(id, inside(word));
    }

    /// @dev USDC refuses the seller: its share becomes its credit, and the buyer is not held up.
    function check_a_refused_payee_is_credited_and_nothing_is_lost(
        uint256 word,
        uint40 time,
        bytes32 evidence,
        bytes32 r,
        bytes32 vs
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        usdc.refuse(SELLER_PAY);
        if (!released(0x100, evidence, r, vs)) return;
        stillCovered(id, inside(word));
        assert(usdc.balanceOf(SELLER_PAY) == 0 && escrow.credit(SELLER_PAY) >= FIRST);
    }

    function check_a_signed_release_of_an_open_deal_succeeds(bytes32 evidence, bytes32 r, bytes32 vs)
        external
    {
        bytes32 id = dealId();
        vm.warp(START);
        covered(id, uint256(Status.Open) | (FIRST + SECOND + APPEAL_FEE + BOND) << 168);
        vm.assume(signedBy(BUYER, releaseDigest(id, 0, evidence), r, vs));
        assert(released(0x100, evidence, r, vs));
        assert(usdc.balanceOf(SELLER_PAY) == FIRST);
    }

    function cancelled(uint16 bps, uint40 until, bytes32[4] memory s) private returns (bool ok) {
        bytes memory data = abi.encodeCall(
            IDealEscrow.cancel, (brief(), bps, until, signature(s[0], s[1]), signature(s[2], s[3]))
        );
        (ok,) = address(escrow).call(data);
    }

    function check_a_cancellation_needs_whoever_gives_something_up(
        uint256 word,
        uint16 bps,
        uint40 until,
        uint40 time,
        bytes32[4] calldata s
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        if (!cancelled(bps, until, s)) return;
        bytes32 digest =
            digestIn(domain, keccak256(abi.encode(Hashes.CANCEL, id, uint256(bps), uint256(until))));
        assert(bps == 0 || signedBy(BUYER, digest, s[0], s[1]));
        assert(bps == 10_000 || signedBy(SELLER, digest, s[2], s[3]));
        assert(bps <= 10_000 && time <= until);
    }

    function check_a_cancellation_closes_the_deal_and_moves_all_to_the_payees(
        uint256 word,
        uint16 bps,
        uint40 time,
        bytes32[4] calldata s
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        if (!cancelled(bps, type(uint40).max, s)) return;
        stillCovered(id, inside(word));
        assert(escrow.slot(id) & 0xff == uint256(Status.Closed));
        assert(inside(escrow.slot(id)) == 0);
    }

    function check_a_payout_moves_each_micro_usdc_to_a_payee_or_leaves_it(uint256 word, uint40 time)
        external
    {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        (bool ok,) = address(escrow).call(abi.encodeCall(IDealEscrow.payout, (brief())));
        if (!ok) return;
        stillCovered(id, inside(word));
    }

    function check_a_timeout_moves_each_micro_usdc_to_a_payee_or_leaves_it(
        uint256 word,
        uint256 claims,
        uint8 milestone,
        uint40 time
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        putClaims(id, claims);
        (bool ok,) = address(escrow).call(abi.encodeCall(IDealEscrow.timeout, (brief(), milestone)));
        if (!ok) return;
        stillCovered(id, inside(word));
    }
}
