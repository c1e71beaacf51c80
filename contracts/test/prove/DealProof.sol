// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Status} from "../../src/types/Deal.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {Core, Packing} from "../../src/types/Packing.sol";
import {Ledger} from "./Ledger.sol";
import {Proof} from "./Proof.sol";

/// @notice One deal of two milestones in a deployed escrow, in any state: its word is put into storage with whatever value
/// the proof speaks of. The terms are fixed, so that hashes are numbers; the proofs of TermsProof are about all terms.
abstract contract DealProof is Proof {
    address internal constant BUYER = address(0xB1);
    address internal constant SELLER = address(0x5E);
    address internal constant BUYER_PAY = address(0xB1B1);
    address internal constant SELLER_PAY = address(0x5E5E);
    address internal constant JURY = address(0x1111);
    address internal constant JUROR_0 = address(0xA0);
    address internal constant JUROR_1 = address(0xA1);
    address internal constant JUROR_2 = address(0xA2);

    uint256 internal constant FIRST = 54e6;
    uint256 internal constant SECOND = 63e6;
    uint256 internal constant APPEAL_FEE = 7e6;
    uint256 internal constant BOND = 5e6;
    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant FUND_BY = START + 300;
    uint256 internal constant DUE = 1 days;
    uint256 internal constant GRACE = 1 days;
    uint256 internal constant END = START + 10 days;
    uint256 internal constant WINDOW = 2 days;
    uint256 internal constant APPEAL_LIMIT = 7 days;
    bytes32 private constant NAME =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    Ledger internal usdc;
    IMandates internal mandates;
    IDealEscrow internal escrow;
    bytes32 internal domain;

    function setUp() public virtual {
        usdc = new Ledger();
        mandates = IMandates(deployed("Mandates", ""));
        bytes memory arguments = abi.encode(address(usdc), address(mandates), GRACE, APPEAL_LIMIT);
        escrow = IDealEscrow(deployed("DealEscrow", arguments));
        domain = keccak256(
            abi.encode(NAME, keccak256("DealEscrow"), keccak256("1"), block.chainid, address(escrow))
        );
    }

    // --- the deal ---

    /// @dev No fee for the first panel: who signed is then not kept, and a deal's word is all that it has.
    function whole() internal pure returns (uint256[17] memory w) {
        w[0] = uint160(BUYER) | END << 160 | WINDOW << 200 | uint256(2) << 232 | uint256(1) << 240;
        w[1] = uint160(SELLER) | uint256(6000) << 224;
        w[2] = uint160(BUYER_PAY) | APPEAL_FEE << 160;
        w[3] = uint160(SELLER_PAY) | BOND << 160;
        (w[4], w[5], w[7]) = (uint160(JURY), FIRST | SECOND << 64, DUE | DUE << 32);
        w[8] = uint256(keccak256(abi.encode(JUROR_0, JUROR_1, JUROR_2)));
        w[14] = uint256(uint160(0)) | START << 160 | FUND_BY << 200;
    }

    function hashOfMeta(uint256[17] calldata terms) external pure returns (bytes32) {
        (Core c,) = Packing.whole(terms);
        return metaIn(c);
    }

    function brief() internal view returns (uint256[10] memory w) {
        uint256[17] memory all = whole();
        for (uint256 i = 0; i < 9; ++i) {
            w[i] = all[i];
        }
        w[9] = uint256(this.hashOfMeta(all));
    }

    function dealId() internal view returns (bytes32) {
        return escrow.dealId(brief());
    }

    // --- its state ---

    function put(bytes32 id, uint256 word) internal {
        vm.store(address(escrow), keccak256(abi.encode(id, uint256(0))), bytes32(word));
    }

    function putCredit(address owner, uint64 amount) internal {
        vm.store(address(escrow), keccak256(abi.encode(owner, uint256(1))), bytes32(uint256(amount)));
    }

    function putClaims(bytes32 id, uint256 word) internal {
        vm.store(address(escrow), keccak256(abi.encode(id, uint256(3))), bytes32(word));
    }

    function live(uint256 word) internal pure returns (bool) {
        uint256 status = word & 0xff;
        return status >= uint256(Status.Open) && status <= uint256(Status.Appealed);
    }

    /// @notice All that the word says is in the deal.
    function inside(uint256 word) internal pure returns (uint256) {
        return field(word, 104, 64) + field(word, 168, 64);
    }

    // --- money ---

    /// @notice Everything that anybody could get out because of this deal: what is in it, and the credit of its payees.
    function owed(bytes32 id) internal view returns (uint256) {
        uint256 credits = uint256(escrow.credit(SELLER_PAY)) + escrow.credit(BUYER_PAY);
        return inside(escrow.dealOf(id)) + credits;
    }

    /// @notice A state in which the escrow has exactly what it owes.
    function covered(bytes32 id, uint256 word) internal {
        put(id, word);
        usdc.put(address(escrow), inside(word));
    }

    /// @notice It still has exactly that, and what it has no more, the payees have.
    function stillCovered(bytes32 id, uint256 before) internal view {
        assert(usdc.balanceOf(address(escrow)) == owed(id));
        uint256 paid = usdc.balanceOf(SELLER_PAY) + usdc.balanceOf(BUYER_PAY);
        assert(paid + usdc.balanceOf(address(escrow)) == before);
    }

    // --- digests ---

    function releaseDigest(bytes32 id, uint256 milestone, bytes32 evidence) internal view returns (bytes32) {
        return digestIn(domain, keccak256(abi.encode(Hashes.RELEASE, id, milestone, evidence)));
    }

    function verdictOf(bytes32 id, uint256 head, bytes32 evidence, bytes32 votes)
        internal
        view
        returns (bytes32)
    {
        bytes32 hash = keccak256(
            abi.encode(
                Hashes.VERDICT,
                id,
                field(head, 0, 8),
                field(head, 8, 8),
                field(head, 16, 8),
                field(head, 24, 16),
                evidence,
                votes
            )
        );
        return digestIn(domain, hash);
    }
}
