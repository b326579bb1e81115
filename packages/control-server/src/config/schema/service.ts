import { integer, listOf, nullable, oneOf, openFields, text, textList, textMap } from './common.ts'
import type { JsonSchema } from './json-schema.ts'

const port = integer(1, 65535)

/** Kubernetes v1 Service: what the mesh looks at is checked, its other fields are let through. */
export const SERVICE_SPEC: JsonSchema = openFields(
  {},
  {
    selector: nullable(textMap),
    ports: nullable(
      listOf(
        openFields(
          { port },
          {
            name: text,
            targetPort: { type: ['integer', 'string'], minimum: 1, maximum: 65535 },
            protocol: oneOf('TCP', 'UDP', 'SCTP'),
            appProtocol: nullable(text),
            nodePort: integer(0, 65535),
          },
        ),
      ),
    ),
    type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
    clusterIP: nullable(text),
    clusterIPs: nullable(textList),
    externalName: nullable(text),
    sessionAffinity: nullable(oneOf('None', 'ClientIP')),
    internalTrafficPolicy: nullable(oneOf('Cluster', 'Local')),
    trafficDistribution: nullable(text),
  },
)
