// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Locked} from "../../src/law/Locked.sol";

/// @notice A token that keeps its accounts honestly and answers as it likes; and which may call back while it moves money, as
/// an upgraded USDC could.
contract MoodyToken {
    enum Mood {
        Honest,
        CallingBack,
        AnsweringFalse,
        AnsweringNothing,
        Reverting
    }

    Mood public mood;
    mapping(address => uint256) public balanceOf;
    address private target;
    bytes private reentry;
    uint256 public calledBack;
    uint256 public letIn;
    uint256 public otherwiseRefused;

    function turn(Mood mood_, address target_, bytes calldata reentry_) external {
        (mood, target, reentry) = (mood_, target_, reentry_);
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function isBlacklisted(address) external pure returns (bool) {
        return false;
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
        require(mood < Mood.AnsweringFalse);
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (mood == Mood.AnsweringFalse) return false;
        if (mood == Mood.AnsweringNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        require(mood != Mood.Reverting && balanceOf[from] >= amount);
        if (mood == Mood.CallingBack) _callBack();
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }

    function _callBack() private {
        (bool done, bytes memory answer) = target.call(reentry);
        ++calledBack;
        if (done) ++letIn;
        else if (bytes4(answer) != Locked.Reentered.selector) ++otherwiseRefused;
    }
}
