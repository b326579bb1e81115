import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { limitIdleness } from '../../../../packages/mesh-client/src/tcp/idle-limit.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

class Connection extends EventEmitter {
  bytesRead = 0
  bytesWritten = 0
  destroyed = false

  destroy(): this {
    this.destroyed = true
    this.emit('close')
    return this
  }
}

function limited(idleTimeoutMs: number) {
  const fake = fakeClock()
  const socket = new Connection()
  limitIdleness(socket as never, idleTimeoutMs, fake.timers)
  return { socket, fake }
}

describe('a connection on which nothing moves', () => {
  test('ends after its idle time', async () => {
    const { socket, fake } = limited(1_000)
    await fake.advance(999)
    expect(socket.destroyed).toBe(false)
    await fake.advance(1)
    expect(socket.destroyed).toBe(true)
    expect(fake.pendingTimers).toBe(0)
  })

  test('is open while bytes move in one direction, and ends at most a quarter late', async () => {
    const { socket, fake } = limited(1_000)
    for (let at = 0; at < 10; at++) {
      await fake.advance(700)
      if (at % 2 === 0) socket.bytesRead += 1
      else socket.bytesWritten += 1
    }
    expect(socket.destroyed).toBe(false)
    await fake.advance(999)
    expect(socket.destroyed).toBe(false)
    await fake.advance(251)
    expect(socket.destroyed).toBe(true)
  })

  test('stays for ever with 0, and leaves no timer when it closes before', async () => {
    expect(limited(0).fake.pendingTimers).toBe(0)
    const { socket, fake } = limited(1_000)
    await fake.advance(300)
    socket.destroy()
    expect(fake.pendingTimers).toBe(0)
  })
})
