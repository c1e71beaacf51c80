// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Status, Withdraw} from "../../src/types/Deal.sol";
import {Mandate, Revoke, SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {Dice, Side} from "./Cast.sol";
import {Desk} from "./Desk.sol";
import {Hearings} from "./Hearings.sol";
import {FalseJury, Purse} from "./Hostiles.sol";
import {Leaky, Leave, Warrant} from "./Leaky.sol";
import {Page, Reached} from "./Page.sol";

/// @title Credit moves, mandates come and go, time passes, and the world turns against people
abstract contract Weather is Hearings {
    using Leaky for Warrant;

    mapping(address principal => mapping(address agent => uint16)) private burnt;
    mapping(address owner => uint256) private withdrawals;

    // --- credit ---

    function deposit(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (address from, address owner) = (_somebody(dice), _somebody(dice));
        uint64 amount = uint64(roll(dice, 100 * ONE));
        bool good = canPull(from, amount);
        if (strict && !good) return;
        if (good) {
            vm.prank(from);
            usdc.approve(address(escrow), amount);
        }
        vm.prank(from);
        (bool done,) = address(escrow).call(abi.encodeCall(IDealEscrow.deposit, (owner, amount)));
        if (done != good) revert Broken("E17 a deposit counts for what came in", done);
        if (!done) return;
        cash[from] -= amount;
        creditTo(owner, amount);
    }

    function withdraw(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (address from, address to) = (_somebody(dice), _somebody(dice));
        if (roll(dice, 2) == 0) to = from;
        _withdraw(from, to, uint64(roll(dice, credits[from] / 8 + (strict ? 1 : 2 + credits[from]))));
    }

    function _withdraw(address from, address to, uint64 amount) private {
        bool good = _canWithdraw(from, to, amount);
        if (strict && !good) return;
        vm.prank(from);
        (bool done,) = address(escrow).call(abi.encodeCall(IDealEscrow.withdraw, (to, amount)));
        if (done != good) revert Broken("E12 everybody withdraws its own credit and no more", done);
        if (done) _withdrawn(from, to, amount);
    }

    function withdrawFor(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (roll(dice, 4) != 0) return _open(dice); // it takes everything
        Side storage side = roll(dice, 2) == 0 ? buying[roll(dice, 3)] : selling[roll(dice, 3)];
        // Most credit is a payee's.
        Account memory from = roll(dice, 2) == 0 ? side.payee : side.signer;
        Withdraw memory w = Withdraw(from.addr, _somebody(dice), 0, uint40(block.timestamp));
        (bool stale, bool forged, bool late) = (faulty(dice, 4), faulty(dice, 4), faulty(dice, 5));
        w.nonce = withdrawals[w.from];
        if (stale) w.nonce = w.nonce == 0 ? 1 : w.nonce - 1;
        if (late) w.until -= 1;
        bytes32 typeHash = keccak256("Withdraw(address from,address to,uint256 nonce,uint40 until)");
        bytes memory signature = signed(forged ? nobody : from, digestOf(keccak256(abi.encode(typeHash, w))));
        bool good = !stale && !forged && !late && honest(side);
        Leave may = either(good && _canWithdraw(w.from, w.to, credits[w.from]));
        bytes memory call_ = abi.encodeCall(Desk.withdrawFor, (w, signature));
        if (!tried(call_, may, "E11 a signed withdrawal counts once")) return;
        ++withdrawals[w.from];
        assertEq(escrow.nonce(w.from), withdrawals[w.from], "E11 a signed withdrawal counts once");
        _withdrawn(w.from, w.to, credits[w.from]);
    }

    function _canWithdraw(address from, address to, uint256 amount) internal view returns (bool) {
        bool free = to == from || !barred[from];
        return amount != 0 && amount <= credits[from] && free && canReceive(to);
    }

    function _withdrawn(address from, address to, uint256 amount) internal {
        debitFrom(from, amount);
        cash[to] += amount;
        count(Reached.Withdrawn);
    }

    // --- mandates ---

    function grant(uint256 seed) external {
        Dice memory dice = Dice(seed);
        bool buys = roll(dice, 2) == 0;
        Side storage side = buys ? buying[0] : selling[0];
        Account memory principal = faulty(dice, 4) ? nobody : side.payee;
        Mandate memory m = mandateTerms(side.signer, principal);
        Warrant storage w = warrants[m.agent];
        m.serial = uint16(w.serial + roll(dice, strict ? 2 : 4));
        if (strict || m.serial == 0) m.serial += 1;
        if (burnt[m.principal][m.agent] >= m.serial && roll(dice, 2) == 0) {
            m.serial = burnt[m.principal][m.agent] + 1;
        }
        m.perPeriod = [400 * ONE, 1000 * ONE, 2000 * ONE][roll(dice, 3)];
        m.humanAbove = [20 * ONE, 500 * ONE][roll(dice, 2)];
        m.scopes = roll(dice, 6) == 0 ? 0 : (buys ? SCOPE_BUY : SCOPE_SELL);
        m.validFrom = uint40(block.timestamp + (faulty(dice, 8) ? 1 : 0));
        m.validUntil = uint40(block.timestamp + roll(dice, 40 days) + (strict ? 1 : 0));
        (bytes memory call_, Leave may) = _granting(side, principal, m, faulty(dice, 6));
        if (tried(call_, may, "E11 a mandate's serial only grows")) _inForce(w, m);
    }

    function _granting(Side storage side, Account memory principal, Mandate memory m, bool forged)
        private
        view
        returns (bytes memory call_, Leave)
    {
        Warrant storage w = warrants[m.agent];
        bytes32 digest = mandates.mandateDigest(m);
        bytes memory principals = signed(forged ? nobody : principal, digest);
        bool good = (!forged || principal.addr == nobody.addr) && block.timestamp >= m.validFrom
            && block.timestamp < m.validUntil;
        bool free = w.principal == m.principal || block.timestamp >= w.validUntil;
        bool newer = m.serial > w.serial && m.serial > burnt[m.principal][m.agent];
        call_ = abi.encodeCall(Desk.grant, (m, principals, signed(side.signer, digest)));
        return (call_, either(good && free && newer));
    }

    function _inForce(Warrant storage w, Mandate memory m) private {
        w.forward();
        (w.principal, w.validUntil) = (m.principal, m.validUntil);
        (w.scopes, w.serial) = (m.scopes, m.serial);
        (w.humanAbove, w.perPeriod) = (m.humanAbove, m.perPeriod);
        ++w.rounded;
    }

    function revoke(uint256 seed) external {
        Dice memory dice = Dice(seed);
        if (roll(dice, 3) != 0) return;
        Side storage side = roll(dice, 2) == 0 ? buying[0] : selling[0];
        Warrant storage w = warrants[side.signer.addr];
        Account memory principal = faulty(dice, 3) ? nobody : side.payee;
        uint16 serial = uint16(w.serial + roll(dice, 3));
        if (serial != 0 && roll(dice, 4) == 0) serial -= 1;
        Revoke memory r = Revoke(side.signer.addr, address(escrow), serial);
        bool forged = faulty(dice, 4);
        bytes memory signature = signed(forged ? side.signer : principal, mandates.revokeDigest(r));
        Leave may = either(!forged && serial > burnt[principal.addr][r.agent]);
        bytes memory call_ = abi.encodeCall(Desk.revoke, (r, principal.addr, signature));
        if (!tried(call_, may, "E11 a principal burns its own serials, once")) return;
        burnt[principal.addr][r.agent] = serial;
        if (w.principal == principal.addr && w.serial <= serial) (w.serial, w.validUntil) = (serial, 0);
    }

    // --- time and weather ---

    /// @notice To the second before, at, or after some limit of some deal, or a little on.
    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Page storage p = find(dice, LIVE | CLOSED);
        uint256 to = block.timestamp + roll(dice, 6 hours);
        uint256 which = roll(dice, 8);
        if (which < 3 && p.status == Status.Pending) to = p.until;
        else if (which < 3 && p.status == Status.Appealed) to = p.appealedAt + APPEAL_LIMIT;
        else if (which == 3 && p.status == Status.Closed) to = p.closedAt + GRACE;
        else if (which == 4) to = dueOf(p, roll(dice, p.count));
        else if (which == 5) to = dueOf(p, roll(dice, p.count)) + GRACE;
        else if (which == 6) to = p.terms.end + (roll(dice, 2) == 0 ? 0 : windowOf(p));
        to = to + roll(dice, 3) - 1;
        if (to > block.timestamp) vm.warp(to);
    }

    /// @notice Mostly it clears up; otherwise USDC bars somebody or stops, a wallet or the false jury turns, or somebody sends
    /// USDC to the escrow without a word.
    function turn(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 which = roll(dice, 12);
        if (which < 5) return _clearUp();
        if (which < 8) return _barSomebody(dice);
        if (which == 8) return _stop(true);
        if (which == 9) return falseJury.turn(FalseJury.Mood(roll(dice, 5)));
        if (which == 10) return _turnPurses(Purse.Mood(roll(dice, 5)));
        _donate(_somebody(dice), roll(dice, ONE));
    }

    function _clearUp() internal {
        _stop(false);
        for (uint256 i = 0; i < known.length; ++i) {
            if (barred[known[i]]) _bar(known[i], false);
        }
        _turnPurses(Purse.Mood.Honest);
    }

    /// @dev Whoever is barred tries to have its credit paid to somebody else.
    function _barSomebody(Dice memory dice) private {
        address who = _somebody(dice);
        _bar(who, true);
        if (credits[who] != 0) _withdraw(who, _somebody(dice), uint64(credits[who]));
    }

    function _bar(address who, bool yes) private {
        barred[who] = yes;
        vm.prank(blacklister.addr);
        if (yes) usdc.blacklist(who);
        else usdc.unBlacklist(who);
    }

    function _stop(bool yes) private {
        if (stopped == yes) return;
        stopped = yes;
        vm.prank(pauser.addr);
        if (yes) usdc.pause();
        else usdc.unpause();
    }

    function _turnPurses(Purse.Mood mood) private {
        Purse(buying[2].signer.addr).turn(mood);
        if (mood == Purse.Mood.Honest) Purse(selling[2].signer.addr).turn(mood);
    }

    function _donate(address from, uint256 amount) private {
        if (!canPull(from, amount)) return;
        vm.prank(from);
        usdc.transfer(address(escrow), amount);
        cash[from] -= amount;
        donated += amount;
    }

    function _somebody(Dice memory dice) internal view returns (address) {
        Side storage side = roll(dice, 2) == 0 ? buying[roll(dice, 3)] : selling[roll(dice, 3)];
        return roll(dice, 2) == 0 ? side.signer.addr : side.payee.addr;
    }
}
