import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import { nullRecorder, type Recorder } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { createDiagnosticsRecorder } from '../../../../packages/mesh-client/src/telemetry/diagnostics.ts'
import { fanOut } from '../../../../packages/mesh-client/src/telemetry/recorder-fan-out.ts'

/** Arguments for each method: what is told must arrive as it is. */
const TOLD: { [K in keyof Recorder]: Parameters<Recorder[K]> } = {
  call: [
    {
      reporter: 'source',
      protocol: 'http',
      service: undefined,
      peer: undefined,
      status: 200,
      grpcStatus: undefined,
      flags: '-',
      durationMs: 1,
      requestBytes: 1,
      responseBytes: 1,
    },
  ],
  messages: [{ reporter: 'source', service: undefined, peer: undefined, requestMessages: 1, responseMessages: 2 }],
  connection: [
    {
      reporter: 'source',
      service: undefined,
      peer: undefined,
      flags: '-',
      opened: true,
      closed: false,
      sentBytes: 1,
      receivedBytes: 2,
    },
  ],
  fault: ['a', 'abort'],
  authorization: ['a', 'denied'],
  mirror: ['c', 'answered'],
  hedge: ['c', 'started'],
  retry: ['c', 'reset'],
  retryRefused: ['c', 'body'],
  overflow: ['c', 'pending'],
  ejected: ['c', '10.0.0.1:80', 'consecutive_5xx'],
  unejected: ['c', '10.0.0.1:80'],
  healthCheck: ['c', '10.0.0.1:80', 'timeout'],
  breaker: ['c', 'open'],
  policyApplied: ['Cluster', 'c', '1'],
  policyRejected: ['Cluster', 'c', '2'],
  connected: ['http://a', true],
  certificate: ['spiffe://cluster.local/ns/default/sa/default', 1_800_000_000_000, 2],
  certificateRequest: ['granted'],
}

function spy(): { recorder: Recorder; heard: unknown[][] } {
  const heard: unknown[][] = []
  const methods = Object.keys(nullRecorder).map((name) => [name, (...args: unknown[]) => heard.push([name, ...args])])
  return { recorder: Object.fromEntries(methods) as Recorder, heard }
}

function tellAll(recorder: Recorder): void {
  for (const [name, args] of Object.entries(TOLD))
    (recorder[name as keyof Recorder] as (...a: unknown[]) => void)(...args)
}

describe('fanOut', () => {
  test('tells every recorder everything', () => {
    const spies = [spy(), spy()]
    tellAll(fanOut(spies.map(({ recorder }) => recorder)))
    const all = Object.entries(TOLD).map(([name, args]) => [name, ...args])
    for (const { heard } of spies) expect(heard).toEqual(all)
  })

  test('adds nothing where there is one recorder or none', () => {
    const { recorder } = spy()
    expect(fanOut([recorder])).toBe(recorder)
    expect(fanOut([])).toBe(nullRecorder)
  })
})

describe('diagnostics channels', () => {
  const heard: [string | symbol, unknown][] = []
  const listen = (message: unknown, name: string | symbol): void => void heard.push([name, message])
  const channels = [
    'weft:retry',
    'weft:endpoint:ejected',
    'weft:endpoint:checked',
    'weft:breaker',
    'weft:policy:applied',
    'weft:policy:rejected',
  ]

  afterEach(() => {
    for (const name of channels) unsubscribe(name, listen)
    heard.length = 0
  })

  test('carry what happened to those who listen', () => {
    for (const name of channels) subscribe(name, listen)
    tellAll(createDiagnosticsRecorder())
    expect(heard).toEqual([
      ['weft:retry', { cluster: 'c', reason: 'reset' }],
      ['weft:endpoint:ejected', { cluster: 'c', endpoint: '10.0.0.1:80', reason: 'consecutive_5xx' }],
      ['weft:endpoint:checked', { cluster: 'c', endpoint: '10.0.0.1:80', outcome: 'timeout' }],
      ['weft:breaker', { cluster: 'c', state: 'open' }],
      ['weft:policy:applied', { type: 'Cluster', name: 'c', version: '1' }],
      ['weft:policy:rejected', { type: 'Cluster', name: 'c', version: '2' }],
    ])
  })

  test('a listener that comes later hears from then on', () => {
    const recorder = createDiagnosticsRecorder()
    recorder.retry('c', 'reset')
    subscribe('weft:retry', listen)
    recorder.retry('d', 'reset')
    expect(heard).toEqual([['weft:retry', { cluster: 'd', reason: 'reset' }]])
  })
})
