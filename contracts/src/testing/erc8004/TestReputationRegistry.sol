// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgentToken} from "./AgentToken.sol";

/// @title ERC-8004's reputation registry, for chains that have none
/// @notice Anybody but an agent's own side may say what it thinks of the agent; the agent may answer.
/// @dev The ABI, events and rules are those of the registry on Base. Absent: the proxy and its owner, and the
/// two readers that loop over all feedback (`getSummary`, `readAllFeedback`): feedback that names no deal is
/// not counted by anybody here, so nothing adds it up on chain.
contract TestReputationRegistry {
    struct Feedback {
        int128 value;
        uint8 valueDecimals;
        bool isRevoked;
        string tag1;
        string tag2;
    }

    event NewFeedback(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        int128 value,
        uint8 valueDecimals,
        string indexed indexedTag1,
        string tag1,
        string tag2,
        string endpoint,
        string feedbackURI,
        bytes32 feedbackHash
    );
    event FeedbackRevoked(
        uint256 indexed agentId, address indexed clientAddress, uint64 indexed feedbackIndex
    );
    event ResponseAppended(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        address indexed responder,
        string responseURI,
        bytes32 responseHash
    );

    int128 private constant VALUE_MAX = 1e38;

    address private immutable identities;
    mapping(uint256 agentId => address[]) private clients;
    mapping(uint256 agentId => mapping(address client => uint64)) private lastIndexes;
    mapping(uint256 agentId => mapping(address client => mapping(uint64 index => Feedback))) private feedback;

    constructor(address identityRegistry) {
        require(identityRegistry.code.length > 0, "bad identity");
        identities = identityRegistry;
    }

    function getIdentityRegistry() external view returns (address) {
        return identities;
    }

    function giveFeedback(
        uint256 agentId,
        int128 value,
        uint8 valueDecimals,
        string memory tag1,
        string memory tag2,
        string memory endpoint,
        string memory feedbackURI,
        bytes32 feedbackHash
    ) external {
        require(valueDecimals <= 18, "too many decimals");
        require(-VALUE_MAX <= value && value <= VALUE_MAX, "value too large");
        require(!AgentToken(identities).isAuthorizedOrOwner(msg.sender, agentId), "Self-feedback not allowed");

        uint64 index = ++lastIndexes[agentId][msg.sender];
        if (index == 1) clients[agentId].push(msg.sender);
        feedback[agentId][msg.sender][index] = Feedback(value, valueDecimals, false, tag1, tag2);
        emit NewFeedback(
            agentId,
            msg.sender,
            index,
            value,
            valueDecimals,
            tag1,
            tag1,
            tag2,
            endpoint,
            feedbackURI,
            feedbackHash
        );
    }

    function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external {
        _requireGiven(agentId, msg.sender, feedbackIndex);
        Feedback storage given = feedback[agentId][msg.sender][feedbackIndex];
        require(!given.isRevoked, "Already revoked");
        given.isRevoked = true;
        emit FeedbackRevoked(agentId, msg.sender, feedbackIndex);
    }

    function appendResponse(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        string calldata responseURI,
        bytes32 responseHash
    ) external {
        _requireGiven(agentId, clientAddress, feedbackIndex);
        require(bytes(responseURI).length > 0, "Empty URI");
        emit ResponseAppended(agentId, clientAddress, feedbackIndex, msg.sender, responseURI, responseHash);
    }

    function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex)
        external
        view
        returns (int128 value, uint8 valueDecimals, string memory tag1, string memory tag2, bool isRevoked)
    {
        _requireGiven(agentId, clientAddress, feedbackIndex);
        Feedback storage given = feedback[agentId][clientAddress][feedbackIndex];
        return (given.value, given.valueDecimals, given.tag1, given.tag2, given.isRevoked);
    }

    function getClients(uint256 agentId) external view returns (address[] memory) {
        return clients[agentId];
    }

    function getLastIndex(uint256 agentId, address clientAddress) external view returns (uint64) {
        return lastIndexes[agentId][clientAddress];
    }

    /// @dev Indexes start at 1.
    function _requireGiven(uint256 agentId, address client, uint64 index) private view {
        require(index > 0, "index must be > 0");
        require(index <= lastIndexes[agentId][client], "index out of bounds");
    }
}
