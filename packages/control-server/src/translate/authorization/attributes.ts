import type { RbacCondition } from '@weft/mesh-protocol'
import type { AuthorizationOperation, AuthorizationSource } from '../../config/spec/authorization-policy.ts'
import { bracketed, claimCondition, claimPath, requestPrincipalCondition } from './claims.ts'
import { namespaceCondition, principalCondition, serviceAccountCondition, trustDomainCondition } from './identities.ts'
import {
  cidrRange,
  headerCondition,
  hostCondition,
  metadataCondition,
  methodCondition,
  pathCondition,
  portCondition,
  serverNameCondition,
} from './requests.ts'
import { expandPrincipals, expandTrustDomains, type TrustDomains } from './trust-domains.ts'

/** What the values of an attribute are read with. */
export interface RuleScope {
  /** Of the policy. */
  readonly namespace: string
  readonly trustDomains: TrustDomains
}

/** Something that a rule can ask for. */
export interface Attribute {
  /** A connection that is not looked into has no such thing. */
  readonly httpOnly: boolean
  /** Other values that each value stands for besides itself. */
  readonly expand?: (values: readonly string[], scope: RuleScope) => readonly string[]
  /** What one value asks for; `undefined`: what nothing can be. */
  readonly condition: (value: string, scope: RuleScope) => RbacCondition | undefined
}

const ofHttp = (condition: Attribute['condition']): Attribute => ({ httpOnly: true, condition })
const ofAny = (condition: Attribute['condition']): Attribute => ({ httpOnly: false, condition })

const PRINCIPAL: Attribute = {
  ...ofAny(principalCondition),
  expand: (values, { trustDomains }) => expandPrincipals(values, trustDomains),
}
const TRUST_DOMAIN: Attribute = {
  ...ofAny(trustDomainCondition),
  expand: (values, { trustDomains }) => expandTrustDomains(values, trustDomains),
}
const NAMESPACE = ofAny(namespaceCondition)
const SERVICE_ACCOUNT = ofAny((value, { namespace }) => serviceAccountCondition(value, namespace))
const REQUEST_PRINCIPAL = ofHttp(requestPrincipalCondition)
const SOURCE_IP = ofAny((value) => ({ directRemoteIp: cidrRange(value) }))
const REMOTE_IP = ofAny((value) => ({ remoteIp: cidrRange(value) }))
const PORT = ofAny(portCondition)

/** A field with its negation. */
type Pair<T> = readonly [values: keyof T, notValues: keyof T, attribute: Attribute]

export const SOURCE_FIELDS: readonly Pair<AuthorizationSource>[] = [
  ['principals', 'notPrincipals', PRINCIPAL],
  ['requestPrincipals', 'notRequestPrincipals', REQUEST_PRINCIPAL],
  ['serviceAccounts', 'notServiceAccounts', SERVICE_ACCOUNT],
  ['trustDomains', 'notTrustDomains', TRUST_DOMAIN],
  ['namespaces', 'notNamespaces', NAMESPACE],
  ['remoteIpBlocks', 'notRemoteIpBlocks', REMOTE_IP],
  ['ipBlocks', 'notIpBlocks', SOURCE_IP],
]

export const OPERATION_FIELDS: readonly Pair<AuthorizationOperation>[] = [
  ['hosts', 'notHosts', ofHttp(hostCondition)],
  ['methods', 'notMethods', ofHttp(methodCondition)],
  ['paths', 'notPaths', ofHttp(pathCondition)],
  ['ports', 'notPorts', PORT],
]

const CONDITION_KEYS: Readonly<Record<string, Attribute>> = {
  'source.ip': SOURCE_IP,
  'remote.ip': REMOTE_IP,
  'source.namespace': NAMESPACE,
  'source.principal': PRINCIPAL,
  'source.serviceAccount': SERVICE_ACCOUNT,
  'source.trustDomain': TRUST_DOMAIN,
  'request.auth.principal': REQUEST_PRINCIPAL,
  'request.auth.audiences': ofHttp((value) => claimCondition(['aud'], value)),
  'request.auth.presenter': ofHttp((value) => claimCondition(['azp'], value)),
  'destination.ip': ofAny((value) => ({ destinationIp: cidrRange(value) })),
  'destination.port': PORT,
  'connection.sni': ofAny(serverNameCondition),
}

const HEADERS = 'request.headers'
const CLAIMS = 'request.auth.claims'
const FILTERS = 'experimental.envoy.filters.'

/** What the key of a condition stands for; `undefined`: nothing that there is. */
export function conditionAttribute(key: string): Attribute | undefined {
  if (Object.hasOwn(CONDITION_KEYS, key)) return CONDITION_KEYS[key]
  if (key.startsWith(HEADERS)) {
    const name = bracketed(key.slice(HEADERS.length))
    return name === undefined ? undefined : ofHttp((value) => headerCondition(name, value))
  }
  if (key.startsWith(CLAIMS)) {
    const path = claimPath(key.slice(CLAIMS.length))
    return path === undefined ? undefined : ofHttp((value) => claimCondition(path, value))
  }
  return key.startsWith(FILTERS) ? ofAny((value) => metadataCondition(key, value)) : undefined
}
