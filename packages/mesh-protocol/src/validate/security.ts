import { isIpAddress } from '../ip-address.ts'
import { exactlyOne, finalStatus, port, positiveMilliseconds } from './scalars.ts'
import {
  type Check,
  flag,
  integer,
  isRecord,
  list,
  nonEmptyText,
  oneOf,
  optional,
  record,
  text,
  textMap,
  type Violations,
} from './shape.ts'

const WHOLE = { closed: true }

const mtlsMode = oneOf('DISABLE', 'PERMISSIVE', 'STRICT')

const modesByPort: Check = (value, field, out) => {
  if (!isRecord(value)) return out.add(field, 'must be an object of modes by port')
  for (const [number, mode] of Object.entries(value)) {
    if (!/^[1-9]\d{0,4}$/.test(number) || Number(number) > 65_535) out.add(`${field}.${number}`, 'must be a port')
    mtlsMode(mode, `${field}.${number}`, out)
  }
}

export const peerAuthentication: Check = record({ mode: mtlsMode, ports: optional(modesByPort) }, WHOLE)

export const jwtRules: Check = list(
  record(
    {
      issuer: optional(nonEmptyText),
      audiences: optional(list(nonEmptyText, { min: 1 })),
      jwks: optional(nonEmptyText),
      jwksUri: optional(nonEmptyText),
      timeoutMs: positiveMilliseconds,
      fromHeaders: optional(list(record({ name: nonEmptyText, prefix: optional(text) }, WHOLE))),
      fromParams: optional(list(nonEmptyText)),
      fromCookies: optional(list(nonEmptyText)),
      outputPayloadToHeader: optional(nonEmptyText),
      outputClaimToHeaders: optional(list(record({ header: nonEmptyText, claim: nonEmptyText }, WHOLE))),
      forwardOriginalToken: flag,
      spaceDelimitedClaims: optional(list(nonEmptyText)),
    },
    WHOLE,
  ),
)

const cidr: Check = (value, field, out) => {
  record({ addressPrefix: nonEmptyText, prefixLen: integer(0, 128) }, WHOLE)(value, field, out)
  const { addressPrefix, prefixLen } = isRecord(value) ? value : {}
  if (typeof addressPrefix !== 'string' || typeof prefixLen !== 'number') return
  if (!isIpAddress(addressPrefix)) out.add(`${field}.addressPrefix`, 'must be an IP address')
  else if (prefixLen > (addressPrefix.includes(':') ? 128 : 32)) {
    out.add(`${field}.prefixLen`, 'must be at most 32 for IPv4 and 128 for IPv6')
  }
}

const path = list(text, { min: 1 })
const isTrue: Check = (value, field, out) => {
  if (value !== true) out.add(field, 'must be true')
}

const valueMatcher: Check = (value, field, out) => {
  const { ignoreCase, ...match } = isRecord(value) ? value : {}
  exactlyOne({ exact: text, prefix: nonEmptyText, suffix: nonEmptyText, regex: text, present: isTrue })(
    match,
    field,
    out,
  )
  if (ignoreCase !== undefined && (ignoreCase !== true || match.regex !== undefined)) {
    out.add(`${field}.ignoreCase`, 'must be true or left out, and is not for regexes')
  }
  onlyKnown(match, MATCHES, field, out)
}

const MATCHES: readonly string[] = ['exact', 'prefix', 'suffix', 'regex', 'present']

const onlyKnown = (value: object, known: readonly string[], field: string, out: Violations): void => {
  for (const name of Object.keys(value)) {
    if (!known.includes(name))
      out.add(`${field}.${name}`, 'is not known here, and an inbound policy is only taken whole')
  }
}

/** Deeper trees than this are an attack: what the server makes has 5 levels. */
const MAX_DEPTH = 16

function conditionAt(depth: number): Check {
  return (value, field, out) => {
    if (depth > MAX_DEPTH) return out.add(field, `must not be nested deeper than ${MAX_DEPTH} levels`)
    const inner = conditionAt(depth + 1)
    exactlyOne({
      and: list(inner),
      or: list(inner),
      not: inner,
      any: isTrue,
      authenticated: valueMatcher,
      directRemoteIp: cidr,
      remoteIp: cidr,
      destinationIp: cidr,
      destinationPort: port,
      requestedServerName: valueMatcher,
      header: record({ name: nonEmptyText, value: valueMatcher }, WHOLE),
      urlPath: valueMatcher,
      uriTemplate: nonEmptyText,
      jwtClaim: record({ path, value: valueMatcher }, WHOLE),
      metadata: record({ filter: nonEmptyText, path, value: valueMatcher }, WHOLE),
    })(value, field, out)
    if (isRecord(value)) onlyKnown(value, CONDITIONS, field, out)
  }
}

const CONDITIONS: readonly string[] = [
  'and',
  'or',
  'not',
  'any',
  'authenticated',
  'directRemoteIp',
  'remoteIp',
  'destinationIp',
  'destinationPort',
  'requestedServerName',
  'header',
  'urlPath',
  'uriTemplate',
  'jwtClaim',
  'metadata',
]

const policy = { name: nonEmptyText, rules: list(conditionAt(0)), dryRun: optional(isTrue) }
const policies = optional(list(record(policy, WHOLE)))

export const rbac: Check = record(
  {
    custom: optional(list(record({ ...policy, provider: text }, WHOLE))),
    deny: policies,
    allow: policies,
    audit: policies,
  },
  WHOLE,
)

const extAuthzProvider = record(
  {
    protocol: oneOf('http', 'grpc'),
    host: nonEmptyText,
    port,
    timeoutMs: positiveMilliseconds,
    failOpen: flag,
    statusOnError: finalStatus,
    pathPrefix: optional(text),
    includeRequestHeadersInCheck: optional(list(nonEmptyText)),
    includeAdditionalHeadersInCheck: optional(textMap),
    includeRequestBodyInCheck: optional(
      record({ maxRequestBytes: integer(0, 2 ** 32 - 1), allowPartialMessage: flag, packAsBytes: flag }, WHOLE),
    ),
    headersToUpstreamOnAllow: optional(list(nonEmptyText)),
    headersToDownstreamOnAllow: optional(list(nonEmptyText)),
    headersToDownstreamOnDeny: optional(list(nonEmptyText)),
  },
  WHOLE,
)

export const extAuthzProviders: Check = (value, field, out) => {
  if (!isRecord(value)) return out.add(field, 'must be an object of providers by name')
  for (const [name, provider] of Object.entries(value)) extAuthzProvider(provider, `${field}.${name}`, out)
}
