// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandates} from "../../src/Mandates.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Mandate, Revoke} from "../../src/types/Mandate.sol";
import {Test} from "../base/Test.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";
import {Dice} from "./Cast.sol";
import {Purse} from "./Hostiles.sol";
import {Leaky, Leave, Warrant} from "./Leaky.sol";

/// @title Two agents, two principals, two spenders, and every paper that one of them may have signed
/// @notice This world speaks to Mandates alone, so that it can go on for long. Everybody signs without a key (ERC-1271).
contract Agents is Test {
    using Leaky for Warrant;

    error Broken(string sentence, bool done);

    uint256 private constant HOUR = 1 hours;

    Mandates internal immutable mandates;
    bool internal immutable strict;
    bytes32 internal immutable domain;
    address[2] internal agents;
    address[2] internal principals;
    address[2] internal spenders;
    mapping(address agent => mapping(address spender => Warrant)) internal warrants;
    mapping(address principal => mapping(address agent => mapping(address spender => uint16))) internal burnt;
    mapping(address principal => uint256) internal spentOf; // ever, by anybody
    uint256 private last; // which agent before which spender the last act was about
    uint256 internal spends;
    uint256 internal refusals;
    uint256 internal approvals;
    uint256 internal regrants;
    uint256 internal revocations;

    constructor(bool strict_) {
        vm.warp(1_800_000_000);
        strict = strict_;
        mandates = Mandates(created("Mandates.sol:Mandates", ""));
        domain = mandates.domainSeparator();
        for (uint256 i = 0; i < 2; ++i) {
            agents[i] = address(new Purse());
            principals[i] = address(new Purse());
            spenders[i] = address(uint160(0xe5c0 + i));
        }
    }

    function grant(uint256 seed) external {
        Dice memory dice = Dice(seed);
        Mandate memory m = _mandate(dice);
        Warrant storage w = warrants[m.agent][m.spender];
        (bool forgedByAgent, bool forged) = (_faulty(dice, 8), _faulty(dice, 8));
        bytes32 digest = mandates.mandateDigest(m);
        bytes memory agents_ = _signed(forgedByAgent ? m.principal : m.agent, digest);
        bytes memory principals_ = _signed(forged ? m.agent : m.principal, digest);
        bool newer = m.serial > w.serial && m.serial > burnt[m.principal][m.agent][m.spender];
        bool free = w.principal == m.principal || block.timestamp >= w.validUntil;
        bool timely = block.timestamp >= m.validFrom && block.timestamp < m.validUntil;
        Leave may = newer && free && timely && !forged && !forgedByAgent ? Leave.Granted : Leave.Refused;
        bytes memory call_ = abi.encodeCall(IMandates.grant, (principals_, agents_, MandateCalls.words(m)));
        if (!_tried(address(this), call_, may, "E11 only a newer serial, signed by both, is in force")) {
            return;
        }
        if (w.serial != 0) ++regrants;
        _inForce(w, m);
    }

    function revoke(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (address agent, address spender) = _pair(dice);
        address principal = principals[_roll(dice, 2)];
        Warrant storage w = warrants[agent][spender];
        uint16 serial = uint16(w.serial / 2 + _roll(dice, uint256(w.serial) / 2 + 3));
        if (serial > 60_000) return; // the papers of this world would run out
        bool forged = _faulty(dice, 5);
        Revoke memory r = Revoke(agent, spender, serial);
        bytes memory signature = _signed(forged ? agent : principal, mandates.revokeDigest(r));
        bool newer = serial > burnt[principal][agent][spender];
        bytes memory call_ = abi.encodeCall(IMandates.revoke, (r, principal, signature));
        Leave may = newer && !forged ? Leave.Granted : Leave.Refused;
        if (!_tried(address(this), call_, may, "E11 a principal burns its own serials")) return;
        burnt[principal][agent][spender] = serial;
        ++revocations;
        if (w.principal == principal && w.serial <= serial) (w.serial, w.validUntil) = (serial, 0);
    }

    function spend(uint256 seed) external {
        Dice memory dice = Dice(seed);
        (address agent, address spender) = _pair(dice);
        Warrant storage w = warrants[agent][spender];
        address principal = _roll(dice, 8) == 0 ? principals[_roll(dice, 2)] : w.principal;
        uint32 scope = _roll(dice, 4) == 0 ? uint32(1 << _roll(dice, 2)) : w.scopes;
        uint64 amount = _amount(dice, w);
        bytes memory approval;
        bool approved;
        if (_roll(dice, 2) == 0) (approval, approved) = _approval(dice, principal, bytes32(seed));
        Leave may = principal == address(0) ? Leave.Refused : w.may(principal, scope, amount, approved);
        bytes memory call_ =
            abi.encodeCall(IMandates.spend, (agent, principal, scope, bytes32(seed), amount, approval));
        if (!_tried(spender, call_, may, "E11 a spend is within scope, period and threshold")) {
            ++refusals;
            return;
        }
        if (amount > w.humanAbove) ++approvals;
        ++spends;
        w.spend(amount);
        spentOf[principal] += amount;
    }

    /// @notice On by a second, by an hour, by what a period is, or far.
    function pass(uint256 seed) external {
        Dice memory dice = Dice(seed);
        uint256 by = [uint256(1), _roll(dice, HOUR), _roll(dice, 4 * HOUR), Leaky.PERIOD][_roll(dice, 4)];
        if (_roll(dice, 40) == 0) by = _roll(dice, 30 days);
        vm.warp(block.timestamp + by);
    }

    // --- sentences ---

    function E11_the_limit_is_as_the_books_say() external view {
        _E11_limit(last & 1, last >> 1);
    }

    function E11_every_limit_is_as_the_books_say() external view {
        for (uint256 i = 0; i < 4; ++i) {
            _E11_limit(i & 1, i >> 1);
        }
    }

    function _E11_limit(uint256 a, uint256 s) private view {
        (address agent, address spender) = (agents[a], spenders[s]);
        Warrant storage w = warrants[agent][spender];
        _E11_authority(w, agent, spender);
        uint256 left = mandates.available(agent, spender);
        if (block.timestamp >= w.validUntil) {
            assertEq(left, 0, "E11 nothing without a mandate");
        } else {
            (uint256 counted, uint256 room) = (w.counted(), uint256(w.perPeriod) * Leaky.PERIOD);
            room = counted > room ? 0 : room - counted;
            assertLe(left * Leaky.PERIOD, room, "E11 no more than the period leaves");
            assertLe(room, (left + w.rounded + 1) * Leaky.PERIOD, "E11 and no less");
        }
    }

    function _E11_authority(Warrant storage w, address agent, address spender) private view {
        (address principal, uint40 validUntil, uint32 scopes, uint16 serial,,,,,) =
            mandates.mandateOf(agent, spender);
        assertEq(principal, w.principal, "E11 the principal");
        assertEq(validUntil, w.validUntil, "E11 a revoked mandate stays revoked");
        assertEq(scopes, w.scopes, "E11 scopes");
        assertEq(serial, w.serial, "E11 the highest serial");
    }

    function E11_burnt_serials_stay_burnt() external view {
        for (uint256 i = 0; i < 8; ++i) {
            (address p, address a, address s) = (principals[i & 1], agents[i >> 1 & 1], spenders[i >> 2]);
            assertEq(mandates.burntSerial(p, a, s), burnt[p][a][s], "E11 burnt serials");
        }
    }

    function reachedSoFar() external view returns (uint256[5] memory) {
        return [spends, refusals, approvals, regrants, revocations];
    }

    // --- papers ---

    function _pair(Dice memory dice) private returns (address, address) {
        last = _roll(dice, 4);
        return (agents[last & 1], spenders[last >> 1]);
    }

    function _mandate(Dice memory dice) private returns (Mandate memory m) {
        (m.agent, m.spender) = _pair(dice);
        m.principal = principals[_roll(dice, 2)];
        Warrant storage w = warrants[m.agent][m.spender];
        if (w.principal != address(0) && _roll(dice, 4) != 0) m.principal = w.principal;
        m.serial = uint16(w.serial + _roll(dice, strict ? 2 : 3)) + (strict ? 1 : 0);
        (m.period, m.scopes) = (uint32(Leaky.PERIOD), uint32(1 + _roll(dice, 3)));
        m.perPeriod = [uint64(0), 1000, 500_000_003, 999_999_937, 2e9][_roll(dice, 5)];
        m.humanAbove = uint64(_roll(dice, uint256(m.perPeriod) + 2));
        m.validFrom = uint40(block.timestamp + (_faulty(dice, 12) ? 1 : 0));
        m.validUntil = uint40(block.timestamp + (_faulty(dice, 12) ? 0 : 1 + _roll(dice, 10 days)));
    }

    /// @dev Often just what is left, or one more.
    function _amount(Dice memory dice, Warrant storage w) private view returns (uint64) {
        uint256 counted = w.counted();
        uint256 room = uint256(w.perPeriod) * Leaky.PERIOD;
        room = counted > room ? 0 : (room - counted) / Leaky.PERIOD;
        uint256 which = _roll(dice, 5);
        if (which == 0) return uint64(room);
        if (which == 1) return uint64(room + 1);
        if (which == 2) return w.humanAbove;
        return uint64(_roll(dice, room / 4 + 2));
    }

    function _approval(Dice memory dice, address principal, bytes32 deal)
        private
        view
        returns (bytes memory, bool good)
    {
        uint256 flaw = _faulty(dice, 3) ? _roll(dice, 3) : 3;
        uint40 until = uint40(block.timestamp - (flaw == 0 ? 1 : 0));
        if (flaw == 1) deal = ~deal;
        bytes32 hash = keccak256(abi.encode(keccak256("Approve(bytes32 deal,uint40 until)"), deal, until));
        address by = flaw == 2 ? agents[0] : principal;
        return (abi.encode(until, _signed(by, typedDigest(domain, hash))), flaw == 3);
    }

    function _signed(address who, bytes32 digest) private pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode(who, digest)));
    }

    // --- trying ---

    function _inForce(Warrant storage w, Mandate memory m) private {
        if (w.serial == 0) w.since = uint40(block.timestamp);
        w.forward();
        (w.principal, w.validUntil) = (m.principal, m.validUntil);
        (w.scopes, w.serial) = (m.scopes, m.serial);
        (w.humanAbove, w.perPeriod) = (m.humanAbove, m.perPeriod);
        ++w.rounded;
    }

    function _tried(address from, bytes memory call_, Leave may, string memory sentence)
        private
        returns (bool done)
    {
        if (strict && may != Leave.Granted) return false;
        bytes memory why;
        if (from != address(this)) vm.prank(from);
        (done, why) = address(mandates).call(call_);
        if (!done && strict) {
            assembly ("memory-safe") {
                revert(add(why, 0x20), mload(why))
            }
        }
        if (done ? may == Leave.Refused : may == Leave.Granted) revert Broken(sentence, done);
    }

    function _roll(Dice memory dice, uint256 sides) private pure returns (uint256) {
        uint256 face;
        assembly ("memory-safe") {
            face := keccak256(dice, 0x20)
            mstore(dice, face)
        }
        return face % sides;
    }

    function _faulty(Dice memory dice, uint256 sides) private view returns (bool) {
        return !strict && _roll(dice, sides) == 0;
    }
}
