// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The randomness of a public beacon, proven on chain
interface IDrandBeacon {
    /// @notice `round` was proven for the first time. Who brought the proof does not matter: it is unique.
    event Proven(uint64 indexed round, bytes32 randomness);

    /// @notice Checks the beacon's signature of `round`, keeps and returns its randomness.
    /// @param signature The point on G1, uncompressed: 96 bytes, `x ‖ y`.
    function prove(uint64 round, bytes calldata signature) external returns (bytes32 randomness);

    /// @notice The randomness of a proven round, exactly as the beacon publishes it; zero if nobody has proven it.
    function randomness(uint64 round) external view returns (bytes32);

    /// @notice The time of round 1, in Unix seconds.
    function genesis() external view returns (uint40);

    /// @notice Seconds between two rounds.
    function period() external view returns (uint32);

    /// @notice The last round that the beacon has published at `timestamp`, in Unix seconds; zero before round 1.
    function roundAt(uint256 timestamp) external view returns (uint64);
}
