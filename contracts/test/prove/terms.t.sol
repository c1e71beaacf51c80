// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "../../src/types/Hashes.sol";
import {Core, Packing} from "../../src/types/Packing.sol";
import {Terms} from "../../src/types/Terms.sol";
import {Proof} from "./Proof.sol";

/// @notice For all terms: what travels packed is what was signed, and the parts of the money are the whole.
contract TermsProof is Proof {
    using Packing for uint256[17];

    // --- packing ---

    function packed(uint256[10] calldata terms)
        external
        pure
        returns (bytes32 hash, uint256[19] memory fields)
    {
        Core c;
        (c, hash) = Packing.brief(terms);
        fields[0] = uint160(c.buyer());
        fields[1] = uint160(c.seller());
        fields[2] = uint160(c.buyerPay());
        fields[3] = uint160(c.sellerPay());
        (fields[4], fields[5], fields[6], fields[7]) =
        (c.amounts(), c.amounts2(), c.due(), uint256(c.panel()));
        (fields[8], fields[9], fields[10], fields[11]) = (uint160(c.jury()), c.end(), c.window(), c.quorum());
        (fields[12], fields[13], fields[14]) = (c.fallback_(), c.fallbackBps(), c.juryFee());
        (fields[15], fields[16], fields[17]) = (c.appealFee(), c.sellerBond(), c.flags());
        fields[18] = uint256(metaIn(c));
    }

    function check_packed_terms_have_the_fields_and_the_hash_of_the_typed_data(uint256[10] calldata w)
        external
        view
    {
        (bytes32 hash, uint256[19] memory f) = this.packed(w);
        assert(f[0] == field(w[0], 0, 160) && f[9] == field(w[0], 160, 40) && f[10] == field(w[0], 200, 32));
        assert(f[11] == field(w[0], 232, 8) && f[12] == field(w[0], 240, 8) && f[17] == field(w[0], 248, 8));
        assert(f[1] == field(w[1], 0, 160) && f[14] == field(w[1], 160, 64) && f[13] == field(w[1], 224, 16));
        assert(f[2] == field(w[2], 0, 160) && f[15] == field(w[2], 160, 64));
        assert(f[3] == field(w[3], 0, 160) && f[16] == field(w[3], 160, 64) && f[8] == field(w[4], 0, 160));
        assert(f[4] == w[5] && f[5] == w[6] && f[6] == w[7] && f[7] == w[8] && f[18] == w[9]);
        assert(hash == keccak256(abi.encode(Hashes.DEAL, f)));
    }

    function metaOf(uint256[17] calldata terms) external pure returns (bytes32 hash) {
        (Core c,) = Packing.whole(terms);
        hash = metaIn(c);
        assert(terms.start() == field(terms[14], 160, 40) && terms.fundBy() == field(terms[14], 200, 40));
        assert(uint160(terms.mandates()) == field(terms[14], 0, 160) && terms.vaults() == bytes32(terms[13]));
    }

    function check_packed_meta_has_the_hash_of_the_typed_data(uint256[17] calldata w) external view {
        uint256[14] memory f;
        (f[0], f[1], f[2], f[3], f[4]) = (w[9], w[10], w[11], w[12], w[13]);
        (f[5], f[6]) = (field(w[14], 0, 160), field(w[15], 0, 160));
        (f[7], f[8], f[9]) = (field(w[14], 160, 40), field(w[14], 200, 40), field(w[14], 240, 16));
        (f[10], f[11], f[12]) = (field(w[15], 160, 16), field(w[15], 176, 64), field(w[15], 240, 8));
        f[13] = w[16];
        assert(this.metaOf(w) == keccak256(abi.encode(Hashes.META, f)));
    }

    // --- amounts ---

    /// @dev Terms in memory of which only the amounts and the jury's fee are ever read.
    function core(uint256 amounts, uint256 amounts2, uint256 fee) private pure returns (Core c) {
        assembly ("memory-safe") {
            c := mload(0x40)
            mstore(0x40, add(c, 0x260))
            mstore(add(c, 0x80), amounts)
            mstore(add(c, 0xa0), amounts2)
            mstore(add(c, 0x1c0), fee)
        }
    }

    function check_the_amounts_of_the_milestones_are_counted_and_add_up(uint64[8] calldata a) external pure {
        for (uint256 n = 1; n <= 8; ++n) {
            (Core c, uint256 sum) = withAmounts(a, n);
            assert(c.count() == n && c.amount(n - 1) == a[n - 1]);
            (uint256 all, bool gap) = c.total(n);
            assert(all == sum && !gap);
        }
    }

    function withAmounts(uint64[8] calldata a, uint256 n) private pure returns (Core c, uint256 sum) {
        uint256[2] memory w;
        for (uint256 i = 0; i < n; ++i) {
            vm.assume(a[i] != 0);
            w[i / 4] |= uint256(a[i]) << (64 * (i % 4));
            sum += a[i];
        }
        c = core(w[0], w[1], 0);
    }

    /// @dev For one, two, four and eight milestones; the division by the others is beyond the solver.
    function check_the_parts_of_the_jurors_fee_add_up_to_it(uint64 fee) external pure {
        for (uint256 n = 1; n <= 8; n *= 2) {
            uint256 sum = 0;
            for (uint256 i = 0; i < n; ++i) {
                sum += core(0, 0, fee).juryFeeOf(i, n);
            }
            assert(sum == fee);
        }
    }
}
