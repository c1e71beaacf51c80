// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// dealId, verdictDigest
/// ├── are the EIP-712 digests of the types as the protocol writes them
/// └── change with every word of the terms, with the contract and with the chain
contract DealIdTest is World {
    using EscrowCalls for DealEscrow;

    string private constant META =
        "Meta(bytes32 agreement,bytes32 nda,bytes32 pact,bytes32 panelRequest,bytes32 vaults,address mandates,address reviewer,uint40 start,uint40 fundBy,uint16 kind,uint16 jurisdiction,uint64 beaconRound,uint8 attempt,uint256 salt)";
    string private constant DEAL =
        "Deal(address buyer,address seller,address buyerPay,address sellerPay,uint256 amounts,uint256 amounts2,uint256 due,bytes32 panel,address jury,uint40 end,uint32 window,uint8 quorum,uint8 fallback,uint16 fallbackBps,uint64 juryFee,uint64 appealFee,uint64 sellerBond,uint8 flags,Meta meta)";

    function cut(bytes memory whole, uint256 from, uint256 size) private pure returns (bytes memory part) {
        part = new bytes(size);
        for (uint256 i = 0; i < size; ++i) {
            part[i] = whole[from + i];
        }
    }

    function test_the_id_is_the_digest_of_the_typed_data() external view {
        Deal memory d = terms();
        bytes memory words = abi.encode(d);
        assertEq(words.length, 32 * 32, "eighteen words of terms and fourteen of meta");
        bytes32 meta = keccak256(bytes.concat(keccak256(bytes(META)), cut(words, 576, 448)));
        bytes32 typeHash = keccak256(bytes(string.concat(DEAL, META)));
        bytes32 hash = keccak256(bytes.concat(typeHash, cut(words, 0, 576), meta));
        assertEq(escrow.dealId(d), inEscrow(hash), "id");
    }

    function test_a_verdicts_digest_is_that_of_the_typed_data() external view {
        Verdict memory v = verdictOn(terms(), 2, 5000);
        bytes32 typeHash = keccak256(
            "Verdict(bytes32 deal,uint8 milestone,uint8 round,uint8 attempt,uint16 sellerBps,bytes32 evidence,bytes32 votes)"
        );
        bytes32 hash = keccak256(bytes.concat(abi.encode(typeHash), abi.encode(v)));
        assertEq(escrow.verdictDigest(v), inEscrow(hash), "digest");
    }

    function test_the_domain_follows_the_chain() external {
        bytes32 here = escrow.dealId(terms());
        vm.chainId(block.chainid + 1);
        assertNotEq(escrow.dealId(terms()), here, "another chain, another id");
        bytes32 domain = domainSeparator("DealEscrow", "1", address(escrow));
        assertEq(escrow.domainSeparator(), domain, "rebuilt");
    }

    function test_every_word_of_the_terms_is_in_the_id(uint256 word) external view {
        word = bound(word, 0, 31);
        bytes memory words = abi.encode(terms());
        words[word * 32 + 31] ^= 0x01;
        assertNotEq(escrow.dealId(abi.decode(words, (Deal))), escrow.dealId(terms()), "another id");
    }
}
