// The contracts with one rule broken: a piece of a source file replaced, compiled without touching anything. For whoever
// wants to see that a check can fail.
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const compiler = createRequire(import.meta.url)('solc')
const root = dirname(fileURLToPath(import.meta.url))

const sources = Object.fromEntries(
  readdirSync(join(root, 'src'), { recursive: true })
    .filter((path) => path.endsWith('.sol'))
    .sort()
    .map((path) => [`src/${path}`, { content: readFileSync(join(root, 'src', path), 'utf8') }]),
)

// The bytecode of a contract, or that with `rule` in `path` replaced by `instead`. Undefined when the rule is not there, or
// more than once: then the list that names it speaks of other sources.
export function broken(contract, path, rule, instead) {
  const file = `src/${path}`
  const parts = path === undefined ? undefined : (sources[file]?.content.split(rule) ?? [])
  if (parts !== undefined && parts.length !== 2) return undefined
  const changed = parts === undefined ? sources : { ...sources, [file]: { content: parts.join(instead) } }
  const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'osaka',
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { [`src/${contract}.sol`]: { [contract]: ['evm.bytecode.object'] } },
  }
  const output = JSON.parse(compiler.compile(JSON.stringify({ language: 'Solidity', sources: changed, settings })))
  const error = output.errors?.find(({ severity }) => severity === 'error')
  if (error) throw new Error(`${file} with ${instead}: ${error.formattedMessage}`)
  return output.contracts[`src/${contract}.sol`][contract].evm.bytecode.object
}
