// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Appeals} from "./escrow/Appeals.sol";
import {Credits} from "./escrow/Credits.sol";
import {EscrowState} from "./escrow/EscrowState.sol";
import {Opening} from "./escrow/Opening.sol";

/// @title DealEscrow
/// @notice See IDealEscrow. Here are only the batches: calls of this contract to itself, each under its own gas cap, so
/// that an item that fails is an event and a hostile wallet or jury in one item costs the others nothing.
contract DealEscrow is Credits, Opening, Appeals {
    uint256 private constant ITEM_GAS = 700_000;
    uint256 private constant REASON_BYTES = 128;

    /// @param usdc_ USDC of this chain. @param mandates_ the Mandates contract that mandated sides must name.
    /// @param grace_ seconds: claims after the due time, the window of a failing verdict where the terms say 0, and
    /// cosigning after the close. @param appealLimit_ seconds after which an appeal without a ruling is over; must leave
    /// the jury time for a ruling, a redraw and another ruling.
    constructor(address usdc_, address mandates_, uint40 grace_, uint40 appealLimit_)
        EscrowState(usdc_, mandates_, grace_, appealLimit_)
    {}

    function payoutMany(uint256[10][] calldata deals) external {
        for (uint256 i = 0; i < deals.length; ++i) {
            _item(i, abi.encodeCall(this.payout, (deals[i])));
        }
    }

    function settleMany(bytes[] calldata calls) external {
        uint256 count = calls.length;
        for (uint256 i = 0; i < count;) {
            bytes calldata item = calls[i];
            bytes4 selector = bytes4(item);
            require(_batchable(selector), NotBatchable(selector));
            _item(i, item);
            unchecked {
                ++i;
            }
        }
    }

    /// @dev Only functions to which the sender does not matter: here the sender is this contract.
    function _batchable(bytes4 s) private pure returns (bool) {
        return s == this.release.selector || s == this.cancel.selector || s == this.claim.selector
            || s == this.verdict.selector || s == this.cosign.selector || s == this.consent.selector
            || s == this.payout.selector || s == this.rule.selector || s == this.timeout.selector
            || s == this.payJurors.selector || s == this.rate.selector || s == this.payoutAndRate.selector;
    }

    /// @dev The gas is checked first: an item must fail by its own fault, not for what the sender left out.
    function _item(uint256 index, bytes memory data) private {
        uint256 wanted = ITEM_GAS + ITEM_GAS / 32;
        require(gasleft() >= wanted, GasTooLow(gasleft(), wanted));
        (uint256 cap, uint256 most) = (ITEM_GAS, REASON_BYTES);
        bool done;
        bytes memory reason;
        assembly ("memory-safe") {
            done := call(cap, address(), 0, add(data, 0x20), mload(data), 0, 0)
            if iszero(done) {
                let size := returndatasize()
                if gt(size, most) { size := most }
                reason := mload(0x40)
                mstore(reason, size)
                returndatacopy(add(reason, 0x20), 0, size)
                mstore(0x40, add(reason, 0xa0))
            }
        }
        if (!done) emit ItemFailed(index, bytes4(data), reason);
    }
}
