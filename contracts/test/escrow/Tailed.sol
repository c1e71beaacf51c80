// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Ballot} from "../../src/types/Ballot.sol";

/// @notice Calls whose tail lies behind the encoded arguments.
library Tailed {
    /// @notice Calls, and reverts as the callee does.
    function sent(address to, bytes memory data) internal returns (bytes memory answer) {
        bool done;
        (done, answer) = to.call(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    /// @notice The same as a view.
    function asked(address whom, bytes memory data) internal view returns (bytes memory answer) {
        bool done;
        (done, answer) = whom.staticcall(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    function claim(uint256[17] memory terms, uint256 head, bytes32 manifest, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IDealEscrow.claim, (head, manifest, terms)), tail);
    }

    function verdict(uint256[10] memory terms, Ballot b, bytes32 evidence, bytes32 votes, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IDealEscrow.verdict, (b, evidence, votes, terms)), tail);
    }

    function cosign(uint256[10] memory terms, Ballot b, bytes32 evidence, bytes32 votes, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IDealEscrow.cosign, (b, evidence, votes, terms)), tail);
    }

    function consent(uint256[10] memory terms, Ballot b, bytes32 evidence, bytes32 votes, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IDealEscrow.consent, (b, evidence, votes, terms)), tail);
    }

    function payoutAndRate(uint256[10] memory terms, uint256 head, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IDealEscrow.payoutAndRate, (head, terms)), tail);
    }

    function testify(
        uint256[10] memory terms,
        Ballot b,
        bytes32 evidence,
        bytes32 votes,
        uint8 index,
        bytes memory tail
    ) internal pure returns (bytes memory) {
        return bytes.concat(abi.encodeCall(IJuryPool.testify, (b, evidence, votes, index, terms)), tail);
    }

    function rule(uint256[10] memory terms, Ballot b, bytes32 evidence, bytes32 votes, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IJuryPool.rule, (b, evidence, votes, terms)), tail);
    }

    function redraw(uint256[10] memory terms, uint256 head, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IJuryPool.redraw, (head, terms)), tail);
    }

    function drawn(uint256[10] memory terms, uint256 head, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodeCall(IJuryPool.drawn, (head, terms)), tail);
    }
}
