// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {Mandate, Revoke} from "../../src/types/Mandate.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";
import {Proof} from "./Proof.sol";

/// @notice What a stolen agent key can take: at most the period's limit at once, what decays linearly after that, and
/// nothing above the human threshold without the principal. And nothing that was revoked comes back.
contract MandatesProof is Proof {
    address private constant AGENT = address(0xA9);
    address private constant PRINCIPAL = address(0x99);
    bytes32 private constant NAME =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    IMandates private mandates;
    bytes32 private domain;

    function setUp() public {
        mandates = IMandates(deployed("Mandates", ""));
        domain = keccak256(
            abi.encode(NAME, keccak256("Mandates"), keccak256("1"), block.chainid, address(mandates))
        );
    }

    /// @dev The two words of what is kept for (agent, this contract).
    function put(uint256 who, uint256 limits) private {
        bytes32 place = keccak256(abi.encode(address(this), keccak256(abi.encode(AGENT, uint256(0)))));
        vm.store(address(mandates), place, bytes32(who));
        vm.store(address(mandates), bytes32(uint256(place) + 1), bytes32(limits));
    }

    function spent(uint64 amount, bytes32 deal, bytes memory approval) private returns (bool ok) {
        (ok,) = address(mandates)
            .call(abi.encodeCall(IMandates.spend, (AGENT, PRINCIPAL, 1, deal, amount, approval)));
    }

    function countedNow() private view returns (uint64 counted) {
        (,,,,,,, counted,) = mandates.mandateOf(AGENT, address(this));
    }

    function check_no_spend_passes_the_limit_the_scope_or_the_term(
        uint256 who,
        uint256 limits,
        uint64 amount,
        bytes32 deal,
        uint32 time
    ) external {
        vm.warp(time);
        put(who, limits);
        if (!spent(amount, deal, "")) return;
        assert(
            address(uint160(who)) == PRINCIPAL && time < field(who, 160, 40) && field(who, 200, 32) & 1 == 1
        );
        assert(countedNow() <= field(limits, 64, 64) && countedNow() >= amount);
        assert(amount <= field(limits, 0, 64));
    }

    /// @dev Two spends of any amounts, each of these times apart: together no more than the limit and what has decayed in
    /// between.
    function check_two_spends_take_no_more_than_the_limit_and_what_decayed_between(
        uint64 first,
        uint64 second
    ) external {
        (uint256 from, uint64 perPeriod, uint256 period) = (1_800_000_000, 1000e6, 1 days);
        uint256 who = uint160(PRINCIPAL) | uint256(type(uint40).max) << 160 | uint256(1) << 200;
        uint256[7] memory apart = [0, 1, period / 3, period / 2, period - 1, period, 3 * period];
        for (uint256 i = 0; i < apart.length; ++i) {
            put(who, limitsOf(perPeriod, period));
            vm.warp(from);
            if (!spent(first, 0, "")) return;
            vm.warp(from + apart[i]);
            if (!spent(second, 0, "")) continue;
            assert(uint256(first) + second <= perPeriod + perPeriod * apart[i] / period);
        }
    }

    function limitsOf(uint64 perPeriod, uint256 period) private pure returns (uint256) {
        return uint256(type(uint64).max) | uint256(perPeriod) << 64 | period << 224;
    }

    function check_above_the_human_threshold_the_principal_must_have_signed(
        uint64 humanAbove,
        uint64 amount,
        uint40 until,
        uint32 time,
        bytes32 deal,
        bytes32 r,
        bytes32 vs
    ) external {
        vm.warp(time);
        uint256 limits = uint256(humanAbove) | uint256(type(uint64).max) << 64 | uint256(1) << 224;
        put(uint160(PRINCIPAL) | uint256(type(uint40).max) << 160 | uint256(1) << 200, limits);
        if (!spent(amount, deal, abi.encode(until, signature(r, vs)))) return;
        if (amount <= humanAbove) return;
        bytes32 digest = digestIn(domain, keccak256(abi.encode(Hashes.APPROVE, deal, uint256(until))));
        assert(signedBy(PRINCIPAL, digest, r, vs) && time <= until);
    }

    function granted(Mandate memory m, bytes32[4] calldata s) private returns (bool ok) {
        bytes memory data = abi.encodeCall(
            IMandates.grant, (signature(s[0], s[1]), signature(s[2], s[3]), MandateCalls.words(m))
        );
        (ok,) = address(mandates).call(data);
    }

    function mandate(uint64 perPeriod, uint16 serial, uint40 validUntil)
        private
        view
        returns (Mandate memory m)
    {
        (m.agent, m.principal, m.spender) = (AGENT, PRINCIPAL, address(this));
        (m.perPeriod, m.period, m.scopes, m.validUntil, m.serial) = (perPeriod, 1000, 1, validUntil, serial);
    }

    function check_a_grant_needs_both_signatures_and_a_serial_above_every_earlier_one(
        uint256 who,
        uint64 perPeriod,
        uint16 serial,
        uint40 validUntil,
        uint40 time,
        bytes32[4] calldata s
    ) external {
        vm.warp(time);
        put(who, uint256(1) << 224);
        Mandate memory m = mandate(perPeriod, serial, validUntil);
        if (!granted(m, s)) return;
        bytes32 digest = digestIn(domain, keccak256(bytes.concat(abi.encode(Hashes.MANDATE), abi.encode(m))));
        assert(signedBy(PRINCIPAL, digest, s[0], s[1]) && signedBy(AGENT, digest, s[2], s[3]));
        assert(serial > field(who, 232, 16) && time < validUntil);
        // An agent serves one principal at a time.
        assert(address(uint160(who)) == PRINCIPAL || time >= field(who, 160, 40));
    }

    function check_a_revoked_serial_never_holds_again(
        uint16 revoked,
        uint16 serial,
        uint64 amount,
        uint40 time,
        bytes32[4] calldata s,
        bytes32 r,
        bytes32 vs
    ) external {
        vm.warp(time);
        Revoke memory no = Revoke(AGENT, address(this), revoked);
        (bool ok,) =
            address(mandates).call(abi.encodeCall(IMandates.revoke, (no, PRINCIPAL, signature(r, vs))));
        if (!ok) return;
        ok = granted(mandate(1000, serial, type(uint40).max), s);
        assert(!ok || serial > revoked);
        if (!ok) assert(!spent(amount, 0, ""));
    }
}
