import { systemClock } from '../../../../packages/control-server/src/kernel/clock.ts'
import { systemTimers } from '../../../../packages/control-server/src/kernel/timers.ts'
import { systemTurn } from '../../../../packages/control-server/src/kernel/turn.ts'
import { openSqliteStore } from '../../../../packages/control-server/src/store/sqlite-store.ts'

/* Run by kill-test: writes without end and says which writes were acknowledged. */

const [dataDir = '', round = ''] = process.argv.slice(2)
const engine = { clock: systemClock, timers: systemTimers, turn: systemTurn }
const store = openSqliteStore({ ...engine, dataDir, makeEpoch: () => 'epoch' })
const value = 'x'.repeat(2_000)

for (let n = 0; ; n++) {
  const writes = [0, 1, 2].map(async (part) => {
    const key = `/${round}/${n}/${part}`
    const result = await store.commit(
      [],
      [
        { type: 'put', key, value },
        { type: 'put', key: `${key}/twin`, value },
      ],
    )
    if (result.ok) process.stdout.write(`${key} ${result.revision}\n`)
  })
  await Promise.all(writes)
}
