import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ReadinessProbe } from '@weft/mesh-protocol'
import { checkGrpc } from '../http/health/grpc-check.ts'
import { checkHttp } from '../http/health/http-check.ts'
import type { OwnProbes } from '../inbound/own-probes.ts'
import type { HealthCheckOutcome } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import { runProgram } from './run-program.ts'

/** One try of a probe. */
export interface ProbeTarget {
  readonly probe: ReadinessProbe
  /** Of this workload, or as the probe says. Unused by `exec`. */
  readonly host: string
  /** That is listened on. Unused by `exec`. */
  readonly port: number
}

export interface SelfProber {
  /** Never rejects. */
  attempt(target: ProbeTarget): Promise<HealthCheckOutcome>
  /** Breaks off the tries under way. */
  close(): void
}

/** What is begun, and how it is broken off. */
type Begin = (settle: (outcome: HealthCheckOutcome) => void) => () => void

/**
 * Asks this very process whether it is well, as Kubernetes and Istio's agent do from beside it: over a connection like any
 * other, or by a program. Nothing of it keeps the process alive.
 */
export function createSelfProber(timers: Timers, ownProbes: OwnProbes): SelfProber {
  const underWay = new Set<() => void>()
  const bounded = (begin: Begin, timeoutMs: number): Promise<HealthCheckOutcome> =>
    new Promise((resolve) => {
      let stop: (() => void) | undefined
      const settle = (outcome: HealthCheckOutcome): void => {
        if (!underWay.delete(breakOff)) return
        timers.clear(timer)
        resolve(outcome)
        stop?.()
      }
      const breakOff = (): void => settle('unreachable')
      underWay.add(breakOff)
      const timer = timers.set(() => settle('timeout'), timeoutMs)
      try {
        stop = begin(settle)
      } catch {
        settle('unreachable')
      }
    })
  return {
    attempt: (target) => bounded(beginning(target, ownProbes), target.probe.timeoutMs),
    close() {
      for (const breakOff of [...underWay]) breakOff()
    },
  }
}

function beginning(target: ProbeTarget, ownProbes: OwnProbes): Begin {
  const { check } = target.probe
  if ('exec' in check) return (settle) => runProgram(check.exec.command, settle)
  return (settle) => {
    const socket = open(target)
    socket.unref()
    socket.on('error', () => settle('unreachable'))
    // Before a byte of it: whoever accepts it knows it by then.
    socket.once('connect', () => ownProbes.connected(socket))
    socket.once('httpGet' in check && check.httpGet.scheme === 'https' ? 'secureConnect' : 'connect', () => {
      ask(target, socket).then(settle, () => settle('failed'))
    })
    return () => socket.destroy()
  }
}

/** As a kubelet, nobody looks at the certificate: it is this process that answers. */
function open({ probe: { check }, host, port }: ProbeTarget): Socket {
  if (!('httpGet' in check) || check.httpGet.scheme === 'http') return connectPlain({ host, port })
  return connectTls({ host, port, rejectUnauthorized: false })
}

async function ask({ probe: { check }, host, port }: ProbeTarget, socket: Socket): Promise<HealthCheckOutcome> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  if ('grpc' in check) return checkGrpc(check.grpc, `http://${authority}`, socket)
  if (!('httpGet' in check)) return 'passed'
  const { path, headers } = check.httpGet
  const given = Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]))
  const http = { path, expectedStatuses: PASSING, headers: { 'user-agent': 'weft-readiness-probe', ...given } }
  return checkHttp(http, authority, socket)
}

/** Kubernetes `probe/http/http.go`. A redirect passes and is not followed. */
const PASSING = [{ start: 200, end: 400 }]
