import type { Locality } from '@weft/mesh-protocol'
import type { AuditSink } from '../kernel/audit-event.ts'
import type { Logger } from '../kernel/logger.ts'

/**
 * What `createMesh` takes. Every option may also come from the environment; code wins, and an option that is `undefined`
 * or a variable that is empty counts as not given.
 */
export interface MeshOptions {
  /**
   * Base URL of the control server, or several to be tried in turn: `http:` or `https:`, without credentials, query or
   * fragment. Environment: `WEFT_CONTROL`, comma separated. Default: `http://127.0.0.1:15800`, where `weft server` listens.
   */
  readonly control?: string | readonly string[] | undefined
  /**
   * The service this process belongs to, a DNS label. Environment: `WEFT_SERVICE`, then `OTEL_SERVICE_NAME`. Default:
   * none, which is enough for a process that only calls; `serve` needs it.
   */
  readonly service?: string | undefined
  /** A DNS label; short host names resolve in it. Environment: `WEFT_NAMESPACE`. Default: `default`. */
  readonly namespace?: string | undefined
  /** Becomes the label `version`, by which subsets select. Environment: `WEFT_VERSION`. Default: none. */
  readonly version?: string | undefined
  /**
   * Labels of the workload; win over the label `version` made from {@link version} and the label `app` made from
   * {@link service}. Environment: `WEFT_LABELS`, as `key=value,key=value`. Default: none.
   */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Environment: `WEFT_SERVICE_ACCOUNT`. Default: `default`, as in Kubernetes. */
  readonly serviceAccount?: string | undefined
  /** `region/zone/subzone`, narrower parts optional. Environment: `WEFT_LOCALITY`. Default: empty, nothing is known. */
  readonly locality?: string | undefined
  /**
   * Sent to the control server as `authorization: Bearer`: a join token of `weft token create`, or a service account token of
   * Kubernetes. With it the process seeks an identity in the mesh. A join token also pins the control server's CA.
   * Environment: `WEFT_TOKEN`. Default: none.
   */
  readonly token?: string | undefined
  /** File that holds the token, read again as it is replaced. Environment: `WEFT_TOKEN_FILE`. Excludes {@link token}. */
  readonly tokenFile?: string | undefined
  /**
   * PEM file with the authorities that the control server's certificate has to come from, read again as it is replaced. The
   * control server is then known by its name in the mesh, not by its host name; every {@link control} has to be `https:`.
   * Environment: `WEFT_CA_FILE`. Default: what {@link caFingerprint} or the token pins, else the platform's authorities and host names.
   */
  readonly caFile?: string | undefined
  /**
   * SHA-256 of the certificate of the mesh's CA, 64 hexadecimal digits, colons allowed: pins it as {@link caFile} does, which it
   * excludes. Environment: `WEFT_CA_FINGERPRINT`. Default: the one in the join token.
   */
  readonly caFingerprint?: string | undefined
  /**
   * Directory for key and certificate of this process, so that it can start while the control server is down. Made when it
   * is missing (0700, files 0600); one that others can get at is not used. One for each process. Environment: `WEFT_IDENTITY_DIR`.
   * Default: none, the key is in memory only.
   */
  readonly identityDir?: string | undefined
  /**
   * Directory for the last-known-good policy (no secrets; files 0600), so that the service can start while the control
   * server is down. Made when it is missing. Environment: `WEFT_STATE_DIR`. Default: none, nothing is written.
   */
  readonly stateDir?: string | undefined
  /**
   * Whether workloads on this host find each other without a control server: what is served is written to a folder of this
   * user below the system's folder for temporary files, and a process that starts from `stateDir` while no control server
   * answers also calls what it finds there. Environment: `WEFT_LOCAL_DIRECTORY`, `off` or `on`. Default: true, because
   * replaced processes have new ports, which the policy of an earlier life does not know. Turn it off where processes of
   * one user do not trust each other, or must not write. Off on systems without user ids (Windows).
   */
  readonly localDirectory?: boolean | undefined
  /**
   * Whether the readiness probe of this process' WorkloadGroup may run a program on this machine (`exec`). Environment:
   * `WEFT_EXEC_PROBES`. Default: false, because whoever may write policy could then run anything here; such a probe is
   * not run, and the process counts as healthy.
   */
  readonly execProbes?: boolean | undefined
  /**
   * Gets each entry of the access log of decisions: requests that access policies denied or marked, or by policy all of them.
   * Called when the request is over. Default: `logger.info`. The diagnostics channel `weft:audit` gets them besides.
   */
  readonly audit?: AuditSink | undefined
  /** Default: warnings and errors go to `process.emitWarning` with the code `WEFT_WARNING`, the rest nowhere. */
  readonly logger?: Logger | undefined
  /**
   * Names of inbound headers that follow the outbound calls made while a request is served. Environment:
   * `WEFT_PROPAGATE`, comma separated. Default: none.
   */
  readonly propagate?: readonly string[] | undefined
  /**
   * Listener for `/metrics`, `/status`, `/healthz` and `/readyz`. `port` 0 to 65535, 0 picks a free one; `host` is what it
   * binds, default `127.0.0.1`. Environment: `WEFT_ADMIN_PORT`. Default: off.
   */
  readonly admin?: { readonly port: number; readonly host?: string | undefined } | undefined
  /**
   * Address that callers reach this process at, an IP address or host name without port. Environment: `WEFT_ADDRESS`.
   * Default: the address that `serve` binds or, bound to all, the host's first that is not internal.
   */
  readonly address?: string | undefined
  /** What callers dial, 1 to 65535. Environment: `WEFT_SERVICE_PORT`. Default: 80, so that `http://reviews/` works. */
  readonly servicePort?: number | undefined
  /** Name of the workload (deployment) in telemetry. Environment: `WEFT_WORKLOAD`. Default: `service-version`, or `service`. */
  readonly workload?: string | undefined
  /** Name of the cluster in telemetry. Environment: `WEFT_CLUSTER_ID`. Default: `Kubernetes`, as in Istio. */
  readonly clusterId?: string | undefined
  /**
   * How long a closing server goes on accepting after it has deregistered, so that callers learn of it first, in
   * milliseconds, 0 to 600000. Environment: `WEFT_DRAIN_DELAY_MS`. Default: 500.
   */
  readonly drainDelayMs?: number | undefined
  /**
   * Hosts whose policy is asked for at the start instead of at the first call; `ready()` waits for them. Environment:
   * `WEFT_DEPENDENCIES`, comma separated. Default: none.
   */
  readonly dependencies?: readonly string[] | undefined
  /**
   * Turns the mesh off: `fetch`, `request` and `serve` are the plain ones. Environment: `WEFT_DISABLED`, `1` or `true`.
   * Default: false.
   */
  readonly disabled?: boolean | undefined
}

/** Every option with its value; frozen. */
export interface ResolvedOptions {
  /** At least one; without trailing slash. */
  readonly control: readonly string[]
  /** Empty: this process only calls. */
  readonly service: string
  readonly namespace: string
  readonly version: string
  /** With `app` and `version`. */
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount: string
  readonly locality: Locality
  readonly token: string | undefined
  readonly tokenFile: string | undefined
  readonly caFile: string | undefined
  /** Lower case, without colons. */
  readonly caFingerprint: string | undefined
  readonly identityDir: string | undefined
  readonly stateDir: string | undefined
  readonly localDirectory: boolean
  readonly execProbes: boolean
  readonly audit: AuditSink | undefined
  readonly logger: Logger
  /** Lower case. */
  readonly propagate: readonly string[]
  readonly admin: { readonly port: number; readonly host: string } | undefined
  readonly address: string | undefined
  readonly servicePort: number
  readonly workload: string
  readonly clusterId: string
  readonly drainDelayMs: number
  readonly dependencies: readonly string[]
  readonly disabled: boolean
}
