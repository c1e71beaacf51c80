// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What the rules say of an act before it is tried.
enum Leave {
    Refused,
    Either, // within the rounding that a contract may do against the agent
    Granted
}

/// What one agent may spend of one principal's credit, as far as it is known from grants, revocations and spends.
struct Warrant {
    address principal;
    uint40 validUntil;
    uint32 scopes;
    uint16 serial;
    uint64 humanAbove;
    uint64 perPeriod;
    uint40 since; // when `flow` was last brought forward
    uint16 rounded; // how often the contract may have rounded since nothing was counted
    int256 flow; // spent less leaked since the beginning, in micro-USDC times PERIOD
    int256 lowest; // the lowest that `flow` ever was
    uint256 spent; // ever
}

/// @title The period limit, worked out another way
/// @notice A mandate's counter decays by `perPeriod` per `period` and stops at zero. Here nothing stops: all spends less all
/// leakage is one number that may go as low as it likes, and what counts is how far it is above its lowest point. Equal
/// by the reflection principle, without a division and without rounding.
library Leaky {
    uint256 internal constant PERIOD = 1 days;

    function forward(Warrant storage w) internal {
        w.flow -= int256(uint256(w.perPeriod) * (block.timestamp - w.since));
        w.since = uint40(block.timestamp);
        if (w.flow + int256(uint256(w.rounded) * PERIOD) <= w.lowest) w.rounded = 0; // the contract's counter is at zero too
        if (w.flow < w.lowest) w.lowest = w.flow;
    }

    /// @dev In micro-USDC times PERIOD.
    function counted(Warrant storage w) internal view returns (uint256) {
        int256 now_ = w.flow - int256(uint256(w.perPeriod) * (block.timestamp - w.since));
        return now_ < w.lowest ? 0 : uint256(now_ - w.lowest);
    }

    /// @notice Whether the period has room for `amount`.
    function room(Warrant storage w, uint256 amount) internal view returns (Leave) {
        uint256 after_ = counted(w) + amount * PERIOD;
        if (after_ > uint256(w.perPeriod) * PERIOD) return Leave.Refused;
        return
            after_ + uint256(w.rounded) * PERIOD <= uint256(w.perPeriod) * PERIOD
                ? Leave.Granted
                : Leave.Either;
    }

    /// @notice Whether (agent, principal) may spend `amount` for `scope` now.
    function may(Warrant storage w, address principal, uint32 scope, uint256 amount, bool approved)
        internal
        view
        returns (Leave)
    {
        if (w.principal != principal || block.timestamp >= w.validUntil) return Leave.Refused;
        if (w.scopes & scope != scope) return Leave.Refused;
        if (amount > w.humanAbove && !approved) return Leave.Refused;
        return room(w, amount);
    }

    function speaksFor(Warrant storage w, address principal, uint32 scope) internal view returns (bool) {
        return w.principal == principal && block.timestamp < w.validUntil && w.scopes & scope == scope;
    }

    function spend(Warrant storage w, uint256 amount) internal {
        forward(w);
        w.flow += int256(amount * PERIOD);
        w.spent += amount;
        ++w.rounded;
    }
}
