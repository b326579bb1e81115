/** A host of the mesh, as the target of a channel names it. */
export interface MeshTarget {
  /** `http://greeter:50051`, as the engine of the mesh knows hosts. */
  readonly origin: string
  readonly hostname: string
  /** Default 80, as everywhere in the mesh. */
  readonly port: number
  /** What `:authority` is unless somebody says otherwise: the path of the target as it was written. */
  readonly authority: string
}

const TARGET = /^(?:(weft|dns):)?(?:\/\/[^/]*\/)?([^/]+)$/
/** What a URL would read as something else than a host is none. */
const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]@?#\\%]+)(?::([0-9]{1,5}))?$/

const DEFAULT_PORT = 80
const MAX_PORT = 65_535

/** Takes `weft:///greeter:50051`, `dns:///greeter:50051` and `greeter:50051`; `undefined`: it names no host. */
export function parseTarget(target: string): MeshTarget | undefined {
  const authority = TARGET.exec(target)?.[2]
  const [, hostname, digits] = HOST_AND_PORT.exec(authority ?? '') ?? []
  if (authority === undefined || hostname === undefined) return undefined
  const port = digits === undefined ? DEFAULT_PORT : Number(digits)
  if (port === 0 || port > MAX_PORT) return undefined
  const written = `http://${hostname.toLowerCase()}:${port}`
  return URL.canParse(written) ? { origin: new URL(written).origin, hostname, port, authority } : undefined
}
