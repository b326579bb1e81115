import { expect, test } from 'vitest'
import type { InboundExchange, InboundFilter } from '../../../../packages/mesh-client/src/inbound/exchange.ts'
import { type InboundSteps, inboundChain } from '../../../../packages/mesh-client/src/inbound/filters.ts'

const exchange = {} as InboundExchange

test('telemetry stands around all, then the path, CORS, access, faults, and the context around the application', () => {
  const log: string[] = []
  const step = (name: string): InboundFilter => {
    return (next) => (passed) => {
      log.push(name)
      next(passed)
    }
  }
  const names = ['telemetry', 'path', 'cors', 'authentication', 'authorization', 'fault', 'context']
  const steps = Object.fromEntries(names.map((name) => [name, step(name)])) as unknown as InboundSteps
  const chain = inboundChain(steps, () => log.push('application'))
  chain(exchange)
  expect(log).toEqual([...names, 'application'])
})

test('a step that answers itself ends the way', () => {
  let reached = false
  const pass: InboundFilter = (next) => next
  const all = { telemetry: pass, path: pass, cors: pass, authentication: pass, authorization: pass, fault: pass }
  const refuse: InboundFilter = () => () => undefined
  const chain = inboundChain({ ...all, context: refuse }, () => {
    reached = true
  })
  chain(exchange)
  expect(reached).toBe(false)
})
