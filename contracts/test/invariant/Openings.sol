// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BUYER_MANDATED, Deal, Fallback, SELLER_MANDATED, Source, Status} from "../../src/types/Deal.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {Cast, Dice, Side} from "./Cast.sol";
import {Desk} from "./Desk.sol";
import {Leaky, Leave, Warrant} from "./Leaky.sol";
import {Page, Reached} from "./Page.sol";

/// @title Deals are opened, by every way in, or given up before
abstract contract Openings is Cast {
    using Leaky for Warrant;

    uint256 internal constant PAGES_MAX = 10;

    bytes32[] internal ended;
    mapping(bytes32 deal => uint256) internal endedWord;
    uint256 private drafts;

    /// Terms on their way to an opening.
    struct Draft {
        Deal terms;
        bytes32 id;
        uint8 buyer;
        uint8 seller;
        uint8 count;
        uint64 sum; // of the milestones
        Source source;
        bool sound; // the terms are such as an opening takes
        bool buyerSigns;
        bool sellerSigns;
    }

    enum Flaw {
        LateFunding,
        EarlyEnd,
        Gap,
        SelfDealing,
        UnknownFlag,
        ForeignMandates,
        BuyerUnsigned,
        SellerUnsigned,
        None
    }

    function openDeal(uint256 seed) external {
        _open(Dice(seed));
    }

    /// @notice The same terms once more: an id opens at most once, and never after notice was given.
    function openAgain(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (strict) return;
        Page storage p = pages[roll(dice, pages.length)];
        touched = ALL;
        Draft memory draft;
        (draft.terms, draft.id, draft.buyer, draft.seller) = (p.terms, p.id, p.buyer, p.seller);
        draft.source = buying[p.buyer].mandated ? Source.Mandate : Source.Credit;
        if (roll(dice, 3) == 0) draft.source = Source(roll(dice, 3));
        (draft.buyerSigns, draft.sellerSigns) = (true, true);
        tried(_openingCall(draft, true), Leave.Refused, "E10 an id opens at most once");
    }

    function giveUp(uint256 seed) external {
        Dice memory dice = Dice(seed);
        bool fresh = roll(dice, 3) == 0;
        if (fresh ? !_room() : strict) return;
        touched = ALL;
        Draft memory d;
        if (fresh) {
            d = _draft(dice, Flaw.None);
        } else {
            Page storage p = pages[roll(dice, pages.length)];
            (d.terms, d.id, d.buyer, d.seller) = (p.terms, p.id, p.buyer, p.seller);
        }
        Side storage by = roll(dice, 2) == 0 ? buying[d.buyer] : selling[d.seller];
        bool forged = faulty(dice, 4);
        bytes32 digest = digestOf(keccak256(abi.encode(keccak256("Void(bytes32 deal)"), d.id)));
        bytes memory signature = signed(forged ? nobody : by.signer, digest);
        bytes memory call_ = abi.encodeCall(Desk.voidDeal, (d.terms, by.signer.addr, signature));
        Leave may = either(fresh && !forged && honest(by));
        if (!tried(call_, may, "E05 only an unopened deal is given up, by a party")) return;
        _filed(d).status = Status.Void;
        count(Reached.Voided);
        tried(_openingCall(d, true), Leave.Refused, "E10 an id never opens after notice");
    }

    /// @dev Also what an act does instead that should not come as often as the others.
    function _open(Dice memory dice) internal {
        if (!_room()) return;
        Flaw flaw = faulty(dice, 5) ? Flaw(roll(dice, 8)) : Flaw.None;
        Draft memory d = _draft(dice, flaw);
        bool approved = roll(dice, 2) == 0;
        Leave may = _leaveToOpen(d, approved);
        bytes memory call_ = _openingCall(d, approved);
        if (!tried(call_, may, "E10 a deal opens when both signed sound terms and the money is there")) {
            if (d.source == Source.Mandate && flaw == Flaw.None) count(Reached.MandateRefused);
            return;
        }
        _opened(d);
    }

    // --- terms ---

    function _draft(Dice memory dice, Flaw flaw) private returns (Draft memory d) {
        (d.buyer, d.seller) = (uint8(roll(dice, 3)), uint8(roll(dice, 3)));
        d.terms = _parties(d.buyer, d.seller);
        _money(dice, d);
        _times(dice, d);
        d.terms.window = [uint32(0), WINDOW, WINDOW, 1 hours][roll(dice, 4)];
        d.terms.fallback_ = uint8(roll(dice, 3));
        d.terms.fallbackBps = d.terms.fallback_ == uint8(Fallback.Refund) ? 0 : uint16(roll(dice, 10_001));
        if (roll(dice, 6) == 0) d.terms.jury = address(falseJury);
        d.terms.meta.salt = roll(dice, type(uint256).max) ^ ++drafts; // a seed may come twice in one second
        bool own = roll(dice, 4) == 0;
        d.source = buying[d.buyer].mandated ? Source.Mandate : Source.Credit;
        if (own) d.source = Source.Authorization;
        _spoil(d, flaw);
        d.id = idOf(d.terms);
    }

    function _parties(uint256 b, uint256 s) private view returns (Deal memory d) {
        d = terms();
        (d.buyer, d.buyerPay) = (buying[b].signer.addr, buying[b].payee.addr);
        (d.seller, d.sellerPay) = (selling[s].signer.addr, selling[s].payee.addr);
        d.flags = (buying[b].mandated ? BUYER_MANDATED : 0) | (selling[s].mandated ? SELLER_MANDATED : 0);
        if (d.flags == 0) d.meta.mandates = address(0);
    }

    /// @dev From one micro-USDC to a few hundred USDC, one to eight milestones.
    function _money(Dice memory dice, Draft memory d) private pure {
        d.count = uint8(roll(dice, 4) == 0 ? 8 : 1 + roll(dice, 4));
        (d.terms.amounts, d.terms.amounts2) = (0, 0);
        uint256 most = roll(dice, 8) == 0 ? 300 * ONE : 20 * ONE;
        for (uint256 i = 0; i < d.count; ++i) {
            uint64 amount = uint64(roll(dice, 8) == 0 ? 1 : 1 + roll(dice, most));
            d.sum += amount;
            if (i < 4) d.terms.amounts |= uint256(amount) << (64 * i);
            else d.terms.amounts2 |= uint256(amount) << (64 * (i - 4));
        }
        d.terms.juryFee = roll(dice, 3) == 0 ? 0 : 3 * ONE + 7;
        d.terms.appealFee = roll(dice, 4) == 0 ? 0 : 7 * ONE + 1;
        d.terms.sellerBond = [uint64(0), 3 * ONE, 10 * ONE][roll(dice, 3)];
    }

    function _times(Dice memory dice, Draft memory d) private view {
        uint40 start = uint40(block.timestamp - roll(dice, 3600));
        (d.terms.meta.start, d.terms.meta.fundBy) = (start, uint40(block.timestamp + roll(dice, 300)));
        d.terms.due = 0;
        uint256 latest;
        for (uint256 i = 0; i < d.count; ++i) {
            uint256 due = roll(dice, 3 days);
            d.terms.due |= due << (32 * i);
            if (due > latest) latest = due;
        }
        d.terms.end = uint40(start + latest + GRACE + roll(dice, 2 days));
    }

    function _spoil(Draft memory d, Flaw flaw) private view {
        d.sound = flaw >= Flaw.BuyerUnsigned;
        (d.buyerSigns, d.sellerSigns) = (flaw != Flaw.BuyerUnsigned, flaw != Flaw.SellerUnsigned);
        if (flaw == Flaw.LateFunding) {
            (d.terms.meta.start, d.terms.meta.fundBy) = (0, uint40(block.timestamp - 1));
        } else if (flaw == Flaw.EarlyEnd) {
            d.terms.end = d.terms.meta.start + GRACE - 1;
        } else if (flaw == Flaw.Gap) {
            d.terms.amounts &= ~uint256(type(uint64).max);
        } else if (flaw == Flaw.SelfDealing) {
            d.terms.sellerPay = d.terms.buyerPay;
        } else if (flaw == Flaw.UnknownFlag) {
            d.terms.flags |= 4;
        } else if (flaw == Flaw.ForeignMandates) {
            d.terms.meta.mandates = address(falseJury);
            d.sound = d.terms.flags == 0; // nobody asks it
        }
    }

    // --- the rules ---

    function _leaveToOpen(Draft memory d, bool approved) private view returns (Leave may) {
        (Side storage b, Side storage s) = (buying[d.buyer], selling[d.seller]);
        if (!d.sound || !d.buyerSigns || !d.sellerSigns || !honest(b) || !honest(s)) return Leave.Refused;
        uint256 total = _total(d);
        if (s.mandated && !warrants[s.signer.addr].speaksFor(s.payee.addr, SCOPE_SELL)) return Leave.Refused;
        address bonder = s.mandated ? s.payee.addr : s.signer.addr;
        if (credits[bonder] < d.terms.sellerBond) return Leave.Refused;
        may = Leave.Granted;
        if (s.mandated && d.terms.sellerBond != 0) {
            may = warrants[s.signer.addr].may(s.payee.addr, SCOPE_SELL, d.terms.sellerBond, false);
        }
        Warrant storage w = warrants[b.signer.addr];
        if (d.source == Source.Authorization) {
            bool speaks = !b.mandated || w.speaksFor(b.payee.addr, SCOPE_BUY);
            return speaks && canPull(b.signer.addr, total) ? may : Leave.Refused;
        }
        if (credits[d.source == Source.Mandate ? b.payee.addr : b.signer.addr] < total) return Leave.Refused;
        if (d.source == Source.Credit) return may;
        return least(may, w.may(b.payee.addr, SCOPE_BUY, total, approved));
    }

    function _total(Draft memory d) private pure returns (uint256) {
        return uint256(d.sum) + d.terms.juryFee + d.terms.appealFee;
    }

    function _openingCall(Draft memory d, bool approved) private view returns (bytes memory) {
        (Side storage b, Side storage s) = (buying[d.buyer], selling[d.seller]);
        bytes memory sellers = signed(d.sellerSigns ? s.signer : nobody, d.id);
        Account memory by = d.buyerSigns ? b.signer : nobody;
        if (d.source == Source.Authorization) {
            bytes memory money = moneyOf(by, _total(d), uint256(d.terms.meta.fundBy) + 1, d.id);
            return abi.encodeCall(Desk.openWithAuthorization, (d.terms, money, sellers));
        }
        bytes memory funds =
            signed(by, digestOf(keccak256(abi.encode(keccak256("Fund(bytes32 deal)"), d.id))));
        if (d.source == Source.Credit) {
            return abi.encodeCall(Desk.openFromCredit, (d.terms, funds, sellers));
        }
        bytes memory approval = approved ? _approval(b, d.id) : bytes("");
        return abi.encodeCall(Desk.openFromMandatedCredit, (d.terms, funds, sellers, approval));
    }

    function _approval(Side storage b, bytes32 id) private view returns (bytes memory) {
        uint40 until = uint40(block.timestamp);
        bytes32 hash = keccak256(abi.encode(keccak256("Approve(bytes32 deal,uint40 until)"), id, until));
        return abi.encode(until, signed(b.payee, mandatesDigest(hash)));
    }

    // --- the books ---

    function _opened(Draft memory d) private {
        Page storage p = _filed(d);
        (Side storage b, Side storage s) = (buying[d.buyer], selling[d.seller]);
        uint256 total = _total(d);
        if (d.source == Source.Authorization) cash[b.signer.addr] -= total;
        else debitFrom(d.source == Source.Mandate ? b.payee.addr : b.signer.addr, total);
        if (d.source == Source.Mandate) _counted(b, total);
        if (d.terms.sellerBond != 0) {
            debitFrom(s.mandated ? s.payee.addr : s.signer.addr, d.terms.sellerBond);
            if (s.mandated) _counted(s, d.terms.sellerBond);
        }
        (p.open, p.fees, p.reserve, p.bond) = (d.sum, d.terms.juryFee, d.terms.appealFee, d.terms.sellerBond);
        p.brought = uint64(total) + d.terms.sellerBond;
        (p.status, p.start) = (Status.Open, d.terms.meta.start);
        count(Reached.Opened);
        count(Reached(uint256(Reached.OpenedByAuthorization) + uint256(d.source)));
        if (p.count == 8) count(Reached.EightMilestones);
    }

    function _counted(Side storage side, uint256 amount) internal {
        warrants[side.signer.addr].spend(amount);
        count(Reached.MandateSpent);
    }

    /// @dev A new page, or that of a deal that has ended: its word is kept, and looked at once more in the end.
    function _filed(Draft memory d) private returns (Page storage p) {
        uint256 which = _free();
        if (which == pages.length) {
            pages.push();
        } else {
            ended.push(pages[which].id);
            endedWord[pages[which].id] = escrow.dealOf(pages[which].id);
            delete pages[which];
        }
        p = pages[which];
        touched = 1 << which;
        (p.id, p.buyer, p.seller, p.count, p.terms) = (d.id, d.buyer, d.seller, d.count, d.terms);
    }

    function _room() private view returns (bool) {
        return _free() < PAGES_MAX;
    }

    function _free() private view returns (uint256 which) {
        if (pages.length < PAGES_MAX) return pages.length;
        while (which < PAGES_MAX && !_isSpent(pages[which])) ++which;
    }

    /// @dev Nothing can be got from it any more.
    function _isSpent(Page storage p) private view returns (bool) {
        return p.status == Status.Void || (p.status == Status.Closed && p.fees == 0);
    }
}
