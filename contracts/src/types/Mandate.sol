// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A principal's authority to one agent before one spender contract. Field order is the EIP-712 type `Mandate`.
struct Mandate {
    address agent;
    address principal;
    address spender; // the contract in which the agent may bind the principal, a DealEscrow
    bytes32 card; // id of the agent card that the principal has seen
    uint256 agentId; // ERC-8004 id, 0 for none
    uint64 humanAbove; // micro-USDC; a single spend above it needs the principal's Approve
    uint64 perPeriod; // micro-USDC
    uint32 period; // seconds
    uint32 scopes; // SCOPE_BUY, SCOPE_SELL; further bits are for policies outside the chain
    uint40 validFrom;
    uint40 validUntil; // first second at which the mandate no longer holds
    bytes32 policy;
    uint16 serial; // must grow with every grant to the same agent and spender
}

// The agent may commit the principal's credit as a buyer.
uint32 constant SCOPE_BUY = 1;
// The agent may sell for the principal, and put down bonds and appeal deposits from its credit.
uint32 constant SCOPE_SELL = 2;

struct Revoke {
    address agent;
    address spender;
    uint16 serial; // every serial up to and including this one is burnt
}

struct Approve {
    bytes32 deal;
    uint40 until;
}
