// Writes out/ast/build-info/sources.json: the syntax trees of everything under src/ that is deployed, in the form in which
// forge would leave them for other tools. No code is generated, so it takes seconds.
//
// Left out is src/testing, which stands in for other people's contracts on a local chain.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const compiler = createRequire(import.meta.url)('solc')
const root = dirname(fileURLToPath(import.meta.url))

const sources = Object.fromEntries(
  readdirSync(join(root, 'src'), { recursive: true })
    .filter((path) => path.endsWith('.sol') && !path.startsWith('testing/'))
    .sort()
    .map((path) => [`src/${path}`, { content: readFileSync(join(root, 'src', path), 'utf8') }]),
)
const input = {
  language: 'Solidity',
  sources,
  settings: { evmVersion: 'osaka', outputSelection: { '*': { '*': ['abi', 'userdoc', 'devdoc'], '': ['ast'] } } },
}
const output = JSON.parse(compiler.compile(JSON.stringify(input)))
const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
if (errors.length > 0) {
  process.stderr.write(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  process.exit(1)
}
const code = { bytecode: { object: '', sourceMap: '' }, deployedBytecode: { object: '', sourceMap: '' }, methodIdentifiers: {} }
for (const contract of Object.values(output.contracts).flatMap(Object.values)) contract.evm = code

const folder = join(root, 'out/ast/build-info')
mkdirSync(folder, { recursive: true })
const solcVersion = compiler.version().split('+')[0]
writeFileSync(join(folder, 'sources.json'), JSON.stringify({ _format: 'hh-sol-build-info-1', solcVersion, input, output }))
