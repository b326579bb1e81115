import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client that opens a stream, subscribes, and reads nothing of what then comes until it is told to. */
export interface StalledReader {
  /** Reads everything that is there, until nothing has come for half a second. */
  readAll(): Promise<string>
  close(): void
}

const QUIET_MS = 500

export async function startStalledReader(controlUrl: string, node: string, host: string): Promise<StalledReader> {
  const { hostname, port } = new URL(controlUrl)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  socket.write(`GET /v1/stream?node=${encodeURIComponent(node)} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`)
  const url = await messageUrl(socket)
  socket.pause()
  const body = JSON.stringify({ seq: 1, subscribe: [host], known: {} })
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!answer.ok) throw new Error(`the subscription was answered ${answer.status}: ${await answer.text()}`)
  return { readAll: () => readAll(socket), close: () => socket.destroy() }
}

async function messageUrl(socket: Socket): Promise<string> {
  let text = ''
  for (;;) {
    const url = /"url":"([^"]+)"/.exec(text)?.[1]
    if (url !== undefined) return url
    const [chunk] = (await once(socket, 'data')) as [string]
    text += chunk
  }
}

function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const done = (): void => {
      socket.off('data', take)
      resolve(text)
    }
    let timer = setTimeout(done, QUIET_MS)
    const take = (chunk: string): void => {
      text += chunk
      clearTimeout(timer)
      timer = setTimeout(done, QUIET_MS)
    }
    socket.on('data', take)
    socket.resume()
  })
}
