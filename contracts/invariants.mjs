// Runs every campaign of test/invariant: `--runs N` sequences of `--depth M` acts each, from `--seed S`. Prints what forge says
// of a failure, and last one JSON object with the sums over all campaigns. Exit 0 when every sentence held to the
// end, 1 when one did not or a campaign was cut short, 2 on wrong usage.
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const [forge, ...given] = process.argv.slice(2)

function options() {
  const known = { '--runs': 64, '--depth': 64, '--seed': '0x6e756e63696f' }
  for (let i = 0; i < given.length; i += 2) {
    const value = given[i + 1]
    const good = given[i] === '--seed' ? /^0x[0-9a-f]{1,64}$/ : /^[1-9][0-9]{0,8}$/
    if (!(given[i] in known) || !good.test(value ?? '')) {
      process.stderr.write('invariants: [--runs N] [--depth M] [--seed 0x...]\n')
      process.exit(2)
    }
    known[given[i]] = given[i] === '--seed' ? value : Number(value)
  }
  return { runs: known['--runs'], depth: known['--depth'], seed: known['--seed'] }
}

function campaigns({ runs, depth, seed }) {
  const { status, stdout, stderr, error } = spawnSync(
    forge,
    ['test', '--match-path', 'test/invariant/*', '--match-test', 'invariant_', '--fuzz-seed', seed, '--json'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, FOUNDRY_INVARIANT_RUNS: String(runs), FOUNDRY_INVARIANT_DEPTH: String(depth) },
    },
  )
  const json = stdout?.split('\n').findLast((line) => line.startsWith('{'))
  if (error || json === undefined) {
    process.stderr.write(`${error ?? ''}${stdout}${stderr}`)
    process.exit(status || 1)
  }
  return Object.entries(JSON.parse(json)).flatMap(([suite, { test_results: results }]) =>
    Object.entries(results).map(([name, result]) => ({ name: `${suite.split(':').at(-1)}.${name}`, ...result })),
  )
}

const wanted = options()
const began = process.hrtime.bigint()
const found = campaigns(wanted)
const seconds = Number((process.hrtime.bigint() - began) / 1_000_000n) / 1000

let [calls, reverts, failures] = [0, 0, 0]
for (const { name, status, reason, counterexample, kind } of found) {
  calls += kind.Invariant.calls
  reverts += kind.Invariant.reverts
  const whole = kind.Invariant.calls === wanted.runs * wanted.depth
  if (status === 'Success' && whole) continue
  failures += 1
  const said = status === 'Success' ? `stopped after ${kind.Invariant.calls} calls` : reason
  process.stderr.write(`invariants: ${name}: ${said}\n${JSON.stringify(counterexample ?? null, null, 1)}\n`)
}
const ok = found.length > 0 && failures === 0 && reverts === 0
const { runs, depth, seed } = wanted
console.log(JSON.stringify({ schema: 'nuncio.invariants/1', runs, depth, calls, reverts, failures, seconds, seed, ok }))
process.exit(ok ? 0 : 1)
