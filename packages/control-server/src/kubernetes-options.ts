import type { KubernetesOptions } from './auth/service-account-tokens.ts'
import { isObject } from './kernel/json-value.ts'
import { isLoopback } from './listen-address.ts'

const VARIABLES: Readonly<Record<keyof KubernetesOptions, string>> = {
  issuer: 'WEFT_KUBERNETES_ISSUER',
  audience: 'WEFT_KUBERNETES_AUDIENCE',
  jwksUri: 'WEFT_KUBERNETES_JWKS_URI',
  jwksFile: 'WEFT_KUBERNETES_JWKS_FILE',
  caFile: 'WEFT_KUBERNETES_CA_FILE',
  tokenFile: 'WEFT_KUBERNETES_TOKEN_FILE',
}

/** What the environment says; `undefined` where it is silent. */
export function kubernetesFromEnvironment(env: NodeJS.ProcessEnv): Record<string, string> | undefined {
  const given = Object.entries(VARIABLES).flatMap(([name, variable]) => {
    const value = env[variable]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

/** What the first of them leaves open is as the next says; `undefined` where all are silent. */
export function mergeKubernetes(layers: readonly unknown[]): unknown {
  const given = layers.filter((layer) => layer !== undefined)
  const wrong = given.find((layer) => !isObject(layer))
  if (wrong !== undefined || given.length === 0) return wrong
  return Object.assign({}, ...given.toReversed())
}

/** What is wrong with it; `undefined`: nothing. */
export function kubernetesProblem(value: unknown): string | undefined {
  if (!isObject(value)) return 'must be an object'
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(VARIABLES, name))
  if (unknown !== undefined) return `has no field ${unknown}; there are ${Object.keys(VARIABLES).join(', ')}`
  const empty = Object.entries(value).find(([, each]) => typeof each !== 'string' || each === '')
  if (empty !== undefined) return `${empty[0]} must be a string that is not empty`
  const { issuer, jwksUri, jwksFile } = value as Partial<KubernetesOptions>
  if (issuer === undefined) return 'issuer is required: the claim "iss" of the tokens'
  if ((jwksUri === undefined) === (jwksFile === undefined)) return 'must have either jwksUri or jwksFile'
  return jwksUri === undefined || isSafeUri(jwksUri)
    ? undefined
    : 'jwksUri must be an https:// URL, as whoever can change the keys on their way can be any workload'
}

function isSafeUri(uri: string): boolean {
  const url = URL.parse(uri)
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, '')))
}
