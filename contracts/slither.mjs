// Runs slither over the contracts that are deployed and holds its findings against SLITHER.md: none of high or medium
// impact, and each class below that answered by a row there. A row that answers nothing any more is a miss too, so the
// file cannot outlive what it speaks of.
//
// The last line is one JSON object. What is not looked at: src/testing, which no real chain carries.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const [slither] = process.argv.slice(2)
const report = join(root, 'out/ast/slither.json')

execFileSync('node', [join(root, 'ast.mjs')], { stdio: 'inherit' })
rmSync(report, { force: true })
// Slither's exit status counts findings; that it failed is seen by what it did not write.
const ran = spawnSync(slither, ['.', '--ignore-compile', '--foundry-out-directory', 'out/ast', '--json', report], { cwd: root, encoding: 'utf8' })
let findings
try {
  const { success, error, results } = JSON.parse(readFileSync(report, 'utf8'))
  if (!success) throw new Error(error)
  findings = results.detectors ?? []
} catch (error) {
  process.stderr.write(`${ran.stderr ?? ''}\nslither: ${error.message}\n`)
  process.exit(1)
}

const answered = new Set([...readFileSync(join(root, 'SLITHER.md'), 'utf8').matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, check]) => check))
const count = { High: 0, Medium: 0, Low: 0, Informational: 0, Optimization: 0 }
const unanswered = new Set()
for (const { impact, check, description } of findings) {
  count[impact] += 1
  const grave = impact === 'High' || impact === 'Medium'
  if (!grave && answered.has(check)) continue
  if (!grave) unanswered.add(check)
  process.stderr.write(`${impact} ${check}: ${description}`)
}
const found = new Set(findings.map(({ check }) => check))
const idle = [...answered].filter((check) => !found.has(check))
const ok = count.High === 0 && count.Medium === 0 && unanswered.size === 0 && idle.length === 0
const [high, medium, low, informational, optimization] = Object.values(count)
const line = { schema: 'nuncio.slither/1', high, medium, low, informational, optimization, unanswered: [...unanswered], idle, ok }
process.stdout.write(`${JSON.stringify(line)}\n`)
process.exit(ok ? 0 : 1)
