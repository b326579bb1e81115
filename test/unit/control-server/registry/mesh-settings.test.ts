import { describe, expect, test } from 'vitest'
import { meshSettings } from '../../../../packages/control-server/src/registry/mesh-settings.ts'
import { ModelBuilder } from '../../../../packages/control-server/src/registry/model-builder.ts'
import { Entries, resource } from './fixtures.ts'

describe('the settings of the mesh', () => {
  test('without a MeshConfig are those of Istio', () => {
    expect(meshSettings(undefined)).toEqual({
      outboundTrafficPolicy: 'ALLOW_ANY',
      connectTimeoutMs: 10_000,
      tcpKeepalive: undefined,
      localityLbSetting: { enabled: true },
      defaultHttpRetryPolicy: undefined,
      defaultServiceExportTo: ['*'],
      defaultVirtualServiceExportTo: ['*'],
      defaultDestinationRuleExportTo: ['*'],
      dnsRefreshRateMs: 60_000,
      h2UpgradePolicy: 'DO_NOT_UPGRADE',
      trustDomain: 'cluster.local',
      trustDomainAliases: [],
      autoMtls: true,
      pathNormalization: 'BASE',
      extensionProviders: [],
      numTrustedProxies: 0,
      auditDecisions: 'DENIED_AND_MARKED',
    })
  })

  test.each<[string, object, object]>([
    [
      'a policy without a mode is the zero value',
      { outboundTrafficPolicy: {} },
      { outboundTrafficPolicy: 'REGISTRY_ONLY' },
    ],
    ['ALLOW_ANY', { outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }, { outboundTrafficPolicy: 'ALLOW_ANY' }],
    ['durations', { connectTimeout: '1.5s', dnsRefreshRate: '5s' }, { connectTimeoutMs: 1500, dnsRefreshRateMs: 5000 }],
    ['an empty list says nothing', { defaultServiceExportTo: [] }, { defaultServiceExportTo: ['*'] }],
    ['a list', { defaultServiceExportTo: ['.'] }, { defaultServiceExportTo: ['.'] }],
    [
      'a locality setting stays enabled where it does not say otherwise',
      { localityLbSetting: { failoverPriority: ['a'] } },
      { localityLbSetting: { enabled: true, failoverPriority: ['a'] } },
    ],
    [
      'a keepalive only has what it says',
      { tcpKeepalive: { probes: 3, time: '7s' } },
      { tcpKeepalive: { probes: 3, time: '7s' } },
    ],
    [
      'who the mesh is, and how it is called',
      { trustDomain: 'td1', trustDomainAliases: ['td2'], enableAutoMtls: false },
      { trustDomain: 'td1', trustDomainAliases: ['td2'], autoMtls: false },
    ],
    ['an empty trust domain says nothing', { trustDomain: '' }, { trustDomain: 'cluster.local' }],
    ['paths as they are', { pathNormalization: { normalization: 'NONE' } }, { pathNormalization: 'NONE' }],
    [
      'the default of paths by its name',
      { pathNormalization: { normalization: 'DEFAULT' } },
      { pathNormalization: 'BASE' },
    ],
    ['proxies in front', { defaultConfig: { gatewayTopology: { numTrustedProxies: 2 } } }, { numTrustedProxies: 2 }],
    ['every decision', { auditDecisions: 'ALL' }, { auditDecisions: 'ALL' }],
  ])('%s', (_what, spec, expected) => {
    expect(meshSettings(spec)).toMatchObject(expected)
  })

  test('follow the one MeshConfig, and are the same object while it stays', () => {
    const entries = new Entries()
    const builder = new ModelBuilder('cluster.local', entries.revision, entries.all)
    const put = resource('MeshConfig', 'default', { connectTimeout: '2s' }, 'istio-system')
    const changed = builder.apply(entries.change(put))
    expect([changed.mesh, changed.model.mesh.connectTimeoutMs]).toEqual([true, 2000])
    expect([...changed.policyHosts]).toEqual(['*'])
    const after = builder.apply(entries.change(resource('Service', 'a', { ports: [{ port: 80 }] })))
    expect([after.mesh, after.model.mesh === changed.model.mesh]).toEqual([false, true])
    const removed = builder.apply(entries.change(resource('MeshConfig', 'default', undefined, 'istio-system')))
    expect(removed.model.mesh.connectTimeoutMs).toBe(10_000)
  })
})
