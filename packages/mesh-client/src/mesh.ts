import { createActiveMesh } from './mesh/active-mesh.ts'
import { createDisabledMesh } from './mesh/disabled-mesh.ts'
import type { Mesh } from './mesh/types.ts'
import { resolveOptions } from './options/resolve-options.ts'
import type { MeshOptions } from './options/types.ts'

/**
 * Joins this process to the mesh. Returns at once and does no network I/O before it has; `await` on the result is legal
 * and gives it back. An unreachable control server is no error: it is tried again for as long as the mesh lives.
 *
 * @throws MeshError `WEFT_CONFIG` that lists every option that is not usable.
 */
export function createMesh(options: MeshOptions = {}): Mesh {
  const resolved = resolveOptions(options, process.env)
  return resolved.disabled ? createDisabledMesh(resolved) : createActiveMesh(resolved)
}
