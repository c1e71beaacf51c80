// Writes gas.json and GAS.md from what forge has measured: whole transactions under Osaka rules, with a USDC that
// costs what the one on Base does. `--check` compares with the committed gas.json instead and fails on more than
// one per cent above it, on an operation that appeared or went, and on a cap that no longer holds.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const check = process.argv.includes('--check')

// What no implementation of the same types can avoid: the transaction, its calldata, a storage word per fact that
// must last, a signature check per signer, what the token itself costs, and a log of what a third party must learn.
const COST = { set: 5000, create: 22_100, read: 2100, account: 2600, signature: 3000, pull: 65_329, push: 26_758, pushAgain: 10_900 }
const call = (nonzero, zero) => 16 * nonzero + 4 * zero
const log = (topics, bytes) => 375 + 375 * topics + 8 * bytes

function floor({ calldata, logs, ...parts }) {
  const counted = Object.entries(parts).reduce((sum, [part, times]) => sum + COST[part] * times, 0)
  return 21_000 + calldata + logs + counted
}

// The bytes of a deal's terms as later calls bring them: nine packed words and the hash of the rest.
const CORE = call(210, 110)
const META = call(225, 31)
const SIGNATURE = call(64, 0)
const VOTES = call(66 + 2 * 20 + 3 * 64, 20) // milestone, share, evidence, transcript; two who are silent; three signatures
const OPENED = log(2, 17 * 32)
const JUDGED = log(2, 96)
const RELEASED = log(2, 64)
const SETTLED = log(2, 32)

const VERDICT = { calldata: CORE + VOTES, set: 1, signature: 3, logs: JUDGED }
const CONSENTED = { ...VERDICT, calldata: VERDICT.calldata + SIGNATURE, signature: 4, push: 1 }
const RELEASE = { calldata: CORE + call(33, 3) + SIGNATURE, set: 1, signature: 1, logs: RELEASED }
const OPEN = { calldata: CORE + META + 2 * SIGNATURE, create: 1 }
const OPEN_SENT = { calldata: CORE + META + SIGNATURE, create: 1 }
const THROUGH_MANDATE = { set: 2, account: 1, read: 1, logs: OPENED + log(3, 64) }
const GRANT = { calldata: call(64 + 60 + 40, 250) + 2 * SIGNATURE, create: 2, read: 1, signature: 2, logs: log(3, 5 * 32) }

// The verdict's two hashes, the party and its time, one signature.
const APPEAL = { calldata: CORE + call(100, 60) + SIGNATURE, set: 1, signature: 1, logs: log(4, 64) }
// The deal's word; and in one more how many seats there are, and when the last one joined.
const REQUEST = { calldata: CORE + call(6, 30), create: 1, account: 1, read: 2, logs: log(2, 32) }
// The first panel, who has the five seats that ruled, five signatures; both words, the round, the five seats, what the
// five are paid, who hold credit already; the ruling, its effect, what the five are paid.
const RULING = {
  calldata: CORE + call(76 + 5 * 20 + 5 * 40, 60) + 5 * SIGNATURE,
  set: 7,
  account: 2,
  read: 6,
  signature: 5,
  push: 1,
  logs: log(2, 96) + log(3, 128) + log(2, 5 * 32) + log(2, 32),
}
// The round and the signature; its randomness; seven hashes, two remainders, two maps to the curve, their sum and two
// pairings, by SHA-256's price and those of EIP-7883 and EIP-2537, each for a call.
const HASHES = 72 + 120 + 4 * 96 + 84
const PROOF = { calldata: call(106, 90), create: 1, logs: log(2, 32) }
const PRECOMPILES = 13 * 100 + HASHES + 2 * 500 + 2 * 5500 + 375 + 37_700 + 2 * 32_600

// cap: what is promised. peer: the cheapest known way to the same end elsewhere, on the same token.
const OPERATIONS = [
  ['open, EIP-3009', { cap: 134_000, floor: floor({ ...OPEN, signature: 1, pull: 1, logs: OPENED }), peer: '143,749 commerce-payments, without the seller\'s acceptance' }],
  ['open, EIP-3009, sent by the seller', { floor: floor({ ...OPEN_SENT, pull: 1, logs: OPENED }) }],
  ['open, EIP-3009, both sides mandated', {}],
  ['open, own credit', { floor: floor({ ...OPEN, signature: 2, set: 1, logs: OPENED }) }],
  ['open, credit through the mandate', { cap: 92_000, floor: floor({ ...OPEN, ...THROUGH_MANDATE, signature: 2 }) }],
  ['open, credit through the mandate, sent by the buyer', { floor: floor({ ...OPEN_SENT, ...THROUGH_MANDATE, signature: 1 }) }],
  ['open, credit through the mandate, seller mandated', {}],
  ['verdict 3 of 5, pushed', { cap: 80_000, floor: floor({ ...VERDICT, push: 1 }), peer: '142,335 ERC-8183, one evaluator' }],
  ['verdict 3 of 5, held', { cap: 53_000, floor: floor(VERDICT) }],
  ['verdict 3 of 5, held before', {}],
  ['verdict 3 of 5 with consent, pushed', { cap: 85_000, floor: floor(CONSENTED) }],
  ['verdict 3 of 5, pushed, jurors paid, no claim', {}],
  ['verdict 3 of 5, pushed, jurors paid, claimed', {}],
  ['verdict 3 of 5, pending', {}],
  ['payout of a pending verdict', {}],
  ['split verdict with both consents, pushed to both', { peer: '110,322 SmartInvoice, one resolver' }],
  ['release, pushed', { cap: 68_000, floor: floor({ ...RELEASE, push: 1 }), peer: '61,143 Golem (any spender); 67,913 commerce-payments (operator)' }],
  ['release, held', { cap: 43_000, floor: floor(RELEASE) }],
  ['batch of 10 releases to 10 sellers, each', { cap: 39_000 }],
  ['claim with two receipts, first of the deal', {}],
  ['claim with two receipts, later', {}],
  ['refund after a timeout', { cap: 63_000, floor: floor({ calldata: CORE + call(1, 31), set: 1, push: 1, logs: SETTLED }), peer: '55,320 Golem; 65,512 commerce-payments' }],
  ['nda anchored', { cap: 64_000, floor: floor({ calldata: call(64 + 64 + 40 + 30, 200) + 2 * SIGNATURE, create: 1, signature: 2, logs: log(3, 10 * 32) }), peer: '201,931 EAS, one signer' }],
  ['agent anchored with limits', { cap: 80_000, floor: floor(GRANT), peer: '164,567 ERC-8004 register + setMetadata' }],
  ['agent anchored with limits, sent by the agent', { cap: 80_000, floor: floor({ ...GRANT, calldata: GRANT.calldata - SIGNATURE, signature: 1 }) }],
  ['juror joins', { cap: 122_000, floor: floor({ calldata: call(120, 140) + SIGNATURE, create: 1, set: 1, pull: 1, logs: log(4, 32) }), peer: '246,703 Kleros v2' }],
  ['appeal opened', { floor: floor(APPEAL) }],
  ['appeal requested', { cap: 60_000, floor: floor(REQUEST) }],
  ['appeal requested, seats counted', {}],
  ['appeal opened and requested', { floor: floor({ ...REQUEST, calldata: APPEAL.calldata, set: 1, read: 1, signature: 1, logs: APPEAL.logs + REQUEST.logs }) }],
  ['beacon round proven', { cap: 170_000, floor: floor(PROOF) + PRECOMPILES, peer: '174,722 randa-mu/bls-solidity' }],
  ['appeal ruled and settled, 5 of 7', { floor: floor(RULING) }],
  ['appeal ruled and settled, 5 of 7, the costliest draw of 101', {}],
  ['appeal to ruling', { cap: 410_000, peer: '4,762,630 Kleros v2', of: (gas) => gas('appeal to ruling, without the beacon') + gas('beacon round proven') }],
  ['appeal to ruling, beacon shared by 10', { cap: 245_000, of: (gas) => gas('appeal to ruling, without the beacon') + Math.round(gas('beacon round proven') / 10) }],
  ['appeal to ruling, without the beacon', {}],
  ['rating alone, sent by the rater', { cap: 37_000, floor: floor({ calldata: CORE + call(35, 20), set: 1, logs: log(2, 64) }), peer: '88,445 to 170,289 ERC-8004, sent by the rater' }],
  ['rating alone, sent by anybody', { floor: floor({ calldata: CORE + call(35, 20) + SIGNATURE, set: 1, signature: 1, logs: log(2, 64) }) }],
  ['rating in the closing transaction, each', { cap: 10_000, floor: call(35, 20) + SIGNATURE + COST.signature + log(2, 64) }],
  ['verdict 3 of 5, pushed, which closes', {}],
  ['payout that closes', {}],
  ['payout that closes, with both ratings', {}],
  ['jurors paid, three for the first time', {}],
  ['deal: three verdicts pushed', { cap: 372_000, peer: '347,488 commerce-payments, without any verdict; 1,834,650 ERC-8183' }],
  ['deal: three verdicts, one payout, both ratings', { cap: 330_000, peer: '2,175,228 ERC-8183 and two ERC-8004 feedbacks' }],
  ['deal: three releases, one payout', { cap: 283_000, peer: '347,488 commerce-payments' }],
  ['deal: from credit, three verdicts, one payout', { cap: 270_000 }],
  ['deal: mandates, claims, verdicts, payout, ratings, jurors paid', {}],
  ['usdc: plain transfer to a holder', { peer: '45,059 the real one' }],
  ['usdc: plain transfer to a new holder', { peer: '62,159 the real one' }],
  ['usdc: transfer pushed by a contract', { peer: '50,466 the real one' }],
  ['usdc: transferFrom by a contract', { peer: '51,481 the real one' }],
  ['usdc: receiveWithAuthorization by a contract', { peer: '90,529 the real one' }],
]

// What an operation would not cost without a feature of the deal, each the difference of two rows, or a row.
const FEATURES = [
  ['both sides are agents with a mandate, at an opening by EIP-3009', (gas) => gas('open, EIP-3009, both sides mandated') - gas('open, EIP-3009')],
  ["limits counted on the principal's credit, at an opening", (gas) => gas('open, credit through the mandate') - gas('open, own credit')],
  ['the seller is an agent too, at such an opening', (gas) => gas('open, credit through the mandate, seller mandated') - gas('open, credit through the mandate')],
  ['anybody may send an opening: the signature of a party that does not send it', (gas) => gas('open, EIP-3009') - gas('open, EIP-3009, sent by the seller')],
  ['anybody may send a rating', (gas) => gas('rating alone, sent by anybody') - gas('rating alone, sent by the rater')],
  ['a consent that ends the window, at a verdict', (gas) => gas('verdict 3 of 5 with consent, pushed') - gas('verdict 3 of 5, pushed')],
  ['a window: the verdict waits and a payout follows', (gas) => gas('verdict 3 of 5, pending') + gas('payout of a pending verdict') - gas('verdict 3 of 5, pushed')],
  ['a fee for jurors: who signed is kept, at each verdict', (gas) => gas('verdict 3 of 5, pushed, jurors paid, no claim') - gas('verdict 3 of 5, pushed')],
  ['a fee for jurors: its payment at the end, three of them for the first time', (gas) => gas('jurors paid, three for the first time')],
  ['a claim with the receipts of two vaults, the first of a deal', (gas) => gas('claim with two receipts, first of the deal')],
  ['a payee gets its money at once, at a verdict', (gas) => gas('verdict 3 of 5, pushed') - gas('verdict 3 of 5, held')],
  ['a draw that passes over members of the first panel, at worst', (gas) => gas('appeal ruled and settled, 5 of 7, the costliest draw of 101') - gas('appeal ruled and settled, 5 of 7')],
  ['an appeal that comes before escrow and jury in two calls', (gas) => gas('appeal opened') + gas('appeal requested') - gas('appeal opened and requested')],
]

function measured() {
  const lines = readFileSync(join(root, 'out/gas/measured.tsv'), 'utf8').trim().split('\n')
  return new Map(lines.map((line) => line.split('\t')).map(([op, gas]) => [op, Number(gas)]))
}

function table() {
  const figures = measured()
  const gas = (op) => {
    if (!figures.has(op)) throw new Error(`nothing measured for: ${op}`)
    return figures.get(op)
  }
  const known = new Set(OPERATIONS.map(([op]) => op))
  for (const op of figures.keys()) if (!known.has(op)) throw new Error(`measured and not in the table: ${op}`)
  const rows = OPERATIONS.map(([op, { cap = null, floor = null, peer = '', of }]) => {
    const used = of ? of(gas) : gas(op)
    return { op, gas: used, cap, floor, peer, ok: cap === null || used <= cap }
  })
  return { rows, features: FEATURES.map(([feature, price]) => [feature, price(gas)]) }
}

const number = (value) => (value === null ? '' : value.toLocaleString('en-US'))

function page({ rows, features }) {
  const body = rows.map(({ op, gas, cap, floor, peer, ok }) => {
    const above = floor === null ? '' : `${(100 * (gas / floor - 1)).toFixed(1)} %`
    return `| ${op} | ${ok ? number(gas) : `**${number(gas)}**`} | ${number(cap)} | ${number(floor)} | ${above} | ${peer} |`
  })
  return `# What each operation costs

Written by \`scripts/contracts gas\`. Gas of whole transactions under Osaka rules: 21,000, calldata with the floor of
EIP-7623, execution, less refunds. The token behaves and costs as FiatToken v2.2 behind its proxy; the last rows hold that to
one per cent. Payees and contracts hold a little USDC already; whoever receives it for the first time adds 17,100.
Base's fee for data on L1 is not in any figure. A figure above its cap is **bold**.

What a ruling costs depends on its draw, which passes over whoever judged before, and looks twice at whose address begins
like one of theirs. Its rows are the median over 101 deals and the costliest of them, in a pool of 200 seats of which five are
the first panel's.

The floor is what nobody could avoid for the same types: the transaction, its calldata, the storage words, the signature
checks, the token, and a log of what a third party must learn. Without fees for jurors except where the operation says so:
what they add is the difference between two rows. Whoever sends a call need not sign it; where a row does not say
who sends, a stranger does. In the worked deals a party sends the opening: the seller, or the buyer from credit.

| operation | gas | cap | floor | above the floor | elsewhere |
|---|--:|--:|--:|--:|---|
${body.join('\n')}

What a feature costs, as the difference of two rows or as a row:

| feature | gas |
|---|--:|
${features.map(([feature, gas]) => `| ${feature} | ${number(gas)} |`).join('\n')}
`
}

function complaints(rows) {
  const committed = new Map(JSON.parse(readFileSync(join(root, 'gas.json'), 'utf8')).map((row) => [row.op, row]))
  const found = []
  for (const { op, gas, ok } of rows) {
    const before = committed.get(op)
    committed.delete(op)
    if (!before) found.push(`${op}: not in gas.json`)
    else if (gas > before.gas * 1.01) found.push(`${op}: ${gas}, committed ${before.gas}`)
    else if (before.ok && !ok) found.push(`${op}: ${gas} is above its cap`)
  }
  for (const op of committed.keys()) found.push(`${op}: in gas.json and not measured`)
  return found
}

const { rows, features } = table()
if (check) {
  const found = complaints(rows)
  if (found.length > 0) {
    process.stderr.write(found.map((line) => `gas: ${line}\n`).join(''))
    process.stderr.write('after a change of the sources: scripts/contracts gas, and commit\n')
    process.exit(1)
  }
} else {
  writeFileSync(join(root, 'gas.json'), `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`)
  writeFileSync(join(root, 'GAS.md'), page({ rows, features }))
}
