import type { InboundPolicy } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { CLOSED_RULES, NO_RULES } from '../../../../packages/mesh-client/src/inbound/inbound-rules.ts'
import { inboundCompiler, rulesNow } from '../../../../packages/mesh-client/src/inbound/rules-now.ts'
import { inboundPolicy } from '../../../support/inbound.ts'
import { fakePolicy } from '../../../support/outbound.ts'

const guarded = (regex: string): InboundPolicy => ({
  ...inboundPolicy([]),
  authorization: { deny: [{ name: 'ns/p', rules: [{ urlPath: { regex } }] }] },
})

test('rules are made once of each policy, whoever asks', () => {
  const compile = inboundCompiler()
  const policy = fakePolicy()
  const [one, other] = [rulesNow(policy, compile), rulesNow(policy, compile)]
  expect(one()).toBe(NO_RULES)
  policy.set({ inbound: guarded('/a.*') })
  const before = one()
  expect(before.authorization).toBeDefined()
  expect(other()).toBe(before)
  expect(one()).toBe(before)
  policy.set({ inbound: guarded('/b.*') })
  expect(one()).not.toBe(before)
})

test('a policy that says nothing of requests is as none', () => {
  const policy = fakePolicy()
  policy.set({ inbound: inboundPolicy([]) })
  expect(rulesNow(policy, inboundCompiler())()).toBe(NO_RULES)
})

test('a policy that cannot be compiled lets nobody in', () => {
  const policy = fakePolicy()
  policy.set({ inbound: guarded('(') })
  expect(rulesNow(policy, inboundCompiler())()).toBe(CLOSED_RULES)
})
