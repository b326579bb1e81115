import { DEFAULT_READINESS_PROBE, type ReadinessProbe, type WorkloadHealth } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ReadinessProbeSpec } from '../../../../packages/control-server/src/config/spec/workload-group.ts'
import { translateEndpoint } from '../../../../packages/control-server/src/translate/endpoints.ts'
import { type InboundSubject, translateInbound } from '../../../../packages/control-server/src/translate/inbound.ts'
import { indexPolicies } from '../../../../packages/control-server/src/translate/policy-index.ts'
import { readinessProbe } from '../../../../packages/control-server/src/translate/readiness-probe.ts'
import { type TestModel, type TestResource, testModel } from '../../../support/test-model.ts'

describe('a probe on the wire', () => {
  test('has the numbers that are left out, or 0', () => {
    const check = { tcpSocket: { port: 1 } }
    const zero = {
      initialDelaySeconds: 0,
      periodSeconds: 0,
      timeoutSeconds: 0,
      successThreshold: 0,
      failureThreshold: 0,
    }
    expect(readinessProbe(check)).toEqual({ ...DEFAULT_READINESS_PROBE, check })
    expect(readinessProbe({ ...check, ...zero })).toEqual({ ...DEFAULT_READINESS_PROBE, check })
    const given = {
      initialDelaySeconds: 1,
      periodSeconds: 2,
      timeoutSeconds: 3,
      successThreshold: 4,
      failureThreshold: 5,
    }
    expect(readinessProbe({ ...check, ...given })).toEqual({
      ...{ initialDelayMs: 1_000, periodMs: 2_000, timeoutMs: 3_000, successThreshold: 4, failureThreshold: 5 },
      check,
    })
  })

  test.each<[string, ReadinessProbeSpec, ReadinessProbe['check']]>([
    [
      'httpGet, as short as can be',
      { httpGet: { port: 80 } },
      { httpGet: { scheme: 'http', path: '/', port: 80, headers: [] } },
    ],
    [
      'httpGet with everything',
      {
        httpGet: {
          port: 8443,
          scheme: 'HTTPS',
          path: 'a?b',
          host: 'h',
          httpHeaders: [{ name: 'A', value: '1' }, { name: 'B' }],
        },
      },
      {
        httpGet: {
          ...{ scheme: 'https', path: '/a?b', port: 8443, host: 'h' },
          headers: [
            { name: 'A', value: '1' },
            { name: 'B', value: '' },
          ],
        },
      },
    ],
    ['tcpSocket', { tcpSocket: { port: 80, host: '' } }, { tcpSocket: { port: 80 } }],
    ['tcpSocket elsewhere', { tcpSocket: { port: 80, host: 'h' } }, { tcpSocket: { port: 80, host: 'h' } }],
    ['grpc of the whole server at its own port', { grpc: {} }, { grpc: {} }],
    ['grpc of a service', { grpc: { port: 9, service: 's' } }, { grpc: { port: 9, serviceName: 's' } }],
    ['exec', { exec: { command: ['/bin/true'] } }, { exec: { command: ['/bin/true'] } }],
  ])('%s', (_, spec, expected) => {
    expect(readinessProbe(spec)?.check).toEqual(expected)
  })

  test('there is none that tries nothing', () => {
    expect(readinessProbe({ periodSeconds: 1 })).toBeUndefined()
  })
})

const probe = { tcpSocket: { port: 80 } }

const group = (name: string, more: object = { probe }, namespace = 'default'): TestResource => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'WorkloadGroup',
  metadata: { name, namespace },
  spec: { template: {}, ...more },
})

describe('who is given a probe', () => {
  const subject: InboundSubject = { service: 'reviews', namespace: 'default', labels: {}, ports: [] }
  const probed = (resources: readonly TestResource[], probedGroup?: string): boolean => {
    const model = testModel()
    for (const resource of resources) model.put(resource)
    const context = { model: model.current, policies: indexPolicies(model.current) }
    const of = probedGroup === undefined ? subject : { ...subject, probedGroup }
    return translateInbound(context, of).readinessProbe !== undefined
  }
  test.each<[string, readonly TestResource[], string | undefined, boolean]>([
    ['a workload of the group', [group('a')], 'a', true],
    ['not one of another group', [group('a')], 'b', false],
    ['not one of a group without a probe', [group('a', {})], 'a', false],
    ['not one of a group of that name elsewhere', [group('a', { probe }, 'prod')], 'a', false],
    ['not one that runs no probes', [group('a')], undefined, false],
  ])('%s', (_, resources, name, expected) => {
    expect(probed(resources, name)).toBe(expected)
  })
})

describe('what is told of health', () => {
  const endpoints = (model: TestModel): string[] =>
    model.current
      .instances('reviews.default.svc.cluster.local', 80)
      .map((instance) => translateEndpoint(instance))
      .map(({ healthStatus }) => healthStatus)
  const told = (healthStatus?: WorkloadHealth): Record<string, object> => ({
    r: { workload: 'a', ...(healthStatus === undefined ? {} : { healthStatus }) },
  })

  test.each<[WorkloadHealth | undefined, string]>([
    [undefined, 'HEALTHY'],
    ['UNKNOWN', 'HEALTHY'],
    ['HEALTHY', 'HEALTHY'],
    ['UNHEALTHY', 'UNHEALTHY'],
  ])('%s makes endpoints %s', (health, expected) => {
    const model = testModel()
    model.put(group('a'))
    model.register(told(health))
    expect(endpoints(model)).toEqual([expected])
  })

  test('counts only while the group has a probe', () => {
    const model = testModel()
    model.register(told('UNHEALTHY'))
    expect(endpoints(model)).toEqual(['HEALTHY'])
    model.put(group('a'))
    expect(endpoints(model)).toEqual(['UNHEALTHY'])
    model.put(group('a', {}))
    expect(endpoints(model)).toEqual(['HEALTHY'])
    model.put(group('a'))
    model.remove(group('a'))
    expect(endpoints(model)).toEqual(['HEALTHY'])
  })
})
