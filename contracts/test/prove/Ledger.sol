// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What the proofs need of USDC: balances, of which none is lost or made, and a list of those it refuses. Whose
/// authorization it takes is the token's own affair, so it takes all.
contract Ledger {
    mapping(address owner => uint256) public balanceOf;
    mapping(address owner => bool) public isBlacklisted;

    function put(address owner, uint256 amount) external {
        balanceOf[owner] = amount;
    }

    function refuse(address owner) external {
        isBlacklisted[owner] = true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 amount,
        uint256,
        uint256,
        bytes32,
        bytes calldata
    ) external {
        require(msg.sender == to);
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        require(!isBlacklisted[from] && !isBlacklisted[to]);
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}
