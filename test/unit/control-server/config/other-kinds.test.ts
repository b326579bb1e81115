import { describe, expect, test } from 'vitest'
import { fieldsOf, violationsOf, warningsOf } from './resources.ts'

describe('CircuitBreaker', () => {
  test.each([
    ['only a host', { host: 'a' }],
    [
      'everything',
      {
        host: 'a',
        subset: 'v1',
        errorThresholdPercentage: 12.5,
        requestVolumeThreshold: 1,
        rollingWindow: '10s',
        openDuration: '500ms',
      },
    ],
    [
      'a fixed response',
      { host: 'a', fallback: { response: { status: 503, headers: { 'Content-Type': 'text/plain' }, body: '100 %' } } },
    ],
    ['another host', { host: 'a', fallback: { host: 'b', subset: 'v1', port: 80 } }],
    ['another subset', { host: 'a', fallback: { host: 'a', subset: 'stable' } }],
  ])('takes %s', (_, spec) => {
    expect(violationsOf('CircuitBreaker', spec)).toEqual([])
  })

  test.each([
    ['no host', {}, ['spec.host']],
    ['a wildcard', { host: '*.a' }, ['spec.host']],
    [
      'numbers out of range',
      { host: 'a', errorThresholdPercentage: 101, requestVolumeThreshold: 0 },
      ['spec.errorThresholdPercentage', 'spec.requestVolumeThreshold'],
    ],
    ['durations', { host: 'a', rollingWindow: '0s', openDuration: '5' }, ['spec.rollingWindow', 'spec.openDuration']],
    ['a fallback of nothing', { host: 'a', fallback: {} }, ['spec.fallback']],
    ['a fallback of both', { host: 'a', fallback: { response: { status: 200 }, host: 'b' } }, ['spec.fallback.host']],
    ['a fallback to itself', { host: 'a', fallback: { host: 'a' } }, ['spec.fallback']],
    [
      'a header of a request',
      { host: 'a', fallback: { response: { status: 200, headers: { host: 'b' } } } },
      ['spec.fallback.response.headers[host]'],
    ],
    [
      'a header of the fallback that cannot be sent',
      { host: 'a', fallback: { response: { status: 200, headers: { a: '日' } } } },
      ['spec.fallback.response.headers[a]'],
    ],
    [
      'a body of a response that has none',
      { host: 'a', fallback: { response: { status: 204, body: 'x' } } },
      ['spec.fallback.response.body'],
    ],
    [
      'a line break',
      { host: 'a', fallback: { response: { status: 200, headers: { a: 'b\r\nc' } } } },
      ['spec.fallback.response.headers[a]'],
    ],
    ['a field that it has not', { host: 'a', threshold: 5 }, ['spec.threshold']],
  ])('refuses %s', (_, spec, fields) => {
    expect(fieldsOf('CircuitBreaker', spec)).toEqual(fields)
  })
})

describe('Service', () => {
  test.each([
    ['a port', { ports: [{ port: 80 }] }],
    [
      'named ports',
      {
        selector: { app: 'a' },
        ports: [
          { name: 'http', port: 80, targetPort: 'web' },
          { name: 'grpc', port: 81, targetPort: 8081, appProtocol: 'grpc' },
        ],
      },
    ],
    [
      'one number over two protocols',
      {
        ports: [
          { name: 'a', port: 53 },
          { name: 'b', port: 53, protocol: 'UDP' },
        ],
      },
    ],
    [
      'fields of Kubernetes',
      {
        ports: [{ port: 80, nodePort: 30000, other: 1 }],
        clusterIPs: ['None'],
        ipFamilyPolicy: 'SingleStack',
        selector: null,
      },
    ],
    ['an external name', { type: 'ExternalName', externalName: 'example.com' }],
    ['an external name in full', { type: 'ExternalName', externalName: 'db.Example.com.' }],
    ['addresses', { ports: [{ port: 80 }], clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] }],
    ['nothing said', { ports: [{ port: 80 }], clusterIP: '', clusterIPs: null, sessionAffinity: null }],
  ])('takes %s', (_, spec) => {
    expect(violationsOf('Service', spec)).toEqual([])
  })

  test.each([
    ['no ports', { ports: [] }, ['spec.ports']],
    ['several ports without names', { ports: [{ port: 80 }, { port: 81, name: 'b' }] }, ['spec.ports[0].name']],
    [
      'a name twice',
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'a' },
        ],
      },
      ['spec.ports[1].name'],
    ],
    [
      'a number twice',
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 80, name: 'b' },
        ],
      },
      ['spec.ports[1].port'],
    ],
    ['a port out of range', { ports: [{ port: 0 }] }, ['spec.ports[0].port']],
    ['a target port out of range', { ports: [{ port: 80, targetPort: 70000 }] }, ['spec.ports[0].targetPort']],
    ['a name of a port', { ports: [{ port: 80, targetPort: 'Web' }] }, ['spec.ports[0].targetPort']],
    ['addresses that are no list', { ports: [{ port: 80 }], clusterIPs: 5 }, ['spec.clusterIPs']],
    [
      'what is no address',
      { ports: [{ port: 80 }], clusterIP: 'a b', clusterIPs: ['10.0.0.1\n', 'None'] },
      ['spec.clusterIP', 'spec.clusterIPs[0]'],
    ],
    ['a policy that there is not', { ports: [{ port: 80 }], sessionAffinity: 'Cookie' }, ['spec.sessionAffinity']],
    ['no external name', { type: 'ExternalName' }, ['spec.externalName']],
    ['an external name that is none', { type: 'ExternalName', externalName: 'a b/c' }, ['spec.externalName']],
    ['a selector of numbers', { ports: [{ port: 80 }], selector: { version: 1 } }, ['spec.selector[version]']],
  ])('refuses %s', (_, spec, fields) => {
    expect(fieldsOf('Service', spec)).toEqual(fields)
  })

  test('warns of a field that it has not', () => {
    expect(warningsOf('Service', { ports: [{ port: 80 }], selectors: { app: 'a' }, ipFamilies: ['IPv4'] })).toEqual([
      'spec.selectors: is not a field of a Service and has no effect; did you mean selector?',
    ])
  })
})
