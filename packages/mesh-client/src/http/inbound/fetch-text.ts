import type { FetchText } from '../../inbound/jwt/fetch-key-set.ts'
import type { Timers } from '../../kernel/timers.ts'

/** Documents by a `fetch`; redirects are refused, because whoever answers could lead anywhere. */
export function createFetchText(fetch: typeof globalThis.fetch, timers: Timers): FetchText {
  return async (url, { timeoutMs, maxBytes }) => {
    const ending = new AbortController()
    const timer = timers.set(() => ending.abort(new Error(`no whole answer within ${timeoutMs} ms`)), timeoutMs, {
      holdsLoop: true,
    })
    try {
      const { signal } = ending
      const answer = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } })
      if (answer.status !== 200) {
        await answer.body?.cancel()
        throw new Error(`the answer is ${answer.status === 0 ? 'a redirect' : answer.status}`)
      }
      return await readText(answer, maxBytes)
    } finally {
      timers.clear(timer)
    }
  }
}

async function readText(answer: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop ends the answer.
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
