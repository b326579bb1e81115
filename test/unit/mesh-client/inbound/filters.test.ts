import { expect, test } from 'vitest'
import type { InboundExchange, InboundFilter } from '../../../../packages/mesh-client/src/inbound/exchange.ts'
import { inboundChain } from '../../../../packages/mesh-client/src/inbound/filters.ts'

const exchange = {} as InboundExchange

test('telemetry stands around all, then CORS, faults, and the context around the application', () => {
  const log: string[] = []
  const step = (name: string): InboundFilter => {
    return (next) => (passed) => {
      log.push(name)
      next(passed)
    }
  }
  const [telemetry, cors, fault, context] = [step('telemetry'), step('cors'), step('fault'), step('context')]
  const chain = inboundChain({ telemetry, cors, fault, context }, () => log.push('application'))
  chain(exchange)
  expect(log).toEqual(['telemetry', 'cors', 'fault', 'context', 'application'])
})

test('a step that answers itself ends the way', () => {
  let reached = false
  const pass: InboundFilter = (next) => next
  const refuse: InboundFilter = () => () => undefined
  const chain = inboundChain({ telemetry: pass, cors: pass, fault: pass, context: refuse }, () => {
    reached = true
  })
  chain(exchange)
  expect(reached).toBe(false)
})
