import { expect, test } from 'vitest'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import { meshSettings } from '../../../../packages/control-server/src/registry/mesh-settings.ts'
import { foreignReach } from '../../../../packages/control-server/src/serve/foreign-reach.ts'

/* What an operator of the namespaces `shop` and `shop-two` may say about whom callers reach. */
const resource = (kind: string, spec: object, annotations?: Record<string, string>): ConfigResource =>
  ({ apiVersion: 'x/v1', kind, metadata: { name: 'it', namespace: 'shop', annotations }, spec }) as ConfigResource

const judge = (given: ConfigResource, mesh: object = {}): string | undefined =>
  foreignReach(given, ['shop', 'shop-two'], { domain: 'cluster.local', mesh: meshSettings(mesh) })

const virtualService = (hosts: readonly string[], rest: object = {}): ConfigResource =>
  resource('VirtualService', { hosts, ...rest })
const entry = (hosts: readonly string[], rest: object = {}): ConfigResource =>
  resource('ServiceEntry', { hosts, ...rest })

test.each<[string, ConfigResource]>([
  ['its own service', virtualService(['cart'])],
  ['its own service in full', virtualService(['cart.shop.svc.cluster.local'])],
  ['that of its other namespace', virtualService(['cart.shop-two.svc.cluster.local'])],
  ['every service of its own', virtualService(['*.shop.svc.cluster.local'])],
  ['another service, to itself', virtualService(['pay.bank.svc.cluster.local'], { exportTo: ['.'] })],
  ['another service, to both of its own', virtualService(['pay.bank'], { exportTo: ['.', 'shop-two'] })],
  ['another service, to nobody', virtualService(['pay.bank.svc.cluster.local'], { exportTo: ['~'] })],
  ['another service at a gateway', virtualService(['pay.bank.svc.cluster.local'], { gateways: ['front'] })],
  ['no host, as a delegate', virtualService([])],
  ['a host outside, to itself', entry(['api.example.com'], { addresses: ['10.0.0.1'], exportTo: ['.'] })],
  ['a service without an address', resource('Service', { clusterIP: 'None', ports: [] })],
  [
    'an address, to itself',
    resource('Service', { clusterIP: '10.0.0.1' }, { 'networking.istio.io/exportTo': '.,shop-two' }),
  ],
  ['whatever a kind that stays at home says', resource('DestinationRule', { host: 'pay.bank.svc.cluster.local' })],
])('may rule %s', (_, given) => expect(judge(given)).toBeUndefined())

test.each<[string, ConfigResource, string]>([
  ['another service', virtualService(['pay.bank.svc.cluster.local']), 'pay.bank.svc.cluster.local'],
  ['one among its own', virtualService(['cart', 'pay.bank']), 'pay.bank'],
  ['another by name to one namespace', virtualService(['pay.bank'], { exportTo: ['.', 'bank'] }), 'pay.bank'],
  ['every host', virtualService(['*']), '*'],
  ['every service', virtualService(['*.svc.cluster.local']), '*.svc.cluster.local'],
  ['namespaces that end alike', virtualService(['*shop.svc.cluster.local']), '*shop.svc.cluster.local'],
  ['a namespace that ends alike', virtualService(['pay.myshop']), 'pay.myshop'],
  ['a host outside that its own service is short for', virtualService(['cart.shop']), 'cart.shop'],
  ['a host outside', virtualService(['api.example.com']), 'api.example.com'],
  ['an entry for another service', entry(['pay.bank.svc.cluster.local']), 'pay.bank.svc.cluster.local'],
  ['an entry for a host outside', entry(['api.example.com'], { exportTo: ['*'] }), 'api.example.com'],
  ['an address by an entry', entry(['cart.shop.svc.cluster.local'], { addresses: ['10.0.0.1'] }), '10.0.0.1'],
  ['an address by a service', resource('Service', { clusterIP: '10.0.0.1', ports: [] }), '10.0.0.1'],
])('may not rule %s for everybody', (_, given, what) => {
  expect(judge(given)).toContain(`would say what ${what} is to callers of other namespaces`)
})

test('what the mesh exports by default counts where a resource says nothing', () => {
  const home = { defaultServiceExportTo: ['.'], defaultVirtualServiceExportTo: ['.'] }
  expect(judge(virtualService(['pay.bank']), home)).toBeUndefined()
  expect(judge(entry(['api.example.com']), home)).toBeUndefined()
  expect(judge(virtualService(['pay.bank'], { exportTo: ['*'] }), home)).toBeDefined()
})
