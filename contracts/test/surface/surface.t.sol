// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Artifact} from "./Artifact.sol";

/// @notice What the five contracts can be asked for at all, and what their code can do at all.
/// Every function is on the list below, so that a new one has to be looked at here before it ships; none of them is an
/// owner's. The code cannot be exchanged, destroyed or made to run other code, creates nothing, and reads neither
/// balances nor blocks.
contract SurfaceTest is Artifact {
    uint256 private constant CODE_BYTES_MAX = 24_576; // EIP-170

    string[5] private names = ["Accords", "DealEscrow", "DrandBeacon", "JuryPool", "Mandates"];
    mapping(bytes4 => string) private allowed;
    uint256 private count;

    function allow(string memory signature) private {
        bytes4 selector = bytes4(keccak256(bytes(signature)));
        assertEq(bytes(allowed[selector]).length, 0, signature);
        allowed[selector] = signature;
        ++count;
    }

    // --- the lists ---

    function accordsSurface() private {
        // What changes something.
        allow(
            "anchor((address,address,bytes32,uint64,uint40,uint40,uint40,uint40,uint16,uint256),bytes,bytes)"
        );
        allow("anchorAgreement((address,address,bytes32,bytes32,uint40,uint256),bytes,bytes)");
        allow(
            "breach((address,address,bytes32,uint64,uint40,uint40,uint40,uint40,uint16,uint256),(bytes32,bytes32),address,bytes)"
        );
        allow(
            "destroyed((address,address,bytes32,uint64,uint40,uint40,uint40,uint40,uint16,uint256),(bytes32,bytes32),address,bytes)"
        );
        // What is read.
        allow("agreementAnchoredAt(bytes32)");
        allow("agreementDigest((address,address,bytes32,bytes32,uint40,uint256))");
        allow("breachDigest((bytes32,bytes32))");
        allow("destroyedDigest((bytes32,bytes32))");
        allow("domainSeparator()");
        allow("ndaId((address,address,bytes32,uint64,uint40,uint40,uint40,uint40,uint16,uint256))");
        allow("record(bytes32)");
    }

    function dealEscrowSurface() private {
        // What changes something.
        allow("appeal(uint256[10],uint256,bytes32,bytes32,uint256,bytes)");
        allow("cancel(uint256[10],uint16,uint40,bytes,bytes)");
        allow("claim(uint256,bytes32,uint256[17])");
        allow("consent(uint256,bytes32,bytes32,uint256[10])");
        allow("cosign(uint256,bytes32,bytes32,uint256[10])");
        allow("deposit(address,uint64)");
        allow("depositWithAuthorization(address,uint64,uint256,uint256,bytes32,bytes)");
        allow("openFromCredit(uint256[17],bytes,bytes)");
        allow("openFromMandatedCredit(uint256[17],bytes,bytes,bytes)");
        allow("openWithAuthorization(bytes,uint256[17],bytes)");
        allow("payJurors(uint256[10],bytes)");
        allow("payout(uint256[10])");
        allow("payoutAndRate(uint256,uint256[10])");
        allow("payoutMany(uint256[10][])");
        allow("rate(uint256[10],bytes32,uint256,bytes)");
        allow("release(uint256[10],uint256,bytes32,bytes)");
        allow("rule(uint256[10])");
        allow("settleMany(bytes[])");
        allow("settleRuling(uint256[10],address[],uint256)");
        allow("timeout(uint256[10],uint8)");
        allow("verdict(uint256,bytes32,bytes32,uint256[10])");
        allow("voidDeal(uint256[10],address,bytes)");
        allow("withdraw(address,uint64)");
        allow("withdrawFor((address,address,uint256,uint40),bytes)");
        // What is read.
        allow("appealLimit()");
        allow("buyerTotal(uint256[10])");
        allow("claims(bytes32)");
        allow("credit(address)");
        allow("dealId(uint256[10])");
        allow("domainSeparator()");
        allow("grace()");
        allow("mandates()");
        allow("nonce(address)");
        allow("signersOf(bytes32,uint8)");
        allow("dealOf(bytes32)");
        allow("usdc()");
        allow("verdictDigest((bytes32,uint8,uint8,uint8,uint16,bytes32,bytes32))");
    }

    function drandBeaconSurface() private {
        // What changes something.
        allow("prove(uint64,bytes)");
        // What is read.
        allow("genesis()");
        allow("period()");
        allow("publicKey()");
        allow("randomness(uint64)");
        allow("roundAt(uint256)");
    }

    function juryPoolSurface() private {
        // What changes something.
        allow("appeal(uint256[10],uint256,bytes32,bytes32,uint256,bytes)");
        allow("collect(address)");
        allow("join(address,uint16)");
        allow("joinWithAuthorization(address,address,uint16,uint256,uint256,bytes32,bytes)");
        allow("redraw(uint256,uint256[10])");
        allow("request(uint256[10],uint40)");
        allow("rule(uint256,bytes32,bytes32,uint256[10])");
        allow(
            "slash(uint40,(address,address),(bytes32,uint8,uint8,uint8,uint16,bytes32,bytes32),bytes,(bytes32,uint8,uint8,uint8,uint16,bytes32,bytes32),bytes)"
        );
        allow("testify(uint256,bytes32,bytes32,uint8,uint256[10])");
        allow("vacate(uint40,(address,address))");
        allow("withdrawStake(uint40,(address,address))");
        // What is read.
        allow("appealOf(bytes32,uint8)");
        allow("beacon()");
        allow("domainSeparator()");
        allow("drawn(uint256,uint256[10])");
        allow("escrow()");
        allow("exitDelay()");
        allow("owed(address)");
        allow("pot()");
        allow("roundDelay()");
        allow("roundFor(uint256)");
        allow("roundGrid()");
        allow("ruling(bytes32,uint8)");
        allow("rulingTime()");
        allow("seatAge()");
        allow("seatCount()");
        allow("seatOf(uint40)");
        allow("seatsAt(uint40)");
        allow("stake()");
        allow("usdc()");
    }

    function mandatesSurface() private {
        // What changes something.
        allow("grant(bytes,bytes,uint256[6])");
        allow("revoke((address,address,uint16),address,bytes)");
        allow("spend(address,address,uint32,bytes32,uint64,bytes)");
        // What is read.
        allow("approveDigest((bytes32,uint40))");
        allow("available(address,address)");
        allow("burntSerial(address,address,address)");
        allow("domainSeparator()");
        allow(
            "mandateDigest((address,address,address,bytes32,uint256,uint64,uint64,uint32,uint32,uint40,uint40,bytes32,uint16))"
        );
        allow("mandateOf(address,address)");
        allow("principalOf(address,address,uint32)");
        allow("revokeDigest((address,address,uint16))");
    }

    // --- what can be asked for ---

    function checkSurface(string memory name) private view {
        string memory json = abiOf(name);
        uint256 functions;
        for (uint256 i = 0; has(json, entry(i)); ++i) {
            string memory kind = text(json, string.concat(entry(i), ".type"));
            assertFalse(
                same(kind, "fallback") || same(kind, "receive"), string.concat(name, " answers anything")
            );
            if (!same(kind, "function")) continue;
            ++functions;
            string memory signature = signatureOf(json, i);
            string memory known = allowed[bytes4(keccak256(bytes(signature)))];
            assertEq(known, signature, string.concat(name, " has a function that is on no list"));
            string memory takes = text(json, string.concat(entry(i), ".stateMutability"));
            assertFalse(same(takes, "payable"), string.concat(signature, " takes ether"));
            checkName(text(json, string.concat(entry(i), ".name")));
        }
        assertEq(functions, count, string.concat(name, ": everything on the list is there"));
    }

    function test_accords_has_these_functions_and_no_other() external {
        accordsSurface();
        checkSurface("Accords");
    }

    function test_the_escrow_has_these_functions_and_no_other() external {
        dealEscrowSurface();
        checkSurface("DealEscrow");
    }

    function test_the_beacon_has_these_functions_and_no_other() external {
        drandBeaconSurface();
        checkSurface("DrandBeacon");
    }

    function test_the_jury_has_these_functions_and_no_other() external {
        juryPoolSurface();
        checkSurface("JuryPool");
    }

    function test_mandates_has_these_functions_and_no_other() external {
        mandatesSurface();
        checkSurface("Mandates");
    }

    /// @dev A second look beside the lists: the words that an administered contract cannot do without.
    function checkName(string memory name) private pure {
        string[22] memory words = [
            "owner",
            "admin",
            "govern",
            "upgrade",
            "implementation",
            "proxy",
            "initialize",
            "migrate",
            "pause",
            "freeze",
            "blacklist",
            "whitelist",
            "setfee",
            "feeto",
            "treasury",
            "rescue",
            "sweep",
            "skim",
            "emergency",
            "role",
            "delegate",
            "execute"
        ];
        bytes memory lower = bytes(name);
        for (uint256 i = 0; i < lower.length; ++i) {
            if (lower[i] >= "A" && lower[i] <= "Z") lower[i] = bytes1(uint8(lower[i]) + 32);
        }
        for (uint256 i = 0; i < words.length; ++i) {
            assertFalse(contains(lower, bytes(words[i])), string.concat(name, " sounds like ", words[i]));
        }
    }

    function contains(bytes memory hay, bytes memory needle) private pure returns (bool) {
        for (uint256 i = 0; i + needle.length <= hay.length; ++i) {
            uint256 n;
            while (n < needle.length && hay[i + n] == needle[n]) ++n;
            if (n == needle.length) return true;
        }
        return false;
    }

    function same(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }

    // --- what the code can do ---

    function test_the_released_code_fits_and_has_no_forbidden_opcode() external view {
        for (uint256 i = 0; i < names.length; ++i) {
            checkCode(names[i], codeOf(names[i]));
        }
    }

    function test_the_code_of_this_build_has_no_forbidden_opcode() external view {
        for (uint256 i = 0; i < names.length; ++i) {
            checkOpcodes(names[i], vm.getDeployedCode(string.concat(names[i], ".sol:", names[i])));
        }
    }

    function checkCode(string memory name, bytes memory code) private pure {
        assertTrue(code.length != 0 && code.length < CODE_BYTES_MAX, string.concat(name, " has a size"));
        checkOpcodes(name, code);
    }

    /// @dev Byte by byte, passing over what PUSH1 to PUSH32 push, as the EVM does when it looks for jump destinations. What
    /// follows the end of a block cannot be reached before the next JUMPDEST: so constants behind the code are passed
    /// over, unless they look like one.
    function checkOpcodes(string memory name, bytes memory code) private pure {
        bool live = true;
        for (uint256 i = 0; i < code.length; ++i) {
            uint8 op = uint8(code[i]);
            live = live || op == 0x5b;
            assertFalse(live && forbidden(op), string.concat(name, " has opcode ", vm.toString(op)));
            live = live && !ends(op);
            if (op >= 0x60 && op <= 0x7f) i += op - 0x5f;
        }
    }

    function ends(uint8 op) private pure returns (bool) {
        return op == 0x00 || op == 0x56 || op == 0xf3 || op == 0xfd || op == 0xfe; // STOP, JUMP, RETURN, REVERT, INVALID
    }

    function forbidden(uint8 op) private pure returns (bool) {
        return op == 0xf4 || op == 0xf2 || op == 0xff // DELEGATECALL, CALLCODE, SELFDESTRUCT
            || op == 0xf0 || op == 0xf5 // CREATE, CREATE2
            || op == 0x31 || op == 0x47 // BALANCE, SELFBALANCE
            || op == 0x32 || op == 0x3a // ORIGIN, GASPRICE
            || op == 0x40 || op == 0x41 || op == 0x43 || op == 0x44; // BLOCKHASH, COINBASE, NUMBER, PREVRANDAO
    }

    /// @dev The walk itself: a forbidden byte inside a push or behind the code is none, one that can be reached is.
    function test_the_walk_over_opcodes_finds_what_is_there() external {
        checkOpcodes("pushed", hex"61f4ff00");
        checkOpcodes("a constant", hex"00f4f2ff");
        vm.expectRevert(abi.encodeWithSelector(NotTrue.selector, "not: planted has opcode 244"));
        this.walk(hex"60fff400");
        vm.expectRevert(abi.encodeWithSelector(NotTrue.selector, "not: planted has opcode 255"));
        this.walk(hex"00605b5bff");
    }

    function walk(bytes calldata code) external pure {
        checkOpcodes("planted", code);
    }
}
