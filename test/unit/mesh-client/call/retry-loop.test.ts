import { describe, expect, test } from 'vitest'
import { RetryDue, retryLoop } from '../../../../packages/mesh-client/src/call/retry-loop.ts'

describe('retryLoop', () => {
  test('waits and tries until an attempt is not to be followed', async () => {
    const log: string[] = []
    const dues = [new RetryDue(20), new RetryDue(40)]
    await retryLoop(
      {
        sleep: (delayMs) => {
          log.push(`sleep ${delayMs}`)
          return Promise.resolve()
        },
        attemptAgain: () => {
          log.push('attempt')
          const due = dues.shift()
          return due === undefined ? Promise.resolve() : Promise.reject(due)
        },
      },
      new RetryDue(10),
      5,
    )
    expect(log).toEqual(['sleep 10', 'attempt', 'sleep 20', 'attempt', 'sleep 40', 'attempt'])
  })

  test('anything else that an attempt fails with ends it at once', async () => {
    let attempts = 0
    const failing = {
      sleep: () => Promise.resolve(),
      attemptAgain: () => {
        attempts++
        return Promise.reject(new TypeError('fetch failed'))
      },
    }
    await expect(retryLoop(failing, new RetryDue(0), 5)).rejects.toThrow('fetch failed')
    expect(attempts).toBe(1)
  })
})
