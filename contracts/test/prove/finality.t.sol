// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Status} from "../../src/types/Deal.sol";
import {Tailed} from "../escrow/Tailed.sol";
import {DealProof} from "./DealProof.sol";

/// @notice Closed and void are for ever, and an id is opened once.
contract FinalityProof is DealProof {
    struct Words {
        uint256 head;
        uint256 other;
        bytes32 a;
        bytes32 b;
        bytes32 r;
        bytes32 vs;
    }

    function refused(bytes memory data) private {
        (bool ok,) = address(escrow).call(data);
        assert(!ok);
    }

    function ended(uint256 word) private pure returns (bool) {
        uint256 status = word & 0xff;
        return status == uint256(Status.Closed) || status == uint256(Status.Void);
    }

    function check_nothing_settles_a_deal_that_is_closed_or_void(uint256 word, uint40 time, Words calldata w)
        external
    {
        vm.assume(ended(word));
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        bytes memory s = signature(w.r, w.vs);
        refused(abi.encodeCall(IDealEscrow.release, (brief(), w.head, w.a, s)));
        refused(abi.encodeCall(IDealEscrow.cancel, (brief(), uint16(w.head), uint40(w.other), s, s)));
        refused(abi.encodeCall(IDealEscrow.payout, (brief())));
        refused(Tailed.payoutAndRate(brief(), w.head, s));
        refused(abi.encodeCall(IDealEscrow.timeout, (brief(), uint8(w.head))));
        refused(Tailed.claim(whole(), w.head, w.a, s));
        refused(Tailed.verdict(brief(), Ballot.wrap(w.head), w.a, w.b, s));
        refused(Tailed.consent(brief(), Ballot.wrap(w.head), w.a, w.b, s));
        refused(abi.encodeCall(IDealEscrow.appeal, (brief(), Ballot.wrap(w.head), w.a, w.b, w.other, s)));
        refused(abi.encodeCall(IDealEscrow.rule, (brief())));
        assert(escrow.dealOf(id) == word && usdc.balanceOf(address(escrow)) == inside(word));
    }

    function check_an_id_that_was_ever_used_is_never_opened_or_voided(
        uint256 word,
        uint40 time,
        Words calldata w
    ) external {
        vm.assume(word & 0xff != uint256(Status.None));
        bytes32 id = dealId();
        vm.warp(time);
        put(id, word);
        bytes memory s = signature(w.r, w.vs);
        refused(abi.encodeCall(IDealEscrow.openWithAuthorization, (s, whole(), s)));
        refused(abi.encodeCall(IDealEscrow.openFromCredit, (whole(), s, s)));
        refused(abi.encodeCall(IDealEscrow.openFromMandatedCredit, (whole(), s, s, s)));
        refused(abi.encodeCall(IDealEscrow.voidDeal, (brief(), address(uint160(w.other)), s)));
        assert(escrow.dealOf(id) == word);
    }

    /// @dev What may still happen to a closed deal is a rating and the jurors' pay: neither opens it again or pays a party
    /// more than what was left for the jurors.
    function check_a_closed_deal_stays_closed(uint256 word, uint40 time, Words calldata w) external {
        vm.assume(word & 0xff == uint256(Status.Closed));
        bytes32 id = dealId();
        vm.warp(time);
        covered(id, word);
        bytes memory s = signature(w.r, w.vs);
        bytes[3] memory calls = [
            abi.encodeCall(IDealEscrow.rate, (brief(), w.a, w.head, s)),
            Tailed.cosign(brief(), Ballot.wrap(w.head), w.a, w.b, s),
            abi.encodeCall(
                IDealEscrow.payJurors,
                (brief(), abi.encodePacked(bytes20(JUROR_0), bytes20(JUROR_1), bytes20(JUROR_2)))
            )
        ];
        for (uint256 i = 0; i < 3; ++i) {
            (bool ok,) = address(escrow).call(calls[i]);
            if (!ok) continue;
            assert(escrow.dealOf(id) & 0xff == uint256(Status.Closed));
            assert(usdc.balanceOf(address(escrow)) == owed(id) && usdc.balanceOf(SELLER_PAY) == 0);
        }
    }

    function check_an_opened_deal_has_both_signatures_its_money_and_its_time(
        uint64 credit,
        uint40 time,
        bytes32[4] calldata s
    ) external {
        bytes32 id = dealId();
        vm.warp(time);
        putCredit(BUYER, credit);
        putCredit(SELLER, uint64(BOND));
        (bool ok,) = address(escrow)
            .call(
                abi.encodeCall(
                    IDealEscrow.openFromCredit, (whole(), signature(s[0], s[1]), signature(s[2], s[3]))
                )
            );
        if (!ok) return;
        assert(time <= FUND_BY);
        assert(signedBy(SELLER, id, s[2], s[3]));
        assert(
            signedBy(
                BUYER,
                digestIn(domain, keccak256(abi.encode(keccak256("Fund(bytes32 deal)"), id))),
                s[0],
                s[1]
            )
        );
        assert(inside(escrow.dealOf(id)) + escrow.credit(BUYER) + escrow.credit(SELLER) == credit + BOND);
        assert(inside(escrow.dealOf(id)) == FIRST + SECOND + APPEAL_FEE + BOND);
    }
}
