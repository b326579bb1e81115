import { EventSource } from 'undici'
import { expect, test } from 'vitest'
import { openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

test.each(['http', 'http2'] as const)('server-sent events come as they are sent, over %s', async (protocol) => {
  await using scene = await openMeshScene()
  const mesh = scene.join({ service: 'news' })
  let next = (): void => undefined
  let gone = 0
  await mesh.serve(
    (request, response) => {
      const last = Number(request.headers['last-event-id'] ?? 0)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.on('close', () => gone++)
      next = () => void response.write(`id: ${last + 1}\ndata: event ${last + 1}\n\n`)
      next()
      if (request.url === '/short') response.end()
    },
    { host: '127.0.0.1', protocol },
  )
  await mesh.ready({ timeoutMs: 10_000 })
  const client = scene.join({ service: 'reader' })
  await client.ready({ timeoutMs: 10_000 })

  const response = await client.fetch('http://news/long')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader?.read())?.value).toBe('id: 1\ndata: event 1\n\n')
  next()
  expect((await reader?.read())?.value).toBe('id: 1\ndata: event 1\n\n')
  await reader?.cancel()
  await poll(() => gone === 1, 'the server sees the reader leave')

  const source = new EventSource('http://news/short', {
    node: { dispatcher: client.dispatcher as never, reconnectionTime: 10 },
  } as never)
  const heard: string[] = []
  source.onmessage = (event) => void heard.push(event.data)
  await poll(() => heard.length >= 3, 'events over several connections')
  source.close()
  expect(heard.slice(0, 3)).toEqual(['event 1', 'event 2', 'event 3'])
})
