// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Status} from "../../src/types/Deal.sol";
import {Court} from "../escrow/Court.sol";
import {Page, Reached} from "./Page.sol";

/// @title The books: what every deal and every account must have
/// @notice Double entry. Nothing here reads a number from the escrow: what comes in is put into pots by the terms, what
/// is settled moves between pots, what is paid goes to an account. The rules are those of `IDealEscrow`, written once
/// more as moves of money instead of one word and its bounds.
abstract contract Books is Court {
    uint256 internal constant BPS = 10_000;

    Page[] internal pages;
    mapping(address account => uint256) internal cash; // USDC held
    mapping(address account => uint256) internal credits; // in the escrow
    mapping(address account => bool) internal barred; // blacklisted by USDC
    uint256 internal creditTotal;
    uint256 internal donated;
    bool internal stopped; // USDC is paused
    address[] internal known; // everybody who can have anything
    mapping(address account => bool) private isKnown;
    uint256[34] internal reached;

    function know(address account) internal {
        if (isKnown[account]) return;
        isKnown[account] = true;
        known.push(account);
        cash[account] = usdc.balanceOf(account);
        credits[account] = escrow.credit(account);
        creditTotal += credits[account];
    }

    function count(Reached what) internal {
        ++reached[uint256(what)];
    }

    // --- what the terms say ---

    function amountOf(Page storage p, uint256 i) internal view returns (uint64) {
        return uint64((i < 4 ? p.terms.amounts : p.terms.amounts2) >> (64 * (i % 4)));
    }

    function dueOf(Page storage p, uint256 i) internal view returns (uint256) {
        return p.terms.meta.start + uint32(p.terms.due >> (32 * i));
    }

    /// @dev The fee's parts differ by at most one micro-USDC and add up to it.
    function feeOf(Page storage p, uint256 i) internal view returns (uint64) {
        uint256 fee = p.terms.juryFee;
        return uint64(fee * (i + 1) / p.count - fee * i / p.count);
    }

    function windowOf(Page storage p) internal view returns (uint40) {
        return p.terms.window == 0 ? GRACE : p.terms.window;
    }

    function isLive(Page storage p) internal view returns (bool) {
        return p.status == Status.Open || p.status == Status.Pending || p.status == Status.Appealed;
    }

    /// @dev The pending verdict's window is over: whoever acts next finds it final.
    function isOver(Page storage p) internal view returns (bool) {
        return p.status == Status.Pending && block.timestamp >= p.until;
    }

    function isDone(Page storage p, uint256 milestone) internal view returns (bool) {
        return p.done >> milestone & 1 != 0 || (isOver(p) && p.milestone == milestone);
    }

    function allDone(Page storage p) internal view returns (bool) {
        return uint256(p.done) + 1 == uint256(1) << p.count;
    }

    function lockedIn(Page storage p) internal view returns (uint256) {
        return uint256(p.open) + p.forSeller + p.forBuyer + p.fees + p.reserve + p.bond + p.deposit;
    }

    function canPull(address from, uint256 amount) internal view returns (bool) {
        return !stopped && !barred[from] && cash[from] >= amount;
    }

    function canReceive(address to) internal view returns (bool) {
        return !stopped && !barred[to];
    }

    // --- moves ---

    function creditTo(address owner, uint256 amount) internal {
        credits[owner] += amount;
        creditTotal += amount;
    }

    function debitFrom(address owner, uint256 amount) internal {
        credits[owner] -= amount;
        creditTotal -= amount;
    }

    function settle(Page storage p, uint256 milestone, uint256 bps) internal {
        uint64 amount = amountOf(p, milestone);
        uint64 share = uint64(uint256(amount) * bps / BPS); // the last micro-USDC stays with the payer
        p.open -= amount;
        p.forSeller += share;
        p.forBuyer += amount - share;
        p.done |= uint8(1 << milestone);
    }

    function finalise(Page storage p) internal {
        settle(p, p.milestone, p.bps);
        clear(p);
        count(Reached.Final);
    }

    function finaliseIfOver(Page storage p) internal {
        if (isOver(p)) finalise(p);
    }

    function clear(Page storage p) internal {
        bool early = p.status == Status.Pending && block.timestamp < p.until;
        if (early || p.status == Status.Appealed) p.until = uint40(block.timestamp);
        p.status = Status.Open;
        (p.appealedAt, p.bySeller) = (0, false);
        (p.milestone, p.attempt, p.bps) = (0, 0, 0);
    }

    /// @dev The parties settle the milestone that is judged: deposits go back.
    function drop(Page storage p, uint256 milestone) internal {
        if (p.status == Status.Open || p.milestone != milestone) return;
        if (p.status == Status.Appealed) count(Reached.SettledUnderAppeal);
        (p.forSeller, p.deposit) = (p.forSeller + p.deposit, 0);
        clear(p);
    }

    /// @dev With the last milestone the reserve, the bond and the fees that nobody earned go back.
    function pay(Page storage p) internal {
        if (allDone(p)) {
            uint64 earned;
            for (uint256 i = 0; i < p.count; ++i) {
                if (p.signers[i] != 0) earned += feeOf(p, i);
            }
            p.forSeller += p.bond;
            p.forBuyer += p.reserve + p.fees - earned;
            (p.bond, p.reserve, p.fees) = (0, 0, earned);
            (p.status, p.closedAt) = (Status.Closed, uint40(block.timestamp));
            count(Reached.Closed);
        }
        give(p.terms.sellerPay, p.forSeller);
        give(p.terms.buyerPay, p.forBuyer);
        p.toSeller += p.forSeller;
        p.toBuyer += p.forBuyer;
        (p.forSeller, p.forBuyer) = (0, 0);
    }

    /// @dev Pushed, or credited while USDC refuses.
    function give(address to, uint256 amount) private {
        if (amount == 0) return;
        if (canReceive(to)) {
            cash[to] += amount;
        } else {
            creditTo(to, amount);
            count(Reached.CreditedInsteadOfPaid);
        }
    }

    /// @dev Everybody signed wherever somebody did.
    function isComplete(Page storage p) internal view returns (bool) {
        for (uint256 i = 0; i < p.count; ++i) {
            if (p.signers[i] != 0 && p.signers[i] != 31) return false;
        }
        return true;
    }

    function payFees(Page storage p) internal {
        uint64 rest = p.fees;
        for (uint256 i = 0; i < p.count; ++i) {
            uint256 n = onesIn(p.signers[i]);
            if (n == 0) continue;
            uint64 share = uint64(feeOf(p, i) / n);
            for (uint256 j = 0; j < 5; ++j) {
                if (p.signers[i] >> j & 1 == 0) continue;
                creditTo(jurors[j].addr, share);
                rest -= share;
                p.toJurors += share;
            }
        }
        creditTo(p.terms.buyerPay, rest);
        p.toBuyer += rest;
        p.fees = 0;
        count(Reached.JurorsPaid);
    }

    /// @dev The losing side pays the court: the buyer from its reserve, the seller from its deposit or its bond; what the
    /// loser lacks, the appellant's deposit pays.
    function rulingMade(Page storage p, uint256 bps, address[] memory court) internal {
        uint64 fee = p.terms.appealFee;
        uint64 share = uint64(fee / court.length);
        bool won = p.bySeller ? bps > p.bps : bps < p.bps;
        uint64 byLoser;
        if (won && p.bySeller) {
            byLoser = p.reserve;
            p.reserve = 0;
        } else if (won) {
            byLoser = p.bond == p.terms.sellerBond ? (p.bond < fee ? p.bond : fee) : 0;
            p.bond -= byLoser;
        }
        if (p.bySeller) {
            p.deposit -= fee - byLoser;
            (p.forSeller, p.deposit) = (p.forSeller + p.deposit, 0);
        } else if (byLoser != fee) {
            p.forBuyer += byLoser; // less than a whole deposit is none
            p.reserve = 0;
        }
        for (uint256 i = 0; i < court.length; ++i) {
            creditTo(court[i], share);
        }
        p.toJurors += share * uint64(court.length);
        p.forBuyer += fee - share * uint64(court.length);
        if (bps != p.bps) {
            p.signers[p.milestone] = 0;
            count(Reached.Overturned);
        }
        settle(p, p.milestone, bps);
        clear(p);
    }

    /// @dev No ruling: the verdict stands. The deposit goes back, or to the other side when nobody ever asked the jury.
    function stands(Page storage p, bool abandoned) internal {
        if (p.bySeller) {
            if (abandoned) p.forBuyer += p.deposit;
            else p.forSeller += p.deposit;
            p.deposit = 0;
        } else if (abandoned) {
            (p.forSeller, p.reserve) = (p.forSeller + p.reserve, 0);
        }
        finalise(p);
    }

    function onesIn(uint256 bits) internal pure returns (uint256 n) {
        for (; bits != 0; bits &= bits - 1) {
            ++n;
        }
    }
}
