import { execFileSync } from 'node:child_process'
import path from 'node:path'

export const ROOT: string = path.resolve(import.meta.dirname, '../..')

/** Brings the built files of a package up to date. */
export function build(folder: string): void {
  execFileSync(path.join(ROOT, 'node_modules/.bin/tsc'), ['-b', folder], { cwd: ROOT, stdio: 'inherit' })
}
