import type { PeerAuthentication } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import type { PeerAuthenticationSpec } from '../../../../packages/control-server/src/config/spec/peer-authentication.ts'
import { indexPeerAuthentications } from '../../../../packages/control-server/src/translate/peer-authentication.ts'

type Mode = 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT'

const WORKLOAD = { service: 'reviews', namespace: 'shop', labels: { version: 'v1' } }

function policy(namespace: string, spec: PeerAuthenticationSpec): ConfigResource {
  const metadata = { name: 'p', namespace }
  return { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', metadata, spec: { ...spec } }
}

const all = (namespace: string, mode: Mode): ConfigResource => policy(namespace, { mtls: { mode } })
const selected = (namespace: string, labels: Record<string, string>, rest: PeerAuthenticationSpec): ConfigResource =>
  policy(namespace, { selector: { matchLabels: labels }, ...rest })

const ROOT = 'istio-system'
const V1 = { version: 'v1' }

describe('which connections a workload takes', () => {
  test.each<readonly [string, readonly ConfigResource[], PeerAuthentication | undefined]>([
    ['nothing is said without any', [], undefined],
    ['nothing is said by those of others', [all('prod', 'STRICT'), selected('shop', { version: 'v2' }, {})], undefined],
    ['the mesh', [all(ROOT, 'STRICT')], { mode: 'STRICT' }],
    ['the namespace goes before the mesh', [all(ROOT, 'STRICT'), all('shop', 'DISABLE')], { mode: 'DISABLE' }],
    [
      'the workload goes before the namespace',
      [all('shop', 'DISABLE'), selected('shop', { app: 'reviews' }, { mtls: { mode: 'STRICT' } })],
      { mode: 'STRICT' },
    ],
    ['what is unset is as in the mesh', [all(ROOT, 'STRICT'), all('shop', 'UNSET')], { mode: 'STRICT' }],
    ['no mode at all is permissive', [policy('shop', {})], { mode: 'PERMISSIVE' }],
    ['the oldest of a scope holds', [all('shop', 'STRICT'), all('shop', 'DISABLE')], { mode: 'STRICT' }],
    [
      'the oldest holds even where it is unset',
      [all('shop', 'UNSET'), all('shop', 'DISABLE'), all(ROOT, 'STRICT')],
      { mode: 'STRICT' },
    ],
    [
      'a selector of the root has no meaning',
      [selected(ROOT, V1, { mtls: { mode: 'STRICT' } })],
      { mode: 'PERMISSIVE' },
    ],
    [
      'ports are by the workload, and unset ones as it is',
      [
        all(ROOT, 'STRICT'),
        selected('shop', V1, { portLevelMtls: { 80: { mode: 'DISABLE' }, 81: { mode: 'UNSET' }, 82: {} } }),
      ],
      { mode: 'STRICT', ports: { 80: 'DISABLE', 81: 'STRICT', 82: 'STRICT' } },
    ],
  ])('%s', (_what, policies, expected) => {
    expect(indexPeerAuthentications(policies).find(WORKLOAD)).toEqual(expected)
  })
})

describe('where plaintext alone is taken', () => {
  const ports = [{ name: 'http', servicePort: 80, port: 8080, listenPort: 40_001, protocol: 'http' }]
  const workload = { ...WORKLOAD, id: 'w', address: '10.0.0.1', ports, serviceAccount: 'a', locality: '', weight: 1 }
  const ofPort = (port: number): ConfigResource =>
    selected('shop', V1, { mtls: { mode: 'STRICT' }, portLevelMtls: { [port]: { mode: 'DISABLE' } } })

  test.each<readonly [string, readonly ConfigResource[], number, boolean]>([
    ['nowhere', [all('shop', 'PERMISSIVE')], 40_001, false],
    ['in a namespace', [all('shop', 'DISABLE')], 40_001, true],
    ['by the port as policies name it', [ofPort(8080)], 40_001, true],
    ['not by the one that is listened on', [ofPort(40_001)], 40_001, false],
    ['by the only port that an entry has', [ofPort(9000)], 9000, true],
  ])('%s', (_what, policies, listenPort, expected) => {
    const index = indexPeerAuthentications(policies)
    expect(index.isPlaintext({ workload, listenPort })).toBe(expected)
    if (expected) expect(index.disables).toBe(true)
  })
})
