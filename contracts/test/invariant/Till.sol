// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cancel, Deal, Release, Status} from "../../src/types/Deal.sol";
import {Test} from "../base/Test.sol";
import {Encoding, EscrowCalls} from "../escrow/Calls.sol";
import {DealSlot} from "../escrow/Slots.sol";
import {Dice} from "./Cast.sol";
import {Purse} from "./Hostiles.sol";
import {MoodyToken} from "./MoodyToken.sol";

/// @title A till with a moody token
/// @notice Deposits, deals of one milestone, releases, cancellations and withdrawals, while the token does what it likes.
/// Whatever it answers, nothing is booked that did not move, and whoever calls back finds the door locked.
contract Till is Test {
    using EscrowCalls for DealEscrow;
    using Encoding for Deal;
    using DealSlot for uint256;

    error Broken(string sentence, bool done);

    uint256 private constant DEALS_MAX = 12;

    MoodyToken public immutable token;
    DealEscrow internal immutable escrow;
    bytes32 private immutable domain;
    address[4] internal people; // two buyers, two sellers
    mapping(address account => uint256) internal credits;
    mapping(address account => uint256) internal cash;
    uint256 internal creditTotal;
    Deal[] internal deals;
    bytes32[] internal ids;
    uint256[] internal locked; // by deal; 0 once it is closed
    uint256[4] internal reached; // opened, closed, credited instead of paid, refused

    constructor() {
        vm.warp(1_800_000_000);
        token = new MoodyToken();
        bytes memory arguments = abi.encode(address(token), address(token), uint256(1 days), uint256(7 days));
        escrow = DealEscrow(created("DealEscrow.sol:DealEscrow", arguments));
        domain = escrow.domainSeparator();
        for (uint256 i = 0; i < 4; ++i) {
            people[i] = address(new Purse());
            token.mint(people[i], 1e12);
            cash[people[i]] = 1e12;
        }
        token.mint(address(token), 1e12);
        cash[address(token)] = 1e12;
        _deposit(address(token), 1e9); // it has credit of its own to try to take twice
    }

    function turn(uint256 seed) external {
        Dice memory dice = Dice(seed);
        MoodyToken.Mood mood = MoodyToken.Mood(_roll(dice, 2) == 0 ? _roll(dice, 5) : _roll(dice, 2));
        token.turn(mood, address(escrow), _reentry(dice));
    }

    function deposit(uint256 seed) external {
        Dice memory dice = Dice(seed);
        _deposit(people[_roll(dice, 4)], uint64(1 + _roll(dice, 1e9)));
    }

    function withdraw(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (address from, address to) = (people[_roll(dice, 4)], people[_roll(dice, 4)]);
        uint64 amount = uint64(_roll(dice, credits[from] + 2));
        bool may = amount != 0 && amount <= credits[from] && _moves();
        vm.prank(from);
        if (!_tried(
                abi.encodeCall(IDealEscrow.withdraw, (to, amount)), may, "E21 a failed transfer pays nothing"
            )) {
            return;
        }
        _debit(from, amount);
        cash[to] += amount;
    }

    function open(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (deals.length >= DEALS_MAX) return;
        Deal memory d = _terms(dice);
        uint64 amount = uint64(d.amounts);
        bytes32 id = escrow.dealId(d);
        bytes memory sellers = _signed(d.seller, id);
        bytes memory call_;
        bool fromCredit = _roll(dice, 2) == 0;
        if (fromCredit) {
            bytes32 fund = keccak256(abi.encode(keccak256("Fund(bytes32 deal)"), id));
            call_ = abi.encodeCall(
                IDealEscrow.openFromCredit, (d.whole(), _signed(d.buyer, _digest(fund)), sellers)
            );
        } else {
            call_ = abi.encodeCall(IDealEscrow.openWithAuthorization, ("", d.whole(), sellers));
        }
        bool may = fromCredit ? credits[d.buyer] >= amount : _moves() && cash[d.buyer] >= amount;
        if (!_tried(call_, may, "E21 a deal opens only with its money")) return;
        if (fromCredit) _debit(d.buyer, amount);
        else cash[d.buyer] -= amount;
        deals.push(d);
        ids.push(id);
        locked.push(amount);
        ++reached[0];
    }

    function release(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (deals.length == 0) return;
        uint256 i = _roll(dice, deals.length);
        Deal memory d = deals[i];
        Release memory r = Release(ids[i], 0, bytes32(seed));
        bytes32 typeHash = keccak256("Release(bytes32 deal,uint8 milestone,bytes32 evidence)");
        bytes memory signature = _signed(d.buyer, _digest(keccak256(abi.encode(typeHash, r))));
        bytes memory call_ = escrow.releaseCall(d, r, signature, true);
        if (_tried(call_, locked[i] != 0, "E21 a token that refuses does not stop a release")) {
            _paid(i, d.seller);
        }
    }

    function cancel(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (deals.length == 0) return;
        uint256 i = _roll(dice, deals.length);
        Deal memory d = deals[i];
        Cancel memory c = Cancel(ids[i], 0, uint40(block.timestamp));
        bytes32 typeHash = keccak256("Cancel(bytes32 deal,uint16 sellerBps,uint40 until)");
        bytes memory signature = _signed(d.seller, _digest(keccak256(abi.encode(typeHash, c))));
        bytes memory call_ =
            abi.encodeCall(IDealEscrow.cancel, (d.brief(), 0, uint40(block.timestamp), "", signature));
        if (_tried(call_, locked[i] != 0, "E21 a token that refuses does not stop a refund")) {
            _paid(i, d.buyer);
        }
    }

    // --- sentences ---

    function E01_the_escrow_has_what_it_owes() external view {
        uint256 owed = creditTotal;
        for (uint256 i = 0; i < locked.length; ++i) {
            owed += locked[i];
        }
        assertEq(token.balanceOf(address(escrow)), owed, "E01 the escrow has what it owes");
        for (uint256 i = 0; i < 5; ++i) {
            address who = i == 4 ? address(token) : people[i];
            assertEq(escrow.credit(who), credits[who], "E12 credit is its owner's");
            assertEq(token.balanceOf(who), cash[who], "E09 money went where it was owed");
        }
    }

    function E04_a_deal_holds_its_money_until_it_ends() external view {
        for (uint256 i = 0; i < deals.length; ++i) {
            uint256 word = escrow.dealOf(ids[i]);
            assertEq(word.unpack().left, locked[i], "E04 what a deal holds");
            Status status = locked[i] == 0 ? Status.Closed : Status.Open;
            assertEq(uint256(word.unpack().status), uint256(status), "E04 open until it ends");
        }
    }

    function E21_who_calls_back_finds_the_door_locked() external view {
        assertEq(token.letIn(), 0, "E21 nobody is let in");
        assertEq(token.otherwiseRefused(), 0, "E21 and the lock is why");
    }

    function reachedSoFar() external view returns (uint256[5] memory) {
        return [reached[0], reached[1], reached[2], reached[3], token.calledBack()];
    }

    // --- papers ---

    function _terms(Dice memory dice) private view returns (Deal memory d) {
        (d.buyer, d.seller) = (people[_roll(dice, 2)], people[2 + _roll(dice, 2)]);
        (d.buyerPay, d.sellerPay) = (d.buyer, d.seller);
        d.amounts = 1 + _roll(dice, 1e9);
        (d.panel, d.quorum, d.jury) = (bytes32(uint256(1)), 1, address(token));
        (d.meta.start, d.meta.fundBy) = (uint40(block.timestamp), uint40(block.timestamp));
        d.end = uint40(block.timestamp + 1 days);
        d.meta.salt = _roll(dice, type(uint256).max) ^ deals.length;
    }

    /// @dev What a thief would try from within: to be paid again, to open, to deposit without paying, to settle.
    function _reentry(Dice memory dice) private view returns (bytes memory) {
        uint256 which = _roll(dice, deals.length == 0 ? 2 : 5);
        if (which == 0) return abi.encodeCall(IDealEscrow.withdraw, (address(token), 1));
        if (which == 1) return abi.encodeCall(IDealEscrow.deposit, (address(token), 1));
        Deal memory d = deals[_roll(dice, deals.length)];
        if (which == 2) return abi.encodeCall(IDealEscrow.payout, (d.brief()));
        if (which == 3) return abi.encodeCall(IDealEscrow.timeout, (d.brief(), 0));
        return abi.encodeCall(IDealEscrow.openFromCredit, (d.whole(), "", ""));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return typedDigest(domain, structHash);
    }

    function _signed(address who, bytes32 digest) private pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode(who, digest)));
    }

    // --- trying and booking ---

    function _moves() private view returns (bool) {
        return token.mood() < MoodyToken.Mood.AnsweringFalse;
    }

    function _tried(bytes memory call_, bool may, string memory sentence) private returns (bool done) {
        (done,) = address(escrow).call(call_);
        if (done != may) revert Broken(sentence, done);
        if (!done) ++reached[3];
    }

    function _deposit(address from, uint64 amount) private {
        bool may = cash[from] >= amount && _moves();
        vm.prank(from);
        bytes memory call_ = abi.encodeCall(IDealEscrow.deposit, (from, amount));
        if (!_tried(call_, may, "E21 what did not come in is no credit")) return;
        cash[from] -= amount;
        credits[from] += amount;
        creditTotal += amount;
    }

    function _debit(address from, uint256 amount) private {
        credits[from] -= amount;
        creditTotal -= amount;
    }

    function _paid(uint256 i, address to) private {
        if (_moves()) {
            cash[to] += locked[i];
        } else {
            credits[to] += locked[i];
            creditTotal += locked[i];
            ++reached[2];
        }
        locked[i] = 0;
        ++reached[1];
    }

    function _roll(Dice memory dice, uint256 sides) private pure returns (uint256) {
        uint256 face;
        assembly ("memory-safe") {
            face := keccak256(dice, 0x20)
            mstore(dice, face)
        }
        return face % sides;
    }
}
