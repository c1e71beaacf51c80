// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgentToken} from "./AgentToken.sol";

/// @notice EIP-1271: a contract's word on a signature.
interface IERC1271 {
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4);
}

/// @title ERC-8004's identity registry, for chains that have none
/// @notice Registers agents and keeps what they say of themselves: a URI, entries by key, and the wallet that
/// they act from, which has itself signed that it is theirs.
/// @dev The ABI, events and rules are those of the registry on Base. Absent: its proxy and the owner who may
/// exchange its code.
contract TestIdentityRegistry is AgentToken {
    struct MetadataEntry {
        string metadataKey;
        bytes metadataValue;
    }

    event Registered(uint256 indexed agentId, string agentURI, address indexed owner);
    event MetadataSet(
        uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue
    );
    event URIUpdated(uint256 indexed agentId, string newURI, address indexed updatedBy);

    /// @dev Written by its own functions only: an entry under this key is proof of a wallet's consent.
    string private constant WALLET_KEY = "agentWallet";
    uint256 private constant WALLET_DEADLINE_SECS_MAX = 5 minutes;
    bytes32 private constant WALLET_TYPEHASH =
        keccak256("AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)");
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    uint256 private registered;
    mapping(uint256 agentId => mapping(string key => bytes)) private metadata;

    modifier onlyAuthorized(uint256 agentId) {
        require(isAuthorizedOrOwner(msg.sender, agentId), "Not authorized");
        _;
    }

    function register() external returns (uint256 agentId) {
        return register("", new MetadataEntry[](0));
    }

    function register(string memory agentURI) external returns (uint256 agentId) {
        return register(agentURI, new MetadataEntry[](0));
    }

    function register(string memory agentURI, MetadataEntry[] memory entries)
        public
        returns (uint256 agentId)
    {
        agentId = registered++;
        _setTokenURI(agentId, agentURI);
        emit Registered(agentId, agentURI, msg.sender);
        _setMetadata(agentId, WALLET_KEY, abi.encodePacked(msg.sender));
        for (uint256 i = 0; i < entries.length; ++i) {
            _requireFree(entries[i].metadataKey);
            _setMetadata(agentId, entries[i].metadataKey, entries[i].metadataValue);
        }
        _mint(msg.sender, agentId);
    }

    function setAgentURI(uint256 agentId, string calldata newURI) external onlyAuthorized(agentId) {
        _setTokenURI(agentId, newURI);
        emit URIUpdated(agentId, newURI, msg.sender);
    }

    function getMetadata(uint256 agentId, string calldata key) external view returns (bytes memory) {
        return metadata[agentId][key];
    }

    function setMetadata(uint256 agentId, string calldata key, bytes calldata value)
        external
        onlyAuthorized(agentId)
    {
        _requireFree(key);
        _setMetadata(agentId, key, value);
    }

    /// @notice The account that this agent acts from; zero when none has consented since the last transfer.
    function getAgentWallet(uint256 agentId) external view returns (address) {
        return address(bytes20(metadata[agentId][WALLET_KEY]));
    }

    /// @param signature By the new wallet, over `AgentWalletSet`.
    function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes calldata signature)
        external
        onlyAuthorized(agentId)
    {
        require(newWallet != address(0), "bad wallet");
        require(block.timestamp <= deadline, "expired");
        require(deadline <= block.timestamp + WALLET_DEADLINE_SECS_MAX, "deadline too far");
        bytes32 structHash =
            keccak256(abi.encode(WALLET_TYPEHASH, agentId, newWallet, ownerOf(agentId), deadline));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", _domainSeparator(), structHash));
        require(_isSigned(newWallet, digest, signature), "invalid wallet sig");
        _setMetadata(agentId, WALLET_KEY, abi.encodePacked(newWallet));
    }

    function unsetAgentWallet(uint256 agentId) external onlyAuthorized(agentId) {
        _setMetadata(agentId, WALLET_KEY, "");
    }

    function _beforeTransfer(uint256 agentId) internal override {
        _setMetadata(agentId, WALLET_KEY, "");
    }

    function _setMetadata(uint256 agentId, string memory key, bytes memory value) private {
        metadata[agentId][key] = value;
        emit MetadataSet(agentId, key, key, value);
    }

    function _requireFree(string memory key) private pure {
        require(keccak256(bytes(key)) != keccak256(bytes(WALLET_KEY)), "reserved key");
    }

    function _domainSeparator() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256("ERC8004IdentityRegistry"),
                keccak256("1"),
                block.chainid,
                address(this)
            )
        );
    }

    function _isSigned(address wallet, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (wallet.code.length > 0) {
            return IERC1271(wallet).isValidSignature(digest, signature) == IERC1271.isValidSignature.selector;
        }
        if (signature.length != 65) return false;
        return
            ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]))
                == wallet;
    }
}
