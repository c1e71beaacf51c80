// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Verdict} from "../../src/types/Deal.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {Sitter} from "../../src/types/Seat.sol";
import {Ledger} from "./Ledger.sol";
import {Proof} from "./Proof.sol";

/// @notice What a pool reads of its beacon and of its escrow when it is made, and nothing else of either.
contract Surroundings {
    uint40 public constant genesis = 1000;
    uint32 public constant period = 3;
    uint40 public constant appealLimit = 7 days;
}

/// @notice A juror's stake is in exactly one place, comes back whole after the exit delay, and is lost only by two of its own
/// signatures.
contract JuryProof is Proof {
    address private constant HOLDER = address(0xA0);
    address private constant PRINCIPAL = address(0x99);
    uint64 private constant STAKE = 50e6;
    uint40 private constant EXIT_DELAY = 8 days;
    bytes32 private constant NAME =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    Ledger private usdc;
    Surroundings private around;
    IJuryPool private jury;
    bytes32 private domain;

    function setUp() public {
        (usdc, around) = (new Ledger(), new Surroundings());
        bytes memory parts = abi.encode(address(usdc), address(around), address(around));
        bytes memory constants = abi.encode(
            STAKE, uint256(1 days), uint256(1 hours), uint256(10 minutes), uint256(2 days), EXIT_DELAY
        );
        jury = IJuryPool(deployed("JuryPool", bytes.concat(parts, constants)));
        domain = keccak256(
            abi.encode(NAME, keccak256("DealEscrow"), keccak256("1"), block.chainid, address(around))
        );
        usdc.put(PRINCIPAL, STAKE);
        vm.warp(1_800_000_000);
        vm.prank(PRINCIPAL);
        jury.join(HOLDER, 1);
    }

    function check_a_seat_costs_its_stake(address holder, uint16 provider, uint64 balance) external {
        usdc.put(PRINCIPAL, balance);
        vm.prank(PRINCIPAL);
        (bool ok,) = address(jury).call(abi.encodeCall(IJuryPool.join, (holder, provider)));
        if (!ok) return;
        assert(balance >= STAKE && usdc.balanceOf(PRINCIPAL) == balance - STAKE);
        assert(usdc.balanceOf(address(jury)) == 2 * uint256(STAKE) && jury.seatCount() == 2);
        assert(jury.seatOf(1).stake == STAKE && jury.seatOf(1).sitter == _hash(holder, PRINCIPAL));
    }

    function check_a_stake_comes_back_whole_and_once_after_the_exit_delay(
        address by,
        uint40 left,
        uint40 time
    ) external {
        vm.warp(left);
        vm.prank(by);
        (bool ok,) = address(jury).call(abi.encodeCall(IJuryPool.vacate, (0, _sitter())));
        if (!ok) return;
        assert(by == HOLDER || by == PRINCIPAL);
        vm.warp(time);
        (ok,) = address(jury).call(abi.encodeCall(IJuryPool.withdrawStake, (0, _sitter())));
        if (!ok) return;
        assert(uint256(time) >= uint256(left) + EXIT_DELAY);
        assert(usdc.balanceOf(PRINCIPAL) == STAKE && usdc.balanceOf(address(jury)) == 0);
        (ok,) = address(jury).call(abi.encodeCall(IJuryPool.withdrawStake, (0, _sitter())));
        assert(!ok && jury.seatOf(0).stake == 0);
    }

    function check_a_slashed_stake_needs_two_signatures_and_is_shared_to_the_last_micro_usdc(
        Verdict calldata a,
        Verdict calldata b,
        bytes32[4] calldata s,
        address by
    ) external {
        vm.prank(by);
        (bool ok,) = address(jury)
            .call(
                abi.encodeCall(
                    IJuryPool.slash, (0, _sitter(), a, signature(s[0], s[1]), b, signature(s[2], s[3]))
                )
            );
        if (!ok) return;
        bytes32 first = digestIn(domain, keccak256(bytes.concat(abi.encode(Hashes.VERDICT), abi.encode(a))));
        bytes32 second = digestIn(domain, keccak256(bytes.concat(abi.encode(Hashes.VERDICT), abi.encode(b))));
        assert(signedBy(HOLDER, first, s[0], s[1]) && signedBy(HOLDER, second, s[2], s[3]));
        assert(first != second);
        assert(a.deal == b.deal && a.milestone == b.milestone && a.round == b.round && a.attempt == b.attempt);
        assert(jury.seatOf(0).stake == 0);
        assert(uint256(jury.owed(by)) + jury.pot() == STAKE && jury.owed(by) == STAKE / 10);
    }

    function _sitter() private pure returns (Sitter memory) {
        return Sitter(HOLDER, PRINCIPAL);
    }

    function _hash(address holder, address principal) private pure returns (bytes20) {
        return bytes20(uint160(uint256(keccak256(abi.encodePacked(holder, principal))) >> 96));
    }
}
