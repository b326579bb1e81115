import { ROOT_NAMESPACE } from '@weft/mesh-protocol'

/** The one MeshConfig, which says this. */
export const meshConfig = (spec: object): object => ({
  apiVersion: 'mesh.weft.dev/v1',
  kind: 'MeshConfig',
  metadata: { name: 'default', namespace: ROOT_NAMESPACE },
  spec,
})
