// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccords} from "../../src/interfaces/IAccords.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Nda} from "../../src/types/Nda.sol";
import {Vm} from "../base/Vm.sol";
import {JuryLogs} from "./JuryLogs.sol";

/// @notice What Mandates and Accords keep, rebuilt from what they say.
/// Mandates, slot 0: authorities, two words each. 1: burnt serials. Accords, slot 0: NDAs. 1: agreements.
abstract contract AuthorityLogs is JuryLogs {
    function readMandates(Vm.Log memory l) internal {
        bytes32 topic = l.topics[0];
        if (topic == IMandates.Granted.selector) _granted(l);
        else if (topic == IMandates.Revoked.selector) _revoked(l);
        else if (topic == IMandates.Spent.selector) _spent(l);
        else revert NotTrue("an event of the mandates");
    }

    function readAccords(Vm.Log memory l) internal {
        bytes32 topic = l.topics[0];
        if (topic == IAccords.Anchored.selector) {
            _anchored(l);
        } else if (topic == IAccords.AgreementAnchored.selector) {
            put(l.emitter, under(l.topics[1], bytes32(uint256(1))), time);
        } else if (topic == IAccords.BreachAlleged.selector) {
            _said(l, 120);
        } else if (topic == IAccords.DestructionAttested.selector) {
            _said(l, 136);
        } else {
            revert NotTrue("an event of the accords");
        }
    }

    // --- authorities: principal 160, validUntil 40, scopes 32, serial 16; humanAbove 64, perPeriod 64, spent 64,
    // spentAt 32, period 32 ---

    function _authorityAt(address agent, address spender, uint256 word) private pure returns (bytes32) {
        return bytes32(uint256(keccak256(abi.encode(spender, under(agent, 0)))) + word);
    }

    function _granted(Vm.Log memory l) private {
        (uint256[6] memory m, uint64 spent) = abi.decode(l.data, (uint256[6], uint64));
        (address agent, address spender) = (topicAddress(l, 1), topicAddress(l, 3));
        assertTrue(agent == address(uint160(m[0])) && spender == address(uint160(m[2])), "said twice");
        uint256 word = with(uint256(uint160(m[1])), 160, 40, field(m[0], 200, 40));
        word = with(with(word, 200, 32, m[2] >> 224), 232, 16, m[0] >> 240);
        put(l.emitter, _authorityAt(agent, spender, 0), word);
        word = with(with(field(m[1], 160, 64), 64, 64, field(m[2], 160, 64)), 128, 64, spent);
        word = with(with(word, 192, 32, time), 224, 32, m[1] >> 224);
        put(l.emitter, _authorityAt(agent, spender, 1), word);
    }

    function _revoked(Vm.Log memory l) private {
        (address agent, address principal, address spender) =
            (topicAddress(l, 1), topicAddress(l, 2), topicAddress(l, 3));
        uint256 serial = abi.decode(l.data, (uint16));
        put(
            l.emitter,
            keccak256(abi.encode(spender, keccak256(abi.encode(agent, under(principal, 1))))),
            serial
        );
        uint256 word = get(l.emitter, _authorityAt(agent, spender, 0));
        if (address(uint160(word)) != principal || field(word, 232, 16) > serial) return;
        put(l.emitter, _authorityAt(agent, spender, 0), with(with(word, 160, 40, 0), 232, 16, serial));
    }

    /// @dev Before which spender: before the escrow whose deal it is, which has said so in the same transaction.
    function _spent(Vm.Log memory l) private {
        (address agent, address spender) = (topicAddress(l, 1), known[l.topics[3]].escrow);
        assertTrue(spender != address(0), "a spend of a known deal");
        uint256 spend = abi.decode(l.data, (uint256));
        uint256 word = get(l.emitter, _authorityAt(agent, spender, 1));
        word = with(with(word, 128, 64, field(spend, 64, 64)), 192, 32, time);
        put(l.emitter, _authorityAt(agent, spender, 1), word);
    }

    // --- NDAs: anchoredAt 40, until 40, destroyBy 40, breachByA 8, breachByB 8, destroyedByA 8, destroyedByB 8 ---

    mapping(bytes32 nda => address) private firstParty;

    function _anchored(Vm.Log memory l) private {
        Nda memory n = abi.decode(l.data, (Nda));
        firstParty[l.topics[1]] = topicAddress(l, 2);
        uint256 word = with(with(time, 40, 40, n.until), 80, 40, n.destroyBy);
        put(l.emitter, under(l.topics[1], bytes32(0)), word);
    }

    function _said(Vm.Log memory l, uint256 shift) private {
        if (topicAddress(l, 2) != firstParty[l.topics[1]]) shift += 8;
        bytes32 place = under(l.topics[1], bytes32(0));
        put(l.emitter, place, with(get(l.emitter, place), shift, 8, 1));
    }
}
