// Writes abi/<Name>.json for every deployable contract under src/, from what forge has just built in out/.
// `--check` compares instead and names each file that differs, is missing or is left over.
//
// A file is canonical: keys sorted, ABI entries in one order, no paths, no compiler noise. So two machines
// write the same bytes, and a diff shows what changed on chain and nothing else.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const check = process.argv.includes('--check')

// EIP-170 and EIP-3860.
const CODE_BYTES_MAX = 24_576
const INIT_CODE_BYTES_MAX = 49_152

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
}

// One line per entry of a list, so that a changed function is a changed line.
function print(described) {
  const fields = Object.entries(sorted(described)).map(([key, value]) => {
    if (!Array.isArray(value) || value.length === 0) return `${JSON.stringify(key)}: ${JSON.stringify(value)}`
    return `${JSON.stringify(key)}: [\n${value.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]`
  })
  return `{\n${fields.join(',\n')}\n}\n`
}

function canonicalType({ type, components }) {
  return type.startsWith('tuple') ? `(${components.map(canonicalType)})${type.slice('tuple'.length)}` : type
}

function signature({ type, name = '', inputs = [] }) {
  return `${type} ${name}(${inputs.map(canonicalType)})`
}

function bySignature(left, right) {
  const [a, b] = [signature(left), signature(right)]
  return a < b ? -1 : a > b ? 1 : 0
}

// The compiler numbers declarations by file, in order of their paths, and in a file from top to bottom: so the
// declarations in that order are the keys of its references in order of their numbers.
function immutableNames({ metadata }) {
  const sources = Object.keys(metadata.sources).sort()
  return sources.flatMap((source) => {
    const code = readFileSync(join(root, source), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '')
    return [...code.matchAll(/\bimmutable\s+(\w+)\s*[;=]/g)].map(([, declared]) => declared)
  })
}

function describe(name, artifact) {
  const { bytecode, deployedBytecode } = artifact
  for (const links of [bytecode.linkReferences, deployedBytecode.linkReferences]) {
    if (Object.keys(links ?? {}).length > 0) throw new Error(`${name} must be linked to a library; it cannot stand alone`)
  }
  // Where the constructor writes which immutable: the bytes that differ between two deployments of the same code.
  const references = Object.entries(deployedBytecode.immutableReferences ?? {})
  const names = immutableNames(artifact)
  if (names.length !== references.length) {
    throw new Error(`${name} reads ${references.length} immutables, its sources declare ${names.length}: ${names}`)
  }
  const immutables = references
    .sort(([left], [right]) => left - right)
    .flatMap(([, places], index) => places.map(({ start, length }) => ({ name: names[index], start, length })))
    .sort((left, right) => left.start - right.start)
  return {
    contract: name,
    abi: [...artifact.abi].sort(bySignature),
    bytecode: bytecode.object,
    deployedBytecode: deployedBytecode.object,
    immutables,
  }
}

// The artifacts that forge's own records name for the sources as they are: what an earlier state of them has left in out/
// is none of ours. Tests, interfaces and libraries of internal functions are not deployed.
function artifacts() {
  const found = new Map()
  const { files } = JSON.parse(readFileSync(join(root, 'cache/solidity-files-cache.json'), 'utf8'))
  for (const [source, record] of Object.entries(files)) {
    if (!source.startsWith('src/') || !existsSync(join(root, source))) continue
    for (const [name, compilers] of Object.entries(record.artifacts)) {
      const [{ path }, ...others] = Object.values(compilers).flatMap(Object.values)
      if (others.length > 0) throw new Error(`${name} was compiled more than once`)
      const artifact = JSON.parse(readFileSync(join(root, 'out', path), 'utf8'))
      if (artifact.bytecode.object === '0x') continue
      if (!artifact.abi.some(({ type }) => type === 'function' || type === 'fallback')) continue
      if (found.has(name)) throw new Error(`two contracts are called ${name}`)
      found.set(name, describe(name, artifact))
    }
  }
  return found
}

// What no chain would take. It is said after the files are written: a local chain can lift its limit.
function oversized(name, { bytecode, deployedBytecode }) {
  const [initBytes, codeBytes] = [bytecode, deployedBytecode].map((code) => (code.length - 2) / 2)
  const complaints = []
  if (codeBytes > CODE_BYTES_MAX) complaints.push(`${name}.json: ${codeBytes} bytes of code, ${CODE_BYTES_MAX} at most (EIP-170)`)
  if (initBytes > INIT_CODE_BYTES_MAX) complaints.push(`${name}.json: ${initBytes} bytes of init code, ${INIT_CODE_BYTES_MAX} at most (EIP-3860)`)
  return complaints
}

const abi = join(root, 'abi')
mkdirSync(abi, { recursive: true })
const stale = new Set(readdirSync(abi).filter((file) => file.endsWith('.json')))
const complaints = []
for (const [name, described] of [...artifacts()].sort()) {
  const file = `${name}.json`
  complaints.push(...oversized(name, described))
  const text = print(described)
  const committed = stale.delete(file) ? readFileSync(join(abi, file), 'utf8') : null
  if (committed === text) continue
  if (check) complaints.push(committed === null ? `${file}: missing` : `${file}: not what the sources give`)
  else writeFileSync(join(abi, file), text)
}
for (const file of stale) {
  if (check) complaints.push(`${file}: no such contract`)
  else rmSync(join(abi, file))
}
if (complaints.length > 0) {
  process.stderr.write(complaints.map((complaint) => `abi/${complaint}\n`).join(''))
  if (check) process.stderr.write('after a change of the sources: scripts/contracts abi, and commit\n')
  process.exit(1)
}
