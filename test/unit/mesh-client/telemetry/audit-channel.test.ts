import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import type { AuditEvent } from '../../../../packages/mesh-client/src/kernel/audit-event.ts'
import { createAuditLog } from '../../../../packages/mesh-client/src/telemetry/audit-channel.ts'

const EVENT = { decision: 'denied', policy: 'ns/p' } as AuditEvent

function logger() {
  const told: [string, string, unknown][] = []
  const at = (level: string) => (text: string, details?: unknown) => void told.push([level, text, details])
  return { told, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

test('entries go to the logger where nobody else takes them', () => {
  const log = logger()
  createAuditLog(undefined, log)(EVENT)
  expect(log.told).toEqual([['info', 'access denied', EVENT]])
})

test('a sink gets them, and the channel too; one that fails is told of and harms nobody', () => {
  const log = logger()
  const heard: unknown[] = []
  const listen = (message: unknown): void => void heard.push(message)
  subscribe('weft:audit', listen)
  const taken: AuditEvent[] = []
  createAuditLog((event) => void taken.push(event), log)(EVENT)
  createAuditLog(() => {
    throw new Error('disk full')
  }, log)(EVENT)
  unsubscribe('weft:audit', listen)
  expect(taken).toEqual([EVENT])
  expect(heard).toEqual([EVENT, EVENT])
  expect(log.told).toEqual([['warn', 'The audit sink failed: disk full', undefined]])
})
