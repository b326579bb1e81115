import type { InboundPolicy } from '@weft/mesh-protocol'
import { INBOUND_POLICY_NAME, validateResource } from '@weft/mesh-protocol'
import { afterAll, describe, expect, test } from 'vitest'
import { meshSettings } from '../../packages/control-server/src/registry/mesh-settings.ts'
import { translateAuthorization } from '../../packages/control-server/src/translate/authorization/translate-authorization.ts'
import type { Authorization } from '../../packages/mesh-client/src/inbound/authz/authorization.ts'
import type { AuthzRequest } from '../../packages/mesh-client/src/inbound/authz/authz-request.ts'
import { askedFirst, decide } from '../../packages/mesh-client/src/inbound/authz/decide.ts'
import { parseIp } from '../../packages/mesh-client/src/inbound/authz/ip-address.ts'
import { compileInboundRules } from '../../packages/mesh-client/src/inbound/inbound-rules.ts'
import { pathNormalizer } from '../../packages/mesh-client/src/inbound/path/normalize-path.ts'
import { withoutQuery } from '../../packages/mesh-client/src/routing/request-value.ts'
import { vectorTitle } from '../support/vectors.ts'
import { type AuthorizationRow, readAuthorizationRows } from './authorization-row.ts'
import { ConformanceReport } from './report.ts'

const vectors = readAuthorizationRows()
const normalize = pathNormalizer('BASE')

/** What a workload with the policies of a row is sent, and makes of it. */
function authorizationOf({ workload, policies, extAuthz = {}, request }: AuthorizationRow): Authorization | undefined {
  const extensionProviders = Object.keys(extAuthz).map((name) => ({
    name,
    envoyExtAuthzHttp: { service: `${name}.default.svc.cluster.local`, port: 8000 },
  }))
  const mesh = meshSettings({ extensionProviders })
  const sources = { authorizationPolicies: policies, domain: 'cluster.local', mesh }
  const translated = translateAuthorization(sources, { ...workload, service: 'b' })
  const policy = { type: 'InboundPolicy', name: INBOUND_POLICY_NAME, version: '1', services: [], ...translated }
  expect(validateResource(policy)).toMatchObject({ ok: true })
  const rules = compileInboundRules(policy as InboundPolicy)
  if (!rules.ok) throw new Error(JSON.stringify(rules.error))
  return request.protocol === 'tcp' ? rules.value.tcpAuthorization : rules.value.authorization
}

function requestOf({ request }: AuthorizationRow): AuthzRequest {
  const { principal, jwt, path, method, host, headers = {} } = request
  const pseudo: Readonly<Record<string, string | undefined>> = { ':method': method, ':authority': host }
  const address = (text: string | undefined) => (text === undefined ? undefined : parseIp(text))
  return {
    peerUri: principal === undefined || principal === null ? undefined : `spiffe://${principal}`,
    directRemoteIp: address(request.sourceIp),
    remoteIp: address(request.remoteIp),
    destinationIp: address(request.destinationIp),
    destinationPort: request.port,
    sni: undefined,
    path: path === undefined ? undefined : withoutQuery(normalize(path) ?? ''),
    token:
      jwt === undefined || jwt === null
        ? undefined
        : {
            issuer: String(jwt.iss),
            subject: String(jwt.sub),
            claims: jwt,
            spaceDelimited: ['scope', 'permission', ...(request.spaceDelimitedClaims ?? [])],
          },
    header: (name) => pseudo[name] ?? headers[name],
  }
}

function answer(row: AuthorizationRow): 'allow' | 'deny' {
  const authorization = authorizationOf(row)
  if (authorization === undefined) return 'allow'
  const request = requestOf(row)
  const asked = askedFirst(authorization.rbac, request)
  if (asked !== undefined) {
    const known = Object.hasOwn(authorization.providers, asked.provider)
    if (!known || row.extAuthz?.[asked.provider] !== 'allow') return 'deny'
  }
  return decide(authorization.rbac, request).allowed ? 'allow' : 'deny'
}

describe.skipIf(vectors === undefined)(vectorTitle('Requests against sets of AuthorizationPolicies', vectors), () => {
  const report = new ConformanceReport({
    suite: 'istio-authorization',
    title: 'Requests against sets of AuthorizationPolicies: translated by the control server, decided by the client.',
    rows: (vectors ?? []).map(({ id }) => id),
  })
  afterAll(() => report.publish())

  test.each(vectors ?? [])('$id $title', (row) => {
    expect(answer(row)).toBe(row.expect)
    report.passed(row.id)
  })
})
