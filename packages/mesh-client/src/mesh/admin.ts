import { type AdminServer, type AdminServerOptions, startAdminServer } from '../http/admin-server.ts'
import type { ResolvedOptions } from '../options/types.ts'

/** The admin listener, where one is asked for. */
export interface Admin {
  /** What it is bound to; `undefined` where there is none (yet). */
  readonly port: number | undefined
  /** Binds it; resolves when that is settled, either way: without it the mesh works all the same. */
  start(): Promise<void>
  close(): Promise<void>
}

export function createAdmin(
  options: ResolvedOptions,
  told: Pick<AdminServerOptions, 'registry' | 'status' | 'ready'>,
): Admin {
  const { admin, logger } = options
  let server: AdminServer | undefined
  let closed = false
  return {
    get port() {
      return server?.port
    },
    async start() {
      if (admin === undefined || closed) return
      try {
        server = await startAdminServer({ ...admin, ...told, healthy: () => true, logger })
        if (closed) await server.close()
        else logger.info(`The admin listener is at http://${admin.host}:${server.port}`)
      } catch (error) {
        logger.error((error as Error).message)
      }
    },
    async close() {
      closed = true
      await server?.close()
    },
  }
}
