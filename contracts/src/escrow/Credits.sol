// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Withdraw} from "../types/Deal.sol";
import {Hashes} from "../types/Hashes.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title Money that waits in the escrow for its owner
abstract contract Credits is EscrowState {
    bytes32 private constant DEPOSIT = keccak256("Deposit");

    function deposit(address owner, uint64 amount) external locked {
        require(owner != address(0), ZeroAddress());
        _credit(owner, bytes32(0), amount);
        require(USDC.transferFrom(msg.sender, address(this), amount), TransferFailed(address(this), amount));
    }

    function depositWithAuthorization(
        address owner,
        uint64 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external locked {
        _credit(owner, bytes32(0), amount);
        bytes32 authorization = keccak256(abi.encode(DEPOSIT, owner, salt));
        USDC.receiveWithAuthorization(
            owner, address(this), amount, validAfter, validBefore, authorization, signature
        );
    }

    function withdraw(address to, uint64 amount) external locked {
        _withdraw(msg.sender, to, amount, 0);
    }

    function withdrawFor(Withdraw calldata w, bytes calldata signature) external locked {
        require(block.timestamp <= w.until, SignatureExpired(w.until, block.timestamp));
        uint256 next = nonce[w.from];
        require(w.nonce == next, WrongNonce(w.nonce, next));
        _requireSigned(w.from, Hashes.withdrawal(w), signature);
        nonce[w.from] = next + 1;
        _withdraw(w.from, w.to, credits[w.from], next + 1);
    }

    /// @dev USDC itself refuses a blacklisted receiver; the owner is checked here, because its credit is held by this
    /// contract, which is not blacklisted.
    function _withdraw(address from, address to, uint256 amount, uint256 next) private {
        require(to != address(0), ZeroAddress());
        uint256 has = credits[from];
        require(amount != 0 && has >= amount, CreditTooLow(has, amount));
        require(to == from || !USDC.isBlacklisted(from), Blacklisted(from));
        unchecked {
            credits[from] = has - amount;
        }
        emit Withdrawn(from, to, amount | next << 64);
        require(_transfer(to, amount), TransferFailed(to, amount));
    }
}
