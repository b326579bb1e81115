import { fail, type ResourceKey, type Result, type RouteConfiguration } from '@weft/mesh-protocol'
import type { Compile } from './snapshot.ts'

/** Of anything that came as a resource. */
export function nameOf(resource: unknown): { readonly name: ResourceKey; readonly version: string } {
  const { type, name, version } = (resource ?? {}) as Partial<Record<'type' | 'name' | 'version', unknown>>
  return { name: `${String(type)}/${String(name)}`, version: typeof version === 'string' ? version : '' }
}

/** A compiler that fails in a way it should not must not stop the stream: that is a refusal as any other. */
export function compiledOrWhyNot<Routes>(
  compile: Compile<Routes, unknown>,
  config: RouteConfiguration,
): Result<Routes> {
  try {
    return compile.routes(config)
  } catch (error) {
    return fail([{ field: '', message: `could not be compiled: ${error instanceof Error ? error.message : error}` }])
  }
}
