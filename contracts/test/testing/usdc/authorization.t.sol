// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Authorizations} from "../../../src/testing/usdc/Authorizations.sol";
import {Balances} from "../../../src/testing/usdc/Balances.sol";
import {Usdc} from "./Usdc.sol";

/// @notice One payment, and the two ways to bring it: what must hold for both is written once.
abstract contract AuthorizationTest is Usdc {
    struct Payment {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    function typehash() internal view virtual returns (bytes32);

    /// @dev With the signature as one string of bytes.
    function bring(Payment memory p, bytes memory signature) internal virtual;

    /// @dev With the signature as `v, r, s`.
    function bringSplit(Payment memory p, bytes memory signature) internal virtual;

    function payment(address from) internal view returns (Payment memory) {
        return
            Payment(from, bob.addr, 25 * USDC, block.timestamp - 1, block.timestamp + 1, keccak256("nonce"));
    }

    function signed(Payment memory p) internal view returns (bytes memory) {
        bytes32 structHash =
            keccak256(abi.encode(typehash(), p.from, p.to, p.value, p.validAfter, p.validBefore, p.nonce));
        return sign(alice, digest(structHash));
    }

    function refused(Payment memory p, bytes memory signature, string memory refusal) internal {
        vm.prank(bob.addr);
        vm.expectRevert(bytes(refusal));
        bring(p, signature);
    }

    function accepted(Payment memory p, bytes memory signature) internal {
        vm.expectEmit(address(usdc));
        emit Authorizations.AuthorizationUsed(p.from, p.nonce);
        vm.expectEmit(address(usdc));
        emit Balances.Transfer(p.from, p.to, p.value);
        vm.prank(bob.addr);
        bring(p, signature);
        assertEq(usdc.balanceOf(bob.addr), p.value, "payee");
        assertTrue(usdc.authorizationState(p.from, p.nonce), "nonce used");
    }

    function test_a_signed_payment_is_made_once() external {
        Payment memory p = payment(alice.addr);
        accepted(p, signed(p));
        refused(p, signed(p), "FiatTokenV2: authorization is used or canceled");
    }

    function test_both_forms_of_the_signature_serve() external {
        Payment memory p = payment(alice.addr);
        bytes memory signature = signed(p);
        vm.prank(bob.addr);
        bringSplit(p, signature);
        assertEq(usdc.balanceOf(bob.addr), p.value, "payee");
    }

    function test_a_contract_wallet_pays_by_its_owners_signature() external {
        Payment memory p = payment(wallet);
        accepted(p, signed(p));
    }

    function test_a_contract_wallet_that_says_no_pays_nothing() external {
        Payment memory p = payment(wallet);
        bytes memory signature = signed(p);
        p.nonce = keccak256("another");
        refused(p, signature, "FiatTokenV2: invalid signature");
    }

    function test_it_is_good_only_inside_its_frame() external {
        Payment memory p = payment(alice.addr);
        p.validAfter = block.timestamp;
        refused(p, signed(p), "FiatTokenV2: authorization is not yet valid");
        p.validAfter = 0;
        p.validBefore = block.timestamp;
        refused(p, signed(p), "FiatTokenV2: authorization is expired");
    }

    function test_no_signed_field_can_be_changed(uint256 seed) external {
        Payment memory p = payment(alice.addr);
        bytes memory signature = signed(p);
        uint256 field = bound(seed, 0, 3);
        if (field == 0) p.value -= MICRO;
        if (field == 1) p.validAfter -= 1;
        if (field == 2) p.validBefore += 1;
        if (field == 3) p.nonce = keccak256("another");
        refused(p, signature, "FiatTokenV2: invalid signature");
    }

    function test_a_signature_for_another_chain_is_refused() external {
        Payment memory p = payment(alice.addr);
        bytes memory signature = signed(p);
        vm.chainId(block.chainid + 1);
        refused(p, signature, "FiatTokenV2: invalid signature");
    }

    function test_the_other_form_of_a_known_signature_is_refused() external {
        Payment memory p = payment(alice.addr);
        refused(p, malleated(signed(p)), "ECRecover: invalid signature 's' value");
        refused(p, signCompact(alice, bytes32(0)), "ECRecover: invalid signature length");
    }

    function test_a_barred_payer_or_payee_is_refused() external {
        Payment memory p = payment(alice.addr);
        barred(alice.addr);
        refused(p, signed(p), "Blacklistable: account is blacklisted");
        vm.prank(blacklister.addr);
        usdc.unBlacklist(alice.addr);
        barred(bob.addr);
        refused(p, signed(p), "Blacklistable: account is blacklisted");
    }

    function test_nothing_is_paid_while_paused() external {
        Payment memory p = payment(alice.addr);
        paused();
        refused(p, signed(p), "Pausable: paused");
    }

    function test_a_cancelled_payment_is_never_made_and_its_nonce_reads_as_used() external {
        Payment memory p = payment(alice.addr);
        bytes memory cancellation = sign(
            alice, digest(keccak256(abi.encode(usdc.CANCEL_AUTHORIZATION_TYPEHASH(), alice.addr, p.nonce)))
        );
        vm.expectEmit(address(usdc));
        emit Authorizations.AuthorizationCanceled(alice.addr, p.nonce);
        vm.prank(relayer.addr);
        usdc.cancelAuthorization(alice.addr, p.nonce, cancellation);
        assertTrue(usdc.authorizationState(alice.addr, p.nonce), "state");
        refused(p, signed(p), "FiatTokenV2: authorization is used or canceled");
    }
}

contract TransferWithAuthorizationTest is AuthorizationTest {
    function typehash() internal view override returns (bytes32) {
        return usdc.TRANSFER_WITH_AUTHORIZATION_TYPEHASH();
    }

    function bring(Payment memory p, bytes memory signature) internal override {
        usdc.transferWithAuthorization(p.from, p.to, p.value, p.validAfter, p.validBefore, p.nonce, signature);
    }

    function bringSplit(Payment memory p, bytes memory signature) internal override {
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        usdc.transferWithAuthorization(p.from, p.to, p.value, p.validAfter, p.validBefore, p.nonce, v, r, s);
    }

    function test_anybody_may_bring_it() external {
        Payment memory p = payment(alice.addr);
        bytes memory signature = signed(p);
        vm.prank(relayer.addr);
        bring(p, signature);
        assertEq(usdc.balanceOf(bob.addr), p.value, "payee");
    }
}

contract ReceiveWithAuthorizationTest is AuthorizationTest {
    function typehash() internal view override returns (bytes32) {
        return usdc.RECEIVE_WITH_AUTHORIZATION_TYPEHASH();
    }

    function bring(Payment memory p, bytes memory signature) internal override {
        usdc.receiveWithAuthorization(p.from, p.to, p.value, p.validAfter, p.validBefore, p.nonce, signature);
    }

    function bringSplit(Payment memory p, bytes memory signature) internal override {
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        usdc.receiveWithAuthorization(p.from, p.to, p.value, p.validAfter, p.validBefore, p.nonce, v, r, s);
    }

    function test_only_the_payee_may_bring_it() external {
        Payment memory p = payment(alice.addr);
        bytes memory signature = signed(p);
        vm.prank(relayer.addr);
        vm.expectRevert("FiatTokenV2: caller must be the payee");
        bring(p, signature);
    }
}

contract CancelAuthorizationTest is Usdc {
    bytes32 private constant NONCE = keccak256("nonce");

    function cancellation(bytes32 nonce) private view returns (bytes memory) {
        return
            sign(
                alice, digest(keccak256(abi.encode(usdc.CANCEL_AUTHORIZATION_TYPEHASH(), alice.addr, nonce)))
            );
    }

    function test_a_nonce_is_cancelled_once() external {
        (uint8 v, bytes32 r, bytes32 s) = split(cancellation(NONCE));
        usdc.cancelAuthorization(alice.addr, NONCE, v, r, s);
        bytes memory again = cancellation(NONCE);
        vm.expectRevert("FiatTokenV2: authorization is used or canceled");
        usdc.cancelAuthorization(alice.addr, NONCE, again);
    }

    function test_only_the_payer_cancels() external {
        bytes memory other = cancellation(keccak256("another"));
        vm.expectRevert("FiatTokenV2: invalid signature");
        usdc.cancelAuthorization(alice.addr, NONCE, other);
    }
}
