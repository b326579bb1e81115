import { isDnsLabel } from '../config/names.ts'
import { ApiError, refusal } from './status.ts'

export type Query = Readonly<Record<string, unknown>>

/** Longest `?wait`, so that no request holds on for ever. */
const MAX_WAIT_MS = 60_000

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

/** `?dryRun=All`, as in Kubernetes. */
export function readDryRun({ dryRun }: Query): boolean {
  if (dryRun === undefined || dryRun === '') return false
  if (dryRun === 'All') return true
  throw refusal(400, 'The query is refused', [{ field: 'dryRun', message: 'must be All, or absent' }])
}

/** `?wait=5s` in milliseconds, at most a minute; `undefined` where it is absent. */
export function readWait({ wait }: Query): number | undefined {
  if (wait === undefined) return undefined
  const match = typeof wait === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(wait) : null
  const waitMs = match === null ? Number.NaN : Number(match[1]) * (UNITS[match[2] as string] as number)
  if (waitMs <= MAX_WAIT_MS) return waitMs
  throw refusal(400, 'The query is refused', [
    { field: 'wait', message: 'must be a duration of at most 1m, e.g. 5s or 500ms' },
  ])
}

/** `?namespace=…`: where resources go that name no namespace. */
export function readNamespace({ namespace }: Query): { readonly defaultNamespace?: string } {
  if (namespace === undefined || namespace === '') return {}
  if (typeof namespace === 'string' && isDnsLabel(namespace)) return { defaultNamespace: namespace }
  throw refusal(400, 'The query is refused', [{ field: 'namespace', message: 'must be a DNS label' }])
}

export function readFlag(query: Query, name: string): boolean {
  const value = query[name]
  if (value === undefined || value === 'false') return false
  if (value === 'true' || value === '') return true
  throw refusal(400, 'The query is refused', [{ field: name, message: 'must be true or false' }])
}

/** Parameters of Kubernetes that would change the answer if they were honoured; passing over them would be a wrong answer. */
export function refuseUnsupported(query: Query): void {
  for (const name of ['watch', 'labelSelector', 'fieldSelector', 'continue']) {
    if (query[name] === undefined || query[name] === '' || query[name] === 'false') continue
    throw new ApiError(400, `The query parameter ${name} is not supported: leave it out and filter what comes.`)
  }
}
