// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUsdc} from "../../src/interfaces/IUsdc.sol";
import {Usdc} from "../testing/usdc/Usdc.sol";
import {Meter} from "./Meter.sol";

/// @notice A contract that calls USDC as the escrow does, and does nothing else. The real token was measured through one that
/// keeps its address in storage. It passes on what it is called with, so that its own code costs the same however it is
/// compiled.
contract Till {
    IUsdc private usdc;

    constructor(address usdc_) {
        usdc = IUsdc(usdc_);
    }

    fallback() external {
        assembly ("memory-safe") {
            // Free memory is not used again: the call ends here.
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            if iszero(call(gas(), sload(usdc.slot), 0, m, calldatasize(), m, 0x20)) {
                revert(0, 0)
            }
            return(m, 0x20)
        }
    }
}

/// What the real USDC of Base costs (FiatTokenProxy before FiatTokenV2_2, solc 0.6.12, 10M runs), to one per cent:
/// otherwise no other figure of ours would be that of the chain.
contract UsdcGasTest is Usdc, Meter {
    uint256 private constant VALUE = 54 * USDC;
    IUsdc private till;

    function setUp() public override {
        super.setUp();
        till = IUsdc(address(new Till(address(usdc))));
        vm.prank(alice.addr);
        usdc.transfer(address(till), 200 * USDC);
        vm.prank(alice.addr);
        usdc.transfer(bob.addr, MICRO);
    }

    function check(string memory operation, uint256 real) private {
        uint256 gas_ = lastGas();
        if (!recording()) return;
        noted(operation, gas_);
        assertLe(real * 99 / 100, gas_, operation);
        assertLe(gas_, real * 101 / 100, operation);
    }

    function test_a_plain_transfer_costs_what_it_does_on_base() external {
        vm.prank(alice.addr);
        usdc.transfer(bob.addr, VALUE);
        check("usdc: plain transfer to a holder", 45_059);
    }

    function test_a_plain_transfer_to_a_new_holder_costs_what_it_does_on_base() external {
        vm.prank(alice.addr);
        usdc.transfer(relayer.addr, VALUE);
        check("usdc: plain transfer to a new holder", 62_159);
    }

    function test_a_contracts_transfer_costs_what_it_does_on_base() external {
        till.transfer(bob.addr, VALUE);
        check("usdc: transfer pushed by a contract", 50_466);
    }

    function test_a_contracts_transferFrom_costs_what_it_does_on_base() external {
        vm.prank(alice.addr);
        usdc.approve(address(till), VALUE);
        till.transferFrom(alice.addr, address(till), VALUE);
        check("usdc: transferFrom by a contract", 51_481);
    }

    function test_a_contracts_receiveWithAuthorization_costs_what_it_does_on_base() external {
        bytes32 typeHash = usdc.RECEIVE_WITH_AUTHORIZATION_TYPEHASH();
        bytes32 nonce = sha256("nonce");
        uint256 validBefore = block.timestamp + 300;
        bytes32 hash =
            keccak256(abi.encode(typeHash, alice.addr, address(till), VALUE, 0, validBefore, nonce));
        bytes memory signature = sign(alice, digest(hash));
        till.receiveWithAuthorization(alice.addr, address(till), VALUE, 0, validBefore, nonce, signature);
        check("usdc: receiveWithAuthorization by a contract", 90_529);
    }
}
