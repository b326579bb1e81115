import { fields, flag, listOf, nullable, oneOf, text, textList, uint32 } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { CONNECTION_POOL } from './traffic-policy.ts'
import { DESTINATION } from './virtual-service.ts'
import { WORKLOAD_SELECTOR } from './workload-entry.ts'

const port = fields({}, { number: uint32, protocol: text, name: text, targetPort: uint32 })
const captureMode = oneOf('DEFAULT', 'IPTABLES', 'NONE')
const tlsVersion = oneOf('TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3')

const serverTls = fields(
  {},
  {
    httpsRedirect: flag,
    mode: oneOf('PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'),
    serverCertificate: text,
    privateKey: text,
    caCertificates: text,
    caCrl: text,
    credentialName: text,
    credentialNames: textList,
    caCertCredentialName: text,
    tlsCertificates: listOf(fields({}, { serverCertificate: text, privateKey: text, caCertificates: text })),
    subjectAltNames: textList,
    verifyCertificateSpki: textList,
    verifyCertificateHash: textList,
    minProtocolVersion: tlsVersion,
    maxProtocolVersion: tlsVersion,
    cipherSuites: textList,
    insecureSkipVerify: nullable(flag),
  },
)

/** `istio.networking.v1.Sidecar`, every field. */
export const SIDECAR_SPEC: JsonSchema = fields(
  {},
  {
    workloadSelector: WORKLOAD_SELECTOR,
    ingress: listOf(
      fields(
        { port },
        { bind: text, captureMode, defaultEndpoint: text, tls: serverTls, connectionPool: CONNECTION_POOL },
      ),
    ),
    egress: listOf(fields({ hosts: textList }, { port, bind: text, captureMode })),
    inboundConnectionPool: CONNECTION_POOL,
    outboundTrafficPolicy: fields({}, { mode: oneOf('REGISTRY_ONLY', 'ALLOW_ANY'), egressProxy: DESTINATION }),
  },
)
