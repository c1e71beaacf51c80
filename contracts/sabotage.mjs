// Shows that the proofs can fail: breaks one rule of one contract at a time, and asks halmos for the proof of that rule,
// which must not hold any more. A rule that cannot be found in the sources is a miss, so the list stays true.
//
// Runs in a copy that the caller made, since it puts broken artefacts in the place of the release's. The last line is one
// JSON object.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const compiler = createRequire(import.meta.url)('solc')
const root = dirname(fileURLToPath(import.meta.url))
const [halmos] = process.argv.slice(2)

// What is broken: contract, file, the rule as it is written, what takes its place; and the proofs that must fail.
const BROKEN = [
  ['DealEscrow', 'escrow/Settling.sol', '_requireSigned(c.buyer(), Hashes.release(id, milestone, evidence), buyerSignature);', '', ['SettlingProof.check_a_release_needs']],
  ['DealEscrow', 'escrow/Settling.sol', 's.setLeft(s.left() - toSeller);', '', ['SettlingProof.check_a_release_needs', 'SettlingProof.check_a_timeout_moves_each']],
  ['DealEscrow', 'escrow/EscrowState.sol', '        _credit(to, id, amount);\n        return 0;', '        return 0;', ['SettlingProof.check_a_refused_payee']],
  ['DealEscrow', 'escrow/EscrowState.sol', 'bool live = s.status() == Status.Open ||', 'bool live = s.status() == Status.Closed || s.status() == Status.Open ||', ['FinalityProof.check_nothing_settles']],
  ['DealEscrow', 'escrow/Opening.sol', 'require(status == Status.None, WrongStatus(status, Status.None));', '', ['FinalityProof.check_an_id_that']],
  ['DealEscrow', 'escrow/Opening.sol', 'require(block.timestamp <= fundBy, FundByPassed(fundBy, block.timestamp));', '', ['FinalityProof.check_an_opened_deal']],
  ['DealEscrow', 'escrow/Settling.sol', 'block.timestamp >= s.challengeUntil()) _finalise', 'block.timestamp > s.challengeUntil()) _finalise', ['WindowsProof.check_a_pending_verdict_pays']],
  ['DealEscrow', 'escrow/Deliveries.sol', 'require(block.timestamp >= from, NotYet(block.timestamp, from));', 'require(block.timestamp > from, NotYet(block.timestamp, from));', ['WindowsProof.check_an_undelivered', 'WindowsProof.check_a_claimed']],
  ['DealEscrow', 'escrow/Verdicts.sol', 'require(block.timestamp >= due, TooEarlyToFail(block.timestamp, due));', '', ['WindowsProof.check_a_verdict_has_a_quorum']],
  ['DealEscrow', 'escrow/Credits.sol', 'nonce[w.from] = next + 1;', '', ['CreditsProof.check_a_withdrawal_by_signature']],
  ['DealEscrow', 'escrow/Credits.sol', 'credit[from] = uint64(has - amount);', '', ['CreditsProof.check_a_withdrawal_takes']],
  ['DealEscrow', 'escrow/Ratings.sol', 's.setRated(s.rated() | side);', '', ['CreditsProof.check_a_side_rates']],
  ['Mandates', 'Mandates.sol', 'require(spent <= uint64(limits >> 64), OverPeriod(spent, uint64(limits >> 64)));', '', ['MandatesProof.check_no_spend', 'MandatesProof.check_two_spends']],
  ['Mandates', 'Mandates.sol', 'require(m.serial > highest, SerialTooLow(m.serial, highest));', '', ['MandatesProof.check_a_grant_needs']],
  ['Mandates', 'Mandates.sol', 'burnt[principal][r.agent][r.spender] = r.serial;', '', ['MandatesProof.check_a_revoked_serial']],
  ['Mandates', 'Mandates.sol', 'if (approved) _requireApproval(', 'if (false) _requireApproval(', ['MandatesProof.check_above_the_human']],
  ['JuryPool', 'JuryPool.sol', '_requireSigned(who.holder, digestB, signatureB);', '', ['JuryProof.check_a_slashed_stake']],
  ['JuryPool', 'jury/Seats.sol', 'require(block.timestamp >= until, StillLocked(block.timestamp, until));', '', ['JuryProof.check_a_stake_comes_back']],
  ['Accords', 'Accords.sol', '        require(anchoredAt == 0, AlreadyAnchored(id, anchoredAt));\n        _requireSigned(nda.a, id, signatureA);', '        _requireSigned(nda.a, id, signatureA);', ['AccordsProof.check_an_nda']],
]

const sources = Object.fromEntries(
  readdirSync(join(root, 'src'), { recursive: true })
    .filter((path) => path.endsWith('.sol'))
    .map((path) => [`src/${path}`, { content: readFileSync(join(root, 'src', path), 'utf8') }]),
)

function compiled(contract, changed) {
  const outputSelection = { [`src/${contract}.sol`]: { [contract]: ['evm.bytecode.object'] } }
  const settings = { evmVersion: 'osaka', metadata: { bytecodeHash: 'none', appendCBOR: false }, outputSelection }
  const output = JSON.parse(compiler.compile(JSON.stringify({ language: 'Solidity', sources: changed, settings })))
  const error = output.errors?.find(({ severity }) => severity === 'error')
  if (error) throw new Error(error.formattedMessage)
  return output.contracts[`src/${contract}.sol`][contract].evm.bytecode.object
}

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
for (const [contract, path, rule, instead, proofs] of BROKEN) {
  const file = `src/${path}`
  const parts = sources[file].content.split(rule)
  if (parts.length !== 2) {
    missed.push(`${file}: ${rule}`)
    continue
  }
  const artifact = join(root, `out/${contract}.sol/${contract}.json`)
  const release = readFileSync(artifact, 'utf8')
  const object = compiled(contract, { ...sources, [file]: { content: parts.join(instead) } })
  writeFileSync(artifact, JSON.stringify({ ...JSON.parse(release), bytecode: { object: `0x${object}` } }))
  for (const proof of proofs) {
    const kept = holds(proof)
    process.stderr.write(`${kept ? 'holds still' : 'fails'}: ${proof} without: ${rule.trim()}\n`)
    if (kept) missed.push(proof)
    else noticed.push(proof)
  }
  writeFileSync(artifact, release)
}
const ok = missed.length === 0
process.stdout.write(`${JSON.stringify({ schema: 'nuncio.sabotage/1', noticed, missed, ok })}\n`)
process.exit(ok ? 0 : 1)
