import type { KnownPort } from '../config/references.ts'
import type { MeshView } from './mesh-view.ts'
import { portsByHost } from './ports-by-host.ts'

/** Finds the ports of hosts, and tells those of gRPC from others. */
export class PortsOfHosts {
  private readonly given: ReadonlyMap<string, readonly KnownPort[]>
  private readonly view: MeshView

  constructor(view: MeshView) {
    this.view = view
    this.given = portsByHost(view)
  }

  /** `undefined`: nobody knows them. */
  of(host: string): readonly KnownPort[] | undefined {
    return this.given.get(host) ?? this.view.known.registeredPorts?.(host)
  }

  /**
   * Whether all requests to a host are gRPC calls, as far as some of its ports are concerned: every port that carries requests is
   * one of gRPC. Where other ports are ruled as well, what is written may be meant for those.
   */
  carryGrpc(host: string, isMeant: (port: KnownPort) => boolean = () => true): boolean {
    const ports = (this.of(host) ?? []).filter((port) => port.protocol !== 'tcp' && isMeant(port))
    return ports.length > 0 && ports.every(({ protocol }) => protocol === 'grpc')
  }
}
