// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Authorizations} from "./Authorizations.sol";
import {Minting} from "./Minting.sol";
import {Permits} from "./Permits.sol";

/// @title A USDC for chains that have none
/// @notice Behaves as FiatToken v2.2, the USDC of Base, where a caller can tell: EIP-20, EIP-2612 and EIP-3009
/// with both kinds of signature, a blacklist in the balance word, a pause, minters, six decimals, the same
/// events and revert texts. It stands behind `TestUsdcProxy`, as the real one stands behind its proxy.
/// @dev Absent: the rescuer of stray tokens, and the migrations of earlier versions (one `initialize` replaces
/// four). Never deployed where real USDC exists.
contract TestUsdc is Minting, Permits, Authorizations {
    string public symbol;
    string public currency;
    uint8 public decimals;
    bool private initialized;

    /// @dev The code behind the proxy keeps no state of its own that somebody could own.
    constructor() {
        initialized = true;
    }

    function initialize(
        string calldata tokenName,
        string calldata tokenSymbol,
        string calldata tokenCurrency,
        uint8 tokenDecimals,
        address newMasterMinter,
        address newPauser,
        address newBlacklister,
        address newOwner
    ) external {
        require(!initialized, "FiatToken: contract is already initialized");
        require(newMasterMinter != address(0), "FiatToken: new masterMinter is the zero address");
        require(newPauser != address(0), "FiatToken: new pauser is the zero address");
        require(newBlacklister != address(0), "FiatToken: new blacklister is the zero address");
        require(newOwner != address(0), "FiatToken: new owner is the zero address");
        name = tokenName;
        symbol = tokenSymbol;
        currency = tokenCurrency;
        decimals = tokenDecimals;
        masterMinter = newMasterMinter;
        pauser = newPauser;
        blacklister = newBlacklister;
        owner = newOwner;
        initialized = true;
    }
}
