import type { InboundConnection, ServedPort } from './exchange.ts'

/**
 * Whether a connection that is not looked into may be had. Asked once, before the application has it or a byte of it; a
 * refused one is closed. It is not asked of connections by which this process probes itself.
 */
export type AuthorizeConnection = (connection: InboundConnection, served: ServedPort) => boolean | Promise<boolean>

export const everyConnection: AuthorizeConnection = () => true
