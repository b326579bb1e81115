import { DEFAULT_CIRCUIT_BREAKERS } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConnectionGate } from '../../../../../packages/mesh-client/src/http/outbound/connection-gate.ts'

function gateOf(maxConnections: number, maxPendingRequests: number): ConnectionGate {
  return new ConnectionGate({ ...DEFAULT_CIRCUIT_BREAKERS, maxConnections, maxPendingRequests })
}

describe('ConnectionGate', () => {
  test('whatever comes and goes: never over a limit, first come first served, no free place while one waits', () => {
    const steps = fc.array(fc.oneof(fc.constant('enter' as const), fc.nat(20)), { maxLength: 80 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(4), steps, (connections, pending, given) => {
        const gate = gateOf(connections, pending)
        const holding: object[] = []
        const waiting: object[] = []
        for (const step of given) {
          if (step === 'enter') enter(gate, holding, waiting)
          else leave(gate, holding, waiting, step)
          expect([gate.inUse, gate.waiting]).toEqual([holding.length, waiting.length])
          expect(holding.length).toBeLessThanOrEqual(connections)
          expect(waiting.length).toBeLessThanOrEqual(pending)
          expect(waiting.length === 0 || holding.length === connections).toBe(true)
        }
      }),
    )
  })

  test('one idle connection that is shared is closed for each request that waits', () => {
    const gate = gateOf(1, 5)
    expect(gate.tryEnter()).toBe(true)
    const asked: string[] = []
    const shared = (name: string, idle: number): { closeIdle: () => boolean } => ({
      closeIdle: () => {
        asked.push(name)
        return idle-- > 0
      },
    })
    const gone = shared('gone', 9)
    gate.share(gone)
    gate.share(shared('busy', 0))
    gate.share(shared('idle', 1))
    gate.unshare(gone)
    gate.enter({}, () => undefined)
    expect(asked).toEqual(['busy', 'idle'])
    expect([gate.inUse, gate.waiting]).toEqual([1, 1])
  })

  test('what waits elsewhere counts among those that wait, and a place over the limit is one to give back', () => {
    const gate = gateOf(1, 2)
    gate.enterOver()
    gate.enterOver()
    expect([gate.inUse, gate.tryEnter()]).toEqual([2, false])
    expect([gate.tryWait(), gate.enter({}, () => undefined), gate.tryWait()]).toEqual([true, 'waiting', false])
    expect(gate.waiting).toBe(2)
    gate.stopWaiting()
    let entered = false
    expect(gate.enter({}, () => undefined)).toBe('waiting')
    gate.leave({})
    expect(entered).toBe(false)
    entered = gate.tryEnter()
    expect(entered).toBe(false)
    gate.leave({})
    expect([gate.inUse, gate.waiting]).toEqual([1, 1])
  })

  test('a raised limit lets waiting requests in as places become free', () => {
    const gate = gateOf(1, 5)
    const order: number[] = []
    expect(gate.tryEnter()).toBe(true)
    for (const id of [1, 2]) gate.enter({}, () => void order.push(id))
    gate.update({ ...DEFAULT_CIRCUIT_BREAKERS, maxConnections: 2, maxPendingRequests: 0 })
    gate.leave({})
    expect(order).toEqual([1])
    expect(gate.enter({}, () => undefined)).toBe('overflow')
  })
})

function enter(gate: ConnectionGate, holding: object[], waiting: object[]): void {
  const key = {}
  if (gate.tryEnter()) {
    holding.push(key)
    return
  }
  const proceed = (): void => {
    expect(waiting.shift()).toBe(key)
    holding.push(key)
  }
  if (gate.enter(key, proceed) === 'waiting') waiting.push(key)
}

function leave(gate: ConnectionGate, holding: object[], waiting: object[], index: number): void {
  const all = [...holding, ...waiting]
  const key = all[index % Math.max(1, all.length)]
  if (key === undefined) return
  for (const list of [holding, waiting]) if (list.includes(key)) list.splice(list.indexOf(key), 1)
  gate.leave(key)
}
