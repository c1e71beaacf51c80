// Shows that the proofs can fail: breaks one rule of one contract at a time, and asks halmos for the proof of that rule,
// which must not hold any more. A rule that cannot be found in the sources is a miss, so the list stays true. What the
// proofs have of the sources themselves is broken in one go, since each of those proofs speaks of another rule.
//
// Runs in a copy that the caller made, since it puts broken artefacts in the place of the release's. The last line is one
// JSON object.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { broken } from './broken.mjs'

const root = dirname(fileURLToPath(import.meta.url))
const [halmos] = process.argv.slice(2)

// What is broken: contract, file, the rule as it is written, what takes its place; and the proofs that must fail.
const BROKEN = [
  ['DealEscrow', 'escrow/Settling.sol', '_requireSigned(c.buyer(), Hashes.release(id, milestone, evidence), buyerSignature);', '', ['SettlingProof.check_a_release_needs']],
  ['DealEscrow', 'escrow/Settling.sol', '_requireSigned(c.buyer(), Hashes.release', '_requireSigned(c.seller(), Hashes.release', ['SettlingProof.check_a_signed_release']],
  ['DealEscrow', 'types/DealSlot.sol', 'sub(add(settled, shl(104, toSeller)), shl(168, toSeller))', 'add(settled, shl(104, toSeller))', ['SettlingProof.check_a_release_needs', 'SettlingProof.check_a_timeout_moves_each']],
  ['DealEscrow', 'types/DealSlot.sol', 'uint256 mask = U64 << 104 | U64 << 168;', 'uint256 mask = U64 << 168;', ['SettlingProof.check_a_payout_moves_each']],
  ['DealEscrow', 'escrow/EscrowState.sol', '        _add(payee, amount);\n', '', ['SettlingProof.check_a_refused_payee']],
  ['DealEscrow', 'types/DealSlot.sol', 'yes := lt(sub(and(mload(s), 0xff), 1), 3)', 'yes := lt(sub(and(mload(s), 0xff), 1), 4)', ['FinalityProof.check_nothing_settles']],
  ['DealEscrow', 'escrow/Opening.sol', 'if (word != 0) revert WrongStatus(DealSlot.hold(word).status(), Status.None);', '', ['FinalityProof.check_an_id_that']],
  ['DealEscrow', 'escrow/Opening.sol', 'require(block.timestamp <= fundBy, FundByPassed(fundBy, block.timestamp));', '', ['FinalityProof.check_an_opened_deal']],
  ['DealEscrow', 'escrow/Settling.sol', 'block.timestamp >= s.challengeUntil()) _finalise', 'block.timestamp > s.challengeUntil()) _finalise', ['WindowsProof.check_a_pending_verdict_pays']],
  ['DealEscrow', 'escrow/Deliveries.sol', 'require(block.timestamp >= from, NotYet(block.timestamp, from));', 'require(block.timestamp > from, NotYet(block.timestamp, from));', ['WindowsProof.check_an_undelivered', 'WindowsProof.check_a_claimed']],
  ['DealEscrow', 'escrow/Appeals.sol', 'require(block.timestamp < s.challengeUntil(), WindowOver(block.timestamp, s.challengeUntil()));', '', ['WindowsProof.check_an_appeal']],
  ['DealEscrow', 'escrow/Verdicts.sol', 's.setLeft(0);', '', ['FinalityProof.check_a_closed_deal_stays']],
  ['DealEscrow', 'escrow/Verdicts.sol', 'require(block.timestamp >= due, TooEarlyToFail(block.timestamp, due));', '', ['WindowsProof.check_a_verdict_has_a_quorum']],
  ['DealEscrow', 'escrow/Credits.sol', 'nonce[w.from] = next + 1;', '', ['CreditsProof.check_a_withdrawal_by_signature']],
  ['DealEscrow', 'escrow/Credits.sol', 'credits[from] = has - amount;', '', ['CreditsProof.check_a_withdrawal_takes']],
  ['DealEscrow', 'escrow/Credits.sol', 'require(USDC.transferFrom(msg.sender, address(this), amount), TransferFailed(address(this), amount));', '', ['CreditsProof.check_a_deposit_is']],
  ['DealEscrow', 'escrow/Ratings.sol', 's.setRated(s.rated() | side);', '', ['CreditsProof.check_a_side_rates']],
  ['Mandates', 'Mandates.sol', 'require(spent <= uint64(limits >> 64), OverPeriod(spent, uint64(limits >> 64)));', '', ['MandatesProof.check_no_spend', 'MandatesProof.check_two_spends']],
  ['Mandates', 'Mandates.sol', 'require(serial > highest, SerialTooLow(serial, highest));', '', ['MandatesProof.check_a_grant_needs']],
  ['Mandates', 'Mandates.sol', 'burnt[principal][r.agent][r.spender] = r.serial;', '', ['MandatesProof.check_a_revoked_serial']],
  ['Mandates', 'Mandates.sol', 'if (approved) _requireApproval(', 'if (false) _requireApproval(', ['MandatesProof.check_above_the_human']],
  ['JuryPool', 'JuryPool.sol', '_requireSigned(who.holder, digestB, signatureB);', '', ['JuryProof.check_a_slashed_stake']],
  ['JuryPool', 'jury/Seats.sol', 'require(block.timestamp >= until, StillLocked(block.timestamp, until));', '', ['JuryProof.check_a_stake_comes_back']],
  ['JuryPool', 'jury/Seats.sol', 'require(USDC.transferFrom(msg.sender, address(this), stake), TransferFailed(address(this), stake));', '', ['JuryProof.check_a_seat_costs']],
  ['Accords', 'Accords.sol', 'require(!(byA ? kept.breachByA : kept.breachByB), AlreadyRecorded(b.nda, by));', '', ['AccordsProof.check_a_breach']],
  ['Accords', 'Accords.sol', '        require(anchoredAt == 0, AlreadyAnchored(id, anchoredAt));\n        _requireSigned(nda.a, id, signatureA);', '        _requireSigned(nda.a, id, signatureA);', ['AccordsProof.check_an_nda']],
]

// The same for what is compiled into the proofs.
const WITHIN = [
  ['types/DealSlot.sol', 'sub(add(settled, shl(104, toSeller)), shl(168, toSeller))', 'add(settled, shl(104, toSeller))', ['SlotProof.check_a_settlement', 'SplitProof.check_both_shares']],
  ['types/DealSlot.sol', '_set(s, 16, 3, value);', '_set(s, 17, 3, value);', ['SlotProof.check_status_and_ratings']],
  ['types/DealSlot.sol', '_set(s, 24, U40, value);', '_set(s, 23, U40, value);', ['SlotProof.check_times_and_money']],
  ['types/DealSlot.sol', '_set(s, 253, 1, value ? 1 : 0);', '_set(s, 252, 1, value ? 1 : 0);', ['SlotProof.check_what_was_lost']],
  ['types/DealSlot.sol', '_set(s, 255, 1, 1);', '_set(s, 254, 1, 1);', ['SlotProof.check_a_claim_marks']],
  ['types/DealSlot.sol', '_set(s, 235, 0x3fff, bps);', '_set(s, 235, 0x3fff, bps & 0x1fff);', ['SlotProof.check_a_pending_verdict']],
  ['types/DealSlot.sol', 'assert(value <= mask);', 'value &= mask;', ['SlotProof.check_nothing_is_cut_off']],
  ['types/Packing.sol', 'and(shr(232, w), 0xff)) // quorum', 'and(shr(231, w), 0xff)) // quorum', ['TermsProof.check_packed_terms']],
  ['types/Packing.sol', 'and(shr(176, w), 0xffffffffffffffff)) // beaconRound', 'and(shr(176, w), 0xffffffff)) // beaconRound', ['TermsProof.check_packed_meta']],
  ['types/Terms.sol', '(all, filled) = (all + more, filled + others);', '(all, filled) = (more, filled + others);', ['TermsProof.check_the_amounts']],
  ['types/Terms.sol', 'return fee * (i + 1) / n - fee * i / n;', 'return fee / n;', ['TermsProof.check_the_parts']],
]

// Halmos says 1 when a proof fails, and other things when it could not run.
function holds(proof) {
  const [contract, name] = proof.split('.')
  const args = ['--root', root, '--forge-build-out', 'out/prove', '--no-status', '--loop', '40', '--solver', 'z3', '--early-exit', '--contract', contract, '--function', name]
  const { status, stdout } = spawnSync(halmos, args, { cwd: root, encoding: 'utf8', env: { ...process.env, FOUNDRY_PROFILE: 'prove' } })
  if (/\[PASS\]/.test(stdout)) return true
  if (status === 1 && /\[FAIL\]/.test(stdout)) return false
  throw new Error(`${proof}: ${stdout}`)
}

const noticed = []
const missed = []

function asked(proof, rule) {
  const kept = holds(proof)
  process.stderr.write(`${kept ? 'holds still' : 'fails'}: ${proof} without: ${rule.trim()}\n`)
  if (kept) missed.push(proof)
  else noticed.push(proof)
}

for (const [contract, path, rule, instead, proofs] of BROKEN) {
  const object = broken(contract, path, rule, instead)
  if (object === undefined) {
    missed.push(`${path}: ${rule}`)
    continue
  }
  const artifact = join(root, `out/${contract}.sol/${contract}.json`)
  const release = readFileSync(artifact, 'utf8')
  writeFileSync(artifact, JSON.stringify({ ...JSON.parse(release), bytecode: { object: `0x${object}` } }))
  proofs.forEach((proof) => asked(proof, rule))
  writeFileSync(artifact, release)
}
for (const [path, rule, instead] of WITHIN) {
  const file = join(root, 'src', path)
  const parts = readFileSync(file, 'utf8').split(rule)
  if (parts.length === 2) writeFileSync(file, parts.join(instead))
  else missed.push(`${path}: ${rule}`)
}
execFileSync('forge', ['build', '--quiet'], { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, FOUNDRY_PROFILE: 'prove' } })
for (const [, rule, , proofs] of WITHIN) proofs.forEach((proof) => asked(proof, rule))
const ok = missed.length === 0
process.stdout.write(`${JSON.stringify({ schema: 'nuncio.sabotage/1', noticed, missed, ok })}\n`)
process.exit(ok ? 0 : 1)
