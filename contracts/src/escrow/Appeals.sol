// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJuryPool} from "../interfaces/IJuryPool.sol";
import {Ballot} from "../types/Ballot.sol";
import {AppealEnd, BUYER_MANDATED, Cause, SELLER_MANDATED, Status} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {AppealStatus} from "../types/Jury.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../types/Mandate.sol";
import {Core} from "../types/Packing.sol";
import {Terms} from "../types/Terms.sol";
import {Verdicts} from "./Verdicts.sol";

/// @title Appeals, seen from the money
/// @notice The escrow takes the deposit and waits for the jury that the terms name: for a ruling that it sends, or for the
/// one word in which it says that there is none. Whatever that contract says or does not say, after `appealLimit` anyone
/// may let the earlier verdict stand.
abstract contract Appeals is Verdicts {
    uint256 private constant JURY_GAS = 100_000;

    function appeal(
        uint256[10] calldata terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        uint256 plea,
        bytes calldata signature
    ) external unlocked {
        (Core c, bytes32 id, Slot s) = _live(terms);
        bytes32 digest = _digest(b.structHash(id, evidence, votes));
        _requirePending(c, id, s, b, digest);
        require(block.timestamp < s.challengeUntil(), WindowOver(block.timestamp, s.challengeUntil()));
        _requirePlea(c, digest, plea, signature);
        _appeal(c, id, s, b.milestone(), address(uint160(plea)), digest);
    }

    function settleRuling(uint256[10] calldata terms, address[] calldata jurors, Ballot b) external unlocked {
        (Core c, bytes32 id, Slot s) = _underAppeal(terms);
        require(msg.sender == c.jury(), NotTheJury(msg.sender, c.jury()));
        (uint256 milestone, uint256 bps) = (b.milestone(), b.sellerBps());
        require(milestone == s.pendingMilestone(), WrongMilestone(milestone, s.pendingMilestone()));
        require(bps <= Terms.BPS, BpsTooHigh(bps, Terms.BPS));
        uint256 outcome = _outcome(milestone, Cause.Ruled, b.round(), s.attempt(), bps);
        uint256 share = _ruled(c, id, s, jurors.length, bps);
        if (share != 0) _creditJurors(id, _alike(jurors, share));
        _settleAndPay(c, id, s, outcome);
    }

    function rule(uint256[10] calldata terms) external unlocked {
        (Core c, bytes32 id, Slot s) = _underAppeal(terms);
        _stands(c, id, s, _ruling(c.jury(), id, s.pendingMilestone()) & 0xff);
        _pay(c, id, s);
    }

    /// @dev The same share for each.
    function _alike(address[] calldata jurors, uint256 share) private pure returns (uint256[] memory shares) {
        shares = new uint256[](jurors.length);
        uint256 account = type(uint160).max;
        assembly ("memory-safe") {
            let from := jurors.offset
            let to := add(shares, 0x20)
            for { let end := add(to, shl(5, jurors.length)) } lt(to, end) { to := add(to, 0x20) } {
                mstore(to, or(shl(160, share), and(calldataload(from), account)))
                from := add(from, 0x20)
            }
        }
    }

    function _underAppeal(uint256[10] calldata terms) private view returns (Core c, bytes32 id, Slot s) {
        (c, id, s) = _live(terms);
        require(s.isAt(Status.Appealed), WrongStatus(s.status(), Status.Appealed));
    }

    function _requirePlea(Core c, bytes32 digest, uint256 plea, bytes calldata signature) private view {
        (address by, uint40 until) = (address(uint160(plea)), uint40(plea >> 160));
        require(block.timestamp <= until, SignatureExpired(until, block.timestamp));
        _requireSigner(c, by);
        _requireSigned(by, Hashes.appeal(digest, until), signature);
    }

    function _appeal(Core c, bytes32 id, Slot s, uint256 milestone, address by, bytes32 digest) private {
        s.setSellerAppealed(by == c.seller());
        bool fromReserve = !s.sellerAppealed() && !s.reserveSpent();
        if (!fromReserve) s.setLeft(s.left() + c.appealFee());
        if (!s.sellerAppealed()) s.setReserveSpent(false);
        s.setStatus(Status.Appealed);
        s.setChallengeUntil(block.timestamp);
        _store(id, s);
        emit Appealed(id, uint8(milestone), by, digest, uint64(c.appealFee()));
        if (!fromReserve) _takeDeposit(c, id, s.sellerAppealed());
    }

    function _takeDeposit(Core c, bytes32 id, bool bySeller) private {
        uint256 fee = c.appealFee();
        if (fee == 0) return;
        bool mandated = c.flags() & (bySeller ? SELLER_MANDATED : BUYER_MANDATED) != 0;
        (address signer, address payee) = bySeller ? (c.seller(), c.sellerPay()) : (c.buyer(), c.buyerPay());
        _debit(mandated ? payee : signer, id, fee);
        if (mandated) _spend(signer, payee, bySeller ? SCOPE_SELL : SCOPE_BUY, id, fee);
    }

    /// @dev Ends the appeal by the ruling and says what each of its jurors gets. The losing side pays them: the buyer from
    /// its reserve, the seller from its deposit or its bond. What the loser does not have, the appellant's deposit pays,
    /// so that jurors never work for nothing.
    function _ruled(Core c, bytes32 id, Slot s, uint256 jurors, uint256 bps) private returns (uint256 share) {
        uint256 fee = c.appealFee();
        bool bySeller = s.sellerAppealed();
        bool won = bySeller ? bps > s.pendingBps() : bps < s.pendingBps();
        uint256 fromLoser = fee;
        if (won && bySeller) fromLoser = s.reserveSpent() ? 0 : fee;
        if (won && !bySeller) fromLoser = s.bondSpent() ? 0 : (c.sellerBond() < fee ? c.sellerBond() : fee);
        uint256 back = won ? fromLoser : 0; // of the appellant's deposit

        if (won == bySeller) s.setReserveSpent(s.reserveSpent() || fee != 0);
        if (won && !bySeller) {
            s.setBondSpent(s.bondSpent() || fromLoser != 0);
            s.setReserveSpent(fromLoser != fee);
        }
        s.setLeft(s.left() - fee);
        if (bySeller) {
            s.setLeft(s.left() - back);
            s.setHeld(s.held() + back);
        }
        if (jurors != 0) share = fee / jurors;
        s.setLeft(s.left() + fee - share * jurors); // what does not divide goes to the buyer
        _emitAppealClosed(id, s, AppealEnd.Ruled, share * jurors, back, 0);

        if (bps != s.pendingBps() && c.juryFee() != 0) signed[id][s.pendingMilestone()] = 0;
        s.clearPending(block.timestamp);
    }

    /// @dev Silence never beats the verdict. An appeal that nobody brought before the jury was only delay, and its deposit
    /// goes to the other side.
    function _stands(Core c, bytes32 id, Slot s, uint256 status) private {
        uint256 standsFrom = s.challengeUntil() + APPEAL_LIMIT;
        bool silent = status == uint256(AppealStatus.Silent);
        require(silent || block.timestamp >= standsFrom, NoRuling(status, standsFrom));
        bool abandoned = status == uint256(AppealStatus.None);
        uint256 fee = c.appealFee();
        // The seller's deposit goes back to it, the buyer's is its reserve; when abandoned each goes to the other.
        if (s.sellerAppealed() != abandoned) {
            s.setLeft(s.left() - fee);
            s.setHeld(s.held() + fee);
        }
        if (abandoned && !s.sellerAppealed()) s.setReserveSpent(true);
        AppealEnd how = abandoned ? AppealEnd.Abandoned : AppealEnd.Silent;
        _emitAppealClosed(id, s, how, 0, abandoned ? 0 : fee, abandoned ? fee : 0);
        _finalise(c, id, s);
    }

    /// @dev One word, by STATICCALL under a gas cap; 0 when there is none.
    function _ruling(address jury, bytes32 id, uint256 milestone) private view returns (uint256 word) {
        bytes memory question = abi.encodeCall(IJuryPool.ruling, (id, uint8(milestone)));
        uint256 gasCap = JURY_GAS;
        uint256 wanted = gasCap + gasCap / 16; // the first access to an account, and a 64th that stays here (EIP-150)
        require(gasleft() > wanted, GasTooLow(gasleft(), wanted));
        assembly ("memory-safe") {
            let ok := staticcall(gasCap, jury, add(question, 0x20), mload(question), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 0x1f)) { word := mload(0x00) }
        }
    }
}
