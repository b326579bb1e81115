// The least that a server built on fastify takes: one route that keeps its response open as an event stream. No TypeScript,
// as stripping its types would count too.
import Fastify from 'fastify'

const app = Fastify({ logger: false })
app.get('/', (_request, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
  reply.raw.write(': open\n\n')
})
console.log(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}`)
