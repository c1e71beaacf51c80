// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cancel, Deal, Rating, Release, Verdict} from "../../src/types/Deal.sol";
import {Test} from "../base/Test.sol";
import {Encoding} from "../escrow/Calls.sol";
import {Books} from "./Books.sol";
import {Desk} from "./Desk.sol";
import {FalseJury, Purse} from "./Hostiles.sol";
import {Leaky, Leave, Warrant} from "./Leaky.sol";
import {Page, Reached} from "./Page.sol";

/// One side of a deal: who signs, who is paid.
struct Side {
    Test.Account signer;
    Test.Account payee;
    bool mandated;
    bool purse; // a contract account
}

/// Chance, from one seed.
struct Dice {
    uint256 face;
}

/// @title Who takes part, what they sign, and how an act is tried
/// @notice Three buying and three selling sides: an agent with a mandate, an account that acts for itself, a contract account
/// that may turn hostile. Every act says beforehand whether the rules allow it; the two answers must agree.
abstract contract Cast is Books {
    using Leaky for Warrant;

    /// @notice An act went through that the rules refuse, or the other way round.
    error Broken(string sentence, bool done);

    bytes32 private constant DEAL_TYPE = keccak256(
        "Deal(address buyer,address seller,address buyerPay,address sellerPay,uint256 amounts,uint256 amounts2,uint256 due,bytes32 panel,address jury,uint40 end,uint32 window,uint8 quorum,uint8 fallback,uint16 fallbackBps,uint64 juryFee,uint64 appealFee,uint64 sellerBond,uint8 flags,Meta meta)Meta(bytes32 agreement,bytes32 nda,bytes32 pact,bytes32 panelRequest,bytes32 vaults,address mandates,address reviewer,uint40 start,uint40 fundBy,uint16 kind,uint16 jurisdiction,uint64 beaconRound,uint8 attempt,uint256 salt)"
    );
    bytes32 private constant VERDICT_TYPE = keccak256(
        "Verdict(bytes32 deal,uint8 milestone,uint8 round,uint8 attempt,uint16 sellerBps,bytes32 evidence,bytes32 votes)"
    );

    uint256 internal constant ALL = type(uint256).max;

    /// @notice Whether acts that the rules refuse are left out, so that each call must go through.
    bool public strict;
    uint256 internal touched; // bit i: the last act was about deal i, or chance wants it looked at
    Desk internal desk;
    FalseJury internal falseJury;
    Side[3] internal buying;
    Side[3] internal selling;
    Account internal nobody;
    mapping(address agent => Warrant) internal warrants;
    bytes32 internal escrowDomain;
    bytes32 private mandatesDomain;
    bytes32 private usdcDomain;

    function setUp() public virtual override {
        super.setUp();
        desk = new Desk(escrow, jury, mandates);
        falseJury = new FalseJury();
        escrowDomain = escrow.domainSeparator();
        mandatesDomain = mandates.domainSeparator();
        usdcDomain = usdc.DOMAIN_SEPARATOR();
        nobody = account("nobody");
        buying[0] = Side(buyer, buyerPrincipal, true, false);
        buying[1] = Side(account("self-acting buyer"), account("self-acting buyer"), false, false);
        buying[2] = _purse();
        selling[0] = Side(seller, sellerPrincipal, true, false);
        selling[1] = Side(account("self-acting seller"), account("seller's bank"), false, false);
        selling[2] = _purse();
        for (uint256 i = 0; i < 3; ++i) {
            _endow(buying[i]);
            _endow(selling[i]);
        }
        for (uint256 i = 0; i < 17; ++i) {
            know(seatPrincipal(i).addr);
            know(i < 5 ? jurors[i].addr : seatHolder(i - 5).addr);
        }
        know(address(desk));
        know(nobody.addr);
        _warrant(buyer.addr, buyerPrincipal.addr, 1);
        _warrant(seller.addr, sellerPrincipal.addr, 2);
    }

    function _purse() private returns (Side memory) {
        Account memory who = Account(address(new Purse()), 0);
        return Side(who, who, false, true);
    }

    function _endow(Side memory side) private {
        minted(side.signer.addr, 5000 * ONE);
        deposited(side.signer.addr, 500 * ONE);
        deposited(side.payee.addr, 2000 * ONE);
        know(side.signer.addr);
        know(side.payee.addr);
    }

    function _warrant(address agent, address principal, uint32 scopes) private {
        Warrant storage w = warrants[agent];
        (w.principal, w.validUntil, w.scopes, w.serial) = (principal, NOW + 365 days, scopes, 1);
        (w.humanAbove, w.perPeriod, w.since) = (500 * ONE, 1000 * ONE, uint40(block.timestamp));
    }

    // --- chance ---

    function roll(Dice memory dice, uint256 sides) internal pure returns (uint256) {
        uint256 face;
        assembly ("memory-safe") {
            face := keccak256(dice, 0x20)
            mstore(dice, face)
        }
        return face % sides;
    }

    /// @dev One in `sides`; never where every act must go through.
    function faulty(Dice memory dice, uint256 sides) internal view returns (bool) {
        return !strict && roll(dice, sides) == 0;
    }

    /// @dev A deal in one of `stages` (bit: Status), or when there is none any deal.
    function find(Dice memory dice, uint256 stages) internal returns (Page storage) {
        uint256 n = pages.length;
        uint256 at_ = roll(dice, n);
        for (uint256 i = 0; i < n && stages >> uint256(pages[at_].status) & 1 == 0; ++i) {
            at_ = (at_ + 1) % n;
        }
        touched = 1 << at_ | 1 << (dice.face % n);
        return pages[at_];
    }

    /// @dev Mostly a milestone that is not settled.
    function milestoneOf(Dice memory dice, Page storage p) internal view returns (uint8) {
        uint256 from = roll(dice, p.count);
        for (uint256 i = 0; i < p.count; ++i) {
            uint8 m = uint8((from + i) % p.count);
            if (!isDone(p, m)) return m;
        }
        return uint8(roll(dice, uint256(p.count) + 1));
    }

    function waitUntil(uint256 time) internal {
        if (time > block.timestamp) vm.warp(time);
    }

    // --- trying ---

    function either(bool allowed) internal pure returns (Leave) {
        return allowed ? Leave.Granted : Leave.Refused;
    }

    function least(Leave a, Leave b) internal pure returns (Leave) {
        return a < b ? a : b;
    }

    /// @dev Through the desk. The rules and the contract must agree.
    function tried(bytes memory call_, Leave may, string memory sentence) internal returns (bool done) {
        if (strict && may != Leave.Granted) return false;
        bytes memory why;
        uint256 gas = gasleft();
        (done, why) = address(desk).call(call_);
        gas -= gasleft();
        if (done) assertLe(gas, 2_000_000, "E19 a call costs a bounded amount of gas");
        if (!done && strict) {
            assembly ("memory-safe") {
                revert(add(why, 0x20), mload(why))
            }
        }
        if (done ? may == Leave.Refused : may == Leave.Granted) revert Broken(sentence, done);
        if (!done) count(Reached.Refused);
    }

    // --- signing ---

    function digestOf(bytes32 structHash) internal view returns (bytes32) {
        return typedDigest(escrowDomain, structHash);
    }

    function mandatesDigest(bytes32 structHash) internal view returns (bytes32) {
        return typedDigest(mandatesDomain, structHash);
    }

    /// @dev With a key in either form, or as a Purse does.
    function signed(Account memory who, bytes32 digest) internal pure returns (bytes memory) {
        if (who.key == 0) return abi.encode(keccak256(abi.encode(who.addr, digest)));
        return uint256(digest) & 1 == 0 ? signCompact(who, digest) : sign(who, digest);
    }

    /// @dev Whether its signature counts now.
    function honest(Side storage side) internal view returns (bool) {
        return !side.purse || Purse(side.signer.addr).mood() == Purse.Mood.Honest;
    }

    function buyerOf(Page storage p) internal view returns (Side storage) {
        return buying[p.buyer];
    }

    function sellerOf(Page storage p) internal view returns (Side storage) {
        return selling[p.seller];
    }

    /// @notice The id by EIP-712, worked out here.
    function idOf(Deal memory d) internal view returns (bytes32) {
        bytes memory words = abi.encode(DEAL_TYPE, d);
        bytes32 meta = Encoding.metaHash(d.meta);
        bytes32 structHash;
        assembly ("memory-safe") {
            mstore(add(words, 0x280), meta) // in place of the first word of Meta
            structHash := keccak256(add(words, 0x20), 0x280)
        }
        return digestOf(structHash);
    }

    /// @dev Evidence and votes follow from the rest, so that a verdict can be brought again.
    function verdictFor(Page storage p, uint256 milestone, uint256 round, uint256 attempt, uint256 bps)
        internal
        view
        returns (Verdict memory v)
    {
        (v.deal, v.milestone, v.round) = (p.id, uint8(milestone), uint8(round));
        (v.attempt, v.sellerBps) = (uint8(attempt), uint16(bps));
        (v.evidence, v.votes) = (bytes32(attempt << 16 | bps), bytes32(milestone));
    }

    function verdictDigest(Verdict memory v) internal view returns (bytes32) {
        return digestOf(keccak256(abi.encode(VERDICT_TYPE, v)));
    }

    function consentOf(Side storage side, bytes32 verdict) internal view returns (bytes memory) {
        return
            signed(
                side.signer, digestOf(keccak256(abi.encode(keccak256("Consent(bytes32 verdict)"), verdict)))
            );
    }

    function releaseOf(Account memory who, Release memory r) internal view returns (bytes memory) {
        bytes32 typeHash = keccak256("Release(bytes32 deal,uint8 milestone,bytes32 evidence)");
        return signed(who, digestOf(keccak256(abi.encode(typeHash, r))));
    }

    function cancelOf(Account memory who, Cancel memory c) internal view returns (bytes memory) {
        bytes32 typeHash = keccak256("Cancel(bytes32 deal,uint16 sellerBps,uint40 until)");
        return signed(who, digestOf(keccak256(abi.encode(typeHash, c))));
    }

    function ratingOf(Account memory who, Rating memory r) internal view returns (bytes memory) {
        bytes32 typeHash = keccak256("Rating(bytes32 deal,int128 value,bytes32 feedbackHash)");
        return signed(who, digestOf(keccak256(abi.encode(typeHash, r))));
    }

    /// @dev USDC takes the long form only.
    function moneyOf(Account memory who, uint256 amount, uint256 validBefore, bytes32 nonce)
        internal
        view
        returns (bytes memory)
    {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 hash = keccak256(
            abi.encode(typeHash, who.addr, address(escrow), amount, uint256(0), validBefore, nonce)
        );
        bytes32 digest = typedDigest(usdcDomain, hash);
        return who.key == 0 ? signed(who, digest) : sign(who, digest);
    }
}
