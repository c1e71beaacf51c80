// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Deal, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {Mandate, Revoke} from "../../src/types/Mandate.sol";
import {Agreement, Breach, Destroyed, Nda} from "../../src/types/Nda.sol";
import {Encoding, EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Sitters} from "../escrow/Sitters.sol";
import {Tailed} from "../escrow/Tailed.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";
import {FrontRunning} from "./FrontRunning.sol";

/// @notice Front-running of money, authority, accords and appeals.
contract FrontRunOthersAttack is FrontRunning {
    using EscrowCalls for DealEscrow;
    using Encoding for Deal;
    using JuryCalls for JuryPool;

    function test_an_appeal_is_the_same_whoever_sends_it() external {
        (Deal memory d, Verdict memory v) = pending(0);
        watch(v.deal);
        uint40 until = uint40(block.timestamp);
        Votes memory none;
        uint256 head = Encoding.head(v, none, 0, 0);
        uint256 plea = uint256(uint160(seller.addr)) | uint256(until) << 160;
        bytes memory data = abi.encodeWithSelector(
            IDealEscrow.appeal.selector,
            d.brief(),
            head,
            v.evidence,
            v.votes,
            plea,
            signAppeal(seller, v, until)
        );
        sameWhoeverSends(address(escrow), data);
        bytes memory request = abi.encodeWithSelector(IJuryPool.request.selector, d.brief(), SEATS);
        sameWhoeverSends(address(jury), request);
    }

    function test_a_withdrawal_goes_where_it_was_signed_to_whoever_sends_it() external {
        Withdraw memory w = Withdraw(buyer.addr, sellerPrincipal.addr, 0, NOW);
        bytes memory signature = signWithdrawal(buyer, w);
        sameWhoeverSends(address(escrow), abi.encodeCall(IDealEscrow.withdrawFor, (w, signature)));
    }

    function test_a_withdrawal_that_a_deposit_of_dust_overtakes_still_takes_everything() external {
        Withdraw memory w = Withdraw(buyer.addr, sellerPrincipal.addr, 0, NOW);
        bytes memory signature = signWithdrawal(buyer, w);
        deposited(buyer.addr, 1);
        escrow.withdrawFor(w, signature);
        assertEq(escrow.credit(buyer.addr), 0, "credit");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 1000 * ONE + 1, "everything");
    }

    function test_a_deposit_by_authorization_is_the_same_whoever_sends_it() external {
        bytes32 nonce = keccak256(abi.encode(keccak256("Deposit"), buyer.addr, bytes32(uint256(1))));
        bytes memory given = authorization(buyer, address(escrow), 7 * ONE, NOW + 1, nonce);
        sameWhoeverSends(
            address(escrow),
            abi.encodeCall(
                IDealEscrow.depositWithAuthorization,
                (buyer.addr, 7 * ONE, 0, NOW + 1, bytes32(uint256(1)), given)
            )
        );
    }

    function test_a_seat_is_the_same_whoever_sends_it() external {
        Account memory principal = seatPrincipal(60);
        minted(principal.addr, STAKE);
        bytes32 nonce = keccak256(abi.encode(keccak256("Join"), stranger.addr, uint16(3), bytes32(0)));
        bytes memory given = authorization(principal, address(jury), STAKE, NOW + 1, nonce);
        sameWhoeverSends(
            address(jury),
            abi.encodeCall(
                IJuryPool.joinWithAuthorization, (principal.addr, stranger.addr, 3, 0, NOW + 1, 0, given)
            )
        );
    }

    function test_a_grant_and_a_revocation_are_the_same_whoever_sends_them() external {
        Mandate memory m = mandateTerms(buyer, buyerPrincipal);
        (m.serial, m.perPeriod) = (2, 5 * ONE);
        bytes32 digest = mandates.mandateDigest(m);
        sameWhoeverSends(
            address(mandates),
            abi.encodeCall(
                mandates.grant, (sign(buyerPrincipal, digest), sign(buyer, digest), MandateCalls.words(m))
            )
        );
        Revoke memory r = Revoke(buyer.addr, address(escrow), 9);
        sameWhoeverSends(
            address(mandates),
            abi.encodeCall(
                mandates.revoke, (r, buyerPrincipal.addr, sign(buyerPrincipal, mandates.revokeDigest(r)))
            )
        );
    }

    function test_accords_are_the_same_whoever_sends_them() external {
        Nda memory n;
        (n.a, n.b, n.from, n.until, n.destroyBy, n.anchorBy) =
        (buyer.addr, seller.addr, NOW, NOW + 1, NOW + 2, NOW);
        bytes32 id = watch(accords.ndaId(n));
        sameWhoeverSends(
            address(accords), abi.encodeCall(accords.anchor, (n, sign(buyer, id), sign(seller, id)))
        );
        Breach memory b = Breach(id, keccak256("leak"));
        bytes memory signature = sign(buyer, accords.breachDigest(b));
        sameWhoeverSends(address(accords), abi.encodeCall(accords.breach, (n, b, buyer.addr, signature)));
        Destroyed memory x = Destroyed(id, keccak256("gone"));
        signature = sign(buyer, accords.destroyedDigest(x));
        sameWhoeverSends(address(accords), abi.encodeCall(accords.destroyed, (n, x, buyer.addr, signature)));
        Agreement memory a = Agreement(buyer.addr, seller.addr, keccak256("agreement"), id, NOW, 1);
        id = watch(accords.agreementDigest(a));
        sameWhoeverSends(
            address(accords), abi.encodeCall(accords.anchorAgreement, (a, sign(buyer, id), sign(seller, id)))
        );
    }

    function test_a_testimony_and_a_ruling_are_the_same_whoever_sends_them() external {
        (Deal memory d, Verdict memory v) = pending(0);
        watch(v.deal);
        appealed(d, v, seller);
        requested(d);
        proven(d);
        v = courtVerdict(d, 10_000, 1);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        Votes memory one = Votes(panel(), 0, new bytes[](1));
        one.signatures[0] = sign(holderOf(seats[0]), escrow.verdictDigest(v));
        Encoding.Piece memory p = Encoding.ruling(one, Sitters.walked(jury, d, 0, panel(), 1));
        Ballot head = Ballot.wrap(Encoding.head(v, one, 0, p.long));
        sameWhoeverSends(address(jury), Tailed.testify(d.brief(), head, v.evidence, v.votes, 0, p.data));
        Votes memory votes = votesOfCourt(d, v, 31);
        p = Encoding.ruling(votes, jury.sittersOf(d, v, votes));
        head = Ballot.wrap(Encoding.head(v, votes, 0, p.long));
        sameWhoeverSends(address(jury), Tailed.rule(d.brief(), head, v.evidence, v.votes, p.data));
    }
}
