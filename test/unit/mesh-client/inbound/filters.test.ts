import { expect, test } from 'vitest'
import type { InboundExchange, InboundFilter } from '../../../../packages/mesh-client/src/inbound/exchange.ts'
import { type InboundSteps, inboundChain } from '../../../../packages/mesh-client/src/inbound/filters.ts'

const exchange = {} as InboundExchange

const NAMES = ['telemetry', 'path', 'cors', 'authentication', 'authorization', 'fault', 'context']

/** Sends something through steps that write themselves down. */
function passed(isIdle: boolean): readonly string[] {
  const log: string[] = []
  const step = (name: string): InboundFilter => {
    return (next) => (given) => {
      log.push(name)
      next(given)
    }
  }
  const steps = Object.fromEntries(NAMES.map((name) => [name, step(name)])) as unknown as InboundSteps
  inboundChain({ ...steps, isIdle: () => isIdle }, () => log.push('application'))(exchange)
  return log
}

test('telemetry stands around all, then the path, CORS, access, faults, and the context around the application', () => {
  expect(passed(false)).toEqual([...NAMES, 'application'])
})

test('where policy says nothing, its steps are left out at once', () => {
  expect(passed(true)).toEqual(['telemetry', 'context', 'application'])
})

test('a step that answers itself ends the way', () => {
  let reached = false
  const pass: InboundFilter = (next) => next
  const all = { telemetry: pass, path: pass, cors: pass, authentication: pass, authorization: pass, fault: pass }
  const refuse: InboundFilter = () => () => undefined
  const chain = inboundChain({ ...all, isIdle: () => false, context: refuse }, () => {
    reached = true
  })
  chain(exchange)
  expect(reached).toBe(false)
})
