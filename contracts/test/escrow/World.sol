// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {Mandates} from "../../src/Mandates.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {TestUsdc} from "../../src/testing/usdc/TestUsdc.sol";
import {TestUsdcProxy} from "../../src/testing/usdc/TestUsdcProxy.sol";
import {
    BUYER_MANDATED,
    Cause,
    Deal,
    Fallback,
    Meta,
    Release,
    SELLER_MANDATED,
    Source,
    Status,
    Verdict
} from "../../src/types/Deal.sol";
import {Mandate, SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {MandateCalls} from "../mandates/MandateCalls.sol";
import {Claim, Encoding, EscrowCalls, Votes} from "./Calls.sol";
import {RecordedBeacon} from "./RecordedBeacon.sol";
import {Signing} from "./Signing.sol";
import {Sitters} from "./Sitters.sol";
import {DealSlot, Slot} from "./Slots.sol";

/// @notice The worked example: 180 USDC as 54 / 63 / 63 between the agents of two principals, five jurors, two vaults.
/// Helpers are named by what a person does: `opened`, `judged`, `appealed`.
abstract contract World is Signing {
    using MandateCalls for Mandates;
    using EscrowCalls for DealEscrow;

    using DealSlot for uint256;

    uint64 internal constant ONE = 1e6;
    uint40 internal constant NOW = 1_800_000_000;
    uint40 internal constant GRACE = 1 days;
    uint40 internal constant APPEAL_LIMIT = 7 days;
    uint40 internal constant SEAT_AGE = 1 days;
    uint40 internal constant RULING_TIME = 2 days;
    uint40 internal constant EXIT_DELAY = 8 days;
    uint64 internal constant STAKE = 50 * ONE;
    uint32 internal constant WINDOW = 2 days;

    // The marks that a settlement's shares were paid in the same call, in an outcome and in a judgement.
    uint256 internal constant PAID_OUT = 1 << 176;
    uint256 internal constant PAID_AT_ONCE = 1 << 232;

    RecordedBeacon internal beacon;
    JuryPool internal jury;

    Account internal minter = account("minter");
    Account internal blacklister = account("blacklister");
    Account internal pauser = account("pauser");
    Account internal stranger = account("stranger");
    Account internal buyer = account("buyer");
    Account internal seller = account("seller");
    Account internal buyerPrincipal = account("buyer's principal");
    Account internal sellerPrincipal = account("seller's principal");
    Account[] internal jurors; // in the order of the panel
    Account[] internal vaults; // ascending

    function setUp() public virtual {
        vm.warp(NOW);
        address code = created("TestUsdc.sol:TestUsdc", "");
        bytes memory behind = abi.encode(code, account("proxy admin").addr);
        usdc = TestUsdc(created("TestUsdcProxy.sol:TestUsdcProxy", behind));
        usdc.initialize(
            "USDC", "USDC", "USD", 6, minter.addr, pauser.addr, blacklister.addr, account("owner").addr
        );
        vm.prank(minter.addr);
        usdc.configureMinter(minter.addr, type(uint256).max);
        mandates = Mandates(created("Mandates.sol:Mandates", ""));
        beacon = new RecordedBeacon(NOW - 3000);
        escrow = DealEscrow(
            created(
                "DealEscrow.sol:DealEscrow", abi.encode(address(usdc), address(mandates), GRACE, APPEAL_LIMIT)
            )
        );
        bytes memory constants =
            abi.encode(STAKE, SEAT_AGE, uint256(1 hours), uint256(10 minutes), RULING_TIME, EXIT_DELAY);
        bytes memory parts = abi.encode(address(usdc), address(beacon), address(escrow));
        jury = JuryPool(created("JuryPool.sol:JuryPool", bytes.concat(parts, constants)));
        Sitters.court(jury, address(escrow), address(beacon));

        for (uint256 i = 0; i < 5; ++i) {
            _insert(jurors, account(string.concat("juror ", vm.toString(i))));
        }
        _insert(vaults, account("vault a"));
        _insert(vaults, account("vault b"));
        mandated(buyer, buyerPrincipal, SCOPE_BUY, 1000 * ONE, 500 * ONE, 1);
        mandated(seller, sellerPrincipal, SCOPE_SELL, 1000 * ONE, 500 * ONE, 1);
        deposited(buyerPrincipal.addr, 1000 * ONE);
    }

    // --- terms ---

    /// @notice The worked example, both sides mandated, with a jury fee of 3 USDC and an appeal fee of 7.
    function terms() internal view returns (Deal memory d) {
        (d.buyer, d.seller) = (buyer.addr, seller.addr);
        (d.buyerPay, d.sellerPay) = (buyerPrincipal.addr, sellerPrincipal.addr);
        d.amounts = uint256(54 * ONE) | uint256(63 * ONE) << 64 | uint256(63 * ONE) << 128;
        d.due = uint256(1 days) | uint256(2 days) << 32 | uint256(3 days) << 64;
        d.panel = keccak256(abi.encodePacked(panel()));
        d.jury = address(jury);
        d.end = NOW + 10 days;
        d.window = WINDOW;
        d.quorum = 3;
        d.fallback_ = uint8(Fallback.Split);
        d.fallbackBps = 6000;
        d.juryFee = 3 * ONE;
        d.appealFee = 7 * ONE;
        d.flags = BUYER_MANDATED | SELLER_MANDATED;
        d.meta = Meta({
            agreement: sha256("agreement"),
            nda: sha256("nda"),
            pact: sha256("pact"),
            panelRequest: sha256("panel request"),
            vaults: keccak256(abi.encodePacked(vaultList())),
            mandates: address(mandates),
            reviewer: address(0),
            start: NOW,
            fundBy: NOW + 300,
            kind: 1,
            jurisdiction: 276,
            beaconRound: 1000,
            attempt: 0,
            salt: uint256(sha256("salt"))
        });
    }

    /// @notice The same between two accounts that act for themselves.
    function plainTerms() internal view returns (Deal memory d) {
        d = terms();
        d.flags = 0;
        d.meta.mandates = address(0);
    }

    function panel() internal view returns (address[] memory list) {
        list = new address[](jurors.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = jurors[i].addr;
        }
    }

    function vaultList() internal view returns (address[] memory list) {
        list = new address[](vaults.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = vaults[i].addr;
        }
    }

    // --- what people do ---

    function minted(address to, uint64 amount) internal {
        vm.prank(minter.addr);
        usdc.mint(to, amount);
    }

    function deposited(address owner, uint64 amount) internal {
        minted(owner, amount);
        vm.prank(owner);
        usdc.approve(address(escrow), amount);
        vm.prank(owner);
        escrow.deposit(owner, amount);
    }

    function blacklisted(address who) internal {
        vm.prank(blacklister.addr);
        usdc.blacklist(who);
    }

    function mandateTerms(Account memory agent, Account memory principal)
        internal
        view
        returns (Mandate memory m)
    {
        (m.agent, m.principal, m.spender) = (agent.addr, principal.addr, address(escrow));
        (m.card, m.policy) = (sha256("card"), sha256("policy"));
        (m.humanAbove, m.perPeriod, m.period) = (500 * ONE, 1000 * ONE, 1 days);
        (m.scopes, m.validFrom, m.validUntil) = (SCOPE_BUY, NOW, NOW + 365 days);
        m.serial = 1;
    }

    function mandated(
        Account memory agent,
        Account memory principal,
        uint32 scopes,
        uint64 perPeriod,
        uint64 humanAbove,
        uint16 serial
    ) internal {
        Mandate memory m = mandateTerms(agent, principal);
        (m.scopes, m.perPeriod, m.humanAbove, m.serial) = (scopes, perPeriod, humanAbove, serial);
        bytes32 digest = mandates.mandateDigest(m);
        mandates.grant(m, sign(principal, digest), sign(agent, digest));
    }

    function opened(Deal memory d) internal returns (bytes32 id) {
        return escrow.openFromMandatedCredit(d, signFund(buyer, d), signDeal(seller, d), "");
    }

    function openedTerms() internal returns (Deal memory d, bytes32 id) {
        d = terms();
        id = opened(d);
    }

    function released(Deal memory d, uint8 milestone, bool push) internal {
        Release memory r = Release(escrow.dealId(d), milestone, sha256("evidence"));
        escrow.release(d, r, signRelease(buyer, r), push);
    }

    function verdictOn(Deal memory d, uint8 milestone, uint16 bps) internal view returns (Verdict memory v) {
        v = Verdict(escrow.dealId(d), milestone, 0, 0, bps, sha256("evidence"), sha256("votes"));
    }

    /// @notice A verdict with the signatures of panel members 0, 1 and 2.
    function judged(Deal memory d, Verdict memory v) internal {
        escrow.verdict(d, v, votesOf(v, 7), "", "", true);
    }

    function votesOf(Verdict memory v, uint256 signers) internal view returns (Votes memory votes) {
        uint256 n;
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (signers & (uint256(1) << i) != 0) ++n;
        }
        votes = Votes(panel(), signers, new bytes[](n));
        bytes32 digest = escrow.verdictDigest(v);
        n = 0;
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (signers & (uint256(1) << i) != 0) votes.signatures[n++] = signCompact(jurors[i], digest);
        }
    }

    /// @notice The panel that the escrow reads out of these votes: of each member that signed in 64 bytes, whoever did.
    function panelRead(Votes memory votes, bytes32 digest) internal pure returns (bytes32) {
        address[] memory list = new address[](votes.panel.length);
        uint256 next;
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = votes.panel[i];
            if (votes.signers >> i & 1 == 0 || next == votes.signatures.length) continue;
            bytes memory signature = votes.signatures[next++];
            if (signature.length != 64) continue;
            (bytes32 r, uint256 vs) = abi.decode(signature, (bytes32, uint256));
            bytes32 s = bytes32(vs & type(uint256).max >> 1);
            list[i] = ecrecover(digest, uint8(27 + (vs >> 255)), r, s);
        }
        return keccak256(abi.encodePacked(list));
    }

    /// @notice The next verdict must fail because others signed it than the panel of the terms.
    function expectOtherPanel(Deal memory d, Verdict memory v, Votes memory votes) internal {
        bytes32 read = panelRead(votes, escrow.verdictDigest(v));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongPanel.selector, read, d.panel));
    }

    function appealed(Deal memory d, Verdict memory v, Account memory by) internal {
        escrow.appeal(d, v, uint40(block.timestamp), by.addr, signAppeal(by, v, uint40(block.timestamp)));
    }

    function claimOf(Deal memory d, uint8 milestone) internal view returns (Claim memory c) {
        (c.milestone, c.manifest, c.size) = (milestone, sha256("manifest"), 1000);
        (c.vaults, c.receipts) = (vaultList(), 3);
        (c.storedAt, c.signatures) = (new uint40[](2), new bytes[](2));
        for (uint256 i = 0; i < 2; ++i) {
            c.storedAt[i] = uint40(block.timestamp) - 1;
            c.signatures[i] = signReceipt(vaults[i], d, c, c.storedAt[i]);
        }
    }

    // --- what can be seen ---

    function slotOf(bytes32 id) internal view returns (Slot memory) {
        return escrow.dealOf(id).unpack();
    }

    /// @notice The words of an event, as the escrow packs them.
    function outcome(
        uint8 milestone,
        Cause cause,
        uint8 round,
        uint8 attempt,
        uint16 bps,
        uint64[2] memory shares
    ) internal pure returns (uint256 word) {
        word = uint256(milestone) | uint256(cause) << 8 | uint256(round) << 16 | uint256(attempt) << 24;
        word |= uint256(bps) << 32 | uint256(shares[0]) << 48 | uint256(shares[1]) << 112;
    }

    function judgement(Verdict memory v, uint32 signers, uint40 until, uint64[2] memory shares)
        internal
        pure
        returns (uint256 word)
    {
        word = uint256(v.milestone) | uint256(v.attempt) << 8 | uint256(v.sellerBps) << 16;
        word |= uint256(signers) << 32 | uint256(until) << 64;
        word |= uint256(shares[0]) << 104 | uint256(shares[1]) << 168;
    }

    function openedWords(Deal memory d, Source source) internal pure returns (uint256[17] memory words) {
        words = Encoding.whole(d);
        words[4] |= uint256(source) << 160;
    }

    function assertStatus(bytes32 id, Status wanted) internal view {
        assertEq(uint256(slotOf(id).status), uint256(wanted), "status");
    }

    /// @notice What the escrow owes is what it has: credit of everybody named in these tests, and the deal's own.
    function assertConserved(bytes32 id) internal view {
        Slot memory s = slotOf(id);
        uint256 owed = uint256(s.held) + s.left + escrow.credit(buyerPrincipal.addr)
            + escrow.credit(sellerPrincipal.addr) + escrow.credit(buyer.addr) + escrow.credit(seller.addr);
        for (uint256 i = 0; i < jurors.length; ++i) {
            owed += escrow.credit(jurors[i].addr);
        }
        for (uint256 i = 0; i < 12; ++i) {
            owed += escrow.credit(vm.addr(uint256(keccak256(bytes(string.concat("seat ", vm.toString(i)))))));
        }
        assertEq(usdc.balanceOf(address(escrow)), owed, "liabilities");
    }

    function _insert(Account[] storage sorted, Account memory who) internal {
        sorted.push(who);
        for (uint256 i = sorted.length - 1; i > 0 && sorted[i - 1].addr > who.addr; --i) {
            sorted[i] = sorted[i - 1];
            sorted[i - 1] = who;
        }
    }
}
