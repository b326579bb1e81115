import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Whether the second opinion can be had: a suite that needs it is skipped without. */
export const HAS_OPENSSL: boolean = spawnSync('openssl', ['version']).status === 0

/** What `openssl` prints about files that are there for this call only. */
export function openssl(args: readonly string[], files: Readonly<Record<string, string>>): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'weft-openssl-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(cwd, name), content)
    return execFileSync('openssl', args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } finally {
    rmSync(cwd, { recursive: true })
  }
}
