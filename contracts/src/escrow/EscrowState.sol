// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../interfaces/IDealEscrow.sol";
import {IMandates} from "../interfaces/IMandates.sol";
import {IUsdc} from "../interfaces/IUsdc.sol";
import {Eip712} from "../law/Eip712.sol";
import {Locked} from "../law/Locked.sol";
import {Signatures} from "../law/Signatures.sol";
import {Deal, Status, Verdict} from "../types/Deal.sol";
import {DealSlot, Slot} from "../types/DealSlot.sol";
import {Hashes} from "../types/Hashes.sol";

/// @title What the escrow keeps, and how money moves in it
/// @notice One word per deal, credit per account. Money that came in is in exactly one place: a deal's `held` and `left`,
/// or somebody's credit. The token's balance is never read.
abstract contract EscrowState is IDealEscrow, Eip712, Locked {
    using DealSlot for Slot;
    using DealSlot for uint256;

    uint256 internal constant MANDATES_GAS = 350_000; // two SSTOREs and an approval by an ERC-1271 wallet

    IUsdc internal immutable USDC;
    IMandates internal immutable MANDATES;
    uint256 internal immutable GRACE;
    uint256 internal immutable APPEAL_LIMIT;

    mapping(bytes32 deal => uint256) public slot;
    mapping(address owner => uint64) public credit;
    mapping(address owner => uint256) public nonce;
    mapping(bytes32 deal => uint256) public claims;
    mapping(bytes32 deal => mapping(uint256 milestone => uint256)) internal signed; // signers 32 bits, digest 224 bits

    constructor(address usdc_, address mandates_, uint40 grace_, uint40 appealLimit_) Eip712("DealEscrow") {
        require(usdc_ != address(0) && mandates_ != address(0), ZeroAddress());
        (USDC, MANDATES) = (IUsdc(usdc_), IMandates(mandates_));
        (GRACE, APPEAL_LIMIT) = (grace_, appealLimit_);
    }

    // --- views ---

    function dealId(Deal calldata deal) public view returns (bytes32) {
        return _digest(Hashes.deal(deal));
    }

    function verdictDigest(Verdict calldata v) public view returns (bytes32) {
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

    function appealLimit() external view returns (uint40) {
        return uint40(APPEAL_LIMIT);
    }

    // --- the deal's word ---

    /// @dev A deal whose milestones can still be settled.
    function _live(Deal calldata deal) internal view returns (bytes32 id, Slot memory s) {
        id = dealId(deal);
        s = slot[id].unpack();
        bool live = s.status == Status.Open || s.status == Status.Pending || s.status == Status.Appealed;
        require(live, WrongStatus(s.status, Status.Open));
    }

    function _store(bytes32 id, Slot memory s) internal {
        slot[id] = s.pack();
    }

    function _requireDeal(bytes32 named, bytes32 id) internal pure {
        require(named == id, WrongDeal(named, id));
    }

    // --- signatures ---

    function _requireSigned(address signer, bytes32 structHash, bytes calldata signature) internal view {
        _requireSignedDigest(signer, _digest(structHash), signature);
    }

    function _requireSignedDigest(address signer, bytes32 digest, bytes calldata signature) internal view {
        require(Signatures.signed(signer, digest, signature), BadSignature(signer, digest));
    }

    function _requireParty(Deal calldata deal, address by) internal pure {
        require(by == deal.buyer || by == deal.seller, NotAParty(by));
    }

    // --- money ---

    function _credit(address owner, bytes32 id, uint256 amount) internal {
        if (amount == 0) return;
        credit[owner] += uint64(amount);
        emit Credited(owner, id, uint64(amount));
    }

    function _debit(address owner, bytes32 id, uint256 amount) internal {
        if (amount == 0) return;
        uint256 has = credit[owner];
        require(has >= amount, CreditTooLow(has, amount));
        unchecked {
            credit[owner] = uint64(has - amount);
        }
        emit Debited(owner, id, uint64(amount));
    }

    /// @dev Debits a side of the deal: an agent's principal through the mandate, anybody else its own credit.
    function _debitSide(
        address signer,
        address payee,
        bool mandated,
        uint32 scope,
        bytes32 id,
        uint256 amount
    ) internal {
        if (amount == 0) return;
        _debit(mandated ? payee : signer, id, amount);
        if (mandated) MANDATES.spend{gas: MANDATES_GAS}(signer, payee, scope, id, uint64(amount), "");
    }

    /// @dev Pushes USDC, or credits the payee when USDC refuses it, so that no payee can block another.
    function _push(address to, bytes32 id, uint256 amount) internal {
        if (amount == 0) return;
        if (_transfer(to, amount)) emit Paid(id, to, uint64(amount));
        else _credit(to, id, amount);
    }

    /// @dev False unless the token answers with one true word.
    function _transfer(address to, uint256 amount) internal returns (bool done) {
        address token = address(USDC);
        bytes memory data = abi.encodeCall(IUsdc.transfer, (to, amount));
        assembly ("memory-safe") {
            let ok := call(gas(), token, 0, add(data, 0x20), mload(data), 0x00, 0x20)
            done := and(and(ok, gt(returndatasize(), 0x1f)), eq(mload(0x00), 1))
        }
    }
}
