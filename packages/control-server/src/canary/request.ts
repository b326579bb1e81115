import { fail, ok, type Result, type Violation } from '@weft/mesh-protocol'
import { isLabelValue } from '../config/names.ts'
import type { HttpMatchRequest } from '../config/spec/virtual-service.ts'
import { validateResource } from '../config/validate.ts'
import { isObject } from '../kernel/json-value.ts'
import { subsetNameOf } from './subsets.ts'

/** What a canary shall be. It replaces what it was. */
export interface CanaryRequest {
  /** Name of a subset, or value of the label `version`. */
  readonly subset: string
  /** Its share in percent of what no match takes, a whole number from 0 to 100. */
  readonly weight: number
  /** Requests that always go to it. Default none. */
  readonly match: readonly HttpMatchRequest[]
}

const FIELDS: readonly string[] = ['subset', 'weight', 'match']

/** Reads the body of `PUT …/canary`; all violations at once. */
export function parseCanaryRequest(body: unknown): Result<CanaryRequest> {
  if (!isObject(body)) return fail([{ field: '', message: 'must be an object with subset and weight' }])
  const { subset, weight, match = [] } = body
  const violations: Violation[] = Object.keys(body)
    .filter((field) => !FIELDS.includes(field))
    .map((field) => ({ field, message: `is not a field here; known are ${FIELDS.join(', ')}` }))
  if (typeof subset !== 'string' || subsetNameOf(subset) === '' || !isLabelValue(subset)) {
    violations.push({ field: 'subset', message: 'must be the name of a subset or a version, such as v2' })
  }
  if (!Number.isInteger(weight) || (weight as number) < 0 || (weight as number) > 100) {
    violations.push({ field: 'weight', message: 'must be a whole number from 0 to 100' })
  }
  violations.push(...matchViolations(match))
  if (violations.length > 0) return fail(violations)
  return ok({ subset: subset as string, weight: weight as number, match: match as readonly HttpMatchRequest[] })
}

const PREFIX = 'spec.http[0].'

/** A match is what it is in a VirtualService, and checked as there. */
function matchViolations(match: unknown): Violation[] {
  const { violations } = validateResource({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'canary' },
    spec: { hosts: ['canary'], http: [{ match, route: [{ destination: { host: 'canary' } }] }] },
  })
  return violations.map(({ field, message }) => ({ field: field.replace(PREFIX, ''), message }))
}
