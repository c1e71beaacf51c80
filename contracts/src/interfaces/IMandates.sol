// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Approve, Mandate, Revoke} from "../types/Mandate.sol";

/// @title Mandates: which agent speaks for which principal, and up to what
/// @notice One mandate per (agent, spender contract). The principal and the agent both sign it; the principal alone
/// revokes it. The spender asks `spend` before it takes the principal's money and `principalOf` before it
/// believes an agent. EIP-712 domain: "Mandates", "1".
/// No owner, no allow-list of spenders: a spender can only use up mandates that name it.
interface IMandates {
    /// @notice The whole mandate, so that the state can be rebuilt from logs, in the words of MandateWords.
    /// @param spent micro-USDC carried over from the mandate before it, already decayed.
    event Granted(
        address indexed agent,
        address indexed principal,
        address indexed spender,
        uint256[6] mandate,
        uint64 spent
    );
    event Revoked(address indexed agent, address indexed principal, address indexed spender, uint16 serial);
    /// @param spend amount 64, what is counted against the period after this spend 64, and whether it was approved 1.
    event Spent(address indexed agent, address indexed principal, bytes32 indexed deal, uint256 spend);

    error ZeroAddress();
    error AgentIsPrincipal(address account);
    error NoPeriod();
    /// A grant or revocation that does not go beyond what is known.
    error SerialTooLow(uint16 serial, uint16 highest);
    error NotYetValid(uint40 validFrom, uint256 timestamp);
    error Expired(uint40 validUntil, uint256 timestamp);
    error BadSignature(address signer, bytes32 digest);
    /// The agent already serves another principal before this spender, who has to revoke first.
    error ServesAnother(address agent, address principal);
    error NoMandate(address agent, address spender);
    error WrongPrincipal(address named, address mandated);
    error OutOfScope(uint32 wanted, uint32 scopes);
    error OverPeriod(uint256 spent, uint64 perPeriod);
    error ApprovalMissing(uint64 amount, uint64 humanAbove);
    error ApprovalExpired(uint40 until, uint256 timestamp);

    /// @notice Puts a mandate in force. Anyone may send it.
    /// @dev The serial must be above that of every earlier mandate of (agent, spender) and above every serial its
    /// principal has burnt; otherwise an old signed mandate could undo a revocation or a lower limit. What was
    /// spent is carried over, so that a new grant does not open a second period limit.
    /// @param mandate what both have signed, as MandateWords describes it.
    function grant(
        bytes calldata principalSignature,
        bytes calldata agentSignature,
        uint256[6] calldata mandate
    ) external;

    /// @notice Burns every serial up to `r.serial` that `principal` has given or will have given to (agent, spender).
    /// Works before any grant. Anyone may send it; the principal's signature decides.
    function revoke(Revoke calldata r, address principal, bytes calldata signature) external;

    /// @notice Counts `amount` against the mandate of (agent, msg.sender) or reverts.
    /// @dev At most `perPeriod` at once; what was spent decays linearly by `perPeriod` per `period`, so there is no
    /// edge at which two full limits meet. Above `humanAbove` needs an approval.
    /// @param scope the scopes the spender needs, all of them.
    /// @param approval empty, or abi.encode(uint40 until, bytes signature) of the principal's Approve(deal, until).
    function spend(
        address agent,
        address principal,
        uint32 scope,
        bytes32 deal,
        uint64 amount,
        bytes calldata approval
    ) external;

    /// @notice The principal for whom `agent` may act before `spender` now with all of `scope`; zero when nobody.
    function principalOf(address agent, address spender, uint32 scope) external view returns (address);

    /// @notice The mandate as kept. All zero when there was none; `validUntil` 0 when revoked.
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
        );

    /// @notice Micro-USDC that (agent, spender) could spend now, approvals aside.
    function available(address agent, address spender) external view returns (uint64);

    /// @notice Highest serial that `principal` has burnt for (agent, spender).
    function burntSerial(address principal, address agent, address spender) external view returns (uint16);

    /// @notice EIP-712 digests, for golden vectors.
    function mandateDigest(Mandate calldata mandate) external view returns (bytes32);
    function revokeDigest(Revoke calldata r) external view returns (bytes32);
    function approveDigest(Approve calldata a) external view returns (bytes32);
    function domainSeparator() external view returns (bytes32);
}
