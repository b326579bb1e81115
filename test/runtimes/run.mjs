// Runs the suite on the other Node versions that the packages support; arguments are passed on to vitest.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const here = import.meta.dirname
const root = path.resolve(here, '../..')
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')

for (const name of ['node-22', 'node-26']) {
  const node = path.join(here, 'node_modules', name, 'bin/node')
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (version.status !== 0) throw new Error(`${node} does not run: ${version.error ?? version.stderr}`)
  console.log(`\n== ${version.stdout.trim()}`)
  const run = spawnSync(node, [vitest, 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
  if (run.status !== 0) process.exit(run.status ?? 1)
}
