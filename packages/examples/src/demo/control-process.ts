import { createRequire } from 'node:module'
import path from 'node:path'
import { type Child, startChild } from './child.ts'

/** `weft`, as a user has it after an install. */
function weftBin(): string {
  const manifest = createRequire(import.meta.url).resolve('@weft/control-server/package.json')
  return path.join(path.dirname(manifest), 'bin/weft.js')
}

/** Starts a control server in a process of its own. */
export function startControl(dataDir: string, listen: string, flags: readonly string[] = []): Promise<Child> {
  const args = ['server', '--listen', listen, '--data-dir', dataDir, ...flags]
  return startChild({ name: 'control server', file: weftBin(), args })
}
