// Runs halmos over test/prove: every function there that begins with `check_` must hold for all values of its arguments.
// A proof counts only if no loop was cut short and no question to the solver was left without an answer.
//
// The last line is one JSON object. Nothing is compiled here: the proofs are in out/prove, the contracts that they deploy
// in out/.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const [halmos, ...only] = process.argv.slice(2)
const PROOFS_MIN = 12
const LOOPS_MAX = 40

const report = join(root, 'out/prove/report.json')
rmSync(report, { force: true })
const begun = Date.now()
const args = ['--root', root, '--forge-build-out', 'out/prove', '--json-output', report, '--no-status', '--loop', LOOPS_MAX]
args.push('--solver', 'z3', '--solver-timeout-assertion', '600s', ...only.flatMap((name) => ['--match-contract', name]))
const { status } = spawnSync(halmos, args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, FOUNDRY_PROFILE: 'prove' } })

const proved = []
const failed = []
for (const [contract, proofs] of Object.entries(JSON.parse(readFileSync(report, 'utf8')).test_results)) {
  for (const { name, exitcode, num_bounded_loops: cut } of proofs) {
    const full = `${contract.split(':')[1]}.${name.split('(')[0]}`
    if (exitcode === 0 && cut === 0) proved.push(full)
    else failed.push(full)
  }
}
const ok = status === 0 && failed.length === 0 && (only.length > 0 || proved.length >= PROOFS_MIN)
const seconds = Math.round((Date.now() - begun) / 1000)
process.stdout.write(`${JSON.stringify({ schema: 'nuncio.proofs/1', proved, failed, seconds, ok })}\n`)
process.exit(ok ? 0 : 1)
