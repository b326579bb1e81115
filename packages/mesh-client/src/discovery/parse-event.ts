import type { HelloEvent, UpdateEvent } from '@weft/mesh-protocol'

/** Thrown for an event that is not of the protocol; says which and why. */
export class BadEventError extends Error {
  override readonly name: string = 'BadEventError'
}

export function parseHello(data: string): HelloEvent {
  const { streamId, epoch, heartbeatMs, features, url } = object('hello', data)
  if (typeof streamId !== 'string' || typeof epoch !== 'string')
    throw bad('hello', 'streamId and epoch must be strings')
  if (typeof heartbeatMs !== 'number' || !(heartbeatMs > 0)) throw bad('hello', 'heartbeatMs must be above 0')
  if (typeof url !== 'string' || !URL.canParse(url)) throw bad('hello', 'url must be an absolute URL')
  return { streamId, epoch, heartbeatMs, url, features: texts(features) }
}

/** The resources themselves are looked at one by one when they are applied. */
export function parseUpdate(data: string): UpdateEvent {
  const { resources, removed } = object('update', data)
  if (!Array.isArray(resources)) throw bad('update', 'resources must be a list')
  return { resources, removed: texts(removed) }
}

function object(event: string, data: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    throw bad(event, 'is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(event, 'must be a JSON object')
  return value as Record<string, unknown>
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

function bad(event: string, why: string): BadEventError {
  return new BadEventError(`its event ${event} is not of the protocol: ${why}`)
}
