/** Where `weft server` listens when nothing is said. */
export const DEFAULT_CONTROL_URL = 'http://127.0.0.1:15800'

/** As in Kubernetes. */
export const DEFAULT_NAMESPACE = 'default'

/** Istio `ISTIO_META_CLUSTER_ID`. */
export const DEFAULT_CLUSTER_ID = 'Kubernetes'

/** A start without a control server is rare and its failures are not; what the directory costs is one small file. */
export const DEFAULT_LOCAL_DIRECTORY = true

/** Several times the time that a change takes to reach every client (docs/benchmarks.md). */
export const DEFAULT_DRAIN_DELAY_MS = 500

/** The admin listener is for this host only unless told otherwise: it answers anybody who can connect. */
export const DEFAULT_ADMIN_HOST = '127.0.0.1'

/** How long `ready()` waits: as long as Kubernetes' default `terminationGracePeriodSeconds` and Istio's sidecar start. */
export const DEFAULT_READY_TIMEOUT_MS = 30_000

/** How long `close()` takes at most; below the 30 s after which Kubernetes kills. */
export const DEFAULT_CLOSE_TIMEOUT_MS = 20_000
