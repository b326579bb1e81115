import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { MESH_CONFIG_NAME, type MeshConfigSpec } from '../spec/mesh-config.ts'
import type { Context } from './context.ts'
import { quote } from './hosts.ts'

/** What the schema of a MeshConfig cannot tell: there is one, so that nobody has to ask which of them holds. */
export function checkMeshConfig(spec: MeshConfigSpec, { report, name, namespace }: Context): void {
  const only = `the mesh has one MeshConfig, ${MESH_CONFIG_NAME} in the namespace ${ROOT_NAMESPACE}`
  if (name !== MESH_CONFIG_NAME) report.violation('metadata.name', `must be ${MESH_CONFIG_NAME}: ${only}`)
  if (namespace !== ROOT_NAMESPACE) report.violation('metadata.namespace', `must be ${ROOT_NAMESPACE}: ${only}`)
  const { rootNamespace = ROOT_NAMESPACE } = spec
  if (rootNamespace !== ROOT_NAMESPACE) {
    report.violation(
      'spec.rootNamespace',
      `must be ${ROOT_NAMESPACE}, which cannot be changed, not ${quote(rootNamespace)}`,
    )
  }
}
