import type { ServerResponse } from 'node:http'

type WriteHead = (...args: unknown[]) => ServerResponse

/**
 * Has a response tell its client to leave the connection, whatever the application says: a proxy that copies
 * `connection: keep-alive` from its upstream would otherwise keep a draining server busy until it is cut.
 */
export class LeaveNotice {
  #withdrawn = false

  constructor(response: ServerResponse) {
    const writeHead = response.writeHead as WriteHead
    const notice: WriteHead = (...args) => {
      if (this.#withdrawn || response.headersSent) return writeHead.apply(response, args)
      response.setHeader('Connection', 'close')
      return writeHead.apply(response, args.map(withoutConnection))
    }
    response.writeHead = notice as typeof response.writeHead
  }

  withdraw(): void {
    this.#withdrawn = true
  }
}

/** Of the arguments of `writeHead` only the headers can be objects: by name, or names and values in turn. */
function withoutConnection(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null) return argument
  if (!Array.isArray(argument))
    return Object.fromEntries(Object.entries(argument).filter(([name]) => !isConnection(name)))
  if (Array.isArray(argument[0])) return argument.filter(([name]) => !isConnection(name))
  return argument.filter((_, index) => !isConnection(argument[index - (index % 2)]))
}

function isConnection(name: unknown): boolean {
  return typeof name === 'string' && name.toLowerCase() === 'connection'
}
