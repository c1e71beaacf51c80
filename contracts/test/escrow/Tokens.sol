// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A token that answers `transfer` and `transferFrom` with a word, or with nothing, and moves nothing.
contract AnsweringToken {
    uint256 private answer;
    bool private silent;

    constructor(uint256 answer_, bool silent_) {
        (answer, silent) = (answer_, silent_);
    }

    function turn(uint256 answer_, bool silent_) external {
        (answer, silent) = (answer_, silent_);
    }

    function isBlacklisted(address) external pure returns (bool) {
        return false;
    }

    fallback() external {
        (uint256 word, uint256 size) = (answer, silent ? 0 : 32);
        assembly ("memory-safe") {
            mstore(0x00, word)
            return(0x00, size)
        }
    }
}

/// @notice A token that keeps a hundredth of each transfer.
contract FeeToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function isBlacklisted(address) external pure returns (bool) {
        return false;
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount - amount / 100;
        return true;
    }
}

/// @notice A token that calls back into whoever moves it, as an upgraded USDC could, and keeps what it heard.
contract ReenteringToken {
    bytes private reentry;
    bytes public answer;
    bool public done;

    function aim(bytes calldata reentry_) external {
        (reentry, answer, done) = (reentry_, "", false);
    }

    function transfer(address, uint256) external returns (bool) {
        return _callBack();
    }

    function transferFrom(address, address, uint256) external returns (bool) {
        return _callBack();
    }

    function receiveWithAuthorization(address, address, uint256, uint256, uint256, bytes32, bytes calldata)
        external
    {
        _callBack();
    }

    function isBlacklisted(address) external pure returns (bool) {
        return false;
    }

    function _callBack() private returns (bool) {
        if (reentry.length == 0) return true;
        (done, answer) = msg.sender.call(reentry);
        return true;
    }
}
