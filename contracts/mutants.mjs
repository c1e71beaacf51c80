// Mutation: changes one thing in one contract, and asks whether a test notices. What slither's mutators can make is listed
// by mutants.py; from that list and the seed alone follows which mutants are tried: one that compiles for every function,
// the kinds of change taking turns, then others from the whole list until there are as many as asked for.
//
// The tests are compiled once, without any mutant in them: they deploy contracts from artefacts, so a mutant is a folder of
// artefacts. A mutant whose optimized code is that of the original is the original, and counts neither way. A test run
// that does not end is a kill: the original's ends.
//
// Each result is a line on stderr, and the last line on stdout is one JSON object. It fails below the score, and for each
// survivor that MUTANTS.md does not explain. It runs in a copy of the sources that the caller made, and compiles or deploys
// nothing outside it.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const root = dirname(fileURLToPath(import.meta.url))
const [forge, python, seed, count, only] = process.argv.slice(2)
const wanted = Number(count)
const SCORE_MIN = 0.95
const LANES = 2
const TEST_SECONDS_MAX = 120

// What several have in them is first tried in the first.
const DEPLOYED = ['DealEscrow', 'JuryPool', 'Mandates', 'Accords', 'DrandBeacon'].map((name) => ({ name, file: `src/${name}.sol` }))
const BESIDE = ['TestUsdc', 'TestUsdcProxy'].map((name) => ({ name, file: `src/testing/usdc/${name}.sol` }))
// What is not about behaviour, what no deployed contract is in, and what takes too long for one mutant.
const OUTSIDE = '{test/gas,test/invariant,test/prove,test/surface,test/testing}/**'
// Unoptimized code costs more.
const GAS = '_gas$|_its_gas'

// --- the sources ---

execFileSync('node', [join(root, 'ast.mjs')], { stdio: 'inherit' })
const { input, output } = JSON.parse(readFileSync(join(root, 'out/ast/build-info/sources.json'), 'utf8'))

function importsOf(file) {
  return output.sources[file].ast.nodes.filter(({ nodeType }) => nodeType === 'ImportDirective').map(({ absolutePath }) => absolutePath)
}

function closure(file, seen = new Set()) {
  if (seen.has(file)) return seen
  seen.add(file)
  importsOf(file).forEach((next) => closure(next, seen))
  return seen
}

const within = new Map(DEPLOYED.map(({ name, file }) => [name, closure(file)]))

// --- the compiler ---

const worker = new Worker(join(root, 'compiler.mjs'))
let turn = Promise.resolve()

// One after the other: there is one compiler.
function compiled(request) {
  const answer = turn.then(() => new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.postMessage(request)
  }))
  turn = answer.then(() => worker.removeAllListeners('error'))
  return answer
}

// The mutated file in place of the original, and of the rest what the contracts need.
function sourcesWith(mutant, contracts) {
  const files = new Set(contracts.flatMap(({ name }) => [...within.get(name)]))
  const sources = Object.fromEntries([...files].map((file) => [file, input.sources[file]]))
  if (mutant) sources[mutant.file] = { content: mutated(mutant) }
  return sources
}

function mutated({ file, start, end, new: text }) {
  const bytes = Buffer.from(input.sources[file].content)
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]).toString()
}

// --- which mutants ---

// A number of [0, 1) for a name: all chance there is.
function chance(...name) {
  return createHash('sha256').update([seed, ...name].join('\0')).digest().readUIntBE(0, 6) / 2 ** 48
}

const shuffled = (list, of) => list.map((item) => [chance(of, item.id), item]).sort(([a], [b]) => a - b).map(([, item]) => item)

function* candidates(listed) {
  if (only) {
    for (const mutant of listed.filter(({ id }) => only.split(',').includes(id))) yield [mutant]
    return
  }
  const kinds = [...new Set(listed.map(({ mutator }) => mutator))].sort()
  const functions = new Map()
  for (const mutant of shuffled(listed, 'function')) {
    const where = [mutant.file, mutant.contract, mutant.function].join(':')
    functions.set(where, [...(functions.get(where) ?? []), mutant])
  }
  let index = 0
  for (const mutants of [...functions].map(([where, mutants]) => [chance(where), mutants]).sort(([a], [b]) => a - b).map(([, mutants]) => mutants)) {
    const first = index++
    const rank = ({ mutator }) => (kinds.indexOf(mutator) + first) % kinds.length
    yield mutants.sort((a, b) => rank(a) - rank(b))
  }
  for (const mutant of shuffled(listed, 'rest')) yield [mutant]
}

const tally = { killed: 0, survived: 0, uncompilable: 0, identical: 0 }

// Each mutant that is to be tested, with the code that differs. Of every group at most one.
async function* compiledMutants(listed, original) {
  const tried = new Set()
  let found = 0
  for (const group of candidates(listed)) {
    for (const mutant of group) {
      if (found === wanted) return
      if (tried.has(mutant.id)) continue
      tried.add(mutant.id)
      const contracts = DEPLOYED.filter(({ name }) => within.get(name).has(mutant.file))
      const { error, changed, rest } = await firstChanged(mutant, contracts, original)
      if (error) tally.uncompilable += 1
      else if (!changed) tally.identical += 1
      else {
        found += 1
        yield { mutant, changed, rest }
        break
      }
    }
  }
}

// The first of the contracts in which the mutant is another code, and those after it.
async function firstChanged(mutant, contracts, original) {
  for (const [index, contract] of contracts.entries()) {
    const { name } = contract
    const { error, code } = await compiled({ sources: sourcesWith(mutant, [contract]), contracts: [contract] })
    if (error) return { error }
    if (code[name] !== original[name]) return { changed: { ...contract, code: code[name] }, rest: contracts.slice(index + 1) }
  }
  return {}
}

// --- tests ---

const folder = (lane) => `out/mutants/${lane}`

function placed(lane, name, code) {
  const object = { object: `0x${code}`, sourceMap: '', linkReferences: {} }
  const path = join(root, folder(lane), `${name}.sol`)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, `${name}.json`), JSON.stringify({ abi: [], bytecode: object, deployedBytecode: object }))
}

// Whether all tests pass with the artefacts of the lane; what did not end is said as null.
function passes(lane, paths) {
  const env = {
    ...process.env,
    FOUNDRY_PROFILE: 'quick',
    ARTIFACTS: folder(lane),
    FOUNDRY_CODE_SIZE_LIMIT: '1000000',
    FOUNDRY_FUZZ_RUNS: '32',
    FOUNDRY_FUZZ_FAILURE_PERSIST_DIR: `${folder(lane)}/fuzz`,
    FOUNDRY_TEST_FAILURES_FILE: `${folder(lane)}/failures`,
  }
  rmSync(join(root, folder(lane), 'fuzz'), { recursive: true, force: true })
  const filter = paths ? ['--match-path', paths] : ['--no-match-path', OUTSIDE]
  return new Promise((resolve) => {
    const test = spawn(forge, ['test', '--fail-fast', '--no-match-test', GAS, ...filter], { cwd: root, env })
    const timer = setTimeout(() => test.kill('SIGKILL'), TEST_SECONDS_MAX * 1000)
    let said = ''
    test.stdout.on('data', (chunk) => (said = (said + chunk).slice(-20_000)))
    test.stderr.on('data', (chunk) => (said = (said + chunk).slice(-20_000)))
    test.on('close', (status, signal) => {
      clearTimeout(timer)
      if (!signal && !/tests passed/.test(said)) throw new Error(`no test ran: ${said}`)
      resolve({ passed: status === 0, said, by: signal ? 'no end' : /\[FAIL[^\]]*\] (\w+)/.exec(said)?.[1] })
    })
  })
}

// The tests of one contract alone come first; what they do not notice, all tests see.
const NEAR = { Accords: 'test/accords/**', DrandBeacon: 'test/DrandBeacon/**', DealEscrow: 'test/escrow/**', JuryPool: 'test/jury/**', Mandates: 'test/mandates/**' }

const optimizedOriginals = new Map()

// The original's optimized code is made once per contract, and only when a survivor asks for it.
async function optimizedAlike(mutant, changed) {
  for (const contract of changed) {
    const { name } = contract
    if (!optimizedOriginals.has(name)) {
      optimizedOriginals.set(name, compiled({ sources: sourcesWith(null, [contract]), contracts: [contract], optimized: true }))
    }
    const { code } = await optimizedOriginals.get(name)
    const other = await compiled({ sources: sourcesWith(mutant, [contract]), contracts: [contract], optimized: true })
    if (other.error || other.code[name] !== code[name]) return false
  }
  return true
}

const survivors = []

async function tested(lane, { mutant, changed, rest }, original) {
  const since = Date.now()
  const there = []
  let run = { passed: true }
  let next = { changed, rest }
  for (; run.passed && next.changed; next = run.passed ? await firstChanged(mutant, next.rest, original) : next) {
    there.push(next.changed)
    placed(lane, next.changed.name, next.changed.code)
    run = await passes(lane, NEAR[next.changed.name])
    if (run.passed) run = await passes(lane)
  }
  let outcome = !run.passed ? 'killed' : next.error ? 'uncompilable' : 'survived'
  if (outcome === 'survived' && (await optimizedAlike(mutant, there))) outcome = 'identical'
  for (const { name } of there) placed(lane, name, original[name])
  tally[outcome] += 1
  if (outcome === 'survived') survivors.push(mutant)
  const { id, file, function: where, mutator, line, old, new: text } = mutant
  process.stderr.write(`${JSON.stringify({ outcome, id, file, function: where, mutator, line, old, new: text, by: run.by, seconds: (Date.now() - since) / 1000, ...tally })}\n`)
}

// --- the run ---

const begun = Date.now()
const listed = execFileSync(python, [join(root, 'mutants.py')], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 }).trim().split('\n').map((line) => JSON.parse(line))
const { error, code: original } = await compiled({ sources: sourcesWith(null, DEPLOYED), contracts: DEPLOYED })
if (error) throw new Error(error)
for (let lane = 0; lane < LANES; lane += 1) {
  for (const { name } of DEPLOYED) placed(lane, name, original[name])
  for (const { name } of BESIDE) {
    const built = JSON.parse(readFileSync(join(root, `out/quick/${name}.sol/${name}.json`), 'utf8'))
    placed(lane, name, built.bytecode.object.slice(2))
  }
}
const before = await passes(0)
if (!before.passed) throw new Error(`the tests fail without any mutant:\n${before.said}`)
process.stderr.write(`mutants: ${listed.length} can be made; the tests pass without one, ${(Date.now() - begun) / 1000} s\n`)

const queue = compiledMutants(listed, original)
const reached = new Map()
await Promise.all(
  Array.from({ length: LANES }, async (_, lane) => {
    for (let next = await queue.next(); !next.done; next = await queue.next()) {
      const { file, contract, function: name, mutator } = next.value.mutant
      reached.set(`${file}:${contract}:${name}`, true)
      reached.set(mutator, true)
      await tested(lane, next.value, original)
    }
  }),
)
await worker.terminate()

const text = readFileSync(join(root, 'MUTANTS.md'), 'utf8')
const unexplained = survivors.map(({ id }) => id).filter((id) => !text.includes(`\`${id}\``))
const mutants = tally.killed + tally.survived
const score = Math.round((tally.killed / mutants) * 10_000) / 10_000
const ok = score >= SCORE_MIN && unexplained.length === 0
const seconds = Math.round((Date.now() - begun) / 1000)
process.stdout.write(`${JSON.stringify({ schema: 'nuncio.mutants/1', seed, mutants, ...tally, score, reached: reached.size, unexplained, seconds, ok })}\n`)
process.exit(ok ? 0 : 1)
