import type { HeartbeatEvent, HelloEvent } from '@weft/mesh-protocol'
import type { Part } from './entry.ts'
import type { Outgoing } from './next-event.ts'

/** Encoded events are kept for the streams that will be sent the same, up to this many bytes. */
const MAX_CACHED_BYTES = 4 * 1024 * 1024

/** Writes Server-Sent Events. Streams that are sent the same share the bytes. */
export class EventEncoder {
  private id = ''
  private cached = new Map<string | Part, Buffer>()
  private cachedBytes = 0
  private beat: { readonly revision: number; readonly bytes: Buffer } | undefined

  update(epoch: string, revision: number, { parts, removed }: Outgoing): Buffer {
    this.forgetUnless(`${epoch}.${revision}`)
    const signature = signatureOf({ parts, removed })
    const known = this.cached.get(signature)
    if (known !== undefined) return known
    const resources = parts.map(({ json }) => json).join(',')
    const data = `{"resources":[${resources}],"removed":${JSON.stringify(removed)}}`
    const bytes = Buffer.from(`id: ${this.id}\nevent: update\ndata: ${data}\n\n`)
    if (this.cachedBytes + bytes.length <= MAX_CACHED_BYTES) {
      this.cached.set(signature, bytes)
      this.cachedBytes += bytes.length
    }
    return bytes
  }

  hello(hello: HelloEvent): Buffer {
    return Buffer.from(`event: hello\ndata: ${JSON.stringify(hello)}\n\n`)
  }

  heartbeat(revision: number): Buffer {
    if (this.beat?.revision !== revision) {
      const event: HeartbeatEvent = { revision: String(revision) }
      this.beat = { revision, bytes: Buffer.from(`event: heartbeat\ndata: ${JSON.stringify(event)}\n\n`) }
    }
    return this.beat.bytes
  }

  private forgetUnless(id: string): void {
    if (id === this.id) return
    this.id = id
    this.cached = new Map()
    this.cachedBytes = 0
  }
}

/** Most changes go out as one part, which is the same object for every stream. */
function signatureOf({ parts, removed }: Outgoing): string | Part {
  const [first] = parts
  if (first !== undefined && parts.length === 1 && removed.length === 0) return first
  return [...parts.map(({ key, version, piece }) => `${key} ${version} ${piece}`), '', ...removed].join('\n')
}
