import { expect, test } from 'vitest'
import { startProcess } from '../support/process.ts'

/** Goes each way: up, down, and down through fetch. */
const MIB = 128

test.concurrent.each(['http', 'http2'])(
  'streams over %s pass through little memory',
  { timeout: 60_000 },
  async (protocol) => {
    await using child = startProcess('test/e2e/fixtures/big-streams.ts', {
      args: [protocol, String(MIB)],
      env: { NODE_OPTIONS: '--max-old-space-size=96 --no-warnings=ExperimentalWarning' },
    })
    const [line] = await child.until(/^\{.*\}$/, 60_000)
    const { down, fetched, up, grownMiB } = JSON.parse(line)
    const bytes = MIB * 1024 * 1024
    expect([down, fetched, up]).toEqual([bytes, bytes, bytes])
    expect(grownMiB).toBeLessThan(MIB)
  },
)
