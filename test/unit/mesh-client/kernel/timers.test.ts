import { expect, test } from 'vitest'
import { systemTimers } from '../../../../packages/mesh-client/src/kernel/timers.ts'

test.each([Number.POSITIVE_INFINITY, 2 ** 31])('a delay of %d does not fire at once', async (delayMs) => {
  const fired: number[] = []
  const warned: Error[] = []
  const warn = (warning: Error): void => void warned.push(warning)
  process.on('warning', warn)
  const timer = systemTimers.set(() => fired.push(delayMs), delayMs)
  try {
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([fired, warned]).toEqual([[], []])
  } finally {
    systemTimers.clear(timer)
    process.off('warning', warn)
  }
})
