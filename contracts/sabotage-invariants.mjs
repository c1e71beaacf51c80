// Shows that the campaigns of test/invariant can fail: breaks one rule of one contract at a time, and asks whether a
// campaign notices. First the unbroken contracts, compiled in the same way, have to pass. A rule that cannot be found in
// the sources is a miss, so the list stays true.
//
// `--runs N` sequences of `--depth M` acts per campaign, `--only NAME,..` for some of the list. Runs in a copy that the
// caller made. Each result is a line on stderr, with the sentence that was broken; the last line on stdout is one JSON
// object.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { broken } from './broken.mjs'

const root = dirname(fileURLToPath(import.meta.url))
const [forge, runs, depth, only] = process.argv.slice(2)

const TOWN = '^Escrow(Strict)?Invariants$'
const AGENTS = '^Mandates(Strict)?Invariants$'
const TOKEN = '^TokenInvariants$'

// Name, contract, file, the rule as it is written, what takes its place; and the campaigns that must notice, the town's
// where none is named.
const BROKEN = [
  // Money.
  ['paid-twice', 'DealEscrow', 'types/DealSlot.sol', 'uint256 mask = U64 << 104 | U64 << 168;', 'uint256 mask = U64 << 168;'],
  ['paid-to-the-sender', 'DealEscrow', 'escrow/EscrowState.sol', '_transfer(c.sellerPay(), toSeller)', '_transfer(msg.sender, toSeller)'],
  ['credit-not-taken', 'DealEscrow', 'escrow/EscrowState.sol', 'credits[owner] = has - amount;', 'credits[owner] = has;'],
  ['withdrawn-and-kept', 'DealEscrow', 'escrow/Credits.sol', 'credits[from] = has - amount;', 'credits[from] = has;'],
  ['refused-and-lost', 'DealEscrow', 'escrow/EscrowState.sol', '        _add(payee, amount);\n        emit', '        emit'],
  ['refused-and-blocking', 'DealEscrow', 'escrow/EscrowState.sol', '!_transfer(c.buyerPay(), toBuyer)) _refused(c.buyerPay(), id, toBuyer);', '!_transfer(c.buyerPay(), toBuyer)) revert TransferFailed(c.buyerPay(), toBuyer);'],
  ['rounded-to-the-seller', 'DealEscrow', 'escrow/Settling.sol', 'toSeller = amount * bps / Terms.BPS;', 'toSeller = (amount * bps + Terms.BPS - 1) / Terms.BPS;'],
  ['settled-from-nowhere', 'DealEscrow', 'types/DealSlot.sol', 'sub(add(settled, shl(104, toSeller)), shl(168, toSeller))', 'add(settled, shl(104, toSeller))'],
  ['bond-lost', 'DealEscrow', 'escrow/Settling.sol', '            toSeller += bond;\n', ''],
  ['bond-not-taken', 'DealEscrow', 'escrow/Opening.sol', '        if (c.sellerBond() != 0) _takeBond(c, id);\n', ''],
  ['reserve-paid-out', 'DealEscrow', 'escrow/Settling.sol', '                if (!s.reserveSpent()) bound += fee;\n', ''],
  ['deposit-paid-out', 'DealEscrow', 'escrow/Settling.sol', '                if (s.isAt(Status.Appealed) && s.sellerAppealed()) bound += fee;\n', ''],
  ['deposit-not-returned', 'DealEscrow', 'escrow/Settling.sol', '                s.setHeld(s.held() + c.appealFee());\n', ''],
  ['jurors-unpaid', 'DealEscrow', 'escrow/Settling.sol', 'stays = c.juryFee() == 0 ? 0 : _juryFeeEarned(c, id);', 'stays = 0;'],
  ['overturned-and-paid', 'DealEscrow', 'escrow/Appeals.sol', '        if (bps != s.pendingBps() && c.juryFee() != 0) signed[id][s.pendingMilestone()] = 0;\n', ''],
  // Time.
  ['no-window', 'DealEscrow', 'escrow/Settling.sol', 's.isAt(Status.Pending) && block.timestamp >= s.challengeUntil()', 's.isAt(Status.Pending)'],
  ['window-a-second-long', 'DealEscrow', 'escrow/Settling.sol', 'block.timestamp >= s.challengeUntil()', 'block.timestamp > s.challengeUntil()'],
  ['due-from-the-opening', 'DealEscrow', 'escrow/Opening.sol', 's.setStart(terms.start());', 's.setStart(block.timestamp);'],
  ['late-claim', 'DealEscrow', 'escrow/Deliveries.sol', '        require(block.timestamp < until, ClaimTooLate(block.timestamp, until));\n', ''],
  ['claim-forgotten', 'DealEscrow', 'escrow/Deliveries.sol', '        s.setClaimed();\n', ''],
  ['early-timeout', 'DealEscrow', 'escrow/Deliveries.sol', 'return (Cause.Undelivered, _claimsEnd(c, s, milestone));', 'return (Cause.Undelivered, _claimsEnd(c, s, milestone) - GRACE);'],
  ['early-fallback', 'DealEscrow', 'escrow/Deliveries.sol', 'c.end() + _window(c) : c.end();', 'c.end() : c.end();'],
  ['fallback-meanwhile', 'DealEscrow', 'escrow/Deliveries.sol', 'cause == Cause.Unjudged || s.pendingMilestone() == milestone', 's.pendingMilestone() == milestone'],
  ['fallback-in-the-same-breath', 'DealEscrow', 'escrow/Deliveries.sol', '(_fallbackFrom(c), s.challengeUntil() + GRACE)', '(_fallbackFrom(c), s.challengeUntil())'],
  ['early-fail', 'DealEscrow', 'escrow/Verdicts.sol', '            require(block.timestamp >= due, TooEarlyToFail(block.timestamp, due));\n', ''],
  ['late-appeal', 'DealEscrow', 'escrow/Appeals.sol', '        require(block.timestamp < s.challengeUntil(), WindowOver(block.timestamp, s.challengeUntil()));\n', ''],
  ['early-jurors', 'DealEscrow', 'escrow/Verdicts.sol', '            require(_complete(c, id, members.length), NotYet(block.timestamp, s.challengeUntil()));\n', ''],
  ['late-opening', 'DealEscrow', 'escrow/Opening.sol', '        require(block.timestamp <= fundBy, FundByPassed(fundBy, block.timestamp));\n', ''],
  // Authority.
  ['released-by-the-seller', 'DealEscrow', 'escrow/Settling.sol', '_requireSigned(c.buyer(), Hashes.release', '_requireSigned(c.seller(), Hashes.release'],
  ['nothing-is-everybodys', 'DealEscrow', 'law/Signatures.sol', 'yes = msg.sender == signer && signer != address(this) && signer != address(0);', 'yes = true;'],
  ['one-consent-for-two', 'DealEscrow', 'escrow/Verdicts.sol', 'return (b.sellerBps() == 0 || byBuyer) && (b.sellerBps() == Terms.BPS || bySeller);', 'return byBuyer || bySeller;'],
  ['quorum-less-one', 'DealEscrow', 'escrow/Verdicts.sol', 'require(votes >= quorum,', 'require(votes + 1 >= quorum,'],
  ['another-panel', 'DealEscrow', 'escrow/Verdicts.sol', '        require(given == c.panel(), WrongPanel(given, c.panel()));\n', '        given;\n'],
  ['attempt-not-higher', 'DealEscrow', 'escrow/Verdicts.sol', '        require(b.attempt() > s.attempt(), AttemptNotHigher(b.attempt(), s.attempt()));\n', ''],
  ['pass-replaced', 'DealEscrow', 'escrow/Verdicts.sol', '        require(s.pendingBps() != Terms.BPS, PassIsNotReplaced(b.milestone()));\n', ''],
  ['opened-after-notice', 'DealEscrow', 'escrow/Opening.sol', 'if (word != 0) revert', 'if (word != 0 && word != uint256(Status.Void)) revert'],
  ['rated-twice', 'DealEscrow', 'escrow/Ratings.sol', '        require(s.rated() & side == 0, AlreadyRated(id, by));\n', ''],
  ['withdrawn-twice', 'DealEscrow', 'escrow/Credits.sol', '        nonce[w.from] = next + 1;\n', ''],
  ['barred-and-redirected', 'DealEscrow', 'escrow/Credits.sol', '        require(to == from || !USDC.isBlacklisted(from), Blacklisted(from));\n', ''],
  ['silence-refunds', 'DealEscrow', 'escrow/Appeals.sol', '        _finalise(c, id, s);\n    }', '        _settle(c, id, s, _outcome(s.pendingMilestone(), Cause.Judged, 0, 0, 0));\n        s.clearPending(block.timestamp);\n    }'],
  ['lock-open', 'DealEscrow', 'law/Locked.sol', '        require(entered == 0, Reentered());\n', '', TOKEN],
  ['answer-not-read', 'DealEscrow', 'escrow/EscrowState.sol', 'done := and(and(ok, gt(returndatasize(), 0x1f)), eq(mload(0x00), 1))', 'done := ok', TOKEN],
  // The jury.
  ['pot-shared-twice', 'JuryPool', 'jury/Hearings.sol', '        pot -= share * uint64(jurors.length);\n', ''],
  ['fine-lost', 'JuryPool', 'jury/Seats.sol', '        emit SeatSuspended(seat, lost, left - lost);\n        _fillPot(lost);\n', '        emit SeatSuspended(seat, lost, left - lost);\n'],
  ['same-court-again', 'JuryPool', 'jury/Courts.sol', ' || before.hasSeat(seat)', ''],
  ['party-in-court', 'JuryPool', 'jury/Courts.sol', 'return party || ', 'return '],
  ['round-that-is-known', 'JuryPool', 'jury/Hearings.sol', '(earliest + grid - 1) / grid * grid', 'timestamp / grid * grid'],
  ['young-seats', 'JuryPool', 'jury/Hearings.sol', '            require(all.newest + seatAge <= appealedAt, WrongSeats(count, all.count));\n', ''],
  ['stake-back-at-once', 'JuryPool', 'jury/Seats.sol', '        require(block.timestamp >= until, StillLocked(block.timestamp, until));\n', ''],
  ['slashed-for-one-digest', 'JuryPool', 'JuryPool.sol', '        require(digestA != digestB, SameDigest(digestA));\n', ''],
  ['four-rule', 'JuryPool', 'jury/Hearings.sol', 'uint256 internal constant QUORUM = 5;', 'uint256 internal constant QUORUM = 4;'],
  // Mandates.
  ['old-serial', 'Mandates', 'Mandates.sol', '        require(serial > highest, SerialTooLow(serial, highest));\n', '', AGENTS],
  ['burnt-serial', 'Mandates', 'Mandates.sol', '        require(serial > burntUpTo, SerialTooLow(serial, burntUpTo));\n', '', AGENTS],
  ['decay-doubled', 'Mandates', 'Mandates.sol', 'uint64(limits >> 64) * passed / (limits >> 224)', '2 * uint64(limits >> 64) * passed / (limits >> 224)', AGENTS],
  ['forgotten-at-a-grant', 'Mandates', 'Mandates.sol', '_keep(kept, mandate, spent);', '_keep(kept, mandate, 0);', AGENTS],
  ['nobody-asked', 'Mandates', 'Mandates.sol', 'bool approved = amount > uint64(limits);', 'bool approved = false;', AGENTS],
  ['over-the-limit', 'Mandates', 'Mandates.sol', '        require(spent <= uint64(limits >> 64), OverPeriod(spent, uint64(limits >> 64)));\n', '', AGENTS],
  ['revoked-and-in-force', 'Mandates', 'Mandates.sol', '            kept.validUntil = 0;\n', '', AGENTS],
]

const artifacts = 'out/sabotage'
const unbroken = new Map(['DealEscrow', 'JuryPool', 'Mandates'].map((contract) => [contract, broken(contract)]))

function placed(contract, code) {
  const object = { object: `0x${code}`, sourceMap: '', linkReferences: {} }
  const folder = join(root, artifacts, `${contract}.sol`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${contract}.json`), JSON.stringify({ abi: [], bytecode: object, deployedBytecode: object }))
}

// What a campaign says was broken; undefined when all of them held.
function noticed(name, campaigns) {
  rmSync(join(root, artifacts, 'failures'), { recursive: true, force: true })
  const env = {
    ...process.env,
    FOUNDRY_PROFILE: 'quick',
    ARTIFACTS: artifacts,
    FOUNDRY_INVARIANT_RUNS: runs,
    FOUNDRY_INVARIANT_DEPTH: depth,
    FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: '0',
    FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: `${artifacts}/failures`,
  }
  const which = ['--match-path', 'test/invariant/*', '--match-contract', campaigns, '--match-test', 'invariant_']
  const { stdout, stderr, error } = spawnSync(forge, ['test', ...which, '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, env })
  const json = stdout?.split('\n').findLast((line) => line.startsWith('{'))
  const results = json && Object.values(JSON.parse(json)).flatMap((suite) => Object.values(suite.test_results))
  if (!results?.length) throw new Error(`${name}: no campaign ran: ${error ?? ''}${stdout}${stderr}`)
  const failed = results.find(({ status }) => status !== 'Success')
  return failed && String(failed.reason).replace(/\s+/g, ' ').slice(0, 160)
}

for (const [contract, code] of unbroken) placed(contract, code)
for (const contract of ['TestUsdc', 'TestUsdcProxy']) {
  const built = JSON.parse(readFileSync(join(root, `out/quick/${contract}.sol/${contract}.json`), 'utf8'))
  placed(contract, built.bytecode.object.slice(2))
}
const begun = Date.now()
const before = noticed('unbroken', '.')
if (before) throw new Error(`the campaigns fail without a broken rule: ${before}`)

const caught = []
const missed = []
for (const [name, contract, path, rule, instead, campaigns = TOWN] of BROKEN) {
  if (only && !only.split(',').includes(name)) continue
  const code = broken(contract, path, rule, instead)
  let said
  if (code !== undefined) {
    placed(contract, code)
    said = noticed(name, campaigns)
    placed(contract, unbroken.get(contract))
  }
  process.stderr.write(`${said ? 'noticed' : 'missed'}: ${name}: ${said ?? (code ? 'every sentence held' : 'the rule is not in the sources')}\n`)
  if (said) caught.push(name)
  else missed.push(name)
}
const ok = missed.length === 0 && caught.length > 0
const seconds = Math.round((Date.now() - begun) / 1000)
process.stdout.write(`${JSON.stringify({ schema: 'nuncio.invariants.sabotage/1', runs: Number(runs), depth: Number(depth), caught: caught.length, missed, seconds, ok })}\n`)
process.exit(ok ? 0 : 1)
