// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BUYER_MANDATED, Deal, Fallback, SELLER_MANDATED, Source, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../types/Mandate.sol";
import {Terms} from "../types/Terms.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title How a deal comes to be, or never does
/// @notice Each way in checks the same: the id was never used, the terms make sense, the time is not over, both sides
/// signed. They differ in where the buyer's money comes from, which the buyer's signature fixes: an EIP-3009
/// authorization cannot be used for credit, and the flags decide between own and principal's credit.
abstract contract Opening is EscrowState {
    using DealSlot for Slot;
    using DealSlot for uint256;
    using Terms for Deal;

    uint8 private constant KNOWN_FLAGS = BUYER_MANDATED | SELLER_MANDATED;

    function openWithAuthorization(
        Deal calldata deal,
        bytes calldata buyerAuthorization,
        bytes calldata sellerSignature
    ) external locked returns (bytes32 id) {
        uint256 total;
        (id, total) = _open(deal, sellerSignature, Source.Authorization);
        if (deal.flags & BUYER_MANDATED != 0) _requirePrincipal(deal.buyer, deal.buyerPay, SCOPE_BUY);
        USDC.receiveWithAuthorization(
            deal.buyer, address(this), total, 0, uint256(deal.meta.fundBy) + 1, id, buyerAuthorization
        );
    }

    function openFromCredit(Deal calldata deal, bytes calldata buyerSignature, bytes calldata sellerSignature)
        external
        locked
        returns (bytes32 id)
    {
        require(deal.flags & BUYER_MANDATED == 0, WrongSource(deal.flags, Source.Credit));
        uint256 total;
        (id, total) = _open(deal, sellerSignature, Source.Credit);
        _requireSigned(deal.buyer, Hashes.fund(id), buyerSignature);
        _debit(deal.buyer, id, total);
    }

    function openFromMandate(
        Deal calldata deal,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        bytes calldata approval
    ) external locked returns (bytes32 id) {
        require(deal.flags & BUYER_MANDATED != 0, WrongSource(deal.flags, Source.Mandate));
        uint256 total;
        (id, total) = _open(deal, sellerSignature, Source.Mandate);
        _requireSigned(deal.buyer, Hashes.fund(id), buyerSignature);
        _debit(deal.buyerPay, id, total);
        MANDATES.spend{gas: MANDATES_GAS}(deal.buyer, deal.buyerPay, SCOPE_BUY, id, uint64(total), approval);
    }

    function voidDeal(Deal calldata deal, address by, bytes calldata signature) external locked {
        bytes32 id = dealId(deal);
        _requireUnused(id);
        _requireParty(deal, by);
        _requireSigned(by, Hashes.voided(id), signature);
        Slot memory s;
        s.status = Status.Void;
        _store(id, s);
        emit Voided(id, by);
    }

    function buyerTotal(Deal calldata deal) public pure returns (uint64) {
        return uint64(deal.unsettled(0) + deal.juryFee + deal.appealFee);
    }

    /// @dev Everything that does not depend on where the buyer's money comes from: checks, the word, the event, and the
    /// seller's side.
    function _open(Deal calldata deal, bytes calldata sellerSignature, Source source)
        private
        returns (bytes32 id, uint256 total)
    {
        id = dealId(deal);
        _requireUnused(id);
        _requireParties(deal);
        total = _requireAmounts(deal);
        _requireTimes(deal);
        _requireSignedDigest(deal.seller, id, sellerSignature);

        Slot memory s;
        s.status = Status.Open;
        s.openedAt = block.timestamp;
        s.left = total + deal.sellerBond;
        _store(id, s);
        emit Opened(id, deal.buyer, deal.seller, source, deal);

        bool mandated = deal.flags & SELLER_MANDATED != 0;
        if (mandated) _requirePrincipal(deal.seller, deal.sellerPay, SCOPE_SELL);
        _debitSide(deal.seller, deal.sellerPay, mandated, SCOPE_SELL, id, deal.sellerBond);
    }

    function _requireUnused(bytes32 id) private view {
        Status status = slot[id].unpack().status;
        require(status == Status.None, WrongStatus(status, Status.None));
    }

    function _requirePrincipal(address agent, address payee, uint32 scope) private view {
        address principal = MANDATES.principalOf{gas: MANDATES_GAS}(agent, address(this), scope);
        require(principal == payee, WrongPrincipal(payee, principal));
    }

    function _requireParties(Deal calldata deal) private view {
        (address buyer, address seller) = (deal.buyer, deal.seller);
        (address buyerPay, address sellerPay) = (deal.buyerPay, deal.sellerPay);
        bool named = buyer != address(0) && seller != address(0) && buyerPay != address(0);
        require(named && sellerPay != address(0) && deal.jury != address(0), ZeroAddress());
        require(buyer != seller && buyer != sellerPay, BuyerIsSeller(buyer));
        require(buyerPay != seller && buyerPay != sellerPay, BuyerIsSeller(buyerPay));
        require(deal.panel != bytes32(0) && deal.quorum != 0, NoPanel());
        uint8 flags = deal.flags;
        require(flags & ~KNOWN_FLAGS == 0, UnknownFlags(flags, KNOWN_FLAGS));
        if (flags != 0) {
            address named_ = deal.meta.mandates;
            require(named_ == address(MANDATES), WrongMandates(named_, address(MANDATES)));
        }
    }

    /// @dev Bounds everything the deal can ever hold: amounts, fees, bond and an appeal deposit of the seller.
    function _requireAmounts(Deal calldata deal) private pure returns (uint256 total) {
        uint256 milestones = deal.count();
        require(milestones != 0, NoMilestone());
        uint256 sum;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 amount = deal.amount(i);
            require(i < milestones || amount == 0, GapInAmounts(milestones));
            require(i < milestones || uint32(deal.due >> (i * 32)) == 0, DueWithoutAmount(i));
            sum += amount;
        }
        sum += uint256(deal.juryFee) + deal.appealFee;
        uint256 most = sum + deal.appealFee + deal.sellerBond;
        require(most <= type(uint64).max, TooManyFunds(most, type(uint64).max));
        total = sum;
        (uint256 rule, uint256 bps) = (deal.fallback_, deal.fallbackBps);
        require(bps <= Terms.BPS, BpsTooHigh(bps, Terms.BPS));
        bool sound = rule <= uint256(type(Fallback).max) && (rule != uint256(Fallback.Refund) || bps == 0);
        require(sound, BadFallback(rule, bps));
    }

    function _requireTimes(Deal calldata deal) private view {
        (uint256 start, uint256 fundBy) = (deal.meta.start, deal.meta.fundBy);
        require(start <= fundBy, StartAfterFundBy(start, fundBy));
        require(block.timestamp <= fundBy, FundByPassed(fundBy, block.timestamp));
        uint256 earliest = fundBy;
        uint256 milestones = deal.count();
        for (uint256 i = 0; i < milestones; ++i) {
            uint256 claimsUntil = deal.dueAt(i) + GRACE;
            if (claimsUntil > earliest) earliest = claimsUntil;
        }
        require(deal.end >= earliest, EndTooEarly(deal.end, earliest));
    }
}
