/** The name of the gateway that stands for every workload of the mesh. */
export const MESH_GATEWAY = 'mesh'

/** Whether what is bound to these gateways holds for calls within the mesh; bound to none, it does. */
export function bindsMesh(gateways: readonly string[] = []): boolean {
  return gateways.length === 0 || gateways.includes(MESH_GATEWAY)
}
