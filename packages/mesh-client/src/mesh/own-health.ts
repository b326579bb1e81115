import type { ReadinessProbe, WorkloadHealth } from '@weft/mesh-protocol'
import { ReadinessRunner } from '../health/readiness-runner.ts'
import type { OwnProbes } from '../inbound/own-probes.ts'
import type { BoundAddress } from '../inbound/registration.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { HealthCheckOutcome } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import { createSelfProber, type ProbeTarget } from './self-prober.ts'

export interface OwnHealthDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  /** Told of the connections that it makes. */
  readonly ownProbes: OwnProbes
  /** Whether a probe may run a program on this machine. */
  readonly execProbes: boolean
  /** Whether the control server has been told of this process. */
  readonly registered: () => boolean
  /** What this process serves at the moment. */
  readonly served: () => readonly BoundAddress[]
  /** {@link OwnHealth.status} is another. */
  readonly onChange: () => void
}

/** Whether this process may be called, as it finds out by the readiness probe of its WorkloadGroup. */
export interface OwnHealth {
  readonly status: WorkloadHealth
  /** The probe of the inbound policy in force; the same again changes nothing. */
  follow(probe: ReadinessProbe | undefined): void
  close(): void
}

export function createOwnHealth(deps: OwnHealthDeps): OwnHealth {
  const { logger, execProbes, onChange } = deps
  const prober = createSelfProber(deps.timers, deps.ownProbes)
  let followed: ReadinessProbe | undefined
  let told: WorkloadHealth = 'UNKNOWN'

  const attempt = async (probe: ReadinessProbe): Promise<HealthCheckOutcome> => {
    const target = targetOf(probe, deps.served())
    return target === undefined ? 'unreachable' : prober.attempt(target)
  }
  const set = (status: WorkloadHealth): void => {
    if (status === told) return
    told = status
    onChange()
  }
  const runner = new ReadinessRunner({
    ...deps,
    attempt,
    onVerdict(health, outcome) {
      if (health === 'UNHEALTHY') logger.warn('The readiness probe fails: callers are sent elsewhere', { outcome })
      else logger.info('The readiness probe passes: this process is called', { before: told })
      set(health)
    },
  })
  return {
    get status() {
      return told
    },
    follow(probe) {
      if (JSON.stringify(probe) === JSON.stringify(followed)) return
      followed = probe
      const refused = probe !== undefined && 'exec' in probe.check && !execProbes
      runner.use(refused ? undefined : probe)
      if (refused) logger.warn(NO_EXEC, { command: probe.check.exec.command })
      if (refused || probe === undefined) set(refused ? 'HEALTHY' : 'UNKNOWN')
      // Who is called already goes on until the probe fails; who is not is called once it has passed (Istio `isHealthy`).
      else if (told === 'UNKNOWN') set(deps.registered() ? 'HEALTHY' : 'UNHEALTHY')
    },
    close() {
      runner.use(undefined)
      prober.close()
    },
  }
}

const NO_EXEC =
  'The readiness probe runs a program, which this process does not allow: it is not run, and the process counts as ' +
  'healthy. To allow it, give createMesh the option execProbes, or set WEFT_EXEC_PROBES.'

/** A port of a probe is the workload's as policies name it; what is listened on may be another. */
function targetOf(probe: ReadinessProbe, served: readonly BoundAddress[]): ProbeTarget | undefined {
  const { check } = probe
  if ('exec' in check) return { probe, host: '', port: 0 }
  const { host, port } = whereOf(check)
  const found = served.flatMap(({ address, ports }) =>
    ports.filter((each) => port === undefined || each.port === port).map(({ listenPort }) => ({ address, listenPort })),
  )[0]
  const address = host ?? found?.address ?? served[0]?.address
  const listened = host === undefined ? (found?.listenPort ?? port) : port
  return address === undefined || listened === undefined ? undefined : { probe, host: address, port: listened }
}

interface Where {
  readonly host?: string
  readonly port?: number
}

function whereOf(check: Exclude<ReadinessProbe['check'], { exec: unknown }>): Where {
  if ('httpGet' in check) return check.httpGet
  return 'tcpSocket' in check ? check.tcpSocket : check.grpc
}
