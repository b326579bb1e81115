import { suggest } from '../suggest.ts'
import {
  addressProblem,
  anyValue,
  portProblem,
  serviceAccountProblem,
  type ValueProblem,
  wildcardProblem,
} from './authorization-values.ts'
import { quote } from './hosts.ts'

const KEYS: Readonly<Record<string, ValueProblem>> = {
  'source.ip': addressProblem,
  'remote.ip': addressProblem,
  'source.namespace': anyValue,
  'source.serviceAccount': serviceAccountProblem,
  'source.principal': anyValue,
  'source.trustDomain': wildcardProblem,
  'request.auth.principal': anyValue,
  'request.auth.audiences': anyValue,
  'request.auth.presenter': anyValue,
  'destination.ip': addressProblem,
  'destination.port': portProblem,
  'connection.sni': anyValue,
}

/** Keys that go on in brackets. */
const BRACKETED: Readonly<Record<string, RegExp>> = {
  'request.headers': /^\[.+\]$/,
  'request.auth.claims': /^\[.+\]$/,
  'experimental.envoy.filters.': /^[^[]*\[.+\]$/,
}

/** Keys of older APIs, and what to write now. */
const GONE: Readonly<Record<string, string>> = {
  'destination.namespace': "the policy's own namespace says it",
  'destination.labels': 'use the selector',
  'destination.name': 'use the selector',
  'destination.user': 'use the selector',
}

/** What a condition's values have to be, or what is wrong with its key (Istio `ValidateAttribute`). */
export function conditionValues(key: string): ValueProblem | { readonly problem: string } {
  if (Object.hasOwn(KEYS, key)) return KEYS[key] as ValueProblem
  for (const [prefix, rest] of Object.entries(BRACKETED)) {
    if (!key.startsWith(prefix)) continue
    return rest.test(key.slice(prefix.length))
      ? anyValue
      : { problem: `${quote(key)} must have the form ${prefix}[name]` }
  }
  for (const [prefix, instead] of Object.entries(GONE)) {
    if (key.startsWith(prefix)) return { problem: `${quote(key)} is no longer there: ${instead}` }
  }
  const known = [...Object.keys(KEYS), ...Object.keys(BRACKETED)]
  const meant = suggest(key, known)
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`
  return { problem: `${quote(key)} is nothing that a condition can ask for; ${hint}` }
}
