// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccords} from "../../src/interfaces/IAccords.sol";
import {Hashes} from "../../src/types/Hashes.sol";
import {Breach, Nda} from "../../src/types/Nda.sol";
import {Proof} from "./Proof.sol";

/// @notice An NDA is anchored by both of its parties, once, and a breach is alleged by a party, once.
contract AccordsProof is Proof {
    bytes32 private constant NAME =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    IAccords private accords;
    bytes32 private domain;

    function setUp() public {
        accords = IAccords(deployed("Accords", ""));
        domain = keccak256(
            abi.encode(NAME, keccak256("Accords"), keccak256("1"), block.chainid, address(accords))
        );
    }

    function anchored(Nda memory n, bytes32[4] calldata s) private returns (bool ok) {
        bytes memory data = abi.encodeCall(IAccords.anchor, (n, signature(s[0], s[1]), signature(s[2], s[3])));
        (ok,) = address(accords).call(data);
    }

    /// @dev Between two accounts with keys: a contract wallet says itself what it signed.
    function nda(bytes32 terms, uint40[4] calldata times, uint256 salt) private pure returns (Nda memory n) {
        (n.a, n.b, n.terms, n.salt) = (address(0xAA), address(0xBB), terms, salt);
        (n.from, n.until, n.destroyBy, n.anchorBy) = (times[0], times[1], times[2], times[3]);
    }

    function check_an_nda_is_anchored_once_by_both_in_time(
        bytes32 terms,
        uint40[4] calldata times,
        uint256 salt,
        uint40 time,
        bytes32[4] calldata s
    ) external {
        vm.assume(time != 0);
        vm.warp(time);
        Nda memory n = nda(terms, times, salt);
        if (!anchored(n, s)) return;
        bytes32 id = digestIn(domain, keccak256(bytes.concat(abi.encode(Hashes.NDA), abi.encode(n))));
        assert(signedBy(n.a, id, s[0], s[1]) && signedBy(n.b, id, s[2], s[3]));
        assert(time <= n.anchorBy && n.from < n.until && n.until <= n.destroyBy);
        assert(!anchored(n, s));
    }

    function check_a_breach_is_alleged_once_by_a_party(
        bytes32 evidence,
        address by,
        bytes32[4] calldata s,
        bytes32 r,
        bytes32 vs
    ) external {
        vm.assume(by.code.length == 0);
        vm.warp(1000);
        Nda memory n;
        (n.a, n.b, n.until, n.destroyBy, n.anchorBy) = (address(0xAA), address(0xBB), 2000, 3000, 2000);
        if (!anchored(n, s)) return;
        bytes32 id = accords.ndaId(n);
        bytes memory data = abi.encodeCall(IAccords.breach, (n, Breach(id, evidence), by, signature(r, vs)));
        (bool ok,) = address(accords).call(data);
        if (!ok) return;
        assert(by == n.a || by == n.b);
        bytes32 hash = keccak256(abi.encode(keccak256("Breach(bytes32 nda,bytes32 evidence)"), id, evidence));
        assert(signedBy(by, digestIn(domain, hash), r, vs));
        (ok,) = address(accords).call(data);
        assert(!ok);
    }
}
