// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDrandBeacon} from "./IDrandBeacon.sol";

/// @title Proof of a drand round
/// @notice Whoever needs the randomness of a round brings the beacon's signature of it. The signature is checked
/// against the beacon's public key, its hash is kept, and every contract may read it from then on. A round has
/// one valid signature only, so nobody can choose among outcomes, and a proof can be brought at any later time.
///
/// The scheme is drand's `bls-unchained-g1-rfc9380`, the one of quicknet: BLS over BLS12-381, signatures on G1,
/// keys on G2, the message sha256 of the round number in eight bytes. RFC 9380 maps the message to the curve;
/// the curve's arithmetic is that of the EIP-2537 precompiles.
/// @dev Absent: any owner, any other beacon than the one of the constructor, and any notion of "the latest"
/// round: who uses a round names it before it exists.
contract DrandBeacon is IDrandBeacon {
    error CompressedSignature();
    error SignatureLength(uint256 actual, uint256 expected);
    error SignatureInvalid(uint64 round);
    error PublicKeyLength(uint256 actual, uint256 expected);
    error PublicKeyInvalid();
    error PeriodZero();
    error RoundTooLarge(uint256 round, uint256 largest);

    /// @dev A field element takes 48 bytes in BLS12-381's own encodings and 64, zeros first, in EIP-2537's.
    uint256 private constant G1_COMPRESSED_BYTES = 48;
    uint256 private constant G1_BYTES = 96;
    uint256 private constant G2_BYTES = 192;

    /// @dev Sizes in EIP-2537's encodings: of a point on G1, and of a pair with a point on G2.
    uint256 private constant G1 = 128;
    uint256 private constant PAIR = 384;

    address private constant SHA256 = address(0x02);
    address private constant MODEXP = address(0x05);
    address private constant BLS12_G1ADD = address(0x0b);
    address private constant BLS12_PAIRING_CHECK = address(0x0f);
    address private constant BLS12_MAP_FP_TO_G1 = address(0x10);

    /// @dev The order of the base field, in 64 bytes.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev `(p - 1) / 2`: of the two points with one `x`, the compressed form flags the one with a larger `y`.
    uint256 private constant HALF_P_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_P_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    uint40 public immutable genesis;
    uint32 public immutable period;

    /// @dev The public key, 192 bytes in six words: `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`.
    bytes32 private immutable key0;
    bytes32 private immutable key1;
    bytes32 private immutable key2;
    bytes32 private immutable key3;
    bytes32 private immutable key4;
    bytes32 private immutable key5;

    mapping(uint64 round => bytes32) public randomness;

    /// @param key The beacon's key on G2, uncompressed: `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`, 48 bytes each, the order of
    /// drand's own (compressed) encoding.
    /// @param genesis_ The time of round 1, in Unix seconds.
    /// @param period_ Seconds between two rounds.
    constructor(bytes memory key, uint40 genesis_, uint32 period_) {
        require(key.length == G2_BYTES, PublicKeyLength(key.length, G2_BYTES));
        require(period_ > 0, PeriodZero());
        genesis = genesis_;
        period = period_;
        (key0, key1, key2, key3, key4, key5) =
            abi.decode(key, (bytes32, bytes32, bytes32, bytes32, bytes32, bytes32));

        // The pairing's precompile refuses a point off the curve or outside the subgroup, whatever stands beside
        // it. The zero point it takes: a key that every signature would satisfy.
        require(keccak256(key) != keccak256(new bytes(G2_BYTES)), PublicKeyInvalid());
        (bool valid,) = BLS12_PAIRING_CHECK.staticcall(bytes.concat(new bytes(G1), _pad(key)));
        require(valid, PublicKeyInvalid());
    }

    /// @inheritdoc IDrandBeacon
    /// @dev Proving a proven round again changes nothing and costs next to nothing: two who race both succeed.
    function prove(uint64 round, bytes calldata signature) external returns (bytes32 proven) {
        proven = randomness[round];
        if (proven != 0) return proven;

        // A compressed point would need a square root, which costs more than half of the whole proof again.
        require(signature.length != G1_COMPRESSED_BYTES, CompressedSignature());
        require(signature.length == G1_BYTES, SignatureLength(signature.length, G1_BYTES));
        require(_isSigned(round, signature), SignatureInvalid(round));

        proven = sha256(_compressed(signature));
        randomness[round] = proven;
        emit Proven(round, proven);
    }

    /// @inheritdoc IDrandBeacon
    function roundAt(uint256 timestamp) external view returns (uint64) {
        if (timestamp < genesis) return 0;
        uint256 round = (timestamp - genesis) / period + 1;
        require(round <= type(uint64).max, RoundTooLarge(round, type(uint64).max));
        return uint64(round);
    }

    /// @notice The beacon's key on G2, as the constructor took it.
    function publicKey() public view returns (bytes memory) {
        return abi.encodePacked(key0, key1, key2, key3, key4, key5);
    }

    /// @dev `e(signature, -G2) · e(hash(message), key) = 1`. Off the curve or outside the subgroup, the precompile
    /// fails, and so does the proof.
    function _isSigned(uint64 round, bytes calldata signature) private view returns (bool) {
        bytes memory pairs = _pairs();
        _hashToG1(round, pairs);
        _putG1(signature, _at(pairs, G1 + PAIR));
        bool answered = _call(BLS12_PAIRING_CHECK, _at(pairs, G1), 2 * PAIR, _at(pairs, 0), 32);
        // The answer lies where the first summand was.
        return answered && uint256(_word(_at(pairs, 0))) == 1;
    }

    /// @dev What is paired, encoded by EIP-2537: the hash and the key, the signature and the negated generator of G2.
    /// Before them is room for one point more: the hash is the sum of two, and the second lies where the sum will. The
    /// key's `c1` ends and its `c0` begins in the middle of a word.
    function _pairs() private view returns (bytes memory) {
        return abi.encodePacked(
            hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            uint256(uint128(uint256(key1))),
            key2,
            bytes16(0),
            key0,
            bytes16(key1),
            uint256(uint128(uint256(key4))),
            key5,
            bytes16(0),
            key3,
            bytes16(key4),
            hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
            hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
            hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
            hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed"
        );
    }

    /// @dev RFC 9380, 3: `hash_to_curve` of the suite `BLS12381G1_XMD:SHA-256_SSWU_RO_`. The precompile maps and
    /// clears the cofactor of each element; clearing is linear, so the sum is that of the RFC.
    function _hashToG1(uint64 round, bytes memory pairs) private view {
        // 5.3.1, `expand_message_xmd`, first block: 64 zeros, the message, the wanted length of 128 in two bytes, a
        // zero, and the domain followed by its own length.
        bytes memory data = abi.encodePacked(
            uint256(0),
            uint256(0),
            uint256(round),
            "\x00\x80\x00BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_\x2b"
        );
        // EIP-198 has no plain remainder; the first power is one: three lengths, room for two blocks, exponent, order.
        bytes memory power = abi.encodePacked(
            uint256(64), uint256(1), uint256(64), uint256(0), uint256(0), uint8(1), P_HIGH, P_LOW
        );

        // The message is the hash of the round's eight bytes, and takes their word.
        assert(_call(SHA256, _at(data, 88), 8, _at(data, 64), 32));
        assert(_call(SHA256, _at(data, 0), 143, _at(data, 0), 32));
        bytes32 b0 = _word(_at(data, 0));
        bytes32 b1 = _block(data, b0, 1, _at(power, 96));
        bytes32 b2 = _block(data, b0 ^ b1, 2, _at(power, 128));
        _mapToG1(power, _at(pairs, 0));
        bytes32 b3 = _block(data, b0 ^ b2, 3, _at(power, 96));
        _block(data, b0 ^ b3, 4, _at(power, 128));
        _mapToG1(power, _at(pairs, G1));
        assert(_call(BLS12_G1ADD, _at(pairs, 0), 2 * G1, _at(pairs, G1), G1));
    }

    /// @dev `sha256(chained ‖ index ‖ domain)`, of the end of `data`: what stands before the domain only `b0` needs.
    function _block(bytes memory data, bytes32 chained, uint256 index, uint256 to)
        private
        view
        returns (bytes32)
    {
        assembly ("memory-safe") {
            mstore(add(data, 98), chained)
            mstore8(add(data, 130), index)
        }
        assert(_call(SHA256, _at(data, 66), 77, to, 32));
        return _word(to);
    }

    /// @dev 5.2 and 6: reduces two blocks to a field element, and maps it. The point takes the element's place.
    function _mapToG1(bytes memory power, uint256 to) private view {
        assert(_call(MODEXP, _at(power, 0), 225, to, 64));
        assert(_call(BLS12_MAP_FP_TO_G1, to, 64, to, G1));
    }

    /// @dev Whether the precompile has answered and filled the place of the answer, which is the caller's own memory.
    /// Where the input is valid by construction, only too little gas can make it fail.
    function _call(address precompile, uint256 input, uint256 size, uint256 output, uint256 filled)
        private
        view
        returns (bool answered)
    {
        assembly ("memory-safe") {
            answered := staticcall(gas(), precompile, input, size, output, filled)
            answered := and(answered, eq(returndatasize(), filled))
        }
    }

    function _word(uint256 place) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(place)
        }
    }

    /// @dev The place in memory of a byte of the buffer.
    function _at(bytes memory buffer, uint256 offset) private pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(add(buffer, 0x20), offset)
        }
    }

    /// @dev EIP-2537's encoding of a point on G1: each coordinate in 64 bytes, of which 16 are zero already.
    function _putG1(bytes calldata point, uint256 to) private pure {
        assembly ("memory-safe") {
            calldatacopy(add(to, 16), point.offset, 48)
            calldatacopy(add(to, 80), add(point.offset, 48), 48)
        }
    }

    /// @dev The point's 48-byte form, whose hash drand publishes: `x`, flagged as compressed and, where `y` is the
    /// larger of two, as that. Called for a valid point only, so `x` leaves the three highest bits free.
    function _compressed(bytes calldata signature) private pure returns (bytes memory) {
        (bytes32 first, bytes32 middle, bytes32 last) = abi.decode(signature, (bytes32, bytes32, bytes32));
        uint256 high = uint128(uint256(middle));
        bool larger = high > HALF_P_HIGH || (high == HALF_P_HIGH && uint256(last) > HALF_P_LOW);
        bytes1 flags = larger ? bytes1(0xa0) : bytes1(0x80);
        return bytes.concat(first | flags, bytes16(middle));
    }

    /// @dev EIP-2537's encoding of a point on G2: both coordinates with `c0` first, each part in 64 bytes.
    function _pad(bytes memory point) private pure returns (bytes memory) {
        bytes16 zeros = 0;
        (bytes memory xc1, bytes memory xc0, bytes memory yc1, bytes memory yc0) =
            (_part(point, 0), _part(point, 1), _part(point, 2), _part(point, 3));
        return bytes.concat(zeros, xc0, zeros, xc1, zeros, yc0, zeros, yc1);
    }

    function _part(bytes memory point, uint256 index) private pure returns (bytes memory part) {
        part = new bytes(48);
        assembly ("memory-safe") {
            mcopy(add(part, 0x20), add(add(point, 0x20), mul(index, 48)), 48)
        }
    }
}
