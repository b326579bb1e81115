import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { DEFAULT_CERTIFICATE_TTL_MS, DEFAULT_DOMAIN, type Violation, WORKLOAD_TTL_MS } from '@weft/mesh-protocol'
import { parse } from 'yaml'
import type { Attestor } from './auth/attestor.ts'
import type { KubernetesOptions } from './auth/service-account-tokens.ts'
import type { Signer } from './ca/signer.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import { type Logger, silentLogger } from './kernel/logger.ts'
import { systemTimers, type Timers } from './kernel/timers.ts'
import { kubernetesFromEnvironment, kubernetesProblem, mergeKubernetes } from './kubernetes-options.ts'
import { isLoopback, type ListenAddress, parseListenAddress } from './listen-address.ts'

/** What {@link startControlServer} can be told. Everything has a default; code wins over environment over file. */
export interface ControlServerOptions {
  /** `host:port` to listen on; port 0 takes a free one. `WEFT_LISTEN`. Default `127.0.0.1:15800`. */
  readonly listen?: string
  /** Directory of the state, made with mode 0700. `WEFT_DATA_DIR`. Default `./weft-data`. */
  readonly dataDir?: string
  /** `memory` keeps nothing beyond the life of the server. `WEFT_STORE`. Default `sqlite`. */
  readonly store?: 'memory' | 'sqlite'
  /**
   * Serves the API over TLS with a certificate of the mesh, and lets nobody in without a credential. Needed beyond loopback.
   * `WEFT_SECURE`. Default false.
   */
  readonly secure?: boolean
  /** Lets it listen beyond loopback without TLS and authentication. `WEFT_INSECURE`. Default false. */
  readonly insecure?: boolean
  /** DNS domain of the mesh. `WEFT_DOMAIN`. Default `cluster.local`. */
  readonly domain?: string
  /** A registration lives this long without renewal, from 100 ms. Default 15 s. */
  readonly workloadTtlMs?: number
  /** Lifetime of a workload's certificate, from 10 s. `WEFT_CERTIFICATE_TTL_MS`. Default 24 h. */
  readonly certificateTtlMs?: number
  /**
   * Directory of an intermediate authority that signs in place of the built-in root: `ca-cert.pem`, `ca-key.pem`,
   * `root-cert.pem` and, where it is needed, `cert-chain.pem`, as Istio's plug-in certificates are named. `WEFT_CA_DIR`. Default: none.
   */
  readonly caDir?: string
  /** Signs the certificates of the mesh in place of the built-in root and of `caDir`, e.g. by asking Vault. Default: none. */
  readonly signer?: Signer
  /**
   * DNS names and addresses at which clients reach a secure server, for its certificate, besides those of its machine.
   * `WEFT_TLS_NAMES`, separated by commas. Default: none.
   */
  readonly tlsNames?: readonly string[]
  /** Which service-account tokens of Kubernetes prove a workload. `WEFT_KUBERNETES_…`. Default: none does. */
  readonly kubernetes?: Partial<KubernetesOptions>
  /** Prove workloads by credentials of other sorts, asked in turn. Default: none. */
  readonly attestors?: readonly Attestor[]
  /** A YAML or JSON file with the keys above. `WEFT_CONFIG`. Default: none. */
  readonly config?: string
  /** Default: silent. */
  readonly logger?: Logger
  /** For tests. */
  readonly clock?: Clock
  /** For tests. */
  readonly timers?: Timers
}

/** The options with nothing left open. */
export interface Settings {
  readonly listen: ListenAddress
  readonly dataDir: string
  readonly store: 'memory' | 'sqlite'
  readonly domain: string
  readonly workloadTtlMs: number
  readonly secure: boolean
  readonly certificateTtlMs: number
  readonly caDir: string | undefined
  readonly signer: Signer | undefined
  readonly tlsNames: readonly string[]
  readonly kubernetes: KubernetesOptions | undefined
  readonly attestors: readonly Attestor[]
  readonly logger: Logger
  readonly clock: Clock
  readonly timers: Timers
}

/** Options that are refused; `violations` names each. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError'
  readonly code = 'WEFT_CONFIG'
  readonly violations: readonly Violation[]

  constructor(violations: readonly Violation[]) {
    const said = violations.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
    super(`The control server's options are refused: ${said.join('; ')}`)
    this.violations = violations
  }
}

type Plain = Pick<
  ControlServerOptions,
  | 'listen'
  | 'dataDir'
  | 'store'
  | 'secure'
  | 'insecure'
  | 'domain'
  | 'workloadTtlMs'
  | 'certificateTtlMs'
  | 'caDir'
  | 'tlsNames'
  | 'kubernetes'
>

/** All of them, but for what has no default. */
type Merged = Required<Omit<Plain, 'caDir' | 'kubernetes'>> & Pick<Plain, 'caDir' | 'kubernetes'>

const DEFAULTS: Merged = {
  listen: '127.0.0.1:15800',
  dataDir: './weft-data',
  store: 'sqlite',
  secure: false,
  insecure: false,
  domain: DEFAULT_DOMAIN,
  workloadTtlMs: WORKLOAD_TTL_MS,
  certificateTtlMs: DEFAULT_CERTIFICATE_TTL_MS,
  tlsNames: [],
}

type Check = (value: unknown) => string | undefined

const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a string that is not empty'
const flag: Check = (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false (1 or 0 in the environment)'
const whole =
  (min: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min ? undefined : `must be a whole number from ${min}`

/** A certificate that ends sooner is renewed more often than clients and a slow network keep up with. */
const MIN_CERTIFICATE_TTL_MS = 10_000

const isTlsName = (value: unknown): boolean =>
  typeof value === 'string' && (isIP(value) !== 0 || /^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(value))

const CHECKS: Readonly<Record<keyof Plain, Check>> = {
  listen: (value) =>
    text(value) ?? (parseListenAddress(value as string) ? undefined : 'must be host:port, e.g. 127.0.0.1:15800'),
  dataDir: text,
  store: (value) => (value === 'memory' || value === 'sqlite' ? undefined : 'must be memory or sqlite'),
  secure: flag,
  insecure: flag,
  domain: (value) => text(value) ?? (/^[a-z0-9.-]+$/.test(value as string) ? undefined : 'must be a DNS domain'),
  workloadTtlMs: whole(100),
  certificateTtlMs: whole(MIN_CERTIFICATE_TTL_MS),
  caDir: (value) => (value === undefined ? undefined : text(value)),
  tlsNames: (value) =>
    Array.isArray(value) && value.every(isTlsName)
      ? undefined
      : 'must be a list of DNS names and IP addresses, without ports',
  kubernetes: (value) => (value === undefined ? undefined : kubernetesProblem(value)),
}

/** Settles every option; throws {@link OptionsError} with everything that is wrong. */
export function resolveOptions(options: ControlServerOptions, env: NodeJS.ProcessEnv): Settings {
  const file = options.config ?? env.WEFT_CONFIG
  const violations: Violation[] = []
  const layers: Record<string, unknown>[] = [
    pick(options),
    fromEnvironment(env),
    file === undefined ? {} : readConfig(file, violations),
  ]
  const kubernetes = mergeKubernetes(layers.map((layer) => layer.kubernetes))
  const merged = Object.assign({}, DEFAULTS, ...layers.reverse(), { kubernetes }) as Merged
  for (const [name, check] of Object.entries(CHECKS)) {
    const message = check(merged[name as keyof Plain])
    if (message !== undefined) violations.push({ field: name, message })
  }
  const listen = violations.some(({ field }) => field === 'listen') ? undefined : parseListenAddress(merged.listen)
  if (listen !== undefined && merged.insecure !== true && merged.secure !== true && !isLoopback(listen.host))
    violations.push(openToAll(merged.listen))
  if (listen === undefined || violations.length > 0) throw new OptionsError(violations)
  return {
    ...merged,
    listen,
    caDir: merged.caDir,
    kubernetes: merged.kubernetes as KubernetesOptions | undefined,
    signer: options.signer,
    attestors: options.attestors ?? [],
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
    timers: options.timers ?? systemTimers,
  }
}

function openToAll(listen: string): Violation {
  return {
    field: 'listen',
    message:
      `${listen} can be reached from other machines, and whoever reaches this server rules the mesh: ` +
      'say --secure (secure: true), listen on 127.0.0.1, or say --insecure (insecure: true) where the network itself keeps others out',
  }
}

function pick(options: ControlServerOptions): Record<string, unknown> {
  const given = Object.entries(options).filter(([name, value]) => Object.hasOwn(CHECKS, name) && value !== undefined)
  return Object.fromEntries(given)
}

function fromEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const named: Record<string, unknown> = {
    listen: env.WEFT_LISTEN,
    dataDir: env.WEFT_DATA_DIR,
    store: env.WEFT_STORE,
    secure: flagOf(env.WEFT_SECURE),
    insecure: flagOf(env.WEFT_INSECURE),
    domain: env.WEFT_DOMAIN,
    certificateTtlMs: env.WEFT_CERTIFICATE_TTL_MS ? Number(env.WEFT_CERTIFICATE_TTL_MS) : undefined,
    caDir: env.WEFT_CA_DIR,
    tlsNames: env.WEFT_TLS_NAMES?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    kubernetes: kubernetesFromEnvironment(env),
  }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined && value !== ''))
}

const FLAGS: Readonly<Record<string, boolean>> = { 1: true, true: true, 0: false, false: false }

/** What means neither is given back, to be refused: somebody who writes `WEFT_SECURE=yes` must not be served in the open. */
function flagOf(given: string | undefined): boolean | string | undefined {
  const lower = given?.trim().toLowerCase()
  return lower !== undefined && Object.hasOwn(FLAGS, lower) ? FLAGS[lower] : given
}

function readConfig(file: string, violations: Violation[]): Record<string, unknown> {
  try {
    const content: unknown = parse(readFileSync(file, 'utf8')) ?? {}
    if (typeof content !== 'object' || Array.isArray(content)) throw new Error('it must hold an object')
    const unknown = Object.keys(content as object).filter((name) => !Object.hasOwn(CHECKS, name))
    for (const name of unknown) {
      const message = `is no option that ${file} can have; there are ${Object.keys(CHECKS).join(', ')}`
      violations.push({ field: name, message })
    }
    return content as Record<string, unknown>
  } catch (error) {
    violations.push({ field: 'config', message: `${file} cannot be read: ${(error as Error).message}` })
    return {}
  }
}
