import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readLoadReport } from '../../../../packages/mesh-client/src/kernel/load-report.ts'
import { ReportedLoad } from '../../../../packages/mesh-client/src/kernel/reported-load.ts'

const read = (headers: Record<string, string | readonly string[]>): Record<string, number> | undefined => {
  const report = readLoadReport(headers)
  return report === undefined ? undefined : Object.fromEntries(report)
}
const said = (value: string): Record<string, number> | undefined => read({ 'endpoint-load-metrics': value })

const key = (field: number, type: number): number[] => [field * 8 + type]
const double = (field: number, value: number): number[] => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return [...key(field, 1), ...bytes]
}
const bytes = (field: number, value: readonly number[]): number[] => [...key(field, 2), value.length, ...value]
const text = (value: string): number[] => [...new TextEncoder().encode(value)]
const entry = (field: number, name: string, value: number): number[] =>
  bytes(field, [...bytes(1, text(name)), ...double(2, value)])
const base64 = (...parts: number[][]): string => Buffer.from(parts.flat()).toString('base64')

describe('JSON', () => {
  test.each<[string, object | undefined]>([
    ['{"cpu_utilization":0.3,"rps_fractional":10}', { cpu_utilization: 0.3, rps_fractional: 10 }],
    ['{"cpuUtilization":"0.3","eps":0,"memUtilization":null}', { cpu_utilization: 0.3, eps: 0 }],
    ['{"named_metrics":{"queue":2,"a.b":1},"requestCost":{}}', { 'named_metrics.queue': 2, 'named_metrics.a.b': 1 }],
    ['{"utilization":{"disk":1e-1},"of another time":[1]}', { 'utilization.disk': 0.1 }],
    ['{}', {}],
    ['{"eps":"lots"}', undefined],
    ['{"eps":{}}', undefined],
    ['{"eps":true}', undefined],
    ['{"eps":"NaN"}', undefined],
    ['{"named_metrics":1}', undefined],
    ['{"named_metrics":{"a":"x"}}', undefined],
    ['[]', undefined],
    ['1', undefined],
    ['{', undefined],
    ['', undefined],
  ])('%s', (json, expected) => {
    expect(said(`JSON ${json}`)).toEqual(expected)
  })
})

describe('TEXT', () => {
  test.each<[string, object | undefined]>([
    ['cpu_utilization=0.3,rps_fractional=10', { cpu_utilization: 0.3, rps_fractional: 10 }],
    ['cpu_utilization:0.3, named_metrics.queue : 2', { cpu_utilization: 0.3, 'named_metrics.queue': 2 }],
    ['mem_utilization=-1e2', { mem_utilization: -100 }],
    ['cpu_utilization=1,cpu_utilization=2', undefined],
    ['cpu=1', undefined],
    ['named_metrics.=1', undefined],
    ['eps=', undefined],
    ['eps=NaN', undefined],
    ['eps=Infinity', undefined],
    ['eps=0x10', undefined],
    ['eps', undefined],
    ['eps=1,', undefined],
    ['', undefined],
  ])('%s', (pairs, expected) => {
    expect(said(`TEXT ${pairs}`)).toEqual(expected)
  })
})

describe('BIN', () => {
  const message = base64(
    double(1, 0.5),
    [...key(3, 0), 0x96, 1],
    double(6, 100),
    double(7, 2),
    entry(8, 'queue', 7),
    entry(4, 'db', 1),
    double(9, 0.75),
  )
  const metrics = {
    cpu_utilization: 0.5,
    rps_fractional: 100,
    eps: 2,
    'named_metrics.queue': 7,
    'request_cost.db': 1,
    application_utilization: 0.75,
  }

  test('in its own header, as gRPC sends it, also without padding', () => {
    expect(read({ 'endpoint-load-metrics-bin': message })).toEqual(metrics)
    expect(read({ 'endpoint-load-metrics-bin': message.replace(/=+$/, '') })).toEqual(metrics)
    expect(read({ 'endpoint-load-metrics-bin': [message, 'x'] })).toEqual(metrics)
  })

  test('named before the value', () => {
    expect(said(`BIN ${message}`)).toEqual(metrics)
  })

  test('goes before the other header', () => {
    expect(read({ 'endpoint-load-metrics-bin': message, 'endpoint-load-metrics': 'TEXT eps=9' })).toEqual(metrics)
  })

  test.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['a number cut short', base64(double(1, 0.5).slice(0, 6))],
    ['a length beyond the end', base64([...key(8, 2), 9, 1])],
    ['a length without an end', base64([...key(8, 2), 0x80])],
    ['a group', base64([...key(1, 3)])],
    ['no number', base64(double(1, Number.NaN))],
    ['an entry cut short', base64(bytes(8, [...key(2, 1), 0]))],
  ])('%s is no report', (_, value) => {
    expect(read({ 'endpoint-load-metrics-bin': value })).toBeUndefined()
  })

  test('fields of another time are passed over, and what an entry leaves out is 0', () => {
    expect(
      said(`BIN ${base64([...key(20, 5), 1, 2, 3, 4], bytes(21, [1, 2]), bytes(8, bytes(1, text('a'))))}`),
    ).toEqual({ 'named_metrics.a': 0 })
  })
})

test.each([{}, { 'endpoint-load-metrics': 'YAML a: 1' }, { 'endpoint-load-metrics': 'json {}' }])(
  '%j is no report',
  (headers: Record<string, string>) => expect(read(headers)).toBeUndefined(),
)

test('whatever is sent, a report has numbers only and nothing is thrown', () => {
  const value = fc.oneof(
    fc.string(),
    fc.json().map((json) => `JSON ${json}`),
    fc.string().map((rest) => `TEXT ${rest}`),
    fc.uint8Array().map((raw) => `BIN ${Buffer.from(raw).toString('base64')}`),
  )
  fc.assert(
    fc.property(value, (sent) => {
      const report = readLoadReport({ 'endpoint-load-metrics': sent })
      for (const number of report?.values() ?? []) expect(Number.isFinite(number)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

describe('when the weight of an endpoint counts', () => {
  const periods = { blackoutPeriodMs: 10_000, weightExpirationPeriodMs: 180_000 }

  test('not before it has reported for a while, and not when it has stopped', () => {
    const load = new ReportedLoad(5, 1_000)
    expect([1_000, 10_999, 11_000, 181_000, 181_001].map((now) => load.weightAt(now, periods))).toEqual([
      undefined,
      undefined,
      5,
      5,
      undefined,
    ])
  })

  test('a further report counts at once', () => {
    const load = new ReportedLoad(5, 0)
    load.learn(7, 9_000, periods)
    expect([9_999, 10_000].map((now) => load.weightAt(now, periods))).toEqual([undefined, 7])
  })

  test('after a time without any the wait begins anew', () => {
    const load = new ReportedLoad(5, 0)
    load.learn(7, 180_001, periods)
    expect([180_001, 190_000, 190_001].map((now) => load.weightAt(now, periods))).toEqual([undefined, undefined, 7])
  })

  test('without a wait the first counts', () => {
    expect(new ReportedLoad(5, 0).weightAt(0, { ...periods, blackoutPeriodMs: 0 })).toBe(5)
  })
})
