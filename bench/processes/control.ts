// The control server in a process of its own, so that its memory can be read.
import { startControl } from '../lib/control.ts'
import { readMemory } from '../lib/memory.ts'
import { serveCommands } from '../lib/worker.ts'

const control = await startControl()

serveCommands({
  url: () => control.url,
  memory: readMemory,
})
