// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Core} from "../types/Packing.sol";

/// @title Who sits on a panel, and who of them signed with a key
/// @notice The way nearly every verdict goes, in one loop: of a member that signed, the tail holds only the signature, and
/// the address that it recovers to stands in the list in its place. A signature by anybody else makes another list, whose
/// hash is not the one in the terms.
library RollCall {
    /// @dev Half of the order of secp256k1: a signature with a higher `s` is a second form of a valid one (EIP-2).
    uint256 private constant HALF_N = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Reads `size` members from `from` on in calldata: 64 bytes (EIP-2098) of each whose bit is in `signers`, 20
    /// of each other.
    /// @return panel their addresses, in order.
    /// @return votes how many signed.
    /// @return end the offset behind what was read, for the caller to compare with what there is.
    /// @return flawed that they do not ascend strictly, or one is a party or a payee, or a signature is malleable or
    /// nobody's. Which of these, the caller finds out.
    function byKeys(Core c, uint256 signers, uint256 size, uint256 from, bytes32 digest)
        internal
        view
        returns (address[] memory panel, uint256 votes, uint256 end, bool flawed)
    {
        uint256 input;
        assembly ("memory-safe") {
            input := mload(0x40) // of ecrecover: digest, v, r, s
            mstore(input, digest)
            panel := add(input, 0x80)
            mstore(panel, size)
            mstore(0x40, add(add(panel, 0x20), shl(5, size)))
        }
        (votes, end, flawed) = _read(c, signers, size, from, input);
    }

    /// @dev Works on the list behind `input`. The word before the first member is the list's length, below any account.
    /// ecrecover answers into the list, and leaves the zero there when nobody could have signed.
    function _read(Core c, uint256 signers, uint256 size, uint256 from, uint256 input)
        private
        view
        returns (uint256 votes, uint256 end, bool flawed)
    {
        uint256 most = HALF_N;
        assembly ("memory-safe") {
            let buyer := mload(c)
            let seller := mload(add(c, 0x20))
            let buyerPay := mload(add(c, 0x40))
            let sellerPay := mload(add(c, 0x60))
            let to := add(input, 0xa0)
            for {} size { size := sub(size, 1) } {
                switch and(signers, 1)
                case 0 {
                    mstore(to, shr(96, calldataload(from)))
                    from := add(from, 20)
                }
                default {
                    let s := calldataload(add(from, 0x20))
                    mstore(add(input, 0x20), add(27, shr(255, s)))
                    mstore(add(input, 0x40), calldataload(from))
                    s := shr(1, shl(1, s))
                    mstore(add(input, 0x60), s)
                    flawed := or(flawed, gt(s, most))
                    mstore(to, 0)
                    pop(staticcall(gas(), 0x01, input, 0x80, to, 0x20))
                    from := add(from, 0x40)
                    votes := add(votes, 1)
                }
                signers := shr(1, signers)
                let member := mload(to)
                flawed := or(flawed, iszero(gt(member, mload(sub(to, 0x20)))))
                flawed := or(flawed, or(eq(member, buyer), eq(member, seller)))
                flawed := or(flawed, or(eq(member, buyerPay), eq(member, sellerPay)))
                to := add(to, 0x20)
            }
            end := from
        }
    }
}
