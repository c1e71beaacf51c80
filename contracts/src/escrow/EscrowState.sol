// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../interfaces/IDealEscrow.sol";
import {IMandates} from "../interfaces/IMandates.sol";
import {IUsdc} from "../interfaces/IUsdc.sol";
import {Eip712} from "../law/Eip712.sol";
import {Locked} from "../law/Locked.sol";
import {Signatures} from "../law/Signatures.sol";
import {Status, Verdict} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";
import {Core, Packing} from "../types/Packing.sol";
import {Terms} from "../types/Terms.sol";

/// @title What the escrow keeps, and how money moves in it
/// @notice One word per deal, credit per account. Money that came in is in exactly one place: a deal's `held` and `left`,
/// or somebody's credit. The token's balance is never read.
abstract contract EscrowState is IDealEscrow, Eip712, Locked {
    uint256 private constant REFUSED = 1 << 64; // in Credited
    uint256 internal constant MANDATES_GAS = 350_000; // two SSTOREs and an approval by an ERC-1271 wallet

    IUsdc internal immutable USDC;
    IMandates internal immutable MANDATES;
    uint256 internal immutable GRACE;
    uint256 internal immutable APPEAL_LIMIT;

    mapping(bytes32 deal => uint256) internal slot;
    mapping(address owner => uint256) internal credits; // a uint64 in a whole word, so that setting it reads nothing
    mapping(address owner => uint256) public nonce;
    mapping(bytes32 deal => uint256) public claims;
    mapping(bytes32 deal => mapping(uint256 milestone => uint256)) internal signed; // signers 32 bits, digest 224 bits

    constructor(address usdc_, address mandates_, uint40 grace_, uint40 appealLimit_) Eip712("DealEscrow") {
        require(usdc_ != address(0) && mandates_ != address(0), ZeroAddress());
        (USDC, MANDATES) = (IUsdc(usdc_), IMandates(mandates_));
        (GRACE, APPEAL_LIMIT) = (grace_, appealLimit_);
    }

    // --- views ---

    function dealId(uint256[10] calldata terms) external view returns (bytes32 id) {
        (, id) = _brief(terms);
    }

    function buyerTotal(uint256[10] calldata terms) external pure returns (uint64) {
        // Of two values the hash is not needed here.
        // slither-disable-next-line unused-return
        (Core c,) = Packing.brief(terms);
        // Nor whether there is a gap, which the opening refuses.
        // slither-disable-next-line unused-return
        (uint256 sum,) = c.total(c.count());
        return uint64(sum + c.juryFee() + c.appealFee());
    }

    function verdictDigest(Verdict calldata v) external view returns (bytes32) {
        return _digest(Hashes.verdict(v));
    }

    function signersOf(bytes32 deal, uint8 milestone) external view returns (uint32 signers, uint224 digest) {
        uint256 word = signed[deal][milestone];
        (signers, digest) = (uint32(word), uint224(word >> 32));
    }

    function domainSeparator() external view returns (bytes32) {
        return _domain();
    }

    function usdc() external view returns (address) {
        return address(USDC);
    }

    function mandates() external view returns (address) {
        return address(MANDATES);
    }

    function grace() external view returns (uint40) {
        return uint40(GRACE);
    }

    function dealOf(bytes32 deal) external view returns (uint256) {
        return slot[deal];
    }

    function credit(address owner) external view returns (uint64) {
        return uint64(credits[owner]);
    }

    function appealLimit() external view returns (uint40) {
        return uint40(APPEAL_LIMIT);
    }

    // --- the deal's word ---

    function _brief(uint256[10] calldata terms) internal view returns (Core c, bytes32 id) {
        bytes32 hash;
        (c, hash) = Packing.brief(terms);
        id = _digest(hash);
    }

    /// @dev A deal whose milestones can still be settled.
    function _live(uint256[10] calldata terms) internal view returns (Core c, bytes32 id, Slot s) {
        (c, id) = _brief(terms);
        s = _liveSlot(id);
    }

    /// @dev The same where the call brings the whole terms.
    function _liveWhole(uint256[17] calldata terms) internal view returns (Core c, bytes32 id, Slot s) {
        bytes32 hash;
        (c, hash) = Packing.whole(terms);
        id = _digest(hash);
        s = _liveSlot(id);
    }

    function _liveSlot(bytes32 id) private view returns (Slot s) {
        s = DealSlot.hold(slot[id]);
        require(s.isLive(), WrongStatus(s.status(), Status.Open));
    }

    function _store(bytes32 id, Slot s) internal {
        slot[id] = s.word();
    }

    // --- signatures ---

    function _requireSigned(address signer, bytes32 structHash, bytes calldata signature) internal view {
        _requireSignedDigest(signer, _digest(structHash), signature);
    }

    function _requireSignedDigest(address signer, bytes32 digest, bytes calldata signature) internal view {
        require(Signatures.signed(signer, digest, signature), BadSignature(signer, digest));
    }

    function _requireSigner(Core c, address by) internal pure {
        require(by == c.buyer() || by == c.seller(), NotAParty(by));
    }

    // --- money ---

    function _credit(address owner, bytes32 id, uint256 amount) internal {
        // An amount of the terms, no balance that somebody else could move.
        // slither-disable-next-line incorrect-equality
        if (amount == 0) return;
        _add(owner, amount);
        emit Credited(owner, id, amount);
    }

    /// @param shares owner 160, amount 64 each, as JurorsCredited tells them. Their number is no balance either.
    function _creditJurors(bytes32 id, uint256[] memory shares) internal {
        // slither-disable-next-line incorrect-equality
        if (shares.length == 0) return;
        uint256 share;
        for (uint256 i = 0; i < shares.length; ++i) {
            assembly ("memory-safe") {
                share := mload(add(add(shares, 0x20), shl(5, i)))
            }
            _add(address(uint160(share)), share >> 160);
        }
        bytes32 topic = JurorsCredited.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let size := shl(5, add(mload(shares), 1))
            mstore(m, 0x20)
            mcopy(add(m, 0x20), shares, size)
            log2(m, add(size, 0x20), topic, id)
        }
    }

    function _add(address owner, uint256 amount) private {
        uint256 sum;
        unchecked {
            sum = (credits[owner] += amount); // two uint64
        }
        assert(sum <= type(uint64).max);
    }

    function _debit(address owner, bytes32 id, uint256 amount) internal {
        _take(owner, amount);
        emit Debited(owner, id, uint64(amount));
    }

    /// @dev A debit that another event tells of.
    function _take(address owner, uint256 amount) internal {
        uint256 has = credits[owner];
        require(has >= amount, CreditTooLow(has, amount));
        unchecked {
            credits[owner] = has - amount;
        }
    }

    /// @dev Counts a spend of an agent against its mandate, which refuses what it does not cover.
    function _spend(address agent, address principal, uint32 scope, bytes32 id, uint256 amount) internal {
        MANDATES.spend{gas: MANDATES_GAS}(agent, principal, scope, id, uint64(amount), "");
    }

    /// @dev Pushes USDC to both payees, or credits one that USDC refuses, so that no payee can block another.
    function _push(Core c, bytes32 id, Slot s) internal closed {
        uint256 toSeller = uint64(s.paid());
        if (toSeller != 0 && !_transfer(c.sellerPay(), toSeller)) _refused(c.sellerPay(), id, toSeller);
        uint256 toBuyer = s.paid() >> 64;
        if (toBuyer != 0 && !_transfer(c.buyerPay(), toBuyer)) _refused(c.buyerPay(), id, toBuyer);
    }

    function _refused(address payee, bytes32 id, uint256 amount) private {
        _add(payee, amount);
        emit Credited(payee, id, amount | REFUSED);
    }

    /// @dev False unless the token answers with one true word.
    function _transfer(address to, uint256 amount) internal returns (bool done) {
        address token = address(USDC);
        bytes32 selector = IUsdc.transfer.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), to)
            mstore(add(m, 0x24), amount)
            let ok := call(gas(), token, 0, m, 0x44, 0x00, 0x20)
            done := and(and(ok, gt(returndatasize(), 0x1f)), eq(mload(0x00), 1))
        }
    }
}
