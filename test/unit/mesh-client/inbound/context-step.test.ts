import { expect, test } from 'vitest'
import { createContextStore, EMPTY_CONTEXT } from '../../../../packages/mesh-client/src/context/request-context.ts'
import { contextOf, contextStep } from '../../../../packages/mesh-client/src/inbound/context-step.ts'
import type { InboundExchange, InboundHeaders } from '../../../../packages/mesh-client/src/inbound/exchange.ts'
import { propagation } from '../../../../packages/mesh-client/src/inbound/propagation.ts'

const NAMES = propagation(['x-a'])

function exchange(headers: InboundHeaders, overrides: Partial<InboundExchange> = {}): InboundExchange {
  return {
    startedAt: 1_000,
    headers,
    peer: undefined,
    isTunnel: false,
    span: undefined,
    context: EMPTY_CONTEXT,
    ...overrides,
  } as InboundExchange
}

const span = { run: <T>(action: () => T): T => action(), end: () => undefined }

test('the deadline is on the mesh’s clock, and none binds a tunnel', () => {
  expect(contextOf(exchange({ 'x-envoy-expected-rq-timeout-ms': '50' }), NAMES).deadline).toBe(1_050)
  expect(contextOf(exchange({ 'x-envoy-expected-rq-timeout-ms': '50' }, { isTunnel: true }), NAMES)).toBe(EMPTY_CONTEXT)
})

test('trace headers follow verbatim only while no tracer is at work', () => {
  const headers = { 'x-a': '1', b3: '2' }
  expect(contextOf(exchange(headers), NAMES).headers).toEqual(['x-a', '1', 'b3', '2'])
  expect(contextOf(exchange(headers, { span }), NAMES).headers).toEqual(['x-a', '1'])
})

test('baggage follows whether a tracer is at work or not, unless it is more than anybody has to carry', () => {
  const headers = { baggage: 'canary=v2' }
  expect(contextOf(exchange(headers), NAMES)).toMatchObject({ baggage: 'canary=v2', headers: [] })
  expect(contextOf(exchange(headers, { span }), NAMES)).toMatchObject({ baggage: 'canary=v2', headers: [] })
  expect(contextOf(exchange({ baggage: `a=${'x'.repeat(8192)}` }), NAMES)).toBe(EMPTY_CONTEXT)
})

test('a request that carries nothing has no context, not even that of a request in which the server was started', () => {
  const store = createContextStore()
  const seen: unknown[] = []
  const step = contextStep(store, NAMES)(() => seen.push(store.getStore()))
  step(exchange({}))
  store.run({ deadline: 1, headers: ['x-other', '1'] }, () => step(exchange({})))
  expect(seen).toEqual([undefined, EMPTY_CONTEXT])
})
