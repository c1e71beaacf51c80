// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJuryPool} from "../interfaces/IJuryPool.sol";
import {AppealEnd, BUYER_MANDATED, Cause, Deal, SELLER_MANDATED, Status, Verdict} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {AppealStatus} from "../types/Jury.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../types/Mandate.sol";
import {Terms} from "../types/Terms.sol";
import {Verdicts} from "./Verdicts.sol";

/// @title Appeals, seen from the money
/// @notice The escrow takes the deposit and reads one word from the jury that the terms name. Whatever that contract
/// answers or does not answer, after `appealLimit` the earlier verdict stands.
abstract contract Appeals is Verdicts {
    using Terms for Deal;

    uint256 private constant JURY_GAS = 100_000;

    function appeal(
        Deal calldata deal,
        Verdict calldata v,
        uint40 until,
        address by,
        bytes calldata signature
    ) external locked {
        (bytes32 id, Slot memory s) = _live(deal);
        bytes32 digest = _requirePending(id, deal, s, v);
        require(block.timestamp < s.challengeUntil, WindowOver(block.timestamp, s.challengeUntil));
        require(block.timestamp <= until, SignatureExpired(until, block.timestamp));
        _requireParty(deal, by);
        _requireSigned(by, Hashes.appeal(digest, until), signature);

        s.sellerAppealed = by == deal.seller;
        bool fromReserve = !s.sellerAppealed && !s.reserveSpent;
        if (!fromReserve) s.left += deal.appealFee;
        if (!s.sellerAppealed) s.reserveSpent = false;
        s.status = Status.Appealed;
        s.challengeUntil = block.timestamp;
        _store(id, s);
        emit Appealed(id, v.milestone, by, digest, deal.appealFee);
        if (!fromReserve) _takeDeposit(id, deal, s.sellerAppealed);
    }

    function rule(Deal calldata deal, address[] calldata jurors) external locked {
        (bytes32 id, Slot memory s) = _live(deal);
        require(s.status == Status.Appealed, WrongStatus(s.status, Status.Appealed));
        uint256 word = _ruling(deal.jury, id, s.pendingMilestone);
        uint256 bps = word >> 8 & type(uint16).max;
        bool ruled = word & 0xff == uint256(AppealStatus.Ruled) && bps <= Terms.BPS;
        uint256 share;
        if (ruled) {
            uint256 given = uint256(Hashes.addresses(jurors));
            require(given >> 32 == word >> 32, WrongSigners(given >> 32, word >> 32));
            share = _ruled(id, deal, s, jurors.length, bps, word >> 24 & 0xff);
        } else {
            _stands(id, deal, s, word & 0xff);
        }
        if (share != 0) {
            for (uint256 i = 0; i < jurors.length; ++i) {
                _credit(jurors[i], id, share);
            }
        }
        _finish(id, deal, s, true);
    }

    function _takeDeposit(bytes32 id, Deal calldata deal, bool bySeller) private {
        bool mandated = deal.flags & (bySeller ? SELLER_MANDATED : BUYER_MANDATED) != 0;
        if (bySeller) _debitSide(deal.seller, deal.sellerPay, mandated, SCOPE_SELL, id, deal.appealFee);
        else _debitSide(deal.buyer, deal.buyerPay, mandated, SCOPE_BUY, id, deal.appealFee);
    }

    /// @dev Settles by the ruling and says what each of the appeal's jurors gets. The losing side pays them: the buyer from
    /// its reserve, the seller from its deposit or its bond. What the loser does not have, the appellant's deposit pays,
    /// so that jurors never work for nothing.
    function _ruled(bytes32 id, Deal calldata deal, Slot memory s, uint256 jurors, uint256 bps, uint256 round)
        private
        returns (uint256 share)
    {
        uint256 fee = deal.appealFee;
        bool bySeller = s.sellerAppealed;
        bool won = bySeller ? bps > s.pendingBps : bps < s.pendingBps;
        uint256 fromLoser = fee;
        if (won && bySeller) fromLoser = s.reserveSpent ? 0 : fee;
        if (won && !bySeller) fromLoser = s.bondSpent ? 0 : (deal.sellerBond < fee ? deal.sellerBond : fee);
        uint256 back = won ? fromLoser : 0; // of the appellant's deposit

        if (won == bySeller) s.reserveSpent = s.reserveSpent || fee != 0;
        if (won && !bySeller) {
            s.bondSpent = s.bondSpent || fromLoser != 0;
            s.reserveSpent = fromLoser != fee;
        }
        s.left -= fee;
        if (bySeller) {
            s.left -= back;
            s.held += back;
        }
        if (jurors != 0) share = fee / jurors;
        s.left += fee - share * jurors; // what does not divide goes to the buyer
        _emitAppealClosed(id, s, AppealEnd.Ruled, share * jurors, back, 0);

        if (bps != s.pendingBps && deal.juryFee != 0) signed[id][s.pendingMilestone] = 0;
        _settle(id, deal, s, Outcome(s.pendingMilestone, Cause.Ruled, round, s.attempt, bps, 0));
        _clearPending(s);
    }

    /// @dev Silence never beats the verdict. An appeal that nobody brought before the jury was only delay, and its deposit
    /// goes to the other side.
    function _stands(bytes32 id, Deal calldata deal, Slot memory s, uint256 status) private {
        uint256 standsFrom = s.challengeUntil + APPEAL_LIMIT;
        bool silent = status == uint256(AppealStatus.Silent);
        require(silent || block.timestamp >= standsFrom, NoRuling(status, standsFrom));
        bool abandoned = status == uint256(AppealStatus.None);
        uint256 fee = deal.appealFee;
        // The seller's deposit goes back to it, the buyer's is its reserve; when abandoned each goes to the other.
        if (s.sellerAppealed != abandoned) {
            s.left -= fee;
            s.held += fee;
        }
        if (abandoned && !s.sellerAppealed) s.reserveSpent = true;
        AppealEnd how = abandoned ? AppealEnd.Abandoned : AppealEnd.Silent;
        _emitAppealClosed(id, s, how, 0, abandoned ? 0 : fee, abandoned ? fee : 0);
        _finalise(id, deal, s);
    }

    /// @dev One word, by STATICCALL under a gas cap; 0 when there is none.
    function _ruling(address jury, bytes32 id, uint256 milestone) private view returns (uint256 word) {
        bytes memory question = abi.encodeCall(IJuryPool.ruling, (id, uint8(milestone)));
        uint256 gasCap = JURY_GAS;
        require(gasleft() > gasCap + gasCap / 32, GasTooLow(gasleft(), gasCap + gasCap / 32));
        assembly ("memory-safe") {
            let ok := staticcall(gasCap, jury, add(question, 0x20), mload(question), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 0x1f)) { word := mload(0x00) }
        }
    }
}
