// Reads what `forge coverage` wrote, and holds it against uncovered.txt: every branch and every line of the contracts that
// are deployed is reached by a test, or named there with the reason why the tool cannot see that it is.
//
// The last line is one JSON object. Left out is src/testing, which no real chain carries.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const [report] = process.argv.slice(2)

const branches = { all: 0, covered: 0 }
const lines = { all: 0, covered: 0 }
const missed = new Set()

// The text of the line names a place better than its number, which every change above it moves.
function named(file, line) {
  const text = readFileSync(join(root, file), 'utf8').split('\n')[line - 1].trim()
  return `${file}: ${text}`
}

let file
for (const entry of readFileSync(report, 'utf8').split('\n')) {
  const [kind, rest] = [entry.slice(0, entry.indexOf(':')), entry.slice(entry.indexOf(':') + 1)]
  if (kind === 'SF') file = rest.startsWith('src/') && !rest.startsWith('src/testing/') ? rest : undefined
  if (file === undefined) continue
  const values = rest.split(',')
  if (kind === 'BRDA') {
    branches.all += 1
    const taken = values[3] !== '-' && values[3] !== '0'
    if (taken) branches.covered += 1
    else missed.add(named(file, Number(values[0])))
  }
  if (kind === 'DA') {
    lines.all += 1
    if (values[1] !== '0') lines.covered += 1
    else missed.add(named(file, Number(values[0])))
  }
}
if (lines.all === 0) throw new Error(`${report} says nothing about the contracts`)

// One place per line; what follows two spaces and a # is the reason.
const known = new Set(
  readFileSync(join(root, 'uncovered.txt'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('src/'))
    .map((line) => {
      const [place, reason] = line.split('  # ')
      if (!reason) throw new Error(`uncovered.txt gives no reason for ${place}`)
      return place
    }),
)
const uncovered = [...missed].filter((place) => !known.has(place))
const stale = [...known].filter((place) => !missed.has(place))
const ok = uncovered.length === 0 && stale.length === 0
process.stdout.write(`${JSON.stringify({ schema: 'nuncio.coverage/1', branches, lines, named: known.size, uncovered, stale, ok })}\n`)
process.exit(ok ? 0 : 1)
