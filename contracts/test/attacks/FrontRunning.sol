// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Accords} from "../../src/Accords.sol";
import {Court} from "../escrow/Court.sol";

/// @notice Attack: whoever sees a transaction on its way sends the signatures in it first, as they are or with everything changed that
/// is not signed, so that the owner's own transaction fails and something else has happened.
/// Rule: the sender never matters; what a signature does is in the signature. The owner may find its transaction failed,
/// and the world as if it had not.
abstract contract FrontRunning is Court {
    Accords internal accords;
    bytes32[] private watched;

    function setUp() public virtual override {
        super.setUp();
        accords = Accords(created("Accords.sol:Accords", ""));
        minted(buyer.addr, 1000 * ONE);
        deposited(buyer.addr, 1000 * ONE);
        deposited(sellerPrincipal.addr, 100 * ONE);
    }

    /// @notice Everything that these tests could change, in one hash.
    function world() internal returns (bytes32 hash) {
        address[8] memory people = [
            buyer.addr,
            seller.addr,
            buyerPrincipal.addr,
            sellerPrincipal.addr,
            stranger.addr,
            jurors[0].addr,
            jurors[1].addr,
            seatPrincipal(60).addr
        ];
        for (uint256 i = 0; i < people.length; ++i) {
            hash = keccak256(
                abi.encode(hash, usdc.balanceOf(people[i]), escrow.credit(people[i]), escrow.nonce(people[i]))
            );
        }
        hash = keccak256(abi.encode(hash, mandates.available(buyer.addr, address(escrow))));
        hash = keccak256(
            abi.encode(hash, mandates.burntSerial(buyerPrincipal.addr, buyer.addr, address(escrow)))
        );
        hash = keccak256(abi.encode(hash, jury.seatCount(), jury.pot(), usdc.balanceOf(address(jury))));
        for (uint256 i = 0; i < watched.length; ++i) {
            bytes32 id = watched[i];
            hash = keccak256(abi.encode(hash, escrow.dealOf(id), escrow.claims(id), jury.ruling(id, 0)));
            hash = keccak256(abi.encode(hash, accords.agreementAnchoredAt(id), jury.appealOf(id, 0)));
            (uint32 signers, uint224 digest) = escrow.signersOf(id, 0);
            (uint40 at_,,, bool breach,, bool gone,) = accords.record(id);
            hash = keccak256(abi.encode(hash, signers, digest, at_, breach, gone));
        }
    }

    /// @notice The owner's call alone, and after a stranger has sent the same, must leave the same world.
    function sameWhoeverSends(address target, bytes memory data) internal {
        sameAfter(target, data, data);
    }

    /// @notice The owner's call alone, and after a stranger's other one, must leave the same world.
    function sameAfter(address target, bytes memory data, bytes memory strangers) internal {
        uint256 before = vm.snapshotState();
        bytes32 untouched = world();
        vm.prank(buyer.addr);
        (bool done,) = target.call(data);
        assertTrue(done, "the owner's call goes through alone");
        bytes32 alone = world();
        assertTrue(alone != untouched, "and does something");
        assertTrue(vm.revertToState(before), "back");
        vm.prank(stranger.addr);
        (done,) = target.call(strangers);
        assertTrue(done, "the stranger's call goes through");
        vm.prank(buyer.addr);
        (done,) = target.call(data);
        assertEq(world(), alone, "the same world");
    }

    function watch(bytes32 id) internal returns (bytes32) {
        watched.push(id);
        return id;
    }
}
