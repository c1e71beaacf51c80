// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMandates} from "./interfaces/IMandates.sol";
import {Eip712} from "./law/Eip712.sol";
import {Signatures} from "./law/Signatures.sol";
import {Hashes} from "./types/Hashes.sol";
import {Approve, Mandate, MandateWords, Revoke} from "./types/Mandate.sol";

/// @title Mandates
/// @notice See IMandates. The only calls out of here are STATICCALLs to ERC-1271 wallets, so nothing can reenter.
contract Mandates is IMandates, Eip712 {
    using MandateWords for uint256[6];

    /// @dev Two words. Times that must last are uint40; `spentAt` is uint32 seconds and lasts until 2106.
    struct Authority {
        address principal;
        uint40 validUntil; // 0: revoked
        uint32 scopes;
        uint16 serial; // highest ever seen for (agent, spender)
        uint64 humanAbove;
        uint64 perPeriod;
        uint64 spent;
        uint32 spentAt;
        uint32 period;
    }

    mapping(address agent => mapping(address spender => Authority)) private authorities;
    mapping(address principal => mapping(address agent => mapping(address spender => uint16))) private burnt;

    constructor() Eip712("Mandates") {}

    function grant(
        bytes calldata principalSignature,
        bytes calldata agentSignature,
        uint256[6] calldata mandate
    ) external {
        (address agent, address principal, address spender) =
            (mandate.agent(), mandate.principal(), mandate.spender());
        require(agent != address(0) && principal != address(0) && spender != address(0), ZeroAddress());
        require(agent != principal, AgentIsPrincipal(agent));
        require(mandate.period() != 0, NoPeriod());
        _requireTime(mandate.validFrom(), mandate.validUntil());
        Authority storage kept = authorities[agent][spender];
        uint256 spent = _carried(kept, mandate);
        bytes32 digest = _digest(mandate.structHash());
        _requireSigned(principal, digest, principalSignature);
        _requireSigned(agent, digest, agentSignature);

        _keep(kept, mandate, spent);
        emit Granted(agent, principal, spender, mandate, uint64(spent));
    }

    function revoke(Revoke calldata r, address principal, bytes calldata signature) external {
        uint16 burntUpTo = burnt[principal][r.agent][r.spender];
        require(r.serial > burntUpTo, SerialTooLow(r.serial, burntUpTo));
        _requireSigned(principal, revokeDigest(r), signature);

        burnt[principal][r.agent][r.spender] = r.serial;
        Authority storage kept = authorities[r.agent][r.spender];
        if (kept.principal == principal && kept.serial <= r.serial) {
            kept.serial = r.serial;
            kept.validUntil = 0;
        }
        emit Revoked(r.agent, principal, r.spender, r.serial);
    }

    function spend(
        address agent,
        address principal,
        uint32 scope,
        bytes32 deal,
        uint64 amount,
        bytes calldata approval
    ) external {
        Authority storage kept = authorities[agent][msg.sender];
        (uint256 who, uint256 limits) = _words(kept);
        _requireMandate(who, agent, principal, scope);
        uint256 spent = _decayed(limits) + amount;
        require(spent <= uint64(limits >> 64), OverPeriod(spent, uint64(limits >> 64)));
        bool approved = amount > uint64(limits);
        if (approved) _requireApproval(principal, deal, amount, uint64(limits), approval);

        _keepSpent(kept, limits, spent);
        emit Spent(agent, principal, deal, amount | spent << 64 | (approved ? uint256(1) << 128 : 0));
    }

    function principalOf(address agent, address spender, uint32 scope) external view returns (address) {
        Authority storage kept = authorities[agent][spender];
        uint256 who;
        assembly ("memory-safe") {
            who := sload(kept.slot)
        }
        bool valid = block.timestamp < uint40(who >> 160) && uint32(who >> 200) & scope == scope;
        return valid ? address(uint160(who)) : address(0);
    }

    function mandateOf(address agent, address spender)
        external
        view
        returns (
            address principal,
            uint40 validUntil,
            uint32 scopes,
            uint16 serial,
            uint64 humanAbove,
            uint64 perPeriod,
            uint32 period,
            uint64 spent,
            uint40 spentAt
        )
    {
        Authority storage kept = authorities[agent][spender];
        (principal, validUntil, scopes, serial) = (kept.principal, kept.validUntil, kept.scopes, kept.serial);
        (humanAbove, perPeriod, period) = (kept.humanAbove, kept.perPeriod, kept.period);
        (spent, spentAt) = (kept.spent, kept.spentAt);
    }

    function available(address agent, address spender) external view returns (uint64) {
        Authority storage kept = authorities[agent][spender];
        uint64 spent = _spentNow(kept);
        bool none = block.timestamp >= kept.validUntil || spent >= kept.perPeriod;
        return none ? 0 : kept.perPeriod - spent;
    }

    function burntSerial(address principal, address agent, address spender) external view returns (uint16) {
        return burnt[principal][agent][spender];
    }

    function mandateDigest(Mandate calldata m) public view returns (bytes32) {
        return _digest(Hashes.mandate(m));
    }

    function revokeDigest(Revoke calldata r) public view returns (bytes32) {
        return _digest(Hashes.revoke(r));
    }

    function approveDigest(Approve calldata a) external view returns (bytes32) {
        return _digest(Hashes.approve(a.deal, a.until));
    }

    function domainSeparator() external view returns (bytes32) {
        return _domain();
    }

    function _requireTime(uint40 validFrom, uint40 validUntil) private view {
        require(block.timestamp >= validFrom, NotYetValid(validFrom, block.timestamp));
        require(block.timestamp < validUntil, Expired(validUntil, block.timestamp));
    }

    /// @dev What was spent and still counts, if the mandate may take the place of the one that is kept.
    function _carried(Authority storage kept, uint256[6] calldata m) private view returns (uint256) {
        (uint256 who, uint256 limits) = _words(kept);
        _requireFree(m, who);
        return _decayed(limits);
    }

    /// @dev The serial is above all that were granted or burnt, and the agent serves nobody else.
    function _requireFree(uint256[6] calldata m, uint256 who) private view {
        (uint16 serial, uint16 highest) = (m.serial(), uint16(who >> 232));
        require(serial > highest, SerialTooLow(serial, highest));
        uint16 burntUpTo = burnt[m.principal()][m.agent()][m.spender()];
        require(serial > burntUpTo, SerialTooLow(serial, burntUpTo));
        address served = address(uint160(who));
        bool free = served == m.principal() || block.timestamp >= uint40(who >> 160);
        require(free, ServesAnother(m.agent(), served));
    }

    function _requireMandate(uint256 who, address agent, address principal, uint32 scope) private view {
        address mandated = address(uint160(who));
        require(mandated != address(0), NoMandate(agent, msg.sender));
        require(mandated == principal, WrongPrincipal(principal, mandated));
        uint40 validUntil = uint40(who >> 160);
        require(block.timestamp < validUntil, Expired(validUntil, block.timestamp));
        require(uint32(who >> 200) & scope == scope, OutOfScope(scope, uint32(who >> 200)));
    }

    /// @dev Both words of an authority, in the layout of the struct: principal, validUntil, scopes, serial from the lowest
    /// bit up; humanAbove, perPeriod, spent, spentAt, period. A field read by itself would load its word again.
    function _words(Authority storage kept) private view returns (uint256 who, uint256 limits) {
        assembly ("memory-safe") {
            who := sload(kept.slot)
            limits := sload(add(kept.slot, 1))
        }
    }

    function _keep(Authority storage kept, uint256[6] calldata m, uint256 spent) private {
        uint256 who = uint160(m.principal()) | uint256(m.validUntil()) << 160;
        who |= uint256(m.scopes()) << 200 | uint256(m.serial()) << 232;
        uint256 limits = m.humanAbove() | uint256(m.perPeriod()) << 64 | spent << 128;
        limits |= uint256(uint32(block.timestamp)) << 192 | uint256(m.period()) << 224;
        assembly ("memory-safe") {
            sstore(kept.slot, who)
            sstore(add(kept.slot, 1), limits)
        }
    }

    function _keepSpent(Authority storage kept, uint256 limits, uint256 spent) private {
        uint256 rest = limits & ~(uint256(type(uint96).max) << 128);
        uint256 word = rest | spent << 128 | uint256(uint32(block.timestamp)) << 192;
        assembly ("memory-safe") {
            sstore(add(kept.slot, 1), word)
        }
    }

    function _spentNow(Authority storage kept) private view returns (uint64) {
        (, uint256 limits) = _words(kept);
        return uint64(_decayed(limits));
    }

    /// @dev What is still counted: it decays by `perPeriod` per `period`, rounded against the agent.
    function _decayed(uint256 limits) private view returns (uint256) {
        uint256 spent = uint64(limits >> 128);
        if (spent == 0) return 0;
        uint256 passed = block.timestamp - uint32(limits >> 192);
        uint256 decayed = uint64(limits >> 64) * passed / (limits >> 224);
        return decayed >= spent ? 0 : spent - decayed;
    }

    /// @dev `approval` is abi.encode(uint40 until, bytes signature): the word `until`, the offset 64, the length, the bytes.
    function _requireApproval(
        address principal,
        bytes32 deal,
        uint64 amount,
        uint64 humanAbove,
        bytes calldata approval
    ) private view {
        require(approval.length >= 96, ApprovalMissing(amount, humanAbove));
        uint40 until = uint40(uint256(bytes32(approval[:32])));
        require(block.timestamp <= until, ApprovalExpired(until, block.timestamp));
        uint256 length = uint256(bytes32(approval[64:96]));
        require(length <= approval.length - 96, ApprovalMissing(amount, humanAbove));
        _requireSigned(principal, _digest(Hashes.approve(deal, until)), approval[96:96 + length]);
    }

    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) private view {
        require(Signatures.signed(signer, digest, signature), BadSignature(signer, digest));
    }
}
