import { type ClientTls, type Cluster, clusterServerName, type MeshTls } from '@weft/mesh-protocol'
import type { ClientTlsSettings } from '../config/spec/destination-rule.ts'
import type { MeshService, Model } from '../registry/model.ts'
import { clientTls } from './client-tls.ts'

/** Which port of which service, and of which of its subsets. */
export interface Destination {
  readonly service: Pick<MeshService, 'host' | 'external' | 'externalName' | 'discoveryType' | 'subjectAltNames'>
  readonly port: number
  /** Empty: all of it. */
  readonly subset: string
}

/**
 * How a cluster is called: as the DestinationRule says, else with the identities of the mesh where the endpoint takes them
 * (Istio `cluster_tls.go` `buildUpstreamTLSSettings`). What is outside of the mesh has none of its identities.
 */
export function clusterTls(
  settings: ClientTlsSettings | undefined,
  destination: Destination,
  { autoMtls }: Pick<Model['mesh'], 'autoMtls'>,
): Pick<Cluster, 'tls' | 'autoMtls'> {
  const { external, externalName, discoveryType, subjectAltNames } = destination.service
  if (settings === undefined) {
    const outside = external === true || externalName !== undefined || discoveryType === 'ORIGINAL_DST'
    return autoMtls && !outside ? { autoMtls: meshTls(destination) } : {}
  }
  const tls = settings.mode === 'ISTIO_MUTUAL' ? mutualTls(settings, destination) : clientTls(settings, subjectAltNames)
  return tls === undefined ? {} : { tls }
}

function meshTls({ service, port, subset }: Destination): MeshTls {
  return { sni: clusterServerName({ port, subset, host: service.host }), ...named(service.subjectAltNames) }
}

function named(subjectAltNames: readonly string[] = []): Pick<MeshTls, 'subjectAltNames'> {
  const names = subjectAltNames.filter((name) => name !== '')
  return names.length === 0 ? {} : { subjectAltNames: names }
}

/** Names of the rule go before those that the mesh knows. */
function mutualTls({ sni = '', subjectAltNames }: ClientTlsSettings, destination: Destination): ClientTls {
  const own = meshTls(destination)
  return {
    mode: 'ISTIO_MUTUAL',
    ...own,
    ...(sni === '' ? {} : { sni }),
    ...named(subjectAltNames),
  }
}
