import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { conformancePage } from './page.ts'
import { PAGE, WRITING_PAGE } from './report.ts'
import { RESULTS_FOLDER, readTotals } from './totals.ts'

/*
 * `pnpm conformance`: runs the conformance suites and, where all of them pass, writes docs/conformance.md from what they found. Arguments are files
 * to run instead of all; the lines of the others are then those of their last run.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const files = process.argv.slice(2)
// A suite that is gone must not stay in the page.
if (files.length === 0) rmSync(RESULTS_FOLDER, { recursive: true, force: true })
const run = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url)),
    'run',
    ...(files.length > 0 ? files : ['test/conformance']),
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, [WRITING_PAGE]: '1' } },
)
const totals = readTotals()
// A page without the suites that have failed to run would tell less than the one before.
if (run.status === 0 && totals.length > 0) writeFileSync(PAGE, conformancePage(totals))
process.exitCode = run.status ?? 1
