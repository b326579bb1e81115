import { isIP } from 'node:net'

export interface ListenAddress {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** `host:port`, `[::1]:port` or `:port` (all interfaces); `undefined` for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  if (port > 65_535 || (match[1] !== undefined && isIP(match[1]) !== 6)) return undefined
  const host = match[1] ?? match[2] ?? ''
  return { host: host === '' ? '::' : host, port }
}

/** Whether only this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** The base URL of a server that listens there. */
export function urlOf({ address, port }: { readonly address: string; readonly port: number }, secure = false): string {
  return `http${secure ? 's' : ''}://${address.includes(':') ? `[${address}]` : address}:${port}`
}
