// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BUYER_MANDATED, Fallback, SELLER_MANDATED, Source, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../types/Mandate.sol";
import {Core, Packing} from "../types/Packing.sol";
import {Terms} from "../types/Terms.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title How a deal comes to be, or never does
/// @notice Each way in checks the same: the id was never used, the terms make sense, the time is not over, both sides
/// signed. They differ in where the buyer's money comes from, which the buyer's signature fixes: an EIP-3009
/// authorization cannot be used for credit, and the flags decide between own and principal's credit.
abstract contract Opening is EscrowState {
    using Packing for uint256[17];

    uint256 private constant KNOWN_FLAGS = BUYER_MANDATED | SELLER_MANDATED;

    function openWithAuthorization(
        bytes calldata buyerAuthorization,
        uint256[17] calldata terms,
        bytes calldata sellerSignature
    ) external locked returns (bytes32 id) {
        uint256 total;
        Core c;
        (c, id, total) = _open(terms, sellerSignature, Source.Authorization);
        if (c.flags() & BUYER_MANDATED != 0) _requirePrincipal(c.buyer(), c.buyerPay(), SCOPE_BUY);
        _pull(c.buyer(), total, terms.fundBy() + 1, id, buyerAuthorization);
    }

    /// @dev The Mandates that the seller's bond may be counted by is known code that calls nobody back.
    // slither-disable-next-line reentrancy-no-eth
    function openFromCredit(
        uint256[17] calldata terms,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external unlocked returns (bytes32 id) {
        uint256 total;
        Core c;
        (c, id, total) = _open(terms, sellerSignature, Source.Credit);
        require(c.flags() & BUYER_MANDATED == 0, WrongSource(c.flags(), Source.Credit));
        _requireSigned(c.buyer(), Hashes.fund(id), buyerSignature);
        _take(c.buyer(), total);
    }

    /// @dev As openFromCredit.
    // slither-disable-next-line reentrancy-no-eth
    function openFromMandatedCredit(
        uint256[17] calldata terms,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        bytes calldata approval
    ) external unlocked returns (bytes32 id) {
        uint256 total;
        Core c;
        (c, id, total) = _open(terms, sellerSignature, Source.Mandate);
        _requireSigned(c.buyer(), Hashes.fund(id), buyerSignature);
        _take(c.buyerPay(), total);
        MANDATES.spend{gas: MANDATES_GAS}(c.buyer(), c.buyerPay(), SCOPE_BUY, id, uint64(total), approval);
    }

    function voidDeal(uint256[10] calldata terms, address by, bytes calldata signature) external unlocked {
        (Core c, bytes32 id) = _brief(terms);
        _requireUnused(id);
        _requireSigner(c, by);
        _requireSigned(by, Hashes.voided(id), signature);
        _store(id, DealSlot.hold(uint256(Status.Void)));
        emit Voided(id, by);
    }

    /// @dev Everything that does not depend on where the buyer's money comes from: checks, the word, the event, and the
    /// seller's side.
    function _open(uint256[17] calldata terms, bytes calldata sellerSignature, Source source)
        private
        returns (Core c, bytes32 id, uint256 total)
    {
        bytes32 hash;
        (c, hash) = Packing.whole(terms);
        if (source == Source.Mandate) {
            require(c.flags() & BUYER_MANDATED != 0, WrongSource(c.flags(), Source.Mandate));
        }
        id = _digest(hash);
        _requireUnused(id);
        _requireParties(c);
        if (c.flags() != 0) _requireMandates(terms.mandates());
        total = _requireAmounts(c);
        _requireTimes(c, terms.start(), terms.fundBy());
        _requireSignedDigest(c.seller(), id, sellerSignature);

        Slot s = DealSlot.hold(uint256(Status.Open));
        s.setStart(terms.start());
        s.setLeft(total + c.sellerBond());
        _store(id, s);
        _emitOpened(terms, c, id, source);
        if (c.flags() & SELLER_MANDATED != 0) _requirePrincipal(c.seller(), c.sellerPay(), SCOPE_SELL);
        if (c.sellerBond() != 0) _takeBond(c, id);
    }

    /// @dev The authorization is valid until the second before `validBefore`.
    function _pull(address from, uint256 total, uint256 validBefore, bytes32 id, bytes calldata authorization)
        private
    {
        USDC.receiveWithAuthorization(from, address(this), total, 0, validBefore, id, authorization);
    }

    function _takeBond(Core c, bytes32 id) private {
        bool mandated = c.flags() & SELLER_MANDATED != 0;
        _take(mandated ? c.sellerPay() : c.seller(), c.sellerBond());
        if (mandated) _spend(c.seller(), c.sellerPay(), SCOPE_SELL, id, c.sellerBond());
    }

    /// @dev The event carries the terms as they came, with the source in what word 4 has left.
    function _emitOpened(uint256[17] calldata terms, Core c, bytes32 id, Source source) private {
        bytes32 topic = Opened.selector;
        (address buyer, address seller) = (c.buyer(), c.seller());
        uint256 word = uint256(uint160(c.jury())) | uint256(source) << 160;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, terms, 0x220)
            mstore(add(m, 0x80), word)
            log4(m, 0x220, topic, id, buyer, seller)
        }
    }

    function _requireUnused(bytes32 id) private view {
        uint256 word = slot[id];
        if (word != 0) revert WrongStatus(DealSlot.hold(word).status(), Status.None);
    }

    function _requirePrincipal(address agent, address payee, uint32 scope) private view {
        address principal = MANDATES.principalOf{gas: MANDATES_GAS}(agent, address(this), scope);
        require(principal == payee, WrongPrincipal(payee, principal));
    }

    function _requireMandates(address named) private view {
        require(named == address(MANDATES), WrongMandates(named, address(MANDATES)));
    }

    /// @dev Notices in one go whether anything is wrong; if so, finds out what.
    function _requireParties(Core c) private pure {
        if (c.parts() && c.panel() != bytes32(0) && c.quorum() != 0 && c.flags() <= KNOWN_FLAGS) return;
        (address buyer, address seller) = (c.buyer(), c.seller());
        (address buyerPay, address sellerPay) = (c.buyerPay(), c.sellerPay());
        bool named = buyer != address(0) && seller != address(0) && buyerPay != address(0);
        require(named && sellerPay != address(0) && c.jury() != address(0), ZeroAddress());
        require(buyer != seller && buyer != sellerPay, BuyerIsSeller(buyer));
        require(buyerPay != seller && buyerPay != sellerPay, BuyerIsSeller(buyerPay));
        require(c.panel() != bytes32(0) && c.quorum() != 0, NoPanel());
        require(c.flags() & ~KNOWN_FLAGS == 0, UnknownFlags(c.flags(), KNOWN_FLAGS));
    }

    /// @dev Bounds everything the deal can ever hold: amounts, fees, bond and an appeal deposit of the seller.
    function _requireAmounts(Core c) private pure returns (uint256 total) {
        require(c.amounts() & type(uint64).max != 0, NoMilestone());
        uint256 milestones = c.count();
        bool gap;
        (total, gap) = c.total(milestones);
        if (gap) _refuseGap(c);
        unchecked {
            require(c.due() >> (milestones << 5) == 0, DueWithoutAmount(milestones));
            total += c.juryFee() + c.appealFee();
            uint256 most = total + c.appealFee() + c.sellerBond();
            require(most <= type(uint64).max, TooManyFunds(most, type(uint64).max));
        }
        (uint256 rule, uint256 bps) = (c.fallback_(), c.fallbackBps());
        require(bps <= Terms.BPS, BpsTooHigh(bps, Terms.BPS));
        bool sound = rule <= uint256(type(Fallback).max) && (rule != uint256(Fallback.Refund) || bps == 0);
        require(sound, BadFallback(rule, bps));
    }

    function _refuseGap(Core c) private pure {
        uint256 i;
        while (c.amount(i) != 0) ++i;
        revert GapInAmounts(i);
    }

    function _requireTimes(Core c, uint256 start, uint256 fundBy) private view {
        require(start <= fundBy, StartAfterFundBy(start, fundBy));
        require(block.timestamp <= fundBy, FundByPassed(fundBy, block.timestamp));
        uint256 earliest;
        unchecked {
            earliest = start + c.lastDueAfter() + GRACE; // the last claim is over; sums of a few uint40
        }
        if (earliest < fundBy) earliest = fundBy;
        require(c.end() >= earliest, EndTooEarly(c.end(), earliest));
    }
}
