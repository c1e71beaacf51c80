// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @notice What every test file stands on: people with keys, and assertions that say both values.
/// @dev An assertion that does not hold reverts, and a revert is how forge counts a failure.
abstract contract Test {
    error Differs(string what, bytes32 left, bytes32 right);
    error DiffersBytes(string what, bytes left, bytes right);
    error DiffersInt(string what, int256 left, int256 right);
    error DiffersUint(string what, uint256 left, uint256 right);
    error DiffersAddress(string what, address left, address right);
    error NotAtMost(string what, uint256 left, uint256 right);
    error NotTrue(string what);
    error EmptyRange(uint256 low, uint256 high);

    /// @notice Somebody with a key: whoever signs and calls in a test has a name.
    struct Account {
        address addr;
        uint256 key;
    }

    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev The order of secp256k1: a signature's other form has `s' = N - s`.
    uint256 internal constant SECP256K1_N =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    // People.

    /// @notice The account of this name: the same in every test and run.
    function account(string memory name) internal returns (Account memory who) {
        who.key = uint256(keccak256(bytes(name)));
        who.addr = vm.addr(who.key);
        vm.label(who.addr, name);
    }

    // Contracts.

    /// @notice What makes a contract of src/, from its artefact.
    /// @dev A test that says `new` carries the whole contract in its own code and compiles it again. ARTIFACTS names a
    /// folder of other artefacts of the same sources: so the tests, compiled without the IR pipeline, run against
    /// bytecode that was compiled with it.
    function creationCode(string memory artifact) internal view returns (bytes memory) {
        string memory folder = vm.envOr("ARTIFACTS", "");
        string memory path = bytes(folder).length == 0
            ? artifact
            : string.concat(folder, "/", vm.replace(artifact, ":", "/"), ".json");
        return vm.getCode(path);
    }

    /// @notice A contract of src/, deployed.
    function created(string memory artifact, bytes memory arguments) internal returns (address at_) {
        bytes memory code = bytes.concat(creationCode(artifact), arguments);
        assembly ("memory-safe") {
            at_ := create(0, add(code, 0x20), mload(code))
        }
        require(at_ != address(0), NotTrue(artifact));
    }

    // Signatures.

    /// @notice `r ‖ s ‖ v`, 65 bytes.
    function sign(Account memory who, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(who.key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @notice `r ‖ yParityAndS`, 64 bytes: EIP-2098.
    function signCompact(Account memory who, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(who.key, digest);
        return abi.encodePacked(r, vs);
    }

    /// @notice The other valid `(v, s)` for the same key and digest, which EIP-2 has every verifier refuse.
    function malleated(bytes memory signature) internal pure returns (bytes memory) {
        require(signature.length == 65, NotTrue("a 65-byte signature"));
        bytes32 r;
        uint256 s;
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
        return abi.encodePacked(r, SECP256K1_N - s, v == 27 ? uint8(28) : uint8(27));
    }

    /// @notice EIP-712: what is signed for `structHash` under `domain`.
    function typedDigest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @notice EIP-712: the separator of `(name, version, chainId, verifyingContract)`.
    function domainSeparator(string memory name, string memory version, address verifyingContract)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                verifyingContract
            )
        );
    }

    // Assertions. `what` names the thing, so that a failure reads as a sentence.

    function assertTrue(bool holds, string memory what) internal pure {
        require(holds, NotTrue(what));
    }

    function assertFalse(bool holds, string memory what) internal pure {
        require(!holds, NotTrue(string.concat("not: ", what)));
    }

    function assertEq(uint256 left, uint256 right, string memory what) internal pure {
        require(left == right, DiffersUint(what, left, right));
    }

    function assertEq(int256 left, int256 right, string memory what) internal pure {
        require(left == right, DiffersInt(what, left, right));
    }

    function assertEq(bytes32 left, bytes32 right, string memory what) internal pure {
        require(left == right, Differs(what, left, right));
    }

    function assertEq(address left, address right, string memory what) internal pure {
        require(left == right, DiffersAddress(what, left, right));
    }

    function assertEq(bool left, bool right, string memory what) internal pure {
        require(left == right, NotTrue(what));
    }

    function assertEq(bytes memory left, bytes memory right, string memory what) internal pure {
        require(keccak256(left) == keccak256(right), DiffersBytes(what, left, right));
    }

    function assertEq(string memory left, string memory right, string memory what) internal pure {
        assertEq(bytes(left), bytes(right), what);
    }

    function assertNotEq(bytes32 left, bytes32 right, string memory what) internal pure {
        require(left != right, Differs(string.concat("not: ", what), left, right));
    }

    function assertLe(uint256 left, uint256 right, string memory what) internal pure {
        require(left <= right, NotAtMost(what, left, right));
    }

    function assertGe(uint256 left, uint256 right, string memory what) internal pure {
        require(right <= left, NotAtMost(what, right, left));
    }

    // Fuzzing.

    /// @notice Some value of `[low, high]`, for any `seed`; a seed that is in the range is its own value.
    function bound(uint256 seed, uint256 low, uint256 high) internal pure returns (uint256) {
        require(low <= high, EmptyRange(low, high));
        if (low <= seed && seed <= high) return seed;
        uint256 width = high - low + 1;
        return width == 0 ? seed : low + seed % width;
    }
}
