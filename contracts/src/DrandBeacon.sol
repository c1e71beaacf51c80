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

    address private constant MODEXP = address(0x05);
    address private constant BLS12_G1ADD = address(0x0b);
    address private constant BLS12_PAIRING_CHECK = address(0x0f);
    address private constant BLS12_MAP_FP_TO_G1 = address(0x10);

    /// @dev RFC 9380, 5.3.1: the domain of the scheme and, after it, its length.
    bytes private constant DST_PRIME = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_\x2b";

    /// @dev The order of the base field, as EIP-2537 would write it.
    bytes private constant P =
        hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    /// @dev `(p - 1) / 2`: of the two points with one `x`, the compressed form flags the one with a larger `y`.
    uint256 private constant HALF_P_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_P_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @dev The negated generator of G2, encoded by EIP-2537.
    bytes private constant NEGATED_G2 = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
        hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";

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
        (bool valid,) = BLS12_PAIRING_CHECK.staticcall(bytes.concat(new bytes(128), _pad(key)));
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
        bytes16 zeros = 0;
        bytes memory pairs = bytes.concat(
            zeros,
            signature[:48],
            zeros,
            signature[48:],
            NEGATED_G2,
            _hashToG1(sha256(abi.encodePacked(round))),
            _pad(publicKey())
        );
        (bool valid, bytes memory answer) = BLS12_PAIRING_CHECK.staticcall(pairs);
        return valid && abi.decode(answer, (uint256)) == 1;
    }

    /// @dev RFC 9380, 3: `hash_to_curve` of the suite `BLS12381G1_XMD:SHA-256_SSWU_RO_`. The precompile maps and
    /// clears the cofactor of each element; clearing is linear, so the sum is that of the RFC.
    function _hashToG1(bytes32 message) private view returns (bytes memory) {
        (bytes memory u0, bytes memory u1) = _hashToField(message);
        return _call(BLS12_G1ADD, bytes.concat(_call(BLS12_MAP_FP_TO_G1, u0), _call(BLS12_MAP_FP_TO_G1, u1)));
    }

    /// @dev RFC 9380, 5.2 and 5.3.1: `expand_message_xmd` to 128 bytes, cut in two, each reduced.
    function _hashToField(bytes32 message) private view returns (bytes memory u0, bytes memory u1) {
        bytes32 b0 = sha256(bytes.concat(new bytes(64), message, hex"008000", DST_PRIME));
        bytes32 b1 = sha256(bytes.concat(b0, hex"01", DST_PRIME));
        bytes32 b2 = sha256(bytes.concat(b0 ^ b1, hex"02", DST_PRIME));
        bytes32 b3 = sha256(bytes.concat(b0 ^ b2, hex"03", DST_PRIME));
        bytes32 b4 = sha256(bytes.concat(b0 ^ b3, hex"04", DST_PRIME));
        u0 = _reduce(b1, b2);
        u1 = _reduce(b3, b4);
    }

    /// @dev EIP-198 has no plain remainder; the first power is one.
    function _reduce(bytes32 high, bytes32 low) private view returns (bytes memory) {
        return _call(
            MODEXP,
            bytes.concat(bytes32(P.length), bytes32(uint256(1)), bytes32(P.length), high, low, hex"01", P)
        );
    }

    /// @dev For inputs that are valid by construction: only too little gas can make the precompile fail.
    function _call(address precompile, bytes memory input) private view returns (bytes memory) {
        (bool succeeded, bytes memory output) = precompile.staticcall(input);
        assert(succeeded);
        return output;
    }

    /// @dev The point's 48-byte form, whose hash drand publishes: `x`, flagged as compressed and, where `y` is the
    /// larger of two, as that. Called for a valid point only, so `x` leaves the three highest bits free.
    function _compressed(bytes calldata signature) private pure returns (bytes memory compressed) {
        uint256 high = uint128(bytes16(signature[48:64]));
        uint256 low = uint256(bytes32(signature[64:]));
        bool larger = high > HALF_P_HIGH || (high == HALF_P_HIGH && low > HALF_P_LOW);
        compressed = signature[:48];
        compressed[0] |= larger ? bytes1(0xa0) : bytes1(0x80);
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
