import { fault, routeMatch, stringMatcher } from './route.ts'
import { milliseconds, port, serviceFields } from './scalars.ts'
import { type Fields, flag, list, optional, record, text } from './shape.ts'

const WHOLE = { closed: true }

const cors = record(
  {
    allowOrigins: list(stringMatcher),
    allowMethods: optional(list(text)),
    allowHeaders: optional(list(text)),
    exposeHeaders: optional(list(text)),
    maxAgeMs: optional(milliseconds),
    allowCredentials: optional(flag),
    forwardNotMatchingPreflights: flag,
  },
  WHOLE,
)

/** An inbound policy, but for the fields that every resource has. */
export const inboundPolicy: Fields = {
  services: list(
    record(
      {
        ...serviceFields,
        ports: list(record({ servicePort: port, port, protocol: text }, WHOLE)),
      },
      WHOLE,
    ),
  ),
  routes: optional(
    list(record({ name: text, servicePorts: optional(list(port)), match: routeMatch, cors: optional(cors) }, WHOLE)),
  ),
  faults: optional(list(record({ name: text, match: routeMatch, fault }, WHOLE))),
}
