// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {
    Ballot,
    MARK_BUYER_CONSENTS,
    MARK_BUYER_RATES,
    MARK_PUSH,
    MARK_SELLER_CONSENTS,
    MARK_SELLER_RATES
} from "../../src/types/Ballot.sol";
import {Cancel, Deal, Meta, Rating, Release, Verdict} from "../../src/types/Deal.sol";
import {Sitters} from "./Sitters.sol";
import {Tailed} from "./Tailed.sol";

/// Signatures of panel members over one Verdict.
struct Votes {
    address[] panel; // all members, strictly ascending
    uint256 signers; // bit i: who signed
    bytes[] signatures; // in the order of the bits
}

/// A delivery as the vaults hold it.
struct Claim {
    uint8 milestone;
    uint8 attempt;
    bytes32 manifest;
    uint64 size;
    address[] vaults; // all addresses of `meta.vaults`, strictly ascending
    uint256 receipts; // bit i: vaults[i] signed a Receipt
    uint40[] storedAt; // one per receipt, in the order of the bits
    bytes[] signatures; // in the order of the bits
}

/// @notice Terms and signatures as the contracts take them.
library Encoding {
    function brief(Deal memory d) internal pure returns (uint256[10] memory w) {
        uint256[17] memory all = whole(d);
        for (uint256 i = 0; i < 9; ++i) {
            w[i] = all[i];
        }
        w[9] = uint256(metaHash(d.meta));
    }

    function whole(Deal memory d) internal pure returns (uint256[17] memory w) {
        w[0] = uint160(d.buyer) | uint256(d.end) << 160 | uint256(d.window) << 200;
        w[0] |= uint256(d.quorum) << 232 | uint256(d.fallback_) << 240 | uint256(d.flags) << 248;
        w[1] = uint160(d.seller) | uint256(d.juryFee) << 160 | uint256(d.fallbackBps) << 224;
        w[2] = uint160(d.buyerPay) | uint256(d.appealFee) << 160;
        w[3] = uint160(d.sellerPay) | uint256(d.sellerBond) << 160;
        (w[4], w[5], w[6]) = (uint160(d.jury), d.amounts, d.amounts2);
        (w[7], w[8]) = (d.due, uint256(d.panel));
        Meta memory m = d.meta;
        (w[9], w[10], w[11]) = (uint256(m.agreement), uint256(m.nda), uint256(m.pact));
        (w[12], w[13]) = (uint256(m.panelRequest), uint256(m.vaults));
        w[14] = uint160(m.mandates) | uint256(m.start) << 160 | uint256(m.fundBy) << 200;
        w[14] |= uint256(m.kind) << 240;
        w[15] = uint160(m.reviewer) | uint256(m.jurisdiction) << 160 | uint256(m.beaconRound) << 176;
        w[15] |= uint256(m.attempt) << 240;
        w[16] = m.salt;
    }

    function metaHash(Meta memory m) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Meta(bytes32 agreement,bytes32 nda,bytes32 pact,bytes32 panelRequest,bytes32 vaults,address mandates,address reviewer,uint40 start,uint40 fundBy,uint16 kind,uint16 jurisdiction,uint64 beaconRound,uint8 attempt,uint256 salt)"
        );
        return keccak256(bytes.concat(abi.encode(typeHash), abi.encode(m)));
    }

    function packed(address[] memory list) internal pure returns (bytes memory all) {
        for (uint256 i = 0; i < list.length; ++i) {
            all = bytes.concat(all, bytes20(list[i]));
        }
    }

    /// @notice A piece of a tail, and the bits of its signatures that have their length before them.
    struct Piece {
        bytes data;
        uint256 long;
        uint256 signatures;
    }

    function add(Piece memory p, bytes memory signature) internal pure {
        if (signature.length != 64) {
            p.long |= uint256(1) << p.signatures;
            p.data = bytes.concat(p.data, bytes2(uint16(signature.length)));
        }
        p.data = bytes.concat(p.data, signature);
        ++p.signatures;
    }

    function head(Verdict memory v, Votes memory votes, uint256 marks, uint256 long)
        internal
        pure
        returns (uint256 word)
    {
        word = uint256(v.milestone) | uint256(v.round) << 8 | uint256(v.attempt) << 16;
        word |= uint256(v.sellerBps) << 24 | uint256(uint32(votes.signers)) << 40;
        word |= votes.panel.length << 72 | marks << 88 | long << 96;
    }

    /// @notice A panel with its votes, member by member. Signatures that no bit speaks of are left out, and a bit without a
    /// signature has an address.
    function roll(Votes memory votes) internal pure returns (Piece memory p) {
        uint256 next;
        for (uint256 i = 0; i < votes.panel.length; ++i) {
            bool signs = votes.signers >> i & 1 != 0 && next < votes.signatures.length;
            if (!signs || votes.signatures[next].length != 64) {
                p.data = bytes.concat(p.data, bytes20(votes.panel[i]));
            }
            if (signs) add(p, votes.signatures[next++]);
        }
    }

    /// @notice The first panel, who sits where the walk looks, and then the signatures of a ruling.
    function ruling(Votes memory votes, bytes memory sitters) internal pure returns (Piece memory p) {
        p.data = bytes.concat(packed(votes.panel), sitters);
        for (uint256 i = 0; i < votes.signatures.length; ++i) {
            add(p, votes.signatures[i]);
        }
    }

    function consents(Piece memory p, bytes memory buyers, bytes memory sellers)
        internal
        pure
        returns (uint256 marks)
    {
        if (buyers.length != 0) {
            add(p, buyers);
            marks |= MARK_BUYER_CONSENTS;
        }
        if (sellers.length != 0) {
            add(p, sellers);
            marks |= MARK_SELLER_CONSENTS;
        }
    }

    function ratings(
        Piece memory p,
        Rating memory byBuyer,
        bytes memory buyers,
        Rating memory bySeller,
        bytes memory sellers
    ) internal pure returns (uint256 marks) {
        if (buyers.length != 0) {
            p.data = bytes.concat(p.data, bytes16(uint128(byBuyer.value)), byBuyer.feedbackHash);
            add(p, buyers);
            marks |= MARK_BUYER_RATES;
        }
        if (sellers.length != 0) {
            p.data = bytes.concat(p.data, bytes16(uint128(bySeller.value)), bySeller.feedbackHash);
            add(p, sellers);
            marks |= MARK_SELLER_RATES;
        }
    }
}

/// @notice The escrow's calls in the types that people sign.
library EscrowCalls {
    using Encoding for Deal;
    using Encoding for Encoding.Piece;

    function dealId(DealEscrow e, Deal memory d) internal view returns (bytes32) {
        return e.dealId(d.brief());
    }

    function buyerTotal(DealEscrow e, Deal memory d) internal pure returns (uint64) {
        return e.buyerTotal(d.brief());
    }

    function openWithAuthorization(DealEscrow e, Deal memory d, bytes memory money, bytes memory sellers)
        internal
        returns (bytes32)
    {
        return e.openWithAuthorization(money, d.whole(), sellers);
    }

    function openFromCredit(DealEscrow e, Deal memory d, bytes memory buyers, bytes memory sellers)
        internal
        returns (bytes32)
    {
        return e.openFromCredit(d.whole(), buyers, sellers);
    }

    function openFromMandatedCredit(
        DealEscrow e,
        Deal memory d,
        bytes memory buyers,
        bytes memory sellers,
        bytes memory approval
    ) internal returns (bytes32) {
        return e.openFromMandatedCredit(d.whole(), buyers, sellers, approval);
    }

    function voidDeal(DealEscrow e, Deal memory d, address by, bytes memory signature) internal {
        e.voidDeal(d.brief(), by, signature);
    }

    function release(DealEscrow e, Deal memory d, Release memory r, bytes memory buyers, bool push) internal {
        e.release(d.brief(), uint256(r.milestone) | (push ? 256 : 0), r.evidence, buyers);
    }

    function releaseCall(DealEscrow e, Deal memory d, Release memory r, bytes memory buyers, bool push)
        internal
        pure
        returns (bytes memory)
    {
        return
            abi.encodeCall(
                e.release, (d.brief(), uint256(r.milestone) | (push ? 256 : 0), r.evidence, buyers)
            );
    }

    function cancel(DealEscrow e, Deal memory d, Cancel memory c, bytes memory buyers, bytes memory sellers)
        internal
    {
        e.cancel(d.brief(), c.sellerBps, c.until, buyers, sellers);
    }

    function claim(DealEscrow e, Deal memory d, Claim memory c) internal {
        Encoding.Piece memory p;
        p.data = Encoding.packed(c.vaults);
        for (uint256 i = 0; i < c.signatures.length; ++i) {
            p.data = bytes.concat(p.data, bytes5(c.storedAt[i]));
            p.add(c.signatures[i]);
        }
        uint256 head = uint256(c.milestone) | uint256(c.attempt) << 8 | c.vaults.length << 16;
        head |= c.signatures.length << 24 | uint256(uint32(c.receipts)) << 32 | uint256(c.size) << 64;
        Tailed.sent(address(e), Tailed.claim(d.whole(), head | p.long << 128, c.manifest, p.data));
    }

    function verdict(
        DealEscrow e,
        Deal memory d,
        Verdict memory v,
        Votes memory votes,
        bytes memory buyers,
        bytes memory sellers,
        bool push
    ) internal {
        bytes[4] memory signed;
        (signed[0], signed[1]) = (buyers, sellers);
        Rating[2] memory none;
        verdictAndRate(e, d, v, votes, signed, none, push);
    }

    function verdictCall(DealEscrow, Deal memory d, Verdict memory v, Votes memory votes)
        internal
        pure
        returns (bytes memory)
    {
        Encoding.Piece memory p = Encoding.roll(votes);
        uint256 head = Encoding.head(v, votes, MARK_PUSH, p.long);
        return Tailed.verdict(d.brief(), Ballot.wrap(head), v.evidence, v.votes, p.data);
    }

    /// @notice A verdict that the buyer sends and so consents to.
    function verdictConsented(DealEscrow, Deal memory d, Verdict memory v, Votes memory votes)
        internal
        pure
        returns (bytes memory)
    {
        Encoding.Piece memory p = Encoding.roll(votes);
        Encoding.add(p, "");
        uint256 head = Encoding.head(v, votes, MARK_PUSH | MARK_BUYER_CONSENTS, p.long);
        return Tailed.verdict(d.brief(), Ballot.wrap(head), v.evidence, v.votes, p.data);
    }

    /// @param signed consents of buyer and seller, signatures of their ratings; empty where there is none.
    function verdictAndRate(
        DealEscrow e,
        Deal memory d,
        Verdict memory v,
        Votes memory votes,
        bytes[4] memory signed,
        Rating[2] memory ratings,
        bool push
    ) internal {
        Encoding.Piece memory p = Encoding.roll(votes);
        uint256 marks = push ? MARK_PUSH : 0;
        marks |= p.consents(signed[0], signed[1]);
        marks |= p.ratings(ratings[0], signed[2], ratings[1], signed[3]);
        uint256 head = Encoding.head(v, votes, marks, p.long);
        Tailed.sent(address(e), Tailed.verdict(d.brief(), Ballot.wrap(head), v.evidence, v.votes, p.data));
    }

    function cosign(DealEscrow e, Deal memory d, Verdict memory v, Votes memory votes) internal {
        Encoding.Piece memory p = Encoding.roll(votes);
        Ballot b = Ballot.wrap(Encoding.head(v, votes, 0, p.long));
        Tailed.sent(address(e), Tailed.cosign(d.brief(), b, v.evidence, v.votes, p.data));
    }

    function consent(DealEscrow e, Deal memory d, Verdict memory v, bytes memory buyers, bytes memory sellers)
        internal
    {
        Encoding.Piece memory p;
        Votes memory none;
        uint256 marks = p.consents(buyers, sellers);
        Ballot b = Ballot.wrap(Encoding.head(v, none, marks, p.long));
        Tailed.sent(address(e), Tailed.consent(d.brief(), b, v.evidence, v.votes, p.data));
    }

    function payout(DealEscrow e, Deal memory d) internal {
        e.payout(d.brief());
    }

    function payoutMany(DealEscrow e, Deal[] memory deals) internal {
        uint256[10][] memory all = new uint256[10][](deals.length);
        for (uint256 i = 0; i < deals.length; ++i) {
            all[i] = deals[i].brief();
        }
        e.payoutMany(all);
    }

    function appeal(
        DealEscrow e,
        Deal memory d,
        Verdict memory v,
        uint40 until,
        address by,
        bytes memory signature
    ) internal {
        Votes memory none;
        uint256 plea = uint256(uint160(by)) | uint256(until) << 160;
        e.appeal(d.brief(), Ballot.wrap(Encoding.head(v, none, 0, 0)), v.evidence, v.votes, plea, signature);
    }

    function rule(DealEscrow e, Deal memory d) internal {
        e.rule(d.brief());
    }

    /// @notice Sent by whoever is the jury, on the verdict's milestone, round and share.
    function settleRuling(DealEscrow e, Deal memory d, Verdict memory v, address[] memory court) internal {
        Votes memory none;
        e.settleRuling(d.brief(), court, Ballot.wrap(Encoding.head(v, none, 0, 0)));
    }

    function timeout(DealEscrow e, Deal memory d, uint8 milestone) internal {
        e.timeout(d.brief(), milestone);
    }

    function payJurors(DealEscrow e, Deal memory d, address[] memory panel) internal {
        e.payJurors(d.brief(), Encoding.packed(panel));
    }

    function rate(DealEscrow e, Deal memory d, Rating memory r, address by, bytes memory signature) internal {
        e.rate(d.brief(), r.feedbackHash, ratingWord(d, r, by), signature);
    }

    function rateCall(DealEscrow e, Deal memory d, Rating memory r, address by, bytes memory signature)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(e.rate, (d.brief(), r.feedbackHash, ratingWord(d, r, by), signature));
    }

    function ratingWord(Deal memory d, Rating memory r, address by) internal pure returns (uint256) {
        return uint256(uint128(r.value)) | (by == d.seller ? uint256(1) << 128 : 0);
    }

    function payoutAndRate(
        DealEscrow e,
        Deal memory d,
        Rating memory byBuyer,
        bytes memory buyers,
        Rating memory bySeller,
        bytes memory sellers
    ) internal {
        Encoding.Piece memory p;
        uint256 marks = p.ratings(byBuyer, buyers, bySeller, sellers);
        Tailed.sent(address(e), Tailed.payoutAndRate(d.brief(), marks | p.long << 8, p.data));
    }
}

/// @notice The jury's calls in the types that people sign. Who sits where is brought as it was noted.
library JuryCalls {
    using Encoding for Deal;

    uint256 private constant SIZE = 7;

    function vacate(JuryPool j, uint40 seat) internal {
        j.vacate(seat, Sitters.who(j, seat));
    }

    function withdrawStake(JuryPool j, uint40 seat) internal {
        j.withdrawStake(seat, Sitters.who(j, seat));
    }

    function slash(
        JuryPool j,
        uint40 seat,
        Verdict memory a,
        bytes memory signatureA,
        Verdict memory b,
        bytes memory signatureB
    ) internal {
        j.slash(seat, Sitters.who(j, seat), a, signatureA, b, signatureB);
    }

    function request(JuryPool j, Deal memory d, uint40 seats) internal {
        j.request(d.brief(), seats);
    }

    /// @notice Brings the verdict before escrow and jury in one call.
    function appeal(
        JuryPool j,
        Deal memory d,
        Verdict memory v,
        uint40 until,
        address by,
        bytes memory signature,
        uint40 seats
    ) internal {
        Votes memory none;
        uint256 plea = uint256(uint160(by)) | uint256(until) << 160 | uint256(seats) << 200;
        j.appeal(d.brief(), Ballot.wrap(Encoding.head(v, none, 0, 0)), v.evidence, v.votes, plea, signature);
    }

    function testify(
        JuryPool j,
        Deal memory d,
        address[] memory panel,
        Verdict memory v,
        uint8 index,
        bytes memory signature
    ) internal {
        Votes memory votes = Votes(panel, 0, new bytes[](1));
        votes.signatures[0] = signature;
        bytes memory sitters = Sitters.walked(j, d, v.milestone, panel, index < SIZE ? index + 1 : SIZE);
        Encoding.Piece memory p = Encoding.ruling(votes, sitters);
        uint256 head = Encoding.head(v, votes, 0, p.long);
        bytes memory data = Tailed.testify(d.brief(), Ballot.wrap(head), v.evidence, v.votes, index, p.data);
        Tailed.sent(address(j), data);
    }

    function rule(JuryPool j, Deal memory d, Verdict memory v, Votes memory votes) internal {
        Encoding.Piece memory p = Encoding.ruling(votes, sittersOf(j, d, v, votes));
        Ballot b = Ballot.wrap(Encoding.head(v, votes, 0, p.long));
        Tailed.sent(address(j), Tailed.rule(d.brief(), b, v.evidence, v.votes, p.data));
    }

    /// @notice Who sits where the walk looks until it has found the last who signed.
    function sittersOf(JuryPool j, Deal memory d, Verdict memory v, Votes memory votes)
        internal
        view
        returns (bytes memory)
    {
        uint256 wanted;
        while (wanted < SIZE && votes.signers >> wanted != 0) ++wanted;
        return Sitters.walked(j, d, v.milestone, votes.panel, wanted);
    }

    function redraw(JuryPool j, Deal memory d, uint8 milestone, address[] memory panel) internal {
        (uint256 head, bytes memory tail) = whole(j, d, milestone, panel);
        Tailed.sent(address(j), Tailed.redraw(d.brief(), head, tail));
    }

    function drawn(JuryPool j, Deal memory d, uint8 milestone, address[] memory panel)
        internal
        view
        returns (uint40[] memory)
    {
        (uint256 head, bytes memory tail) = whole(j, d, milestone, panel);
        return abi.decode(Tailed.asked(address(j), Tailed.drawn(d.brief(), head, tail)), (uint40[]));
    }

    /// @notice Head and tail of a call that looks at the whole draw.
    function whole(JuryPool j, Deal memory d, uint8 milestone, address[] memory panel)
        internal
        view
        returns (uint256 head, bytes memory tail)
    {
        head = milestone | panel.length << 8;
        tail = bytes.concat(Encoding.packed(panel), Sitters.walked(j, d, milestone, panel, SIZE));
    }
}
