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
    uint256 private constant ACCOUNT = 20; // bytes
    uint256 private constant SIGNATURE = 64;

    /// @notice Reads `size` members from `from` on in calldata: 64 bytes (EIP-2098) of each whose bit is in `signers`, 20
    /// of each other. No bit of `signers` stands above the `size` members'.
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
        (panel, end, flawed) = _read(c, signers | uint256(1) << size, size, from, digest);
        unchecked {
            votes = (end - from - size * ACCOUNT) / (SIGNATURE - ACCOUNT);
        }
    }

    /// @dev The highest of `bits` stands behind the last member. The word before the first member is the list's length,
    /// below any account. ecrecover reads digest, v, r and s from the first four words of memory, where the third is
    /// the end of what is allocated and the fourth is zero for Solidity: both are so again afterwards. It answers into
    /// the list, and leaves the zero there when nobody could have signed.
    function _read(Core c, uint256 bits, uint256 size, uint256 from, bytes32 digest)
        private
        view
        returns (address[] memory panel, uint256 end, bool flawed)
    {
        uint256 most = HALF_N;
        assembly ("memory-safe") {
            panel := mload(0x40)
            mstore(panel, size)
            mstore(0x00, digest)
            let buyer := mload(c)
            let seller := mload(add(c, 0x20))
            let buyerPay := mload(add(c, 0x40))
            let sellerPay := mload(add(c, 0x60))
            end := from
            let to := add(panel, 0x20)
            for {} gt(bits, 1) { bits := shr(1, bits) } {
                switch and(bits, 1)
                case 0 {
                    mstore(to, shr(96, calldataload(end)))
                    end := add(end, ACCOUNT)
                }
                default {
                    let s := calldataload(add(end, 0x20))
                    mstore(0x20, add(27, shr(255, s)))
                    mstore(0x40, calldataload(end))
                    s := shr(1, shl(1, s))
                    mstore(0x60, s)
                    flawed := or(flawed, gt(s, most))
                    mstore(to, 0)
                    pop(staticcall(gas(), 0x01, 0x00, 0x80, to, 0x20))
                    end := add(end, SIGNATURE)
                }
                let member := mload(to)
                flawed := or(flawed, iszero(gt(member, mload(sub(to, 0x20)))))
                flawed := or(flawed, or(eq(member, buyer), eq(member, seller)))
                flawed := or(flawed, or(eq(member, buyerPay), eq(member, sellerPay)))
                to := add(to, 0x20)
            }
            mstore(0x40, to)
            mstore(0x60, 0)
        }
    }
}
