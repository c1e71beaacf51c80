// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandBeacon} from "../../src/DrandBeacon.sol";
import {Test} from "../base/Test.sol";

/// @notice The League of Entropy's quicknet: its parameters, and rounds as it published them.
abstract contract Quicknet is Test {
    uint40 internal constant GENESIS = 1_692_803_367;
    uint32 internal constant PERIOD = 3;

    bytes internal constant KEY = hex"03cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        hex"0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
        hex"01a714f2edb74119a2f2b0d5a7c75ba902d163700a61bc224ededd8e63aef7be1aaf8e93d7a9718b047ccddb3eb5d68b"
        hex"0e5db2b6bfbb01c867749cadffca88b36c24f3012ba09fc4d3022c5c37dce0f977d3adb5d183c7477c442b1f04515273";

    uint64 internal constant ROUND_123 = 123;
    bytes32 internal constant RANDOMNESS_123 =
        0xfb8f7bc29bf24db51871ec8c79f3a1e4bd0557bc0dfcee9ed1d924e69d1c60dc;
    bytes internal constant COMPRESSED_123 =
        hex"b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92";
    bytes internal constant SIGNATURE_123 = hex"175c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92"
        hex"0f3894d8ccd4bb5edc3fca0f1f67f658559b86a360dd0128c3b64c12141372bb22276f0a00720b51125a9996b722b23f";

    uint64 internal constant ROUND_1000 = 1000;
    bytes32 internal constant RANDOMNESS_1000 =
        0xfe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd;
    bytes internal constant SIGNATURE_1000 = hex"144679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
        hex"11f92e4521ef54f047b64b85fa98db2d46f0f44add1f60b93f8a0dbddd63b34f238657c2d93aed18b90bddd60a01b6d2";

    /// @dev The only one of the three whose `y` is the smaller of two: its compressed form lacks that flag.
    uint64 internal constant ROUND_1006 = 1006;
    bytes32 internal constant RANDOMNESS_1006 =
        0x97f01b60328810e97f9acd01c9fc0a8123310212b8b82f1338c4d380cde29c7c;
    bytes internal constant SIGNATURE_1006 = hex"020251ae1f3f819ec339ea2c80c8f44c5fc9b5ce42c75685e33af39ff9a8809359cd1b7539158f73fcece916cca85ded"
        hex"06ee04c141978987a6ac4b05e655fbd4f17ca5f13b3712f71efc17e437b6d4ab4716860f35cf489ad61e446ce0b637ec";

    DrandBeacon internal beacon;

    function setUp() public virtual {
        beacon = DrandBeacon(created("DrandBeacon.sol:DrandBeacon", abi.encode(KEY, GENESIS, PERIOD)));
    }
}
