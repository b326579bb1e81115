import { firstValue } from './first-value.ts'
import { readLoadReportMessage } from './load-report-message.ts'

/**
 * What an endpoint says of its load, by the names of the metrics: `cpu_utilization`, `rps_fractional`, `eps` …, and with
 * the name of the map before it what stands in one (`named_metrics.queue`). xDS: `xds.data.orca.v3.OrcaLoadReport`.
 */
export type LoadReport = ReadonlyMap<string, number>

/** A response header or trailer: `JSON …`, `TEXT …` or `BIN …`. */
export const LOAD_HEADER = 'endpoint-load-metrics'

/** gRPC's header for the binary form. */
export const BINARY_LOAD_HEADER = 'endpoint-load-metrics-bin'

type HeaderValue = string | readonly string[] | undefined

const FIELDS: ReadonlySet<string> = new Set([
  'cpu_utilization',
  'mem_utilization',
  'application_utilization',
  'rps_fractional',
  'eps',
])

const MAPS: readonly string[] = ['named_metrics', 'utilization', 'request_cost']

/**
 * The report in the headers or trailers of a response. `undefined`: there is none, or none that can be read whole.
 * Envoy `orca_parser.cc`.
 */
export function readLoadReport(headers: Readonly<Record<string, HeaderValue>>): LoadReport | undefined {
  const binary = firstValue(headers[BINARY_LOAD_HEADER])
  if (binary !== undefined) return readLoadReportMessage(binary)
  const value = firstValue(headers[LOAD_HEADER])
  if (value === undefined) return undefined
  const rest = value.slice(5)
  switch (value.slice(0, 5)) {
    case 'JSON ':
      return fromJson(rest)
    case 'TEXT ':
      return fromText(rest)
    default:
      return value.startsWith('BIN ') ? readLoadReportMessage(value.slice(4)) : undefined
  }
}

/** `name=value` or `name:value`, with commas between them. */
function fromText(text: string): LoadReport | undefined {
  const report = new Map<string, number>()
  for (const pair of text.split(',')) {
    const [, name = '', digits = ''] = /^\s*([^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(pair) ?? []
    const value = finite(digits)
    if (value === undefined || !isMetric(name) || report.has(name)) return undefined
    report.set(name, value)
  }
  return report
}

/** As the JSON form of Protocol Buffers has it: either spelling of a name, numbers also as texts. */
function fromJson(text: string): LoadReport | undefined {
  const parsed = parseObject(text)
  if (parsed === undefined) return undefined
  const report = new Map<string, number>()
  for (const [spelling, value] of Object.entries(parsed)) {
    const name = spelling.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    if (value === null || !(FIELDS.has(name) || MAPS.includes(name))) continue
    const entries = FIELDS.has(name) ? [[name, value] as const] : entriesOf(name, value)
    for (const [metric, given] of entries) {
      const number = finite(given)
      if (number === undefined) return undefined
      report.set(metric, number)
    }
  }
  return report
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function entriesOf(map: string, value: unknown): readonly (readonly [string, unknown])[] {
  // What is no map is no number either, which the caller refuses.
  if (typeof value !== 'object' || value === null) return [[map, undefined]]
  return Object.entries(value).map(([key, each]) => [`${map}.${key}`, each] as const)
}

function isMetric(name: string): boolean {
  return FIELDS.has(name) || MAPS.some((map) => name.startsWith(`${map}.`) && name.length > map.length + 1)
}

function finite(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return undefined
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}
