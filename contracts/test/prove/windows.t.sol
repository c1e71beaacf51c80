// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Status} from "../../src/types/Deal.sol";
import {Tailed} from "../escrow/Tailed.sol";
import {DealProof} from "./DealProof.sol";

/// @notice Intervals are half open: at which second a thing becomes possible, and at which it no longer is.
contract WindowsProof is DealProof {
    uint256 private constant MONEY = FIRST + SECOND + APPEAL_FEE + BOND;

    /// @dev A verdict on the first milestone waits for its window.
    function pending(uint16 bps, uint40 until) private pure returns (uint256) {
        return uint256(Status.Pending) | uint256(until) << 64 | MONEY << 168 | uint256(bps) << 235;
    }

    function check_a_pending_verdict_pays_exactly_from_the_end_of_its_window_on(
        uint16 bps,
        uint40 until,
        uint40 time
    ) external {
        vm.assume(bps <= 10_000);
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, pending(bps, until));
        (bool ok,) = address(escrow).call(abi.encodeCall(IDealEscrow.payout, (brief())));
        assert(ok == (time >= until));
        if (ok) assert(usdc.balanceOf(SELLER_PAY) == FIRST * bps / 10_000);
    }

    function check_an_appeal_is_taken_only_before_the_end_of_the_window_and_from_a_party(
        uint40 until,
        uint40 time,
        uint256 plea,
        bytes32[4] calldata s
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, pending(4000, until));
        uint256 head = uint256(4000) << 24;
        bytes memory data = abi.encodeCall(
            IDealEscrow.appeal, (brief(), Ballot.wrap(head), s[0], s[1], plea, signature(s[2], s[3]))
        );
        (bool ok,) = address(escrow).call(data);
        if (!ok) return;
        assert(time < until && time <= uint40(plea >> 160));
        address by = address(uint160(plea));
        assert(by == BUYER || by == SELLER);
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("Appeal(bytes32 verdict,uint40 until)"),
                verdictOf(id, head, s[0], s[1]),
                uint40(plea >> 160)
            )
        );
        assert(signedBy(by, digestIn(domain, hash), s[2], s[3]));
    }

    function check_an_undelivered_milestone_is_refunded_exactly_from_due_and_grace_on(uint40 time) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, uint256(Status.Open) | uint256(START) << 24 | MONEY << 168);
        (bool ok,) = address(escrow).call(abi.encodeCall(IDealEscrow.timeout, (brief(), 0)));
        assert(ok == (time >= START + DUE + GRACE));
        if (ok) assert(usdc.balanceOf(BUYER_PAY) == FIRST && usdc.balanceOf(SELLER_PAY) == 0);
    }

    function check_a_claimed_milestone_falls_back_exactly_from_the_end_on(uint40 time, uint32 claimedAt)
        external
    {
        vm.assume(claimedAt != 0);
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, uint256(Status.Open) | uint256(START) << 24 | MONEY << 168 | uint256(1) << 255);
        putClaims(id, claimedAt);
        (bool ok,) = address(escrow).call(abi.encodeCall(IDealEscrow.timeout, (brief(), 0)));
        assert(ok == (time >= END));
        if (ok) assert(usdc.balanceOf(SELLER_PAY) == FIRST * 6000 / 10_000);
    }

    /// @dev Two of three members, 64 bytes each in the place of their addresses.
    function judged(uint16 bps, bytes32 evidence, bytes32 votes, bytes32[4] calldata s)
        private
        returns (bool ok)
    {
        bytes memory tail = bytes.concat(signature(s[0], s[1]), signature(s[2], s[3]), bytes20(JUROR_2));
        (ok,) = address(escrow).call(Tailed.verdict(brief(), Ballot.wrap(ballot(bps)), evidence, votes, tail));
    }

    function ballot(uint16 bps) private pure returns (uint256) {
        return uint256(bps) << 24 | uint256(3) << 40 | uint256(3) << 72;
    }

    function check_a_verdict_has_a_quorum_and_a_failing_one_waits_for_the_due_time(
        uint16 bps,
        uint40 time,
        bytes32 evidence,
        bytes32 votes,
        bytes32[4] calldata s
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, uint256(Status.Open) | uint256(START) << 24 | MONEY << 168);
        if (!judged(bps, evidence, votes, s)) return;
        bytes32 digest = verdictOf(id, ballot(bps), evidence, votes);
        assert(signedBy(JUROR_0, digest, s[0], s[1]) && signedBy(JUROR_1, digest, s[2], s[3]));
        assert(bps <= 10_000 && (bps == 10_000 || time >= START + DUE));
        // It waits: nothing has moved.
        uint256 word = escrow.dealOf(id);
        assert(word & 0xff == uint256(Status.Pending) && field(word, 64, 40) == time + WINDOW);
        assert(field(word, 235, 14) == bps && inside(word) == MONEY);
        assert(usdc.balanceOf(address(escrow)) == MONEY);
    }
}
