// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice ERC-721's question to a contract that is about to own a token.
interface IERC721Receiver {
    function onERC721Received(address operator, address from, uint256 tokenId, bytes calldata data)
        external
        returns (bytes4);
}

/// @title The token that an agent's registration is
/// @notice ERC-721 with a URI per token. Whoever owns the token, or acts for its owner, speaks for the agent.
abstract contract AgentToken {
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);

    error ERC721NonexistentToken(uint256 tokenId);
    error ERC721InsufficientApproval(address operator, uint256 tokenId);
    error ERC721IncorrectOwner(address sender, uint256 tokenId, address owner);
    error ERC721InvalidReceiver(address receiver);

    string public constant name = "AgentIdentity";
    string public constant symbol = "AGENT";

    mapping(address owner => uint256) public balanceOf;
    mapping(address owner => mapping(address operator => bool)) public isApprovedForAll;
    mapping(uint256 tokenId => address) private owners;
    mapping(uint256 tokenId => address) private approved;
    mapping(uint256 tokenId => string) private uris;

    function ownerOf(uint256 tokenId) public view returns (address owner) {
        owner = owners[tokenId];
        require(owner != address(0), ERC721NonexistentToken(tokenId));
    }

    function getApproved(uint256 tokenId) external view returns (address) {
        ownerOf(tokenId);
        return approved[tokenId];
    }

    function tokenURI(uint256 tokenId) external view returns (string memory) {
        ownerOf(tokenId);
        return uris[tokenId];
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        // ERC-165, ERC-721 and its metadata, ERC-4906.
        return id == 0x01ffc9a7 || id == 0x80ac58cd || id == 0x5b5e139f || id == 0x49064906;
    }

    /// @notice Whether `spender` owns this agent or acts for its owner.
    function isAuthorizedOrOwner(address spender, uint256 agentId) public view returns (bool) {
        address owner = ownerOf(agentId);
        return spender == owner || spender == approved[agentId] || isApprovedForAll[owner][spender];
    }

    function approve(address to, uint256 tokenId) external {
        address owner = ownerOf(tokenId);
        require(
            msg.sender == owner || isApprovedForAll[owner][msg.sender],
            ERC721InsufficientApproval(msg.sender, tokenId)
        );
        approved[tokenId] = to;
        emit Approval(owner, to, tokenId);
    }

    function setApprovalForAll(address operator, bool allowed) external {
        isApprovedForAll[msg.sender][operator] = allowed;
        emit ApprovalForAll(msg.sender, operator, allowed);
    }

    function transferFrom(address from, address to, uint256 tokenId) public {
        require(isAuthorizedOrOwner(msg.sender, tokenId), ERC721InsufficientApproval(msg.sender, tokenId));
        require(ownerOf(tokenId) == from, ERC721IncorrectOwner(from, tokenId, ownerOf(tokenId)));
        require(to != address(0), ERC721InvalidReceiver(to));
        _beforeTransfer(tokenId);
        delete approved[tokenId];
        --balanceOf[from];
        ++balanceOf[to];
        owners[tokenId] = to;
        emit Transfer(from, to, tokenId);
    }

    function safeTransferFrom(address from, address to, uint256 tokenId) external {
        safeTransferFrom(from, to, tokenId, "");
    }

    function safeTransferFrom(address from, address to, uint256 tokenId, bytes memory data) public {
        transferFrom(from, to, tokenId);
        _requireReceiver(from, to, tokenId, data);
    }

    /// @dev What must be forgotten when an agent changes hands.
    function _beforeTransfer(uint256 tokenId) internal virtual;

    function _mint(address to, uint256 tokenId) internal {
        ++balanceOf[to];
        owners[tokenId] = to;
        emit Transfer(address(0), to, tokenId);
        _requireReceiver(address(0), to, tokenId, "");
    }

    function _setTokenURI(uint256 tokenId, string memory uri) internal {
        uris[tokenId] = uri;
    }

    function _requireReceiver(address from, address to, uint256 tokenId, bytes memory data) private {
        if (to.code.length == 0) return;
        try IERC721Receiver(to).onERC721Received(msg.sender, from, tokenId, data) returns (bytes4 answer) {
            require(answer == IERC721Receiver.onERC721Received.selector, ERC721InvalidReceiver(to));
        } catch {
            revert ERC721InvalidReceiver(to);
        }
    }
}
